/*
 * One mail transaction, pipelined where the relay allows it: every recipient ends with a result
 * of its own (RFC 5321 section 3.3, RFC 2920).
 *
 * A refused recipient is a result, not an error: the others still get the message. What befalls
 * the whole transaction (MAIL or the message refused, the line lost) is the transaction's
 * trouble, and is the result of every recipient that has none of its own.
 */
#ifndef SMTP_SEND_H
#define SMTP_SEND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "sasl/sasl.h"
#include "smtp/body.h"
#include "smtp/client.h"
#include "smtp/parameters.h"

/* What became of a recipient. */
enum smtp_outcome {
	SMTP_UNTRIED, /* no transaction has been made of it yet */
	SMTP_SENT,
	SMTP_DEFERRED, /* 4yz, or a trouble that may pass */
	SMTP_FAILED
};

struct smtp_recipient {
	const char *path;      /* borrowed; an address without angle brackets */
	struct wire_slot slot; /* the relay's answer: to RCPT, with LMTP to the message */
	enum smtp_outcome outcome;
	bool refused;    /* by a reply of its own; else the outcome is the transaction's */
	bool chosen;     /* takes part in the present transaction */
	const char *why; /* with an outcome: he was left out, and this says why; borrowed */
};

/* Where the message comes from. open begins (again) at the start, in a form that a relay can
 * take which offers that (NULL: there is none, but a mailbox), by BDAT (chunks) or DATA, and
 * fills *needs; next gives the pieces (smtp/body.h): in wire form already when the message is
 * binary. It is only for BDAT. */
struct smtp_source {
	int (*open)(void *context, const struct capabilities *offered, bool chunks,
		    struct smtp_mail_options *needs, struct error *error);
	smtp_next *next;
	void *context;
};

/* An AUTH that shares the flight: a mechanism of one round trip, and who we are. */
struct smtp_login {
	const struct sasl_mechanism *mechanism;
	const struct sasl_credentials *who;
};

struct smtp_transaction {
	const char *reverse_path; /* without angle brackets; "" is the null one */
	struct smtp_source source;
	const struct wishes *wishes; /* borrowed; NULL: none */
	struct smtp_recipient *recipients;
	size_t count;
	const struct smtp_login *login; /* NULL: authenticated already, or nothing to prove */
	bool careful;    /* one command at a time, and no QUIT before the verdict */
	size_t ride_max; /* bytes of a message that may ride with its envelope */
	bool last;   /* QUIT goes with it, else RSET: its answer shows whether all are level */
	size_t room; /* recipients that the relay took when it sent others back; else 0 */
	bool reused; /* the session has carried other messages */
	/* The transaction that the caller will make next on this session, all of whose
	 * recipients are untried, or NULL: none, or it is not known. See smtp_send(). */
	struct smtp_transaction *follower;
	/* Asked once, right before anything leaves in which the message may end; -1 with *error
	 * stops the transaction there. NULL: nobody asks. */
	int (*before_end)(void *context, struct error *error);
	void *before_end_context;

	struct smtp_mail_options needs; /* from source.open */
	unsigned dropped;     /* wishes that the relay does not offer (PARAMETERS_DROPPED_*) */
	struct reply verdict; /* the relay's answer to the message, if there was one beyond
				 doubt; code 0 over LMTP, where each recipient has one */
	struct error trouble; /* class none: the relay took the message */
	bool again;      /* the relay did not understand the flight, and cannot have accepted
			    anything: a careful transaction on a new connection may follow at once */
	bool lost;       /* a reused session ended before the relay can have accepted anything:
			    the same on a new one may follow at once */
	bool doubted;    /* with a trouble: those who are chosen and have no answer of their own
			    may have got the message */
	bool login_said; /* AUTH has been said: it is not due any more */
	bool begun;      /* its envelope was sent behind the message before */
};

/* recipients: count paths, borrowed. Returns 0 or -1 without memory. */
int smtp_transaction_init(struct smtp_transaction *t, const char *reverse_path, size_t count);
void smtp_transaction_clear(struct smtp_transaction *t);

/* Makes the transaction with the recipients that are untried, as many as the relay takes at
 * once (RFC 9422); those it sends back with 452 4.5.3 (or a plain 452 or 552) while others are
 * accepted stay untried too. Never fails as such: the outcomes and t->trouble tell. Without
 * t->last the session is ready for another one afterwards, unless it is over (wire_is_over()):
 * also behind a message whose recipients differ, where only QUIT shows whose answer is whose.
 *
 * Where the message goes by DATA in groups, the envelope of t->follower leaves in one write
 * with its end, up to DATA (RFC 2920 section 3.1), and 354 shows that all is level. The
 * follower is begun then: the next smtp_send() on this session must be its, with which it goes
 * on behind 354 (t->last and t->follower are looked at again); for any other the session is
 * over, and closing the session takes it back. Nothing of its message, nor before_end, comes
 * earlier. Where the session is over behind t nothing has been begun. The follower's source
 * must stay readable while t's is read. */
void smtp_send(struct smtp *s, struct smtp_transaction *t);
/* Gives every recipient without an outcome the one that belongs to the class of trouble, which
 * is copied to t->trouble: also for trouble before the transaction. */
void smtp_transaction_fail(struct smtp_transaction *t, const struct error *trouble);
/* How many recipients are still untried. */
size_t smtp_transaction_untried(const struct smtp_transaction *t);

#endif
