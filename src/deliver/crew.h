/*
 * The crew: all workers (deliver/worker.h) of a pass over the queue, each with its relay, its
 * lane of the plan, and the orders that it has not reported on yet.
 *
 * They are started, fed, heard and ended here. When that is due, and what a report means for
 * its relay, is the runner's affair (deliver/runner.h), which also waits for them: fd becomes
 * readable when there is something to hear.
 */
#ifndef DELIVER_CREW_H
#define DELIVER_CREW_H

#include <stdbool.h>
#include <sys/types.h>

#include "deliver/pass_relay.h"
#include "deliver/plan.h"
#include "deliver/worker.h"

enum {
	CREW_MAX = 32, /* workers, of all relays */
	CREW_AHEAD = 3 /* orders that one has at the most: one in hand, one made ready behind
			  it, one on its way */
};

struct crew_worker {
	pid_t pid; /* 0: a free place */
	int fd;
	struct pass_relay *relay;
	struct plan_lane lane;
	struct plan_item *out[CREW_AHEAD]; /* in the order in which they were sent */
	unsigned count;
	bool leaving; /* it has been told that there is no more */
};

/* All zero but for o before use. Workers stay where they are in memory. */
struct crew {
	struct worker_options o; /* of each, but for the account and fd */
	struct crew_worker workers[CREW_MAX];
	unsigned count; /* of those that run */
};

/* A new worker for a relay whose account is there. NULL when none can be had. */
struct crew_worker *crew_start(struct crew *c, struct pass_relay *relay);
/* Gives orders as far as the worker, the rate and the plan allow; with nothing to do, now and
 * soon, it is dismissed. */
void crew_feed(struct crew_worker *w);
/* The same for each worker of the relay. */
void crew_feed_relay(struct crew *c, const struct pass_relay *relay);
/* Each worker finishes what it has in hand, and nothing more is ordered of its relay. */
void crew_stop(struct crew *c);
/* The report on the oldest order, which is done with. Returns 1; 0: the worker is gone, or
 * talks nonsense, and crew_end() is due. */
int crew_hear(struct crew_worker *w, struct worker_report *report);
/* The worker is gone, or wanted no more: what it has not begun goes back to the plan; what it
 * had in hand is left as the disk says. Returns whether there was such a message. Its place is
 * free then. */
bool crew_end(struct crew *c, struct crew_worker *w);

#endif
