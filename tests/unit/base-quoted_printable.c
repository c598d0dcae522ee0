/* Quoted-printable and base64 as streams, fed whole and byte by byte. */
#include "base/quoted_printable.h"

#include "base/base64.h"
#include "test.h"

static void encode(struct span in, bool mend, size_t cut, struct buf *out)
{
	struct quoted_printable q;
	char room[128];

	buf_reset(out);
	quoted_printable_init(&q, mend);
	while (in.len > 0) {
		struct span piece = {in.data, in.len < cut ? in.len : cut};

		in.data += piece.len;
		in.len -= piece.len;
		while (piece.len > 0)
			buf_add(out, room,
				quoted_printable_feed(&q, &piece, room, sizeof(room)));
	}
	buf_add(out, room, quoted_printable_finish(&q, room));
}

static void check(struct span in, bool mend, const char *want)
{
	struct buf out;

	buf_init(&out, 10000);
	for (size_t cut = 1; cut < 100; cut += 7) {
		encode(in, mend, cut, &out);
		CHECK_STR(out.data, want);
	}
	buf_clear(&out);
}

static void check_text(const char *in, const char *want)
{
	check(span_of(in), false, want);
}

static void what_is_not_printable_is_encoded(void)
{
	check_text("", "");
	check_text("a=b\n", "a=3Db\n");
	check_text("gr\xc3\xbc\xc3\x9f"
		   "e\x7f\x01\n",
		   "gr=C3=BC=C3=9Fe=7F=01\n");
	check((struct span){"a\0b", 3}, false, "a=00b");
}

static void line_ends_stay_and_lone_crs_do_not(void)
{
	check_text("a\r\nb\n\n\r\nc", "a\nb\n\n\nc");
	check_text("a\rb\r\r\nc\r", "a=0Db=0D\nc=0D");
}

static void a_blank_before_a_line_end_is_encoded(void)
{
	check_text("a \nb\t\r\n c  \n \n", "a=20\nb=09\n c =20\n=20\n");
	check_text("a \rb \t", "a =0Db =09");
}

static void long_lines_break_softly(void)
{
	char in[200], want[256];

	memset(in, 'x', 199);
	in[199] = '\0';
	snprintf(want, sizeof(want), "%.75s=\n%.75s=\n%.49s", in, in, in);
	check_text(in, want);
	in[75] = in[76] = '-';
	snprintf(want, sizeof(want), "%.75s=\n=2D-%.71s=\n%.51s", in, in, in);
	check_text(in, want);
}

static void what_is_encoded_is_mended(void)
{
	char in[200] = {0}, want[256];

	check(span_of("a=3D=\nb =20\xfc =\xfc\n"), true, "a=3D=\nb =20=FC =3D=FC\n");
	memset(in, 'x', 100);
	memcpy(in + 73, "=C3=BC", 6);
	snprintf(want, sizeof(want), "%.73s=\n=C3=BC%.21s", in, in);
	check(span_of(in), true, want);
}

static void base64_lines_are_those_of_the_whole(void)
{
	struct base64_stream b = {0};
	char bytes[300], out[512], lines[512] = "";
	struct buf whole;
	size_t len = 0;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	buf_init(&whole, 1000);
	base64_encode(&whole, (struct span){bytes, sizeof(bytes)});
	for (size_t i = 0; i < whole.len; i += BASE64_LINE_OUT)
		len += (size_t)snprintf(lines + len, sizeof(lines) - len, "%s%.76s",
					i ? "\n" : "", whole.data + i);
	for (size_t cut = 1; cut < 300; cut += 13) {
		size_t got = 0;

		for (size_t at = 0; at < sizeof(bytes); at += cut) {
			size_t left = sizeof(bytes) - at;
			struct span in = {bytes + at, left < cut ? left : cut};

			while (in.len > 0)
				got += base64_stream_feed(&b, &in, out + got,
							  2 * BASE64_LINE_OUT);
		}
		got += base64_stream_finish(&b, out + got);
		out[got] = '\0';
		CHECK_STR(out, lines);
	}
	buf_clear(&whole);
}

int main(void)
{
	TEST_RUN(what_is_not_printable_is_encoded);
	TEST_RUN(line_ends_stay_and_lone_crs_do_not);
	TEST_RUN(a_blank_before_a_line_end_is_encoded);
	TEST_RUN(long_lines_break_softly);
	TEST_RUN(what_is_encoded_is_mended);
	TEST_RUN(base64_lines_are_those_of_the_whole);
	return test_done();
}
