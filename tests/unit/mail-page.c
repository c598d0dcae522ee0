/* The text beside HTML. */
#include "mail/page.h"

#include <stdlib.h>

#include "test.h"

/* The text of a page that says its charset, or NULL. */
static char *convert(struct span html, const char *charset)
{
	const struct textual_charsets charsets = {charset, NULL};
	struct textual page, text;
	struct error error;
	struct buf out;
	struct span piece;
	char block[1024];

	textual_init(&page, NULL);
	textual_init(&text, NULL);
	buf_init(&out, 1 << 24);
	CHECK_INT(textual_feed(&page, html, &error), 0);
	CHECK_INT(textual_settle(&page, &charsets, false, &error), 0);
	CHECK_INT(page_to_text(&page, &text, &error), 0);
	while (stash_read(&text.text, out.len, block, sizeof(block), &piece, &error) > 0)
		buf_add_span(&out, piece);
	textual_clear(&page);
	textual_clear(&text);
	return buf_take(&out);
}

static void check(const char *html, const char *charset, const char *want)
{
	char *got = convert(span_of(html), charset);

	CHECK_STR(got, want);
	free(got);
}

static void charsets_become_utf8(void)
{
	check("<p>gr\374n&uuml;", "iso-8859-1", "gr\303\274n\303\274\n");
	check("<p>gr\303\274n", NULL, "gr\303\274n\n");
	check("<p>gr\374n", NULL, "gr\374n\n");
	check("", NULL, "");
}

static void a_page_of_any_length_is_read(void)
{
	struct buf html;
	char *got;

	buf_init(&html, 1 << 24);
	for (int i = 0; i < 50000; i++)
		buf_printf(&html, "<li>%d gr\374n", i);
	got = convert(buf_span(&html), "iso-8859-1");
	CHECK(strstr(got, "\n- 49999 gr\303\274n\n") != NULL);
	free(got);
	buf_clear(&html);
}

int main(void)
{
	TEST_RUN(charsets_become_utf8);
	TEST_RUN(a_page_of_any_length_is_read);
	return test_done();
}
