/*
 * A message on its way to the wire: every line ends in CRLF, and for DATA every line that
 * begins with a dot gets another (RFC 5321 sections 2.3.8 and 4.5.2).
 *
 * LF and CRLF are line ends; a CR before anything else becomes a space, so no bare CR or LF
 * ever leaves. Explicit state: the input may be cut anywhere, one byte at a time if need be.
 */
#ifndef MAIL_WIREFORM_H
#define MAIL_WIREFORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct wireform {
	bool dots;       /* DATA: double leading dots. BDAT: leave them. */
	bool line_start; /* the next byte begins a line */
	bool after_cr;   /* a CR was seen and not yet put out */
};

void wireform_init(struct wireform *w, bool dots);
/* Converts from *in until it is used up or out is nearly full; advances *in past what was
 * taken. size must be at least 16. Returns the bytes put in out. */
size_t wireform_feed(struct wireform *w, struct span *in, char *out, size_t size);
/* The end of the message: a pending CR counts as a lone one, and an unfinished last line gets
 * its CRLF. Returns the bytes put in out, 4 at most. The closing dot is not ours. */
size_t wireform_finish(struct wireform *w, char *out);

#endif
