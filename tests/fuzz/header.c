/* Headers: unedited they come out as they came in; edited they are still fields, hide what must
 * be hidden, and need no second edit. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "mail/edit.h"
#include "mail/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* The text as message_read() would give it: no NUL and no CR. */
static char *clean(const uint8_t *data, size_t size)
{
	char *text = span_dup((struct span){(const char *)data, size});

	must(text != NULL);
	for (size_t i = 0; i < size; i++)
		if (text[i] == '\0' || text[i] == '\r')
			text[i] = ' ';
	return text;
}

static void check_envelope(const struct header *h)
{
	struct envelope e = {0};
	struct error error;

	if (envelope_from_header(&e, h, &error) == 0)
		for (size_t i = 0; i < e.recipients.count; i++)
			for (const char *c = e.recipients.items[i].text; *c; c++)
				must(!chars_is(*c, CHARS_CONTROL));
	envelope_clear(&e);
}

/* The header of text, edited, in out. */
static void edit(struct span text, const struct edit_options *options, struct buf *out)
{
	struct header h;
	struct error error;

	must(header_parse(&h, text, &error) == 0);
	must(edit_header(&h, options, &error) == 0);
	header_render(&h, out);
	must(!buf_failed(out) && header_length(buf_span(out)) == out->len);
	header_clear(&h);
}

static void check_edited(struct span text)
{
	struct header h;
	struct error error;

	must(header_parse(&h, text, &error) == 0);
	must(!header_find(&h, HEADER_BCC) && !header_find(&h, HEADER_RESENT_BCC));
	must(!header_find(&h, HEADER_RETURN_PATH));
	must(header_find(&h, HEADER_DATE) && header_find(&h, HEADER_FROM));
	must(header_find(&h, HEADER_MESSAGE_ID) != NULL);
	header_clear(&h);
}

static void check_unedited(struct span text)
{
	struct header h;
	struct error error;
	struct buf out;

	buf_init(&out, text.len + 1);
	must(header_parse(&h, text, &error) == 0);
	header_render(&h, &out);
	must(out.len >= text.len && out.len <= text.len + 1);
	must(text.len == 0 || memcmp(out.data, text.data, text.len) == 0);
	must(out.len == 0 || out.data[out.len - 1] == '\n');
	check_envelope(&h);
	header_clear(&h);
	buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char address[] = "ann@example.org", name[] = "J\303\274rgen, \"M\"";
	const struct address from = {address, 3, name};
	struct edit_options options = {
		.from = &from, .domain = "example.org", .now = 1700000000};
	char *copy = clean(data, size);
	struct span text = {copy, size};
	struct buf once, twice;

	buf_init(&once, 1 << 26);
	buf_init(&twice, 1 << 26);
	text.len = header_length(text);
	must(text.len <= size);
	check_unedited(text);
	edit(text, &options, &once);
	check_edited(buf_span(&once));
	edit(buf_span(&once), &options, &twice);
	must(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	buf_clear(&once);
	buf_clear(&twice);
	free(copy);
	return 0;
}
