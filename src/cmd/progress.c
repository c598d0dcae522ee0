/* The line for a person who waits: see progress.h. */
#include "cmd/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cmd/interrupt.h"

enum {
	PROGRESS_FIRST = 1000000, /* microseconds that nothing is shown for */
	PROGRESS_AGAIN = 200000,  /* and that a line stays as it is */
	PROGRESS_WAIT = 2000000,  /* of a wait after which its seconds are told */
	PROGRESS_TEXT_MAX = 2048,
	PROGRESS_ROOM = 60,   /* columns from which the relay is named beside numbers */
	PROGRESS_COLUMNS = 80 /* where the terminal does not know */
};

struct progress {
	int64_t begun;
	int64_t drawn;
	size_t number, of;
	bool colour;
	bool shown;
	bool stopped;
	struct buf last; /* the line that stands there */
};

static const char *const progress_steps[] = {
	[COURSE_READ] = "reading the message",
	[COURSE_RESOLVE] = "looking up",
	[COURSE_CONNECT] = "connecting to",
	[COURSE_PROXY] = "asking the proxy for",
	[COURSE_TLS] = "starting TLS with",
	[COURSE_WEIGH] = "looking through the message",
	[COURSE_HELLO] = "waiting for the greeting of",
	[COURSE_AUTH] = "logging in at",
	[COURSE_ENVELOPE] = "naming the recipients to",
	[COURSE_DATA] = "sending",
	[COURSE_VERDICT] = "waiting for the verdict of",
	[COURSE_QUEUE] = "putting it into the queue",
};

struct progress *progress_new(void)
{
	const char *term = getenv("TERM");
	const char *plain = getenv("NO_COLOR");
	struct progress *p;

	if (!term || !term[0] || strcmp(term, "dumb") == 0)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->colour = !plain || !plain[0];
	buf_init(&p->last, PROGRESS_TEXT_MAX);
	progress_begin(p);
	return p;
}

void progress_free(struct progress *p)
{
	progress_hide(p);
	if (p)
		buf_clear(&p->last);
	free(p);
}

void progress_begin(struct progress *p)
{
	if (p)
		p->begun = course_clock();
}

void progress_count(struct progress *p, size_t number, size_t of)
{
	if (!p)
		return;
	p->number = number;
	p->of = of;
}

/* The columns of the terminal; 0: nothing may be drawn, because it is another's now. */
static size_t progress_columns(void)
{
	struct winsize size = {0};

	if (tcgetpgrp(STDERR_FILENO) != getpgrp())
		return 0;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col == 0)
		return PROGRESS_COLUMNS;
	return size.ws_col;
}

/* A number of bytes, in three digits or four: "980 B", "12.3 MB". */
static void progress_bytes(struct buf *out, uint64_t bytes)
{
	static const char units[] = "kMGTPE";
	uint64_t tenths = bytes * 10;
	size_t u = 0;

	if (bytes < 1000) {
		buf_printf(out, "%" PRIu64 " B", bytes);
		return;
	}
	for (tenths = bytes / 100; tenths >= 10000 && units[u + 1]; u++)
		tenths /= 1000;
	if (tenths >= 1000)
		buf_printf(out, "%" PRIu64 " %cB", tenths / 10, units[u]);
	else
		buf_printf(out, "%" PRIu64 ".%" PRIu64 " %cB", tenths / 10, tenths % 10,
			   units[u]);
}

/* "12 s", "3:05", "1:00:07" */
static void progress_time(struct buf *out, uint64_t seconds)
{
	if (seconds < 60)
		buf_printf(out, "%" PRIu64 " s", seconds);
	else if (seconds < 3600)
		buf_printf(out, "%" PRIu64 ":%02" PRIu64, seconds / 60, seconds % 60);
	else
		buf_printf(out, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600,
			   seconds / 60 % 60, seconds % 60);
}

/* How far it is, how fast it goes, and how long it will take: what matters most comes first,
 * because the end may not fit. */
static void progress_moved(struct buf *out, const struct progress_view *v, int64_t took)
{
	const struct course *c = v->course;
	uint64_t taken = c->size && c->done > c->size ? c->size : c->done;
	uint64_t done = taken > v->unsent ? taken - v->unsent : 0;
	double rate = took > 0 ? (double)done * 1e6 / (double)took : 0;

	buf_add_string(out, ": ");
	if (c->size)
		buf_printf(out, "%u %%, ", (unsigned)((double)done * 100 / (double)c->size));
	progress_bytes(out, done);
	if (c->size) {
		buf_add_string(out, " of ");
		progress_bytes(out, c->size);
	}
	if (rate < 1)
		return;
	buf_add_string(out, ", ");
	progress_bytes(out, (uint64_t)rate);
	buf_add_string(out, "/s");
	if (c->size > done) {
		buf_add_string(out, ", ");
		progress_time(out, (uint64_t)((double)(c->size - done) / rate) + 1);
		buf_add_string(out, " left");
	}
}

