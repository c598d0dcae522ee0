/* What a part's fields say of its content, as mailers write them and as they should. */
#include "mail/content.h"

#include "test.h"

/* Reads the fields. */
static struct content read(const char *fields, bool in_digest)
{
	struct content c;
	struct error error;
	struct header h;

	CHECK_INT(header_parse(&h, span_of(fields), &error), 0);
	content_read(&c, &h, in_digest);
	header_clear(&h);
	return c;
}

static void check_boundary(const char *fields, const char *want)
{
	struct content c = read(fields, false);

	CHECK_INT(c.boundary_length, strlen(want));
	CHECK(c.boundary_length == strlen(want) && memcmp(c.boundary, want, strlen(want)) == 0);
}

static void no_field_means_plain_text(void)
{
	struct content c = read("", false);

	CHECK(c.is_text && !c.has_type && !c.has_version && !c.is_multipart && !c.is_rfc822);
	CHECK_INT(c.encoding, CONTENT_7BIT);
	CHECK(content_is_identity(&c));
	c = read("", true);
	CHECK(c.is_rfc822);
	c = read("Content-Type: text/html\nMime-Version: 1.0\n", true);
	CHECK(c.is_text && c.has_type && c.has_version && !c.is_rfc822);
}

static void types_are_told_apart(void)
{
	CHECK(read("Content-Type: TEXT/Html; charset=x\n", false).is_text);
	CHECK(!read("Content-Type: image/png\n", false).is_text);
	CHECK(read("Content-Type: text\n", false).is_text);
	CHECK(read("Content-Type:\n", false).is_text);
	CHECK(read("Content-Type: multipart\n", false).is_text);
	CHECK(read("Content-Type: multipart/mixed\n", false).is_multipart);
	CHECK(read("Content-Type: multipart / digest\n", false).is_digest);
	CHECK(read("Content-Type: (c) multipart (c) / (c(c)) signed (c)\n", false).is_signed);
	CHECK(read("Content-Type:\n multipart/\n\tsigned;\n x=y\n", false).is_signed);
	CHECK(read("Content-Type: message/rfc822\n", false).is_rfc822);
	CHECK(read("Content-Type: message/delivery-status\n", false).is_text);
	CHECK(read("Content-Type: message/partial; id=x\n", false).is_fixed);
	CHECK(read("Content-Type: message/external-body\n", false).is_fixed);
	CHECK(read("DKIM-Signature: x\n", false).is_sealed);
}

static void the_first_field_counts(void)
{
	struct content c = read("Content-Type: text/plain\nContent-Type: image/png\n"
				"Content-Transfer-Encoding: base64\n"
				"Content-Transfer-Encoding: binary\n",
				false);

	CHECK(c.is_text);
	CHECK_INT(c.encoding, CONTENT_BASE64);
}

static void boundaries_are_found(void)
{
	check_boundary("Content-Type: multipart/mixed; boundary=b\n", "b");
	check_boundary("Content-Type: multipart/mixed; boundary=\"b\"\n", "b");
	check_boundary("Content-Type: multipart/mixed; BOUNDARY = b ; x=y\n", "b");
	check_boundary("Content-Type: multipart/mixed;\n\tboundary=\"a b\"\n", "a b");
	check_boundary("Content-Type: multipart/mixed; boundary=\"a b \"\n", "a b");
	check_boundary("Content-Type: multipart/mixed; boundary=\"a\\\"\\\\b\"\n", "a\"\\b");
	check_boundary("Content-Type: multipart/mixed; boundary=----=_x/y?\n", "----=_x/y?");
	check_boundary("Content-Type: multipart/mixed; x=\"boundary=no\"; boundary=b\n", "b");
	check_boundary("Content-Type: multipart/mixed; x=\";boundary=no\"; boundary=b\n", "b");
	check_boundary("Content-Type: multipart/mixed (;boundary=no); boundary=b\n", "b");
	check_boundary("Content-Type: multipart/mixed; x; boundary=b; boundary=c\n", "b");
	check_boundary("Content-Type: multipart/mixed;;; boundary=b;\n", "b");
	check_boundary("Content-Type: multipart/mixed; boundary=\"open\n", "open");
}

static void boundaries_that_cannot_be_used_are_none(void)
{
	char fields[400];

	check_boundary("Content-Type: multipart/mixed\n", "");
	check_boundary("Content-Type: multipart/mixed; boundary\n", "");
	check_boundary("Content-Type: multipart/mixed; boundary=\n", "");
	check_boundary("Content-Type: multipart/mixed; boundary=\"\"\n", "");
	check_boundary("Content-Type: multipart/mixed; boundary=\" \"\n", "");
	snprintf(fields, sizeof(fields), "Content-Type: multipart/mixed; boundary=%0200d\n", 7);
	CHECK_INT(read(fields, false).boundary_length, CONTENT_BOUNDARY_MAX);
	snprintf(fields, sizeof(fields), "Content-Type: multipart/mixed; boundary=%0201d\n", 7);
	CHECK_INT(read(fields, false).boundary_length, 0);
}

static void encodings_are_known_by_name(void)
{
	static const struct {
		const char *body;
		enum content_encoding want;
	} cases[] = {
		{"7bit", CONTENT_7BIT},
		{"8BIT", CONTENT_8BIT},
		{"Binary", CONTENT_BINARY},
		{"quoted-printable", CONTENT_QUOTED_PRINTABLE},
		{"(c) base64 (c)", CONTENT_BASE64},
		{"base64;", CONTENT_BASE64},
		{"\n\tbinary", CONTENT_BINARY},
		{"", CONTENT_7BIT},
		{"8-bit", CONTENT_UNKNOWN},
		{"x-uuencode", CONTENT_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char field[100];
		struct content c;

		snprintf(field, sizeof(field), "Content-Transfer-Encoding: %s\n",
			 cases[i].body);
		c = read(field, false);
		CHECK_INT(c.encoding, cases[i].want);
		CHECK(content_is_identity(&c) == (cases[i].want != CONTENT_BASE64 &&
						  cases[i].want != CONTENT_QUOTED_PRINTABLE));
	}
}

static void wide_charsets_are_known(void)
{
	CHECK(read("Content-Type: text/plain; charset=UTF-16\n", false).is_wide);
	CHECK(read("Content-Type: text/plain; charset=\"utf-32be\"\n", false).is_wide);
	CHECK(!read("Content-Type: text/plain; charset=utf-8\n", false).is_wide);
	CHECK(!read("Content-Type: text/plain; charset=utf-8; charset=utf-16\n", false)
		       .is_wide);
	CHECK(!read("Content-Type: image/x; charset=utf-16\n", false).is_wide);
}

int main(void)
{
	TEST_RUN(no_field_means_plain_text);
	TEST_RUN(types_are_told_apart);
	TEST_RUN(the_first_field_counts);
	TEST_RUN(boundaries_are_found);
	TEST_RUN(boundaries_that_cannot_be_used_are_none);
	TEST_RUN(encodings_are_known_by_name);
	TEST_RUN(wide_charsets_are_known);
	return test_done();
}
