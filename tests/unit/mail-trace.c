/* What a mailbox says of the envelope. */
#include "mail/trace.h"

#include "mail/address.h"
#include "test.h"

static const char *shown(void (*add)(struct buf *out, const char *), const char *address)
{
	static char text[TRACE_LINE_MAX];
	struct buf out;

	buf_init(&out, TRACE_LINE_MAX);
	add(&out, address);
	snprintf(text, sizeof(text), "%s", buf_failed(&out) ? "(failed)" : out.data);
	buf_clear(&out);
	return text;
}

static void separator(struct buf *out, const char *sender)
{
	trace_separator(out, sender, 1795424645);
}

static void the_envelope_is_on_top(void)
{
	char longest[ADDRESS_PATH_MAX + 1] = "";

	CHECK_STR(shown(trace_sender, "ann@example.org"), "Return-Path: <ann@example.org>\n");
	CHECK_STR(shown(trace_sender, ""), "Return-Path: <>\n");
	CHECK_STR(shown(trace_recipient, "\"b b\"@example.net"),
		  "X-Original-To: \"b b\"@example.net\n");
	memset(longest, 'a', ADDRESS_PATH_MAX);
	CHECK_INT(strlen(shown(trace_recipient, longest)), 16 + ADDRESS_PATH_MAX);
	CHECK_INT(strlen(shown(separator, longest)), 31 + ADDRESS_PATH_MAX);
}

static void the_separator_is_one_to_readers(void)
{
	CHECK_STR(shown(separator, "ann@example.org"),
		  "From ann@example.org Mon Nov 23 09:04:05 2026\n");
	CHECK_STR(shown(separator, ""), "From MAILER-DAEMON Mon Nov 23 09:04:05 2026\n");
	CHECK_STR(shown(separator, "\"a b\tc\"@x.org"),
		  "From \"a-b-c\"@x.org Mon Nov 23 09:04:05 2026\n");
}

int main(void)
{
	TEST_RUN(the_envelope_is_on_top);
	TEST_RUN(the_separator_is_one_to_readers);
	return test_done();
}
