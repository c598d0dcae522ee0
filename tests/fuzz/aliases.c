/* The aliases file: its text decides where a few local names go. */
#include "conf/aliases.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address_list list = {0};
	struct span text = {(const char *)data, size};
	struct error error;

	if (address_list_parse(&list, span_of("root, a, b, nobody, x@example.org"), &error))
		abort();
	if (aliases_apply_text(&list, "aliases", text, &error) && list.count != 5)
		abort();
	address_list_clear(&list);
	return 0;
}
