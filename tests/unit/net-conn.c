/* Connections in clear: input, output, deadlines, endings. */
#include "net/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

static struct conn *c;
static int peer;
static struct error error;

static void set_up(void)
{
	int fds[2];

	error = (struct error){0};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		abort();
	c = conn_new(fds[0]);
	peer = fds[1];
}

static void tear_down(void)
{
	conn_free(c);
	close(peer);
}

static void say(const char *text)
{
	CHECK_INT(write(peer, text, strlen(text)), strlen(text));
}

static void gathers_and_consumes(void)
{
	set_up();
	CHECK_INT(conn_peek(c), 0);
	say("220 hi\r\n");
	CHECK_INT(conn_fill(c, clock_in(1000), &error), 1);
	CHECK(span_equals(conn_input(c), "220 hi\r\n"));
	conn_consume(c, 4);
	say("250");
	CHECK_INT(conn_peek(c), 1);
	CHECK(span_equals(conn_input(c), "hi\r\n250"));
	conn_consume(c, 100);
	CHECK_INT(conn_peek(c), 0);
	CHECK(!conn_is_tls(c) && !conn_is_verified(c) && !conn_is_loopback(c));
	CHECK(conn_is_trusted_unix(c));
	tear_down();
}

static void tells_the_end_again_and_again(void)
{
	set_up();
	say("421");
	shutdown(peer, SHUT_WR);
	CHECK_INT(conn_fill(c, clock_in(1000), &error), 1);
	CHECK_INT(conn_fill(c, clock_in(1000), &error), 0);
	CHECK_INT(conn_fill(c, clock_in(1000), &error), 0);
	CHECK(span_equals(conn_input(c), "421"));
	CHECK_INT(conn_write(c, "QUIT\r\n", 6, clock_in(1000), &error), 0);
	tear_down();
}

static void stops_at_the_deadline(void)
{
	int64_t start = clock_now();

	set_up();
	CHECK_INT(conn_fill(c, clock_in(50), &error), -1);
	CHECK(clock_now() - start >= 50 && clock_now() - start < 1000);
	CHECK_INT(error.class, ERROR_TEMPORARY);
	CHECK_INT(error.stage, STAGE_CONNECT);
	CHECK_INT(error.number, ETIMEDOUT);
	CHECK_STR(error.text, "no answer in time: Connection timed out");
	say("late");
	CHECK_INT(conn_fill(c, clock_in(-1), &error), 1);
	tear_down();
}

/* Nobody reads: a write larger than the socket's buffers must end at its deadline, although the
 * peer keeps talking. */
static void a_write_stops_at_the_deadline(void)
{
	static char data[1 << 22];

	set_up();
	say("noise");
	CHECK_INT(conn_write(c, data, sizeof(data), clock_in(50), &error), -1);
	CHECK_INT(error.number, ETIMEDOUT);
	CHECK(span_equals(conn_input(c), "noise"));
	tear_down();
}

static void keeps_what_came_before_a_broken_pipe(void)
{
	set_up();
	say("421 go away\r\n");
	close(peer);
	CHECK_INT(conn_write(c, "EHLO\r\n", 6, clock_in(1000), &error), -1);
	CHECK_INT(error.class, ERROR_TEMPORARY);
	CHECK_INT(error.number, EPIPE);
	CHECK(span_equals(conn_input(c), "421 go away\r\n"));
	CHECK(conn_fill(c, clock_in(1000), &error) <= 0);
	conn_free(c);
}

/* Both sides have 700 KB to say and the peer says all of his before he listens: without reading
 * meanwhile they would wait for each other for ever. */
static void does_not_deadlock(void)
{
	static char data[700000];
	pid_t child;
	int status;

	set_up();
	child = fork();
	if (child == 0) {
		size_t left = sizeof(data);
		ssize_t n = 1;

		if (write(peer, data, sizeof(data)) != (ssize_t)sizeof(data))
			_exit(1);
		while (left > 0 && n > 0) {
			n = read(peer, data, left);
			left -= n > 0 ? (size_t)n : 0;
		}
		_exit(left > 0);
	}
	CHECK_INT(conn_write(c, data, sizeof(data), clock_in(10000), &error), 0);
	while (conn_input(c).len < sizeof(data))
		if (conn_fill(c, clock_in(10000), &error) != 1)
			break;
	CHECK_INT(conn_input(c).len, sizeof(data));
	waitpid(child, &status, 0);
	CHECK_INT(status, 0);
	tear_down();
}

static void has_a_ceiling(void)
{
	static char data[65536];
	int result = 1;

	set_up();
	for (int i = 0; i < 40 && result == 1; i++) {
		ssize_t sent = send(peer, data, sizeof(data), MSG_DONTWAIT);

		result = sent > 0 ? conn_fill(c, clock_in(1000), &error) : 1;
	}
	CHECK_INT(result, -1);
	CHECK_INT(error.class, ERROR_RELAY);
	CHECK(conn_input(c).len <= 1 << 20);
	CHECK_INT(conn_fill(c, clock_in(1000), &error), -1);
	tear_down();
}

static void names_both_ends(void)
{
	struct buf out;

	set_up();
	buf_init(&out, 100);
	conn_local_literal(c, &out);
	buf_add_char(&out, ' ');
	conn_peer(c, &out);
	CHECK_STR(out.data, "localhost unix");
	buf_clear(&out);
	tear_down();
}

static void refuses_tls_behind_injected_bytes(void)
{
	struct tls_policy policy = {.host = "localhost", .verify = true};

	set_up();
	say("250 injected\r\n");
	CHECK_INT(conn_fill(c, clock_in(1000), &error), 1);
	CHECK_INT(conn_start_tls(c, &policy, clock_in(1000), &error), -1);
	CHECK_INT(error.class, ERROR_RELAY);
	CHECK_INT(error.stage, STAGE_STARTTLS);
	tear_down();
}

int main(void)
{
	TEST_RUN(gathers_and_consumes);
	TEST_RUN(tells_the_end_again_and_again);
	TEST_RUN(stops_at_the_deadline);
	TEST_RUN(a_write_stops_at_the_deadline);
	TEST_RUN(keeps_what_came_before_a_broken_pipe);
	TEST_RUN(does_not_deadlock);
	TEST_RUN(has_a_ceiling);
	TEST_RUN(names_both_ends);
	TEST_RUN(refuses_tls_behind_injected_bytes);
	return test_done();
}
