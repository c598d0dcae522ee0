/* The other end of DATA: see undot.h. */
#include "smtp/undot.h"

#include <string.h>

/* The rest of a line up to where it may end. */
static size_t undot_line(struct undot *u, const char *p, size_t len, char *out)
{
	const char *end = memchr(p, '\n', len);
	size_t n = end ? (size_t)(end + 1 - p) : len;

	memcpy(out, p, n);
	if (!end)
		u->place = p[len - 1] == '\r' ? UNDOT_CR : UNDOT_LINE;
	else if (u->lf_ends || (n > 1 ? p[n - 2] == '\r' : u->place == UNDOT_CR))
		u->place = UNDOT_LINE_START;
	else
		u->place = UNDOT_LINE;
	return n;
}

size_t undot_feed(struct undot *u, struct span *in, char *out)
{
	const char *p = in->data, *end = in->data + in->len;
	char *o = out;

	while (p < end && !u->ended) {
		size_t n;

		switch (u->place) {
		case UNDOT_LINE_START:
			u->place = *p == '.' ? UNDOT_DOT : UNDOT_LINE;
			p += *p == '.';
			break;
		case UNDOT_DOT:
			u->ended = u->lf_ends && *p == '\n';
			u->place = *p == '\r' ? UNDOT_DOT_CR : UNDOT_LINE;
			p += *p == '\r' || u->ended;
			break;
		case UNDOT_DOT_CR:
			u->ended = *p == '\n';
			u->place = UNDOT_CR;
			if (u->ended)
				p++;
			else
				*o++ = '\r';
			break;
		case UNDOT_CR:
		case UNDOT_LINE:
			n = undot_line(u, p, (size_t)(end - p), o);
			p += n;
			o += n;
			break;
		}
	}
	*in = (struct span){p, (size_t)(end - p)};
	return (size_t)(o - out);
}

void undot_check_feed(struct undot_check *c, struct span text)
{
	const char *p = text.data, *end = text.data + text.len;

	while (p < end && !c->bare) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		const char *stop = lf ? lf : end;
		bool cr = stop > p ? stop[-1] == '\r' : c->after_cr;
		size_t inner = (size_t)(stop - p) - (stop > p && cr);

		c->bare = (c->after_cr && stop > p) || memchr(p, '\r', inner) || (lf && !cr);
		c->after_cr = !lf && cr;
		p = lf ? lf + 1 : end;
	}
}
