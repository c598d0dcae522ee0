/*
 * What a submitter mends in a header (RFC 6409 section 8, RFC 5322 section 3.6): adds Date,
 * Message-ID and From where they are missing, takes out Bcc, Resent-Bcc and Return-Path,
 * encodes raw 8-bit text.
 */
#ifndef MAIL_EDIT_H
#define MAIL_EDIT_H

#include <stdbool.h>
#include <time.h>

#include "mail/address.h"
#include "mail/header.h"

struct edit_options {
	const struct address
		*from;      /* address for a From that is missing; its name may be NULL */
	const char *domain; /* right side of a new Message-ID */
	time_t now;
	bool keep_date;       /* do not add Date */
	bool keep_message_id; /* do not add Message-ID */
	bool keep_from;       /* do not add From */
	bool undisclosed;     /* To: undisclosed-recipients:; takes the place of To, Cc, Bcc and
				 their Resent- forms (msmtp's undisclosed_recipients on) */
};

/*
 * Applies them to h.
 *
 * To: undisclosed-recipients:; comes in when taking out Bcc or Resent-Bcc left none of To, Cc,
 * Resent-To and Resent-Cc, or when options->undisclosed asks for it. A From is not added when
 * options->from is NULL or the null path.
 *
 * A resent message keeps its own Date, Message-ID and From, and the topmost block of Resent-*
 * fields (header_resent_block()) gets Resent-From, Resent-Date and Resent-Message-ID at its top
 * where it lacks them, because RFC 5322 section 3.6.6 demands the first two of whoever resends
 * and advises the third. The keep_ flags hold for them too.
 *
 * Returns 0, or -1 without memory.
 */
int edit_header(struct header *h, const struct edit_options *options, struct error *error);
/* Appends "Name <address>" as the body of From or Resent-From, folded before the address when
 * the line would be long. */
void edit_mailbox(struct buf *out, const struct address *a);

#endif
