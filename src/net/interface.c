/* Tying a socket to a network interface, as Linux does: see interface.h. A user needs no
 * privilege for a socket that is not tied yet (Linux 5.7). */
#include "net/interface.h"

#include <string.h>
#include <sys/socket.h>

int interface_bind(int fd, const char *name)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name) + 1);
}
