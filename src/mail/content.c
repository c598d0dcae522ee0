/* What a part's fields say of its content: see content.h. */
#include "mail/content.h"

#include <string.h>

#include "base/chars.h"

enum { FIELD_MAX = 64 * 1024 };

/* What a field's body is read from. */
struct cursor {
	struct span rest;
};

static void advance(struct cursor *c, size_t len)
{
	c->rest.data += len;
	c->rest.len -= len;
}

static bool at(const struct cursor *c, char what)
{
	return c->rest.len > 0 && *c->rest.data == what;
}

/* A comment of RFC 5322 section 3.2.2, or what is left of an open one. */
static void skip_comment(struct cursor *c)
{
	size_t depth = 0;

	do {
		if (at(c, '\\') && c->rest.len > 1)
			advance(c, 1);
		else if (at(c, '('))
			depth++;
		else if (at(c, ')'))
			depth--;
		advance(c, 1);
	} while (depth > 0 && c->rest.len > 0);
}

static void skip_blanks(struct cursor *c)
{
	while (c->rest.len > 0 && (chars_is(*c->rest.data, CHARS_BLANK) || at(c, '(')))
		if (at(c, '('))
			skip_comment(c);
		else
			advance(c, 1);
}

/* Up to a blank, one of ends or the end: wider than the token of RFC 2045 section 5.1, because
 * boundaries are written without their quotes. */
static struct span take_word(struct cursor *c, const char *ends)
{
	struct span word = {c->rest.data, 0};

	while (c->rest.len > 0 && !chars_is(*c->rest.data, CHARS_BLANK) &&
	       !memchr(ends, *c->rest.data, strlen(ends))) {
		word.len++;
		advance(c, 1);
	}
	return word;
}

/* The quoted string that *c stands at, without its quotes and backslashes. */
static void take_quoted(struct cursor *c, struct buf *out)
{
	advance(c, 1);
	while (c->rest.len > 0 && !at(c, '"')) {
		if (at(c, '\\') && c->rest.len > 1)
			advance(c, 1);
		buf_add_char(out, *c->rest.data);
		advance(c, 1);
	}
	if (c->rest.len > 0)
		advance(c, 1);
}

/* parameter := attribute "=" value (RFC 2045 section 5.1). Takes the next one, with the
 * semicolon before it. Returns false at the end. */
static bool take_parameter(struct cursor *c, struct span *name, struct buf *value)
{
	buf_reset(value);
	while (c->rest.len > 0 && !at(c, ';')) {
		if (at(c, '"'))
			take_quoted(c, value);
		else if (at(c, '('))
			skip_comment(c);
		else
			advance(c, 1);
	}
	buf_reset(value);
	if (c->rest.len == 0)
		return false;
	advance(c, 1);
	skip_blanks(c);
	*name = take_word(c, "=;(\"");
	skip_blanks(c);
	if (!at(c, '='))
		return true;
	advance(c, 1);
	skip_blanks(c);
	if (at(c, '"'))
		take_quoted(c, value);
	else
		buf_add_span(value, take_word(c, ";"));
	return true;
}

/* RFC 2046 section 5.1.1: a boundary does not end in a blank. */
static void set_boundary(struct content *c, struct span value)
{
	while (value.len > 0 && chars_is(value.data[value.len - 1], CHARS_BLANK))
		value.len--;
	if (c->boundary_length > 0 || value.len > CONTENT_BOUNDARY_MAX)
		return;
	if (value.len > 0)
		memcpy(c->boundary, value.data, value.len);
	c->boundary_length = value.len;
}

static void read_parameters(struct content *c, struct cursor *cursor)
{
	struct span name = {0};
	struct buf value;
	bool charset = false;

	buf_init(&value, FIELD_MAX);
	while (take_parameter(cursor, &name, &value)) {
		if (span_equals_nocase(name, "boundary"))
			set_boundary(c, buf_span(&value));
		if (!span_equals_nocase(name, "charset") || charset)
			continue;
		charset = true;
		c->is_wide = c->is_text && (span_starts_nocase(buf_span(&value), "utf-16") ||
					    span_starts_nocase(buf_span(&value), "utf-32") ||
					    span_starts_nocase(buf_span(&value), "iso-10646"));
	}
	buf_clear(&value);
}

static void read_type(struct content *c, struct span body)
{
	struct cursor cursor = {body};
	struct span type, subtype = {0};

	skip_blanks(&cursor);
	type = take_word(&cursor, "/;(");
	skip_blanks(&cursor);
	if (at(&cursor, '/')) {
		advance(&cursor, 1);
		skip_blanks(&cursor);
		subtype = take_word(&cursor, ";(");
	}
	/* What is no type at all counts as text/plain (RFC 2045 section 5.2). */
	c->is_text = span_equals_nocase(type, "text") || type.len == 0 || subtype.len == 0;
	c->is_multipart = span_equals_nocase(type, "multipart") && !c->is_text;
	c->is_signed = c->is_multipart && span_equals_nocase(subtype, "signed");
	c->is_digest = c->is_multipart && span_equals_nocase(subtype, "digest");
	if (span_equals_nocase(type, "message")) {
		c->is_text = true;
		c->is_rfc822 = span_equals_nocase(subtype, "rfc822");
		c->is_fixed = span_equals_nocase(subtype, "partial") ||
			      span_equals_nocase(subtype, "external-body");
	}
	read_parameters(c, &cursor);
}

static enum content_encoding encoding_of(struct span body)
{
	static const struct {
		const char *name;
		enum content_encoding encoding;
	} known[] = {
		{"7bit", CONTENT_7BIT},     {"8bit", CONTENT_8BIT},
		{"binary", CONTENT_BINARY}, {"quoted-printable", CONTENT_QUOTED_PRINTABLE},
		{"base64", CONTENT_BASE64},
	};
	struct cursor cursor = {body};
	struct span word;

	skip_blanks(&cursor);
	word = take_word(&cursor, ";(");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (span_equals_nocase(word, known[i].name))
			return known[i].encoding;
	return word.len == 0 ? CONTENT_7BIT : CONTENT_UNKNOWN;
}

void content_read(struct content *c, const struct header *h, bool in_digest)
{
	const struct header_field *type = header_find(h, HEADER_CONTENT_TYPE);
	const struct header_field *encoding = header_find(h, HEADER_CONTENT_TRANSFER_ENCODING);
	struct buf body;

	*c = (struct content){.has_type = type != NULL};
	c->has_version = header_find(h, HEADER_MIME_VERSION) != NULL;
	c->is_sealed = header_find(h, HEADER_DKIM_SIGNATURE) != NULL;
	c->is_text = true;
	c->is_rfc822 = in_digest;
	buf_init(&body, FIELD_MAX);
	if (type) {
		c->is_rfc822 = false;
		header_unfold(&body, type->body);
		read_type(c, buf_span(&body));
		buf_reset(&body);
	}
	if (encoding) {
		header_unfold(&body, encoding->body);
		c->encoding = encoding_of(buf_span(&body));
	}
	buf_clear(&body);
}

bool content_is_identity(const struct content *c)
{
	return c->encoding != CONTENT_QUOTED_PRINTABLE && c->encoding != CONTENT_BASE64;
}
