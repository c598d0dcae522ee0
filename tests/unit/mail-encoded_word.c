/* Encoded words read for a person. */
#include "mail/encoded_word.h"

#include "test.h"

static const char *reads(const char *text)
{
	static struct buf out;

	buf_clear(&out);
	buf_init(&out, 10000);
	encoded_word_read(&out, span_of(text));
	CHECK(!buf_failed(&out));
	return out.data;
}

static void words_are_read(void)
{
	CHECK_STR(reads(""), "");
	CHECK_STR(reads(" plain  text "), " plain  text ");
	CHECK_STR(reads("=?utf-8?q?a=C3=BC_b?="), "a\303\274 b");
	CHECK_STR(reads("x =?UTF-8?B?w7w=?= y"), "x \303\274 y");
	CHECK_STR(reads("=?iso-8859-1*de?Q?=fc?="), "\303\274");
	CHECK_STR(reads("=?us-ascii?q?_?="), " ");
	CHECK_STR(reads("=?utf-8?q?a?=b"), "ab");
}

static void blanks_between_words_go(void)
{
	CHECK_STR(reads("=?utf-8?q?=C3?= \t =?utf-8?q?=BC?= c"), "\303\274 c");
	CHECK_STR(reads("=?utf-8?q?a?=  b  =?utf-8?q?c?="), "a  b  c");
	CHECK_STR(reads("=?utf-8?q?a?= "), "a ");
}

static void what_is_none_stays(void)
{
	static const char *const none[] = {
		"=?",
		"=?utf-8",
		"=?utf-8?q",
		"=?utf-8?q?a",
		"=?utf-8?q?a?",
		"=?utf-8?q?a b?=",
		"=?utf-8?x?a?=",
		"=?utf-8?qq?a?=",
		"=?utf-8?q?=C?=",
		"=?utf-8?q?=XY?=",
		"=?utf-8?b?w7w?=",
		"=?koi8-r?q?a?=",
		"a=?utf-8?q?a?=",
		"=?utf-8?q?a?= =?x?q?b?=",
	};

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]) - 1; i++)
		CHECK_STR(reads(none[i]), none[i]);
	CHECK_STR(reads(none[13]), "a =?x?q?b?=");
}

int main(void)
{
	TEST_RUN(words_are_read);
	TEST_RUN(blanks_between_words_go);
	TEST_RUN(what_is_none_stays);
	return test_done();
}
