/* What a server offers, from the text of its EHLO reply. */
#include "smtp/capability.h"

#include <stdlib.h>

#include "test.h"

static struct capabilities c;

static void parse(const char *text)
{
	CHECK_INT(capabilities_parse(&c, span_of(text)), 0);
}

static void keywords_and_parameters(void)
{
	struct span parameters = {0};

	parse("mail.example.org greets you\nPIPELINING\nsize 1000\nAUTH PLAIN LOGIN \n"
	      "X_OLD\n8BITMIME\nLIMITS  MAILMAX=3 RCPTMAX=5");
	CHECK_INT(c.count, 6);
	CHECK(capabilities_have(&c, "pipelining", &parameters));
	CHECK_INT(parameters.len, 0);
	CHECK(capabilities_have(&c, "SIZE", NULL));
	CHECK(capabilities_have(&c, "8BitMime", NULL));
	CHECK(capabilities_have(&c, "X_OLD", NULL));
	CHECK(!capabilities_have(&c, "PIPE", NULL));
	CHECK(!capabilities_have(&c, "PIPELINING2", NULL));
	CHECK(!capabilities_have(&c, "", NULL));
	CHECK(capabilities_have(&c, "LIMITS", &parameters));
	CHECK(span_equals(parameters, "MAILMAX=3 RCPTMAX=5"));
	CHECK_INT(capabilities_size(&c), 1000);
	capabilities_clear(&c);
	CHECK(!capabilities_have(&c, "PIPELINING", NULL));
	capabilities_clear(&c);
}

/* The first line is a name and a greeting, whatever it looks like. */
static void the_first_line_is_no_keyword(void)
{
	parse("PIPELINING");
	CHECK_INT(c.count, 0);
	parse("");
	CHECK_INT(c.count, 0);
	parse("\nSTARTTLS\n");
	CHECK_INT(c.count, 1);
	CHECK(capabilities_have(&c, "STARTTLS", NULL));
	capabilities_clear(&c);
}

static void lines_that_are_none_are_passed_over(void)
{
	parse("x\n\n \n-BAD\nBA(D\n\x80GOOD\nST\x01RT\nSTARTTLS\x7f\n SIZE 5");
	CHECK(!capabilities_have(&c, "BAD", NULL));
	CHECK(!capabilities_have(&c, "STARTTLS", NULL));
	CHECK_INT(c.count, 1);
	CHECK_INT(capabilities_size(&c), 5);
	capabilities_clear(&c);
}

static void mechanisms_are_whole_words(void)
{
	parse("x\nAUTH PLAIN  CRAM-MD5\tLOGIN");
	CHECK(capabilities_have_auth(&c, "plain"));
	CHECK(capabilities_have_auth(&c, "CRAM-MD5"));
	CHECK(capabilities_have_auth(&c, "LOGIN"));
	CHECK(!capabilities_have_auth(&c, "CRAM"));
	CHECK(!capabilities_have_auth(&c, "PLAIN CRAM-MD5"));
	CHECK(!capabilities_have_auth(&c, ""));
	parse("x\nAUTH=LOGIN PLAIN\nAUTH CRAM-MD5");
	CHECK(capabilities_have_auth(&c, "LOGIN"));
	CHECK(capabilities_have_auth(&c, "PLAIN"));
	CHECK(capabilities_have_auth(&c, "CRAM-MD5"));
	parse("x\nAUTH\nAUTH=\nXAUTH PLAIN");
	CHECK(capabilities_have(&c, "AUTH", NULL));
	CHECK(!capabilities_have_auth(&c, "PLAIN"));
	capabilities_clear(&c);
}

static void sizes(void)
{
	static const struct {
		const char *text;
		unsigned long long size;
	} rows[] = {
		{"x\nSIZE 35882577", 35882577},
		{"x\nSIZE", 0},
		{"x\nSIZE 0", 0},
		{"x", 0},
		{"x\nSIZE 9999999999999999999", 9999999999999999999ULL},
		{"x\nSIZE 99999999999999999999", 0},
		{"x\nSIZE -1", 0},
		{"x\nSIZE 10k", 0},
		{"x\nSIZE  077 ", 77},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		parse(rows[i].text);
		CHECK(capabilities_size(&c) == rows[i].size);
	}
	capabilities_clear(&c);
}

static void many_lines_are_bounded(void)
{
	struct buf text;

	buf_init(&text, 16384);
	for (int i = 0; i < 2000; i++)
		buf_printf(&text, "K%d\n", i);
	CHECK_INT(capabilities_parse(&c, buf_span(&text)), 0);
	CHECK(c.count > 100 && c.count < 1000);
	CHECK(capabilities_have(&c, "K1", NULL));
	capabilities_clear(&c);
	buf_clear(&text);
}

int main(void)
{
	TEST_RUN(keywords_and_parameters);
	TEST_RUN(the_first_line_is_no_keyword);
	TEST_RUN(lines_that_are_none_are_passed_over);
	TEST_RUN(mechanisms_are_whole_words);
	TEST_RUN(sizes);
	TEST_RUN(many_lines_are_bounded);
	return test_done();
}
