/*
 * JSON strings: whatever the bytes, what is written is one string of RFC 8259 section 7 in
 * printable ASCII, and its escapes are whole.
 */
#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The length of the character at the start of s, an escape or itself. */
static size_t character(struct span s)
{
	if (!chars_is(s.data[0], CHARS_GRAPHIC) && s.data[0] != ' ')
		abort();
	if (s.data[0] != '\\')
		return 1;
	if (s.len < 2 || !strchr("\"\\/bfnrtu", s.data[1]))
		abort();
	if (s.data[1] != 'u')
		return 2;
	if (s.len < 6)
		abort();
	for (size_t i = 2; i < 6; i++)
		if (!chars_is(s.data[i], CHARS_HEX))
			abort();
	return 6;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out;
	struct json json;
	struct span s;

	buf_init(&out, size * 6 + 2);
	json_init(&json, &out);
	json_string(&json, (struct span){(const char *)data, size});
	if (buf_failed(&out) || out.len < 2 || out.data[0] != '"' ||
	    out.data[out.len - 1] != '"')
		abort();
	s = (struct span){out.data + 1, out.len - 2};
	while (s.len > 0) {
		size_t len = character(s);

		if (s.data[0] == '"')
			abort();
		s.data += len;
		s.len -= len;
	}
	buf_clear(&out);
	return 0;
}
