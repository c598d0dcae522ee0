/* Types by name, and types that were typed. */
#include "mail/media_type.h"

#include "test.h"

static void names_tell_types(void)
{
	CHECK_STR(media_type_of(span_of("log.txt")), "text/plain");
	CHECK_STR(media_type_of(span_of("a/b.c/PLOT.PNG")), "image/png");
	CHECK_STR(media_type_of(span_of("x.tar.gz")), "application/gzip");
	CHECK_STR(media_type_of(span_of("first.7z")), "application/x-7z-compressed");
	CHECK_STR(media_type_of(span_of("last.zst")), "application/zstd");
	CHECK_STR(media_type_of(span_of("mail.eml")), "message/rfc822");
}

static void some_names_tell_nothing(void)
{
	static const char *const names[] = {"",     "README",    "x.",
					    ".",    "x.unknown", "x.txtx",
					    "x.tx", "txt",       "x.averyveryverylongending"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(media_type_of(span_of(names[i])) == NULL);
	CHECK(media_type_of((struct span){"a.tx\0t", 6}) == NULL);
}

static void good_types_are_valid(void)
{
	static const char *const types[] = {
		"text/plain",
		"application/vnd.x+json",
		"text/csv;charset=utf-8",
		"text/csv; charset=utf-8 ; header=\"pre; \\\"sent\\\"\"",
		"a/b ",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!media_type_is_valid(span_of(types[i])))
			CHECK_STR(types[i], "valid");
}

static void bad_types_are_not(void)
{
	static const char *const types[] = {
		"",
		"text",
		"/plain",
		"text/",
		"text/plain;",
		"text/pl ain",
		"text/p;a",
		"text/p;a=",
		"text/p;=b",
		"text/p;a=b\nX: y",
		"text/p\r\nX",
		"t/p;a=\"",
		"t/p;a=\"\\",
		"t/p;a=\"\n\"",
		"t/p;a=b c",
		"t/\303\274",
		"a/b/c",
		"a/b;c=d;",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (media_type_is_valid(span_of(types[i])))
			CHECK_STR(types[i], "invalid");
}

static void parts_of_types_are_found(void)
{
	CHECK(media_type_is(span_of("Text/Plain; a=b"), "text/plain"));
	CHECK(media_type_is(span_of("text/plain"), "text/"));
	CHECK(!media_type_is(span_of("text/plainer"), "text/plain"));
	CHECK(!media_type_is(span_of("text"), "text/"));
	CHECK(media_type_has(span_of("a/b; c=d ;Charset=\"x\""), "charset"));
	CHECK(!media_type_has(span_of("a/b; c=\";charset=x\""), "charset"));
}

int main(void)
{
	TEST_RUN(names_tell_types);
	TEST_RUN(some_names_tell_nothing);
	TEST_RUN(good_types_are_valid);
	TEST_RUN(bad_types_are_not);
	TEST_RUN(parts_of_types_are_found);
	return test_done();
}
