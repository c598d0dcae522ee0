/*
 * Foreign bytes made fit to be shown: on a terminal, in a log line, in an error.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Length in bytes of the well-formed UTF-8 character (RFC 3629) at the start of s, 0 if there
 * is none. ASCII counts. */
size_t text_utf8_length(struct span s);
/* The code point of a well-formed character of len bytes, as text_utf8_length() gives them. */
uint32_t text_code_point(const char *data, size_t len);
/* Whether all of s is well-formed UTF-8. */
bool text_is_utf8(struct span s);
/* The same of bytes that stream by. All zero at the start; at the end the text is well-formed
 * when it is neither bad nor in the middle of a character (left). */
struct text_utf8 {
	bool bad;
	unsigned char left;      /* bytes of the character that are still to come */
	unsigned char low, high; /* what the next of them may be */
};
void text_utf8_feed(struct text_utf8 *u, struct span s);
/* Whether s holds a byte from 0x80 up. */
bool text_is_8bit(struct span s);
/* Appends s with everything escaped that is not printable ASCII or well-formed UTF-8 outside
 * C0, C1, the bidirectional controls, the line separators and what nobody sees (soft hyphen,
 * word joiner, tags and their like): as \r \n \t or \xHH. A backslash stays as it is. */
void text_escape(struct buf *out, struct span s);
/* The same into a fixed array for use in an error text: at most size - 1 bytes, "..." at the
 * end when s was cut. Returns out. */
const char *text_show(char *out, size_t size, struct span s);
/* Appends s in single quotes, as one word of a shell. */
void text_quote(struct buf *out, const char *s);
/* Cuts an incomplete UTF-8 character off the end of a string that was shortened. */
void text_cut(char *string);

/* text_show() with an array of its own, for one call: error_set(e, ..., "%s", TEXT_SHOW(span)).
 */
#define TEXT_SHOW(span) text_show((char[256]){0}, 256, (span))

#endif
