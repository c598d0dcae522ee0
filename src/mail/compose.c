/* A message made of its parts: see compose.h. */
#include "mail/compose.h"

#include <stdlib.h>
#include <string.h>

enum {
	HEAD_MAX = MESSAGE_HEADER_MAX,
	RANDOM = 24,
	BOUNDARY_MAX = 32,
	LETTERS = 62 /* so many to choose from: 142 bits in all */
};

/* A message in the making. */
struct making {
	const struct compose *compose;
	struct assembly body;
	struct buf head;  /* the fields of the message */
	struct buf piece; /* what is written and not yet in body */
	size_t shown;     /* files that the HTML shows */
	struct error *error;
};

static void choose_boundary(char boundary[BOUNDARY_MAX])
{
	static const char letters[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	memcpy(boundary, "=_", 2);
	for (int i = 0; i < RANDOM; i++)
		boundary[2 + i] = letters[arc4random_uniform(LETTERS)];
	boundary[2 + RANDOM] = '\0';
}

/* Puts what was written into the body, before content that comes by itself. */
static int flush(struct making *m)
{
	int failed = buf_failed(&m->piece) ? error_set_memory(m->error) : 0;

	if (!failed && m->piece.len > 0)
		failed = assembly_add_text(&m->body, buf_span(&m->piece), m->error);
	buf_reset(&m->piece);
	return failed;
}

/* The fields of a part are over. Those of the message itself are the header's. */
static void end_fields(struct making *m, const struct buf *fields)
{
	if (fields == &m->piece)
		buf_add_char(&m->piece, '\n');
}

/* The end of a part's content, and what divides it from the next. */
static void divide(struct making *m, const char *boundary, bool first)
{
	buf_printf(&m->piece, "%s--%s\n", first ? "" : "\n", boundary);
}

static void close_parts(struct making *m, const char *boundary)
{
	buf_printf(&m->piece, "\n--%s--\n", boundary);
}

static int write_text(struct making *m, struct buf *fields, struct textual *text,
		      const char *type)
{
	buf_printf(fields, "Content-Type: %s; charset=%s%s\nContent-Transfer-Encoding: %s\n",
		   type, text->charset, text->form == TEXTUAL_FLOWED ? "; format=flowed" : "",
		   textual_encoding(text));
	end_fields(m, fields);
	return flush(m) || textual_write(text, &m->body, m->error) ? -1 : 0;
}

static int write_file(struct making *m, struct attachment *file)
{
	attachment_fields(file, &m->piece);
	end_fields(m, &m->piece);
	return flush(m) || attachment_write(file, &m->body, m->error) ? -1 : 0;
}

/* The HTML, with what it shows. */
static int write_html(struct making *m, struct buf *fields)
{
	const struct compose *c = m->compose;
	char boundary[BOUNDARY_MAX];

	if (m->shown == 0)
		return write_text(m, fields, c->html, "text/html");
	choose_boundary(boundary);
	buf_printf(fields,
		   "Content-Type: multipart/related; type=\"text/html\";\n\tboundary=\"%s\"\n",
		   boundary);
	end_fields(m, fields);
	divide(m, boundary, true);
	if (write_text(m, &m->piece, c->html, "text/html"))
		return -1;
	for (size_t i = 0; i < c->count; i++) {
		if (!c->files[i].is_inline)
			continue;
		divide(m, boundary, false);
		if (write_file(m, &c->files[i]))
			return -1;
	}
	close_parts(m, boundary);
	return 0;
}

/* What is to be read: text, HTML, or both. */
static int write_content(struct making *m, struct buf *fields)
{
	const struct compose *c = m->compose;
	char boundary[BOUNDARY_MAX];

	if (!c->html)
		return write_text(m, fields, c->text, "text/plain");
	if (!c->text)
		return write_html(m, fields);
	choose_boundary(boundary);
	buf_printf(fields, "Content-Type: multipart/alternative;\n\tboundary=\"%s\"\n",
		   boundary);
	end_fields(m, fields);
	divide(m, boundary, true);
	if (write_text(m, &m->piece, c->text, "text/plain"))
		return -1;
	divide(m, boundary, false);
	if (write_html(m, &m->piece))
		return -1;
	close_parts(m, boundary);
	return 0;
}

/* The encoding of a multipart is that of its most demanding part, or none (RFC 2045 section
 * 6.4). */
static const char *mixed_encoding(const struct compose *c)
{
	const char *encoding = NULL;

	for (size_t i = 0; i < c->count; i++) {
		const char *one = c->files[i].encoding;

		if (strcmp(one, "binary") == 0 || (strcmp(one, "8bit") == 0 && !encoding))
			encoding = one;
	}
	return encoding;
}

/* Content, and the files that go with it. */
static int write_mixed(struct making *m)
{
	const struct compose *c = m->compose;
	const char *encoding = mixed_encoding(c);
	char boundary[BOUNDARY_MAX];
	bool first = !c->text && !c->html;

	choose_boundary(boundary);
	buf_printf(&m->head, "Content-Type: multipart/mixed;\n\tboundary=\"%s\"\n", boundary);
	if (encoding)
		buf_printf(&m->head, "Content-Transfer-Encoding: %s\n", encoding);
	if (!first) {
		divide(m, boundary, true);
		if (write_content(m, &m->piece))
			return -1;
	}
	for (size_t i = 0; i < c->count; i++) {
		if (c->files[i].is_inline && c->html)
			continue;
		divide(m, boundary, first);
		first = false;
		if (write_file(m, &c->files[i]))
			return -1;
	}
	close_parts(m, boundary);
	return 0;
}

static int write_all(struct making *m)
{
	const struct compose *c = m->compose;

	for (size_t i = 0; i < c->count; i++)
		m->shown += c->files[i].is_inline && c->html;
	buf_add_span(&m->head, c->fields);
	buf_add_string(&m->head, "MIME-Version: 1.0\n");
	if (c->count > m->shown ? write_mixed(m) : write_content(m, &m->head))
		return -1;
	return flush(m);
}

struct message *compose_message(const struct compose *c, struct error *error)
{
	struct making m = {.compose = c, .error = error};
	struct message *message = NULL;

	buf_init(&m.head, HEAD_MAX);
	buf_init(&m.piece, HEAD_MAX);
	if (write_all(&m) == 0) {
		if (buf_failed(&m.head))
			error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
				  "the header of the message is longer than %d bytes",
				  HEAD_MAX);
		else
			message = message_make(buf_span(&m.head), &m.body, error);
	}
	assembly_clear(&m.body);
	buf_clear(&m.head);
	buf_clear(&m.piece);
	return message;
}
