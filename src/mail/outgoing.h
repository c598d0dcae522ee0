/*
 * A message on its way to a relay: as it is, or re-encoded (mail/recode.h) where the relay
 * would not take it so.
 */
#ifndef MAIL_OUTGOING_H
#define MAIL_OUTGOING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "mail/message.h"
#include "mail/recode.h"

/* Zero it but for the message before use. */
struct outgoing {
	const struct message *message; /* borrowed */
	uint64_t
		size; /* of what was opened, in wire form: exact or, re-encoded, at most that */
	const char *warning; /* on what the relay may refuse (struct recode), or "" */

	struct message_reader plain;
	struct recode plan;
	struct recode_reader *recoded; /* NULL: plain is read */
};

/* Begins, also again, at the start of the message as a relay can take it that offers 8BITMIME
 * or does not. Returns 0, or -1 with *error (recode_plan()). */
int outgoing_open(struct outgoing *o, bool takes_8bit, struct error *error);
/* The next piece, as message_reader_next() gives it. */
int outgoing_next(struct outgoing *o, struct span *piece, struct error *error);
void outgoing_clear(struct outgoing *o);

#endif
