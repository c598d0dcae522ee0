/* Parameters beyond ASCII: see parameter.h. */
#include "mail/parameter.h"

#include <string.h>
#include <strings.h>

#include "base/chars.h"
#include "base/text.h"

enum {
	VALUE_MAX = 64 * 1024,
	PIECE_MAX = 60,     /* characters of a value in a line */
	ATTRIBUTE_MAX = 60, /* of a name that is repeated in each */
	QUOTED_MAX = 200,   /* characters of a value that readers of old can read */
	REWRITTEN_MAX = 100 /* the field is looked through for each */
};

/* Length of the comment or quoted string at the start of s, or of what is left of an open one.
 */
static size_t enclosed_length(struct span s)
{
	bool quoted = *s.data == '"';
	size_t depth = 1, i = 1;

	for (; i < s.len && depth > 0; i++) {
		if (s.data[i] == '\\')
			i++;
		else if (s.data[i] == (quoted ? '"' : ')'))
			depth--;
		else if (!quoted && s.data[i] == '(')
			depth++;
	}
	return i < s.len ? i : s.len;
}

/* Length of what is before the next semicolon. */
static size_t segment_length(struct span s)
{
	size_t i = 0;

	while (i < s.len && s.data[i] != ';')
		i += s.data[i] == '"' || s.data[i] == '('
			     ? enclosed_length((struct span){s.data + i, s.len - i})
			     : 1;
	return i;
}

static struct span span_from(struct span s, size_t at)
{
	return (struct span){s.data + at, s.len - at};
}

/* parameter := attribute "=" value. Splits a segment; the attribute is a token, or it is none.
 */
static bool split(struct span segment, struct span *attribute, struct span *value)
{
	const char *equals;

	segment = span_trim(segment);
	equals = segment.len > 0 ? memchr(segment.data, '=', segment.len) : NULL;
	if (!equals)
		return false;
	*attribute = span_trim((struct span){segment.data, (size_t)(equals - segment.data)});
	*value = span_trim(span_from(segment, (size_t)(equals + 1 - segment.data)));
	for (size_t i = 0; i < attribute->len; i++)
		if (!chars_is(attribute->data[i], CHARS_GRAPHIC) ||
		    strchr("()<>@,;:\\\"/[]?", attribute->data[i]))
			return false;
	return attribute->len > 0 && attribute->len <= ATTRIBUTE_MAX;
}

/* The value as it is meant: without quotes, backslashes and line ends. */
static void add_value(struct buf *out, struct span raw)
{
	bool quoted = raw.len > 0 && *raw.data == '"';
	size_t end = quoted ? enclosed_length(raw) : raw.len;

	for (size_t i = quoted; i < end && !(quoted && raw.data[i] == '"'); i++) {
		if (quoted && raw.data[i] == '\\' && i + 1 < end)
			i++;
		if (!chars_is(raw.data[i], CHARS_NEWLINE))
			buf_add_char(out, raw.data[i]);
	}
}

/* Whether the field has the attribute in one of its extended forms. */
static bool has_extended(struct span body, struct span attribute)
{
	while (body.len > 0) {
		size_t len = segment_length(body);
		struct span name, value;

		if (split((struct span){body.data, len}, &name, &value) &&
		    name.len > attribute.len && name.data[attribute.len] == '*' &&
		    strncasecmp(name.data, attribute.data, attribute.len) == 0)
			return true;
		body = span_from(body, len < body.len ? len + 1 : len);
	}
	return false;
}

/* Appends the octets of one character: attribute-char of RFC 2231 section 7, or "%" and two
 * digits. */
static void add_octets(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (chars_is(s.data[i], CHARS_ALNUM) || memchr("!#$&+-.^_`{|}~", s.data[i], 14))
			buf_add_char(out, s.data[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)s.data[i]);
}

/* Appends some of the value, whole characters. Returns how many bytes of it. */
static size_t add_piece(struct buf *out, struct span value)
{
	size_t taken = 0, start = out->len;

	while (taken < value.len && out->len - start < PIECE_MAX) {
		struct span rest = span_from(value, taken);
		size_t len = text_utf8_length(rest);

		rest.len = len > 0 ? len : 1;
		add_octets(out, rest);
		taken += rest.len;
	}
	return taken;
}

/*
 * Each on a line of its own; in pieces when it does not fit one:
 *
 *   attribute*=utf-8''value
 *   attribute*0*=utf-8''some; attribute*1*=more
 */
static void add_extended(struct buf *out, struct span attribute, struct span value)
{
	struct buf piece;
	size_t taken;

	buf_init(&piece, VALUE_MAX);
	taken = add_piece(&piece, value);
	buf_add_string(out, "\n\t");
	buf_add_span(out, attribute);
	buf_add_string(out, taken < value.len ? "*0*=utf-8''" : "*=utf-8''");
	buf_add_span(out, buf_span(&piece));
	for (unsigned n = 1; taken < value.len && !buf_failed(out); n++) {
		buf_add_string(out, ";\n\t");
		buf_add_span(out, attribute);
		buf_printf(out, "*%u*=", n);
		taken += add_piece(out, span_from(value, taken));
	}
	if (buf_failed(&piece))
		out->failed = true;
	buf_clear(&piece);
}

/* Appends a segment, rewritten when it has to be. Returns whether it was. */
static bool encode_segment(struct buf *out, struct span body, struct span segment)
{
	struct span attribute, raw;
	struct buf value;
	bool rewrite;

	buf_init(&value, VALUE_MAX);
	rewrite = split(segment, &attribute, &raw) &&
		  !memchr(attribute.data, '*', attribute.len) &&
		  !span_equals_nocase(attribute, "boundary") &&
		  !span_equals_nocase(attribute, "charset");
	if (rewrite) {
		add_value(&value, raw);
		rewrite = !buf_failed(&value) && text_is_8bit(buf_span(&value)) &&
			  text_is_utf8(buf_span(&value)) && !has_extended(body, attribute);
	}
	if (rewrite)
		add_extended(out, attribute, buf_span(&value));
	else
		buf_add_span(out, segment);
	buf_clear(&value);
	return rewrite;
}

bool parameter_encode(struct buf *out, struct span body)
{
	struct span rest = body, segment;
	size_t len = segment_length(rest);
	size_t tries = 0;
	bool found = false;

	buf_add_span(out, (struct span){rest.data, len});
	rest = span_from(rest, len);
	while (rest.len > 0) {
		buf_add_char(out, ';');
		rest = span_from(rest, 1);
		len = segment_length(rest);
		segment = (struct span){rest.data, len};
		if (text_is_8bit(segment) && tries++ < REWRITTEN_MAX)
			found |= encode_segment(out, body, segment);
		else
			buf_add_span(out, segment);
		rest = span_from(rest, len);
	}
	return found;
}

/* Whether a reader might take some of it for an encoded word, though none belongs here. */
static bool looks_encoded(struct span value)
{
	return value.len > 0 && memmem(value.data, value.len, "=?", 2);
}

void parameter_add(struct buf *out, const char *attribute, struct span value)
{
	buf_add_char(out, ';');
	if (value.len > QUOTED_MAX || text_is_8bit(value) || looks_encoded(value)) {
		add_extended(out, span_of(attribute), value);
		return;
	}
	buf_printf(out, "\n\t%s=\"", attribute);
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] == '"' || value.data[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, value.data[i]);
	}
	buf_add_char(out, '"');
}
