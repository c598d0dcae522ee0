/*
 * What a client of our SMTP server hands over, on the same path as any other message: made
 * ready, sent or queued as `delivery` says, and answered.
 *
 * The answer to the end of data is the only one there is for all recipients. It is "250" when
 * the relay has the message, or the queue has it durably, for each of them; also when the relay
 * has it for some and refuses others, because who is told "no" for all would send again to all:
 * of those who were refused the sender gets a report. Only where the queue cannot take that the
 * answer is a refusal that says what became of whom. Where nobody got it, it is the relay's own
 * refusal. What is wrong with the relay or our account is "451": the client can mend nothing.
 */
#ifndef CMD_ACCEPT_H
#define CMD_ACCEPT_H

#include <stdint.h>

#include "cmd/context.h"
#include "cmd/dispatch.h"
#include "deliver/channel.h"
#include "smtp/server.h"

struct accept {
	const char *name; /* ours */
	const char *peer; /* the client's, for a Received field; NULL: none is wanted */

	/* Private. */
	struct context *x;
	struct channels channels;
	struct dispatch dispatch;
	const struct account *logged; /* whose log is open; or NULL */
	struct buf told;              /* what dispatch says of the present message */
	int64_t rested;               /* when the queue was last left to a runner */
};

/* name and peer are borrowed. */
void accept_init(struct accept *k, struct context *x, const char *name, const char *peer);
void accept_clear(struct accept *k);
/* The members of a server_handler, for which the context is a struct accept. */
void accept_message(void *context, const struct server_envelope *e, server_next *next,
		    void *source, struct answer *a);
void accept_idle(void *context);

#endif
