/* HTML made text, cut anywhere. */
#include "mail/html.h"

#include <stdlib.h>

#include "test.h"

static char *convert(const char *text, size_t cut)
{
	size_t len = strlen(text);
	struct html *h = malloc(sizeof(*h));
	struct buf out;

	buf_init(&out, 1 << 20);
	html_init(h);
	for (size_t at = 0; at < len; at += cut)
		html_feed(h, (struct span){text + at, len - at < cut ? len - at : cut}, &out);
	html_finish(h, &out);
	free(h);
	return buf_take(&out);
}

static void check(const char *html, const char *want)
{
	for (size_t cut = 1; cut < 5; cut++) {
		char *got = convert(html, cut);

		CHECK_STR(got, want);
		free(got);
	}
}

static void paragraphs_are_lines(void)
{
	check("", "");
	check("  \n ", "");
	check("plain\n  text", "plain text\n");
	check("<p>one\ntwo</p>\n<p>three <b>four</b></p>", "one two\n\nthree four\n");
	check("<div>a</div><div>b<br>c<BR/><br>d</div>", "a\nb\nc\n\nd\n");
	check("<h1>Title</h1>text", "Title\n\ntext\n");
	check("a<hr>b", "a\n----\nb\n");
}

static void lists_and_tables_are_shown(void)
{
	check("<ul><li>one<li>two</ul>end", "- one\n- two\n\nend\n");
	check("<table><tr><th>a<th>b<tr><td>1</td> <td>2</td></tr></table>", "a\tb\n1\t2\n");
	check("<pre>\n a  b\n\n c\n</pre>d", " a  b\n\n c\n\nd\n");
}

static void what_is_not_shown_is_left_out(void)
{
	check("<html><head><title>no</title><style>p > a {}</style></head><body>yes</body>",
	      "yes\n");
	check("a<script>if (a < b) { '</scrip' } </script>b", "ab\n");
	check("a<!-- <p>no -- > -->b", "ab\n");
	check("<!DOCTYPE html>a<?php no ?>b", "ab\n");
	check("a<script>never ends", "a\n");
}

static void links_are_told(void)
{
	check("<a href=\"https://example.org/?a>b\">here</a>.",
	      "here <https://example.org/?a>b>.\n");
	check("<a class=x href='http://example.org/'>http://example.org/</a>",
	      "http://example.org/\n");
	check("<a href=mailto:ann@example.org>ann@example.org</a>", "ann@example.org\n");
	check("<a href=\"#top\">top</a> <a href=javascript:x()>x</a>", "top x\n");
	check("<img src=\"cid:a\" alt=\"a picture\"> <img src=b>", "a picture\n");
}

static void entities_are_read(void)
{
	check("a &amp; b &lt;c&gt; &#65;&#x42; &euro;", "a & b <c> AB \342\202\254\n");
	check("a&nbsp;b &unknown; &amp", "a b &unknown; &\n");
	check("R&D &; &#; &#x; & <3 a<b", "R&D &; &#; &#x; & <3 a\n");
	check("&#0;&#xd800;&#x110000;&#99999999999;",
	      "\357\277\275\357\277\275\357\277\275\357\277\275\n");
	check("&#10;&#27;x", "x\n");
}

static void long_tags_are_passed_over(void)
{
	struct buf text;
	char *got;

	buf_init(&text, 1 << 20);
	buf_add_string(&text, "a<img src=\"data:");
	for (int i = 0; i < 10000; i++)
		buf_add_char(&text, 'x');
	buf_add_string(&text, ">\" alt=no>b");
	got = convert(text.data, 1000);
	CHECK_STR(got, "ab\n");
	free(got);
	buf_clear(&text);
}

static void check_charset(const char *html, const char *want)
{
	char name[20] = "";

	CHECK(html_charset(span_of(html), name, sizeof(name)) == (want != NULL));
	CHECK_STR(name, want ? want : "");
}

static void the_charset_is_found(void)
{
	check_charset("<meta charset=\"iso-8859-1\">", "iso-8859-1");
	check_charset("<META content='text/html; CHARSET=koi8-r' http-equiv=x>", "koi8-r");
	check_charset("<p>none", NULL);
	check_charset("charset=", NULL);
	check_charset("charset=\"", NULL);
	check_charset("charset=averyveryverylongname ", NULL);
}

int main(void)
{
	TEST_RUN(paragraphs_are_lines);
	TEST_RUN(lists_and_tables_are_shown);
	TEST_RUN(what_is_not_shown_is_left_out);
	TEST_RUN(links_are_told);
	TEST_RUN(entities_are_read);
	TEST_RUN(long_tags_are_passed_over);
	TEST_RUN(the_charset_is_found);
	return test_done();
}
