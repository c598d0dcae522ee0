/* A message on its way to the wire: see wireform.h. Runs without a line end are found with
 * memchr() and copied whole: measured, that is as fast as vector code of our own on lines of
 * usual length. */
#include "mail/wireform.h"

#include <string.h>

enum { SLACK = 4 }; /* a doubled dot or a late space before a run, CRLF behind it */

void wireform_init(struct wireform *w, bool dots)
{
	*w = (struct wireform){.dots = dots, .line_start = true};
}

static char *put_line_end(struct wireform *w, char *out)
{
	*out++ = '\r';
	*out++ = '\n';
	w->line_start = true;
	return out;
}

/* What the byte behind a CR makes of it: the other half of a line end, or a space in its place.
 */
static char *resolve_cr(struct wireform *w, struct span *in, char *out)
{
	w->after_cr = false;
	if (*in->data == '\n') {
		in->data++;
		in->len--;
		return put_line_end(w, out);
	}
	*out++ = ' ';
	w->line_start = false;
	return out;
}

/* Takes one run of at most room bytes: up to and with its line end, up to and with a CR, or as
 * it is. Without has_cr the caller knows that there is none. */
static char *feed_run(struct wireform *w, struct span *in, bool has_cr, char *out, size_t room)
{
	size_t limit = in->len < room ? in->len : room;
	const char *lf = memchr(in->data, '\n', limit);
	size_t run = lf ? (size_t)(lf - in->data) : limit;
	const char *cr = has_cr ? memchr(in->data, '\r', run) : NULL;
	size_t taken = run + (lf != NULL);

	if (cr) {
		run = (size_t)(cr - in->data);
		taken = run + 1;
		if (lf == cr + 1)
			taken++;
		else
			lf = NULL;
		w->after_cr = !lf;
	}
	memcpy(out, in->data, run);
	if (run > 0)
		w->line_start = false;
	in->data += taken;
	in->len -= taken;
	return lf ? put_line_end(w, out + run) : out + run;
}

size_t wireform_feed(struct wireform *w, struct span *in, char *out, size_t size)
{
	size_t reach = in->len < size ? in->len : size;
	bool has_cr = in->len > 0 && memchr(in->data, '\r', reach);
	char *o = out, *end = out + size - SLACK;

	while (in->len > 0 && o < end) {
		size_t room = (size_t)(end - o);

		if (w->after_cr) {
			o = resolve_cr(w, in, o);
			continue;
		}
		if (w->dots && w->line_start && *in->data == '.')
			*o++ = '.';
		o = feed_run(w, in, has_cr, o, room);
	}
	return (size_t)(o - out);
}

size_t wireform_finish(struct wireform *w, char *out)
{
	char *o = out;

	if (w->after_cr) {
		*o++ = ' ';
		w->line_start = false;
		w->after_cr = false;
	}
	if (!w->line_start)
		o = put_line_end(w, o);
	return (size_t)(o - out);
}
