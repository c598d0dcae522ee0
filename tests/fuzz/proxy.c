/* What proxies answer: the first byte says which kind. What is used was there, and what says
 * that more must come goes on saying so only within bounds. */
#include <stdint.h>
#include <stdlib.h>

#include "net/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool fact)
{
	if (!fact)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = {(const char *)data, size};
	struct span reason = {0};
	size_t used = 0;
	int code = -1;

	if (proxy_parse_socks(in, &used, &code) == 1)
		demand(used <= size && code >= 0 && code < 256);
	switch (proxy_parse_http(in, &used, &code, &reason)) {
	case 1:
		demand(used <= size && code >= 0 && code < 1000);
		demand(reason.data >= in.data && reason.data + reason.len <= in.data + used);
		break;
	case 0: demand(size <= 16 * 1024); break;
	default: break;
	}
	return 0;
}
