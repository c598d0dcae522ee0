/*
 * The other end of a session: a child process that plays a script, one string a step.
 *
 *	"S: TEXT"      says TEXT and CRLF
 *	"S+ TEXT"      says TEXT as it is
 *	"C: TEXT"      reads a line that must be TEXT (a last "*" stands for anything)
 *	"!body TEXT"   reads up to and with the end of data; the body must be TEXT, or "*"
 *	"!wait MS"     waits
 *	"!wait-line"   waits until something has come, and takes nothing of it
 *	"!hang-up"     says no more, and still listens
 *	"!close"       closes at once, with whatever was not read
 *
 * What is said in a row leaves in one piece. Behind its last step the script wants the other
 * side to close without another byte. peer_end() checks that all went as written.
 */
#ifndef TESTS_UNIT_PEER_H
#define TESTS_UNIT_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/conn.h"
#include "test.h"

enum { PEER_SECONDS = 30, PEER_MAX = 4 << 20 };

static pid_t peer_child;

/* What the child knows. */
struct peer {
	int fd;
	struct buf in;
	struct buf out;
	const char *step;
};

static inline void peer_fail(const struct peer *p, const char *what)
{
	dprintf(1, "# peer: at \"%s\": %s; unread: \"%.200s\"\n", p->step, what, p->in.data);
	_exit(1);
}

static inline void peer_flush(struct peer *p)
{
	size_t done = 0;

	while (done < p->out.len) {
		ssize_t n = write(p->fd, p->out.data + done, p->out.len - done);

		if (n <= 0)
			peer_fail(p, "cannot write");
		done += (size_t)n;
	}
	buf_reset(&p->out);
}

/* Returns false at the end of the stream. */
static inline bool peer_fill(struct peer *p)
{
	ssize_t n;

	if (buf_reserve(&p->in, 65536))
		peer_fail(p, "too much input");
	n = read(p->fd, p->in.data + p->in.len, 65536);
	if (n <= 0)
		return false;
	p->in.len += (size_t)n;
	p->in.data[p->in.len] = '\0';
	return true;
}

/* The length of the input up to and with what ends it, which is read as far as needed. */
static inline size_t peer_until(struct peer *p, const char *end)
{
	const char *found;

	while (!(found = memmem(p->in.data, p->in.len, end, strlen(end))))
		if (!peer_fill(p))
			peer_fail(p, "the client closed the connection");
	return (size_t)(found - p->in.data) + strlen(end);
}

/* Takes len bytes, of which all but the last tail must be want. */
static inline void peer_take(struct peer *p, size_t len, size_t tail, const char *want)
{
	size_t whole = strlen(want);
	bool open = whole > 0 && want[whole - 1] == '*';

	if (open ? strncmp(p->in.data, want, whole - 1) != 0
		 : len - tail != whole || memcmp(p->in.data, want, whole) != 0)
		peer_fail(p, "something else came");
	buf_consume(&p->in, len);
}

static inline void peer_body(struct peer *p, const char *want)
{
	if (p->in.len < 3)
		while (p->in.len < 3 && peer_fill(p))
			continue;
	if (strncmp(p->in.data, ".\r\n", 3) == 0)
		peer_take(p, 3, 3, want);
	else
		peer_take(p, peer_until(p, "\r\n.\r\n"), 3, want);
}

static inline void peer_act(struct peer *p, const char *word)
{
	struct pollfd wait = {.fd = p->fd, .events = POLLIN};

	peer_flush(p);
	if (strncmp(word, "wait ", 5) == 0)
		usleep((useconds_t)strtonum(word + 5, 0, 10000, NULL) * 1000);
	else if (strcmp(word, "wait-line") == 0)
		poll(&wait, 1, -1);
	else if (strncmp(word, "body ", 5) == 0)
		peer_body(p, word + 5);
	else if (strcmp(word, "hang-up") == 0)
		shutdown(p->fd, SHUT_WR);
	else if (strcmp(word, "close") == 0)
		_exit(0);
	else
		peer_fail(p, "no such step");
}

static inline void peer_play(struct peer *p, const char *const *steps, bool to_the_end)
{
	for (; *steps; steps++) {
		const char *step = *steps;

		p->step = step;
		if (step[0] == 'S') {
			buf_add_string(&p->out, step + 3);
			buf_add_string(&p->out, step[1] == ':' ? "\r\n" : "");
			continue;
		}
		peer_flush(p);
		if (step[0] == 'C')
			peer_take(p, peer_until(p, "\r\n"), 2, step + 3);
		else
			peer_act(p, step + 1);
	}
	peer_flush(p);
	p->step = "end of the script";
	while (to_the_end && p->in.len == 0 && peer_fill(p))
		continue;
	if (to_the_end && p->in.len > 0)
		peer_fail(p, "more came");
}

/* Forks the child behind a new pair of sockets: the play is a function, for what a list of
 * steps cannot say. */
static inline struct conn *peer_start_with(const int fds[2],
					   void (*play)(struct peer *, const void *),
					   const void *context)
{
	struct peer p = {.fd = fds[1]};

	fflush(stdout);
	peer_child = fork();
	if (peer_child < 0)
		abort();
	if (peer_child == 0) {
		close(fds[0]);
		alarm(PEER_SECONDS);
		buf_init(&p.in, PEER_MAX);
		buf_init(&p.out, PEER_MAX);
		play(&p, context);
		buf_clear(&p.in);
		buf_clear(&p.out);
		_exit(0);
	}
	close(fds[1]);
	return conn_new(fds[0]);
}

static inline void peer_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		abort();
}

static inline void peer_play_steps(struct peer *p, const void *steps)
{
	peer_play(p, steps, true);
}

/* Our end of a connection to a child that plays steps (NULL ends them). */
static inline struct conn *peer_start(const char *const *steps)
{
	int fds[2];

	peer_pair(fds);
	return peer_start_with(fds, peer_play_steps, steps);
}

/* The same over TCP on the loopback. */
static inline struct conn *peer_start_tcp(const char *const *steps)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fds[2] = {socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), -1};

	if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &size) ||
	    connect(fds[0], (struct sockaddr *)&address, size))
		abort();
	fds[1] = accept(listener, NULL, NULL);
	close(listener);
	return peer_start_with(fds, peer_play_steps, steps);
}

/* To be called when the connection has been closed. */
static inline void peer_end(void)
{
	int status = -1;

	waitpid(peer_child, &status, 0);
	CHECK_INT(status, 0);
}

#define STEPS(...)                                                                             \
	(const char *const[])                                                                  \
	{                                                                                      \
		__VA_ARGS__, NULL                                                              \
	}

#endif
