/* Base64: see base64.h. */
#include "base/base64.h"

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/chars.h"

static const char letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One group of four characters, of left bytes: 3 or fewer at the end of the input. */
static void base64_group(const char *in, size_t left, char *group)
{
	const unsigned char *p = (const unsigned char *)in;
	uint32_t v = (uint32_t)p[0] << 16 | (left > 1 ? (uint32_t)p[1] << 8 : 0) |
		     (left > 2 ? p[2] : 0);

	group[0] = letters[v >> 18];
	group[1] = letters[v >> 12 & 63];
	group[2] = left > 1 ? letters[v >> 6 & 63] : '=';
	group[3] = left > 2 ? letters[v & 63] : '=';
}

void base64_encode(struct buf *out, struct span s)
{
	size_t groups = (s.len + 2) / 3;

	if (s.len > SIZE_MAX / 2 || buf_reserve(out, groups * 4)) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < s.len; i += 3) {
		char group[4];

		base64_group(s.data + i, s.len - i, group);
		buf_add(out, group, sizeof(group));
	}
}

/* Spreads six bytes into eight values of six bits; reads eight bytes. */
static void base64_spread(const char *in, char *out)
{
	uint64_t v;

	memcpy(&v, in, sizeof(v));
	v = be64toh(v) >> 16;
	v = (v & 0xffffff000000) << 8 | (v & 0xffffff);
	v = (v & 0x00fff00000fff000) << 4 | (v & 0x00000fff00000fff);
	v = (v & 0x0fc00fc00fc00fc0) << 2 | (v & 0x003f003f003f003f);
	v = htobe64(v);
	memcpy(out, &v, sizeof(v));
}

/* Sixteen bytes that the compiler reckons with at once, on every machine. */
typedef signed char base64_vector __attribute__((vector_size(16)));

enum { VECTORS = (BASE64_LINE_OUT + 15) / 16 };

/* Makes letters of values. They are reckoned, not looked up: that is four times as fast. */
static base64_vector base64_letters(base64_vector v)
{
	return v + 'A' + ((v > 25) & 6) - ((v > 51) & 75) - ((v > 61) & 15) + ((v > 62) & 3);
}

/* A full line. */
static void base64_line(const char *in, char *out)
{
	char rest[16] = {0};
	base64_vector v[VECTORS];
	char *values = (char *)v;

	memcpy(rest, in + 48, BASE64_LINE_IN - 48);
	for (int i = 0; i < 8; i++)
		base64_spread(in + 6 * i, values + 8 * i);
	base64_spread(rest, values + 64);
	base64_spread(rest + 6, values + 72);
	for (int i = 0; i < VECTORS; i++)
		v[i] = base64_letters(v[i]);
	memcpy(out, values, BASE64_LINE_OUT);
}

size_t base64_stream_feed(struct base64_stream *b, struct span *in, char *out, size_t size)
{
	char *o = out, *end = out + size - BASE64_LINE_OUT;

	while (in->len > 0 && o < end) {
		const char *line = in->data;
		size_t taken = BASE64_LINE_IN;

		if (b->held > 0 || in->len < BASE64_LINE_IN) {
			taken = BASE64_LINE_IN - b->held;
			if (taken > in->len)
				taken = in->len;
			memcpy(b->line + b->held, in->data, taken);
			b->held += taken;
			line = b->line;
		}
		in->data += taken;
		in->len -= taken;
		if (line == b->line && b->held < BASE64_LINE_IN)
			break;
		b->held = 0;
		if (b->line_full)
			*o++ = '\n';
		base64_line(line, o);
		o += BASE64_LINE_OUT;
		b->line_full = true;
	}
	return (size_t)(o - out);
}

size_t base64_stream_finish(struct base64_stream *b, char *out)
{
	char *o = out;

	if (b->held > 0 && b->line_full)
		*o++ = '\n';
	for (size_t i = 0; i < b->held; i += 3, o += 4)
		base64_group(b->line + i, b->held - i, o);
	*b = (struct base64_stream){0};
	return (size_t)(o - out);
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
