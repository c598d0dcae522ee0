/* Messages made of parts: their structure, and what divides it. */
#include "mail/compose.h"

#include <stdlib.h>

#include "mail/outgoing.h"
#include "test.h"

static struct error error;

static void text_of(struct textual *t, const char *text)
{
	static const struct textual_charsets none;

	textual_init(t, NULL);
	CHECK_INT(textual_feed(t, span_of(text), &error), 0);
	CHECK_INT(textual_settle(t, &none, false, &error), 0);
}

/* The message whole, with each boundary as <1>, <2> in the order of their appearance. */
static char *read_all(const struct message *m)
{
	struct message_reader r;
	struct span piece;
	struct buf out, shown;
	char seen[8][32];
	size_t count = 0;

	buf_init(&out, 1 << 20);
	buf_init(&shown, 1 << 20);
	CHECK_INT(message_reader_init(&r, m, &error), 0);
	while (message_reader_next(&r, &piece, &error) > 0)
		buf_add_span(&out, piece);
	message_reader_clear(&r);
	for (const char *p = out.data; *p;) {
		size_t n = 0;

		if (strncmp(p, "=_", 2) != 0) {
			buf_add_char(&shown, *p++);
			continue;
		}
		while (n < count && strncmp(p, seen[n], 26) != 0)
			n++;
		if (n == count)
			snprintf(seen[count++], 32, "%.26s", p);
		buf_printf(&shown, "<%zu>", n + 1);
		p += 26;
	}
	buf_clear(&out);
	return buf_take(&shown);
}

static void check(const struct compose *c, const char *want)
{
	struct message *m = compose_message(c, &error);
	struct message_reader r;
	struct span piece;
	struct measure measure = {0};
	char *got;

	CHECK(m != NULL);
	got = read_all(m);
	CHECK_STR(got, want);
	message_reader_init(&r, m, &error);
	while (message_reader_next(&r, &piece, &error) > 0)
		measure_feed(&measure, piece);
	message_reader_clear(&r);
	measure_finish(&measure);
	CHECK_INT(message_size(m), measure.size);
	free(got);
	message_free(m);
}

#define FIELDS "Subject: x\n"
#define PLAIN  "Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: 7bit\n"
#define HTML   "Content-Type: text/html; charset=us-ascii\nContent-Transfer-Encoding: 7bit\n"

static void text_alone_is_no_multipart(void)
{
	struct textual text;
	struct compose c = {.fields = span_of(FIELDS), .text = &text};

	text_of(&text, "hi");
	check(&c, FIELDS "MIME-Version: 1.0\n" PLAIN "\nhi\n");
	textual_clear(&text);
}

static void html_stands_beside_its_text(void)
{
	struct textual text, html;
	struct compose c = {.fields = span_of(FIELDS), .text = &text, .html = &html};

	text_of(&text, "hi\n");
	text_of(&html, "<p>hi\n");
	check(&c, FIELDS "MIME-Version: 1.0\nContent-Type: multipart/alternative;\n"
			 "\tboundary=\"<1>\"\n\n--<1>\n" PLAIN "\nhi\n\n--<1>\n" HTML
			 "\n<p>hi\n\n--<1>--\n");
	text_of(&html, "<p>hi\n");
	c.text = NULL;
	check(&c, FIELDS "MIME-Version: 1.0\n" HTML "\n<p>hi\n");
	textual_clear(&text);
	textual_clear(&html);
}

static void open_file(struct attachment *a, const char *path, bool is_inline)
{
	*a = (struct attachment){.path = path, .is_inline = is_inline, .name = "n.bin"};
	CHECK_INT(attachment_open(a, NULL, &error), 0);
}

#define FILE_FIELDS(disposition) "Content-Disposition: " disposition ";\n\tfilename=\"n.bin\"\n"
#define BIN                      "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"

static void files_go_with_it(void)
{
	struct textual text, html;
	struct attachment files[2];
	struct compose c = {.fields = span_of(FIELDS),
			    .text = &text,
			    .html = &html,
			    .files = files,
			    .count = 2};

	text_of(&text, "hi\n");
	text_of(&html, "<p>hi\n");
	open_file(&files[0], "/dev/null", true);
	open_file(&files[1], "/dev/null", false);
	check(&c, FIELDS
	      "MIME-Version: 1.0\nContent-Type: multipart/mixed;\n\tboundary=\"<1>\"\n\n--<1>\n"
	      "Content-Type: multipart/alternative;\n\tboundary=\"<2>\"\n\n--<2>\n" PLAIN
	      "\nhi\n\n--<2>\n"
	      "Content-Type: multipart/related; type=\"text/html\";\n\tboundary=\"<3>\"\n\n"
	      "--<3>\n" HTML "\n<p>hi\n\n--<3>\n" BIN "Content-ID: <n.bin>\n" FILE_FIELDS(
		      "inline") "\n\n--<3>--\n\n--<2>--\n"
				"\n--<1>\n" BIN FILE_FIELDS("attachment") "\n\n--<1>--\n");
	for (int i = 0; i < 2; i++)
		attachment_clear(&files[i]);
	textual_clear(&text);
	textual_clear(&html);
}

static void files_alone_have_no_text(void)
{
	struct attachment files[2];
	struct compose c = {.fields = span_of(FIELDS), .files = files, .count = 2};

	open_file(&files[0], "/dev/null", true);
	open_file(&files[1], "/dev/null", false);
	check(&c, FIELDS
	      "MIME-Version: 1.0\nContent-Type: multipart/mixed;\n\tboundary=\"<1>\"\n\n"
	      "--<1>\n" BIN "Content-ID: <n.bin>\n" FILE_FIELDS(
		      "inline") "\n\n--<1>\n" BIN FILE_FIELDS("attachment") "\n\n--<1>--\n");
	for (int i = 0; i < 2; i++)
		attachment_clear(&files[i]);
}

int main(void)
{
	TEST_RUN(text_alone_is_no_multipart);
	TEST_RUN(html_stands_beside_its_text);
	TEST_RUN(files_go_with_it);
	TEST_RUN(files_alone_have_no_text);
	return test_done();
}
