/* The file of outages: what is taken could have been written, and is bounded. */
#include <stdint.h>
#include <stdlib.h>

#include "base/chars.h"
#include "deliver/outage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool fact)
{
	if (!fact)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { NOW = 1000 };
	struct outages o = {0};

	outages_parse(&o, (struct span){(const char *)data, size}, NOW);
	demand(o.count <= OUTAGES_MAX && !o.changed);
	for (size_t i = 0; i < o.count; i++) {
		demand(o.items[i].until > NOW && o.items[i].until <= NOW + OUTAGE_SECONDS);
		demand(o.items[i].relay[0] && outages_have(&o, o.items[i].relay));
		for (const char *p = o.items[i].relay; *p; p++)
			demand(!chars_is(*p, CHARS_CONTROL));
	}
	outages_clear(&o);
	return 0;
}
