/* Addresses of a header put right: what is read of a field stays a list, and nobody leaves it
 * but who is there twice. */
#include "mail/rewrite.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int look_up(void *context, const struct address *a, bool recipient,
		   struct address_list *out, struct error *error)
{
	(void)context;
	if (recipient && a->text[0] == 'r')
		return address_list_parse(out, span_of("ann@example.org, eve@example.org"),
					  error);
	if (a->text[0] == 'n' || address_domain(a))
		return 0;
	if (address_list_add(out, a))
		return error_set_memory(error);
	if (address_list_qualify(out, "host.example.org", error))
		address_list_clear(out);
	return 0;
}

static bool is_local(void *context, struct span domain)
{
	(void)context;
	return span_equals_nocase(domain, "localhost");
}

static const struct rewrite rewrite = {.is_local = is_local, .look_up = look_up};

/* Whether those that no name stands for are still there. */
static bool has_all(const struct address_list *after, const struct address_list *before)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct address *a = &before->items[i];
		size_t k = 0;

		if (!address_domain(a) || is_local(NULL, span_of(address_domain(a))))
			continue;
		while (k < after->count && !address_is_same(&after->items[k], a))
			k++;
		if (k == after->count)
			return false;
	}
	return true;
}

/* Only a list that can be read has something to keep. */
static void check_body(struct span text)
{
	struct address_list before = {0}, after = {0};
	struct error error;
	struct buf out;

	buf_init(&out, 64 * text.len + 4096);
	if (address_list_parse(&before, text, &error) == 0 &&
	    rewrite_body(&rewrite, true, 4, text, &out, &error) > 0 &&
	    (address_list_parse(&after, buf_span(&out), &error) || !has_all(&after, &before) ||
	     memchr(out.data, '\0', out.len)))
		abort();
	address_list_clear(&before);
	address_list_clear(&after);
	buf_clear(&out);
}

static void check_header(struct span text)
{
	struct header h = {0};
	struct error error;
	struct buf out;
	size_t count;

	text.len = header_length(text);
	if ((text.len > 0 && memchr(text.data, '\0', text.len)) ||
	    header_parse(&h, text, &error))
		return;
	count = h.count;
	buf_init(&out, 64 * text.len + 4096);
	if (rewrite_header(&h, REWRITE_RECIPIENTS, &rewrite, &error) ||
	    rewrite_header(&h, REWRITE_AUTHORS, &rewrite, &error))
		abort();
	header_render(&h, &out);
	header_clear(&h);
	if (header_length(buf_span(&out)) != out.len ||
	    header_parse(&h, buf_span(&out), &error) || h.count != count)
		abort();
	header_clear(&h);
	buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};

	check_body(text);
	check_header(text);
	return 0;
}
