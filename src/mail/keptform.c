/* A message on its way into a mailbox: see keptform.h. The ">" of a quoted line need not stand
 * first: right before "From " it makes the same line, and no run of ">" has to be remembered.
 */
#include "mail/keptform.h"

#include <string.h>

enum { SLACK = 8 }; /* a late CR, what is held of "From ", its ">" and a byte */

static const char keptform_from[] = "From ";

void keptform_init(struct keptform *k, bool quotes)
{
	*k = (struct keptform){.quotes = quotes, .line_start = true};
}

/* What was held of a line that turned out to be no "From ", or that is one by now. */
static char *release(struct keptform *k, char *out)
{
	size_t held = k->held;

	k->held = 0;
	if (held == sizeof(keptform_from) - 1)
		*out++ = '>';
	memcpy(out, keptform_from, held);
	return out + held;
}

/* A byte at the start of a line that may be one to quote. */
static char *feed_start(struct keptform *k, struct span *in, char *out)
{
	k->open = true;
	if (k->held == 0 && *in->data == '>') {
		*out++ = '>';
	} else if (*in->data == keptform_from[k->held]) {
		if (++k->held < sizeof(keptform_from) - 1) {
			in->data++;
			in->len--;
			return out;
		}
		k->line_start = false;
		out = release(k, out);
	} else {
		k->line_start = false;
		return release(k, out);
	}
	in->data++;
	in->len--;
	return out;
}

static char *put_line_end(struct keptform *k, char *out)
{
	*out++ = '\n';
	k->line_start = true;
	k->open = false;
	return out;
}

/* The byte behind a CR: the other half of a line end, or none. */
static char *resolve_cr(struct keptform *k, struct span *in, char *out)
{
	k->after_cr = false;
	if (*in->data != '\n') {
		*out++ = '\r';
		return out;
	}
	in->data++;
	in->len--;
	return put_line_end(k, out);
}

/* Takes one run of at most room bytes: up to and with its line end, up to and with a CR, or as
 * it is. */
static char *feed_run(struct keptform *k, struct span *in, char *out, size_t room)
{
	size_t limit = in->len < room ? in->len : room;
	const char *lf = memchr(in->data, '\n', limit);
	size_t run = lf ? (size_t)(lf - in->data) : limit;
	const char *cr = memchr(in->data, '\r', run);
	size_t taken = run + (lf != NULL);

	if (cr) {
		run = (size_t)(cr - in->data);
		taken = run + 1;
		lf = NULL;
		k->after_cr = true;
		k->line_start = false;
		k->open = true;
	}
	memcpy(out, in->data, run);
	if (run > 0) {
		k->line_start = false;
		k->open = true;
	}
	in->data += taken;
	in->len -= taken;
	return lf ? put_line_end(k, out + run) : out + run;
}

size_t keptform_feed(struct keptform *k, struct span *in, char *out, size_t size)
{
	char *o = out, *end = out + size - SLACK;

	while (in->len > 0 && o < end) {
		if (k->after_cr)
			o = resolve_cr(k, in, o);
		else if (k->quotes && k->line_start)
			o = *in->data == '\n' || *in->data == '\r'
				    ? feed_run(k, in, release(k, o), 1)
				    : feed_start(k, in, o);
		else
			o = feed_run(k, in, o, (size_t)(end - o));
	}
	return (size_t)(o - out);
}

size_t keptform_finish(struct keptform *k, char *out)
{
	char *o = release(k, out);

	if (k->after_cr) {
		*o++ = '\r';
		k->after_cr = false;
	}
	if (k->open)
		o = put_line_end(k, o);
	return (size_t)(o - out);
}
