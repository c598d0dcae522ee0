/*
 * What becomes of a message, noted in the journal beside its file. The journal is appended to,
 * one record a call; one that grew beyond ENTRY_JOURNAL_MAX is replaced by a new one, whole. It
 * is read with the entry (queue/entry.h). All of this wants a locked entry.
 */
#ifndef QUEUE_ENTRY_NOTE_H
#define QUEUE_ENTRY_NOTE_H

#include <stdbool.h>

#include "base/error.h"
#include "queue/entry.h"
#include "queue/spool.h"

/* Sees to it that the journal has room for what one attempt will have to say of the recipients,
 * so that a full disk cannot make who got the message get it again. Returns 0, or -1 with
 * *error (temporary): the disk is full. */
int entry_reserve(struct spool *s, struct entry *e, struct error *error);
/* Appends to the journal what e knows now of release, attempts, tried, next, trouble, held,
 * delay_told and of the recipients [i] that changed since it was read or last noted, in one
 * record; durable: with fdatasync(2). A torn end of an earlier write is cut off first. Returns
 * 0, or -1 with *error and the journal as it was. The name of a new journal is not durable
 * before spool_sync(), so that many may share one; entry_note_named() does that too. */
int entry_note(struct spool *s, struct entry *e, bool durable, struct error *error);
int entry_note_named(struct spool *s, struct entry *e, struct error *error);

#endif
