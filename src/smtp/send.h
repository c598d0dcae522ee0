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
#include "smtp/client.h"

/* What became of a recipient. */
enum smtp_outcome {
	SMTP_UNTRIED, /* no transaction has been made of it yet */
	SMTP_SENT,
	SMTP_DEFERRED, /* 4yz, or a trouble that may pass */
	SMTP_FAILED
};

struct smtp_recipient {
	const char *path;      /* borrowed; an address without angle brackets */
	struct wire_slot slot; /* the reply to RCPT, over LMTP to the end of data once it has
				  left: code 0 if there was none */
	enum smtp_outcome outcome;
	bool refused;    /* by that reply; else the outcome is the transaction's */
	const char *why; /* set by the owner, with an outcome: he is left out, and this says
			    why; borrowed */
};

/* Where the message comes from: as message_reader_next() gives it, piece by piece; 1, 0 at the
 * end, -1 with *error. */
typedef int smtp_source(void *context, struct span *piece, struct error *error);

struct smtp_transaction {
	const char *reverse_path; /* without angle brackets; "" is the null one */
	struct smtp_mail_options needs;
	struct smtp_recipient *recipients;
	size_t count;
	smtp_source *source;
	void *source_context;
	bool last;            /* QUIT goes with it */
	struct reply verdict; /* the relay's answer to the message, if there was one beyond
				 doubt; code 0 over LMTP, where each recipient has one */
	struct error trouble; /* class none: the relay took the message */
};

/* recipients: count paths, borrowed. Returns 0 or -1 without memory. */
int smtp_transaction_init(struct smtp_transaction *t, const char *reverse_path, size_t count);
void smtp_transaction_clear(struct smtp_transaction *t);

/* Makes the transaction on a session that has been opened and authenticated. Never fails as
 * such: the outcomes and t->trouble tell. Without t->last the session is ready for another one
 * afterwards, unless it is over (wire_is_over()). */
void smtp_send(struct smtp *s, struct smtp_transaction *t);
/* Gives every recipient without an outcome the one that belongs to the class of trouble, which
 * is copied to t->trouble: also for trouble before the transaction. */
void smtp_transaction_fail(struct smtp_transaction *t, const struct error *trouble);

#endif
