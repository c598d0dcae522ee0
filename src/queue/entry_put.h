/*
 * A message enters the spool: its file is written whole and made durable before it has a name
 * under which anybody sends it (queue/fresh.h), and is never changed afterwards.
 */
#ifndef QUEUE_ENTRY_PUT_H
#define QUEUE_ENTRY_PUT_H

#include "base/buf.h"
#include "base/error.h"
#include "queue/entry.h"
#include "queue/spool.h"

/* Pieces of a message, as smtp_next. 1, 0 at the end, -1 with *error. */
typedef int entry_next(void *context, struct span *piece, struct error *error);

/* Writes a new entry of e's envelope (those recipients that are open, and the attempts so far)
 * and the message, state WAITING or MARKED by e->state, durably, and fills e->id, e->size and,
 * if 0, e->arrived. id: the ID that it must have (of a report; one that exists already is
 * success and nothing is written); NULL: a new one. Returns 0: it is safe now; -1 with *error
 * (local or temporary, stage input; errno in number): nothing is left behind. */
int entry_put(struct spool *s, struct entry *e, const char *id, entry_next *next, void *context,
	      struct error *error);

#endif
