/* What this machine is called: see hostname.h. */
#include "net/hostname.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/endpoint.h"

/* Whether name is a full one that others may be told. */
static bool hostname_is_full(const char *name)
{
	const char *dot = strchr(name, '.');
	bool local = dot &&
		     span_equals_nocase((struct span){name, (size_t)(dot - name)}, "localhost");

	return dot && !local && !endpoint_is_address(name) &&
	       endpoint_host_is_sane(span_of(name));
}

int hostname_full(struct buf *out, bool look_up)
{
	const struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char name[256] = "";
	int failed = -1;

	if (gethostname(name, sizeof(name) - 1))
		return -1;
	if (hostname_is_full(name)) {
		buf_add_string(out, name);
		return 0;
	}
	if (look_up && name[0] && getaddrinfo(name, NULL, &hints, &found) == 0) {
		if (found->ai_canonname && hostname_is_full(found->ai_canonname)) {
			buf_add_string(out, found->ai_canonname);
			failed = 0;
		}
		freeaddrinfo(found);
	}
	return failed;
}

void hostname_short(struct buf *out)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) == 0 && endpoint_host_is_sane(span_of(name)))
		buf_add_string(out, name);
}
