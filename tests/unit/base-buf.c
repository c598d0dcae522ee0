/* Buffers, slices and string lists. */
#include "base/buf.h"

#include <stdlib.h>

#include "test.h"

static void grows_up_to_its_ceiling(void)
{
	struct buf b;

	buf_init(&b, 100);
	for (int i = 0; i < 100; i++)
		buf_add_char(&b, 'x');
	CHECK(!buf_failed(&b));
	CHECK_INT(b.len, 100);
	buf_add_char(&b, 'y');
	CHECK(buf_failed(&b));
	CHECK_INT(b.len, 100);
	buf_reset(&b);
	CHECK_STR(b.data, "");
	buf_printf(&b, "%d-%s", 7, "a");
	CHECK_STR(b.data, "7-a");
	buf_clear(&b);
}

static void an_append_that_does_not_fit_adds_nothing(void)
{
	struct buf b;

	buf_init(&b, 4);
	buf_add_string(&b, "abc");
	buf_add_string(&b, "de");
	CHECK(buf_failed(&b));
	CHECK_STR(b.data, "abc");
	CHECK(buf_take(&b) == NULL);
	CHECK_STR(b.data, "");
}

static void take_hands_over(void)
{
	struct buf b;
	char *s;

	buf_init(&b, 10);
	s = buf_take(&b);
	CHECK_STR(s, "");
	free(s);
	buf_add_string(&b, "hello");
	s = buf_take(&b);
	CHECK_STR(s, "hello");
	free(s);
	CHECK_STR(b.data, "");
	buf_clear(&b);
}

static void consume_drops_the_front(void)
{
	struct buf b;

	buf_init(&b, 10);
	buf_add_string(&b, "hello");
	buf_consume(&b, 2);
	CHECK_STR(b.data, "llo");
	buf_consume(&b, 0);
	buf_consume(&b, 9);
	CHECK_STR(b.data, "");
	buf_consume(&b, 1);
	buf_clear(&b);
}

static void spans_compare(void)
{
	CHECK(span_equals(span_of("abc"), "abc"));
	CHECK(!span_equals(span_of("abc"), "abcd"));
	CHECK(span_equals_nocase(span_of("STARTtls"), "starttls"));
	CHECK(!span_equals_nocase(span_of("start"), "starttls"));
	CHECK(span_starts_nocase(span_of("AUTH=LOGIN"), "auth="));
	CHECK(span_equals(span_trim(span_of(" \t a b\r\n")), "a b"));
	CHECK(span_equals(span_trim(span_of(" \n")), ""));
	CHECK(span_equals((struct span){0}, ""));
	CHECK(string_equals("a", "a") && string_equals(NULL, NULL));
	CHECK(!string_equals("a", "b") && !string_equals("a", NULL));
	CHECK(!string_equals(NULL, ""));
}

static void lists_own_their_strings(void)
{
	struct strv v = {0};

	for (int i = 0; i < 20; i++)
		CHECK_INT(strv_add(&v, span_of("x")), 0);
	CHECK_INT(v.count, 20);
	strv_clear(&v);
	CHECK_INT(v.count, 0);
}

static void secrets_keep_their_mark(void)
{
	struct buf b;

	buf_init_secret(&b, 1000);
	for (int i = 0; i < 500; i++)
		buf_add_char(&b, 'x');
	CHECK_INT(b.len, 500);
	buf_clear(&b);
	CHECK(b.secret);
	buf_add_string(&b, "again");
	CHECK_STR(b.data, "again");
	buf_wipe(&b);
	CHECK(b.secret);
	CHECK_INT(b.cap, 0);
}

int main(void)
{
	TEST_RUN(grows_up_to_its_ceiling);
	TEST_RUN(an_append_that_does_not_fit_adds_nothing);
	TEST_RUN(take_hands_over);
	TEST_RUN(consume_drops_the_front);
	TEST_RUN(spans_compare);
	TEST_RUN(lists_own_their_strings);
	TEST_RUN(secrets_keep_their_mark);
	return test_done();
}
