/* Content weighed: what is in it, what becomes of it, how long that is; whole and byte by byte.
 */
#include "mail/weigh.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/quoted_printable.h"
#include "test.h"

enum { ALL = WEIGH_8BIT | WEIGH_LINES | WEIGH_BYTES };

static const struct content text = {.is_text = true};
static const struct content bytes;

static struct weigh weigh(struct span s, size_t cut)
{
	struct weigh w = {.wants_charset = true};

	while (s.len > 0) {
		struct span piece = {s.data, s.len < cut ? s.len : cut};

		weigh_feed(&w, piece);
		s.data += piece.len;
		s.len -= piece.len;
	}
	return w;
}

/* Troubles, which do not depend on how the content is cut; and the choice, whose escapes are a
 * few more a piece. */
static void check(struct span s, const struct content *c, unsigned troubles,
		  enum weigh_choice choice)
{
	static const size_t cuts[] = {SIZE_MAX, 1, 5};

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct weigh w = weigh(s, cuts[i]);

		CHECK_INT(weigh_troubles(&w, c, ALL), troubles);
		CHECK(i > 0 || weigh_choose(&w, c, troubles) == choice);
	}
}

static void troubles_are_seen(void)
{
	char line[1001];

	memset(line, 'x', sizeof(line));
	check(span_of(""), &text, 0, WEIGH_KEEP);
	check(span_of("a\nb\r\n"), &text, 0, WEIGH_KEEP);
	check(span_of("\303\274"), &text, WEIGH_8BIT, WEIGH_QUOTED_PRINTABLE);
	check((struct span){line, 998}, &text, 0, WEIGH_KEEP);
	check((struct span){line, 999}, &text, WEIGH_LINES, WEIGH_QUOTED_PRINTABLE);
	check((struct span){line, 999}, &bytes, WEIGH_LINES, WEIGH_BASE64_BYTES);
	check(span_of("a\rb"), &text, WEIGH_BYTES, WEIGH_QUOTED_PRINTABLE);
	check(span_of("a\r"), &text, WEIGH_BYTES, WEIGH_QUOTED_PRINTABLE);
	check((struct span){"a\0b", 3}, &bytes, WEIGH_BYTES, WEIGH_BASE64_BYTES);
}

static void only_what_is_forbidden_troubles(void)
{
	struct weigh w = weigh(span_of("\344\rb"), SIZE_MAX);

	CHECK_INT(weigh_troubles(&w, &text, WEIGH_8BIT), WEIGH_8BIT);
	w = weigh(span_of("\344b"), SIZE_MAX);
	CHECK_INT(weigh_troubles(&w, &text, WEIGH_BYTES | WEIGH_LINES), 0);
}

static void much_8bit_text_is_shorter_as_base64(void)
{
	char much[1000];

	memset(much, '\344', sizeof(much));
	check((struct span){much, sizeof(much)}, &text, WEIGH_8BIT | WEIGH_LINES,
	      WEIGH_BASE64_TEXT);
	much[500] = '\0';
	check((struct span){much, sizeof(much)}, &text, WEIGH_8BIT | WEIGH_LINES | WEIGH_BYTES,
	      WEIGH_BASE64_BYTES);
	check((struct span){much, 20}, &text, WEIGH_8BIT, WEIGH_QUOTED_PRINTABLE);
}

static void what_is_encoded_is_mended(void)
{
	const struct content base64 = {.encoding = CONTENT_BASE64};
	const struct content quoted = {.encoding = CONTENT_QUOTED_PRINTABLE};
	const struct content wide = {.is_text = true, .is_wide = true};

	check(span_of("YQ=\344="), &base64, WEIGH_8BIT, WEIGH_MEND_BASE64);
	check(span_of("=E4\344"), &quoted, WEIGH_8BIT, WEIGH_MEND_QUOTED_PRINTABLE);
	check((struct span){"\0a\0\n", 4}, &wide, WEIGH_BYTES, WEIGH_BASE64_BYTES);
}

