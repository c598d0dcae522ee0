/* Where a socket cannot be tied to an interface: see interface.h. */
#include <errno.h>

#include "net/interface.h"

int interface_bind(int fd, const char *name)
{
	(void)fd, (void)name;
	errno = ENOSYS;
	return -1;
}
