/* Base64 of RFC 4648 section 4: with padding, without line breaks. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Appends the encoding of s. */
void base64_encode(struct buf *out, struct span s);
/* Appends the bytes that s encodes. Strict: no white space, padding required, unused bits zero.
 * Returns 0, or -1 with nothing appended when s is not base64 or out is full. */
int base64_decode(struct buf *out, struct span s);
/* The same for the body of a PEM block: line breaks and blanks between the characters are
 * passed over (RFC 7468 section 3). */
int base64_decode_lines(struct buf *out, struct span s);

#endif
