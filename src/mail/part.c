/*
 * The walk over a message's parts: see part.h. The bytes pass through a window that always
 * holds a line start and what a boundary line may be long, or all there is. What is given out
 * stops before a line end whose next line is not known yet, since the line end before a
 * boundary belongs to the boundary.
 */
#include "mail/part.h"

#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "mail/header.h"

enum {
	WINDOW = 64 * 1024,
	LOOK = 1024 /* a boundary line, with blanks behind it, is no longer */
};

enum state {
	STATE_HEADER,
	STATE_CONTENT,
	STATE_GLUE,    /* before the first boundary of a multipart or behind its last */
	STATE_BOUNDARY /* one was found and stands at the start of the window */
};

int part_walk_init(struct part_walk *w, part_source *source, void *context, struct error *error)
{
	*w = (struct part_walk){.source = source, .context = context};
	buf_init(&w->head, PART_HEADER_MAX);
	w->window = malloc(WINDOW);
	w->boundaries = reallocarray(NULL, PART_DEPTH_MAX, sizeof(*w->boundaries));
	if (w->window && w->boundaries)
		return 0;
	part_walk_clear(w);
	return error_set_memory(error);
}

void part_walk_clear(struct part_walk *w)
{
	buf_clear(&w->head);
	free(w->window);
	free(w->boundaries);
	w->window = NULL;
	w->boundaries = NULL;
}

static size_t unread(const struct part_walk *w)
{
	return w->filled - w->at;
}

/* Fills the window, or takes all there is. */
static int fill(struct part_walk *w, struct error *error)
{
	w->filled -= w->at;
	memmove(w->window, w->window + w->at, w->filled);
	w->at = 0;
	while (w->filled < WINDOW && !w->input_ended) {
		size_t len = WINDOW - w->filled;
		int got;

		if (w->input.len == 0) {
			got = w->source(w->context, &w->input, error);
			if (got < 0)
				return -1;
			w->input_ended = got == 0;
			continue;
		}
		if (len > w->input.len)
			len = w->input.len;
		memcpy(w->window + w->filled, w->input.data, len);
		w->filled += len;
		w->input.data += len;
		w->input.len -= len;
	}
	return 0;
}

/* Whether line, without its end, is a boundary of the open multipart i. */
static bool is_boundary_of(struct part_walk *w, size_t i, struct span line)
{
	const struct part_boundary *b = &w->boundaries[i];

	if (line.len < b->length || memcmp(line.data, b->text, b->length) != 0)
		return false;
	line.data += b->length;
	line.len -= b->length;
	w->closes = line.len == 2 && memcmp(line.data, "--", 2) == 0;
	w->found = i;
	return line.len == 0 || w->closes;
}

/*
 * delimiter := "--" boundary transport-padding, with another "--" behind the boundary for the
 * closing one (RFC 2046 section 5.1.1). Looks for one in the line at start, which is whole or
 * longer than LOOK. The line end before it stands at before.
 */
static bool find_boundary(struct part_walk *w, size_t start, size_t before)
{
	size_t reach = w->filled - start;
	struct span line = {w->window + start, reach < LOOK ? reach : LOOK};
	const char *lf;
	size_t whole;

	if (line.len < 2 || memcmp(line.data, "--", 2) != 0)
		return false;
	lf = memchr(line.data, '\n', line.len);
	if (!lf && reach > LOOK)
		return false;
	if (lf)
		line.len = (size_t)(lf - line.data);
	whole = start + line.len + (lf != NULL);
	if (lf && line.data[line.len - 1] == '\r')
		line.len--;
	while (chars_is(line.data[line.len - 1], CHARS_BLANK))
		line.len--;
	line.data += 2;
	line.len -= 2;
	for (size_t i = w->depth; i > 0; i--) {
		if (!is_boundary_of(w, i - 1, line))
			continue;
		w->found_length = whole - before;
		return true;
	}
	return false;
}

/* Whether it cannot be told yet whether the line at start is a boundary. */
static bool is_open(const struct part_walk *w, size_t start)
{
	size_t reach = w->filled - start;

	if (w->input_ended || reach >= LOOK)
		return false;
	return (reach == 0 || w->window[start] == '-') &&
	       (reach <= 1 || w->window[start + 1] == '-');
}

