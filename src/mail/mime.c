/*
 * Encoded words: see mime.h.
 *
 * A field is copied word by word. Words that hold raw 8-bit text are gathered into runs, blanks
 * between them included, because a decoder drops the blank between two encoded words (RFC 2047
 * section 6.2); a run is written as encoded words when something else follows. All else is
 * copied, and lines are folded only at blanks that were there.
 */
#include "mail/mime.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/chars.h"
#include "base/text.h"
#include "mail/parameter.h"
#include "mail/token.h"

enum {
	WORD_MAX = 75, /* RFC 2047 section 2 */
	WORD_MARKS =
		7, /* the question marks, equals signs and the encoding's letter of a word */
	LINE_MAX_ENCODED = 76,
	NAME_COLUMN = 16,    /* a display name begins behind "Resent-Reply-To:" at the latest */
	NAME_PLAIN_MAX = 800 /* a longer one is encoded, because encoded words can be folded */
};

enum field_kind {
	FIELD_TEXT,       /* unstructured */
	FIELD_ADDRESSES,  /* display names, addresses and comments */
	FIELD_PHRASES,    /* display names without addresses */
	FIELD_PARAMETERS, /* a type with parameters */
	FIELD_OPAQUE      /* structured, and nothing in it is ours to encode */
};

/* Fields that are not unstructured; a name that ends in a hyphen stands for all that begin so.
 */
static const struct {
	const char *name;
	enum field_kind kind;
} field_kinds[] = {
	{"apparently-to", FIELD_ADDRESSES},
	{"bcc", FIELD_ADDRESSES},
	{"cc", FIELD_ADDRESSES},
	{"disposition-notification-to", FIELD_ADDRESSES},
	{"errors-to", FIELD_ADDRESSES},
	{"from", FIELD_ADDRESSES},
	{"list-id", FIELD_ADDRESSES},
	{"mail-followup-to", FIELD_ADDRESSES},
	{"mail-reply-to", FIELD_ADDRESSES},
	{"reply-to", FIELD_ADDRESSES},
	{"resent-bcc", FIELD_ADDRESSES},
	{"resent-cc", FIELD_ADDRESSES},
	{"resent-from", FIELD_ADDRESSES},
	{"resent-reply-to", FIELD_ADDRESSES},
	{"resent-sender", FIELD_ADDRESSES},
	{"resent-to", FIELD_ADDRESSES},
	{"return-receipt-to", FIELD_ADDRESSES},
	{"sender", FIELD_ADDRESSES},
	{"to", FIELD_ADDRESSES},
	{"keywords", FIELD_PHRASES},
	{"content-description", FIELD_TEXT},
	{"content-disposition", FIELD_PARAMETERS},
	{"content-type", FIELD_PARAMETERS},
	{"arc-", FIELD_OPAQUE},
	{"authentication-results", FIELD_OPAQUE},
	{"auto-submitted", FIELD_OPAQUE},
	{"autocrypt", FIELD_OPAQUE},
	{"content-", FIELD_OPAQUE},
	{"date", FIELD_OPAQUE},
	{"delivered-to", FIELD_OPAQUE},
	{"dkim-signature", FIELD_OPAQUE},
	{"domainkey-signature", FIELD_OPAQUE},
	{"in-reply-to", FIELD_OPAQUE},
	{"list-", FIELD_OPAQUE},
	{"message-id", FIELD_OPAQUE},
	{"mime-version", FIELD_OPAQUE},
	{"original-recipient", FIELD_OPAQUE},
	{"received", FIELD_OPAQUE},
	{"received-spf", FIELD_OPAQUE},
	{"references", FIELD_OPAQUE},
	{"resent-date", FIELD_OPAQUE},
	{"resent-message-id", FIELD_OPAQUE},
	{"return-path", FIELD_OPAQUE},
};

