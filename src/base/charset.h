/*
 * Charsets, through iconv(3): whether text is what it is said to be, and the same text in
 * UTF-8. Only charsets that write ASCII as ASCII does are known here, because in a message a
 * line end is one byte.
 */
#ifndef BASE_CHARSET_H
#define BASE_CHARSET_H

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum { CHARSET_NAME_MAX = 40 /* RFC 2978 section 2.3 */, CHARSET_HELD_MAX = 16 };

/* Whether the name is one of ASCII's, such as ANSI_X3.4-1968; or of UTF-8. */
bool charset_is_ascii(const char *name);
bool charset_is_utf8(const char *name);

/* Text in some charset that streams by. */
struct charset {
	iconv_t descriptor;
	char held[CHARSET_HELD_MAX]; /* a character that is not whole yet */
	size_t held_count;
};

/* Returns 0, or -1 when the charset is not known or writes ASCII in another way (UTF-16, UTF-7,
 * EBCDIC). */
int charset_open(struct charset *c, const char *name);
/* Appends the text in UTF-8 to out (NULL: to nothing). Returns 0, or -1 when it is not of the
 * charset; a character may be cut by the end of a piece. A failed out is the caller's to see.
 */
int charset_feed(struct charset *c, struct span piece, struct buf *out);
/* The end of the text. Returns 0, or -1 when it is in the middle of a character. */
int charset_finish(struct charset *c);
void charset_close(struct charset *c);

#endif
