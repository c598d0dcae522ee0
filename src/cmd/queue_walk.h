/*
 * The queues that the caller may look into and steer: his own, and for root also each user's
 * below SPOOL_SYSTEM_DIR. Of a user's queue nothing is opened with root's rights: a child
 * becomes the user first.
 */
#ifndef CMD_QUEUE_WALK_H
#define CMD_QUEUE_WALK_H

#include <stddef.h>

#include "cmd/context.h"
#include "queue/spool.h"

/* What is done with one queue. Returns 0, or -1 with *error. */
typedef int queue_work(struct context *x, struct spool *s, void *tally, struct error *error);

/* Does the work in each queue in turn. tally is flat memory without pointers, which each finds
 * as the one before it left it, in whatever process. A queue that does not exist has no work.
 * One that fails stops no other: the first such *error is returned with -1, the rest is told.
 * Standard output is flushed after each. */
int queue_walk(struct context *x, queue_work *work, void *tally, size_t size,
	       struct error *error);

#endif
