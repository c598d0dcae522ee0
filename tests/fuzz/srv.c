/* Answers of name servers: whatever they say, targets are sane and bounded, and the order loses
 * and makes none. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/endpoint.h"
#include "net/srv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool fact)
{
	if (!fact)
		abort();
}

static uint32_t state;

static uint32_t random_below(uint32_t bound)
{
	state = state * 1103515245 + 12345;
	return (state >> 8) % bound;
}

static uint64_t sum(const struct srv_list *l)
{
	uint64_t total = l->count;

	for (size_t i = 0; i < l->count; i++)
		total += (uint64_t)l->items[i].weight * 65537 + l->items[i].port;
	return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct srv_list list = {0};
	uint64_t before;

	state = (uint32_t)size;
	srv_parse((struct span){(const char *)data, size}, SRV_SUBMISSIONS, &list);
	srv_parse_target((struct span){(const char *)data, size}, SRV_SUBMISSION, &list);
	demand(list.count <= SRV_TARGETS_MAX);
	for (size_t i = 0; i < list.count; i++) {
		demand(endpoint_host_is_sane(span_of(list.items[i].host)));
		demand(list.items[i].port > 0);
		list.items[i].service = i % 2 ? SRV_SUBMISSION : SRV_SUBMISSIONS;
	}
	before = sum(&list);
	srv_order(&list, random_below);
	demand(sum(&list) == before);
	for (size_t i = 1; i < list.count; i++)
		demand(list.items[i - 1].priority <= list.items[i].priority);
	return 0;
}
