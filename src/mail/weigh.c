/* Content weighed for its encoding: see weigh.h. As in measure.c, bytes are counted in loops of
 * which compilers make vector code. */
#include "mail/weigh.h"

#include "base/base64.h"

enum {
	STRETCH = 96,         /* short enough for two escapes each to be counted in one byte */
	SHORT = 96,           /* text so short stays legible, whatever it takes */
	SAMPLE = 1024 * 1024, /* bytes, more or less, that tell the charset */
	SOFT_LINE = 73 /* characters at least in a line of quoted-printable that was broken */
};

/* How many bytes quoted-printable encodes of c, and of before that stands before it: all but
 * printable ASCII and blanks; a blank before what may be a line end; a CR before what is none.
 */
static unsigned char escapes_of(unsigned char c, unsigned char before)
{
	return (unsigned char)((((c < ' ') & (c != '\n') & (c != '\t') & (c != '\r')) |
				(c > '~') | (c == '=')) +
			       ((((c == '\n') | (c == '\r')) &
				 ((before == ' ') | (before == '\t'))) |
				((before == '\r') & (c != '\n'))));
}

/* One byte stands before data. */
static void count_stretch(struct weigh *w, const char *data)
{
	unsigned char escapes = 0, equals = 0;

	for (int i = 0; i < STRETCH; i++) {
		unsigned char c = (unsigned char)data[i];

		escapes = (unsigned char)(escapes + escapes_of(c, (unsigned char)data[i - 1]));
		equals = (unsigned char)(equals + (c == '='));
	}
	w->escapes += escapes;
	w->equals += equals;
}

static void count_escapes(struct weigh *w, struct span s)
{
	size_t i = 1;

	w->escapes += 4; /* what stands before this block, and its first and last byte */
	for (; i + STRETCH <= s.len; i += STRETCH)
		count_stretch(w, s.data + i);
	for (; i < s.len; i++) {
		w->escapes +=
			escapes_of((unsigned char)s.data[i], (unsigned char)s.data[i - 1]);
		w->equals += s.data[i] == '=';
	}
}

void weigh_feed(struct weigh *w, struct span bytes)
{
	measure_feed(&w->measure, bytes);
	if (w->wants_charset && w->bytes < SAMPLE)
		text_utf8_feed(&w->utf8, bytes);
	w->bytes += bytes.len;
	count_escapes(w, bytes);
}

unsigned weigh_troubles(struct weigh *w, const struct content *c, unsigned forbidden)
{
	uint64_t size = w->measure.size;
	unsigned troubles = 0;

	w->open = w->measure.line > 0 || w->measure.last == '\r';
	measure_finish(&w->measure);
	w->measure.size = size; /* the line end that is missing is not of the content */
	if (w->measure.has_8bit)
		troubles |= WEIGH_8BIT;
	if (w->measure.longest_line > 0)
		troubles |= WEIGH_LINES;
	if (w->measure.has_nul || w->measure.has_lone_cr ||
	    (c->encoding == CONTENT_BINARY && w->bytes > 0))
		troubles |= WEIGH_BYTES;
	return troubles & forbidden;
}

enum weigh_choice weigh_choose(const struct weigh *w, const struct content *c,
			       unsigned troubles)
{
	if (troubles == 0)
		return WEIGH_KEEP;
	if (c->encoding == CONTENT_BASE64)
		return WEIGH_MEND_BASE64;
	if (c->encoding == CONTENT_QUOTED_PRINTABLE)
		return WEIGH_MEND_QUOTED_PRINTABLE;
	if (!c->is_text || c->is_wide)
		return WEIGH_BASE64_BYTES;
	if (w->escapes * 4 <= w->bytes + SHORT)
		return WEIGH_QUOTED_PRINTABLE;
	return w->measure.has_nul ? WEIGH_BASE64_BYTES : WEIGH_BASE64_TEXT;
}

enum weigh_choice weigh_choose_binary(const struct weigh *w, const struct content *c)
{
	return c->is_text && !c->is_wide && !w->measure.has_nul ? WEIGH_BINARY_TEXT
								: WEIGH_BINARY_BYTES;
}

bool weigh_needs_binary(const struct weigh *w, enum weigh_choice choice)
{
	const struct measure *m = &w->measure;

	/* An LF alone takes a byte more on the wire than here. */
	return m->has_nul || m->has_lone_cr || m->longest_line > 0 ||
	       (choice == WEIGH_BINARY_BYTES && m->size != w->bytes);
}

static uint64_t base64_size(uint64_t bytes)
{
	uint64_t characters = (bytes + 2) / 3 * 4;

	return bytes == 0 ? 0 : characters + (characters - 1) / BASE64_LINE_OUT * 2;
}

/* A soft line break takes three bytes, and may cost two more for a dash behind it. */
static uint64_t quoted_printable_size(const struct weigh *w, bool mend)
{
	uint64_t escapes = w->escapes - (mend ? w->equals : 0);
	uint64_t characters = w->measure.size + 2 * escapes;

	return characters + characters / SOFT_LINE * 5 + 2;
}

uint64_t weigh_size(const struct weigh *w, enum weigh_choice choice)
{
	switch (choice) {
	case WEIGH_KEEP:
	case WEIGH_BINARY_TEXT: break;
	case WEIGH_BINARY_BYTES: return w->bytes;
	case WEIGH_MEND_QUOTED_PRINTABLE: return quoted_printable_size(w, true);
	case WEIGH_QUOTED_PRINTABLE: return quoted_printable_size(w, false);
	case WEIGH_BASE64_TEXT: return base64_size(w->measure.size);
	case WEIGH_BASE64_BYTES: return base64_size(w->bytes);
	case WEIGH_MEND_BASE64: return w->measure.size + w->measure.size / BASE64_LINE_OUT * 2;
	}
	return w->measure.size;
}

enum weigh_charset weigh_charset(const struct weigh *w)
{
	if (!w->measure.has_8bit)
		return WEIGH_ASCII;
	return w->utf8.bad || (w->utf8.left > 0 && w->bytes < SAMPLE) ? WEIGH_UNKNOWN
								      : WEIGH_UTF8;
}
