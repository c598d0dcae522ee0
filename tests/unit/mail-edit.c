/* What a submitter mends. */
#include "mail/edit.h"

#include <stdlib.h>

#include "test.h"

static char from_text[] = "ann@example.org", from_name[] = "Ann", null_text[] = "";
static char utf8_name[] =
	"J\303\274rgen, M\303\274ller von und zu Irgendwo an der Donau und anderswo auch";
static const struct address from = {from_text, 3, from_name}, bare = {from_text, 3, NULL},
			    null = {null_text, 0, NULL}, utf8 = {from_text, 3, utf8_name};

/* The header as edited; a Message-ID of ours is shown as "ID". */
static const char *edit_with(const char *text, const struct edit_options *options)
{
	static char out[4096];
	struct header h;
	struct error error;
	struct buf b;
	char *id;

	buf_init(&b, sizeof(out) - 1);
	CHECK_INT(header_parse(&h, (struct span){text, header_length(span_of(text))}, &error),
		  0);
	CHECK_INT(edit_header(&h, options, &error), 0);
	header_render(&h, &b);
	snprintf(out, sizeof(out), "%s", b.data);
	while ((id = strstr(out, "<19700101000000.")) != NULL) {
		char *end = strchr(id, '>');

		memcpy(id, "ID", 2);
		memmove(id + 2, end + 1, strlen(end + 1) + 1);
	}
	buf_clear(&b);
	header_clear(&h);
	return out;
}

#define EPOCH "Thu, 1 Jan 1970 00:00:00 +0000"

static const char *edit(const char *text)
{
	return edit_with(text, &(struct edit_options){.from = &from, .domain = "x"});
}

static void missing_fields_are_added(void)
{
	CHECK_STR(edit("Subject: x\n"),
		  "Subject: x\nDate: " EPOCH "\nFrom: Ann <ann@example.org>\nMessage-ID: ID\n");
	CHECK_STR(edit(""), "Date: " EPOCH "\nFrom: Ann <ann@example.org>\nMessage-ID: ID\n");
	CHECK_STR(edit("DATE: a\nfrom : b\nmessage-id: c\n"),
		  "DATE: a\nfrom : b\nmessage-id: c\n");
	CHECK_STR(edit_with("To: x\n", &(struct edit_options){.from = &bare,
							      .domain = "x",
							      .keep_date = true,
							      .keep_message_id = true}),
		  "To: x\nFrom: ann@example.org\n");
	CHECK_STR(edit_with("Date: x\n", &(struct edit_options){.from = &from,
								.domain = "x",
								.keep_from = true,
								.keep_message_id = true}),
		  "Date: x\n");
	CHECK_STR(edit_with("Date: x\nMessage-ID: y\n",
			    &(struct edit_options){.from = &null, .domain = "x"}),
		  "Date: x\nMessage-ID: y\n");
	CHECK_STR(edit_with("Date: x\nMessage-ID: y\n", &(struct edit_options){.domain = "x"}),
		  "Date: x\nMessage-ID: y\n");
}

static void a_long_name_is_encoded_and_folded(void)
{
	const char *got = edit_with("Date: x\nMessage-ID: y\n",
				    &(struct edit_options){.from = &utf8, .domain = "x"});
	size_t column = 0;

	CHECK(strstr(got, "\nFrom: =?UTF-8?") && strstr(got, " <ann@example.org>\n"));
	for (; *got; got++) {
		column = *got == '\n' ? 0 : column + 1;
		CHECK(column <= 76 && (unsigned char)*got < 0x80);
	}
}

#define REST "Date: x\nFrom: y\nMessage-ID: z\n"

static void blind_recipients_are_hidden(void)
{
	CHECK_STR(edit(REST "To: a\nBcc: b\n c\nSubject: s\nbcc :d"),
		  REST "To: a\nSubject: s\n");
	CHECK_STR(edit("Return-Path: <x>\n" REST "Cc: a\nReturn-path : <y>\n"), REST "Cc: a\n");
	CHECK_STR(edit(REST "Bcc: b\n"), REST "To: undisclosed-recipients:;\n");
	CHECK_STR(edit(REST "Resent-Bcc: b\n"),
		  REST "Resent-From: Ann <ann@example.org>\nResent-Date: " EPOCH
		       "\nResent-Message-ID: ID\nTo: undisclosed-recipients:;\n");
	CHECK_STR(edit(REST "Subject: s\n"), REST "Subject: s\n");
	CHECK_STR(edit_with(REST, &(struct edit_options){.domain = "x", .undisclosed = true}),
		  REST "To: undisclosed-recipients:;\n");
	CHECK_STR(edit_with(REST "To: a\nSubject: s\nCc: b\n c\nBcc: d\nResent-To: e\n",
			    &(struct edit_options){.domain = "x",
						   .keep_date = true,
						   .keep_message_id = true,
						   .undisclosed = true}),
		  REST "Subject: s\nTo: undisclosed-recipients:;\n");
}

static void a_resent_block_is_completed_at_its_top(void)
{
	CHECK_STR(edit("Received: r\nResent-To: a\n" REST),
		  "Received: r\nResent-From: Ann <ann@example.org>\nResent-Date: " EPOCH
		  "\nResent-Message-ID: ID\nResent-To: a\n" REST);
	CHECK_STR(edit("Resent-To: a\nResent-Date: b\nResent-From: c\nResent-Message-Id: "
		       "d\n" REST),
		  "Resent-To: a\nResent-Date: b\nResent-From: c\nResent-Message-Id: d\n" REST);
	CHECK_STR(edit("Resent-To: \303\274 <a@b>\nResent-From: c\nReceived: r\nResent-Date: "
		       "d\n" REST),
		  "Resent-Date: " EPOCH
		  "\nResent-Message-ID: ID\nResent-To: =?UTF-8?B?w7w=?= <a@b>\n"
		  "Resent-From: c\nReceived: r\nResent-Date: d\n" REST);
	CHECK_STR(edit("Resent-Bcc: a\nResent-From: b\nTo: c\n" REST),
		  "Resent-Date: " EPOCH
		  "\nResent-Message-ID: ID\nResent-From: b\nTo: c\n" REST);
	CHECK_STR(edit(REST "Resent-To: a"),
		  REST "Resent-From: Ann <ann@example.org>\nResent-Date: " EPOCH
		       "\nResent-Message-ID: ID\nResent-To: a\n");
}

int main(void)
{
	setenv("TZ", "UTC0", 1);
	TEST_RUN(missing_fields_are_added);
	TEST_RUN(a_long_name_is_encoded_and_folded);
	TEST_RUN(blind_recipients_are_hidden);
	TEST_RUN(a_resent_block_is_completed_at_its_top);
	return test_done();
}