/* Appends what fits. Returns the columns that are left. */
static size_t progress_fit(struct buf *out, struct span text, size_t columns)
{
	while (text.len > 0 && columns > 0) {
		size_t len = text_utf8_length(text);
		size_t wide = len > 1 ? 2 : 1;

		if (len == 0 || wide > columns)
			return 0;
		buf_add(out, text.data, len);
		text.data += len;
		text.len -= len;
		columns -= wide;
	}
	return columns;
}

void progress_line(struct buf *out, const struct progress_view *v, size_t columns, bool colour)
{
	const struct course *c = v->course;
	/* The last of it is on its way for long where the line is slow. */
	enum course_step step =
		c->step == COURSE_VERDICT && v->unsent > 0 ? COURSE_DATA : c->step;
	bool moves = step == COURSE_DATA || step == COURSE_READ;
	bool names = c->host[0] && step != COURSE_READ && step != COURSE_WEIGH &&
		     step != COURSE_QUEUE && (!moves || columns >= PROGRESS_ROOM);
	int64_t took = v->now - c->since + (moves ? c->spent[step] : 0);
	struct buf text;

	if (!progress_steps[step])
		return;
	buf_init(&text, PROGRESS_TEXT_MAX);
	if (v->number && v->of)
		buf_printf(&text, "%zu of %zu: ", v->number, v->of);
	else if (v->number)
		buf_printf(&text, "message %zu: ", v->number);
	columns = progress_fit(out, buf_span(&text), columns);
	buf_reset(&text);
	buf_add_string(&text, progress_steps[step]);
	if (names && step == COURSE_DATA)
		buf_add_string(&text, " to");
	if (names)
		buf_printf(&text, " %s", c->host);
	if (colour)
		buf_add_string(out, "\033[36m");
	columns = progress_fit(out, buf_span(&text), columns);
	if (colour)
		buf_add_string(out, "\033[0m");
	buf_reset(&text);
	if (moves) {
		progress_moved(&text, v, took);
	} else if (took >= PROGRESS_WAIT) {
		buf_add_string(&text, ": ");
		progress_time(&text, (uint64_t)took / 1000000);
	}
	progress_fit(out, buf_span(&text), columns);
	buf_clear(&text);
}

/* Whether a line may be drawn now. */
static bool progress_is_due(const struct progress *p, int64_t now)
{
	return !p->stopped && now - p->begun >= PROGRESS_FIRST &&
	       now - p->drawn >= PROGRESS_AGAIN;
}

/* In one write, so that nothing comes between. */
static void progress_draw(struct progress *p, const struct buf *line, int64_t now)
{
	struct buf drawn;

	p->drawn = now;
	if (line->len == 0 || (p->shown && span_equals(buf_span(line), p->last.data)))
		return;
	buf_reset(&p->last);
	buf_add_span(&p->last, buf_span(line));
	buf_init(&drawn, 2 * PROGRESS_TEXT_MAX);
	buf_printf(&drawn, "\r%s\033[K", line->data);
	interrupt_line(true);
	p->shown = file_write_all(STDERR_FILENO, drawn.data, drawn.len) == 0;
	buf_clear(&drawn);
}

void progress_look(void *context, const struct course *c)
{
	struct progress *p = context;
	struct progress_view v = {c, p->number, p->of, course_clock(), 0};
	size_t columns;
	struct buf line;

	if (!progress_steps[c->step]) {
		progress_hide(p);
		return;
	}
	if (!progress_is_due(p, v.now) || (columns = progress_columns()) < 2)
		return;
	v.unsent = course_unsent(c);
	buf_init(&line, PROGRESS_TEXT_MAX);
	progress_line(&line, &v, columns - 1, p->colour);
	progress_draw(p, &line, v.now);
	buf_clear(&line);
}

void progress_show(struct progress *p, const char *text)
{
	int64_t now = course_clock();
	size_t columns;
	struct buf line;

	if (!p || !progress_is_due(p, now) || (columns = progress_columns()) < 2)
		return;
	buf_init(&line, PROGRESS_TEXT_MAX);
	progress_fit(&line, span_of(text), columns - 1);
	progress_draw(p, &line, now);
	buf_clear(&line);
}

void progress_hide(struct progress *p)
{
	static const char clear[] = "\r\033[K";

	if (!p || !p->shown)
		return;
	file_write_all(STDERR_FILENO, clear, sizeof(clear) - 1);
	p->shown = false;
	interrupt_line(false);
}

void progress_stop(struct progress *p)
{
	progress_hide(p);
	p->stopped = true;
}
