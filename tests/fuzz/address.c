/* Address lists: what is taken is canonical, fits a path, and reads back as itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/text.h"
#include "mail/address.h"
#include "mail/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_clean(const char *text)
{
	must(text_is_utf8(span_of(text)));
	for (; *text; text++)
		must(!chars_is(*text, CHARS_CONTROL));
}

/* text names exactly one address, which is want. */
static void check_reads_as(struct span text, const struct address *want)
{
	struct address again = {0};
	struct error error;

	must(address_parse(&again, text, &error) == 0);
	must(strcmp(again.text, want->text) == 0 && again.local_len == want->local_len);
	address_clear(&again);
}

static void check_address(const struct address *a)
{
	size_t len = strlen(a->text);
	const char *domain = address_domain(a);
	struct buf mailbox;

	check_clean(a->text);
	must(len <= ADDRESS_PATH_MAX && a->local_len > 0 && a->local_len <= ADDRESS_LOCAL_MAX);
	must(domain ? *domain && strlen(domain) <= ADDRESS_DOMAIN_MAX : a->local_len == len);
	check_reads_as(span_of(a->text), a);
	buf_init(&mailbox, 1 << 26);
	if (a->name)
		mime_phrase(&mailbox, span_of(a->name));
	must(!text_is_8bit(buf_span(&mailbox)));
	buf_printf(&mailbox, " <%s>", a->text);
	must(!buf_failed(&mailbox));
	check_reads_as(buf_span(&mailbox), a);
	buf_clear(&mailbox);
}

static void check_list(struct address_list *list)
{
	struct error error;
	size_t count = list->count;

	for (size_t i = 0; i < count; i++)
		check_address(&list->items[i]);
	if (address_list_qualify(list, "example.org", &error) == 0)
		for (size_t i = 0; i < count; i++)
			must(address_domain(&list->items[i]) != NULL);
	must(address_list_unique(list) == 0 && list->count <= count);
	count = list->count;
	must(address_list_unique(list) == 0 && list->count == count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct address_list list = {0};
	struct address one = {0};
	struct error error = {0};

	if (address_list_parse(&list, text, &error)) {
		must(list.count == 0 && error.class == ERROR_MESSAGE);
		check_clean(error.text);
	}
	check_list(&list);
	address_list_clear(&list);
	if (address_parse(&one, text, &error) == 0)
		check_clean(one.text);
	address_clear(&one);
	return 0;
}
