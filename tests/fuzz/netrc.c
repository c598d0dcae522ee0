/* The netrc file: its text may hold the password for a host and user. */
#include "conf/netrc.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct error error;
	struct buf out;

	buf_init(&out, 64 * 1024);
	if ((netrc_find(text, "a.example", "joe", &out, &error) == 1) != (out.len > 0))
		abort();
	buf_wipe(&out);
	return 0;
}
