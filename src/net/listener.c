/* Where clients of this machine find us: see listener.h. */
#include "net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

enum { LISTENER_BACKLOG = 128, LISTENER_TRIES = 20 };

union listener_address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_un path;
	struct sockaddr_storage storage;
};

static bool listener_is_local(const union listener_address *a)
{
	switch (a->any.sa_family) {
	case AF_UNIX: return true;
	case AF_INET: return ntohl(a->four.sin_addr.s_addr) >> 24 == 127;
	case AF_INET6: return IN6_IS_ADDR_LOOPBACK(&a->six.sin6_addr);
	default: return false;
	}
}

static int listener_fail(const char *where, struct error *error)
{
	return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno, "cannot listen at %s",
			       TEXT_SHOW(span_of(where)));
}

static int listener_refuse(const char *where, struct error *error)
{
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			 "cannot listen at %s: only at loopback addresses and unix sockets, so "
			 "that no stranger's mail is passed on",
			 TEXT_SHOW(span_of(where)));
}

/* Makes a socket listen at an address. Returns it, or -1 with errno. */
static int listener_bind(const struct sockaddr *address, socklen_t size)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, saved;

	if (fd < 0)
		return -1;
	if (address->sa_family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, address, size) == 0 && listen(fd, LISTENER_BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Removes the socket of a process that is gone. */
static void listener_replace(const struct sockaddr_un *address)
{
	struct stat st;
	int fd;

	if (lstat(address->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) &&
	    errno == ECONNREFUSED)
		unlink(address->sun_path);
	close(fd);
}

static int listener_open_unix(struct listener *l, const char *path, struct error *error)
{
	union listener_address a;

	memset(&a, 0, sizeof(a));
	a.path.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(a.path.sun_path)) {
		errno = ENAMETOOLONG;
		return listener_fail(path, error);
	}
	memcpy(a.path.sun_path, path, strlen(path));
	listener_replace(&a.path);
	l->path = strdup(path);
	l->fd = l->path ? listener_bind(&a.any, sizeof(a.path)) : -1;
	if (l->fd >= 0)
		return 0;
	listener_fail(path, error);
	free(l->path);
	l->path = NULL;
	return -1;
}

static int listener_full(size_t count, struct error *error)
{
	if (count < LISTENER_MAX)
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			 "there are more than %d addresses to listen at", LISTENER_MAX);
}

static in_port_t *listener_port(union listener_address *a)
{
	return a->any.sa_family == AF_INET ? &a->four.sin_port : &a->six.sin6_port;
}

static in_port_t listener_port_of(int fd)
{
	union listener_address a;
	socklen_t size = sizeof(a);

	memset(&a, 0, sizeof(a));
	getsockname(fd, &a.any, &size);
	return *listener_port(&a);
}

/* Each address that was found. One family may be missing here. Where any port will do, it is
 * that of the first. */
static int listener_bind_each(struct listener *all, size_t *count, const struct addrinfo *found,
			      const char *where, struct error *error)
{
	size_t before = *count;
	bool only = !found->ai_next;

	error_set(error, ERROR_NONE, STAGE_CONFIG, "%s", "");
	for (const struct addrinfo *a = found; a; a = a->ai_next) {
		union listener_address address;
		int fd;

		memset(&address, 0, sizeof(address));
		memcpy(&address, a->ai_addr, a->ai_addrlen);
		if (listener_full(*count, error))
			break;
		if (!listener_is_local(&address)) {
			listener_refuse(where, error);
			continue;
		}
		if (*count > before)
			*listener_port(&address) = listener_port_of(all[before].fd);
		fd = listener_bind(&address.any, a->ai_addrlen);
		if (fd >= 0)
			all[(*count)++] = (struct listener){.fd = fd};
		else if (only || (errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT)) {
			listener_fail(where, error);
			error->number = errno;
		}
	}
	if (error->class != ERROR_NONE)
		return -1;
	errno = EADDRNOTAVAIL;
	return *count > before ? 0 : listener_fail(where, error);
}

/* The free port of one address may be taken at the other: then there are more. */
static int listener_open_host(struct listener *all, size_t *count, const struct endpoint *e,
			      struct error *error)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	bool any = e->port == LISTENER_ANY_PORT;
	struct addrinfo *found = NULL;
	size_t before = *count;
	char port[16], where[300];
	int failed = -1;

	snprintf(port, sizeof(port), "%d", any ? 0 : endpoint_port(e));
	endpoint_show(e, where, sizeof(where));
	if (any)
		snprintf(where, sizeof(where), "%s, at any port", TEXT_SHOW(span_of(e->host)));
	if (!endpoint_is_address(e->host) && strcasecmp(e->host, "localhost") != 0)
		return listener_refuse(where, error);
	if (getaddrinfo(e->host, port, &hints, &found)) {
		errno = EADDRNOTAVAIL;
		return listener_fail(where, error);
	}
	for (int i = 0; failed && i < (any ? LISTENER_TRIES : 1); i++) {
		listener_close(all + before, *count - before, true);
		*count = before;
		failed = listener_bind_each(all, count, found, where, error);
		if (failed && error->number != EADDRINUSE)
			break;
	}
	freeaddrinfo(found);
	return failed;
}

int listener_open(struct listener *all, size_t *count, const struct endpoint *e,
		  struct error *error)
{
	struct listener one = {.fd = -1};

	if (e->scheme != ENDPOINT_UNIX)
		return listener_open_host(all, count, e, error);
	if (listener_full(*count, error) || listener_open_unix(&one, e->path, error))
		return -1;
	all[(*count)++] = one;
	return 0;
}

int listener_add(struct listener *all, size_t *count, int fd, struct error *error)
{
	union listener_address a;
	socklen_t size = sizeof(a);

	memset(&a, 0, sizeof(a));
	if (getsockname(fd, &a.any, &size))
		return listener_fail("an inherited socket", error);
	if (!listener_is_local(&a))
		return listener_refuse("an inherited socket", error);
	if (listener_full(*count, error))
		return -1;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	all[(*count)++] = (struct listener){.fd = fd};
	return 0;
}

void listener_close(struct listener *all, size_t count, bool remove)
{
	for (size_t i = 0; i < count; i++) {
		close(all[i].fd);
		if (all[i].path && remove)
			unlink(all[i].path);
		free(all[i].path);
		all[i] = (struct listener){.fd = -1};
	}
}

void listener_show(const struct listener *l, struct buf *out)
{
	union listener_address a;
	socklen_t size = sizeof(a);
	char text[INET6_ADDRSTRLEN] = "";

	memset(&a, 0, sizeof(a));
	if (getsockname(l->fd, &a.any, &size))
		return;
	if (a.any.sa_family == AF_UNIX) {
		buf_printf(out, "unix:%s", TEXT_SHOW(span_of(a.path.sun_path)));
	} else if (a.any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a.four.sin_addr, text, sizeof(text));
		buf_printf(out, "%s:%d", text, ntohs(a.four.sin_port));
	} else {
		inet_ntop(AF_INET6, &a.six.sin6_addr, text, sizeof(text));
		buf_printf(out, "[%s]:%d", text, ntohs(a.six.sin6_port));
	}
}

bool listener_is_listening(int fd)
{
	int listening = 0;
	socklen_t size = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}
