/* What a header contributes to the envelope. */
#include "mail/envelope.h"

#include "test.h"

/* The recipients that the header names, or the error. */
static const char *recipients(const char *text)
{
	static char out[ERROR_TEXT_MAX + 2];
	struct envelope e = {0};
	struct header h;
	struct error error;
	size_t at = 0;

	out[0] = '\0';
	CHECK_INT(header_parse(&h, (struct span){text, header_length(span_of(text))}, &error),
		  0);
	if (envelope_from_header(&e, &h, &error))
		snprintf(out, sizeof(out), "! %s", error.text);
	else
		for (size_t i = 0; i < e.recipients.count; i++)
			at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s", i ? " " : "",
					       e.recipients.items[i].text);
	envelope_clear(&e);
	header_clear(&h);
	return out;
}

static void to_cc_and_bcc_count(void)
{
	CHECK_STR(recipients("From: x\nTo: a@b, C <c@d>\nReply-To: y\n\nBcc: z\n"), "a@b c@d");
	CHECK_STR(recipients("To: a\nCC: b\nbcc :c,\n d\nTo: e\nBcc: f"), "a b c d e f");
	CHECK_STR(recipients("To: undisclosed-recipients:;\nBcc:\n"), "");
	CHECK_STR(recipients("Subject: x\n"), "");
	CHECK_STR(recipients("Apparently-To: x\n"), "");
}

static void the_topmost_resent_block_alone_counts(void)
{
	CHECK_STR(recipients("Resent-To: a\nTo: b\nBcc: c\n"), "a");
	CHECK_STR(recipients(
			  "Resent-From: x\nResent-To: a\nResent-Cc: b\nResent-Bcc: c\nTo: d\n"),
		  "a b c");
	CHECK_STR(
		recipients(
			"Received: x\nResent-To: a\nResent-To: b\nReceived: y\nResent-To: c\n"),
		"a b");
	CHECK_STR(recipients("Resent-From: x\nResent-To: a\nResent-From: y\nResent-To: b\n"),
		  "a");
	/* whoever resends without naming anybody does not mean those who had it already */
	CHECK_STR(recipients("Resent-From: x\nTo: a\n"), "");
}

static void errors_name_the_field(void)
{
	CHECK_STR(recipients("To: a@b\nCc: c@@d\n"),
		  "! Cc: address \"c@@d\": its domain is empty");
	CHECK_STR(recipients("to : |id\n"),
		  "! to: address \"|id\": it is a command, not an address");
}

int main(void)
{
	TEST_RUN(to_cc_and_bcc_count);
	TEST_RUN(the_topmost_resent_block_alone_counts);
	TEST_RUN(errors_name_the_field);
	return test_done();
}