/* Where what is not a boundary ends; *found tells whether one stands there. */
static size_t scan(struct part_walk *w, bool *found)
{
	const char *data = w->window, *lf;
	size_t p = w->at;

	*found = !w->mid_line && find_boundary(w, p, p);
	if (*found || w->depth == 0)
		return *found ? p : w->filled;
	while ((lf = memchr(data + p, '\n', w->filled - p))) {
		size_t end = (size_t)(lf - data);

		p = end + 1;
		if (!w->keeps_cr && end > w->at && data[end - 1] == '\r')
			end--;
		if (is_open(w, p))
			return end;
		*found = find_boundary(w, p, end);
		if (*found)
			return end;
	}
	p = w->filled;
	return !w->input_ended && p > w->at && data[p - 1] == '\r' ? p - 1 : p;
}

/* The text of a part or of what is between parts. Returns 1 when there is a piece, 0 when the
 * window has to be filled first. */
static int take_text(struct part_walk *w, struct part_piece *piece)
{
	bool found, content = w->state == STATE_CONTENT;
	size_t end = scan(w, &found);

	if (end > w->at) {
		*piece = (struct part_piece){content ? PART_CONTENT : PART_GLUE,
					     {w->window + w->at, end - w->at}};
		w->mid_line = true;
		w->at = end;
		return 1;
	}
	if (!found && !(w->input_ended && unread(w) == 0))
		return 0;
	w->state = found ? STATE_BOUNDARY : STATE_GLUE;
	*piece = (struct part_piece){.event = PART_END};
	return content ? 1 : 0;
}

/* Content behind which nothing can come: straight from the source, without the window. */
static int take_rest(struct part_walk *w, struct part_piece *piece, struct error *error)
{
	int got = 1;

	while (got > 0 && w->input.len == 0)
		got = w->source(w->context, &w->input, error);
	w->input_ended = got == 0;
	*piece = (struct part_piece){PART_CONTENT, w->input};
	w->input = (struct span){0};
	return got;
}

/* The boundary in the window. It ends every multipart within its own. */
static void take_boundary(struct part_walk *w, struct part_piece *piece)
{
	*piece = (struct part_piece){PART_GLUE, {w->window + w->at, w->found_length}};
	w->at += w->found_length;
	w->mid_line = false;
	w->keeps_cr = false;
	w->depth = w->found + !w->closes;
	w->state = w->closes ? STATE_GLUE : STATE_HEADER;
	w->in_digest = !w->closes && w->boundaries[w->found].is_digest;
	buf_reset(&w->head);
}

static void open_multipart(struct part_walk *w)
{
	struct part_boundary *b = &w->boundaries[w->depth++];

	b->length = w->content.boundary_length;
	memcpy(b->text, w->content.boundary, b->length);
	b->is_digest = w->content.is_digest;
}

/* Why the part's content must stay as it is. */
static enum part_seal seal_of(const struct part_walk *w)
{
	const struct content *c = &w->content;

	if (w->is_first && c->is_sealed)
		return PART_SEAL_DKIM;
	if (c->is_signed)
		return PART_SEAL_SIGNED;
	if (c->is_fixed)
		return PART_SEAL_FIXED;
	if (c->is_multipart && c->boundary_length == 0)
		return PART_SEAL_UNKNOWN;
	if (c->is_multipart && w->depth == PART_DEPTH_MAX)
		return PART_SEAL_DEEP;
	return PART_SEAL_NONE;
}