static enum field_kind field_kind_of(struct span name)
{
	for (size_t i = 0; i < sizeof(field_kinds) / sizeof(field_kinds[0]); i++) {
		const char *known = field_kinds[i].name;

		if (span_equals_nocase(name, known) ||
		    (known[strlen(known) - 1] == '-' && span_starts_nocase(name, known)))
			return field_kinds[i].kind;
	}
	return FIELD_TEXT;
}

struct encoder {
	struct buf *out;
	size_t column;
	const char *charset;
	bool structured; /* encoded words stand beside tokens, not in free text */
	bool in_comment;
	struct span word; /* the word being read, as it stands ... */
	struct buf value; /* ... and as it is meant */
	struct buf gap;   /* blanks read since the last word */
	struct buf lead;  /* blanks before the run */
	struct buf run;   /* text that waits to be encoded */
	bool in_run;
	bool after_coded; /* the last word written had come encoded */
	bool owes_blank;  /* an encoded word was written that a blank must follow */
};

static void encoder_init(struct encoder *e, struct buf *out, size_t column, struct span text)
{
	*e = (struct encoder){.out = out, .column = column};
	e->charset = text_is_utf8(text) ? "UTF-8" : "unknown-8bit";
	buf_init(&e->value, text.len);
	buf_init(&e->gap, text.len + 1);
	buf_init(&e->lead, text.len + 1);
	buf_init(&e->run, 2 * text.len);
}

static bool encoder_failed(const struct encoder *e)
{
	return buf_failed(e->out) || buf_failed(&e->value) || buf_failed(&e->gap) ||
	       buf_failed(&e->lead) || buf_failed(&e->run);
}

static void encoder_clear(struct encoder *e)
{
	buf_clear(&e->value);
	buf_clear(&e->gap);
	buf_clear(&e->lead);
	buf_clear(&e->run);
}

static void put(struct encoder *e, struct span s)
{
	const char *line = s.len > 0 ? memrchr(s.data, '\n', s.len) : NULL;

	buf_add_span(e->out, s);
	e->column = line ? (size_t)(s.data + s.len - line - 1) : e->column + s.len;
}

/* Writes blanks that len bytes follow, and folds there if these do not fit the line. */
static void put_gap(struct encoder *e, struct span gap, size_t len)
{
	if (gap.len > 0 && e->column + gap.len + len > LINE_MAX_ENCODED &&
	    !memchr(gap.data, '\n', gap.len))
		put(e, span_of("\n"));
	put(e, gap);
}

/* Blanks as the text they are: without line ends. */
static void add_unfolded(struct buf *out, const struct buf *gap)
{
	for (size_t i = 0; i < gap->len; i++)
		if (!chars_is(gap->data[i], CHARS_NEWLINE))
			buf_add_char(out, gap->data[i]);
}

/* Whether c may stand for itself in a Q word: anywhere the characters of RFC 2047 section 5
 * (3), in free text all that are printable (section 4.2). */
static bool is_q_safe(char c, bool structured)
{
	if (!structured)
		return chars_is(c, CHARS_GRAPHIC) && c != '=' && c != '?' && c != '_';
	return chars_is(c, CHARS_ALNUM) || (c && strchr("!*+-/", c));
}

static size_t q_length(struct span s, bool structured)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++)
		len += s.data[i] == ' ' || is_q_safe(s.data[i], structured) ? 1 : 3;
	return len;
}

static size_t b_length(size_t len)
{
	return (len + 2) / 3 * 4;
}

static void q_encode(struct buf *out, struct span s, bool structured)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == ' ')
			buf_add_char(out, '_');
		else if (is_q_safe(s.data[i], structured))
			buf_add_char(out, s.data[i]);
		else
			buf_printf(out, "=%02X", (unsigned char)s.data[i]);
	}
}

/* How many bytes at the start of text fit one encoded word with room for so many bytes of
 * encoded text; at least one character, and whole ones only. */
