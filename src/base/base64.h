/*
 * Base64 of RFC 4648 section 4: with padding, without line breaks; and as a stream, in the
 * lines of RFC 2045 section 6.8.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Appends the encoding of s. */
void base64_encode(struct buf *out, struct span s);
/* Appends the bytes that s encodes. Strict: no white space, padding required, unused bits zero.
 * Returns 0, or -1 with nothing appended when s is not base64 or out is full. */
int base64_decode(struct buf *out, struct span s);
/* The same for the body of a PEM block: line breaks and blanks between the characters are
 * passed over (RFC 7468 section 3). */
int base64_decode_lines(struct buf *out, struct span s);

enum { BASE64_LINE_IN = 57, BASE64_LINE_OUT = 76 };

/* Bytes on their way into lines of BASE64_LINE_OUT characters with an LF between. All zero at
 * the start. The input may be cut anywhere. */
struct base64_stream {
	size_t held;    /* bytes of a line that is not full yet */
	bool line_full; /* the last line needs an LF when anything follows */
	char line[BASE64_LINE_IN];
};

/* Encodes from *in until it is used up or out is nearly full; advances *in past what was taken.
 * size must be at least 2 * BASE64_LINE_OUT. Returns the bytes put in out. */
size_t base64_stream_feed(struct base64_stream *b, struct span *in, char *out, size_t size);
/* The end of the input: the last line with its padding, without a line end, BASE64_LINE_OUT + 1
 * bytes at most. */
size_t base64_stream_finish(struct base64_stream *b, char *out);

#endif
