/* Fields: where the header ends, what a field is, and that nothing unedited changes. */
#include "mail/header.h"

#include <stdlib.h>
#include <time.h>

#include "test.h"

static char *render(const struct header *h)
{
	struct buf out;

	buf_init(&out, 1 << 26);
	header_render(h, &out);
	return buf_take(&out);
}

static void parse(struct header *h, const char *text)
{
	struct error error;

	CHECK_INT(header_parse(h, (struct span){text, header_length(span_of(text))}, &error),
		  0);
}

static void measures_the_header(void)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{"", 0},
		{"\n", 0},
		{"A: b", 4},
		{"A: b\n", 5},
		{"A: b\n\nC: d\n", 5},
		{"A: b\n c\n\td\nE: f\n\n", 16},
		{"A: b\n \n\nx", 7},
		{"A: b\nno field\nC: d\n", 5},
		{"no field\nA: b\n", 0},
		{" continued\nA: b\n", 0},
		{"\tA: b\n", 0},
		{"A : b\n", 6},
		{"A \t : b\n", 8},
		{"A b: c\n", 0},
		{": b\n", 0},
		{" : b\n", 0},
		{"A:", 2},
		{"A:\n", 3},
		{"A\n: b\n", 0},
		{"A", 0},
		{"gr\303\274n: b\n", 0},
		{"!#$%&'*+-./;<=>?@[]^_`{|}~\"(),\\: b\n", 35},
		{"A\1: b\n", 0},
		{"A: b\nFrom x y\nC: d\n", 5},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_INT(header_length(span_of(rows[i].text)), rows[i].len);
}

static void knows_a_field_by_its_first_line(void)
{
	CHECK(header_is_field(span_of("A: b")));
	CHECK(header_is_field(span_of("A :b\n")));
	CHECK(header_is_field(span_of("http://x")));
	CHECK(!header_is_field(span_of("hello there: x")));
	CHECK(!header_is_field(span_of(" A: b")));
	CHECK(!header_is_field(span_of("From ann Mon: x")));
	CHECK(!header_is_field(span_of(":")));
	CHECK(!header_is_field(span_of("")));
}

static void splits_name_and_body(void)
{
	struct header h;

	parse(&h, "Subject \t:  a\n b \nX-Y:\nto:a@b\n\nbody");
	CHECK_INT(h.count, 3);
	CHECK_INT(h.fields[0].id, HEADER_SUBJECT);
	CHECK(span_equals(h.fields[0].name, "Subject"));
	CHECK(span_equals(h.fields[0].body, "  a\n b "));
	CHECK(span_equals(h.fields[0].raw, "Subject \t:  a\n b \n"));
	CHECK_INT(h.fields[1].id, HEADER_OTHER);
	CHECK(span_equals(h.fields[1].body, ""));
	CHECK_INT(h.fields[2].id, HEADER_TO);
	CHECK(span_equals(h.fields[2].body, "a@b"));
	header_clear(&h);
}

static void knows_names_in_any_case(void)
{
	static const struct {
		const char *name;
		enum header_id id;
	} rows[] = {
		{"BCC", HEADER_BCC},
		{"cC", HEADER_CC},
		{"Content-Type", HEADER_CONTENT_TYPE},
		{"DATE", HEADER_DATE},
		{"From", HEADER_FROM},
		{"Message-Id", HEADER_MESSAGE_ID},
		{"Received", HEADER_RECEIVED},
		{"Reply-To", HEADER_REPLY_TO},
		{"Resent-bcc", HEADER_RESENT_BCC},
		{"Resent-Cc", HEADER_RESENT_CC},
		{"Resent-Date", HEADER_RESENT_DATE},
		{"Resent-From", HEADER_RESENT_FROM},
		{"Resent-Message-ID", HEADER_RESENT_MESSAGE_ID},
		{"Resent-Sender", HEADER_RESENT_SENDER},
		{"Resent-To", HEADER_RESENT_TO},
		{"Return-Path", HEADER_RETURN_PATH},
		{"Sender", HEADER_SENDER},
		{"Subject", HEADER_SUBJECT},
		{"TO", HEADER_TO},
		{"T", HEADER_OTHER},
		{"Too", HEADER_OTHER},
		{"Bc", HEADER_OTHER},
		{"A", HEADER_OTHER},
		{"zz", HEADER_OTHER},
		{"Resent-", HEADER_OTHER},
	};
	char text[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct header h;

		snprintf(text, sizeof(text), "%s: x\n", rows[i].name);
		parse(&h, text);
		CHECK_INT(h.fields[0].id, rows[i].id);
		header_clear(&h);
	}
}

static void what_is_not_edited_stays(void)
{
	static const char *const rows[] = {
		"", "A: b\n", "A :\tb\n c \n\n", "A: b\nA: b\nB:\n \n", "Subject: \374\n",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct header h;
		char *got;

		parse(&h, rows[i]);
		got = render(&h);
		CHECK_INT(strncmp(got, rows[i], header_length(span_of(rows[i]))), 0);
		CHECK_INT(strlen(got), header_length(span_of(rows[i])));
		free(got);
		header_clear(&h);
	}
}

