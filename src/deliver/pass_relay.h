/*
 * What a pass over the queue (deliver/runner.h) knows of a relay: whether it took mail, broke,
 * or is to be left alone, and how many messages its rate still lets go. What later passes must
 * know of it is in queue/health.h. Pure bookkeeping: nothing here sends, waits or speaks.
 */
#ifndef DELIVER_PASS_RELAY_H
#define DELIVER_PASS_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "conf/account.h"
#include "deliver/plan.h"
#include "queue/health.h"

enum { PASS_RELAY_CONNECTIONS = 4 }; /* where the account does not say how many */

/* What a pass knows of a relay. */
struct pass_relay {
	struct plan_relay *plan;
	const struct account *account; /* NULL: there is none of that name */
	unsigned workers;
	unsigned broken;    /* in a row */
	bool tested;        /* it took mail in this pass */
	bool stopped;       /* no more in this pass */
	bool given_up;      /* and its messages have been looked at */
	char *text;         /* why it is stopped */
	struct strv untold; /* messages whose reports wait for the digest */
	int64_t *sends;     /* when the last of rate_count messages left, in milliseconds */
	size_t send;        /* the oldest of them */
};

/* A relay that comes into view: plan->context is it from now on, and its account is still to be
 * found. NULL without memory. */
struct pass_relay *pass_relay_new(struct plan_relay *plan);
void pass_relay_free(struct pass_relay *relay);

/* No more orders for it in this pass; text says why, if nothing did before. */
void pass_relay_stop(struct pass_relay *relay, const char *text);
/* It failed, or asks to be left alone: the same, and it is probed later, which its health (or
 * NULL, without memory) says to later passes. */
void pass_relay_rest(struct pass_relay *relay, struct health_relay *health, const char *text);
/* A session, or a worker, broke. Returns whether that is the relay's trouble by now. */
bool pass_relay_breaks(struct pass_relay *relay);
/* How many workers it may have: one until it has taken something. */
unsigned pass_relay_workers_max(const struct pass_relay *relay);

/* What left in passes before this one counts for the rate of the account, which is there; and
 * what left in this one for those that come. */
void pass_relay_recall(struct pass_relay *relay, const struct health_relay *health);
void pass_relay_keep(const struct pass_relay *relay, struct health_relay *health);
/* A message leaves now. */
void pass_relay_count(struct pass_relay *relay);
/* Milliseconds until the rate lets another message go. */
int64_t pass_relay_rate_wait(const struct pass_relay *relay);
/* Whether messages wait for nothing but the rate, and for less than RUNNER_WAIT. */
bool pass_relay_is_paused(const struct pass_relay *relay);

#endif
