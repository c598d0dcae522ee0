/* HTML made text: see html.h. */
#include "mail/html.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/chars.h"

enum { CHARSET_WITHIN = 1024 /* bytes from the start, as browsers look */ };

/* What an element does to the text. */
enum effect {
	EFFECT_NONE,
	EFFECT_LINE,      /* a line of its own */
	EFFECT_PARAGRAPH, /* with an empty line around */
	EFFECT_BREAK,
	EFFECT_ITEM,
	EFFECT_CELL,
	EFFECT_RULE,
	EFFECT_PRE,
	EFFECT_HIDDEN,
	EFFECT_LINK,
	EFFECT_IMAGE
};

static const struct {
	const char *name;
	enum effect effect;
} elements[] = {
	{"a", EFFECT_LINK},
	{"address", EFFECT_LINE},
	{"article", EFFECT_PARAGRAPH},
	{"blockquote", EFFECT_PARAGRAPH},
	{"body", EFFECT_LINE},
	{"br", EFFECT_BREAK},
	{"caption", EFFECT_LINE},
	{"dd", EFFECT_LINE},
	{"div", EFFECT_LINE},
	{"dl", EFFECT_PARAGRAPH},
	{"dt", EFFECT_LINE},
	{"figcaption", EFFECT_LINE},
	{"figure", EFFECT_PARAGRAPH},
	{"footer", EFFECT_PARAGRAPH},
	{"form", EFFECT_PARAGRAPH},
	{"h1", EFFECT_PARAGRAPH},
	{"h2", EFFECT_PARAGRAPH},
	{"h3", EFFECT_PARAGRAPH},
	{"h4", EFFECT_PARAGRAPH},
	{"h5", EFFECT_PARAGRAPH},
	{"h6", EFFECT_PARAGRAPH},
	{"header", EFFECT_PARAGRAPH},
	{"hr", EFFECT_RULE},
	{"img", EFFECT_IMAGE},
	{"li", EFFECT_ITEM},
	{"nav", EFFECT_PARAGRAPH},
	{"noscript", EFFECT_HIDDEN},
	{"ol", EFFECT_PARAGRAPH},
	{"option", EFFECT_LINE},
	{"p", EFFECT_PARAGRAPH},
	{"pre", EFFECT_PRE},
	{"script", EFFECT_HIDDEN},
	{"section", EFFECT_PARAGRAPH},
	{"style", EFFECT_HIDDEN},
	{"table", EFFECT_PARAGRAPH},
	{"td", EFFECT_CELL},
	{"template", EFFECT_HIDDEN},
	{"textarea", EFFECT_HIDDEN},
	{"th", EFFECT_CELL},
	{"title", EFFECT_HIDDEN},
	{"tr", EFFECT_LINE},
	{"ul", EFFECT_PARAGRAPH},
};

/* Those that people type; what has no name here is written as a number. */
static const struct {
	const char *name;
	uint32_t code;
} entities[] = {
	{"AMP", '&'},      {"Auml", 0xc4},   {"GT", '>'},        {"LT", '<'},
	{"Ouml", 0xd6},    {"QUOT", '"'},    {"Uuml", 0xdc},     {"aacute", 0xe1},
	{"acirc", 0xe2},   {"agrave", 0xe0}, {"amp", '&'},       {"apos", '\''},
	{"aring", 0xe5},   {"auml", 0xe4},   {"bull", 0x2022},   {"ccedil", 0xe7},
	{"cent", 0xa2},    {"copy", 0xa9},   {"deg", 0xb0},      {"eacute", 0xe9},
	{"ecirc", 0xea},   {"egrave", 0xe8}, {"euml", 0xeb},     {"euro", 0x20ac},
	{"ge", 0x2265},    {"gt", '>'},      {"hellip", 0x2026}, {"iacute", 0xed},
	{"laquo", 0xab},   {"larr", 0x2190}, {"ldquo", 0x201c},  {"le", 0x2264},
	{"lsquo", 0x2018}, {"lt", '<'},      {"mdash", 0x2014},  {"middot", 0xb7},
	{"minus", 0x2212}, {"nbsp", 0xa0},   {"ndash", 0x2013},  {"ne", 0x2260},
	{"ntilde", 0xf1},  {"oacute", 0xf3}, {"ocirc", 0xf4},    {"ograve", 0xf2},
	{"oslash", 0xf8},  {"ouml", 0xf6},   {"para", 0xb6},     {"plusmn", 0xb1},
	{"pound", 0xa3},   {"quot", '"'},    {"raquo", 0xbb},    {"rarr", 0x2192},
	{"rdquo", 0x201d}, {"reg", 0xae},    {"rsquo", 0x2019},  {"sect", 0xa7},
	{"shy", 0xad},     {"szlig", 0xdf},  {"times", 0xd7},    {"trade", 0x2122},
	{"uacute", 0xfa},  {"ugrave", 0xf9}, {"uuml", 0xfc},
};

