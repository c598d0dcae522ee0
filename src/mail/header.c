/* The header as fields over the text they came from: see header.h. */
#include "mail/header.h"

#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/text.h"

struct known_field {
	const char *name; /* small letters */
	enum header_id id;
};

/* Sorted by name. */
static const struct known_field known_fields[] = {
	{"bcc", HEADER_BCC},
	{"cc", HEADER_CC},
	{"content-transfer-encoding", HEADER_CONTENT_TRANSFER_ENCODING},
	{"content-type", HEADER_CONTENT_TYPE},
	{"date", HEADER_DATE},
	{"dkim-signature", HEADER_DKIM_SIGNATURE},
	{"from", HEADER_FROM},
	{"message-id", HEADER_MESSAGE_ID},
	{"mime-version", HEADER_MIME_VERSION},
	{"received", HEADER_RECEIVED},
	{"reply-to", HEADER_REPLY_TO},
	{"resent-bcc", HEADER_RESENT_BCC},
	{"resent-cc", HEADER_RESENT_CC},
	{"resent-date", HEADER_RESENT_DATE},
	{"resent-from", HEADER_RESENT_FROM},
	{"resent-message-id", HEADER_RESENT_MESSAGE_ID},
	{"resent-sender", HEADER_RESENT_SENDER},
	{"resent-to", HEADER_RESENT_TO},
	{"return-path", HEADER_RETURN_PATH},
	{"sender", HEADER_SENDER},
	{"subject", HEADER_SUBJECT},
	{"to", HEADER_TO},
};

static int known_field_compare(const void *key, const void *item)
{
	const struct span *name = key;
	const char *known = ((const struct known_field *)item)->name;
	size_t i;

	for (i = 0; i < name->len && known[i]; i++)
		if (chars_lower(name->data[i]) != known[i])
			return (unsigned char)chars_lower(name->data[i]) -
			       (unsigned char)known[i];
	if (i < name->len)
		return 1;
	return known[i] ? -1 : 0;
}

static enum header_id header_id_of(struct span name)
{
	const struct known_field *known =
		bsearch(&name, known_fields, sizeof(known_fields) / sizeof(known_fields[0]),
			sizeof(known_fields[0]), known_field_compare);

	return known ? known->id : HEADER_OTHER;
}

/* The first line of text, its LF included if it has one. */
static struct span first_line(struct span text)
{
	const char *end = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;

	if (end)
		text.len = (size_t)(end + 1 - text.data);
	return text;
}

/* obs-optional = field-name *WSP ":" ...: the length of the name, 0 when line begins no field;
 * the colon stands at *colon. RFC 5322 sections 3.6.8 and 4.5.8. */
static size_t name_length(struct span line, size_t *colon)
{
	size_t len = 0, at;

	while (len < line.len && chars_is(line.data[len], CHARS_FIELD))
		len++;
	at = len;
	while (at < line.len && chars_is(line.data[at], CHARS_BLANK))
		at++;
	*colon = at;
	return at < line.len && line.data[at] == ':' ? len : 0;
}

bool header_is_field(struct span line)
{
	size_t colon;

	return name_length(line, &colon) > 0;
}

/* The length of the field at the start of text, with its continuation lines; 0 when none is. */
static size_t field_length(struct span text)
{
	struct span line = first_line(text);
	size_t len = 0;

	if (!header_is_field(line))
		return 0;
	do {
		len += line.len;
		line = first_line((struct span){text.data + len, text.len - len});
	} while (line.len > 0 && chars_is(line.data[0], CHARS_BLANK));
	return len;
}

size_t header_length(struct span text)
{
	size_t len = 0, field;

	while ((field = field_length((struct span){text.data + len, text.len - len})) > 0)
		len += field;
	return len;
}

static void field_cut(struct header_field *f, struct span raw)
{
	size_t colon;

	f->raw = raw;
	f->name = (struct span){raw.data, name_length(raw, &colon)};
	f->body = (struct span){raw.data + colon + 1, raw.len - colon - 1};
	if (f->body.len > 0 && f->body.data[f->body.len - 1] == '\n')
		f->body.len--;
}

static int header_add_field(struct header *h, struct span raw)
{
	struct header_field *f;

	if (h->count == h->cap) {
		size_t cap = h->cap ? h->cap * 2 : 32;
		struct header_field *fields = reallocarray(h->fields, cap, sizeof(*fields));

		if (!fields)
			return -1;
		h->fields = fields;
		h->cap = cap;
	}
	f = &h->fields[h->count++];
	*f = (struct header_field){0};
	field_cut(f, raw);
	f->id = header_id_of(f->name);
	return 0;
}

