/*
 * A queued message tried once more: from a locked entry of the spool to a submission, and from
 * what the attempt came to back to the entry.
 *
 * The message goes as it was stored: nothing is edited again, and its Message-ID stays. Only
 * recipients who are still open take part. Where the verdict of an earlier attempt was doubted
 * it goes with care, so that what came of grouping does not come again.
 */
#ifndef DELIVER_RETRY_H
#define DELIVER_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "conf/account.h"
#include "deliver/attempt.h"
#include "deliver/submission.h"
#include "mail/message.h"
#include "queue/entry.h"

struct retry {
	struct submission submission; /* its strings are the entry's */
	struct message *message;
	size_t *places; /* the submission's i-th recipient is the entry's places[i]-th */
};

/* Makes ready to send what of a locked entry is open, whose message entry_open_message() has
 * opened. What was wished in seconds is counted from the arrival, and a delay that has passed
 * here is not asked of the relay again. Returns 0, or -1 with *error; retry_clear() is due
 * either way, before the entry is cleared. */
int retry_init(struct retry *r, struct entry *e, const struct account *account, int64_t now,
	       struct error *error);
void retry_clear(struct retry *r);

/* What trouble of a transaction means to the queue. */
enum retry_cause {
	RETRY_NONE,    /* no trouble: each recipient has an outcome of his own */
	RETRY_LATER,   /* this message waits for its next attempt */
	RETRY_REFUSED, /* and this one is refused for good */
	RETRY_DOUBT,   /* it may have been delivered: it waits ten minutes, marked */
	RETRY_SLOW,    /* it waits, and the relay wants to be left alone for a while */
	RETRY_RELAY,   /* the relay cannot be used: no fault of this message, which is as it was
			*/
	RETRY_LOCAL    /* this process cannot use the network: another one may */
};

/* in_session: the relay was ready to take mail before. */
enum retry_cause retry_cause(const struct smtp_transaction *t, bool in_session);

/* Puts into the entry what the attempt came to: outcomes and words of its recipients and, but
 * for RETRY_RELAY and RETRY_LOCAL, the count of attempts and the time of the next. Returns what
 * it means to the queue. */
enum retry_cause retry_settle(struct entry *e, const struct retry *r, const struct attempt *a,
			      bool in_session, int64_t now);
/* The same without an attempt: the account or the message is not to be had. */
void retry_put_off(struct entry *e, const char *trouble, int64_t now);
/* When an entry may be tried, in seconds; 0: now; -1: not before a person says so. eager: also
 * before its next attempt is due, but never before its release, or while it is in doubt. */
int64_t retry_when(const struct entry *e, bool eager, int64_t now);
/* How long the account (may be NULL) lets an entry wait, in seconds. */
int64_t retry_lifetime(const struct account *account);
/* Whether the entry has waited for as long as its account lets it (account may be NULL). */
bool retry_is_expired(const struct entry *e, const struct account *account, int64_t now);
/* What is still open fails, because its time is over. trouble: the last one, NULL: as the entry
 * knows. */
void retry_expire(struct entry *e, const struct account *account, const char *trouble);
/* Whether its sender wanted it delivered by now or back (RFC 2852, "R"). */
bool retry_is_too_late(const struct entry *e, int64_t now);
/* What is still open fails for the reason given. */
void retry_fail(struct entry *e, const int enhanced[3], const char *text);

#endif
