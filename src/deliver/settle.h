/*
 * What a pass over the queue (deliver/runner.h) does with entries by itself, and no worker
 * does: it lets those fail whose time is over, tells senders what there is to tell
 * (deliver/bounce.h), and takes away what is done with.
 */
#ifndef DELIVER_SETTLE_H
#define DELIVER_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "deliver/pass_relay.h"
#include "queue/health.h"
#include "queue/spool.h"

enum { SETTLE_HOOK = 120 * 1000 }; /* milliseconds for failure_command in all of a pass */

struct settle {
	struct spool *spool;
	struct health *health; /* whose reports are counted, and saved by the caller */
	int64_t hook_left;     /* SETTLE_HOOK at first */
};

/* Settles one entry: expiry if nothing can be tried (expire), reports, removal; a report that
 * must wait for the digest is among relay->untold then. Nothing happens to one that is gone,
 * somebody else's right now, or of an account that there is not. What fails is logged, and left
 * for another pass. */
void settle_entry(struct settle *s, struct pass_relay *relay, const char *id, bool expire);
/* At the end of a pass: the digests of relay->untold, which is empty then. *due: when what the
 * limit still holds back may leave, in seconds; 0: nothing is. Returns 0, or -1 with *error,
 * and *due all the same. */
int settle_digest(struct settle *s, struct pass_relay *relay, int64_t *due,
		  struct error *error);

#endif