/* The header is complete: what the part is, and what comes behind. */
static int end_header(struct part_walk *w, struct part_piece *piece, struct error *error)
{
	struct header h;

	if (header_parse(&h, buf_span(&w->head), error))
		return -1;
	content_read(&w->content, &h, w->in_digest);
	header_clear(&h);
	w->mid_line = false;
	w->seal = seal_of(w);
	w->kind = w->seal != PART_SEAL_NONE                                  ? PART_SEALED
		  : w->content.is_multipart                                  ? PART_MULTIPART
		  : w->content.is_rfc822 && content_is_identity(&w->content) ? PART_MESSAGE
									     : PART_LEAF;
	w->keeps_cr =
		w->keeps_cr && w->kind == PART_LEAF && w->content.encoding == CONTENT_BINARY;
	w->state = w->kind == PART_MULTIPART ? STATE_GLUE
		   : w->kind == PART_MESSAGE ? STATE_HEADER
					     : STATE_CONTENT;
	if (w->kind == PART_MULTIPART)
		open_multipart(w);
	w->in_digest = false;
	w->in_message = w->kind == PART_MESSAGE;
	*piece = (struct part_piece){PART_HEADER, buf_span(&w->head)};
	return 1;
}

/* Appends some of a line, its end as LF and each lone CR as a space. */
static void add_normalised(struct buf *out, struct span text)
{
	size_t start = out->len;

	buf_add_span(out, text);
	if (buf_failed(out))
		return;
	if (text.len > 1 && memcmp(text.data + text.len - 2, "\r\n", 2) == 0) {
		buf_truncate(out, out->len - 2);
		buf_add_char(out, '\n');
	}
	for (char *p = out->data + start; p < out->data + out->len; p++)
		if (*p == '\r')
			*p = ' ';
}

/* Whether line, at whose start the window is, is of the header. */
static bool is_header_line(const struct part_walk *w, struct span line)
{
	return header_is_field(line) || (w->head.len > 0 && chars_is(*line.data, CHARS_BLANK));
}

/* Takes a line of the header, or as much of a long one as the window holds. Returns 1 when the
 * header is not over, 0 when it is, -1 with *error. */
static int take_header_line(struct part_walk *w, struct error *error)
{
	const char *lf = memchr(w->window + w->at, '\n', unread(w));
	struct span line = {w->window + w->at, unread(w)};

	if (!lf && !w->input_ended && line.len < WINDOW)
		return fill(w, error) ? -1 : 1;
	if (lf)
		line.len = (size_t)(lf + 1 - line.data);
	else if (line.len > 1 && line.data[line.len - 1] == '\r')
		line.len--;
	if (!w->mid_line) {
		w->has_blank =
			line.len <= 2 && lf && *line.data == (line.len == 1 ? '\n' : '\r');
		w->at += w->has_blank ? line.len : 0;
		w->keeps_cr = w->has_blank && line.len == 1;
		if (w->has_blank || line.len == 0 || find_boundary(w, w->at, w->at) ||
		    !is_header_line(w, line))
			return 0;
	}
	add_normalised(&w->head, line);
	w->at += line.len;
	w->mid_line = !lf;
	if (buf_failed(&w->head))
		return error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
				 "the header of a part of the message is longer than %d bytes",
				 PART_HEADER_MAX);
	return line.len > 0;
}

static int take_header(struct part_walk *w, struct part_piece *piece, struct error *error)
{
	int more;

	buf_reset(&w->head);
	w->has_blank = false;
	w->is_first = !w->has_begun;
	w->is_message = w->is_first || w->in_message;
	w->has_begun = true;
	do {
		if (unread(w) < LOOK && !w->input_ended && fill(w, error))
			return -1;
		more = take_header_line(w, error);
	} while (more > 0);
	return more < 0 ? -1 : end_header(w, piece, error);
}

int part_walk_next(struct part_walk *w, struct part_piece *piece, struct error *error)
{
	for (;;) {
		if (w->state == STATE_CONTENT && w->depth == 0 && unread(w) == 0 &&
		    !w->input_ended) {
			int got = take_rest(w, piece, error);

			if (got != 0)
				return got;
		}
		if (unread(w) < 2 * LOOK && !w->input_ended && fill(w, error))
			return -1;
		if (w->state == STATE_BOUNDARY) {
			take_boundary(w, piece);
			return 1;
		}
		if (w->state == STATE_HEADER)
			return take_header(w, piece, error);
		if (w->state == STATE_GLUE && w->input_ended && unread(w) == 0)
			return 0;
		if (take_text(w, piece))
			return 1;
	}
}
