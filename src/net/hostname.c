/* What this machine is called: see hostname.h. */
#include "net/hostname.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "net/endpoint.h"

enum { HOSTNAME_MAX = 1025, HOSTNAME_MILLISECONDS = 5000 };

/* Whether name is a full one that others may be told. */
static bool hostname_is_full(const char *name)
{
	const char *dot = strchr(name, '.');
	bool local = dot &&
		     span_equals_nocase((struct span){name, (size_t)(dot - name)}, "localhost");

	return dot && !local && !endpoint_is_address(name) &&
	       endpoint_host_is_sane(span_of(name));
}

/* In a child: the canonical name of the one in context. */
static void hostname_work(void *context, int fd)
{
	const struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;

	if (getaddrinfo(context, NULL, &hints, &found) == 0 && found->ai_canonname)
		file_write_all(fd, found->ai_canonname, strlen(found->ai_canonname));
}

static int hostname_look_up(char *name, struct buf *out)
{
	struct process_question question;
	struct buf canonical;
	int failed;

	buf_init(&canonical, HOSTNAME_MAX);
	failed = process_ask(&question, hostname_work, name, clock_in(HOSTNAME_MILLISECONDS)) ||
		 process_answer(&question, &canonical) || canonical.len == 0 ||
		 !hostname_is_full(canonical.data);
	if (!failed)
		buf_add_span(out, buf_span(&canonical));
	buf_clear(&canonical);
	return failed ? -1 : 0;
}

int hostname_full(struct buf *out, bool look_up)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1))
		return -1;
	if (hostname_is_full(name)) {
		buf_add_string(out, name);
		return 0;
	}
	return look_up && name[0] ? hostname_look_up(name, out) : -1;
}

void hostname_short(struct buf *out)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) == 0 && endpoint_host_is_sane(span_of(name)))
		buf_add_string(out, name);
}
