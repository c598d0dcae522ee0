/*
 * Connections: see conn.h.
 *
 * The socket never blocks; clock_poll() does, up to the deadline. Reading polls first unless
 * the last read filled its room, because a reply is hardly ever there already when it is asked
 * for, and a read in vain costs a system call. Under TLS the session is asked first, because
 * what it holds decrypted no poll will ever announce.
 */
#include "net/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "net/tickets.h"

enum {
	CONN_INPUT_MAX = 1 << 20,
	CONN_READ_MIN = 4096,
	CONN_CHILD_WAIT = 500 /* milliseconds for a command to see that its input has ended */
};

/* What one attempt at the socket or the session came to; a positive value is a number of bytes.
 */
enum conn_step { STEP_END = 0, STEP_FAILED = -1, STEP_WANT_READ = -2, STEP_WANT_WRITE = -3 };

/* An end's address, of any family; an IPv4 address mapped into IPv6 is told as what it is. */
union conn_address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_storage storage;
};

static int conn_address(int (*get)(int, struct sockaddr *, socklen_t *), int fd,
			union conn_address *address)
{
	socklen_t size = sizeof(*address);
	struct in_addr inner;

	*address = (union conn_address){0};
	if (get(fd, &address->any, &size))
		return AF_UNSPEC;
	if (address->any.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&address->six.sin6_addr)) {
		memcpy(&inner, &address->six.sin6_addr.s6_addr[12], sizeof(inner));
		*address = (union conn_address){
			.four = {.sin_family = AF_INET, .sin_addr = inner}};
	}
	return address->any.sa_family;
}

static int conn_get_peer(int fd, struct sockaddr *address, socklen_t *size)
{
	return getpeername(fd, address, size);
}

static int conn_get_local(int fd, struct sockaddr *address, socklen_t *size)
{
	return getsockname(fd, address, size);
}

struct conn {
	int fd;
	struct course *course; /* or NULL */
	bool more;             /* the last read filled its room: the next one need not wait */
	bool ended;            /* the peer's stream came to its orderly end */
	bool failed;           /* reading failed: failure says why, now and ever after */
	const struct crypto *crypto;
	struct tls *tls; /* from conn_start_tls() on, even when the handshake failed */
	char *tickets;   /* the directory for one of this session, or NULL */
	unsigned char ticket_name[TICKETS_NAME];
	bool secured; /* the handshake is done: bytes go through tls */
	struct buf input;
	size_t consumed; /* bytes at the start of input that the owner is done with */
	struct error failure;
	union conn_address peer;
	int peer_family;
	bool relayed;
	pid_t child; /* or 0 */
	bool child_ended;
	int child_status; /* then */
};

struct conn *conn_new(int fd)
{
	struct conn *c = calloc(1, sizeof(*c));
	int flags = fcntl(fd, F_GETFL);
	int on = 1;

