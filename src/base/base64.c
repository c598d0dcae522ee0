/* Base64: see base64.h. */
#include "base/base64.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/chars.h"

static const char letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, struct span s)
{
	const unsigned char *p = (const unsigned char *)s.data;
	size_t groups = (s.len + 2) / 3;

	if (s.len > SIZE_MAX / 2 || buf_reserve(out, groups * 4)) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < s.len; i += 3) {
		size_t left = s.len - i;
		uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
			     (left > 2 ? p[i + 2] : 0);
		char group[4] = {letters[v >> 18], letters[v >> 12 & 63], letters[v >> 6 & 63],
				 letters[v & 63]};

		if (left < 3)
			group[3] = '=';
		if (left < 2)
			group[2] = '=';
		buf_add(out, group, sizeof(group));
	}
}

/* The six bits of a character of CHARS_BASE64. */
static uint32_t base64_value(char c)
{
	if (c >= 'a')
		return (uint32_t)(c - 'a') + 26;
	if (c >= 'A')
		return (uint32_t)(c - 'A');
	if (c >= '0')
		return (uint32_t)(c - '0') + 52;
	return c == '+' ? 62 : 63;
}

/* What is known between two characters. */
struct base64_state {
	uint32_t bits;   /* not yet put out */
	unsigned filled; /* characters of the present group of four */
	unsigned pads;
};

/* Takes one character that is no blank. Returns 0 or -1. */
static int base64_push(struct base64_state *st, char c, struct buf *out)
{
	if (c == '=' && st->filled + st->pads < 4 && st->filled >= 2) {
		st->pads++;
		return 0;
	}
	if (!chars_is(c, CHARS_BASE64) || st->pads > 0)
		return -1;
	st->bits = st->bits << 6 | base64_value(c);
	if (++st->filled == 4) {
		const char bytes[3] = {(char)(st->bits >> 16), (char)(st->bits >> 8),
				       (char)st->bits};

		buf_add(out, bytes, sizeof(bytes));
		*st = (struct base64_state){0};
	}
	return 0;
}

/* The last, incomplete group. */
static int base64_finish(struct base64_state *st, struct buf *out)
{
	if (st->filled == 0)
		return 0;
	if (st->filled + st->pads != 4)
		return -1;
	if (st->filled == 2) {
		buf_add_char(out, (char)(st->bits >> 4));
		return st->bits & 0xf ? -1 : 0;
	}
	buf_add_char(out, (char)(st->bits >> 10));
	buf_add_char(out, (char)(st->bits >> 2));
	return st->bits & 0x3 ? -1 : 0;
}

static int base64_decode_any(struct buf *out, struct span s, bool blanks)
{
	struct base64_state st = {0};
	size_t before = out->len;
	int failed = 0;

	for (size_t i = 0; !failed && i < s.len; i++)
		if (!blanks || !chars_is(s.data[i], CHARS_BLANK | CHARS_NEWLINE))
			failed = base64_push(&st, s.data[i], out);
	if (!failed)
		failed = base64_finish(&st, out);
	if (failed || buf_failed(out)) {
		buf_truncate(out, before);
		return -1;
	}
	return 0;
}

int base64_decode(struct buf *out, struct span s)
{
	return base64_decode_any(out, s, false);
}

int base64_decode_lines(struct buf *out, struct span s)
{
	return base64_decode_any(out, s, true);
}