static size_t fitting(struct span text, size_t room, char encoding, bool structured)
{
	size_t taken = 0, used = 0;

	while (taken < text.len) {
		size_t len =
			text_utf8_length((struct span){text.data + taken, text.len - taken});

		if (len == 0)
			len = 1;
		used = encoding == 'B' ? b_length(taken + len)
				       : used + q_length((struct span){text.data + taken, len},
							 structured);
		if (taken > 0 && used > room)
			break;
		taken += len;
	}
	return taken;
}

/* encoded-word = "=?" charset "?" encoding "?" encoded-text "?=", RFC 2047 section 2, as many
 * as text needs, by the encoding that is shorter for all of it. */
static void put_encoded(struct encoder *e, struct span text)
{
	size_t overhead = strlen(e->charset) + WORD_MARKS;
	char encoding = q_length(text, e->structured) <= b_length(text.len) ? 'Q' : 'B';

	while (text.len > 0) {
		size_t line = e->column < LINE_MAX_ENCODED ? LINE_MAX_ENCODED - e->column : 0;
		size_t word = line < WORD_MAX ? line : WORD_MAX;
		size_t start = e->out->len;
		struct span part = text;

		part.len = fitting(text, word > overhead ? word - overhead : 0, encoding,
				   e->structured);
		buf_printf(e->out, "=?%s?%c?", e->charset, encoding);
		if (encoding == 'B')
			base64_encode(e->out, part);
		else
			q_encode(e->out, part, e->structured);
		buf_add_string(e->out, "?=");
		e->column += e->out->len - start;
		text.data += part.len;
		text.len -= part.len;
		if (text.len > 0)
			put(e, span_of("\n "));
	}
}

/* The least room that is worth beginning the run on a line: all of it, or three characters of
 * the longest kind. */
static size_t run_minimum(const struct encoder *e)
{
	struct span run = buf_span(&e->run);
	size_t q = q_length(run, e->structured), b = b_length(run.len);
	size_t least = q < b ? q : b;

	return strlen(e->charset) + WORD_MARKS + (least < 36 ? least : 36);
}

/* Writes the run, with the blanks before it, as encoded words. */
static void flush(struct encoder *e)
{
	if (!e->in_run)
		return;
	if (e->lead.len == 0 && e->structured && !e->in_comment)
		buf_add_char(&e->lead, ' ');
	put_gap(e, buf_span(&e->lead), run_minimum(e));
	put_encoded(e, buf_span(&e->run));
	buf_reset(&e->run);
	buf_reset(&e->lead);
	e->in_run = false;
	e->owes_blank = e->structured && !e->in_comment;
}

/* Writes what is not encoded, after the run and the blanks before it. */
static void put_plain(struct encoder *e, struct span raw)
{
	flush(e);
	if (e->owes_blank && e->gap.len == 0 && raw.len > 0)
		buf_add_char(&e->gap, ' ');
	put_gap(e, buf_span(&e->gap), raw.len);
	buf_reset(&e->gap);
	put(e, raw);
	e->owes_blank = false;
	e->after_coded = false;
}

static bool is_encoded_word(struct span s)
{
	return s.len > 6 && memcmp(s.data, "=?", 2) == 0 &&
	       memcmp(s.data + s.len - 2, "?=", 2) == 0;
}

/* Takes a piece into the word. */
static void extend_word(struct encoder *e, const struct token *t)
{
	if (e->word.len == 0)
		e->word.data = t->text.data;
	e->word.len += t->text.len;
	token_add_value(&e->value, t);
}

/* A word with 8-bit text joins the run. A blank beside an encoded word is not shown, so that
 * between the run and a word that came encoded is encoded as well. */
static void join_run(struct encoder *e)
{
	if (e->in_run) {
		add_unfolded(&e->run, &e->gap);
	} else {
		buf_add_span(&e->lead, buf_span(&e->gap));
		if (e->after_coded)
			add_unfolded(&e->run, &e->gap);
		e->in_run = true;
	}
	buf_reset(&e->gap);
	buf_add_span(&e->run, buf_span(&e->value));
}

