/* Text and base64 put right: see mend.h. */
#include "mail/mend.h"

#include <stdint.h>
#include <string.h>

#include "base/base64.h"
#include "base/chars.h"
#include "mail/measure.h"

/* Where the line under way may be folded. */
struct fold {
	size_t blank; /* index in out of a blank with other text on both sides, 0: none */
	bool text;    /* other text than blanks was seen in the line */
};

/* Folds the line that out ends with. A blank of its own opens the new line; where the text has
 * none it gets one, because there is no other way (RFC 5322 section 2.2.3). */
static void fold_line(struct mend *m, struct fold *f, struct buf *out)
{
	if (f->blank == 0) {
		buf_add_string(out, "\n ");
		m->column = 1;
	} else {
		buf_add_char(out, '\0');
		if (buf_failed(out))
			return;
		memmove(out->data + f->blank + 1, out->data + f->blank,
			out->len - 1 - f->blank);
		out->data[f->blank] = '\n';
		m->column = out->len - f->blank - 1;
	}
	*f = (struct fold){.text = m->column > 1};
}

static char mend_byte(const struct mend *m, char c)
{
	return (m->seven && chars_is(c, CHARS_UTF8)) || (m->bytes && (c == '\0' || c == '\r'))
		       ? '?'
		       : c;
}

/* Whether nothing in text can need mending. */
static bool is_fine(const struct mend *m, struct span text)
{
	struct measure seen = {.line = m->column};

	measure_feed(&seen, text);
	return !seen.has_8bit && !seen.has_nul && !seen.has_lone_cr && seen.longest_line == 0 &&
	       seen.line <= MEASURE_LINE_MAX;
}

/* The column behind text. */
static size_t column_behind(size_t column, struct span text)
{
	const char *lf = text.len > 0 ? memrchr(text.data, '\n', text.len) : NULL;

	return lf ? (size_t)(text.data + text.len - lf - 1) : column + text.len;
}

void mend_text(struct mend *m, struct span text, struct buf *out)
{
	struct fold f = {0};

	if (is_fine(m, text)) {
		m->column = column_behind(m->column, text);
		buf_add_span(out, text);
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		bool ends = text.data[i] == '\n' || (text.data[i] == '\r' && i + 1 < text.len &&
						     text.data[i + 1] == '\n');
		char c = ends ? text.data[i] : mend_byte(m, text.data[i]);

		if (ends) {
			m->column = 0;
			f = (struct fold){0};
			buf_add_char(out, c);
			continue;
		}
		if (m->fold && m->column >= MEASURE_LINE_MAX)
			fold_line(m, &f, out);
		if (!chars_is(c, CHARS_BLANK) && f.text && out->len > 0 &&
		    chars_is(out->data[out->len - 1], CHARS_BLANK))
			f.blank = out->len - 1;
		f.text = f.text || !chars_is(c, CHARS_BLANK);
		buf_add_char(out, c);
		m->column++;
	}
}

size_t mend_base64(size_t *column, struct span *in, char *out, size_t size)
{
	char *o = out, *end = out + size - 2;

	for (; in->len > 0 && o < end; in->data++, in->len--) {
		char c = *in->data;

		if (c == '\n') {
			*o++ = c;
			*column = 0;
		} else if (chars_is(c, CHARS_BASE64) || c == '=') {
			if (*column == BASE64_LINE_OUT) {
				*o++ = '\n';
				*column = 0;
			}
			*o++ = c;
			++*column;
		}
	}
	return (size_t)(o - out);
}
