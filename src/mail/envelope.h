/*
 * The envelope: who sends, who receives (RFC 5321 section 2.3.1), and what a header
 * contributes.
 */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include <stdbool.h>

#include "mail/address.h"
#include "mail/header.h"

struct envelope {
	struct address sender; /* reverse-path; text "" is the null one, NULL: not yet known */
	struct address_list recipients;
};

void envelope_clear(struct envelope *e);
/* Appends the recipients that the header names: the topmost block of Resent-* fields alone when
 * there is one (RFC 5322 section 3.6.6), else To, Cc and Bcc. Returns 0, or -1 with an error
 * that names the field. */
int envelope_from_header(struct envelope *e, const struct header *h, struct error *error);

#endif
