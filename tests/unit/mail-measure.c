/* The facts of a body, fed whole and cut anywhere. */
#include "mail/measure.h"

#include <stdlib.h>

#include "test.h"

static struct measure measure_cut(const char *text, size_t len, size_t cut)
{
	struct measure m = {0};

	for (size_t at = 0; at < len; at += cut) {
		size_t piece = len - at < cut ? len - at : cut;
		char *copy = malloc(piece);

		memcpy(copy, text + at, piece);
		measure_feed(&m, (struct span){copy, piece});
		free(copy);
	}
	measure_finish(&m);
	return m;
}

static void check(const char *text, size_t len, uint64_t size, uint64_t longest, bool lone_cr)
{
	static const size_t cuts[] = {1, 2, 3, 191, 192, 193, 998, 999, 1000, 65536};

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct measure m = measure_cut(text, len, cuts[i]);

		CHECK_INT(m.size, size);
		CHECK_INT(m.longest_line, longest);
		CHECK_INT(m.has_lone_cr, lone_cr);
	}
}

static void check_text(const char *text, uint64_t size, bool lone_cr)
{
	check(text, strlen(text), size, 0, lone_cr);
}

static void the_size_is_that_of_the_wire_form(void)
{
	check_text("", 0, false);
	check_text("a", 3, false);
	check_text("a\n", 3, false);
	check_text("a\r\n", 3, false);
	check_text("\n\n\r\n", 6, false);
	check_text("\r", 3, true);
	check_text("a\rb\n", 5, true);
	check_text("a\r\r\n", 4, true);
	check_text("a\r\r", 5, true);
	check_text("a\r\nb\rc\r\n", 8, true);
}

/* A line of length bytes between two short ones. */
static void check_line(size_t length, const char *end, uint64_t want)
{
	char text[5000] = "first\n";
	size_t len = 6;

	memset(text + len, 'x', length);
	len += length;
	memcpy(text + len, end, strlen(end));
	len += strlen(end);
	memcpy(text + len, "last\n", 5);
	check(text, len + 5, 7 + length + 2 + 6, want, false);
}

static void the_longest_line_is_exact_where_it_is_too_long(void)
{
	check_line(10, "\n", 0);
	check_line(997, "\r\n", 0);
	check_line(998, "\n", 0);
	check_line(998, "\r\n", 0);
	check_line(999, "\n", 999);
	check_line(999, "\r\n", 999);
	check_line(1000, "\n", 1000);
	check_line(1997, "\r\n", 1997);
	check_line(4000, "\n", 4000);
}

static void a_last_line_without_end_counts(void)
{
	char text[2000];

	memset(text, 'x', sizeof(text));
	check(text, 998, 1000, 0, false);
	check(text, 999, 1001, 999, false);
	check(text, 2000, 2002, 2000, false);
	text[999] = '\r';
	check(text, 1000, 1002, 1000, true);
}

static void of_two_long_lines_the_longer_counts(void)
{
	char text[4000];

	memset(text, 'x', sizeof(text));
	text[1500] = text[3300] = '\n';
	check(text, sizeof(text), 4004, 1799, false);
}

static void an_8bit_byte_is_seen_anywhere(void)
{
	char text[1000];

	for (size_t at = 0; at < sizeof(text); at++) {
		memset(text, 'x', sizeof(text));
		CHECK(!measure_cut(text, sizeof(text), 333).has_8bit);
		text[at] = '\x80';
		CHECK(measure_cut(text, sizeof(text), 1000).has_8bit);
	}
}

int main(void)
{
	TEST_RUN(the_size_is_that_of_the_wire_form);
	TEST_RUN(the_longest_line_is_exact_where_it_is_too_long);
	TEST_RUN(a_last_line_without_end_counts);
	TEST_RUN(of_two_long_lines_the_longer_counts);
	TEST_RUN(an_8bit_byte_is_seen_anywhere);
	return test_done();
}
