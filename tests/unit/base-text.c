/* What is shown of foreign bytes. */
#include "base/text.h"

#include <stdio.h>

#include "test.h"

static const char *escape(const char *data, size_t len)
{
	static char out[256];
	struct buf b;

	buf_init(&b, 200);
	text_escape(&b, (struct span){data, len});
	snprintf(out, sizeof(out), "%s", b.data);
	buf_clear(&b);
	return out;
}

static void shows_text_and_escapes_the_rest(void)
{
	CHECK_STR(escape("550 no \\ such", 13), "550 no \\ such");
	CHECK_STR(escape("a\r\n\t\0z", 6), "a\\r\\n\\t\\x00z");
	CHECK_STR(escape("\33[31m\177", 6), "\\x1B[31m\\x7F");
	CHECK_STR(escape("gr\303\274n", 5), "gr\303\274n");
	CHECK_STR(escape("\374\200", 2), "\\xFC\\x80");
	CHECK_STR(escape("\302\205", 2), "\\xC2\\x85");          /* C1: next line */
	CHECK_STR(escape("\342\200\256", 3), "\\xE2\\x80\\xAE"); /* right-to-left override */
	CHECK_STR(escape("\302\255", 2), "\\xC2\\xAD");          /* soft hyphen */
	CHECK_STR(escape("\341\240\216", 3), "\\xE1\\xA0\\x8E"); /* vowel separator */
	CHECK_STR(escape("\342\201\240", 3), "\\xE2\\x81\\xA0"); /* word joiner */
	CHECK_STR(escape("\357\277\271", 3), "\\xEF\\xBF\\xB9"); /* annotation anchor */
	CHECK_STR(escape("\363\240\201\201", 4), "\\xF3\\xA0\\x81\\x81"); /* tag A */
	CHECK_STR(escape("\303", 1), "\\xC3");
	CHECK_STR(escape("nrt", 3), "nrt");
}

static void utf8_is_that_of_rfc_3629(void)
{
	CHECK(text_is_utf8(span_of("\360\237\230\200")));
	CHECK(!text_is_utf8(span_of("\300\257")));         /* overlong */
	CHECK(!text_is_utf8(span_of("\355\240\200")));     /* surrogate */
	CHECK(!text_is_utf8(span_of("\364\220\200\200"))); /* beyond U+10FFFF */
	CHECK(!text_is_utf8(span_of("\342\202")));
	CHECK_INT(text_utf8_length((struct span){0}), 0);
	CHECK(text_is_8bit(span_of("a\200")));
	CHECK(!text_is_8bit(span_of("a\177")));
	CHECK(!text_is_8bit((struct span){0}));
	for (size_t at = 0; at < 19; at++) {
		char text[] = "nineteen characters";

		CHECK(!text_is_8bit(span_of(text)));
		text[at] = '\200';
		CHECK(text_is_8bit(span_of(text)));
	}
}

static void show_cuts_with_dots(void)
{
	char out[12];

	CHECK_STR(text_show(out, sizeof(out), span_of("hello")), "hello");
	CHECK_STR(text_show(out, sizeof(out), span_of("123456789012")), "12345678...");
	CHECK_STR(text_show(out, sizeof(out), span_of("\1\1\1\1\1")), "\\x01\\x01...");
}

static void cut_leaves_whole_characters(void)
{
	char a[] = "gr\303", b[] = "gr\303\274", c[] = "x\342\202", d[] = "";

	text_cut(a);
	text_cut(b);
	text_cut(c);
	text_cut(d);
	CHECK_STR(a, "gr");
	CHECK_STR(b, "gr\303\274");
	CHECK_STR(c, "x");
	CHECK_STR(d, "");
}

int main(void)
{
	TEST_RUN(shows_text_and_escapes_the_rest);
	TEST_RUN(utf8_is_that_of_rfc_3629);
	TEST_RUN(show_cuts_with_dots);
	TEST_RUN(cut_leaves_whole_characters);
	return test_done();
}
