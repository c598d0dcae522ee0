/* What has to be known of a body: see measure.h. Each byte is looked at in loops so simple that
 * the compiler makes vector code of them; a line is looked at only where it may be too long. */
#include "mail/measure.h"

#include <string.h>

struct tally {
	unsigned char all; /* every byte, one over the other */
	bool cr, nul;
	uint64_t lf;
};

/* A stretch of constant length, a multiple of any vector's and short enough to count line ends
 * in one byte: that is what lets compilers vectorise it at -O2. */
enum { STRETCH = 192 };

static void tally_stretch(struct tally *t, const char *data)
{
	unsigned char all = 0, cr = 0, nul = 0, lf = 0;

	for (int i = 0; i < STRETCH; i++) {
		unsigned char c = (unsigned char)data[i];

		all |= c;
		cr |= c == '\r';
		nul |= c == '\0';
		lf += c == '\n';
	}
	t->all |= all;
	t->cr |= cr;
	t->nul |= nul;
	t->lf += lf;
}

static void tally_bytes(struct tally *t, struct span s)
{
	for (; s.len >= STRETCH; s.data += STRETCH, s.len -= STRETCH)
		tally_stretch(t, s.data);
	for (size_t i = 0; i < s.len; i++) {
		t->all |= (unsigned char)s.data[i];
		t->cr |= s.data[i] == '\r';
		t->nul |= s.data[i] == '\0';
		t->lf += s.data[i] == '\n';
	}
}

/* Of the size, what the line ends add: LF becomes CRLF, CRLF stays. A CR whose fate is still
 * open is told by the byte that comes next, or by measure_finish(). */
static void count_line_ends(struct measure *m, struct span s, const struct tally *t)
{
	const char *end = s.data + s.len, *cr = s.data;

	m->size += s.len + t->lf;
	if (m->last == '\r') {
		m->size -= *s.data == '\n';
		m->has_lone_cr |= *s.data != '\n';
	}
	if (!t->cr)
		return;
	while ((cr = memchr(cr, '\r', (size_t)(end - cr))) && ++cr < end) {
		m->size -= *cr == '\n';
		m->has_lone_cr |= *cr != '\n';
	}
}

/* A line of length bytes has ended, or all input has; last is its last byte. */
static void note_line(struct measure *m, uint64_t length, char last)
{
	if (length > 0 && last == '\r')
		length--;
	if (length > MEASURE_LINE_MAX && length > m->longest_line)
		m->longest_line = length;
}

/* The line that began before s. Returns how much of s belongs to it. */
static size_t end_open_line(struct measure *m, struct span s)
{
	const char *lf = memchr(s.data, '\n', s.len);
	size_t rest = lf ? (size_t)(lf - s.data) : s.len;

	m->line += rest;
	if (!lf)
		return s.len;
	note_line(m, m->line, rest > 0 ? lf[-1] : m->last);
	m->line = 0;
	return rest + 1;
}

/* Lines are jumped over by as many as surely hold none that is too long. */
static void find_long_lines(struct measure *m, struct span s)
{
	const char *p = s.data, *end = p + s.len, *lf;

	if (m->line > 0)
		p += end_open_line(m, s);
	while (end - p > MEASURE_LINE_MAX) {
		lf = memrchr(p, '\n', MEASURE_LINE_MAX + 1);
		if (!lf) {
			lf = memchr(p, '\n', (size_t)(end - p));
			if (!lf)
				break;
			note_line(m, (uint64_t)(lf - p), lf[-1]);
		}
		p = lf + 1;
	}
	lf = memrchr(p, '\n', (size_t)(end - p));
	m->line += (uint64_t)(end - (lf ? lf + 1 : p));
}

void measure_feed(struct measure *m, struct span bytes)
{
	struct tally t = {0};

	if (bytes.len == 0)
		return;
	tally_bytes(&t, bytes);
	m->has_8bit |= t.all >= 0x80;
	m->has_nul |= t.nul;
	count_line_ends(m, bytes, &t);
	find_long_lines(m, bytes);
	m->last = bytes.data[bytes.len - 1];
}

void measure_finish(struct measure *m)
{
	m->has_lone_cr |= m->last == '\r';
	if (m->line > 0)
		m->size += 2;
	/* A CR at the very end is a lone one, so it counts as the space that it becomes. */
	note_line(m, m->line, '\0');
	m->line = 0;
}
