/* What a submitter mends: see edit.h. */
#include "mail/edit.h"

#include <stdlib.h>
#include <string.h>

#include "mail/date.h"
#include "mail/mime.h"

enum { FIELD_MAX = 64 * 1024, LINE_LENGTH = 76 };

void edit_mailbox(struct buf *out, const struct address *a)
{
	size_t start = out->len;
	const char *line;

	if (!a->name || !*a->name) {
		buf_add_string(out, a->text);
		return;
	}
	mime_phrase(out, span_of(a->name));
	line = memrchr(out->data, '\n', out->len);
	if (line)
		start = (size_t)(line + 1 - out->data);
	buf_printf(out, "%s<%s>",
		   out->len - start + strlen("Resent-From: ") + strlen(a->text) + 3 >
				   LINE_LENGTH
			   ? "\n "
			   : " ",
		   a->text);
}

/* The body of a field that is missing: Date, Message-ID, From, or the Resent- one of each. */
static void add_body(struct buf *out, enum header_id id, const struct edit_options *o)
{
	switch (id) {
	case HEADER_DATE:
	case HEADER_RESENT_DATE: date_rfc5322(out, o->now); break;
	case HEADER_MESSAGE_ID:
	case HEADER_RESENT_MESSAGE_ID: date_message_id(out, o->now, o->domain); break;
	default: edit_mailbox(out, o->from); break;
	}
}

/* A field that a message, or a block of Resent-* fields, must have. */
struct wanted {
	enum header_id id;
	const char *name;
	bool keep; /* the caller does not want it added */
};

static int add_missing(struct header *h, const struct wanted *w, const struct edit_options *o)
{
	struct buf body;
	int result = -1;

	if (w->keep || header_find(h, w->id))
		return 0;
	buf_init(&body, FIELD_MAX);
	add_body(&body, w->id, o);
	if (!buf_failed(&body))
		result = header_add(h, w->name, body.data);
	buf_clear(&body);
	return result;
}

static bool block_has(const struct header *h, size_t first, size_t end, enum header_id id)
{
	for (size_t i = first; i < end; i++)
		if (h->fields[i].id == id)
			return true;
	return false;
}

/* Puts whole lines before field f, which may be one that is dropped: then in its place. */
static int put_before(struct header_field *f, const struct buf *lines)
{
	struct span rest = f->replacement ? span_of(f->replacement) : f->raw;
	struct buf text;
	char *taken;

	if (f->dropped)
		rest.len = 0;
	buf_init(&text, lines->len + rest.len + 1);
	buf_add_span(&text, buf_span(lines));
	buf_add_span(&text, rest);
	if (rest.len > 0 && rest.data[rest.len - 1] != '\n')
		buf_add_char(&text, '\n');
	taken = buf_take(&text);
	if (!taken)
		return -1;
	free(f->replacement);
	f->replacement = taken;
	f->dropped = false;
	return 0;
}

/* Completes the topmost block of Resent-* fields at its top. */
static int complete_resent(struct header *h, const struct edit_options *o)
{
	const struct wanted wanted[] = {
		{HEADER_RESENT_FROM, "Resent-From",
		 o->keep_from || !o->from || !*o->from->text},
		{HEADER_RESENT_DATE, "Resent-Date", o->keep_date},
		{HEADER_RESENT_MESSAGE_ID, "Resent-Message-ID", o->keep_message_id},
	};
	struct buf lines;
	size_t first, end;
	int result = 0;

	if (!header_resent_block(h, &first, &end))
		return 0;
	buf_init(&lines, 3 * FIELD_MAX);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (wanted[i].keep || block_has(h, first, end, wanted[i].id))
			continue;
		buf_printf(&lines, "%s: ", wanted[i].name);
		add_body(&lines, wanted[i].id, o);
		buf_add_char(&lines, '\n');
	}
	if (buf_failed(&lines))
		result = -1;
	else if (lines.len > 0)
		result = put_before(&h->fields[first], &lines);
	buf_clear(&lines);
	return result;
}

static bool names_a_recipient(const struct header *h)
{
	return header_find(h, HEADER_TO) || header_find(h, HEADER_CC) ||
	       header_find(h, HEADER_RESENT_TO) || header_find(h, HEADER_RESENT_CC);
}

static void drop_all(struct header *h, const enum header_id *ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		header_drop(h, ids[i]);
}

/* Takes out what must not leave, and says in its stead that there are recipients. */
static int hide_recipients(struct header *h, const struct edit_options *o)
{
	static const enum header_id always[] = {HEADER_BCC, HEADER_RESENT_BCC,
						HEADER_RETURN_PATH};
	static const enum header_id named[] = {HEADER_TO, HEADER_CC, HEADER_RESENT_TO,
					       HEADER_RESENT_CC};
	bool hidden = o->undisclosed || header_find(h, HEADER_RESENT_BCC) ||
		      header_find(h, HEADER_BCC);

	drop_all(h, always, sizeof(always) / sizeof(always[0]));
	if (o->undisclosed)
		drop_all(h, named, sizeof(named) / sizeof(named[0]));
	if (names_a_recipient(h) || !hidden)
		return 0;
	return header_add(h, "To", "undisclosed-recipients:;");
}

int edit_header(struct header *h, const struct edit_options *o, struct error *error)
{
	const struct wanted wanted[] = {
		{HEADER_DATE, "Date", o->keep_date},
		{HEADER_FROM, "From", o->keep_from || !o->from || !*o->from->text},
		{HEADER_MESSAGE_ID, "Message-ID", o->keep_message_id},
	};

	if (hide_recipients(h, o))
		return error_set_memory(error);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (add_missing(h, &wanted[i], o))
			return error_set_memory(error);
	if (mime_encode_header(h, error))
		return -1;
	return complete_resent(h, o) ? error_set_memory(error) : 0;
}
