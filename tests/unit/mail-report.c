/* Reports: their words, their fields, and that nothing in them can be forged. */
#include "mail/report.h"

#include <stdlib.h>

#include "base/text.h"
#include "test.h"

#define ID "0123456789abcdefghijklmnopq" /* a boundary of the tests, and a byte too few */

static struct error error;

/* What is quoted: pieces, NULL ends. */
struct quoted {
	const char *pieces[4];
	size_t at;
};

static int next_piece(void *context, struct span *piece, struct error *e)
{
	struct quoted *q = context;

	if (!q->pieces[q->at])
		return 0;
	if (strcmp(q->pieces[q->at], "FAIL") == 0)
		return error_set(e, ERROR_TEMPORARY, STAGE_INPUT, "cannot read");
	*piece = span_of(q->pieces[q->at++]);
	return 1;
}

/* The whole report; NULL when reading it failed. */
static const char *render(const struct report *report)
{
	static struct buf all;
	struct report_reader reader;
	struct span piece;
	int more;

	buf_clear(&all);
	buf_init(&all, 64 * 1024 * 1024);
	report_reader_init(&reader, report);
	while ((more = report_reader_next(&reader, &piece, &error)) > 0)
		buf_add_span(&all, piece);
	report_reader_clear(&reader);
	return more < 0 ? NULL : all.data;
}

static struct report_recipient refused[] = {
	{"bob@example.net", 550, {5, 1, 1}, "550 5.1.1 no such user"},
	{"J\303\274+x@b\303\274cher.example", 452, {4, 2, 2}, "\303\274ber voll"},
	{"x@y.example", 0, {0}, "given up"},
	{"z@y.example", 0, {0}, NULL},
};

static char subject[] = "hello", title[] = "Hello", date[] = "today", id[] = "<a@b>";

static struct report_message message = {
	.id = "a123456789",
	.arrived = 1000000,
	.tried = 1000100,
	.fields = {subject, title, date, id},
	.recipients = refused,
	.count = 4,
};

static struct report plain(void)
{
	return (struct report){
		.host = "host.example",
		.from = "MAILER-DAEMON@host.example",
		.to = "ann@example.org",
		.relay = "mail.example.net",
		.now = 2000000,
		.retry_until = 3000000,
		.messages = &message,
		.count = 1,
		.source = next_piece,
		.boundary = ID "r",
	};
}

#define HAS(text, what)   CHECK(strstr((text), (what)) != NULL)
#define LACKS(text, what) CHECK(strstr((text), (what)) == NULL)

static void the_header_says_what_it_is(void)
{
	struct report r = plain();
	const char *text = render(&r);

	HAS(text, "From: \"Mail delivery on host.example\"\n <MAILER-DAEMON@host.example>\n"
		  "To: ann@example.org\nSubject: Undelivered mail: hello\n"
		  "Date: Sat, 24 Jan 1970 03:33:20 +0000\nMessage-ID: <19700124033320.");
	HAS(text, "@host.example>\nIn-Reply-To: <a@b>\nReferences: <a@b>\n"
		  "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
		  "Content-Type: multipart/report; report-type=delivery-status;\n"
		  " boundary=\"" ID "r\"\nContent-Transfer-Encoding: 8bit\n\n--" ID "r\n"
		  "Content-Type: text/plain; charset=utf-8\n"
		  "Content-Transfer-Encoding: 8bit\n\n");
	LACKS(text, "rfc822-headers");
	CHECK_STR(strstr(text, "\n--" ID "r--"), "\n--" ID "r--\n");
}

static void a_person_is_told(void)
{
	struct report r = plain();
	const char *text = render(&r);

	HAS(text, "    Subject:    Hello\n    Date:       today\n    Message-ID: <a@b>\n"
		  "    Queue ID:   a123456789\n\ncould not be delivered to these 4 "
		  "recipients:\n\n    bob@example.net\n"
		  "        The relay mail.example.net said: 550 5.1.1 no such user\n\n"
		  "    J\303\274+x@b\303\274cher.example\n"
		  "        \303\274ber voll\n\n"
		  "    x@y.example\n        given up\n\n"
		  "    z@y.example\n        No reason is known.\n");
	HAS(text, "Nothing more is tried for them.");
	HAS(text, "  - Look for a mistake in the address");
	HAS(text, "  - Where the mailbox is full");
	LACKS(text, "too large");
}

