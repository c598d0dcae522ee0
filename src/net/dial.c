/*
 * Reaching a relay: see dial.h.
 *
 * An address literal never sees the resolver. A name does, by getaddrinfo(), which takes no
 * deadline: a resolver that does not answer holds us for as long as resolv.conf says (5
 * seconds, twice, for each server, by default); the addresses then share what is left.
 */
#include "net/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum {
	DIAL_SHARE_MIN = 3000, /* milliseconds that each address gets at least, if there are */
	DIAL_ADDRESSES_MAX = 16,  /* more are not tried */
	DIAL_FAILURES_MAX = 1024, /* bytes of what went wrong with them */
};

/* One way to reach the relay. */
struct dial_address {
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	};
	socklen_t len;
};

/* One call of dial() under way. */
struct dial {
	const struct endpoint *endpoint;
	int64_t deadline;
	struct dial_address source; /* len is 0 without one */
	struct dial_address addresses[DIAL_ADDRESSES_MAX];
	size_t count;
	struct buf failures; /* "192.0.2.1: Connection refused; ..." */
	int number;          /* the errno that tells most */
};

static bool dial_parse(struct dial_address *address, const char *text, int port)
{
	*address = (struct dial_address){0};
	if (inet_pton(AF_INET, text, &address->four.sin_addr) == 1) {
		address->four.sin_family = AF_INET;
		address->four.sin_port = htons((uint16_t)port);
		address->len = sizeof(address->four);
	} else if (inet_pton(AF_INET6, text, &address->six.sin6_addr) == 1) {
		address->six.sin6_family = AF_INET6;
		address->six.sin6_port = htons((uint16_t)port);
		address->len = sizeof(address->six);
	}
	return address->len > 0;
}

static void dial_keep(struct dial *d, const struct addrinfo *found)
{
	struct dial_address *address = &d->addresses[d->count];
	uint16_t port = htons((uint16_t)endpoint_port(d->endpoint));

	if (d->count == DIAL_ADDRESSES_MAX || found->ai_addrlen > sizeof(address->six))
		return;
	memcpy(&address->any, found->ai_addr, found->ai_addrlen);
	address->len = found->ai_addrlen;
	if (found->ai_family == AF_INET)
		address->four.sin_port = port;
	else if (found->ai_family == AF_INET6)
		address->six.sin6_port = port;
	else
		return;
	d->count++;
}

static int dial_refuse_name(const struct dial *d, int status, int number, struct error *error)
{
	const char *host = TEXT_SHOW(span_of(d->endpoint->host));

	switch (status) {
	case EAI_NONAME:
	case EAI_NODATA:
		return error_set(error, ERROR_RELAY, STAGE_RESOLVE,
				 "no such host: \"%s\" has no address; check the relay's name",
				 host);
	case EAI_SYSTEM:
		return error_set_errno(error, ERROR_TEMPORARY, STAGE_RESOLVE, number,
				       "cannot look up \"%s\"", host);
	case EAI_AGAIN:
		return error_set(error, ERROR_TEMPORARY, STAGE_RESOLVE,
				 "cannot look up \"%s\" now: the name servers give no answer",
				 host);
	default:
		return error_set(error, ERROR_TEMPORARY, STAGE_RESOLVE,
				 "cannot look up \"%s\": %s", host, gai_strerror(status));
	}
}

/* The name as the DNS has it: in A-labels (RFC 5891 section 4.4) when it is not ASCII. */
static int dial_encode_name(const char *host, struct buf *out, struct error *error)
{
	const struct crypto *crypto;

	if (!text_is_8bit(span_of(host))) {
		buf_add_string(out, host);
		return 0;
	}
	crypto = crypto_load(error);
	if (!crypto)
		return -1;
	if (crypto->idna(span_of(host), out))
		return error_set(error, ERROR_RELAY, STAGE_RESOLVE,
				 "no such host: \"%s\" is no internationalised name (IDNA)",
				 TEXT_SHOW(span_of(host)));
	return 0;
}

static int dial_resolve(struct dial *d, struct error *error)
{
	/* Not for localhost: with no other address about, it would hide 127.0.0.1 or ::1. */
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = endpoint_is_local(d->endpoint) ? 0 : AI_ADDRCONFIG,
	};
	struct addrinfo *found = NULL;
	struct buf name;
	int status;

	if (dial_parse(&d->addresses[0], d->endpoint->host, endpoint_port(d->endpoint))) {
		d->count = 1;
		return 0;
	}
	buf_init(&name, 1024);
	if (dial_encode_name(d->endpoint->host, &name, error)) {
		buf_clear(&name);
		return -1;
	}
	status = getaddrinfo(name.data, NULL, &hints, &found);
	buf_clear(&name);
	if (status != 0)
		return dial_refuse_name(d, status, errno, error);
	for (const struct addrinfo *a = found; a; a = a->ai_next)
		dial_keep(d, a);
	freeaddrinfo(found);
	return d->count > 0 ? 0 : dial_refuse_name(d, EAI_NONAME, 0, error);
}

