/* A message made fit for its relay: see recode.h. Plan and reader turn headers and the text
 * between parts into their new form with the same code; of content the plan only reckons how
 * long it becomes. */
#include "mail/recode.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/quoted_printable.h"
#include "base/text.h"
#include "mail/binary.h"
#include "mail/mend.h"
#include "mail/mime.h"

enum {
	BLOCK = 64 * 1024,
	CANONICAL = 32 * 1024,
	TEXT_MAX = 4 * PART_HEADER_MAX, /* a header with edits */
	CHARSET_SHIFT = 3               /* in the plan's byte, above the choice */
};

/* What a plan says of a leaf. */
struct verdict {
	enum weigh_choice choice;
	enum weigh_charset charset;
};

static int next_of_message(void *context, struct span *piece, struct error *error)
{
	return message_reader_next(context, piece, error);
}

static bool has_long_line(struct span text)
{
	struct measure m = {0};

	measure_feed(&m, text);
	measure_finish(&m);
	return m.longest_line > 0;
}

/* Whether the header says that the content is binary, or has a line that is too long. */
static bool header_needs(const struct header *h)
{
	struct content content;
	bool found;

	content_read(&content, h, false);
	found = content.encoding == CONTENT_BINARY;
	for (size_t i = 0; i < h->count && !found; i++) {
		const struct header_field *f = &h->fields[i];

		found = !f->dropped &&
			has_long_line(f->replacement ? span_of(f->replacement) : f->raw);
	}
	for (size_t i = 0; i < h->added.count && !found; i++)
		found = has_long_line(span_of(h->added.items[i]));
	return found;
}

unsigned recode_needs(const struct message *m, bool takes_8bit)
{
	const struct message_facts *facts = message_facts(m);
	unsigned forbidden = WEIGH_LINES | WEIGH_BYTES | (takes_8bit ? 0 : WEIGH_8BIT);

	if ((facts->has_8bit_body && !takes_8bit) || facts->longest_line > 0 ||
	    facts->has_lone_cr || facts->has_nul || header_needs(message_header_view(m)) ||
	    binary_is_said(m))
		return forbidden;
	return 0;
}

unsigned recode_needs_kept(const struct message *m)
{
	return message_facts(m)->has_nul || binary_is_said(m) ? WEIGH_BYTES : 0;
}

/* The part is not gone into, and its content has an encoding. */
static bool is_leaf(const struct part_walk *w)
{
	return w->kind == PART_LEAF;
}

/* Replaces the first field of this name, drops the others, or adds it. */
static int set_field(struct header *h, enum header_id id, const char *name, const char *body)
{
	struct header_field *f = header_find(h, id);
	char *replacement;

	if (!f)
		return header_add(h, name, body);
	if (asprintf(&replacement, "%s: %s\n", name, body) < 0)
		return -1;
	header_drop(h, id);
	f->dropped = false;
	free(f->replacement);
	f->replacement = replacement;
	return 0;
}

/* The Content-Transfer-Encoding that a part has to get, NULL: it keeps its own. A multipart or
 * message is said to be no more than what its parts are now. */
static const char *encoding_for(const struct recode *r, const struct part_walk *w,
				enum weigh_choice choice)
{
	enum content_encoding encoding = w->content.encoding;

	if (choice == WEIGH_QUOTED_PRINTABLE)
		return "quoted-printable";
	if (choice == WEIGH_BASE64_TEXT || choice == WEIGH_BASE64_BYTES)
		return "base64";
	if (w->kind == PART_SEALED)
		return choice == WEIGH_BINARY_TEXT && encoding != CONTENT_BINARY ? "binary"
										 : NULL;
	if (is_leaf(w) || r->is_binary)
		return NULL;
	if (encoding != CONTENT_8BIT && encoding != CONTENT_BINARY)
		return NULL;
	if (r->forbidden & WEIGH_8BIT)
		return "7bit";
	return encoding == CONTENT_BINARY ? "8bit" : NULL;
}

static int edit_fields(const struct part_walk *w, struct verdict v, const char *encoding,
		       struct header *h)
{
	static const char *const types[] = {
		[WEIGH_ASCII] = "text/plain; charset=us-ascii",
		[WEIGH_UTF8] = "text/plain; charset=utf-8",
		[WEIGH_UNKNOWN] = "text/plain; charset=unknown-8bit",
	};

