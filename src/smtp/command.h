/*
 * The arguments of MAIL and RCPT as a server hears them (RFC 5321 sections 4.1.1.2, 4.1.1.3 and
 * 4.1.2) with the parameters of SIZE, 8BITMIME, BINARYMIME, SMTPUTF8 and DSN.
 *
 * Addresses are read by mail/address.h, which is lenient, and come out canonical. Lenient, too:
 * blanks behind the colon, and a path without its angle brackets, as many write it.
 */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "mail/address.h"
#include "mail/wishes.h"
#include "smtp/answer.h"

enum { COMMAND_LINE_MAX = 2048, COMMAND_ORCPT_MAX = 500 /* RFC 3461 section 4.2 */ };

struct command_mail {
	struct address sender; /* text "": the null one */
	uint64_t size;         /* SIZE=, 0: not said */
	bool utf8;             /* SMTPUTF8 */
	bool binary;           /* BODY=BINARYMIME */
	bool logins; /* said by the caller: AUTH= may stand there (RFC 4954 section 5) */
	enum wishes_return ret;
	char envelope_id[WISHES_ENVELOPE_ID_MAX + 1]; /* "": not said */
};

struct command_rcpt {
	struct address recipient;
	unsigned notify; /* of WISHES_*; 0: not said */
};

/* What follows the verb. Return 0, or -1 with the refusal in *a; the address is to be cleared
 * either way. */
int command_parse_mail(struct command_mail *m, struct span argument, struct answer *a);
int command_parse_rcpt(struct command_rcpt *r, struct span argument, struct answer *a);
/* The argument of BDAT (RFC 3030 section 2). */
int command_parse_bdat(uint64_t *size, bool *last, struct span argument, struct answer *a);

#endif