int header_parse(struct header *h, struct span text, struct error *error)
{
	int result = 0;
	size_t len;

	*h = (struct header){0};
	while (result == 0 && (len = field_length(text)) > 0) {
		if (h->count == HEADER_FIELDS_MAX)
			result = error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
					   "the header of the message has more than %d fields",
					   HEADER_FIELDS_MAX);
		else if (header_add_field(h, (struct span){text.data, len}))
			result = error_set_memory(error);
		text.data += len;
		text.len -= len;
	}
	if (result)
		header_clear(h);
	return result;
}

void header_clear(struct header *h)
{
	for (size_t i = 0; i < h->count; i++) {
		free(h->fields[i].text);
		free(h->fields[i].replacement);
	}
	free(h->fields);
	strv_clear(&h->added);
	*h = (struct header){0};
}

struct header_field *header_find(const struct header *h, enum header_id id)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->fields[i].id == id && !h->fields[i].dropped)
			return &h->fields[i];
	return NULL;
}

struct span header_body(const struct header *h, enum header_id id)
{
	const struct header_field *f = header_find(h, id);

	if (f && f->replacement)
		return span_trim(span_of(strchr(f->replacement, ':') + 1));
	if (f)
		return span_trim(f->body);
	for (size_t i = 0; i < h->added.count; i++) {
		const char *field = h->added.items[i];
		struct span name = {field, strcspn(field, ":")};

		if (header_id_of(name) == id)
			return span_trim(span_of(field + name.len + 1));
	}
	return (struct span){0};
}

void header_unfold(struct buf *out, struct span body)
{
	body = span_trim(body);
	while (body.len > 0) {
		size_t len = 0;

		while (len < body.len && !chars_is(body.data[len], CHARS_NEWLINE))
			len++;
		buf_add(out, body.data, len);
		while (len < body.len && chars_is(body.data[len], CHARS_NEWLINE))
			len++;
		body.data += len;
		body.len -= len;
	}
}

void header_settle(struct header_field *f)
{
	if (!f->replacement)
		return;
	free(f->text);
	f->text = f->replacement;
	f->replacement = NULL;
	field_cut(f, span_of(f->text));
}

int header_set_body(struct header_field *f, struct span body)
{
	size_t head = (size_t)(f->body.data - f->raw.data);
	struct buf text;
	char *taken;

	buf_init(&text, head + body.len + 1);
	buf_add(&text, f->raw.data, head);
	buf_add_span(&text, body);
	buf_add_char(&text, '\n');
	taken = buf_take(&text);
	buf_clear(&text);
	if (!taken)
		return -1;
	field_cut(f, (struct span){taken, head + body.len + 1});
	free(f->text);
	f->text = taken;
	return 0;
}

void header_drop(struct header *h, enum header_id id)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->fields[i].id == id)
			h->fields[i].dropped = true;
}

int header_add(struct header *h, const char *name, const char *body)
{
	struct buf field;
	int result;

	buf_init(&field, strlen(name) + strlen(body) + 3);
	buf_printf(&field, "%s: %s\n", name, body);
	result = strv_add_take(&h->added, buf_take(&field));
	buf_clear(&field);
	return result;
}

void header_render(const struct header *h, struct buf *out)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct header_field *f = &h->fields[i];

		if (f->dropped)
			continue;
		if (f->replacement) {
			buf_add_string(out, f->replacement);
			continue;
		}
		buf_add_span(out, f->raw);
		if (f->raw.data[f->raw.len - 1] != '\n')
			buf_add_char(out, '\n'); /* the last line of a text cut short */
	}
	for (size_t i = 0; i < h->added.count; i++)
		buf_add_string(out, h->added.items[i]);
}

bool header_is_8bit(const struct header *h)
{
	bool found = false;

	for (size_t i = 0; i < h->count && !found; i++) {
		const struct header_field *f = &h->fields[i];

		found = !f->dropped &&
			text_is_8bit(f->replacement ? span_of(f->replacement) : f->raw);
	}
	for (size_t i = 0; i < h->added.count && !found; i++)
		found = text_is_8bit(span_of(h->added.items[i]));
	return found;
}

bool header_is_resent(const struct header_field *f)
{
	return span_starts_nocase(f->name, "resent-");
}

bool header_resent_block(const struct header *h, size_t *first, size_t *end)
{
	unsigned seen = 0;                    /* a bit an enum header_id */
	enum header_id before = HEADER_OTHER; /* the resent field last seen */
	size_t i = 0;

	while (i < h->count && !header_is_resent(&h->fields[i]))
		i++;
	*first = i;
	for (; i < h->count; i++) {
		enum header_id id = h->fields[i].id;

		if (id == HEADER_RECEIVED || id == HEADER_RETURN_PATH)
			break;
		if (!header_is_resent(&h->fields[i]) || id == HEADER_OTHER)
			continue;
		if ((seen & 1u << id) && id != before)
			break;
		seen |= 1u << id;
		before = id;
	}
	*end = i;
	return *first < *end;
}
