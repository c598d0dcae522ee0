/* Quoted-printable: see quoted_printable.h. Runs of bytes that may stand for themselves are
 * found eight at a time and copied whole; everything else goes byte by byte. */
#include "base/quoted_printable.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

enum {
	LINE = 75,  /* characters before the = of a soft line break */
	SLACK = 112 /* a held blank and CR, a soft line break each, one run, one byte more */
};

void quoted_printable_init(struct quoted_printable *q, bool mend)
{
	*q = (struct quoted_printable){.mend = mend};
}

/* Whether c stands for itself wherever in a line it is: from "!" to "~" without "=". */
static bool is_literal(char c)
{
	return c > ' ' && c <= '~' && c != '=';
}

/* The place of the first of eight bytes that is neither a literal nor a space, 8 if none is.
 * Each test leaves its answer in the high bit of the byte; what is carried out of a byte that
 * has failed only reaches those behind it. */
static size_t first_other(const char *p)
{
	const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
	uint64_t v, equals;

	memcpy(&v, p, sizeof(v));
	v = le64toh(v);
	equals = v ^ ones * '=';
	v = (v | (v + ones) | (v - ones * ' ') | (equals - ones)) & high;
	return v ? (size_t)__builtin_ctzll(v) / 8 : 8;
}

/* Copies the run of literals and spaces that text begins with, limit at most, and up to seven
 * bytes of rubbish behind it. Returns its length. */
static size_t copy_run(struct span text, size_t limit, char *out)
{
	size_t n = 0, eight = 8;

	for (; eight == 8 && n < limit && text.len - n >= 8; n += eight) {
		memcpy(out + n, text.data + n, 8);
		eight = first_other(text.data + n);
	}
	for (; eight == 8 && n < limit && n < text.len; n++) {
		if (!is_literal(text.data[n]) && text.data[n] != ' ')
			break;
		out[n] = text.data[n];
	}
	return n < limit ? n : limit;
}

/* Ends the line softly when width more characters do not fit. */
static char *make_room(struct quoted_printable *q, size_t width, char *out)
{
	if (q->line + width <= LINE)
		return out;
	*out++ = '=';
	*out++ = '\n';
	q->line = 0;
	q->soft = true;
	return out;
}

static char *put_encoded(struct quoted_printable *q, char c, char *out)
{
	static const char digits[] = "0123456789ABCDEF";

	out = make_room(q, 3, out);
	*out++ = '=';
	*out++ = digits[(unsigned char)c >> 4];
	*out++ = digits[(unsigned char)c & 15];
	q->line += 3;
	return out;
}

/* A dash behind a soft line break of ours is encoded: a line that the text did not have must
 * not be taken for a boundary of its multipart. */
static char *put_literal(struct quoted_printable *q, char c, char *out)
{
	out = make_room(q, 1, out);
	if (c == '-' && q->soft && q->line == 0)
		return put_encoded(q, c, out);
	*out++ = c;
	q->line++;
	return out;
}

static char *put_line_end(struct quoted_printable *q, char *out)
{
	*out++ = '\n';
	q->line = 0;
	q->soft = false;
	q->pair = 0;
	return out;
}

/* Puts out what was held back, now that it is known whether a line end comes behind it. */
static char *put_held(struct quoted_printable *q, bool line_end, char *out)
{
	if (q->blank && (!line_end || q->mend))
		out = put_literal(q, q->blank, out);
	else if (q->blank)
		out = put_encoded(q, q->blank, out);
	if (q->cr && !line_end)
		out = put_encoded(q, '\r', out);
	q->blank = 0;
	q->cr = false;
	return out;
}

/* Takes as much as is literal and fits in the line. Its last space is left: a line end may come
 * behind it. Returns where out goes on; *in has not moved when there was nothing. */
static char *take_run(struct quoted_printable *q, struct span *in, char *out)
{
	size_t run;

	out = make_room(q, 1, out);
	if (*in->data == '-' && q->soft && q->line == 0)
		return out;
	run = copy_run(*in, LINE - q->line, out);
	if (run > 0 && in->data[run - 1] == ' ')
		run--;
	q->line += run;
	in->data += run;
	in->len -= run;
	return out + run;
}

/* The = of what is quoted-printable already, with next behind it: it opens a pair of characters
 * that stay with it, or a soft line break. Where next will be encoded it must have been meant
 * as it is. */
static char *put_equals(struct quoted_printable *q, char next, char *out)
{
	q->equals = false;
	if (!is_literal(next) && (next == 0 || !strchr("= \t\r\n", next)))
		return put_encoded(q, '=', out);
	out = make_room(q, 3, out);
	*out++ = '=';
	q->line++;
	q->pair = 2;
	return out;
}

/* Takes one byte with nothing held back. */
static char *take_byte(struct quoted_printable *q, char c, char *out)
{
	if (c == '\n')
		return put_line_end(q, out);
	if (c == ' ' || c == '\t')
		q->blank = c;
	else if (c == '\r')
		q->cr = true;
	else if (c == '=' && q->mend)
		q->equals = true;
	else
		out = is_literal(c) ? put_literal(q, c, out) : put_encoded(q, c, out);
	return out;
}

/* Takes the second or third character of =XX. */
static char *take_pair(struct quoted_printable *q, struct span *in, char *out)
{
	char c = *in->data;

	if (!is_literal(c)) {
		q->pair = 0;
		return out;
	}
	q->pair--;
	q->line++;
	*out++ = c;
	in->data++;
	in->len--;
	return out;
}

/* Takes the byte behind what is held back, if it is a line end or joins it; else only puts out
 * what was held. */
static char *take_behind(struct quoted_printable *q, struct span *in, char *out)
{
	if (*in->data == '\r' && !q->cr) {
		q->cr = true;
	} else if (*in->data == '\n') {
		out = put_line_end(q, put_held(q, true, out));
	} else {
		return put_held(q, false, out);
	}
	in->data++;
	in->len--;
	return out;
}

size_t quoted_printable_feed(struct quoted_printable *q, struct span *in, char *out,
			     size_t size)
{
	char *o = out, *end = out + size - SLACK;

	while (in->len > 0 && o < end) {
		const char *before = in->data;

		if (q->blank || q->cr) {
			o = take_behind(q, in, o);
			continue;
		}
		if (q->equals) {
			o = put_equals(q, *in->data, o);
			continue;
		}
		if (q->pair > 0) {
			o = take_pair(q, in, o);
			continue;
		}
		if (is_literal(*in->data) || *in->data == ' ')
			o = take_run(q, in, o);
		if (in->data != before)
			continue;
		o = take_byte(q, *in->data, o);
		in->data++;
		in->len--;
	}
	return (size_t)(o - out);
}

size_t quoted_printable_finish(struct quoted_printable *q, char *out)
{
	char *o = out;

	if (q->equals)
		o = put_equals(q, '=', o);
	if (q->blank && !q->cr)
		o = q->mend ? put_literal(q, q->blank, o) : put_encoded(q, q->blank, o);
	else
		o = put_held(q, false, o);
	q->blank = 0;
	q->cr = false;
	return (size_t)(o - out);
}
