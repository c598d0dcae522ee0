/*
 * The runner: a pass over the queue of one user, by as many workers as his relays may have.
 *
 * One process at a time makes a pass (SPOOL_LOCK_RUN); nobody waits for it, because who holds
 * the lock looks at the queue again when it is done. The runner itself sends nothing: it plans
 * (deliver/plan.h), gives orders to workers (deliver/crew.h), and does with what they report
 * what only one may do: it notes which relay is down, and tells senders what failed. It
 * survives the death of a worker, and workers survive it long enough to finish what is in hand.
 */
#ifndef DELIVER_RUNNER_H
#define DELIVER_RUNNER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"
#include "conf/account.h"
#include "deliver/relay.h"
#include "queue/spool.h"

enum { RUNNER_WAIT = 15 * 60 }; /* seconds that nobody waits longer than */

/* What a person picks: parts of an ID, a recipient or the sender, without regard to case; NULL:
 * any. */
struct runner_choice {
	const char *id;
	const char *recipient;
	const char *sender;
};

struct runner_result;

struct runner_options {
	struct spool *spool;
	/* The account of that name in the configuration that the file (NULL: the usual ones)
	 * is; it stays where it is until the pass is over. NULL with *error. */
	const struct account *(*find)(void *context, const char *name, const char *config,
				      struct error *error);
	/* One line for the person who looks on; or NULL. */
	void (*tell)(void *context, const char *text);
	/* Called again and again with how far it is, for whoever looks on; or NULL. */
	void (*look)(void *context, const struct runner_result *so_far);
	void *context;
	struct relay_options relay; /* all but the account */
	bool now; /* a person asks: also messages and relays whose time has not come */
	struct runner_choice choice;
	const volatile sig_atomic_t *stop; /* set by a signal: finish what is in hand */
};

struct runner_result {
	size_t planned;       /* messages to be tried */
	size_t sent;          /* messages gone from the queue */
	size_t left;          /* tried in vain, for somebody at least */
	size_t held_up;       /* not tried, because of their relay */
	int64_t due;          /* seconds: when the next one is due; 0: none is known */
	struct timespec seen; /* the queue's time of change when it was last listed */
	bool local; /* the network cannot be used from here: another process may do better */
};

/* Makes a pass. Returns 1; 0: another process is making one; -1 with *error: the queue cannot
 * be read. */
int runner_run(const struct runner_options *o, struct runner_result *result,
	       struct error *error);

#endif
