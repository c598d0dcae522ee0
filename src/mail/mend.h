/*
 * Text and base64 as they came, with what a relay would not take put right.
 */
#ifndef MAIL_MEND_H
#define MAIL_MEND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Text that is not content: a header, what stands between parts. All zero but for the flags at
 * the start. */
struct mend {
	bool fold;     /* lines over 998 bytes are folded, at a blank where there is one */
	bool seven;    /* bytes from 0x80 up become "?" */
	bool bytes;    /* a NUL or a lone CR becomes "?": with a blank a line might become a
			  boundary */
	size_t column; /* bytes of the line that the text seen so far ends with */
};

/* Appends text, mended, to out. */
void mend_text(struct mend *m, struct span text, struct buf *out);

/* Base64 with what is not of its alphabet (which readers pass over) left out, in lines of 76
 * characters at most. Starts with a *column of 0. Converts from *in until it is used up or out
 * is nearly full; returns the bytes put in out. */
size_t mend_base64(size_t *column, struct span *in, char *out, size_t size);

#endif
