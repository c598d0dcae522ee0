/* Fields with a length, and their checksum: see record.h. */
#include "queue/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/crc.h"

void record_add(struct buf *out, const char *name, struct span value)
{
	char length[24];
	int len = snprintf(length, sizeof(length), " %zu:", value.len);

	if (buf_reserve(out, strlen(name) + (size_t)len + value.len + 1))
		return;
	buf_add_string(out, name);
	buf_add(out, length, (size_t)len);
	buf_add_span(out, value);
	buf_add_char(out, '\n');
}

void record_add_number(struct buf *out, const char *name, int64_t value)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRId64, value);

	record_add(out, name, (struct span){digits, (size_t)len});
}

void record_end(struct buf *out, size_t start)
{
	char digits[9];
	uint32_t crc = crc_add(0, out->data + start, out->len - start);

	snprintf(digits, sizeof(digits), "%08" PRIx32, crc);
	record_add(out, "end", (struct span){digits, 8});
}

/* The length of a name at the start of s, 0 if there is none. */
static size_t record_name_length(struct span s)
{
	size_t len = 0;

	while (len < s.len && ((s.data[len] >= 'a' && s.data[len] <= 'z') ||
			       chars_is(s.data[len], CHARS_DIGIT) || s.data[len] == '-'))
		len++;
	return len <= RECORD_NAME_MAX ? len : 0;
}

/*
 *     field  = name SP length ":" value LF
 *     length = 1*DIGIT                          written without leading zeros
 */
int record_next(struct span *fields, struct record_field *field)
{
	size_t name = record_name_length(*fields), at = name + 1, len = 0;
	const char *p = fields->data;
	size_t first = at;

	if (fields->len == 0)
		return 0;
	if (name == 0 || name >= fields->len || p[name] != ' ')
		return -1;
	for (; at < fields->len && chars_is(p[at], CHARS_DIGIT); at++) {
		len = len * 10 + (size_t)(p[at] - '0');
		if (len > fields->len)
			return -1;
	}
	if (at == first || (p[first] == '0' && at > first + 1) || at >= fields->len ||
	    p[at++] != ':' || len >= fields->len - at || p[at + len] != '\n')
		return -1;
	*field = (struct record_field){{p, name}, {p + at, len}};
	*fields = (struct span){p + at + len + 1, fields->len - at - len - 1};
	return 1;
}

/* Whether the value is the checksum of the bytes before it. */
static bool record_is_end(struct span value, struct span fields)
{
	char digits[9];

	snprintf(digits, sizeof(digits), "%08" PRIx32, crc_add(0, fields.data, fields.len));
	return span_equals(value, digits);
}

int record_split(struct span *records, struct span *fields)
{
	struct span rest = *records;
	struct record_field field;

	if (rest.len == 0)
		return 0;
	for (;;) {
		struct span before = {records->data, records->len - rest.len};

		if (record_next(&rest, &field) != 1)
			return -1;
		if (!span_equals(field.name, "end"))
			continue;
		if (before.len == 0 || !record_is_end(field.value, before))
			return -1;
		*fields = before;
		*records = rest;
		return 1;
	}
}

int record_number(struct span value, int64_t *number)
{
	int64_t n = 0;

	if (value.len == 0 || value.len > 19 || (value.data[0] == '0' && value.len > 1))
		return -1;
	for (size_t i = 0; i < value.len; i++) {
		if (!chars_is(value.data[i], CHARS_DIGIT) ||
		    n > (INT64_MAX - (value.data[i] - '0')) / 10)
			return -1;
		n = n * 10 + (value.data[i] - '0');
	}
	*number = n;
	return 0;
}