void html_init(struct html *h)
{
	*h = (struct html){.at_start = true};
}

/* At least so many line ends before what comes; none before the first text. */
static void want_breaks(struct html *h, size_t breaks)
{
	if (h->breaks < breaks)
		h->breaks = breaks;
	h->space = false;
}

/* Puts out the blanks and line ends that are due. */
static void settle(struct html *h, struct buf *out)
{
	if (!h->begun) {
		h->breaks = 0;
		h->space = false;
	}
	for (; h->breaks > 0; h->breaks--) {
		buf_add_char(out, '\n');
		h->at_start = true;
	}
	if (h->space && !h->at_start)
		buf_add_char(out, ' ');
	h->space = false;
	h->begun = true;
}

/* Keeps in mind whether the text of a link is more than the link. */
static void compare_link(struct html *h, char c)
{
	if (!h->link[0] || h->link_differs)
		return;
	if (h->link[h->link_start] == c)
		h->link_start++;
	else
		h->link_differs = true;
}

static void put_char(struct html *h, char c, struct buf *out)
{
	if (h->pre && c == '\n') {
		if (h->begun)
			h->breaks++;
		return;
	}
	if (chars_is(c, CHARS_BLANK | CHARS_NEWLINE) && !(h->pre && chars_is(c, CHARS_BLANK))) {
		h->space = !h->pre;
		return;
	}
	if (chars_is(c, CHARS_CONTROL) && c != '\t')
		return;
	settle(h, out);
	compare_link(h, c);
	buf_add_char(out, c);
	h->at_start = false;
}

static void put_string(struct html *h, const char *text, struct buf *out)
{
	for (; *text; text++)
		put_char(h, *text, out);
}

static void put_code_point(struct html *h, uint32_t c, struct buf *out)
{
	char bytes[5] = "";

	if (c == 0xad)
		return;
	if (c == 0xa0)
		c = ' ';
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = 0xfffd;
	if (c < 0x80) {
		bytes[0] = (char)c;
	} else if (c < 0x800) {
		bytes[0] = (char)(0xc0 | c >> 6);
		bytes[1] = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		bytes[0] = (char)(0xe0 | c >> 12);
		bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
		bytes[2] = (char)(0x80 | (c & 0x3f));
	} else {
		bytes[0] = (char)(0xf0 | c >> 18);
		bytes[1] = (char)(0x80 | (c >> 12 & 0x3f));
		bytes[2] = (char)(0x80 | (c >> 6 & 0x3f));
		bytes[3] = (char)(0x80 | (c & 0x3f));
	}
	put_string(h, bytes, out);
}

