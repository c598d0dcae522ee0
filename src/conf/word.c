/* Lines written: see word.h. */
#include "conf/word.h"

#include <string.h>

#include "base/chars.h"
#include "base/text.h"
#include "conf/keys.h"

static bool word_fits(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (chars_is(value.data[i], CHARS_CONTROL))
			return false;
	return value.len > 0;
}

static bool word_has_edges(struct span value)
{
	return span_trim(value).len < value.len || value.data[0] == '"';
}

/* Whether a "#" in it would begin a comment. */
static bool word_has_comment(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] == '#' &&
		    (i == 0 || chars_is(value.data[i - 1], CHARS_BLANK)))
			return true;
	return false;
}

bool word_write(struct buf *out, const char *key, struct span value)
{
	bool rest = keys_flags(key) & KEYS_REST || strcmp(key, "eval") == 0;
	bool quoted;

	if (!word_fits(value))
		return false;
	quoted = word_has_edges(value) || (!rest && word_has_comment(value));
	if (!quoted) {
		buf_add_span(out, value);
		return true;
	}
	buf_add_char(out, '"');
	for (size_t i = 0; i < value.len; i++) {
		if (!rest && (value.data[i] == '"' || value.data[i] == '\\'))
			buf_add_char(out, '\\');
		buf_add_char(out, value.data[i]);
	}
	buf_add_char(out, '"');
	return true;
}

void word_remark(struct buf *out, const char *text)
{
	buf_add_string(out, "# ");
	text_escape(out, span_of(text));
	buf_add_char(out, '\n');
}