static void edits_are_laid_over(void)
{
	struct header h;
	char *got;

	parse(&h, "To: a\nBcc: b\n c\nX: y\nbcc : d");
	CHECK(header_find(&h, HEADER_BCC) == &h.fields[1]);
	header_drop(&h, HEADER_BCC);
	CHECK(header_find(&h, HEADER_BCC) == NULL);
	CHECK_INT(header_add(&h, "Date", "now"), 0);
	h.fields[2].replacement = strdup("X: z\n");
	got = render(&h);
	CHECK_STR(got, "To: a\nX: z\nDate: now\n");
	free(got);
	header_clear(&h);
	parse(&h, "X: y");
	got = render(&h);
	CHECK_STR(got, "X: y\n");
	free(got);
	header_clear(&h);
}

static void unfolds(void)
{
	struct buf b;

	buf_init(&b, 100);
	header_unfold(&b, span_of(" \n  a\n b\r\n\tc \n "));
	CHECK_STR(b.data, "a b\tc");
	buf_reset(&b);
	header_unfold(&b, span_of(" \n "));
	CHECK_STR(b.data, "");
	buf_clear(&b);
}

static void finds_the_topmost_resent_block(void)
{
	static const struct {
		const char *text;
		int first, end; /* -1: none */
	} rows[] = {
		{"To: a\n", -1, -1},
		{"Resent-To: a\n", 0, 1},
		{"To: a\nResent-To: b\n", 1, 2},
		{"Received: x\nReturn-Path: <y>\nResent-From: a\nResent-To: b\nTo: c\n", 2, 5},
		/* a trace field of an earlier hop */
		{"Resent-To: a\nReceived: x\nResent-To: b\n", 0, 1},
		{"Resent-To: a\nReturn-Path: <x>\nResent-Cc: b\n", 0, 1},
		/* resent twice on one machine */
		{"Resent-From: a\nResent-To: b\nResent-From: c\nResent-To: d\n", 0, 2},
		{"Resent-To: a\nResent-Date: x\nResent-To: b\nResent-Date: y\n", 0, 2},
		{"Resent-Date: x\nResent-To: a\nResent-Date: y\n", 0, 2},
		/* several of a name in a row */
		{"Resent-To: a\nResent-To: b\nResent-Cc: c\nResent-To: d\n", 0, 3},
		{"Resent-To: a\nX: y\nResent-To: b\n", 0, 3},
		/* scattered: still one */
		{"Resent-From: a\nSubject: x\nResent-To: b\n", 0, 3},
		{"Resent-Foo: a\nResent-To: b\nResent-Foo: c\n", 0, 3},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct header h;
		size_t first = 99, end = 99;

		parse(&h, rows[i].text);
		CHECK(header_resent_block(&h, &first, &end) == (rows[i].first >= 0));
		if (rows[i].first >= 0) {
			CHECK_INT(first, rows[i].first);
			CHECK_INT(end, rows[i].end);
		}
		header_clear(&h);
	}
}

static void takes_many_fields(void)
{
	struct header h;
	struct error error;
	struct buf b;
	clock_t start = clock();

	buf_init(&b, 1 << 24);
	for (int i = 0; i < HEADER_FIELDS_MAX; i++)
		for (int k = 0; k < 20; k++)
			buf_add_string(&b, k ? " z\n" : i % 2 ? "Resent-X: y\n" : "X: y\n");
	CHECK_INT(header_length(buf_span(&b)), b.len);
	CHECK_INT(header_parse(&h, buf_span(&b), &error), 0);
	CHECK_INT(h.count, HEADER_FIELDS_MAX);
	header_clear(&h);
	buf_clear(&b);
	CHECK((clock() - start) / CLOCKS_PER_SEC < 5);
}

static void fields_are_counted(void)
{
	size_t size = 3 * (HEADER_FIELDS_MAX + 1);
	char *text = malloc(size);
	struct error error = {0};
	struct header h;

	for (size_t i = 0; text && i < size; i += 3)
		memcpy(text + i, "a:\n", 3);
	CHECK_INT(header_parse(&h, (struct span){text, size - 3}, &error), 0);
	CHECK_INT(h.count, HEADER_FIELDS_MAX);
	header_clear(&h);
	CHECK_INT(header_parse(&h, (struct span){text, size}, &error), -1);
	CHECK_STR(error.text, "the header of the message has more than 10000 fields");
	CHECK_INT(error_exit_code(&error), 65);
	CHECK(h.fields == NULL && h.count == 0);
	free(text);
}

static void a_body_is_found_added_or_not(void)
{
	struct header h;
	struct error error;

	CHECK_INT(header_parse(&h, span_of("Subject:  one \nTo: a@example.org\n"), &error), 0);
	CHECK(span_equals(header_body(&h, HEADER_SUBJECT), "one"));
	CHECK_INT((int)header_body(&h, HEADER_MESSAGE_ID).len, 0);
	CHECK_INT(header_add(&h, "Message-ID", "<1@example.org>"), 0);
	CHECK(span_equals(header_body(&h, HEADER_MESSAGE_ID), "<1@example.org>"));
	header_clear(&h);
}

int main(void)
{
	TEST_RUN(a_body_is_found_added_or_not);
	TEST_RUN(measures_the_header);
	TEST_RUN(knows_a_field_by_its_first_line);
	TEST_RUN(splits_name_and_body);
	TEST_RUN(knows_names_in_any_case);
	TEST_RUN(what_is_not_edited_stays);
	TEST_RUN(edits_are_laid_over);
	TEST_RUN(unfolds);
	TEST_RUN(finds_the_topmost_resent_block);
	TEST_RUN(takes_many_fields);
	TEST_RUN(fields_are_counted);
	return test_done();
}
