/*
 * The content of a part, weighed for its encoding while its bytes stream by: what is in it that
 * a relay may not take, what becomes of it, and how long that is.
 */
#ifndef MAIL_WEIGH_H
#define MAIL_WEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/text.h"
#include "mail/content.h"
#include "mail/measure.h"

/* What may not pass. */
enum {
	WEIGH_8BIT = 1 << 0,  /* bytes from 0x80 up */
	WEIGH_LINES = 1 << 1, /* lines over 998 bytes */
	WEIGH_BYTES = 1 << 2  /* NUL, lone CR, and content said to be binary */
};

/* What becomes of content. */
enum weigh_choice {
	WEIGH_KEEP,
	WEIGH_QUOTED_PRINTABLE,
	WEIGH_BASE64_TEXT,  /* with CRLF line ends in it */
	WEIGH_BASE64_BYTES, /* the exact bytes */
	WEIGH_MEND_QUOTED_PRINTABLE,
	WEIGH_MEND_BASE64,
	WEIGH_BINARY_TEXT, /* as it is but for line ends, which are CRLF; for BINARYMIME */
	WEIGH_BINARY_BYTES /* octet for octet */
};

/* The charset of text that does not say it. */
enum weigh_charset { WEIGH_ASCII, WEIGH_UTF8, WEIGH_UNKNOWN };

/* Zero it before use, but for the flag. */
struct weigh {
	bool wants_charset; /* weigh_charset() will be asked */
	struct measure measure;
	struct text_utf8 utf8;
	uint64_t bytes;
	uint64_t escapes; /* bytes that quoted-printable encodes, or a few more a block */
	uint64_t equals;  /* "=" among them */
	bool open;        /* what was kept does not end with a line end */
};

void weigh_feed(struct weigh *w, struct span bytes);
/* What of forbidden is in there. After the last weigh_feed(). */
unsigned weigh_troubles(struct weigh *w, const struct content *c, unsigned forbidden);
/* The encoding that the content needs when it has some of the troubles. */
enum weigh_choice weigh_choose(const struct weigh *w, const struct content *c,
			       unsigned troubles);
/* Which of the binary ones is for content that is said to be binary: text must have CRLF line
 * ends there too (RFC 3030 section 3). Does not depend on what is in it, but for NULs. */
enum weigh_choice weigh_choose_binary(const struct weigh *w, const struct content *c);
/* Whether content with that choice could go in no other way than as BINARYMIME unless it is
 * encoded. After weigh_troubles(). */
bool weigh_needs_binary(const struct weigh *w, enum weigh_choice choice);
/* Bytes in wire form after that: exact, or for quoted-printable that many at the most. */
uint64_t weigh_size(const struct weigh *w, enum weigh_choice choice);
enum weigh_charset weigh_charset(const struct weigh *w);

#endif