	if (!encoding)
		return 0;
	if (w->is_message && !w->content.has_version && header_add(h, "MIME-Version", "1.0"))
		return -1;
	if (!w->content.has_type && is_leaf(w) && w->content.is_text &&
	    header_add(h, "Content-Type", types[v.charset]))
		return -1;
	return set_field(h, HEADER_CONTENT_TRANSFER_ENCODING, "Content-Transfer-Encoding",
			 encoding);
}

/* Appends the header's fields with edits to out. */
static int edit_head(const struct part_walk *w, struct verdict v, const char *encoding,
		     struct buf *out, struct error *error)
{
	struct mend mend = {.bytes = true};
	struct buf clean; /* fields are strings, so NULs go first */
	struct header h;
	int failed;

	buf_init(&clean, PART_HEADER_MAX);
	mend_text(&mend, buf_span(&w->head), &clean);
	if (buf_failed(&clean) || header_parse(&h, buf_span(&clean), error)) {
		buf_clear(&clean);
		return error_set_memory(error);
	}
	failed = edit_fields(w, v, encoding, &h);
	if (!failed && !w->is_first)
		failed = mime_encode_header(&h, error);
	if (!failed)
		header_render(&h, out);
	header_clear(&h);
	buf_clear(&clean);
	return failed || buf_failed(out) ? error_set_memory(error) : 0;
}

static struct mend mend_for(const struct recode *r)
{
	return (struct mend){
		.fold = r->forbidden & WEIGH_LINES,
		.seven = r->forbidden & WEIGH_8BIT,
		.bytes = r->forbidden & WEIGH_BYTES,
	};
}

/* The part's header in its new form, with the blank line, into out. */
static int render_head(const struct recode *r, const struct part_walk *w, struct verdict v,
		       struct buf *out, struct error *error)
{
	const char *encoding = encoding_for(r, w, v.choice);
	struct span head = buf_span(&w->head);
	struct mend mend = mend_for(r);
	bool encodes = mend.seven && !w->is_first && text_is_8bit(head);
	struct buf edited;
	int result = 0;

	buf_reset(out);
	buf_init(&edited, TEXT_MAX);
	if (encoding || encodes) {
		result = edit_head(w, v, encoding, &edited, error);
		head = buf_span(&edited);
	}
	if (w->is_first)
		mend.seven = false;
	if (w->seal == PART_SEAL_DKIM)
		buf_add_span(out, head);
	else
		mend_text(&mend, head, out);
	/* What follows a message/rfc822's header may get fields that it had not. */
	if (w->has_blank || encoding || w->kind == PART_MESSAGE)
		buf_add_char(out, '\n');
	buf_clear(&edited);
	return result || buf_failed(out) ? result ? result : error_set_memory(error) : 0;
}

/* A plan while it is made. */
struct planning {
	struct recode *r;
	struct part_walk walk;
	struct weigh weigh;
	struct measure rest; /* of what is not content */
	struct mend mend;    /* for glue */
	struct buf text;
	bool open;         /* what was seen last does not end with a line end */
	bool needs_binary; /* something was seen that is why a message goes as BINARYMIME */
};

static void plan_text(struct planning *p)
{
	measure_feed(&p->rest, buf_span(&p->text));
	p->open = p->rest.line > 0 || p->rest.last == '\r';
}

static const char *seal_reason(enum part_seal seal)
{
	switch (seal) {
	case PART_SEAL_DKIM: return "the message has a DKIM-Signature";
	case PART_SEAL_SIGNED: return "a part of the message is signed";
	case PART_SEAL_FIXED: return "a partial or external message must not be encoded";
	case PART_SEAL_UNKNOWN: return "a multipart has no boundary that can be used";
	case PART_SEAL_DEEP: return "the message has too many multiparts within each other";
	case PART_SEAL_NONE: break;
	}
	return "a part must not be encoded";
}

/* Whether a part that must not be changed goes as binary: where it has to, and says that it is,
 * or can be made to say it outside of what is signed. */
static bool goes_as_binary(const struct planning *p)
{
	const struct measure *m = &p->weigh.measure;
	bool said = p->walk.content.encoding == CONTENT_BINARY;

	if (!p->r->is_binary || p->walk.seal == PART_SEAL_FIXED ||
	    p->r->choices.len >= p->r->choices.max)
		return false;
	return (said && m->longest_line > 0) ||
	       ((said || p->walk.seal == PART_SEAL_SIGNED) && (m->has_nul || m->has_lone_cr));
}

/* The end of a part that must not be changed. */
static int plan_sealed(struct planning *p, unsigned troubles, enum weigh_choice *choice,
		       struct error *error)
{
	const char *reason = seal_reason(p->walk.seal);

