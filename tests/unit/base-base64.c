/* Base64: the vectors of RFC 4648 section 10, and what is refused. */
#include "base/base64.h"

#include "test.h"

static void vectors_both_ways(void)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
	};
	struct buf b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_init(&b, 64);
		base64_encode(&b, span_of(rows[i][0]));
		CHECK_STR(b.data, rows[i][1]);
		buf_reset(&b);
		CHECK_INT(base64_decode(&b, span_of(rows[i][1])), 0);
		CHECK_STR(b.data, rows[i][0]);
		buf_clear(&b);
	}
}

static void every_byte_survives(void)
{
	char all[256];
	struct buf text, back;

	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	buf_init(&text, 1000);
	buf_init(&back, 1000);
	base64_encode(&text, (struct span){all, 256});
	CHECK_INT(base64_decode(&back, buf_span(&text)), 0);
	CHECK(back.len == 256 && memcmp(back.data, all, 256) == 0);
	buf_clear(&text);
	buf_clear(&back);
}

static void nonsense_is_refused_whole(void)
{
	static const char *const rows[] = {
		"Z",    "Zg",    "Zg=",      "Zg===", "=Zg=",  "Zm9v=",  "Zm9v====", "Zh==",
		"Zm9=", "Z g==", "Zg==Zg==", "====",  "Zm9\n", "Zm9v\n", "-_-_",     "Zm8=v"};
	struct buf b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_init(&b, 64);
		buf_add_string(&b, "x");
		CHECK_INT(base64_decode(&b, span_of(rows[i])), -1);
		CHECK_STR(b.data, "x");
		buf_clear(&b);
	}
}

static void lines_may_break(void)
{
	struct buf b;

	buf_init(&b, 64);
	CHECK_INT(base64_decode_lines(&b, span_of("Zm9v\r\n Ym\nE=\n")), 0);
	CHECK_STR(b.data, "fooba");
	buf_clear(&b);
}

int main(void)
{
	TEST_RUN(vectors_both_ways);
	TEST_RUN(every_byte_survives);
	TEST_RUN(nonsense_is_refused_whole);
	TEST_RUN(lines_may_break);
	return test_done();
}