/* Waits for the end of a connect(2) that is under way. Returns 0, or -1 with errno. */
static int dial_wait(int fd, int64_t deadline)
{
	socklen_t size = sizeof(errno);
	int number = 0;
	int ready = clock_poll(fd, POLLOUT, deadline);

	if (ready == 0)
		errno = ETIMEDOUT;
	if (ready <= 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size))
		return -1;
	errno = number;
	return number ? -1 : 0;
}

/* One address. Returns a connected socket, or -1 with errno. */
static int dial_address(const struct dial *d, const struct dial_address *to, int64_t deadline)
{
	const struct dial_address *source = &d->source;
	int number;
	int fd;

	if (source->len > 0 && source->any.sa_family != to->any.sa_family) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if ((source->len == 0 || bind(fd, &source->any, source->len) == 0) &&
	    (connect(fd, &to->any, to->len) == 0 ||
	     (errno == EINPROGRESS && dial_wait(fd, deadline) == 0)))
		return fd;
	number = errno;
	close(fd);
	errno = number;
	return -1;
}

/* Whether the failure says more about this machine than about the relay. */
static bool dial_is_our_own(int number)
{
	return number == ENETUNREACH || number == EAFNOSUPPORT || number == EADDRNOTAVAIL;
}

static void dial_note(struct dial *d, const struct dial_address *to, int number)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (to->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &to->four.sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &to->six.sin6_addr, text, sizeof(text));
	if (d->number == 0 || dial_is_our_own(d->number))
		d->number = number;
	if (d->count > 1)
		buf_printf(&d->failures, "%s%s: ", d->failures.len > 0 ? "; " : "", text);
	buf_add_string(&d->failures, strerror(number));
}

static const char *dial_hint(const struct dial *d)
{
	if (d->endpoint->path && d->number == ENOENT)
		return "; is the relay running, and is this its socket";
	if (d->number == ECONNREFUSED)
		return d->endpoint->path ? "; is the relay running"
					 : "; is the relay running, and is the port right";
	if (d->number == ETIMEDOUT && endpoint_port(d->endpoint) == 25)
		return "; many providers block port 25: try 465 or 587";
	if (d->number == ENETUNREACH)
		return "; is this machine online";
	if (d->source.len > 0 && (d->number == EADDRNOTAVAIL || d->number == EAFNOSUPPORT))
		return "; check source_ip";
	return "";
}

static int dial_fail(const struct dial *d, struct error *error)
{
	error_set(error, ERROR_TEMPORARY, STAGE_CONNECT, "cannot connect: %s%s",
		  d->failures.data, dial_hint(d));
	error->number = d->number;
	return -1;
}

/* The addresses in the resolver's order (RFC 6724). Each may take an equal share of what is
 * left, so that one that swallows packets leaves time for the next. */
static int dial_tcp(struct dial *d, struct error *error)
{
	int fd = -1;

	if (dial_resolve(d, error))
		return -1;
	for (size_t i = 0; fd < 0 && i < d->count; i++) {
		int64_t end = d->deadline;

		if (end != CLOCK_NEVER) {
			int64_t share = clock_left(end) / (int64_t)(d->count - i);

			end = clock_in(share < DIAL_SHARE_MIN ? DIAL_SHARE_MIN : share);
			end = end < d->deadline ? end : d->deadline;
		}
		fd = dial_address(d, &d->addresses[i], end);
		if (fd < 0)
			dial_note(d, &d->addresses[i], errno);
	}
	return fd < 0 ? dial_fail(d, error) : fd;
}

/* A unix socket whose backlog is full cannot be polled for room; a blocking connect(2) with
 * SO_SNDTIMEO waits for it. */
static int dial_unix(struct dial *d, struct error *error)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int left = clock_left(d->deadline);
	struct timeval limit = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 + 1};
	size_t len = strlen(d->endpoint->path);
	int fd;

	if (len >= sizeof(to.sun_path))
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"the path of the unix socket \"%s\" is longer than the system allows",
			TEXT_SHOW(span_of(d->endpoint->path)));
	memcpy(to.sun_path, d->endpoint->path, len);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		if (left >= 0)
			setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
			return fd;
	}
	d->number = errno == EAGAIN ? ETIMEDOUT : errno;
	buf_add_string(&d->failures, strerror(d->number));
	if (fd >= 0)
		close(fd);
	return dial_fail(d, error);
}

struct conn *dial(const struct endpoint *e, const struct dial_options *options,
		  struct error *error)
{
	struct dial d = {.endpoint = e, .deadline = clock_in(options->timeout)};
	struct conn *c = NULL;
	int fd;

	buf_init(&d.failures, DIAL_FAILURES_MAX);
	if (options->source_ip && !dial_parse(&d.source, options->source_ip, 0)) {
		error_set(error, ERROR_LOCAL, STAGE_CONFIG, "source_ip \"%s\" is no IP address",
			  TEXT_SHOW(span_of(options->source_ip)));
		return NULL;
	}
	fd = e->path ? dial_unix(&d, error) : dial_tcp(&d, error);
	if (fd >= 0) {
		c = conn_new(fd);
		if (!c)
			error_set_memory(error);
	}
	buf_clear(&d.failures);
	return c;
}