	if (goes_as_binary(p)) {
		*choice = WEIGH_BINARY_TEXT;
		p->needs_binary = true;
		return 0;
	}
	if (p->weigh.measure.has_nul || p->weigh.measure.has_lone_cr)
		return error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
				 "%s, so the %s in it cannot be encoded, and no relay takes it",
				 reason, p->weigh.measure.has_nul ? "NUL" : "lone CR");
	troubles &= ~(unsigned)WEIGH_BYTES;
	if (troubles)
		snprintf(p->r->warning, sizeof(p->r->warning),
			 "%s, so its %s as they are, and the relay may refuse them", reason,
			 troubles == WEIGH_8BIT    ? "8-bit bytes go"
			 : troubles == WEIGH_LINES ? "lines over 998 bytes go"
						   : "8-bit bytes and lines over 998 bytes go");
	return 0;
}

/* What becomes of a leaf that is encoded unseen. */
static enum weigh_choice choose_unseen(const struct recode *r, const struct content *c)
{
	bool is_text = c->is_text && !c->is_wide;

	if (c->encoding == CONTENT_BASE64)
		return WEIGH_MEND_BASE64;
	if (c->encoding == CONTENT_QUOTED_PRINTABLE)
		return WEIGH_MEND_QUOTED_PRINTABLE;
	if (r->is_binary && c->encoding == CONTENT_BINARY)
		return is_text ? WEIGH_BINARY_TEXT : WEIGH_BINARY_BYTES;
	return is_text ? WEIGH_BASE64_TEXT : WEIGH_BASE64_BYTES;
}

/* The end of a leaf. */
static enum weigh_choice plan_leaf(struct planning *p, unsigned troubles)
{
	const struct content *content = &p->walk.content;
	enum weigh_choice choice;

	if (p->r->choices.len >= p->r->choices.max)
		return choose_unseen(p->r, content);
	if (!p->r->is_binary || content->encoding != CONTENT_BINARY)
		return weigh_choose(&p->weigh, content, troubles);
	choice = weigh_choose_binary(&p->weigh, content);
	p->needs_binary |= weigh_needs_binary(&p->weigh, choice);
	return choice;
}

/* The end of a leaf or sealed part: what becomes of it, and what that comes to. */
static int plan_end(struct planning *p, struct error *error)
{
	struct recode *r = p->r;
	struct weigh *w = &p->weigh;
	unsigned troubles = weigh_troubles(w, &p->walk.content, r->forbidden);
	struct verdict v = {WEIGH_KEEP, weigh_charset(w)};

	if (is_leaf(&p->walk))
		v.choice = plan_leaf(p, troubles);
	else if (plan_sealed(p, troubles, &v.choice, error))
		return -1;
	if (r->choices.len < r->choices.max)
		buf_add_char(&r->choices, (char)(v.choice | v.charset << CHARSET_SHIFT));
	if (buf_failed(&r->choices))
		return error_set_memory(error);
	if (render_head(r, &p->walk, v, &p->text, error))
		return -1;
	plan_text(p);
	r->size += weigh_size(w, v.choice);
	if (w->bytes > 0)
		p->open = v.choice == WEIGH_BASE64_TEXT || v.choice == WEIGH_BASE64_BYTES ||
			  (w->open && v.choice != WEIGH_BINARY_BYTES);
	return 0;
}

static int plan_piece(struct planning *p, const struct part_piece *piece, struct error *error)
{
	switch (piece->event) {
	case PART_CONTENT: weigh_feed(&p->weigh, piece->text); return 0;
	case PART_END: return plan_end(p, error);
	case PART_HEADER:
		p->mend.column = 0;
		p->weigh = (struct weigh){.wants_charset = !p->walk.content.has_type};
		if (is_leaf(&p->walk) || p->walk.kind == PART_SEALED)
			return 0;
		if (render_head(p->r, &p->walk, (struct verdict){0}, &p->text, error))
			return -1;
		break;
	case PART_GLUE:
		buf_reset(&p->text);
		mend_text(&p->mend, piece->text, &p->text);
		if (buf_failed(&p->text))
			return error_set_memory(error);
		break;
	}
	plan_text(p);
	return 0;
}

static int plan_run(struct planning *p, struct error *error)
{
	struct part_piece piece;
	int more;

	while ((more = part_walk_next(&p->walk, &piece, error)) > 0)
		if (plan_piece(p, &piece, error))
			return -1;
	p->r->size += p->rest.size + (p->open ? 2 : 0);
	return more;
}

