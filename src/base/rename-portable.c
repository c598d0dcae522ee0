/* Renaming without replacing, where the system has nothing for it: see rename.h. */
#include "base/rename.h"

#include <errno.h>

int rename_exclusive(int directory, const char *from, const char *to)
{
	(void)directory;
	(void)from;
	(void)to;
	errno = ENOSYS;
	return -1;
}
