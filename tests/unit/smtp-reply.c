/* Replies: what is one, what is none, how they are cut, kept, shown and judged. */
#include "smtp/reply.h"

#include <stdlib.h>

#include "test.h"

static struct error error;

/* Parses input cut into pieces of at most step bytes, the way a connection hands it over. */
static int parse(struct reply *r, const char *input, size_t len, size_t step, size_t *taken)
{
	size_t have = 0;
	size_t used = 0;
	int done = 0;

	*taken = 0;
	while (done == 0 && have < len) {
		have = len - have < step ? len : have + step;
		done = reply_parse(r, (struct span){input + *taken, have - *taken}, &used,
				   &error);
		*taken += used;
	}
	return done;
}

static void good(const char *input, int code, int lines, const char *text, size_t rest)
{
	static const size_t steps[] = {1, 2, 3, 1000};

	for (size_t i = 0; i < 4; i++) {
		struct reply r;
		size_t taken;

		reply_init(&r);
		CHECK_INT(parse(&r, input, strlen(input), steps[i], &taken), 1);
		CHECK_INT(r.code, code);
		CHECK_INT(r.lines, lines);
		CHECK_STR(r.text.data, text);
		CHECK_INT(strlen(input) - taken, rest);
		reply_clear(&r);
		CHECK_INT(r.code, 0);
	}
}

static void bad(const char *input)
{
	for (size_t step = 1; step < 1000; step += 99) {
		struct reply r;
		size_t taken;

		reply_init(&r);
		error = (struct error){0};
		CHECK_INT(parse(&r, input, strlen(input), step, &taken), -1);
		CHECK_INT(error.class, ERROR_RELAY);
		CHECK_INT(error.stage, STAGE_PROTOCOL);
		reply_clear(&r);
	}
}

static void replies_are_read(void)
{
	good("250 OK\r\n", 250, 1, "OK", 0);
	good("250\r\n", 250, 1, "", 0);
	good("250 \r\n", 250, 1, "", 0);
	good("250-\r\n250\r\n", 250, 2, "\n", 0);
	good("250-a\r\n250-b\r\n250 c\r\n", 250, 3, "a\nb\nc", 0);
	good("354 go\r\n250 more\r\n", 354, 1, "go", 10);
	good("599 x\n", 599, 1, "x", 0);
	good("250 a\rb\r\n", 250, 1, "a\rb", 0);
	good("250 a\r\r\n", 250, 1, "a\r", 0);
	good("250  two\r\n", 250, 1, " two", 0);
	good("299 x\r\n", 299, 1, "x", 0);
}

static void nonsense_is_refused(void)
{
	bad("\r\n");
	bad("\n");
	bad("25\r\n");
	bad("2500\r\n");
	bad("250x\r\n");
	bad("250\tOK\r\n");
	bad("150 no\r\n");
	bad("650 no\r\n");
	bad("2a0 no\r\n");
	bad("25a no\r\n");
	bad(" 250 no\r\n");
	bad("OK\r\n");
	bad("-250 x\r\n");
	bad("250-a\r\n251 b\r\n");
	bad("250-a\r\nb\r\n");
	bad("250-a\r\n250_b\r\n");
	bad("HTTP/1.1 400 Bad Request\r\n");
}

static void an_unfinished_line_is_no_reply(void)
{
	static const char *const rows[] = {"",       "2",        "250",       "250 ",
					   "250 OK", "250 OK\r", "250-a\r\n", "250-a\r\n250 b"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reply r;
		size_t taken;

		reply_init(&r);
		CHECK_INT(parse(&r, rows[i], strlen(rows[i]), 1, &taken), 0);
		reply_clear(&r);
	}
}

static void the_shown_words_are_harmless(void)
{
	static const char input[] = "550-5.1.1 \x1b[2Jno\x07 user\r\n550 a\0b\xff\r\n";
	struct reply r;
	struct buf shown;
	size_t taken;

	reply_init(&r);
	buf_init(&shown, REPLY_SHOWN_MAX);
	CHECK_INT(parse(&r, input, sizeof(input) - 1, 1000, &taken), 1);
	CHECK_INT(r.text.len, 23);
	reply_show(&r, &shown);
	CHECK_STR(shown.data, "550 5.1.1 \\x1B[2Jno\\x07 user / a\\x00b\\xFF");
	buf_clear(&shown);
	reply_clear(&r);
}

static void check_enhanced(const char *input, int class, int subject, int detail)
{
	struct reply r;
	size_t used;

	reply_init(&r);
	CHECK_INT(reply_parse(&r, span_of(input), &used, &error), 1);
	CHECK(r.enhanced[0] == class && r.enhanced[1] == subject && r.enhanced[2] == detail);
	reply_clear(&r);
}

static void enhanced_codes_are_those_of_the_class(void)
{
	check_enhanced("550 5.1.1 x\r\n", 5, 1, 1);
	check_enhanced("550 5.1.1\r\n", 5, 1, 1);
	check_enhanced("550-5.7.26 x\r\n550 5.0.0 y\r\n", 5, 7, 26);
	check_enhanced("550 5.123.999\tx\r\n", 5, 123, 999);
	check_enhanced("550 4.1.1 x\r\n", 0, 0, 0);
	check_enhanced("550 5.1.1x\r\n", 0, 0, 0);
	check_enhanced("550 5.1\r\n", 0, 0, 0);
	check_enhanced("550 5.1.\r\n", 0, 0, 0);
	check_enhanced("550 5..1 x\r\n", 0, 0, 0);
	check_enhanced("550 5.1.1234 x\r\n", 0, 0, 0);
	check_enhanced("550 5.1.1.1 x\r\n", 0, 0, 0);
	check_enhanced("550 55.1.1 x\r\n", 0, 0, 0);
	check_enhanced("550-x\r\n550 5.1.1 x\r\n", 0, 0, 0);
	check_enhanced("354 3.0.0 x\r\n", 3, 0, 0);
}

