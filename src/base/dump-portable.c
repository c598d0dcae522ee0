/* Core dumps where limits are all there is: see dump.h. */
#include "base/dump.h"

#include <sys/resource.h>

void dump_forbid(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
}
