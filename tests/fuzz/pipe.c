/*
 * Commands of pipe:. What is taken has a program, no control character but what was put in, and
 * as many words whatever host and port are.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/pipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool fact)
{
	if (!fact)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pipe_target target = {"a b\"c", 65535};
	char *command = span_dup((struct span){(const char *)data, size});
	struct strv plain, words;
	struct error error;

	if (pipe_split(command, NULL, &plain, &error) == 0) {
		demand(plain.count > 0 && strpbrk(command, "\n\r") == NULL);
		if (pipe_split(command, &target, &words, &error) == 0) {
			demand(words.count == plain.count);
			strv_clear(&words);
		}
		strv_clear(&plain);
	}
	free(command);
	return 0;
}
