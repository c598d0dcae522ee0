/*
 * MAIL and RCPT with their parameters: what the message needs and its sender wishes, as far as
 * the relay offers it.
 *
 * Some wishes may be left out where they are not offered (DSN, a deadline of RFC 2852 that only
 * notifies, AUTH=): they are noted as dropped. Of others a message that went without would do
 * what nobody wanted: it is refused before MAIL.
 */
#ifndef SMTP_PARAMETERS_H
#define SMTP_PARAMETERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "mail/wishes.h"
#include "smtp/capability.h"

/* What a message needs of the extensions; used only where offered. */
struct smtp_mail_options {
	uint64_t size; /* wire size for SIZE=, 0: unknown */
	bool body_8bit;
	bool encoded;     /* encoded as it goes: reading it once more would cost */
	bool body_binary; /* octets that are no lines: BINARYMIME, which needs BDAT */
	bool utf8;        /* a path to come cannot be written without SMTPUTF8 */
	bool header_utf8; /* the header has raw UTF-8: SMTPUTF8 where it is offered */
};

/* Wishes that were left out. */
enum {
	PARAMETERS_DROPPED_DSN = 1 << 0,
	PARAMETERS_DROPPED_DELIVERBY = 1 << 1,
	PARAMETERS_DROPPED_AUTH = 1 << 2,
	PARAMETERS_LACKS_HOLD = 1 << 3 /* not left out but in the way: the relay would not hold
					  the message, or not so long */
};

enum { PARAMETERS_LINE_MAX = 2048 /* bytes of a command that we say */ };

/* The parameters of one transaction. Everything is borrowed. */
struct parameters {
	const struct capabilities *offered;
	const struct smtp_mail_options *needs;
	const struct wishes *wishes; /* NULL: none */
	bool verified;               /* over TLS, to a peer that proved its name */
	bool chunks;                 /* the message goes by BDAT */

	bool utf8;        /* SMTPUTF8 is said */
	unsigned dropped; /* of PARAMETERS_DROPPED_* */
};

/* Whether the relay can take the message, by what it offers; settles what is dropped. The paths
 * are looked at one by one, before the first line is made. Both return 0, or -1 with *error
 * (message, stage mail; local when the module for IDNA is missing). */
int parameters_check(struct parameters *p, struct error *error);
int parameters_check_path(struct parameters *p, const char *path, struct error *error);
/* "MAIL FROM:<...> ..." and "RCPT TO:<...> ..." into line, a freshly initialised buffer of
 * PARAMETERS_LINE_MAX bytes. -1 when it does not fit: nothing may be sent then. */
int parameters_mail(const struct parameters *p, const char *reverse_path, struct buf *line,
		    struct error *error);
int parameters_rcpt(const struct parameters *p, const char *forward_path, struct buf *line,
		    struct error *error);
/* What was dropped, as a sentence for its sender; NULL behind the last. */
const char *parameters_warning(unsigned dropped, unsigned n);

#endif
