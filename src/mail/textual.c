/* A text on its way into a part: see textual.h. */
#include "mail/textual.h"

#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/quoted_printable.h"
#include "mail/wireform.h"

enum {
	MEMORY = 256 * 1024,
	BLOCK = 64 * 1024,
	FLOWED_LINE = 76,
	SHORT = 96 /* text so short stays legible, whatever it takes */
};

void textual_init(struct textual *t, const char *directory)
{
	*t = (struct textual){.is_blank = true, .is_prose = true, .last = '\n'};
	stash_init(&t->text, MEMORY, directory);
}

void textual_clear(struct textual *t)
{
	stash_clear(&t->text);
}

/* The line is over. */
static void end_line(struct textual *t)
{
	bool is_long = t->line > TEXTUAL_LINE_MAX;

	t->has_blank_end |= chars_is(t->last, CHARS_BLANK);
	t->has_long |= is_long;
	t->has_other |= is_long && (!t->is_prose || t->line > TEXTUAL_PROSE_MAX ||
				    t->word > TEXTUAL_WORD_MAX);
	t->line = 0;
	t->word = 0;
	t->is_prose = true;
}

/* Prose is words with one blank between, and begins with one. */
static void look_at(struct textual *t, char c)
{
	bool blank = chars_is(c, CHARS_BLANK);

	if (blank && (t->line == 0 || chars_is(t->last, CHARS_BLANK) || c == '\t'))
		t->is_prose = false;
	if (c == '>' && t->line == 0)
		t->is_prose = false;
	t->word = blank ? 0 : t->word + 1;
	if (t->word > TEXTUAL_WORD_MAX)
		t->is_prose = false;
	t->has_control |= chars_is(c, CHARS_CONTROL) && c != '\t';
	t->escapes += !chars_is(c, CHARS_GRAPHIC | CHARS_BLANK) || c == '=';
	t->is_blank &= blank;
	t->line++;
}

int textual_feed(struct textual *t, struct span bytes, struct error *error)
{
	measure_feed(&t->measure, bytes);
	text_utf8_feed(&t->utf8, bytes);
	for (size_t i = 0; i < bytes.len; i++) {
		char c = bytes.data[i];

		/* The CR of a CRLF is no character; a lone one is found by the measure. */
		if (c == '\r')
			continue;
		if (c == '\n')
			end_line(t);
		else
			look_at(t, c);
		t->last = c;
	}
	return stash_add(&t->text, bytes, error);
}

/* 1: all of the text is of the charset, 0: it is not, or nobody knows the charset; -1 with
 * *error. */
static int is_of(const struct textual *t, const char *name, struct error *error)
{
	struct charset c;
	struct span piece;
	uint64_t offset = 0;
	char *block;
	int got = 0, bad = 0;

	if (charset_is_utf8(name))
		return !t->utf8.bad && t->utf8.left == 0;
	if (charset_is_ascii(name) || charset_open(&c, name))
		return 0;
	block = malloc(BLOCK);
	if (!block)
		got = error_set_memory(error);
	while (got == 0 && !bad &&
	       (got = stash_read(&t->text, offset, block, BLOCK, &piece, error)) > 0) {
		bad = charset_feed(&c, piece, NULL);
		offset += piece.len;
		got = 0;
	}
	bad = bad || charset_finish(&c);
	charset_close(&c);
	free(block);
	return got < 0 ? -1 : !bad;
}

static void set_charset(struct textual *t, const char *name)
{
	strlcpy(t->charset,
		charset_is_ascii(name)  ? "us-ascii"
		: charset_is_utf8(name) ? "utf-8"
					: name,
		sizeof(t->charset));
	for (char *c = t->charset; *c; c++)
		*c = chars_lower(*c);
}

/* For text that is not all ASCII. */
static int choose_charset(struct textual *t, const struct textual_charsets *charsets,
			  struct error *error)
{
	const char *const names[] = {charsets->said, charsets->likely, "utf-8"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int fits = names[i] ? is_of(t, names[i], error) : 0;

		if (fits < 0)
			return -1;
		if (fits) {
			set_charset(t, names[i]);
			return 0;
		}
		if (i == 0 && names[i])
			return error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
					 "the text is not %s: say which charset it is in, or "
					 "nothing, and it is said to be unknown",
					 TEXT_SHOW(span_of(names[i])));
	}
	set_charset(t, "unknown-8bit");
	return 0;
}

static enum textual_form choose_form(const struct textual *t, bool flows)
{
	const struct measure *m = &t->measure;
	bool needs = m->has_8bit || t->has_blank_end || t->has_control || t->has_other ||
		     (t->has_long && !flows);

	if (m->has_nul || m->has_lone_cr)
		return TEXTUAL_BASE64_BYTES;
	if (!needs)
		return t->has_long ? TEXTUAL_FLOWED : TEXTUAL_PLAIN;
	return t->escapes * 4 <= t->text.length + SHORT ? TEXTUAL_QUOTED_PRINTABLE
							: TEXTUAL_BASE64;
}

int textual_settle(struct textual *t, const struct textual_charsets *charsets, bool flows,
		   struct error *error)
{
	if (t->line > 0)
		end_line(t);
	measure_finish(&t->measure);
	t->form = choose_form(t, flows);
	if (t->measure.has_8bit)
		return choose_charset(t, charsets, error);
	set_charset(t, charsets->said ? charsets->said : "us-ascii");
	return 0;
}

