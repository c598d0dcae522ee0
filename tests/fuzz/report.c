/*
 * Reports: whatever the header of a message and the words of a relay are (with 0xff between
 * them, behind a byte for the code), what is written is lines of printable text, ASCII in the
 * part for programs, with the boundary where we put it and nowhere else.
 */
#include "mail/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BOUNDARIES = 3, LINE_MAX_BYTES = 998 };

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_line(struct span line)
{
	struct buf shown;

	must(line.len <= LINE_MAX_BYTES);
	buf_init(&shown, line.len * 4 + 1);
	text_escape(&shown, line);
	must(shown.len == line.len);
	buf_clear(&shown);
}

static void check(const struct report *report, struct span text)
{
	size_t boundaries = 0;
	bool words = false;

	while (text.len > 0) {
		const char *end = memchr(text.data, '\n', text.len);
		struct span line = {text.data, end ? (size_t)(end - text.data) : 0};

		must(end != NULL);
		check_line(line);
		if (line.len > 2 && span_starts_nocase(line, "--=_") &&
		    strncmp(line.data + 2, report->boundary, REPORT_BOUNDARY_LENGTH) == 0)
			words = ++boundaries == 1;
		must(words || !text_is_8bit(line));
		text = (struct span){end + 1, text.len - line.len - 1};
	}
	must(boundaries == BOUNDARIES);
}

static void render(const struct report *report)
{
	struct report_reader reader;
	struct error error;
	struct span piece;
	struct buf all;

	buf_init(&all, 1 << 20);
	report_reader_init(&reader, report);
	while (report_reader_next(&reader, &piece, &error) > 0)
		buf_add_span(&all, piece);
	report_reader_clear(&reader);
	must(!buf_failed(&all));
	check(report, buf_span(&all));
	buf_clear(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *middle = size > 1 ? memchr(data + 1, 0xff, size - 1) : NULL;
	struct report_recipient to = {.path = "bob@example.net"};
	struct report_message message = {.id = "a123456789", .recipients = &to, .count = 1};
	struct report report = {
		.host = "host.example",
		.from = "MAILER-DAEMON@host.example",
		.to = "ann@example.org",
		.relay = "mail.example.net",
		.messages = &message,
		.count = 1,
	};
	struct span header;
	struct error error;
	char *text;

	if (!middle)
		return 0;
	header = (struct span){(const char *)data + 1, (size_t)(middle - data) - 1};
	text = span_dup(
		(struct span){(const char *)middle + 1, (size_t)(data + size - middle) - 1});
	must(text != NULL);
	to.code = data[0] * 3;
	to.text = text;
	report_draw_boundary(&report);
	if (report_fields_read(&message.fields, header, &error) == 0) {
		render(&report);
		report.action = REPORT_DELAYED;
		render(&report);
	}
	report_fields_clear(&message.fields);
	free(text);
	return 0;
}
