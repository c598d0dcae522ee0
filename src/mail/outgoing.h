/*
 * A message on its way to a relay or a mailbox: as it is, or re-encoded (mail/recode.h) where
 * that would not take it so.
 */
#ifndef MAIL_OUTGOING_H
#define MAIL_OUTGOING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "mail/message.h"
#include "mail/recode.h"
#include "mail/wireform.h"

/* What the relay takes. */
enum {
	OUTGOING_8BIT = 1 << 0,   /* 8BITMIME */
	OUTGOING_BINARY = 1 << 1, /* BINARYMIME, and the message goes by BDAT */
	OUTGOING_KEPT = 1 << 2    /* no relay but a mailbox, which takes everything but NUL and
				     content that is no text */
};

/* Zero it but for the message before use. */
struct outgoing {
	const struct message *message; /* borrowed */
	uint64_t
		size; /* of what was opened, in wire form: exact or, re-encoded, at most that */
	const char *warning; /* on what the relay may refuse (struct recode), or "" */
	bool is_binary; /* it goes as BINARYMIME, and its pieces are in wire form already */

	/* The rest is its own. */
	struct message_reader plain;
	struct recode plan;
	bool planned;
	unsigned planned_for;
	struct recode_reader *recoded; /* NULL: plain is read */
	struct wireform form;          /* with is_binary */
	struct span rest;              /* to be put in wire form */
	char *room;
	bool ended;
};

/* Begins, also again, at the start of the message as a relay can take it that takes what is
 * said. Returns 0, or -1 with *error (recode_plan()). */
int outgoing_open(struct outgoing *o, unsigned takes, struct error *error);
/* The next piece, as message_reader_next() gives it. */
int outgoing_next(struct outgoing *o, struct span *piece, struct error *error);
void outgoing_clear(struct outgoing *o);

#endif