const char *textual_encoding(const struct textual *t)
{
	switch (t->form) {
	case TEXTUAL_PLAIN:
	case TEXTUAL_FLOWED: break;
	case TEXTUAL_QUOTED_PRINTABLE: return "quoted-printable";
	case TEXTUAL_BASE64:
	case TEXTUAL_BASE64_BYTES: return "base64";
	}
	return "7bit";
}

/* A text while it is given its form. */
struct encoding {
	struct stash out;
	enum textual_form form;
	struct quoted_printable printable;
	struct wireform wire;
	struct buf line; /* of prose, until it is whole */
	char block[BLOCK];
	char in[BLOCK];
};

static int put(struct encoding *e, const char *data, size_t len, struct error *error)
{
	return len > 0 ? stash_add(&e->out, (struct span){data, len}, error) : 0;
}

/* Where a line that does not fit is broken: behind a blank. */
static size_t break_at(struct span line)
{
	size_t at = FLOWED_LINE;

	if (line.len <= TEXTUAL_LINE_MAX)
		return line.len;
	while (at > 0 && line.data[at - 1] != ' ')
		at--;
	return at > 0 ? at : line.len;
}

/* RFC 3676 section 4.4: a line that might be taken for something else gets a blank in front. */
static bool needs_stuffing(struct span line)
{
	return line.len > 0 && (*line.data == ' ' || *line.data == '>' ||
				(line.len >= 5 && memcmp(line.data, "From ", 5) == 0));
}

/* A whole line of a text whose long lines are prose, without its end. */
static int flow_line(struct encoding *e, struct span line, struct error *error)
{
	do {
		size_t len = break_at(line);

		if (needs_stuffing(line) && put(e, " ", 1, error))
			return -1;
		if (put(e, line.data, len, error) || put(e, "\n", 1, error))
			return -1;
		line.data += len;
		line.len -= len;
	} while (line.len > 0);
	return 0;
}

/* Cuts the text into lines. */
static int flow(struct encoding *e, struct span piece, struct error *error)
{
	while (piece.len > 0) {
		const char *lf = memchr(piece.data, '\n', piece.len);
		size_t len = lf ? (size_t)(lf - piece.data) : piece.len;

		buf_add(&e->line, piece.data, len);
		if (buf_failed(&e->line))
			return error_set_memory(error);
		if (!lf)
			return 0;
		if (e->line.len > 0 && e->line.data[e->line.len - 1] == '\r')
			buf_truncate(&e->line, e->line.len - 1);
		if (flow_line(e, buf_span(&e->line), error))
			return -1;
		buf_reset(&e->line);
		piece.data += len + 1;
		piece.len -= len + 1;
	}
	return 0;
}

static int encode(struct encoding *e, struct span piece, struct error *error)
{
	if (e->form == TEXTUAL_FLOWED)
		return flow(e, piece, error);
	while (piece.len > 0) {
		size_t len =
			e->form == TEXTUAL_QUOTED_PRINTABLE
				? quoted_printable_feed(&e->printable, &piece, e->block,
							sizeof(e->block))
				: wireform_feed(&e->wire, &piece, e->block, sizeof(e->block));

		if (put(e, e->block, len, error))
			return -1;
	}
	return 0;
}

static int encode_end(struct encoding *e, struct error *error)
{
	size_t len = 0;

	if (e->form == TEXTUAL_QUOTED_PRINTABLE)
		len = quoted_printable_finish(&e->printable, e->block);
	else if (e->form == TEXTUAL_BASE64)
		len = wireform_finish(&e->wire, e->block);
	return put(e, e->block, len, error);
}

/* Makes the form of the text in e->out. */
static int encode_all(const struct textual *t, struct encoding *e, struct error *error)
{
	uint64_t offset = 0;
	struct span piece;
	int got;

	while ((got = stash_read(&t->text, offset, e->in, sizeof(e->in), &piece, error)) > 0) {
		offset += piece.len;
		if (encode(e, piece, error))
			return -1;
	}
	return got < 0 ? -1 : encode_end(e, error);
}

static int write_encoded(struct textual *t, struct assembly *a, struct error *error)
{
	struct encoding *e = malloc(sizeof(*e));
	int failed;

	if (!e)
		return error_set_memory(error);
	e->form = t->form;
	stash_init(&e->out, MEMORY, t->text.directory);
	buf_init(&e->line, TEXTUAL_PROSE_MAX + 2);
	quoted_printable_init(&e->printable, false);
	wireform_init(&e->wire, false);
	failed = encode_all(t, e, error) ||
		 assembly_add_stash(
			 a, &e->out,
			 t->form == TEXTUAL_BASE64 ? ASSEMBLY_BASE64 : ASSEMBLY_AS_IS, error);
	buf_clear(&e->line);
	stash_clear(&e->out);
	free(e);
	stash_clear(&t->text);
	return failed ? -1 : 0;
}

int textual_write(struct textual *t, struct assembly *a, struct error *error)
{
	if (t->form == TEXTUAL_BASE64_BYTES)
		return assembly_add_stash(a, &t->text, ASSEMBLY_BASE64, error);
	if (t->last != '\n' && stash_add(&t->text, span_of("\n"), error))
		return -1;
	t->last = '\n';
	if (t->form == TEXTUAL_PLAIN)
		return assembly_add_stash(a, &t->text, ASSEMBLY_AS_IS, error);
	return write_encoded(t, a, error);
}