static void programs_are_told(void)
{
	struct report r = plain();
	const char *text;

	message.envelope_id = "QQ 1";
	text = render(&r);
	HAS(text, "\n--" ID "r\nContent-Type: message/delivery-status\n\n"
		  "Reporting-MTA: dns; host.example\nOriginal-Envelope-Id: QQ 1\n"
		  "Arrival-Date: Mon, 12 Jan 1970 13:46:40 +0000\n\n"
		  "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1\n"
		  "Remote-MTA: dns; mail.example.net\n"
		  "Diagnostic-Code: smtp; 550 5.1.1 no such user\n"
		  "Last-Attempt-Date: Mon, 12 Jan 1970 13:48:20 +0000\n\n"
		  "Final-Recipient: utf-8; J\\x{FC}\\x{2B}x@b\\x{FC}cher.example\n"
		  "Action: failed\nStatus: 4.2.2\nRemote-MTA: dns; mail.example.net\n"
		  "Diagnostic-Code: smtp; 452 \\x{FC}ber voll\n");
	HAS(text, "\n\nFinal-Recipient: rfc822; x@y.example\nAction: failed\nStatus: 5.0.0\n"
		  "Diagnostic-Code: x-pennypost; given up\nLast-Attempt-Date: ");
	HAS(text, "z@y.example\nAction: failed\nStatus: 5.0.0\nLast-Attempt-Date: ");
	message.envelope_id = NULL;
	message.tried = 0;
	text = render(&r);
	LACKS(text, "Original-Envelope-Id");
	LACKS(text, "Last-Attempt-Date");
	message.tried = 1000100;
}

static const char *status(int code, int class, int subject_digit, int detail,
			  enum report_action action)
{
	static char out[32];
	struct report_recipient to = {"x", code, {class, subject_digit, detail}, NULL};
	int got[3];

	report_status(&to, action, got);
	snprintf(out, sizeof(out), "%d.%d.%d", got[0], got[1], got[2]);
	return out;
}

static void a_status_is_found(void)
{
	CHECK_STR(status(550, 5, 7, 1, REPORT_FAILED), "5.7.1");
	CHECK_STR(status(550, 0, 0, 0, REPORT_FAILED), "5.0.0");
	CHECK_STR(status(552, 0, 0, 0, REPORT_FAILED), "5.3.4");
	CHECK_STR(status(0, 0, 0, 0, REPORT_FAILED), "5.0.0");
	CHECK_STR(status(0, 4, 4, 7, REPORT_FAILED), "4.4.7");
	CHECK_STR(status(450, 0, 0, 0, REPORT_FAILED), "4.4.7");
	CHECK_STR(status(450, 0, 0, 0, REPORT_DELAYED), "4.0.0");
	CHECK_STR(status(0, 0, 0, 0, REPORT_DELAYED), "4.0.0");
}

static void a_delay_says_until_when(void)
{
	struct report r = plain();
	const char *text;

	r.action = REPORT_DELAYED;
	text = render(&r);
	HAS(text, "\nSubject: Delayed mail: hello\n");
	HAS(text, "has not been delivered yet to these 4 recipients:");
	HAS(text, "until\n\n    Wed, 4 Feb 1970 17:20:00 +0000\n");
	HAS(text, "Action: delayed\n");
	HAS(text, "Will-Retry-Until: Wed, 4 Feb 1970 17:20:00 +0000\n");
	LACKS(text, "Nothing more");
}

static void the_message_comes_back(void)
{
	struct quoted q = {{"Subject: x\r\n\r\nbody", " more"}, 0};
	struct report r = plain();

	r.context = &q;
	r.quote = REPORT_QUOTE_MESSAGE;
	HAS(render(&r), "\n--" ID "r\nContent-Type: message/rfc822\n\n"
			"Subject: x\r\n\r\nbody more\n--" ID "r--\n");
	q.at = 0;
	r.is_8bit = true;
	HAS(render(&r), "Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\n");
	q.at = 0;
	r.is_utf8 = true;
	HAS(render(&r), "Content-Type: message/global\nContent-Transfer-Encoding: 8bit\n\n");
	q.at = 0;
	r.quote = REPORT_QUOTE_HEADER;
	HAS(render(&r), "message/global-headers\nContent-Transfer-Encoding: 8bit\n\n");
	q.at = 0;
	r.is_utf8 = false;
	HAS(render(&r), "Content-Type: text/rfc822-headers\n\n");
	q = (struct quoted){{"Subject: x\n", "FAIL"}, 0};
	CHECK(render(&r) == NULL);
	CHECK_STR(error.text, "cannot read");
}

static void seven_bits_are_labelled_so(void)
{
	struct report r = plain();
	const char *text;

	message.count = 1;
	text = render(&r);
	HAS(text, "charset=us-ascii\n\n");
	HAS(text, "delivered to this recipient:\n");
	LACKS(text, "8bit");
	message.count = 4;
}

static void a_digest_lists_all(void)
{
	char second[] = "two", other[] = "<c@d>";
	struct report_message both[2] = {
		message,
		{.id = "b1",
		 .fields = {second, second, NULL, other},
		 .recipients = refused,
		 .count = 1},
	};
	struct report r = plain();
	const char *text;

	r.messages = both;
	r.count = 2;
	text = render(&r);
	HAS(text, "\nSubject: Undelivered mail: 2 messages\n");
	HAS(text, "so this one\nis on 2 of them.\n");
	HAS(text, "    Subject:    two\n    Message-ID: <c@d>\n    Queue ID:   b1\n\n"
		  "could not be delivered to this recipient:\n");
	HAS(text, "\nX-Original-Message-ID: <a@b>\n");
	HAS(text, "\nX-Original-Message-ID: <c@d>\n\n--" ID "r--\n");
	LACKS(text, "In-Reply-To");
	LACKS(text, "Arrival-Date");
}

