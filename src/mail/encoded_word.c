/* Encoded words read: see encoded_word.h. */
#include "mail/encoded_word.h"

#include <string.h>

#include "base/base64.h"
#include "base/chars.h"

enum { WORD_MAX = 512 /* 75 by the RFC, which not all keep to */ };

struct word {
	struct span charset;
	char encoding;
	struct span text;
	size_t length; /* of all of it */
};

/* What stands before c, and rest behind it. Returns false when there is no c. */
static bool split(struct span *rest, char c, struct span *before)
{
	const char *at = rest->len > 0 ? memchr(rest->data, c, rest->len) : NULL;

	if (!at)
		return false;
	*before = (struct span){rest->data, (size_t)(at - rest->data)};
	*rest = (struct span){at + 1, rest->len - before->len - 1};
	return true;
}

/*
 * RFC 2047 section 2, and RFC 2231 section 5 for the language:
 *
 *   encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?="
 */
static bool parse(struct span text, struct word *w)
{
	struct span rest = {text.data + 2, text.len < WORD_MAX ? text.len - 2 : WORD_MAX - 2};
	struct span encoding, language;

	if (!split(&rest, '?', &w->charset) || !split(&rest, '?', &encoding) ||
	    encoding.len != 1 || !split(&rest, '?', &w->text) || rest.len == 0 ||
	    rest.data[0] != '=')
		return false;
	for (size_t i = 0; i < w->text.len; i++)
		if (!chars_is(w->text.data[i], CHARS_GRAPHIC))
			return false;
	language = w->charset;
	split(&language, '*', &w->charset);
	w->encoding = chars_lower(encoding.data[0]);
	w->length = (size_t)(rest.data + 1 - text.data);
	return true;
}

static int hex(char c)
{
	return chars_is(c, CHARS_DIGIT) ? c - '0' : chars_lower(c) - 'a' + 10;
}

/* Section 4.2. Returns 0, or -1 when it is none. */
static int read_q(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '=') {
			if (i + 2 >= text.len || !chars_is(text.data[i + 1], CHARS_HEX) ||
			    !chars_is(text.data[i + 2], CHARS_HEX))
				return -1;
			c = (char)(hex(text.data[i + 1]) * 16 + hex(text.data[i + 2]));
			i += 2;
		} else if (c == '_') {
			c = ' ';
		}
		buf_add_char(out, c);
	}
	return 0;
}

static void add_latin1(struct buf *out, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.data[i];

		if (c < 0x80) {
			buf_add_char(out, (char)c);
		} else {
			buf_add_char(out, (char)(0xc0 | c >> 6));
			buf_add_char(out, (char)(0x80 | (c & 0x3f)));
		}
	}
}

/* Returns 0, or -1 with nothing appended. */
static int read_word(struct buf *out, const struct word *w)
{
	bool latin1 = span_equals_nocase(w->charset, "iso-8859-1");
	struct buf bytes;
	int result = -1;

	if (!latin1 && !span_equals_nocase(w->charset, "utf-8") &&
	    !span_equals_nocase(w->charset, "us-ascii"))
		return -1;
	buf_init(&bytes, WORD_MAX);
	if (w->encoding == 'q')
		result = read_q(&bytes, w->text);
	else if (w->encoding == 'b')
		result = base64_decode(&bytes, w->text);
	if (result == 0 && latin1)
		add_latin1(out, buf_span(&bytes));
	else if (result == 0)
		buf_add_span(out, buf_span(&bytes));
	buf_clear(&bytes);
	return result;
}

/* The run at the start of text that is of blanks, or is not. */
static struct span take_run(struct span text, bool blank)
{
	struct span run = {text.data, 0};

	while (run.len < text.len &&
	       chars_is(text.data[run.len], CHARS_BLANK | CHARS_NEWLINE) == blank)
		run.len++;
	return run;
}

void encoded_word_read(struct buf *out, struct span text)
{
	bool after_word = false;

	while (text.len > 0) {
		struct span gap = take_run(text, true);
		struct span next = {text.data + gap.len, text.len - gap.len};
		struct word w;
		bool reads;

		if (!after_word)
			buf_add_span(out, gap);
		reads = next.len > 2 && next.data[0] == '=' && next.data[1] == '?' &&
			parse(next, &w) && read_word(out, &w) == 0;
		if (!reads) {
			if (after_word)
				buf_add_span(out, gap);
			w.length = take_run(next, false).len;
			buf_add(out, next.data, w.length);
		}
		after_word = reads;
		text = (struct span){next.data + w.length, next.len - w.length};
	}
}
