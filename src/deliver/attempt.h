/*
 * One attempt to hand a submission to its relay, or to where it is kept instead, and what it
 * came to.
 */
#ifndef DELIVER_ATTEMPT_H
#define DELIVER_ATTEMPT_H

#include "base/buf.h"
#include "base/error.h"
#include "deliver/channel.h"
#include "deliver/submission.h"
#include "mail/outgoing.h"
#include "smtp/send.h"

enum { ATTEMPT_WARNING_MAX = 256 };

/* What became of a recipient, and what may be done about it. */
enum attempt_fate {
	ATTEMPT_SENT,
	ATTEMPT_WAITS,   /* deferred: to be tried again */
	ATTEMPT_DOUBTED, /* the same, but he may have got the message */
	ATTEMPT_BLOCKED, /* not for anything of his or the message's: the relay, our account or
			    trust in it wants mending */
	ATTEMPT_FAILED,
	ATTEMPT_FATES
};

/* The attempt; recipients[i] belongs to the submission's i-th recipient, those behind them to
 * who is refused by the aliases, and failed from the start. */
struct attempt {
	struct smtp_transaction transaction;
	const struct submission *submission; /* borrowed */
	struct course *course;               /* where it is noted while it is made, or NULL */
	struct outgoing outgoing;            /* its message, as the transaction reads it */
	char warning[ATTEMPT_WARNING_MAX]; /* on what went though the relay may not like it, or
					      "" */
};

/* Makes ready to try a submission, which is borrowed until attempt_clear(); the attempt must
 * not be moved before. Returns 0, or -1 with *error without memory. attempt_clear() is due
 * after 0. */
int attempt_init(struct attempt *a, const struct submission *s, struct error *error);
/* Makes the attempt over a channel, which stays open for the next unless this is the last, and
 * logs one line a recipient. One whom the queue holds (queue_id) is deferred, not failed, by
 * what is wrong with the relay. follower, or NULL: the attempt that will be
 * made next over this channel, whose envelope may share the flight (smtp/send.h); if another
 * comes in its place, or it is cleared, the session is lost and nothing else. */
void attempt_make(struct attempt *a, struct channel *c, struct attempt *follower, bool last);
void attempt_clear(struct attempt *a);
/* No attempt is made, because the queue has the message: all wait but who is refused, of whom
 * there is a line in the log. */
void attempt_wait(struct attempt *a);
/* The fate of the i-th recipient. A relay that cannot hold a message for us (RFC 4865) has not
 * failed it: it waits. */
enum attempt_fate attempt_fate(const struct attempt *a, size_t i);
/* How many recipients have one of the fates (bits 1 << fate). */
size_t attempt_count(const struct attempt *a, unsigned fates);
/* The exit status of sysexits(3) when recipients with the fates `kept` are in the queue: 0 when
 * all others were sent; 75 when any other may yet be; else that of the refusal. */
int attempt_exit_code(const struct attempt *a, unsigned kept);
/* Whether the same trouble befell all recipients, so that transaction.trouble says it all. */
bool attempt_is_uniform(const struct attempt *a);
/* What became of the i-th recipient, as a sentence's end: "sent", "deferred: ...", "refused:
 * ..." by the relay or for him alone, "failed: ..." with all the others. */
void attempt_show(const struct attempt *a, size_t i, struct buf *out);
/* Why he was not sent to: what attempt_show() says behind the colon. */
void attempt_show_reason(const struct attempt *a, size_t i, struct buf *out);

#endif
