/*
 * What the sender is told when the caller has gone: failures and delays of queued messages
 * become reports (mail/report.h), which are entries of the queue themselves.
 *
 * A report goes from the null reverse-path to that of its message, or to whom the aliases name
 * for it where it is a name of this machine, through the account of its
 * message. It is put first, under an ID that its message gives it, then the message's journal
 * says that it was told, then the message may be removed: whatever is interrupted is done again
 * from what is on disk, and tells nobody twice.
 *
 * Whom to tell is RFC 3461's: NOTIFY=NEVER, or a NOTIFY without FAILURE, wants no report of a
 * failure, and only DELAY one of a delay. Never is the null reverse-path answered: what came
 * from it and failed for good is buried in the queue, for a person to look at.
 *
 * No more than the account's `report_limit` leave in an hour. The last of them is kept for the
 * digest, one report on all that wait because of the limit.
 */
#ifndef DELIVER_BOUNCE_H
#define DELIVER_BOUNCE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "conf/account.h"
#include "queue/entry.h"
#include "queue/health.h"
#include "queue/spool.h"

enum {
	BOUNCE_LIMIT = 20,               /* reports an hour */
	BOUNCE_DELAY_NOTICE = 4 * 3600,  /* seconds */
	BOUNCE_DIGEST_RECIPIENTS = 20000 /* in one digest: more wait for the next */
};

/* Strings are borrowed. */
struct bounce_options {
	const struct account *account; /* the messages' */
	struct health *health;         /* whose reports are counted, and saved by the caller */
	int64_t now;                   /* seconds */
	int64_t *hook_left; /* milliseconds that `failure_command` may take in all of the pass,
			       counted down; NULL: each time as long as it may */
};

/* Tells the sender of a locked entry of the message class which of its recipients failed, and
 * runs the account's `failure_command`. Returns 1: all that failed is told or needs no telling
 * (e->state is ENTRY_DEAD when it was buried, and must stay); 0: it must wait, for
 * bounce_digest() or a later pass; -1 with *error: the entry is as it was, or told already and
 * not noted. A message with the null reverse-path is let be until nobody is left to try. */
int bounce_settle(struct spool *spool, struct entry *e, const struct bounce_options *o,
		  struct error *error);
/* Tells the sender, once, that a locked entry is late, when he wants to know and the account's
 * `delay_notice` has passed. Returns 1: told, or nothing to tell now; 0: the limit; -1. */
int bounce_delay(struct spool *spool, struct entry *e, const struct bounce_options *o,
		 struct error *error);
/* At the end of a pass, with the IDs of entries for which bounce_settle() returned 0, none of
 * them locked: one report for each reverse-path, as far as the limit allows. Entries of another
 * account, or that are gone or busy, are passed over; those that have nobody left afterwards
 * are removed. Returns how many entries are settled, or -1 with *error. */
int bounce_digest(struct spool *spool, const struct strv *ids, const struct bounce_options *o,
		  struct error *error);
/* When the limit lets a report leave again, in seconds; now or before: it does. What waits for
 * that is due then, though nobody of it is left to try. */
int64_t bounce_due(const struct bounce_options *o);

#endif