/* A line of len bytes in all: the code, a blank, letters, CRLF. */
static char *long_line(size_t len)
{
	char *line = malloc(len + 1);

	memset(line, 'x', len);
	memcpy(line, "250 ", 4);
	memcpy(line + len - 2, "\r\n", 3);
	return line;
}

static void lines_are_bounded(void)
{
	struct reply r;
	size_t used;
	char *line = long_line(REPLY_LINE_MAX);

	reply_init(&r);
	CHECK_INT(reply_parse(&r, span_of(line), &used, &error), 1);
	CHECK_INT(used, REPLY_LINE_MAX);
	CHECK_INT(r.text.len, REPLY_LINE_MAX - 6);
	reply_clear(&r);
	free(line);
	line = long_line(REPLY_LINE_MAX + 1);
	CHECK_INT(reply_parse(&r, span_of(line), &used, &error), -1);
	reply_clear(&r);
	CHECK_INT(reply_parse(&r, (struct span){line, REPLY_LINE_MAX - 1}, &used, &error), 0);
	CHECK_INT(reply_parse(&r, (struct span){line, REPLY_LINE_MAX}, &used, &error), -1);
	reply_clear(&r);
	free(line);
}

static void the_number_of_lines_is_bounded(void)
{
	struct reply r;
	size_t used;

	reply_init(&r);
	for (int i = 0; i < REPLY_LINES_MAX; i++)
		CHECK_INT(reply_parse(&r, span_of("250-some text of the relay\r\n"), &used,
				      &error),
			  0);
	CHECK_INT(r.lines, REPLY_LINES_MAX);
	CHECK(r.text.len <= REPLY_TEXT_MAX && !buf_failed(&r.text));
	CHECK_INT(reply_parse(&r, span_of("250 end\r\n"), &used, &error), -1);
	reply_clear(&r);
}

/* What does not fit is dropped line by line; the reply is still one. */
static void the_text_is_bounded(void)
{
	char *line = long_line(10000);
	struct reply r;
	size_t used;

	reply_init(&r);
	line[3] = '-';
	CHECK_INT(reply_parse(&r, span_of(line), &used, &error), 0);
	CHECK_INT(reply_parse(&r, span_of(line), &used, &error), 0);
	CHECK_INT(reply_parse(&r, span_of("250 end\r\n"), &used, &error), 1);
	CHECK_INT(r.lines, 3);
	CHECK(!buf_failed(&r.text));
	CHECK_INT(r.text.len, 9994 + 1 + 1 + 3);
	reply_clear(&r);
	free(line);
}

static void refusals_carry_class_and_codes(void)
{
	static const struct {
		const char *input;
		enum error_class class;
		enum error_stage stage;
		const char *text;
	} rows[] = {
		{"550 5.1.1 no\r\n", ERROR_RECIPIENT, STAGE_RCPT,
		 "the relay refused RCPT: 550 5.1.1 no"},
		{"450-4.2.0 wait\r\n450 4.2.0 please\r\n", ERROR_TEMPORARY, STAGE_RCPT,
		 "the relay refused RCPT: 450 4.2.0 wait / 4.2.0 please"},
		{"354\r\n", ERROR_RELAY, STAGE_PROTOCOL,
		 "the relay gave an answer to RCPT that makes no sense there: 354"},
		{"221 bye\r\n", ERROR_RELAY, STAGE_PROTOCOL,
		 "the relay gave an answer to RCPT that makes no sense there: 221 bye"},
	};
	struct reply r;
	size_t used;

	reply_init(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(reply_parse(&r, span_of(rows[i].input), &used, &error), 1);
		CHECK_INT(reply_refuse(&r, ERROR_RECIPIENT, STAGE_RCPT, "RCPT", &error), -1);
		CHECK_INT(error.class, rows[i].class);
		CHECK_INT(error.stage, rows[i].stage);
		CHECK_INT(error.code, r.code);
		CHECK_INT(error.enhanced[0], r.enhanced[0]);
		CHECK_STR(error.text, rows[i].text);
		reply_clear(&r);
	}
}

static void a_code_has_one_class(void)
{
	struct reply r = {.code = 250};

	CHECK(reply_is_positive(&r) && !reply_is_intermediate(&r) && !reply_is_transient(&r));
	r.code = 354;
	CHECK(reply_is_intermediate(&r) && !reply_is_positive(&r));
	r.code = 421;
	CHECK(reply_is_transient(&r) && !reply_is_permanent(&r));
	r.code = 500;
	CHECK(reply_is_permanent(&r) && !reply_is_transient(&r));
	r.code = 0;
	CHECK(!reply_is_positive(&r) && !reply_is_permanent(&r) && !reply_is_transient(&r) &&
	      !reply_is_intermediate(&r));
}

int main(void)
{
	TEST_RUN(replies_are_read);
	TEST_RUN(nonsense_is_refused);
	TEST_RUN(an_unfinished_line_is_no_reply);
	TEST_RUN(the_shown_words_are_harmless);
	TEST_RUN(enhanced_codes_are_those_of_the_class);
	TEST_RUN(lines_are_bounded);
	TEST_RUN(the_number_of_lines_is_bounded);
	TEST_RUN(the_text_is_bounded);
	TEST_RUN(refusals_carry_class_and_codes);
	TEST_RUN(a_code_has_one_class);
	return test_done();
}
