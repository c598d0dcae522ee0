/* Two descriptors with deadlines: see stream.h. */
#include "net/stream.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	STREAM_READ_MIN = 4096,
	STREAM_WRITE_MAX = 4096 /* what a pipe takes at once when poll(2) says that it takes
				   any: PIPE_BUF */
};

union stream_address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_un path;
	struct sockaddr_storage storage;
};

void stream_init(struct stream *s, int in, int out)
{
	int type, on = 1;
	socklen_t size = sizeof(type);

	*s = (struct stream){.in = in, .out = out};
	s->out_is_socket = getsockopt(out, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
	if (s->out_is_socket)
		setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	buf_init(&s->input, STREAM_INPUT_MAX);
	buf_init(&s->output, STREAM_OUTPUT_MAX);
}

void stream_clear(struct stream *s)
{
	buf_clear(&s->input);
	buf_clear(&s->output);
}

struct span stream_input(const struct stream *s)
{
	return (struct span){s->input.data + s->used, s->input.len - s->used};
}

void stream_consume(struct stream *s, size_t len)
{
	s->used += len;
	if (s->used == s->input.len) {
		buf_reset(&s->input);
		s->used = 0;
	}
}

static int stream_fail(int number, const char *doing, struct error *error)
{
	return error_set_errno(error, ERROR_LOCAL, STAGE_INPUT, number, "%s", doing);
}

/* Room for a good read: by moving what is left to the front, where that is little. */
static int stream_make_room(struct stream *s)
{
	if (s->used > 0 && s->input.max - s->input.len < STREAM_READ_MIN) {
		buf_consume(&s->input, s->used);
		s->used = 0;
	}
	return s->input.max - s->input.len < STREAM_READ_MIN ||
			       buf_reserve(&s->input,
					   s->input.len == 0 ? s->input.max : STREAM_READ_MIN)
		       ? -1
		       : 0;
}

void stream_wipe(struct stream *s)
{
	if (s->input.cap == 0)
		return;
	explicit_bzero(s->input.data, s->used);
	explicit_bzero(s->input.data + s->input.len, s->input.cap - s->input.len);
}

int stream_fill(struct stream *s, int64_t deadline, struct error *error)
{
	ssize_t got;

	if (stream_make_room(s))
		return stream_fail(ENOBUFS, "cannot hold what the client says", error);
	do {
		int ready = clock_poll(s->in, POLLIN, deadline);

		if (ready <= 0)
			return stream_fail(ready < 0 ? errno : ETIMEDOUT,
					   "cannot hear the client", error);
		got = read(s->in, s->input.data + s->input.len,
			   s->input.cap - 1 - s->input.len);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK));
	if (got < 0)
		return stream_fail(errno, "cannot hear the client", error);
	s->input.len += (size_t)got;
	return got > 0;
}

static ssize_t stream_write(const struct stream *s, const char *data, size_t len)
{
	if (s->out_is_socket)
		return send(s->out, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	return write(s->out, data, len < STREAM_WRITE_MAX ? len : STREAM_WRITE_MAX);
}

int stream_flush(struct stream *s, int64_t deadline, struct error *error)
{
	bool wait = !s->out_is_socket; /* a socket has room as a rule, and says if not */
	size_t done = 0;
	int ready = 0;

	while (done < s->output.len) {
		ssize_t n = -1;

		if (!wait || (ready = clock_poll(s->out, POLLOUT, deadline)) > 0)
			n = stream_write(s, s->output.data + done, s->output.len - done);
		else if (ready == 0)
			errno = ETIMEDOUT;
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
			return stream_fail(errno, "cannot answer the client", error);
		wait = true;
	}
	buf_reset(&s->output);
	return 0;
}

/* Whether the peer has our own address: every loopback address is such. */
static bool stream_is_here(const union stream_address *here, const union stream_address *peer)
{
	if (here->any.sa_family != peer->any.sa_family)
		return false;
	if (here->any.sa_family == AF_INET)
		return here->four.sin_addr.s_addr == peer->four.sin_addr.s_addr ||
		       ntohl(peer->four.sin_addr.s_addr) >> 24 == 127;
	return here->any.sa_family == AF_INET6 &&
	       memcmp(&here->six.sin6_addr, &peer->six.sin6_addr, sizeof(struct in6_addr)) == 0;
}

enum stream_peer stream_peer(int fd, struct buf *address)
{
	union stream_address here, peer;
	socklen_t size = sizeof(here);
	char text[NI_MAXHOST];

	memset(&here, 0, sizeof(here));
	if (getsockname(fd, &here.any, &size))
		return STREAM_PEER_NONE;
	if (here.any.sa_family == AF_UNIX)
		return size > sizeof(sa_family_t) ? STREAM_PEER_UNIX : STREAM_PEER_NONE;
	size = sizeof(peer);
	memset(&peer, 0, sizeof(peer));
	if (getpeername(fd, &peer.any, &size))
		return STREAM_PEER_ELSEWHERE;
	if (getnameinfo(&peer.any, size, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0)
		buf_add_string(address, text);
	return stream_is_here(&here, &peer) ? STREAM_PEER_HERE : STREAM_PEER_ELSEWHERE;
}
