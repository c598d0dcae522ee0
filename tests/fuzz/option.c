/* The command line: words that end in NUL, the first of them the name we are called by. */
#include "cmd/option.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	char *argv[256];
	int argc = 0;
	struct options o;
	struct error error;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	copy[size] = '\0';
	for (size_t at = 0; at < size && argc < 255; at += strlen(copy + at) + 1)
		argv[argc++] = copy + at;
	argv[argc] = NULL;
	options_parse(&o, argc, argv, &error);
	options_clear(&o);
	free(copy);
	return 0;
}