/* A plan from the terms in *r. */
static int plan_make(struct recode *r, struct error *error)
{
	struct planning p = {.r = r};
	struct message_reader in;
	int result = -1;

	buf_init(&r->choices, RECODE_PARTS_MAX);
	buf_init(&p.text, TEXT_MAX);
	p.mend = mend_for(r);
	if (message_reader_init(&in, r->message, error))
		return -1;
	if (part_walk_init(&p.walk, next_of_message, &in, error) == 0)
		result = plan_run(&p, error);
	part_walk_clear(&p.walk);
	message_reader_clear(&in);
	buf_clear(&p.text);
	if (result < 0)
		return -1;
	return p.needs_binary;
}

/* As BINARYMIME the message may hold 8-bit bytes everywhere. */
int recode_plan(struct recode *r, const struct message *m, unsigned forbidden,
		bool takes_binary, struct error *error)
{
	int result = 0;

	*r = (struct recode){.message = m, .forbidden = forbidden & ~(unsigned)WEIGH_8BIT};
	r->is_binary = takes_binary;
	if (takes_binary)
		result = plan_make(r, error);
	if (result)
		return result < 0 ? -1 : 0;
	recode_clear(r);
	*r = (struct recode){.message = m, .forbidden = forbidden};
	return plan_make(r, error);
}

void recode_clear(struct recode *r)
{
	buf_clear(&r->choices);
}

struct recode_reader {
	const struct recode *recode;
	struct message_reader in;
	struct part_walk walk;
	struct verdict verdict; /* on the part under way */
	size_t noted;           /* leaves and sealed parts begun */
	bool in_content;        /* the piece given last is content */
	struct mend mend;       /* for glue */
	struct buf text;        /* a header or glue in its new form */
	struct span pending;    /* content that is not encoded yet */
	struct quoted_printable quoted;
	struct base64_stream base64;
	size_t column; /* of mended base64 */
	bool after_cr; /* of the content made canonical so far */
	char out[BLOCK];
	char canonical[CANONICAL];
};

struct recode_reader *recode_reader_new(const struct recode *r, struct error *error)
{
	struct recode_reader *reader = malloc(sizeof(*reader));

	if (!reader) {
		error_set_memory(error);
		return NULL;
	}
	memset(reader, 0, offsetof(struct recode_reader, out));
	reader->recode = r;
	reader->mend = mend_for(r);
	buf_init(&reader->text, TEXT_MAX);
	if (message_reader_init(&reader->in, r->message, error) == 0 &&
	    part_walk_init(&reader->walk, next_of_message, &reader->in, error) == 0)
		return reader;
	recode_reader_free(reader);
	return NULL;
}

void recode_reader_free(struct recode_reader *reader)
{
	if (!reader)
		return;
	part_walk_clear(&reader->walk);
	message_reader_clear(&reader->in);
	buf_clear(&reader->text);
	free(reader);
}

/* What the plan says of the part whose header has come. One behind its end is encoded unseen.
 */
static struct verdict verdict_on_part(struct recode_reader *reader)
{
	const struct buf *choices = &reader->recode->choices;
	size_t i = reader->noted++;

	if (i < choices->len)
		return (struct verdict){
			(enum weigh_choice)(choices->data[i] & ((1 << CHARSET_SHIFT) - 1)),
			(enum weigh_charset)(choices->data[i] >> CHARSET_SHIFT),
		};
	if (!is_leaf(&reader->walk))
		return (struct verdict){0};
	return (struct verdict){choose_unseen(reader->recode, &reader->walk.content),
				WEIGH_UNKNOWN};
}

static int begin_part(struct recode_reader *reader, struct error *error)
{
	reader->verdict = (struct verdict){0};
	if (is_leaf(&reader->walk) || reader->walk.kind == PART_SEALED)
		reader->verdict = verdict_on_part(reader);
	quoted_printable_init(&reader->quoted,
			      reader->verdict.choice == WEIGH_MEND_QUOTED_PRINTABLE);
	reader->base64 = (struct base64_stream){0};
	reader->column = 0;
	reader->after_cr = false;
	reader->mend.column = 0;
	return render_head(reader->recode, &reader->walk, reader->verdict, &reader->text,
			   error);
}

/* Moves some of the pending content to the room for canonical text, where LF and CRLF are CRLF.
 */
static struct span make_canonical(struct recode_reader *reader)
{
	struct span *in = &reader->pending;
	char *o = reader->canonical, *end = o + CANONICAL - 2;

