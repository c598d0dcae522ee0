/*
 * From a submission to an entry of the queue: all of it, or what an attempt left over.
 *
 * What is kept is what a later process cannot find out again: the account by its name (and the
 * file of -C it stands in), envelope, wishes and the message with its header edited. Wishes are
 * kept as they were said at arrival, but for a hold of RFC 4865, which becomes the queue's own
 * release: a deadline (wishes.deliver_by) counts from entry.arrived, and whoever sends later
 * has to take the time since then off it.
 */
#ifndef DELIVER_ENQUEUE_H
#define DELIVER_ENQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "deliver/attempt.h"
#include "deliver/submission.h"
#include "queue/entry.h"

struct enqueue_options {
	const char *config; /* the file of -C, absolute; NULL: the usual ones. Borrowed */
	int64_t release;    /* not before this time, in seconds; 0: at once */
	unsigned fates;     /* of an attempt's recipients (bits 1 << fate), those to keep */
	bool failed;        /* they are kept for no more than a report to the sender */
};

/* Puts an entry durably, with all recipients, or with those of an attempt that have one of
 * o->fates, as tried once; in doubt it is marked (ENTRY_MARKED), and so never to be mixed with
 * others. Logs a line a recipient. *e, initialised here, is the entry as it was put, its ID
 * among it; entry_clear() is due either way. Returns 0: it is safe; -1 with *error of
 * entry_put(). */
int enqueue(struct spool *spool, const struct submission *s, const struct attempt *a,
	    const struct enqueue_options *o, struct entry *e, struct error *error);

#endif
