/*
 * Quoted-printable of RFC 2045 section 6.7, as a stream: of bytes that need not be text, and of
 * text that is quoted-printable already but not as the RFC wants it.
 *
 * Lines of output are at most 76 characters and end in LF. In text, LF and CRLF are line ends
 * and stay; a CR before anything else, like every byte that is not printable ASCII, is written
 * as =XX, and so is a blank before a line end. Explicit state: the input may be cut anywhere.
 */
#ifndef BASE_QUOTED_PRINTABLE_H
#define BASE_QUOTED_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct quoted_printable {
	bool mend;   /* the input is quoted-printable: = stays, and what it must not hold is
			encoded */
	bool soft;   /* the line began behind a soft line break of ours */
	bool cr;     /* a CR was seen and not yet put out */
	char blank;  /* a blank that was seen before it and not yet put out, or 0 */
	bool equals; /* with mend: a = was seen and not yet put out */
	char pair; /* with mend: characters of =XX that must stay together with those put out */
	size_t line; /* characters put out in the line */
};

void quoted_printable_init(struct quoted_printable *q, bool mend);
/* Converts from *in until it is used up or out is nearly full; advances *in past what was
 * taken. size must be at least 128. Returns the bytes put in out. */
size_t quoted_printable_feed(struct quoted_printable *q, struct span *in, char *out,
			     size_t size);
/* The end of the input: what was held back, 16 bytes at most. Adds no line end. */
size_t quoted_printable_finish(struct quoted_printable *q, char *out);

#endif
