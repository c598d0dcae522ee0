/* The wire form: line ends, lone CRs, dots; whole, byte by byte and into small rooms. */
#include "mail/wireform.h"

#include <stdlib.h>

#include "test.h"

/* Converts text, giving out at most step bytes in a go, from pieces of at most cut bytes. */
static char *convert(const char *text, size_t len, bool dots, size_t cut, size_t step)
{
	struct wireform w;
	struct buf out;
	char *room = malloc(step); /* of its own size, for a sanitizer to watch */
	size_t at = 0;

	buf_init(&out, 1 << 20);
	wireform_init(&w, dots);
	while (at < len) {
		struct span in = {text + at, len - at < cut ? len - at : cut};
		size_t given = in.len;

		while (in.len > 0)
			buf_add(&out, room, wireform_feed(&w, &in, room, step));
		at += given;
	}
	buf_add(&out, room, wireform_finish(&w, room));
	free(room);
	return buf_take(&out);
}

static void check(const char *text, bool dots, const char *want)
{
	static const size_t sizes[] = {1, 2, 3, 16, 17, 100000};

	for (size_t i = 0; i < 6; i++)
		for (size_t j = 3; j < 6; j++) {
			char *got = convert(text, strlen(text), dots, sizes[i], sizes[j]);

			CHECK_STR(got, want);
			free(got);
		}
}

static void line_ends_become_crlf(void)
{
	check("", true, "");
	check("a", true, "a\r\n");
	check("a\n", true, "a\r\n");
	check("a\r\n", true, "a\r\n");
	check("a\n\nb\r\n\r\nc", true, "a\r\n\r\nb\r\n\r\nc\r\n");
	check("\n", true, "\r\n");
	check("\r\n", true, "\r\n");
	check("one line of many bytes, longer than the smallest room\nand another\r\n", true,
	      "one line of many bytes, longer than the smallest room\r\nand another\r\n");
}

static void a_lone_cr_becomes_a_space(void)
{
	check("\r", true, " \r\n");
	check("a\rb\n", true, "a b\r\n");
	check("a\r\r\n", true, "a \r\n");
	check("\r\r\r", true, "   \r\n");
	check("a\r", true, "a \r\n");
	check("a\n\r.\n", true, "a\r\n .\r\n");
	check("a\r.\r\n.\r\n", true, "a .\r\n..\r\n");
}

static void leading_dots_are_doubled_for_data(void)
{
	check(".", true, "..\r\n");
	check(".\n.\r\n..\na.\n.b", true, "..\r\n..\r\n...\r\na.\r\n..b\r\n");
	check(".\n.\r\n..\na.\n.b", false, ".\r\n.\r\n..\r\na.\r\n.b\r\n");
	check("\n.\n.\n.\n.\n.\n.\n.\n.\n", true,
	      "\r\n..\r\n..\r\n..\r\n..\r\n..\r\n..\r\n..\r\n..\r\n");
	check("\r\n.\r\n.\r\n.\r.\r\n", true, "\r\n..\r\n..\r\n.. .\r\n");
}

static void the_room_is_filled_and_never_passed(void)
{
	char text[3000];
	char *got;

	for (size_t size = 16; size < 80; size++) {
		struct wireform w;
		struct span in = {text, sizeof(text)};
		char room[80];
		size_t put;

		memset(text, 'x', sizeof(text));
		for (size_t i = size % 7; i < sizeof(text); i += 1 + size % 7)
			text[i] = '\n';
		memset(room, '#', sizeof(room));
		wireform_init(&w, true);
		put = wireform_feed(&w, &in, room, size);
		CHECK(put >= size - 4 && put <= size);
		CHECK(room[size] == '#');
	}
	memset(text, '.', sizeof(text));
	got = convert(text, sizeof(text), true, sizeof(text), 16);
	CHECK_INT(strlen(got), sizeof(text) + 3);
	free(got);
}

int main(void)
{
	TEST_RUN(line_ends_become_crlf);
	TEST_RUN(a_lone_cr_becomes_a_space);
	TEST_RUN(leading_dots_are_doubled_for_data);
	TEST_RUN(the_room_is_filled_and_never_passed);
	return test_done();
}