static void end_word(struct encoder *e)
{
	if (e->word.len > 0 && text_is_8bit(e->word)) {
		join_run(e);
	} else if (e->word.len > 0) {
		bool coded = is_encoded_word(e->word);

		if (coded && e->in_run)
			add_unfolded(&e->run, &e->gap);
		put_plain(e, e->word);
		e->after_coded = coded;
	}
	e->word = (struct span){0};
	buf_reset(&e->value);
}

static void take_blank(struct encoder *e, struct span blank)
{
	end_word(e);
	buf_add_span(&e->gap, blank);
}

/* The end of the body: trailing blanks stay as they are. */
static void finish(struct encoder *e)
{
	end_word(e);
	flush(e);
	put(e, buf_span(&e->gap));
}

static void encode_text(struct encoder *e, struct span body)
{
	struct token word = {.kind = TOKEN_LITERAL};

	if (body.len > 0 && !chars_is(body.data[0], CHARS_BLANK | CHARS_NEWLINE))
		buf_add_char(&e->gap, ' ');
	while (body.len > 0) {
		bool blank = chars_is(body.data[0], CHARS_BLANK | CHARS_NEWLINE);
		size_t len = 1;

		while (len < body.len &&
		       chars_is(body.data[len], CHARS_BLANK | CHARS_NEWLINE) == blank)
			len++;
		word.text = (struct span){body.data, len};
		if (blank) {
			take_blank(e, word.text);
		} else {
			e->word = word.text;
			buf_add_span(&e->value, word.text);
		}
		body.data += len;
		body.len -= len;
	}
}

/* Words within a comment, whose parentheses may touch an encoded word (RFC 2047 section 5 (2)).
 */
static void encode_comment(struct encoder *e, struct span comment)
{
	put_plain(e, (struct span){comment.data, 1});
	e->in_comment = true;
	for (size_t i = 1; i < comment.len; i++) {
		struct token t = {.kind = TOKEN_ATOM, .text = {comment.data + i, 1}};

		if (comment.data[i] == '(' || comment.data[i] == ')') {
			end_word(e);
			put_plain(e, t.text);
		} else if (chars_is(comment.data[i], CHARS_BLANK | CHARS_NEWLINE)) {
			take_blank(e, t.text);
		} else {
			if (comment.data[i] == '\\') {
				i++;
				t.text.len++;
			}
			extend_word(e, &t);
		}
	}
	e->in_comment = false;
}

static bool ends_phrase(const struct token *t)
{
	return token_is(t, '<') || token_is(t, ':') || token_is(t, ',') || token_is(t, ';');
}

/* Whether text begins with a display name or a group's name, not with an address. */
static bool begins_phrase(struct span text)
{
	const char *problem;
	struct token t;
	bool at = false;

	while (token_next(&text, &t, &problem) == 1 && !ends_phrase(&t))
		at = at || token_is(&t, '@');
	return token_is(&t, '<') || (token_is(&t, ':') && !at);
}

/* Malformed text is copied from where it is malformed. */
static void encode_addresses(struct encoder *e, struct span body, bool all_phrases)
{
	bool phrase = all_phrases || begins_phrase(body), in_angle = false;
	const char *problem;
	struct token t;

	while (token_next_piece(&body, &t, &problem) == 1) {
		if (t.kind == TOKEN_BLANK) {
			take_blank(e, t.text);
			continue;
		}
		if (phrase && t.kind != TOKEN_COMMENT && !ends_phrase(&t)) {
			extend_word(e, &t);
			continue;
		}
		end_word(e);
		if (t.kind == TOKEN_COMMENT) {
			encode_comment(e, t.text);
			continue;
		}
		put_plain(e, t.text);
		if (token_is(&t, '<') || token_is(&t, '>'))
			in_angle = t.special == '<';
		if (ends_phrase(&t))
			phrase = all_phrases || (!in_angle && begins_phrase(body));
	}
	end_word(e);
	put_plain(e, body);
}

