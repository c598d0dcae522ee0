/*
 * HTML made text, for readers that show none and as the part that stands beside it (RFC 2046
 * section 5.1.4). No browser: elements are paragraphs, lines, items, cells or nothing; what is
 * not shown (script, style, title) is left out; a link is followed by where it leads, an image
 * is its alternative. Broken HTML becomes some text, never an error.
 *
 * The input is UTF-8, cut anywhere; so is the output, with LF line ends, a paragraph in one
 * line. Memory does not grow with either.
 */
#ifndef MAIL_HTML_H
#define MAIL_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum {
	HTML_TAG_MAX = 4096, /* bytes of a tag that are read; what is behind them is not */
	HTML_ENTITY_MAX = 32
};

enum html_state {
	HTML_TEXT,
	HTML_ENTITY,
	HTML_TAG,
	HTML_COMMENT,
	HTML_HIDDEN /* in an element that is not shown, until its end tag */
};

/* What is its own. */
struct html {
	enum html_state state;
	char tag[HTML_TAG_MAX]; /* what is behind the "<" */
	size_t tag_len;
	char quote; /* the value of an attribute is open */
	char entity[HTML_ENTITY_MAX];
	size_t entity_len;
	char hidden[16];         /* the element that is not shown */
	size_t dashes;           /* at the end of what was seen of a comment */
	char link[HTML_TAG_MAX]; /* where the open link leads */
	size_t link_start;       /* what of its text was seen, as far as it may be the link */
	bool link_differs;
	size_t breaks; /* line ends that are due before the next text */
	bool space;    /* a blank is due */
	bool begun;    /* some text was put out */
	bool at_start; /* of a line */
	bool pre;      /* blanks and line ends are meant */
};

void html_init(struct html *h);
/* Appends the text of piece to out. */
void html_feed(struct html *h, struct span piece, struct buf *out);
/* The end of the input. */
void html_finish(struct html *h, struct buf *out);

/* The charset that a document says of itself, in a meta element near its start; into out, of
 * size bytes. Returns whether there is one. */
bool html_charset(struct span start, char *out, size_t size);

#endif