	if (!c) {
		close(fd);
		return NULL;
	}
	c->fd = fd;
	buf_init(&c->input, CONN_INPUT_MAX);
	if (!(flags & O_NONBLOCK))
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	c->peer_family = conn_address(conn_get_peer, fd, &c->peer);
	if (c->peer_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return c;
}

/* For who comes next. */
static void conn_keep_ticket(struct conn *c)
{
	int64_t expires = 0;
	struct buf ticket;

	buf_init_secret(&ticket, TICKETS_MAX);
	if (c->crypto->tls_ticket(c->tls, &ticket, &expires) == 0)
		tickets_keep(c->tickets, c->ticket_name, buf_span(&ticket), time(NULL),
			     expires);
	buf_wipe(&ticket);
}

void conn_free(struct conn *c)
{
	if (!c)
		return;
	if (c->secured && !c->failed)
		c->crypto->tls_close(c->tls);
	if (c->secured && c->tickets)
		conn_keep_ticket(c);
	free(c->tickets);
	if (c->tls)
		c->crypto->tls_free(c->tls);
	if (c->course)
		c->course->fd = -1;
	close(c->fd);
	if (c->child && !c->child_ended)
		process_stop(c->child, CONN_CHILD_WAIT);
	buf_clear(&c->input);
	free(c);
}

struct course *conn_course(const struct conn *c)
{
	return c->course;
}

static int conn_timed_out(struct error *error, enum error_stage stage, const char *doing)
{
	return error_set_errno(error, ERROR_TEMPORARY, stage, ETIMEDOUT, "%s", doing);
}

static int conn_lost(struct error *error, int number)
{
	return error_set_errno(error, ERROR_TEMPORARY, STAGE_CONNECT, number,
			       "the connection to the relay was lost");
}

int conn_blame_child(struct conn *c, struct error *error)
{
	char text[80];

	if (c->child && !c->child_ended)
		c->child_ended = process_ends(c->child, CONN_CHILD_WAIT, &c->child_status);
	if (!c->child_ended)
		return -1;
	if (WIFSIGNALED(c->child_status))
		snprintf(text, sizeof(text), "; the command of pipe has ended by signal %d",
			 WTERMSIG(c->child_status));
	else
		snprintf(text, sizeof(text),
			 "; the command of pipe has ended with exit status %d",
			 WEXITSTATUS(c->child_status));
	return error_append(error, text);
}

/* One read, without waiting, of at most size bytes. */
static ssize_t conn_read(struct conn *c, void *data, size_t size, struct error *error)
{
	ssize_t n;

	if (c->secured)
		return c->crypto->tls_read(c->tls, data, size, error);
	do
		n = recv(c->fd, data, size, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return STEP_WANT_READ;
	return n < 0 ? conn_lost(error, errno) : n;
}

/* One write, without waiting. */
static ssize_t conn_send(struct conn *c, const void *data, size_t len, struct error *error)
{
	ssize_t n;

	if (c->secured)
		return c->crypto->tls_write(c->tls, data, len, error);
	do
		n = send(c->fd, data, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return STEP_WANT_WRITE;
	return n < 0 ? conn_lost(error, errno) : n;
}

/* Makes room for one read. The consumed bytes are dropped only here, so that consuming a flight
 * of replies one by one moves nothing. */
static int conn_make_room(struct conn *c, struct error *error)
{
	if (c->consumed > 0 && c->input.cap - c->input.len < CONN_READ_MIN) {
		buf_consume(&c->input, c->consumed);
		c->consumed = 0;
	}
	if (c->input.max - c->input.len < CONN_READ_MIN)
		return error_set(error, ERROR_RELAY, STAGE_CONNECT,
				 "the relay sent more than %d bytes that nobody asked for",
				 CONN_INPUT_MAX - CONN_READ_MIN);
	return buf_reserve(&c->input, CONN_READ_MIN) ? error_set_memory(error) : 0;
}

/* Reads once into the buffer, without waiting. Failures and the end are remembered. */
static ssize_t conn_gather(struct conn *c)
{
	ssize_t n = STEP_FAILED;
	size_t room;

	if (c->failed)
		return STEP_FAILED;
	if (c->ended)
		return STEP_END;
	if (conn_make_room(c, &c->failure) == 0) {
		room = c->input.cap - 1 - c->input.len;
		n = conn_read(c, c->input.data + c->input.len, room, &c->failure);
		c->more = n == (ssize_t)room;
	}
	if (n > 0) {
		course_note_received(c->course, (size_t)n);
		c->input.len += (size_t)n;
		c->input.data[c->input.len] = '\0';
	}
	c->ended = n == STEP_END;
	c->failed = n == STEP_FAILED;
	return n;
}

/* Whether a read may find something although the socket is silent. */
static bool conn_may_read(const struct conn *c)
{
	return c->more || c->failed || c->ended ||
	       (c->secured && c->crypto->tls_pending(c->tls) > 0);
}

int conn_fill(struct conn *c, int64_t deadline, struct error *error)
{
	ssize_t n = conn_may_read(c) ? conn_gather(c) : STEP_WANT_READ;
	int ready;

	while (n == STEP_WANT_READ || n == STEP_WANT_WRITE) {
		ready = course_poll(c->course, c->fd, n == STEP_WANT_READ ? POLLIN : POLLOUT,
				    deadline);
		if (ready == 0)
			return conn_timed_out(error, STAGE_CONNECT, "no answer in time");
		if (ready < 0)
			return conn_lost(error, errno);
		n = conn_gather(c);
	}
	if (n >= 0)
		return n > 0;
	*error = c->failure;
	return conn_blame_child(c, error);
}

int conn_peek(struct conn *c)
{
	while (conn_gather(c) > 0 && conn_may_read(c))
		continue;
	return c->input.len > c->consumed;
}

/* Waits until the socket takes more, or, when the session wants that, gives more; takes in what
 * arrives meanwhile. Returns 0, -1 on failure. */
static int conn_wait_to_write(struct conn *c, ssize_t want, int64_t deadline,
			      struct error *error)
{
	short events = want == STEP_WANT_WRITE ? POLLOUT : 0;
	int ready;

	for (;;) {
		short listen = c->ended || c->failed ? 0 : POLLIN;

		ready = course_poll(c->course, c->fd, (short)(events | listen), deadline);
		if (ready < 0)
			return conn_lost(error, errno);
		if (ready == 0 ||
		    (!(ready & (POLLOUT | POLLERR | POLLHUP)) && clock_left(deadline) == 0))
			return conn_timed_out(error, STAGE_CONNECT,
					      "the relay does not take what it is sent");
		if (ready & listen && conn_gather(c) == STEP_FAILED &&
		    c->failure.class == ERROR_RELAY) {
			*error = c->failure;
			return -1;
		}
		if (events == 0 || ready & (POLLOUT | POLLERR | POLLHUP))
			return 0;
	}
}

int conn_write(struct conn *c, const void *data, size_t len, int64_t deadline,
	       struct error *error)
{
	const char *at = data;
	ssize_t n;

	while (len > 0) {
		n = conn_send(c, at, len, error);
		if (n == STEP_FAILED) {
			/* The relay's reason (421, 554) may lie in the socket: have it before
			 * it goes. */
			conn_peek(c);
			return conn_blame_child(c, error);
		}
		if (n > 0) {
			course_note_sent(c->course, (size_t)n);
			at += n;
			len -= (size_t)n;
		} else if (conn_wait_to_write(c, n, deadline, error)) {
			return -1;
		}
	}
	return 0;
}

bool conn_has_ended(const struct conn *c)
{
	return c->ended || c->failed;
}

struct span conn_input(const struct conn *c)
{
	return (struct span){c->input.data + c->consumed, c->input.len - c->consumed};
}

void conn_consume(struct conn *c, size_t len)
{
	size_t left = c->input.len - c->consumed;

	c->consumed += len < left ? len : left;
	if (c->consumed == c->input.len) {
		buf_truncate(&c->input, 0);
		c->consumed = 0;
	}
}

static int conn_handshake(struct conn *c, int64_t deadline, struct error *error)
{
	enum tls_step step;
	int ready;

	for (;;) {
		step = c->crypto->tls_handshake(c->tls, error);
		if (step == TLS_DONE)
			return 0;
		if (step == TLS_FAILED)
			return -1;
		ready = course_poll(c->course, c->fd, step == TLS_WANT_READ ? POLLIN : POLLOUT,
				    deadline);
		if (ready == 0)
			return conn_timed_out(error, STAGE_TLS,
					      "waiting for the relay in the TLS handshake");
		if (ready < 0)
			return conn_lost(error, errno);
	}
}

/* A session, with the ticket that lies ready for one such. */
static struct tls *conn_new_tls(struct conn *c, const struct tls_policy *policy,
				struct error *error)
{
	struct tls_policy with = *policy;
	struct buf ticket;
	struct tls *tls;

	buf_init_secret(&ticket, TICKETS_MAX);
	if (policy->tickets && policy->verify &&
	    tickets_name(c->crypto, policy, c->ticket_name) == 0)
		c->tickets = strdup(policy->tickets);
	if (c->tickets &&
	    tickets_take(c->tickets, c->ticket_name, time(NULL), &ticket, &with.ticket_expires))
		with.ticket = buf_span(&ticket);
	if (with.ticket.len > 0 && policy->resumes)
		*policy->resumes = true;
	tls = c->crypto->tls_new(c->fd, &with, error);
	buf_wipe(&ticket);
	return tls;
}

/* For who keeps a record; also of a session that came to nothing. */
static void conn_note_tls(struct conn *c)
{
	struct error ignored;

	if (c->course && c->course->watch.wants_tls && !c->course->has_tls)
		c->course->has_tls =
			c->crypto->tls_describe(c->tls, &c->course->tls, &ignored) == 0;
}

int conn_start_tls(struct conn *c, const struct tls_policy *policy, int64_t deadline,
		   struct error *error)
{
	if (c->tls || c->failed || c->ended)
		return error_set(error, ERROR_RELAY, STAGE_STARTTLS,
				 "TLS cannot start on this connection any more");
	if (conn_input(c).len > 0)
		return error_set(
			error, ERROR_RELAY, STAGE_STARTTLS,
			"bytes came in clear behind the reply to STARTTLS: somebody may be "
			"tampering with the connection");
	course_enter(c->course, COURSE_TLS);
	c->crypto = crypto_load(error);
	if (!c->crypto)
		return -1;
	c->tls = conn_new_tls(c, policy, error);
	if (!c->tls)
		return -1;
	if (conn_handshake(c, deadline, error)) {
		conn_note_tls(c);
		if (error->stage != STAGE_TRUST)
			conn_blame_child(c, error);
		c->failed = true;
		c->failure = *error;
		return -1;
	}
	c->more = false;
	c->secured = true;
	conn_note_tls(c);
	return 0;
}

bool conn_is_tls(const struct conn *c)
{
	return c->secured;
}

bool conn_is_verified(const struct conn *c)
{
	return c->secured && c->crypto->tls_verified(c->tls);
}

int conn_channel_binding(const struct conn *c, const char **type, struct buf *out)
{
	return c->secured ? c->crypto->tls_binding(c->tls, type, out) : -1;
}

int conn_describe_tls(struct conn *c, struct tls_info *info, struct error *error)
{
	if (!c->tls)
		return error_set(error, ERROR_LOCAL, STAGE_TLS, "this connection has no TLS");
	return c->crypto->tls_describe(c->tls, info, error);
}

void conn_set_relayed(struct conn *c, pid_t child)
{
	c->relayed = true;
	c->child = child;
}

bool conn_is_loopback(const struct conn *c)
{
	switch (c->relayed ? AF_UNSPEC : c->peer_family) {
	case AF_INET: return ntohl(c->peer.four.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	case AF_INET6: return IN6_IS_ADDR_LOOPBACK(&c->peer.six.sin6_addr);
	default: return false;
	}
}

bool conn_is_trusted_unix(const struct conn *c)
{
	uid_t uid = (uid_t)-1;
	gid_t gid;

	if (c->relayed || c->peer_family != AF_UNIX || getpeereid(c->fd, &uid, &gid))
		return false;
	return uid == 0 || uid == geteuid();
}

static void conn_show(const union conn_address *address, int family, struct buf *out)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (family == AF_INET)
		inet_ntop(AF_INET, &address->four.sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &address->six.sin6_addr, text, sizeof(text));
	buf_add_string(out, text);
}

void conn_local_literal(const struct conn *c, struct buf *out)
{
	union conn_address local;
	int family = conn_address(conn_get_local, c->fd, &local);

	if (family != AF_INET && family != AF_INET6) {
		buf_add_string(out, c->relayed ? "[127.0.0.1]" : "localhost");
		return;
	}
	buf_add_string(out, family == AF_INET ? "[" : "[IPv6:");
	conn_show(&local, family, out);
	buf_add_char(out, ']');
}

void conn_peer(const struct conn *c, struct buf *out)
{
	if (c->child)
		buf_add_string(out, "a command");
	else if (c->peer_family == AF_INET || c->peer_family == AF_INET6)
		conn_show(&c->peer, c->peer_family, out);
	else
		buf_add_string(out, c->peer_family == AF_UNIX ? "unix" : "unknown");
}

void conn_watch(struct conn *c, struct course *course)
{
	struct buf address;

	c->course = course;
	if (!course)
		return;
	course->fd = c->fd;
	buf_init(&address, sizeof(course->address));
	conn_peer(c, &address);
	text_show(course->address, sizeof(course->address), buf_span(&address));
	buf_clear(&address);
}
