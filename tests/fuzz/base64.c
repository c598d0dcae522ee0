/*
 * Base64 both ways: any bytes survive being encoded; what decodes strictly is exactly what
 * encoding gives; blanks between the characters are all that the lenient form allows.
 */
#include "base/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct buf *b, struct span want)
{
	if (buf_failed(b) || b->len != want.len ||
	    (want.len > 0 && memcmp(b->data, want.data, want.len) != 0))
		abort();
}

static void survives(struct span s)
{
	struct buf text, back;

	buf_init(&text, s.len * 2 + 4);
	buf_init(&back, s.len);
	base64_encode(&text, s);
	if (base64_decode(&back, buf_span(&text)))
		abort();
	check_same(&back, s);
	buf_clear(&text);
	buf_clear(&back);
}

/* Returns whether s decodes. */
static bool is_canonical(struct span s)
{
	struct buf bytes, again;
	bool good;

	buf_init(&bytes, s.len);
	buf_init(&again, s.len * 2 + 4);
	good = base64_decode(&bytes, s) == 0;
	base64_encode(&again, buf_span(&bytes));
	if (good)
		check_same(&again, s);
	else if (bytes.len > 0)
		abort();
	buf_clear(&bytes);
	buf_clear(&again);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = {(const char *)data, size};
	struct buf bare, lines;

	survives(s);
	is_canonical(s);
	buf_init(&bare, size);
	buf_init(&lines, size);
	for (size_t i = 0; i < size; i++)
		if (!chars_is(s.data[i], CHARS_BLANK | CHARS_NEWLINE))
			buf_add_char(&bare, s.data[i]);
	if ((base64_decode_lines(&lines, s) == 0) != is_canonical(buf_span(&bare)))
		abort();
	buf_clear(&bare);
	buf_clear(&lines);
	return 0;
}
