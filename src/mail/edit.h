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
	bool keep_bcc;        /* leave Bcc in (msmtp's remove_bcc_headers off) */
	bool undisclosed;     /* always add To: undisclosed-recipients:; when no recipient field
				 is left, not only when removing Bcc left none */
};

/* Applies them to h. Returns 0, or -1 without memory. */
int edit_header(struct header *h, const struct edit_options *options, struct error *error);

#endif
