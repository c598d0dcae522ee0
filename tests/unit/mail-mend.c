/* Text and base64 put right; base64 in small rooms, text cut anywhere. */
#include "mail/mend.h"

#include <stdlib.h>

#include "test.h"

enum { OUT_MAX = 1 << 20 };

static const struct mend all = {.fold = true, .seven = true, .bytes = true};

/* Text mended, given in pieces of at most cut bytes; the caller frees it. */
static char *mend(struct mend m, struct span text, size_t cut)
{
	struct buf out;

	buf_init(&out, OUT_MAX);
	while (text.len > 0) {
		struct span piece = {text.data, text.len < cut ? text.len : cut};

		mend_text(&m, piece, &out);
		text.data += piece.len;
		text.len -= piece.len;
	}
	return buf_take(&out);
}

static void check_text(struct mend m, const char *text, const char *want)
{
	char *got = mend(m, span_of(text), SIZE_MAX);

	CHECK_STR(got, want);
	free(got);
}

static void what_is_fine_stays(void)
{
	check_text(all, "a b\nc\r\n\r\n", "a b\nc\r\n\r\n");
	check_text((struct mend){0}, "\344\rb", "\344\rb");
}

static void bytes_become_question_marks(void)
{
	char *got = mend(all, (struct span){"a\0b\n", 4}, 4);

	CHECK_STR(got, "a?b\n");
	free(got);
	check_text(all, "\303\274\n", "??\n");
	check_text(all, "a\rb\r\nc\r", "a?b\r\nc?");
	check_text(all, "\r\r\n", "?\r\n");
	check_text((struct mend){.bytes = true}, "\344\r", "\344?");
	check_text((struct mend){.seven = true}, "\344\rx", "?\rx");
}

/* Makes count bytes of text at the end of b. */
static void fill(struct buf *b, char c, size_t count)
{
	while (count-- > 0)
		buf_add_char(b, c);
}

/* The longest line of text. */
static size_t longest(const char *text)
{
	size_t most = 0, line = 0;

	for (; *text; text++) {
		line = *text == '\n' ? 0 : line + 1;
		most = line > most ? line : most;
	}
	return most;
}

static void long_lines_are_folded_at_blanks(void)
{
	struct buf text;
	char *got;

	buf_init(&text, OUT_MAX);
	fill(&text, 'a', 900);
	buf_add_char(&text, ' ');
	fill(&text, 'b', 97);
	got = mend(all, buf_span(&text), SIZE_MAX);
	CHECK_STR(got, text.data); /* 998 are allowed */
	free(got);
	buf_add_string(&text, "b\n");
	got = mend(all, buf_span(&text), SIZE_MAX);
	CHECK_INT(strlen(got), text.len + 1);
	CHECK(memcmp(got + 900, "\n bbb", 5) == 0);
	free(got);
	got = mend((struct mend){.bytes = true}, buf_span(&text), SIZE_MAX);
	CHECK_STR(got, text.data);
	free(got);
	buf_clear(&text);
}

static void lines_without_blanks_get_one(void)
{
	static const size_t cuts[] = {SIZE_MAX, 1, 7, 998, 999};
	struct buf text;

	buf_init(&text, OUT_MAX);
	fill(&text, 'a', 5000);
	buf_add_char(&text, '\n');
	fill(&text, ' ', 3000);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		char *got = mend(all, buf_span(&text), cuts[i]);

		CHECK(longest(got) == 998);
		CHECK(strncmp(got + 998, "\n aaa", 5) == 0);
		free(got);
	}
	buf_clear(&text);
}

/* What is given byte by byte is mended alike, but for where a line is folded and a CR that the
 * end of a piece makes a lone one. */
static void text_may_be_cut(void)
{
	static const char text[] = "\344b\nno\303\n\n\n x \377";

	for (size_t cut = 1; cut < sizeof(text); cut++) {
		char *got = mend(all, span_of(text), cut);

		CHECK_STR(got, "?b\nno?\n\n\n x ?");
		free(got);
	}
}

static void check_base64(const char *text, const char *want)
{
	for (size_t cut = 1; cut < 200; cut += 3) {
		struct span rest = span_of(text);
		struct buf out;
		size_t column = 0;
		char *got;

		buf_init(&out, OUT_MAX);
		while (rest.len > 0) {
			struct span piece = {rest.data, rest.len < cut ? rest.len : cut};
			size_t given = piece.len;
			char room[8];

			while (piece.len > 0)
				buf_add(&out, room,
					mend_base64(&column, &piece, room, sizeof(room)));
			rest.data += given;
			rest.len -= given;
		}
		got = buf_take(&out);
		CHECK_STR(got, want);
		free(got);
	}
}

#define LINE "0123456789012345678901234567890123456789012345678901234567890123456789ABCDEF"

static void base64_is_cleaned_and_broken(void)
{
	check_base64("", "");
	check_base64("YWJj\nYQ==\n", "YWJj\nYQ==\n");
	check_base64("YW Jj\r\n\tY\344Q=\r=\001", "YWJj\nYQ==");
	check_base64(LINE, LINE);
	check_base64(LINE "\n" LINE "\n", LINE "\n" LINE "\n");
	check_base64(LINE LINE "YQ==\n", LINE "\n" LINE "\nYQ==\n");
}

int main(void)
{
	TEST_RUN(what_is_fine_stays);
	TEST_RUN(bytes_become_question_marks);
	TEST_RUN(long_lines_are_folded_at_blanks);
	TEST_RUN(lines_without_blanks_get_one);
	TEST_RUN(text_may_be_cut);
	TEST_RUN(base64_is_cleaned_and_broken);
	return test_done();
}
