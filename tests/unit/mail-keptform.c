/* The kept form: line ends and quoted lines; whole, byte by byte and into small rooms. */
#include "mail/keptform.h"

#include <stdlib.h>

#include "test.h"

/* Converts text, giving out at most step bytes in a go, from pieces of at most cut bytes. */
static char *convert(const char *text, size_t len, bool quotes, size_t cut, size_t step)
{
	struct keptform k;
	struct buf out;
	char *room = malloc(step); /* of its own size, for a sanitizer to watch */
	size_t at = 0;

	buf_init(&out, 1 << 20);
	keptform_init(&k, quotes);
	while (at < len) {
		struct span in = {text + at, len - at < cut ? len - at : cut};
		size_t given = in.len;

		while (in.len > 0)
			buf_add(&out, room, keptform_feed(&k, &in, room, step));
		at += given;
	}
	buf_add(&out, room, keptform_finish(&k, room));
	free(room);
	return buf_take(&out);
}

static void check(const char *text, bool quotes, const char *want)
{
	static const size_t sizes[] = {1, 2, 3, 16, 17, 100000};

	for (size_t i = 0; i < 6; i++)
		for (size_t j = 3; j < 6; j++) {
			char *got = convert(text, strlen(text), quotes, sizes[i], sizes[j]);

			CHECK_STR(got, want);
			free(got);
		}
}

static void line_ends_become_lf(void)
{
	check("", false, "");
	check("a", false, "a\n");
	check("a\r\n\r\nb\n\nc", false, "a\n\nb\n\nc\n");
	check("\r\n", false, "\n");
	check("\n", true, "\n");
	check("one line of many bytes, longer than the smallest room\r\nand another\r\n", false,
	      "one line of many bytes, longer than the smallest room\nand another\n");
}

static void a_lone_cr_is_kept(void)
{
	check("\r", false, "\r\n");
	check("a\rb\n", true, "a\rb\n");
	check("a\r\r\nb\r", true, "a\r\nb\r\n");
	check("\rFrom x\n", true, "\rFrom x\n");
	check("\r\nFrom x\n", true, "\n>From x\n");
	check("From\r x\n", true, "From\r x\n");
}

static void separators_are_quoted_in_an_mbox_alone(void)
{
	check("From x\nFrom y\n", false, "From x\nFrom y\n");
	check("From x\nFrom y\n", true, ">From x\n>From y\n");
	check(">From x\r\n>>From \r\n", true, ">>From x\n>>>From \n");
	check("From\n>\n>>From\nFrom:\n From x\nFFrom x\n>> From x\nFro", true,
	      "From\n>\n>>From\nFrom:\n From x\nFFrom x\n>> From x\nFro\n");
	check("From ", true, ">From \n");
	check(">>", true, ">>\n");
	check("FrFrom x\nfrom x\nF>rom x\n", true, "FrFrom x\nfrom x\nF>rom x\n");
}

/* What readers of mboxrd do. */
static void unquote(char *text)
{
	char *to = text;

	for (char *line = text; *line;) {
		char *end = strchr(line, '\n');
		size_t signs = strspn(line, ">");

		if (signs > 0 && strncmp(line + signs, "From ", 5) == 0)
			line++;
		memmove(to, line, (size_t)(end + 1 - line));
		to += end + 1 - line;
		line = end + 1;
	}
	*to = '\0';
}

static void what_is_quoted_can_be_read_again(void)
{
	static const char letters[] = "From >\n\r";
	static const size_t sizes[] = {1, 3, 7, 1000};
	unsigned seed = 1;

	for (int round = 0; round < 20000; round++) {
		char text[41], *plain, *quoted;
		size_t len;

		for (len = 0; len < 40; len++) {
			seed = seed * 1103515245 + 12345;
			text[len] = letters[(seed >> 16) % 8];
			if (len < 34 && (seed >> 24) % 4 == 0) {
				memcpy(text + len, "\nFrom ", 6);
				len += 5;
			}
		}
		text[len < 40 ? len : 40] = '\0';
		plain = convert(text, strlen(text), false, 1000, 64);
		quoted = convert(text, strlen(text), true, sizes[round % 4], 16);
		CHECK(strncmp(quoted, "From ", 5) != 0 && !strstr(quoted, "\nFrom "));
		unquote(quoted);
		CHECK_STR(quoted, plain);
		free(plain);
		free(quoted);
	}
}

int main(void)
{
	TEST_RUN(line_ends_become_lf);
	TEST_RUN(a_lone_cr_is_kept);
	TEST_RUN(separators_are_quoted_in_an_mbox_alone);
	TEST_RUN(what_is_quoted_can_be_read_again);
	return test_done();
}
