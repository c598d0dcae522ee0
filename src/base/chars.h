/*
 * The one table of character classes, over bytes, in no locale: ASCII as RFC 5234 and RFC 5322
 * name it; every byte from 0x80 up is CHARS_UTF8 and nothing else.
 */
#ifndef BASE_CHARS_H
#define BASE_CHARS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	CHARS_ALPHA = 1 << 0,
	CHARS_DIGIT = 1 << 1,
	CHARS_BLANK = 1 << 2,   /* SP HT: WSP of RFC 5234 */
	CHARS_NEWLINE = 1 << 3, /* CR LF */
	CHARS_CONTROL = 1 << 4, /* 0x00-0x1f and 0x7f, so HT, CR and LF too */
	CHARS_ATEXT = 1 << 5,   /* RFC 5322 section 3.2.3, ASCII only */
	CHARS_FIELD = 1 << 6,   /* ftext of RFC 5322 section 3.6.8: a field name's characters */
	CHARS_UTF8 = 1 << 7,    /* 0x80-0xff */
	CHARS_SPECIAL = 1 << 8, /* specials of RFC 5322 section 3.2.3 */
	CHARS_BASE64 = 1 << 9,  /* RFC 4648 section 4, without the pad */
	CHARS_HEX = 1 << 10,    /* 0-9 A-F a-f */
	CHARS_GRAPHIC = 1 << 11, /* 0x21-0x7e: VCHAR of RFC 5234 */
	CHARS_ALNUM = CHARS_ALPHA | CHARS_DIGIT
};

extern const uint16_t chars_table[256];

/* Whether c belongs to one of the classes. */
static inline bool chars_is(char c, unsigned classes)
{
	return (chars_table[(unsigned char)c] & classes) != 0;
}

/* c, or the small letter for A-Z. */
static inline char chars_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

#endif