	while (in->len > 0 && o < end) {
		size_t room = (size_t)(end - o), run = in->len < room ? in->len : room;
		const char *lf = memchr(in->data, '\n', run);

		if (lf)
			run = (size_t)(lf - in->data);
		memcpy(o, in->data, run);
		o += run;
		if (run > 0)
			reader->after_cr = in->data[run - 1] == '\r';
		if (lf && !reader->after_cr)
			*o++ = '\r';
		if (lf)
			*o++ = '\n';
		if (lf)
			reader->after_cr = false;
		in->data += run + (lf != NULL);
		in->len -= run + (lf != NULL);
	}
	return (struct span){reader->canonical, (size_t)(o - reader->canonical)};
}

/* Encodes some of the pending content into out. Returns how much of out, which may be none. */
static size_t encode_some(struct recode_reader *reader)
{
	struct span text;

	switch (reader->verdict.choice) {
	case WEIGH_KEEP:
	case WEIGH_BINARY_TEXT:
	case WEIGH_BINARY_BYTES: break;
	case WEIGH_QUOTED_PRINTABLE:
	case WEIGH_MEND_QUOTED_PRINTABLE:
		return quoted_printable_feed(&reader->quoted, &reader->pending, reader->out,
					     BLOCK);
	case WEIGH_BASE64_BYTES:
		return base64_stream_feed(&reader->base64, &reader->pending, reader->out,
					  BLOCK);
	case WEIGH_BASE64_TEXT:
		text = make_canonical(reader);
		return base64_stream_feed(&reader->base64, &text, reader->out, BLOCK);
	case WEIGH_MEND_BASE64:
		return mend_base64(&reader->column, &reader->pending, reader->out, BLOCK);
	}
	return 0;
}

/* The next of the pending content in its new form, which may be nothing yet. */
static struct span convert_some(struct recode_reader *reader)
{
	if (reader->verdict.choice == WEIGH_BINARY_TEXT)
		return make_canonical(reader);
	return (struct span){reader->out, encode_some(reader)};
}

/* The end of a part's content: what the encoder held back. */
static size_t end_part(struct recode_reader *reader)
{
	switch (reader->verdict.choice) {
	case WEIGH_QUOTED_PRINTABLE:
	case WEIGH_MEND_QUOTED_PRINTABLE:
		return quoted_printable_finish(&reader->quoted, reader->out);
	case WEIGH_BASE64_BYTES:
	case WEIGH_BASE64_TEXT: return base64_stream_finish(&reader->base64, reader->out);
	default: return 0;
	}
}

/* A piece of the walk. Gives out what can be given out at once; encoded content waits in
 * pending. Returns 0, or -1 with *error. */
static int take_piece(struct recode_reader *reader, const struct part_piece *in,
		      struct span *piece, struct error *error)
{
	*piece = (struct span){0};
	reader->in_content = in->event == PART_CONTENT;
	switch (in->event) {
	case PART_HEADER:
		if (begin_part(reader, error))
			return -1;
		*piece = buf_span(&reader->text);
		break;
	case PART_CONTENT:
		if (reader->verdict.choice == WEIGH_KEEP ||
		    reader->verdict.choice == WEIGH_BINARY_BYTES)
			*piece = in->text;
		else
			reader->pending = in->text;
		break;
	case PART_END: *piece = (struct span){reader->out, end_part(reader)}; break;
	case PART_GLUE:
		buf_reset(&reader->text);
		mend_text(&reader->mend, in->text, &reader->text);
		*piece = buf_span(&reader->text);
		return buf_failed(&reader->text) ? error_set_memory(error) : 0;
	}
	return 0;
}

enum weigh_choice recode_reader_form(const struct recode_reader *reader)
{
	bool is_binary = reader->verdict.choice == WEIGH_BINARY_TEXT ||
			 reader->verdict.choice == WEIGH_BINARY_BYTES;

	return reader->in_content && is_binary ? reader->verdict.choice : WEIGH_KEEP;
}

int recode_reader_next(struct recode_reader *reader, struct span *piece, struct error *error)
{
	struct part_piece in;
	int more;

	*piece = (struct span){0};
	for (;;) {
		while (reader->pending.len > 0) {
			*piece = convert_some(reader);
			if (piece->len > 0)
				return 1;
		}
		more = part_walk_next(&reader->walk, &in, error);
		if (more <= 0)
			return more;
		if (take_piece(reader, &in, piece, error))
			return -1;
		if (piece->len > 0)
			return 1;
	}
}
