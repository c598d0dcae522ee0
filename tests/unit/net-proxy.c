/* What proxies answer: whole, in pieces, and wrong. tests/dial.bats has the conversations. */
#include "net/proxy.h"

#include "test.h"

/* The parser sees every beginning of the text before the whole. */
static void http(const char *text, int want, int want_code, const char *want_reason,
		 const char *want_rest)
{
	struct span in = span_of(text), reason = {0};
	size_t used = 0;
	int code = 0;
	int got = 0;

	for (in.len = 0; got == 0 && in.len <= strlen(text); in.len++)
		got = proxy_parse_http(in, &used, &code, &reason);
	CHECK_INT(got, want);
	if (got != 1 || want != 1)
		return;
	CHECK_INT(code, want_code);
	CHECK(span_equals(reason, want_reason));
	CHECK_STR(text + used, want_rest);
}

static void takes_answers_of_http(void)
{
	http("HTTP/1.1 200 Fine\r\nVia: x\r\n\r\n220 hi\r\n", 1, 200, "200 Fine", "220 hi\r\n");
	http("HTTP/1.0 200\r\n\r\n", 1, 200, "200", "");
	http("HTTP/1.1 407 No\nA: b\n\nx", 1, 407, "407 No", "x");
	http("HTTP/1.1 200 Fine\r\nVia: x\r\n", 0, 0, "", "");
}

static void refuses_what_is_not_http(void)
{
	http("220 mail.example.org ESMTP\r\n", -1, 0, "", "");
	http("HTTP/2 200\r\n\r\n", -1, 0, "", "");
	http("HTTP/1.1 20\r\n\r\n", -1, 0, "", "");
	http("HTTP/1.1 \r\n\r\n", -1, 0, "", "");
	http("\n\n", -1, 0, "", "");
}

static void bounds_the_header(void)
{
	struct buf text;
	struct span reason;
	size_t used;
	int code;

	buf_init(&text, 1 << 20);
	buf_add_string(&text, "HTTP/1.1 200 Fine\r\n");
	while (text.len <= 16 * 1024)
		buf_add_string(&text, "A: b\r\n");
	CHECK_INT(proxy_parse_http(buf_span(&text), &used, &code, &reason), -1);
	buf_clear(&text);
}

static void socks(const char *text, size_t len, int want, int want_code, size_t want_used)
{
	struct span in = {text, 0};
	size_t used = 0;
	int code = -1;
	int got = 0;

	for (; got == 0 && in.len <= len; in.len++)
		got = proxy_parse_socks(in, &used, &code);
	CHECK_INT(got, want);
	if (want == 1) {
		CHECK_INT(code, want_code);
		CHECK_INT(used, want_used);
	}
}

static void takes_answers_of_socks(void)
{
	socks("\5\0\0\1abcdpp220", 13, 1, 0, 10);
	socks("\5\0\0\3\4namepp", 11, 1, 0, 11);
	socks("\5\0\0\3\0pp", 7, 1, 0, 7);
	socks("\5\0\0\4abcdefghijklmnoppp", 22, 1, 0, 22);
	socks("\5\5", 2, 1, 5, 2);
	socks("\5\0\0\1abcdp", 9, 0, 0, 0);
	socks("\5\0\0\2abcdpp", 10, -1, 0, 0);
	socks("\4\132", 2, -1, 0, 0);
}

int main(void)
{
	TEST_RUN(takes_answers_of_http);
	TEST_RUN(refuses_what_is_not_http);
	TEST_RUN(bounds_the_header);
	TEST_RUN(takes_answers_of_socks);
	return test_done();
}