/* The number behind "#", or "#x". False: it is none. */
static bool read_number(const char *digits, uint32_t *code)
{
	bool hex = chars_lower(*digits) == 'x';
	uint32_t value = 0;

	digits += hex;
	if (!*digits)
		return false;
	for (; *digits; digits++) {
		char c = chars_lower(*digits);

		if (!chars_is(c, hex ? CHARS_HEX : CHARS_DIGIT))
			return false;
		value = value * (hex ? 16 : 10) + (uint32_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
		if (value > 0x10ffff)
			value = 0x110000;
	}
	*code = value;
	return true;
}

/* What is between "&" and ";"; anything that is no entity is text. */
static void end_entity(struct html *h, bool closed, struct buf *out)
{
	uint32_t code;

	h->state = HTML_TEXT;
	h->entity[h->entity_len] = '\0';
	if (h->entity[0] == '#' && read_number(h->entity + 1, &code)) {
		put_code_point(h, code, out);
		return;
	}
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
		if (strcmp(entities[i].name, h->entity) == 0) {
			put_code_point(h, entities[i].code, out);
			return;
		}
	put_char(h, '&', out);
	put_string(h, h->entity, out);
	if (closed)
		put_char(h, ';', out);
}

/* The value of an attribute of the tag, trimmed, into out. Whether it has one. */
static bool attribute(const struct html *h, const char *name, char *out, size_t size)
{
	const char *p = h->tag, *end = p + h->tag_len;
	size_t len = strlen(name);

	while (p < end && !chars_is(*p, CHARS_BLANK | CHARS_NEWLINE))
		p++;
	while (p < end) {
		const char *start, *value;
		char quote = 0;
		bool found;

		while (p < end && (chars_is(*p, CHARS_BLANK | CHARS_NEWLINE) || *p == '/'))
			p++;
		start = p;
		while (p < end && *p != '=' && !chars_is(*p, CHARS_BLANK | CHARS_NEWLINE))
			p++;
		found = (size_t)(p - start) == len && strncasecmp(start, name, len) == 0;
		while (p < end && chars_is(*p, CHARS_BLANK | CHARS_NEWLINE))
			p++;
		if (p == end || *p != '=')
			continue;
		p++;
		while (p < end && chars_is(*p, CHARS_BLANK | CHARS_NEWLINE))
			p++;
		if (p < end && (*p == '"' || *p == '\''))
			quote = *p++;
		value = p;
		while (p < end &&
		       (quote ? *p != quote : !chars_is(*p, CHARS_BLANK | CHARS_NEWLINE)))
			p++;
		if (found) {
			struct span v = span_trim((struct span){value, (size_t)(p - value)});

			if (v.len >= size)
				return false;
			memcpy(out, v.data, v.len);
			out[v.len] = '\0';
			return v.len > 0;
		}
		p += quote && p < end;
	}
	return false;
}

/* Where a link leads goes behind its text, unless it is its text, or leads to nowhere else. */
static void end_link(struct html *h, struct buf *out)
{
	char link[HTML_TAG_MAX];

	if (!h->link[0])
		return;
	if (!h->link_differs && !h->link[h->link_start]) {
		h->link[0] = '\0';
		return;
	}
	memcpy(link, h->link, sizeof(link));
	h->link[0] = '\0';
	h->space = true;
	put_char(h, '<', out);
	put_string(h, link, out);
	put_char(h, '>', out);
}

/* A link to somewhere: addresses of the web, of mail, of a telephone. */
static void begin_link(struct html *h, struct buf *out)
{
	static const char *const schemes[] = {"http://", "https://", "ftp://",
					      "mailto:", "tel:"};
	char link[HTML_TAG_MAX];

	end_link(h, out);
	if (!attribute(h, "href", link, sizeof(link)))
		return;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (span_starts_nocase(span_of(link), schemes[i])) {
			bool scheme = i > 2; /* nobody shows these */

			strlcpy(h->link, link + (scheme ? strlen(schemes[i]) : 0),
				sizeof(h->link));
		}
	h->link_start = 0;
	h->link_differs = false;
}

static void open_element(struct html *h, enum effect effect, struct buf *out)
{
	char text[HTML_TAG_MAX];

	switch (effect) {
	case EFFECT_ITEM:
		want_breaks(h, 1);
		settle(h, out);
		put_string(h, "- ", out);
		h->space = true;
		break;
	case EFFECT_CELL:
		if (!h->at_start && h->breaks == 0)
			buf_add_char(out, '\t');
		h->space = false;
		break;
	case EFFECT_RULE:
		want_breaks(h, 1);
		put_string(h, "----", out);
		want_breaks(h, 1);
		break;
	case EFFECT_PRE:
		want_breaks(h, 2);
		h->pre = true;
		break;
	case EFFECT_HIDDEN: h->state = HTML_HIDDEN; break;
	case EFFECT_LINK: begin_link(h, out); break;
	case EFFECT_IMAGE:
		if (attribute(h, "alt", text, sizeof(text)))
			put_string(h, text, out);
		break;
	case EFFECT_BREAK:
		if (h->begun)
			h->breaks++;
		h->space = false;
		break;
	case EFFECT_LINE: want_breaks(h, 1); break;
	case EFFECT_PARAGRAPH: want_breaks(h, 2); break;
	case EFFECT_NONE: break;
	}
}

static void close_element(struct html *h, enum effect effect, struct buf *out)
{
	switch (effect) {
	case EFFECT_LINK: end_link(h, out); break;
	case EFFECT_PRE:
		h->pre = false;
		want_breaks(h, 2);
		break;
	case EFFECT_LINE:
	case EFFECT_ITEM: want_breaks(h, 1); break;
	case EFFECT_PARAGRAPH: want_breaks(h, 2); break;
	default: break;
	}
}

/* The tag is whole. */
static void end_tag(struct html *h, struct buf *out)
{
	bool closes = h->tag_len > 0 && h->tag[0] == '/';
	struct span name = {h->tag + closes, 0};
	enum effect effect = EFFECT_NONE;

	h->state = HTML_TEXT;
	while (closes + name.len < h->tag_len && chars_is(name.data[name.len], CHARS_ALNUM))
		name.len++;
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
		if (span_equals_nocase(name, elements[i].name)) {
			effect = elements[i].effect;
			if (effect == EFFECT_HIDDEN)
				strlcpy(h->hidden, elements[i].name, sizeof(h->hidden));
		}
	if (closes)
		close_element(h, effect, out);
	else
		open_element(h, effect, out);
	h->tag_len = 0;
}

/* A byte of a tag. "<" that no tag follows is text. */
static void take_tag(struct html *h, char c, struct buf *out)
{
	if (h->tag_len == 0 && !chars_is(c, CHARS_ALPHA) && !strchr("/!?", c)) {
		h->state = HTML_TEXT;
		put_char(h, '<', out);
		if (c == '<')
			h->state = HTML_TAG;
		else
			put_char(h, c, out);
		return;
	}
	if (!h->quote && c == '>') {
		end_tag(h, out);
		return;
	}
	if (h->quote == c)
		h->quote = 0;
	else if (!h->quote && (c == '"' || c == '\'') && h->tag_len > 0 &&
		 (h->tag[h->tag_len - 1] == '=' ||
		  chars_is(h->tag[h->tag_len - 1], CHARS_BLANK | CHARS_NEWLINE)))
		h->quote = c;
	if (h->tag_len < HTML_TAG_MAX)
		h->tag[h->tag_len++] = c;
	if (h->tag_len == 3 && memcmp(h->tag, "!--", 3) == 0) {
		h->state = HTML_COMMENT;
		h->dashes = 0;
	}
}

/* In a comment until "-->". */
static void take_comment(struct html *h, char c)
{
	if (c == '>' && h->dashes >= 2) {
		h->state = HTML_TEXT;
		h->tag_len = 0;
	}
	h->dashes = c == '-' ? h->dashes + 1 : 0;
}

/* Until "</name": what is there is kept in tag. The rest of that tag is then read as one. */
static void take_hidden(struct html *h, char c)
{
	size_t len = strlen(h->hidden);
	char want = h->tag_len == 0 ? '<' : h->tag_len == 1 ? '/' : h->hidden[h->tag_len - 2];

	if (chars_lower(c) == want)
		h->tag[h->tag_len++] = c;
	else
		h->tag_len = c == '<' ? 1 : 0;
	if (h->tag_len < len + 2)
		return;
	h->state = HTML_TAG;
	h->tag_len = 1;
	h->tag[0] = '/';
	h->quote = 0;
}

static void take_entity(struct html *h, char c, struct buf *out)
{
	if (c == ';') {
		end_entity(h, true, out);
		return;
	}
	if ((chars_is(c, CHARS_ALNUM) || (c == '#' && h->entity_len == 0)) &&
	    h->entity_len < HTML_ENTITY_MAX - 1) {
		h->entity[h->entity_len++] = c;
		return;
	}
	end_entity(h, false, out);
	html_feed(h, (struct span){&c, 1}, out);
}

void html_feed(struct html *h, struct span piece, struct buf *out)
{
	for (size_t i = 0; i < piece.len; i++) {
		char c = piece.data[i];

		switch (h->state) {
		case HTML_TEXT:
			if (c == '<') {
				h->state = HTML_TAG;
				h->tag_len = 0;
				h->quote = 0;
			} else if (c == '&') {
				h->state = HTML_ENTITY;
				h->entity_len = 0;
			} else {
				put_char(h, c, out);
			}
			break;
		case HTML_ENTITY: take_entity(h, c, out); break;
		case HTML_TAG: take_tag(h, c, out); break;
		case HTML_COMMENT: take_comment(h, c); break;
		case HTML_HIDDEN: take_hidden(h, c); break;
		}
	}
}

void html_finish(struct html *h, struct buf *out)
{
	if (h->state == HTML_ENTITY)
		end_entity(h, false, out);
	end_link(h, out);
	if (h->begun)
		buf_add_char(out, '\n');
}

bool html_charset(struct span start, char *out, size_t size)
{
	static const char word[] = "charset=";
	size_t len = start.len < CHARSET_WITHIN ? start.len : CHARSET_WITHIN;

	for (size_t i = 0; i + sizeof(word) - 1 < len; i++) {
		size_t from = i + sizeof(word) - 1, n = 0;

		if (strncasecmp(start.data + i, word, sizeof(word) - 1) != 0)
			continue;
		if (start.data[from] == '"' || start.data[from] == '\'')
			from++;
		while (from + n < len && (chars_is(start.data[from + n], CHARS_ALNUM) ||
					  memchr("-_.:+", start.data[from + n], 5)))
			n++;
		if (n == 0 || n >= size || from + n == len)
			return false;
		memcpy(out, start.data + from, n);
		out[n] = '\0';
		return true;
	}
	return false;
}
