/*
 * What is in a watched folder, and what of it is durable: a text that tests/crash/run replays.
 *
 *     tree            a new state of the names, told by the lines up to the next "tree"
 *     dir KEY PATH
 *     name KEY KEY TYPE NAME     in the directory of the first key; TYPE d, f or ?
 *     synced KEY FILE            fsync of a file: its content then is FILE in the record's
 * folder dirsynced KEY              fsync of a directory: its names are durable as last told
 *
 * A key is an inode by number and time of birth, because file systems use numbers again.
 */
#ifndef RECORD_H
#define RECORD_H

#include <sys/types.h>

struct record; /* opaque */

/* Begins a record in the folder `into`; all that is in `watched` now is durable. */
struct record *record_new(const char *into, const char *watched);
/* Tells how it is at the end, and ends the record. */
void record_free(struct record *r);
/* A name changed. */
void record_names(struct record *r);
/* The descriptor fd of the process pid was synced. */
void record_synced(struct record *r, pid_t pid, int fd);

#endif
