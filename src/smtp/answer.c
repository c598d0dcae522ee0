/* What a server says: see answer.h. */
#include "smtp/answer.h"

#include <stdio.h>
#include <string.h>

#include "base/chars.h"
#include "base/text.h"

enum { ANSWER_LINE_MAX = 480 /* bytes of text: with code and CRLF at most 512 */ };

int answer_vset(struct answer *a, int code, const char *enhanced, const char *format,
		va_list ap)
{
	a->code = code;
	a->enhanced = enhanced;
	vsnprintf(a->text, sizeof(a->text), format, ap);
	text_cut(a->text);
	return -1;
}

int answer_set(struct answer *a, int code, const char *enhanced, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	answer_vset(a, code, enhanced, format, ap);
	va_end(ap);
	return -1;
}

void answer_set_codes(struct answer *a, int code, const int enhanced[3])
{
	bool refusal = code >= 400 && code <= 599 && code != 421;

	a->code = refusal ? code : code >= 500 ? 554 : 451;
	if (enhanced[0] == a->code / 100)
		snprintf(a->own, sizeof(a->own), "%d.%d.%d", enhanced[0], enhanced[1] % 1000,
			 enhanced[2] % 1000);
	else
		snprintf(a->own, sizeof(a->own), "%d.0.0", a->code / 100);
	a->enhanced = a->own;
}

/* Trouble of the relay or of ours is nothing that the client or the message can mend. */
void answer_from_error(struct answer *a, const struct error *error)
{
	bool ours = error->class == ERROR_RELAY || error->class == ERROR_TEMPORARY ||
		    error->class == ERROR_LOCAL;
	const int none[3] = {0};

	if (error->code >= 400 && (!ours || error->code < 500))
		answer_set_codes(a, error->code, error->enhanced);
	else
		answer_set_codes(a, ours ? 451 : 554, none);
	snprintf(a->text, sizeof(a->text), "%s", error->text);
}

/* The bytes at the start of a line that go into one line of the reply; at a blank where there
 * is one. */
static size_t answer_piece(struct span line)
{
	size_t len = line.len < ANSWER_LINE_MAX ? line.len : ANSWER_LINE_MAX;
	size_t blank = len;

	if (len == line.len)
		return len;
	while (blank > 0 && line.data[blank] != ' ')
		blank--;
	if (blank > 0)
		return blank;
	while (len > 1 && chars_is(line.data[len], CHARS_UTF8) &&
	       ((unsigned char)line.data[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static void answer_add_text(struct span piece, bool utf8, struct buf *out)
{
	for (size_t i = 0; i < piece.len; i++) {
		char c = piece.data[i];
		bool bad = chars_is(c, CHARS_CONTROL) || (!utf8 && chars_is(c, CHARS_UTF8));

		buf_add_char(out, bad ? '?' : c);
	}
}

void answer_write(const struct answer *a, bool utf8, struct buf *out)
{
	struct span rest = span_of(a->text);

	do {
		const char *lf = memchr(rest.data, '\n', rest.len);
		struct span line = {rest.data, lf ? (size_t)(lf - rest.data) : rest.len};
		size_t len = answer_piece(line);
		size_t used = len + (len < rest.len &&
				     (rest.data[len] == '\n' || rest.data[len] == ' '));

		line.len = len;
		rest = (struct span){rest.data + used, rest.len - used};
		buf_printf(out, "%d%c%s%s", a->code, rest.len > 0 ? '-' : ' ',
			   a->enhanced ? a->enhanced : "", a->enhanced ? " " : "");
		answer_add_text(line, utf8, out);
		buf_add_string(out, "\r\n");
	} while (rest.len > 0);
}
