/* The message on its way out: see body.h. */
#include "smtp/body.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/chars.h"
#include "mail/wireform.h"

enum {
	BODY_BLOCK = 64 * 1024, /* four full TLS records */
	BODY_SLACK = 64,        /* lets the wire form stop a little early */
	BODY_COMMAND = 12,      /* bytes of "BDAT 65524" with its CRLF */
};

/* A message being cut into blocks. */
struct body {
	struct body_source source;
	struct wireform form;
	struct span piece; /* of the source, not yet used */
	char *data;        /* BODY_BLOCK + BODY_SLACK bytes */
	size_t filled;
	bool ended;
};

static int body_init(struct body *b, const struct body_source *source, bool dots,
		     struct error *error)
{
	*b = (struct body){.source = *source};
	wireform_init(&b->form, dots);
	b->data = malloc(BODY_BLOCK + BODY_SLACK);
	return b->data ? 0 : error_set_memory(error);
}

/* Converts, or copies, from *in until it is used up or out is nearly full. Returns the bytes
 * put in out. */
static size_t body_form(const struct body_source *source, struct wireform *form,
			struct span *in, char *out, size_t size)
{
	if (!source->in_wire_form)
		return wireform_feed(form, in, out, size);
	if (size > in->len)
		size = in->len;
	memcpy(out, in->data, size);
	in->data += size;
	in->len -= size;
	return size;
}

/* Fills up to at least size bytes, or to the end of the message. Returns 0 or -1. */
static int body_fill(struct body *b, size_t size, struct error *error)
{
	while (b->filled < size && !b->ended) {
		int more = b->piece.len > 0
				   ? 1
				   : b->source.next(b->source.context, &b->piece, error);

		if (more < 0)
			return -1;
		if (more > 0) {
			b->filled +=
				body_form(&b->source, &b->form, &b->piece, b->data + b->filled,
					  BODY_BLOCK + BODY_SLACK - b->filled);
		} else {
			b->filled += wireform_finish(&b->form, b->data + b->filled);
			b->ended = true;
		}
	}
	return 0;
}

/* Drops what has been sent. */
static void body_drop(struct body *b, size_t len)
{
	b->filled -= len;
	memmove(b->data, b->data + len, b->filled);
}

/* The line under way, as far as it may begin with a verb. */
struct body_line {
	char word[8];
	size_t len;
	bool over; /* it does not */
};

/* Whether a word is a verb that does something (1), may become one (0), or will not (-1). */
static int body_match(const char *word, size_t len)
{
	static const char *const verbs[] = {"MAIL", "RCPT", "EHLO", "HELO",   "AUTH",
					    "BDAT", "DATA", "RSET", "XCLIENT"};
	int found = -1;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]) && found < 1; i++)
		if ((word[0] | 0x20) == (verbs[i][0] | 0x20) &&
		    strncasecmp(word, verbs[i], len) == 0)
			found = verbs[i][len] == '\0';
	return found;
}

/* One byte of a line that may still begin with a verb, behind blanks or not (servers pass over
 * them). Returns whether it does. */
static bool body_look_at(struct body_line *line, char c)
{
	int match;

	if (line->len == 0 && chars_is(c, CHARS_BLANK))
		return false;
	line->word[line->len++] = c;
	match = body_match(line->word, line->len);
	line->over = match < 0;
	return match > 0;
}

/* Looks at some of a message for a line that begins with a verb. */
static bool body_look(struct body_line *line, struct span text)
{
	const char *at = text.data, *end = text.data + text.len;

	while (at < end) {
		if (line->over) {
			at = memchr(at, '\n', (size_t)(end - at));
			if (!at)
				return false;
		}
		if (*at == '\n')
			*line = (struct body_line){0};
		else if (body_look_at(line, *at))
			return true;
		at++;
	}
	return false;
}

bool body_has_verb(struct span message)
{
	struct body_line line = {0};

	return body_look(&line, message);
}

