/* Core dumps on Linux: see dump.h. A collector in a pipe does not ask for the limit. */
#include "base/dump.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void dump_forbid(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