/* A field with parameters, as encode_field() gives it. */
static int encode_parameters(const struct header_field *f, char **text)
{
	struct buf out;
	int result = 0;

	buf_init(&out, 32 * f->raw.len + 64);
	buf_add(&out, f->raw.data, (size_t)(f->body.data - f->raw.data));
	if (parameter_encode(&out, f->body)) {
		buf_add_char(&out, '\n');
		*text = buf_failed(&out) ? NULL : buf_take(&out);
		result = *text ? 0 : -1;
	}
	buf_clear(&out);
	return result;
}

/* The field with its 8-bit text encoded, in *text, which the caller frees; NULL when nothing of
 * it can be. Returns 0, or -1 without memory. */
static int encode_field(const struct header_field *f, char **text)
{
	enum field_kind kind = field_kind_of(f->name);
	struct span name = {f->raw.data, (size_t)(f->body.data - f->raw.data)};
	struct encoder e;
	struct buf out;
	int result = -1;

	*text = NULL;
	if (kind == FIELD_OPAQUE || !text_is_8bit(f->body))
		return 0;
	if (kind == FIELD_PARAMETERS)
		return encode_parameters(f, text);
	buf_init(&out, 32 * f->raw.len + 64);
	encoder_init(&e, &out, 0, f->body);
	e.structured = kind != FIELD_TEXT;
	put(&e, name);
	if (kind == FIELD_TEXT)
		encode_text(&e, f->body);
	else
		encode_addresses(&e, f->body, kind == FIELD_PHRASES);
	finish(&e);
	buf_add_char(&out, '\n');
	if (!encoder_failed(&e)) {
		*text = buf_take(&out);
		result = *text ? 0 : -1;
	}
	buf_clear(&out);
	encoder_clear(&e);
	return result;
}

/* A field that we added ourselves. */
static int encode_added(char **field)
{
	struct error unused;
	struct header h;
	char *text = NULL;
	int result;

	if (header_parse(&h, span_of(*field), &unused))
		return -1;
	result = h.count == 1 ? encode_field(&h.fields[0], &text) : 0;
	if (text) {
		free(*field);
		*field = text;
	}
	header_clear(&h);
	return result;
}

int mime_encode_header(struct header *h, struct error *error)
{
	for (size_t i = 0; i < h->count; i++)
		if (!h->fields[i].dropped && !h->fields[i].replacement &&
		    encode_field(&h->fields[i], &h->fields[i].replacement))
			return error_set_memory(error);
	for (size_t i = 0; i < h->added.count; i++)
		if (encode_added(&h->added.items[i]))
			return error_set_memory(error);
	return 0;
}

/* Whether name may stand as 1*atom: single blanks between, none at the ends. */
static bool is_atoms(struct span name)
{
	char before = ' ';

	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] == ' ' ? before == ' ' : !chars_is(name.data[i], CHARS_ATEXT))
			return false;
		before = name.data[i];
	}
	return before != ' ';
}

static void add_quoted(struct buf *out, struct span name)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] == '"' || name.data[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, name.data[i]);
	}
	buf_add_char(out, '"');
}

void mime_phrase(struct buf *out, struct span name)
{
	struct encoder e;
	struct buf clean;

	buf_init(&clean, name.len);
	for (size_t i = 0; i < name.len; i++)
		buf_add_char(&clean,
			     chars_is(name.data[i], CHARS_CONTROL) ? ' ' : name.data[i]);
	if (buf_failed(&clean))
		out->failed = true;
	name = span_trim(buf_span(&clean));
	if (text_is_8bit(name) || name.len > NAME_PLAIN_MAX) {
		encoder_init(&e, out, NAME_COLUMN, name);
		e.structured = true;
		put_encoded(&e, name);
		encoder_clear(&e);
	} else if (is_atoms(name)) {
		buf_add_span(out, name);
	} else {
		add_quoted(out, name);
	}
	buf_clear(&clean);
}