int body_find_verb(const struct body_source *source, struct error *error)
{
	struct body_line line = {0};
	struct span piece = {0};
	int more;

	while ((more = source->next(source->context, &piece, error)) > 0)
		if (body_look(&line, piece))
			return 1;
	return more;
}

int body_load(const struct body_source *source, struct buf *out, struct error *error)
{
	struct wireform form;
	struct span piece = {0};
	int more;

	wireform_init(&form, false);
	while ((more = source->next(source->context, &piece, error)) > 0) {
		while (piece.len > 0) {
			char block[4096];

			buf_add(out, block,
				body_form(source, &form, &piece, block, sizeof(block)));
			if (buf_failed(out))
				return 0;
		}
	}
	if (more == 0) {
		char end[8];

		buf_add(out, end, wireform_finish(&form, end));
	}
	if (more < 0)
		return -1;
	return !buf_failed(out);
}

int body_send_data(struct wire *w, const struct body_source *source, uint64_t size,
		   struct error *error)
{
	struct body b;
	int failed;

	if (body_init(&b, source, true, error))
		return -1;
	failed = wire_data_begin(w, size, error);
	while (!failed && !b.ended) {
		failed = body_fill(&b, BODY_BLOCK, error);
		if (failed || b.filled < BODY_BLOCK)
			continue;
		failed = wire_data(w, b.data, BODY_BLOCK, error);
		body_drop(&b, BODY_BLOCK);
	}
	if (!failed)
		failed = wire_queue(w, b.data, b.filled, error);
	free(b.data);
	return failed;
}

/* One chunk with its command, in one write. */
static int body_send_chunk(struct wire *w, struct wire_slot *slot, enum wire_verb verb,
			   struct span chunk, struct error *error)
{
	if (wire_issue(w, slot, verb, error, "BDAT %zu%s", chunk.len,
		       verb == WIRE_BDAT_LAST ? " LAST" : "") ||
	    wire_queue(w, chunk.data, chunk.len, error))
		return -1;
	return verb == WIRE_BDAT ? wire_flush(w, error) : 0;
}

void body_chunks_init(struct body_chunks *c)
{
	for (size_t n = 0; n < BODY_WINDOW; n++)
		wire_slot_init(&c->slots[n]);
}

void body_chunks_clear(struct body_chunks *c)
{
	for (size_t n = 0; n < BODY_WINDOW; n++)
		wire_slot_clear(&c->slots[n]);
}

const struct reply *body_chunk_refusal(const struct body_chunks *c)
{
	for (size_t n = 0; n < BODY_WINDOW; n++)
		if (!c->slots[n].owed && c->slots[n].reply.code &&
		    c->slots[n].reply.code != 250)
			return &c->slots[n].reply;
	return NULL;
}

int body_send_chunks(struct wire *w, const struct body_source *source, struct body_chunks *c,
		     struct wire_slot *verdict, struct error *error)
{
	const size_t size = BODY_BLOCK - BODY_COMMAND;
	struct body b;
	int result = 0;

	if (body_init(&b, source, false, error))
		return -1;
	for (size_t n = 0; !result; n++) {
		struct wire_slot *slot = &c->slots[n % BODY_WINDOW];

		result = body_fill(&b, BODY_BLOCK, error);
		if (result || b.filled <= size)
			break;
		/* The slot of sixteen chunks ago is wanted again. */
		if (slot->owed)
			result = wire_collect(w, slot, error);
		if (!result)
			result = body_chunk_refusal(c) ? 1 : 0;
		if (!result)
			result = body_send_chunk(w, slot, WIRE_BDAT,
						 (struct span){b.data, size}, error);
		body_drop(&b, size);
	}
	if (!result && c->before_last)
		result = c->before_last(c->before_last_context, error);
	if (!result)
		result = body_send_chunk(w, verdict, WIRE_BDAT_LAST,
					 (struct span){b.data, b.filled}, error);
	free(b.data);
	return result;
}
