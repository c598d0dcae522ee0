/* The text that stands beside HTML: see page.h. */
#include "mail/page.h"

#include <stdlib.h>

#include "mail/html.h"

enum {
	BLOCK = 64 * 1024,
	TEXT_MAX = 64 * BLOCK /* of a block: many times what it can become */
};

/* A page while it is read. */
struct reading {
	struct textual *text;
	struct html html;
	struct charset charset;
	bool decodes;
	struct buf page, out;
	char block[BLOCK];
};

static int feed(struct reading *r, struct span piece, struct error *error)
{
	if (r->decodes) {
		buf_reset(&r->page);
		charset_feed(&r->charset, piece, &r->page);
		piece = buf_span(&r->page);
	}
	buf_reset(&r->out);
	html_feed(&r->html, piece, &r->out);
	if (buf_failed(&r->page) || buf_failed(&r->out))
		return error_set_memory(error);
	return textual_feed(r->text, buf_span(&r->out), error);
}

static int read_all(struct reading *r, const struct textual *page, struct error *error)
{
	struct span piece;
	uint64_t offset = 0;
	int got;

	while ((got = stash_read(&page->text, offset, r->block, BLOCK, &piece, error)) > 0) {
		if (piece.len > BLOCK)
			piece.len = BLOCK;
		offset += piece.len;
		if (feed(r, piece, error))
			return -1;
	}
	if (got < 0)
		return -1;
	buf_reset(&r->out);
	html_finish(&r->html, &r->out);
	return textual_feed(r->text, buf_span(&r->out), error);
}

int page_to_text(const struct textual *page, struct textual *text, struct error *error)
{
	struct reading *r = calloc(1, sizeof(*r));
	int failed;

	if (!r)
		return error_set_memory(error);
	r->text = text;
	r->decodes = page->measure.has_8bit && !charset_is_utf8(page->charset) &&
		     charset_open(&r->charset, page->charset) == 0;
	html_init(&r->html);
	buf_init(&r->page, TEXT_MAX);
	buf_init(&r->out, TEXT_MAX);
	failed = read_all(r, page, error);
	if (r->decodes)
		charset_close(&r->charset);
	buf_clear(&r->page);
	buf_clear(&r->out);
	free(r);
	return failed;
}
