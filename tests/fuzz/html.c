/*
 * HTML made text: whole and byte by byte it is the same, without control characters but tabs
 * and line ends; and a charset that is found is a name. The same bytes are read as a media type
 * and as text for a part: what leaves as it is holds nothing that would not arrive so.
 */
#include "mail/html.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "mail/media_type.h"
#include "mail/textual.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void convert(struct span input, size_t cut, struct buf *out)
{
	struct html h;

	html_init(&h);
	buf_init(out, input.len * 8 + 64);
	for (size_t at = 0; at < input.len; at += cut)
		html_feed(&h,
			  (struct span){input.data + at,
					input.len - at < cut ? input.len - at : cut},
			  out);
	html_finish(&h, out);
	if (buf_failed(out))
		abort();
}

static void check_html(struct span input)
{
	struct buf whole, bytes;
	char name[41];

	convert(input, input.len + 1, &whole);
	convert(input, 1, &bytes);
	if (whole.len != bytes.len || memcmp(whole.data, bytes.data, whole.len) != 0)
		abort();
	for (size_t i = 0; i < whole.len; i++)
		if (chars_is(whole.data[i], CHARS_CONTROL) && !strchr("\t\n", whole.data[i]))
			abort();
	buf_clear(&whole);
	buf_clear(&bytes);
	if (html_charset(input, name, sizeof(name)) && !*name)
		abort();
}

static void check_type(struct span input)
{
	if (!media_type_is_valid(input))
		return;
	for (size_t i = 0; i < input.len; i++)
		if (!chars_is(input.data[i], CHARS_GRAPHIC | CHARS_BLANK))
			abort();
	media_type_has(input, "charset");
}

static void check_content(const struct assembly *a)
{
	struct assembly_reader r;
	struct measure m = {0};
	struct span piece;
	struct error error;

	if (assembly_reader_init(&r, a, &error))
		abort();
	while (assembly_reader_next(&r, &piece, &error) > 0)
		measure_feed(&m, piece);
	measure_finish(&m);
	assembly_reader_clear(&r);
	if (m.has_8bit || m.has_nul || m.has_lone_cr || m.longest_line > 0)
		abort();
}

static void check_text(struct span input)
{
	static const struct textual_charsets charsets = {NULL, "ISO-8859-1"};
	struct assembly a = {0};
	struct textual t;
	struct error error;

	textual_init(&t, NULL);
	if (textual_feed(&t, input, &error) || textual_settle(&t, &charsets, true, &error) ||
	    textual_write(&t, &a, &error))
		abort();
	check_content(&a);
	assembly_clear(&a);
	textual_clear(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = {(const char *)data, size};

	check_html(input);
	check_type(input);
	check_text(input);
	return 0;
}