static void check_binary(struct span s, const struct content *type, enum weigh_choice choice,
			 bool needs, uint64_t size)
{
	struct content c = *type;
	struct weigh w = weigh(s, 1);

	c.encoding = CONTENT_BINARY;
	CHECK_INT(weigh_troubles(&w, &c, ALL) & WEIGH_BYTES, s.len > 0 ? WEIGH_BYTES : 0);
	CHECK(weigh_choose_binary(&w, &c) == choice);
	CHECK(weigh_needs_binary(&w, choice) == needs);
	CHECK_INT(weigh_size(&w, choice), size);
}

static void binary_content_may_need_binarymime(void)
{
	check_binary(span_of(""), &bytes, WEIGH_BINARY_BYTES, false, 0);
	check_binary(span_of("a\r\nb"), &bytes, WEIGH_BINARY_BYTES, false, 4);
	check_binary(span_of("a\nb"), &bytes, WEIGH_BINARY_BYTES, true, 3);
	check_binary(span_of("a\rb"), &bytes, WEIGH_BINARY_BYTES, true, 3);
	check_binary(span_of("a\r"), &bytes, WEIGH_BINARY_BYTES, true, 2);
	check_binary(span_of("a\nb"), &text, WEIGH_BINARY_TEXT, false, 4);
	check_binary(span_of("a\nb\rc"), &text, WEIGH_BINARY_TEXT, true, 6);
	check_binary((struct span){"a\nb\0", 4}, &text, WEIGH_BINARY_BYTES, true, 4);
}

/* The length of what the encoders make of s, with CRLF line ends. */
static uint64_t encoded_length(struct span s, enum weigh_choice choice)
{
	struct quoted_printable q;
	struct base64_stream b = {0};
	struct measure m = {0};
	char out[256];

	quoted_printable_init(&q, choice == WEIGH_MEND_QUOTED_PRINTABLE);
	while (s.len > 0)
		measure_feed(
			&m,
			(struct span){out, choice == WEIGH_BASE64_BYTES
						   ? base64_stream_feed(&b, &s, out, 256)
						   : quoted_printable_feed(&q, &s, out, 256)});
	measure_feed(&m, (struct span){out, choice == WEIGH_BASE64_BYTES
						    ? base64_stream_finish(&b, out)
						    : quoted_printable_finish(&q, out)});
	return m.size;
}

static void sizes_are_told_beforehand(void)
{
	char data[3000];
	unsigned seed = 7;

	for (size_t len = 0; len < sizeof(data); len += 1 + len / 16) {
		struct span s = {data, len};
		struct weigh w;

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1103515245 + 12345;
			data[i] = "ab \t=\n\r\344\0-."[seed >> 16 & 7];
		}
		for (size_t cut = 1; cut < 4000; cut *= 3) {
			w = weigh(s, cut);
			weigh_troubles(&w, &text, ALL);
			CHECK_INT(weigh_size(&w, WEIGH_BASE64_BYTES),
				  encoded_length(s, WEIGH_BASE64_BYTES));
			CHECK(weigh_size(&w, WEIGH_QUOTED_PRINTABLE) >=
			      encoded_length(s, WEIGH_QUOTED_PRINTABLE));
		}
	}
}

static void charsets_are_told(void)
{
	static const struct {
		const char *text;
		enum weigh_charset want;
	} cases[] = {
		{"", WEIGH_ASCII},        {"a\n", WEIGH_ASCII},
		{"\303\274", WEIGH_UTF8}, {"\303\274\344", WEIGH_UNKNOWN},
		{"\303", WEIGH_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t cut = 1; cut < 3; cut++) {
			struct weigh w = weigh(span_of(cases[i].text), cut);

			CHECK(weigh_charset(&w) == cases[i].want);
		}
}

int main(void)
{
	TEST_RUN(troubles_are_seen);
	TEST_RUN(only_what_is_forbidden_troubles);
	TEST_RUN(much_8bit_text_is_shorter_as_base64);
	TEST_RUN(what_is_encoded_is_mended);
	TEST_RUN(binary_content_may_need_binarymime);
	TEST_RUN(sizes_are_told_beforehand);
	TEST_RUN(charsets_are_told);
	return test_done();
}
