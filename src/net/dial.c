/* Reaching a relay: see dial.h. */
#include "net/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "net/pipe.h"
#include "net/race.h"
#include "net/resolve.h"

enum { DIAL_FAILURES_MAX = 100 };

/* One call of dial() under way. */
struct dial {
	const struct endpoint *endpoint;
	const struct dial_options *options;
	int64_t deadline;
	struct race race;
};

/* source_ip = address [ "," address ], of different families. */
static int dial_parse_sources(struct dial *d, struct error *error)
{
	const char *text = d->options->source_ip;
	struct inet_address *source = d->race.source;
	size_t count = 0;

	while (text && *text) {
		size_t len = strcspn(text, ", ");
		char one[INET6_ADDRSTRLEN];

		if (count == 2 || len >= sizeof(one))
			break;
		memcpy(one, text, len);
		one[len] = '\0';
		if (!inet_parse(&source[count], one, 0))
			break;
		count++;
		text += len;
		text += strspn(text, ", ");
	}
	if ((text && *text) ||
	    (count == 2 && source[0].any.sa_family == source[1].any.sa_family))
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"source_ip \"%s\" is no IP address, nor one of IPv4 and one of "
			"IPv6",
			TEXT_SHOW(span_of(d->options->source_ip)));
	return 0;
}

static const char *dial_hint(const struct dial *d)
{
	int number = d->race.number;

	if (d->options->proxy && number == ECONNREFUSED)
		return "; is it running";
	if (d->endpoint->path && number == ENOENT)
		return "; is the relay running, and is this its socket";
	if (number == ECONNREFUSED)
		return d->endpoint->path ? "; is the relay running"
					 : "; is the relay running, and is the port right";
	if (number == ETIMEDOUT && endpoint_port(d->endpoint) == 25)
		return "; many providers block port 25: try 465 or 587";
	if (number == ENETUNREACH)
		return "; is this machine online";
	if (d->race.source[0].len > 0 && (number == EADDRNOTAVAIL || number == EAFNOSUPPORT))
		return "; check source_ip";
	if (d->options->interface && (number == ENODEV || number == EPERM || number == ENOSYS))
		return "; check bind_interface";
	return "";
}

static int dial_fail(const struct dial *d, struct error *error)
{
	error_set(error, ERROR_TEMPORARY, STAGE_CONNECT, "cannot connect: %s%s",
		  d->race.failures.data, dial_hint(d));
	error->number = d->race.number;
	return -1;
}

static int dial_tcp(struct dial *d, struct error *error)
{
	const struct resolve_query query = {.host = d->endpoint->host,
					    .port = endpoint_port(d->endpoint),
					    .family = d->options->family,
					    .course = d->options->course};
	struct inet_list addresses;
	int fd;

	course_enter(d->options->course, COURSE_RESOLVE);
	if (dial_parse_sources(d, error) || resolve(&query, d->deadline, &addresses, error))
		return -1;
	inet_interleave(&addresses);
	course_enter(d->options->course, COURSE_CONNECT);
	d->race.to = &addresses;
	fd = race_run(&d->race);
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

	course_enter(d->options->course, COURSE_CONNECT);
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
	d->race.number = errno == EAGAIN ? ETIMEDOUT : errno;
	buf_init(&d->race.failures, DIAL_FAILURES_MAX);
	buf_add_string(&d->race.failures, strerror(d->race.number));
	if (fd >= 0)
		close(fd);
	return dial_fail(d, error);
}

static struct conn *dial_wrap(int fd, struct error *error)
{
	struct conn *c = fd >= 0 ? conn_new(fd) : NULL;

	if (fd >= 0 && !c)
		error_set_memory(error);
	return c;
}

/* Errors on the way to the proxy, and its own, name it as the culprit. */
static struct conn *dial_proxy(struct dial *d, struct error *error)
{
	const struct endpoint *relay = d->endpoint;
	const struct proxy *proxy = d->options->proxy;
	char shown[300];
	char line[320];
	struct conn *c;

	snprintf(line, sizeof(line), "through the proxy %s",
		 endpoint_show(proxy->endpoint, shown, sizeof(shown)));
	if (d->options->note)
		d->options->note(d->options->note_context, line);
	d->endpoint = proxy->endpoint;
	c = dial_wrap(dial_tcp(d, error), error);
	d->endpoint = relay;
	if (c) {
		conn_watch(c, d->options->course);
		course_enter(d->options->course, COURSE_PROXY);
	}
	if (c && proxy_connect(c, proxy, relay->host, endpoint_port(relay), d->deadline,
			       error) == 0) {
		conn_set_relayed(c, 0);
		return c;
	}
	conn_free(c);
	error_prefix(error, "the proxy %s", shown);
	return NULL;
}

static struct conn *dial_command(const struct endpoint *e, struct error *error)
{
	const struct pipe_target target = {e->host, endpoint_port(e)};
	pid_t pid = 0;
	struct conn *c = dial_wrap(pipe_open(e->command, &target, &pid, error), error);

	if (c)
		conn_set_relayed(c, pid);
	else if (pid > 0)
		process_stop(pid, 0);
	return c;
}

/* A socket that somebody else connected, to whom only he knows. */
static struct conn *dial_inherited(const struct endpoint *e, struct error *error)
{
	int fd = process_take_spared(e->fd);
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer), int_size = sizeof(int);
	int type = 0;
	struct conn *c;

	if (fd < 0) {
		error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"there is no descriptor %d: only pennypost takes one over, once, which "
			"--relay fd:%d or PENNYPOST_RELAY names",
			e->fd, e->fd);
		return NULL;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &int_size) || type != SOCK_STREAM ||
	    getpeername(fd, (struct sockaddr *)&peer, &size)) {
		close(fd);
		error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			  "descriptor %d is not a connected stream socket", e->fd);
		return NULL;
	}
	c = dial_wrap(fd, error);
	if (c)
		conn_set_relayed(c, 0);
	return c;
}

/* Where it goes, for who keeps a record. */
static void dial_note_relay(const struct dial *d)
{
	const struct endpoint *e = d->endpoint;
	const char *name = e->path ? e->path : e->host ? e->host : "";

	course_dial(d->options->course, name, e->path ? 0 : endpoint_port(e));
}

struct conn *dial(const struct endpoint *e, const struct dial_options *options,
		  struct error *error)
{
	struct dial d = {
		.endpoint = e,
		.options = options,
		.deadline = clock_in(options->timeout),
		.race = {.interface = options->interface,
			 .note = options->note,
			 .context = options->note_context,
			 .course = options->course},
	};
	struct conn *c;

	dial_note_relay(&d);
	d.race.deadline = d.deadline;
	buf_init(&d.race.failures, 0);
	if (e->command)
		c = dial_command(e, error);
	else if (e->scheme == ENDPOINT_FD)
		c = dial_inherited(e, error);
	else if (options->proxy && !e->path)
		c = dial_proxy(&d, error);
	else
		c = dial_wrap(e->path ? dial_unix(&d, error) : dial_tcp(&d, error), error);
	buf_clear(&d.race.failures);
	if (c)
		conn_watch(c, options->course);
	return c;
}
