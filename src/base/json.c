/* A writer of JSON: see json.h. */
#include "base/json.h"

#include <inttypes.h>
#include <string.h>

#include "base/chars.h"
#include "base/text.h"

void json_init(struct json *j, struct buf *out)
{
	*j = (struct json){.out = out};
}

/* What stands before every value. */
static void json_next(struct json *j)
{
	if (j->comma)
		buf_add_char(j->out, ',');
	j->comma = true;
}

static void json_open(struct json *j, char bracket)
{
	json_next(j);
	buf_add_char(j->out, bracket);
	j->comma = false;
}

static void json_close(struct json *j, char bracket)
{
	buf_add_char(j->out, bracket);
	j->comma = true;
}

void json_open_object(struct json *j)
{
	json_open(j, '{');
}

void json_close_object(struct json *j)
{
	json_close(j, '}');
}

void json_open_array(struct json *j)
{
	json_open(j, '[');
}

void json_close_array(struct json *j)
{
	json_close(j, ']');
}

/* RFC 8259 section 7: beyond the Basic Multilingual Plane a pair of surrogates. */
static void json_escape(struct buf *out, uint32_t c)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (const char *l = letters; *l; l += 2)
		if (c == (uint32_t)*l) {
			buf_add_char(out, '\\');
			buf_add_char(out, l[1]);
			return;
		}
	if (c >= 0x10000)
		buf_printf(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + ((c - 0x10000) >> 10),
			   0xdc00 + ((c - 0x10000) & 0x3ff));
	else
		buf_printf(out, "\\u%04" PRIx32, c);
}

/* The length of what stands at the start of s and needs no escape. */
static size_t json_plain_length(struct span s)
{
	size_t len = 0;

	while (len < s.len && (chars_is(s.data[len], CHARS_GRAPHIC) || s.data[len] == ' ') &&
	       s.data[len] != '"' && s.data[len] != '\\')
		len++;
	return len;
}

static void json_quote(struct buf *out, struct span s)
{
	buf_add_char(out, '"');
	while (s.len > 0) {
		size_t used = json_plain_length(s);

		if (used > 0) {
			buf_add(out, s.data, used);
		} else {
			used = text_utf8_length(s);
			json_escape(out, used > 0 ? text_code_point(s.data, used) : 0xfffd);
			used = used > 0 ? used : 1;
		}
		s.data += used;
		s.len -= used;
	}
	buf_add_char(out, '"');
}

void json_name(struct json *j, const char *name)
{
	json_next(j);
	json_quote(j->out, span_of(name));
	buf_add_char(j->out, ':');
	j->comma = false;
}

void json_string(struct json *j, struct span text)
{
	json_next(j);
	json_quote(j->out, text);
}

void json_number(struct json *j, int64_t number)
{
	json_next(j);
	buf_printf(j->out, "%" PRId64, number);
}

void json_bool(struct json *j, bool value)
{
	json_next(j);
	buf_add_string(j->out, value ? "true" : "false");
}

void json_null(struct json *j)
{
	json_next(j);
	buf_add_string(j->out, "null");
}
