/* What a sender knows a message by: see report_fields.h. */
#include "mail/report_fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/text.h"
#include "mail/encoded_word.h"
#include "mail/header.h"

enum { FIELD_MAX = 200, MESSAGE_ID_MAX = 250 };

/* A copy of a field's body that can be shown and mailed: unfolded, its encoded words read or
 * not, escaped, cut at a blank. */
static char *copy_field(const struct header_field *f, bool read)
{
	struct buf raw, text, shown;

	if (!f)
		return NULL;
	buf_init(&raw, f->body.len + 1);
	buf_init(&text, raw.max * 2);
	buf_init(&shown, text.max * 4 + 1);
	header_unfold(&raw, f->body);
	if (read)
		encoded_word_read(&text, buf_span(&raw));
	text_escape(&shown, span_trim(buf_span(read ? &text : &raw)));
	if (!buf_failed(&shown) && shown.len > FIELD_MAX) {
		const char *blank = memrchr(shown.data, ' ', FIELD_MAX);

		buf_truncate(&shown, blank ? (size_t)(blank - shown.data) : FIELD_MAX);
		text_cut(shown.data);
		buf_truncate(&shown, strlen(shown.data));
		buf_add_string(&shown, " ...");
	}
	buf_clear(&text);
	buf_clear(&raw);
	return buf_take(&shown);
}

/* The msg-id of RFC 5322 section 3.6.4 that a field begins with, if it can be quoted in
 * another. */
static char *copy_message_id(const struct header_field *f)
{
	struct span body = f ? span_trim(f->body) : (struct span){0};
	const char *end = body.len > 0 ? memchr(body.data, '>', body.len) : NULL;
	struct span id = {body.data, end ? (size_t)(end + 1 - body.data) : 0};

	if (id.len < 3 || id.len > MESSAGE_ID_MAX || id.data[0] != '<')
		return NULL;
	for (size_t i = 0; i < id.len; i++)
		if (!chars_is(id.data[i], CHARS_GRAPHIC))
			return NULL;
	return span_dup(id);
}

/* As struct header wants it: no CR, no NUL. */
static void copy_lines(struct buf *out, struct span header)
{
	size_t from = 0;

	for (size_t i = 0; i < header.len; i++)
		if (header.data[i] == '\r' || header.data[i] == '\0') {
			buf_add(out, header.data + from, i - from);
			from = i + 1;
		}
	buf_add(out, header.data + from, header.len - from);
}

static int read_fields(struct report_fields *f, struct span lines, struct error *error)
{
	const struct header_field *subject, *id, *date;
	struct header h;
	bool failed;

	if (header_parse(&h, (struct span){lines.data, header_length(lines)}, error))
		return -1;
	subject = header_find(&h, HEADER_SUBJECT);
	date = header_find(&h, HEADER_DATE);
	id = header_find(&h, HEADER_MESSAGE_ID);
	f->subject = copy_field(subject, false);
	f->title = copy_field(subject, true);
	f->date = copy_field(date, false);
	f->message_id = copy_message_id(id);
	failed = (subject && (!f->subject || !f->title)) || (date && !f->date);
	header_clear(&h);
	return failed ? error_set_memory(error) : 0;
}

int report_fields_read(struct report_fields *f, struct span header, struct error *error)
{
	struct buf lines;
	int failed;

	*f = (struct report_fields){0};
	buf_init(&lines, header.len + 1);
	copy_lines(&lines, header);
	failed = buf_failed(&lines) ? error_set_memory(error)
				    : read_fields(f, buf_span(&lines), error);
	buf_clear(&lines);
	return failed;
}

void report_fields_clear(struct report_fields *f)
{
	free(f->subject);
	free(f->title);
	free(f->date);
	free(f->message_id);
	*f = (struct report_fields){0};
}