static void hostile_text_stays_text(void)
{
	struct report_recipient to = {
		"a@b", 550, {0}, "550 x\r\n--" ID "r\r\nX: y\n\nStatus: 2.0.0\033[2J"};
	struct report_message m = {.id = "a1", .recipients = &to, .count = 1};
	struct report r = plain();
	const char *text;
	size_t column = 0;

	CHECK_INT(report_fields_read(&m.fields,
				     span_of("Subject: a\r\n \033b\001\r\nDate: \n"
					     "Message-ID: <a b@c>\n"),
				     &error),
		  0);
	CHECK_STR(m.fields.subject, "a \\x1Bb\\x01");
	CHECK(m.fields.message_id == NULL);
	r.messages = &m;
	text = render(&r);
	LACKS(text, "\nX: y");
	LACKS(text, "\nStatus: 2.0.0");
	LACKS(text, "\033");
	LACKS(text, "\r");
	HAS(text, "x\\r\\n--");
	report_fields_clear(&m.fields);
	to.text = NULL;
	char *words = malloc(20001);

	memset(words, 'x', 20000);
	words[20000] = '\0';
	to.text = words;
	for (text = render(&r); *text; text++) {
		column = *text == '\n' ? 0 : column + 1;
		CHECK(column < 998);
	}
	free(words);
}

static void fields_are_read(void)
{
	struct report_fields f;
	char lines[4000] = "Subject: ";

	CHECK_INT(report_fields_read(&f, span_of("message-id:\r\n <x@y> (c)\r\nDATE: d\r\n"),
				     &error),
		  0);
	CHECK_STR(f.message_id, "<x@y>");
	CHECK_STR(f.date, "d");
	CHECK(f.subject == NULL);
	report_fields_clear(&f);
	for (int i = 0; i < 200; i++)
		strlcat(lines, "word ", sizeof(lines));
	CHECK_INT(report_fields_read(&f, span_of(lines), &error), 0);
	CHECK_INT(strlen(f.subject), 203);
	CHECK_STR(f.subject + 190, "word word ...");
	report_fields_clear(&f);
	CHECK_INT(report_fields_read(&f, span_of("Subject: \303\274\303\n"), &error), 0);
	CHECK_STR(f.subject, "\303\274\\xC3");
	report_fields_clear(&f);
	CHECK_INT(report_fields_read(&f, span_of("Subject: a =?utf-8?q?=C3=BC=1B?=\n"), &error),
		  0);
	CHECK_STR(f.subject, "a =?utf-8?q?=C3=BC=1B?=");
	CHECK_STR(f.title, "a \303\274\\x1B");
	report_fields_clear(&f);
	CHECK_INT(report_fields_read(&f, span_of(""), &error), 0);
	report_fields_clear(&f);
}

static void many_recipients_are_named_in_part(void)
{
	enum { MANY = 3000 };
	struct report_recipient *many = calloc(MANY, sizeof(*many));
	struct report_message m = message;
	struct report r = plain();
	const char *text, *at;
	size_t count = 0;

	for (size_t i = 0; many && i < MANY; i++)
		many[i] = refused[0];
	m.recipients = many;
	m.count = MANY;
	r.messages = &m;
	text = render(&r);
	HAS(text, "\n    ... and 2900 more, all named in the next part.\n");
	for (at = text; (at = strstr(at, "Final-Recipient:")) != NULL; at++)
		count++;
	CHECK_INT(count, MANY);
	free(many);
}

static void boundaries_are_random(void)
{
	struct report a = plain(), b = plain();

	report_draw_boundary(&a);
	report_draw_boundary(&b);
	CHECK_INT(strlen(a.boundary), REPORT_BOUNDARY_LENGTH);
	CHECK(strcmp(a.boundary, b.boundary) != 0);
}

int main(void)
{
	setenv("TZ", "UTC0", 1);
	TEST_RUN(the_header_says_what_it_is);
	TEST_RUN(a_person_is_told);
	TEST_RUN(programs_are_told);
	TEST_RUN(a_status_is_found);
	TEST_RUN(a_delay_says_until_when);
	TEST_RUN(the_message_comes_back);
	TEST_RUN(seven_bits_are_labelled_so);
	TEST_RUN(a_digest_lists_all);
	TEST_RUN(hostile_text_stays_text);
	TEST_RUN(fields_are_read);
	TEST_RUN(many_recipients_are_named_in_part);
	TEST_RUN(boundaries_are_random);
	return test_done();
}
