/* Charsets, cut anywhere. */
#include "base/charset.h"

#include <stdlib.h>

#include "test.h"

/* The text in UTF-8, NULL when it is not of the charset. */
static char *convert(const char *name, const char *text, size_t cut)
{
	struct charset c;
	struct buf out;
	size_t len = strlen(text);
	int failed = 0;

	CHECK_INT(charset_open(&c, name), 0);
	buf_init(&out, 1 << 20);
	for (size_t at = 0; at < len && !failed; at += cut)
		failed = charset_feed(
			&c, (struct span){text + at, len - at < cut ? len - at : cut}, &out);
	failed = failed || charset_finish(&c);
	charset_close(&c);
	if (!failed)
		return buf_take(&out);
	buf_clear(&out);
	return NULL;
}

static void check(const char *name, const char *text, const char *want)
{
	for (size_t cut = 1; cut < 8; cut++) {
		char *got = convert(name, text, cut);

		if (want)
			CHECK_STR(got, want);
		else
			CHECK(got == NULL);
		free(got);
	}
}

static void text_becomes_utf8(void)
{
	check("ISO-8859-1", "gr\374n\n", "gr\303\274n\n");
	check("utf-8", "gr\303\274n \342\202\254", "gr\303\274n \342\202\254");
	check("koi8-r", "\301", "\320\260");
	check("us-ascii", "plain", "plain");
	check("iso-8859-15", "", "");
}

static void what_is_not_of_the_charset_is_seen(void)
{
	check("utf-8", "gr\374n", NULL);
	check("utf-8", "gr\303", NULL);
	check("us-ascii", "gr\374n", NULL);
	check("windows-1252", "\201", NULL);
}

/* More than a block, with a character across each border. */
static void long_text_goes_through(void)
{
	enum { COUNT = 5000 };
	char *text = calloc(COUNT + 1, 3), *got;

	for (size_t i = 0; i < COUNT; i++)
		memcpy(text + 3 * i, "\342\202\254", 3);
	got = convert("utf-8", text, 3 * COUNT);
	CHECK_STR(got, text);
	free(got);
	free(text);
}

static void charsets_without_ascii_are_unknown(void)
{
	static const char *const names[] = {"utf-16",    "utf-32le",        "ucs-2", "utf-7",
					    "ebcdic-us", "no such charset", ""};
	struct charset c;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) - 1; i++)
		if (charset_open(&c, names[i]) == 0) {
			CHECK_STR(names[i], "");
			charset_close(&c);
		}
	CHECK(charset_is_ascii("ANSI_X3.4-1968") && !charset_is_ascii("utf-8"));
	CHECK(charset_is_utf8("UTF-8") && !charset_is_utf8("utf-16"));
}

int main(void)
{
	TEST_RUN(text_becomes_utf8);
	TEST_RUN(what_is_not_of_the_charset_is_seen);
	TEST_RUN(long_text_goes_through);
	TEST_RUN(charsets_without_ascii_are_unknown);
	return test_done();
}
