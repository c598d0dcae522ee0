/* Two descriptors: what is read and written, how long it is waited for, and who is there. */
#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

static struct error error;

static void reads(void)
{
	struct stream s;
	int fd[2];

	if (pipe(fd))
		abort();
	stream_init(&s, fd[0], fd[1]);
	CHECK_INT(stream_input(&s).len, 0);
	CHECK_INT(stream_fill(&s, clock_in(20), &error), -1);
	CHECK_INT(error.number, ETIMEDOUT);
	CHECK_INT(write(fd[1], "hello", 5), 5);
	CHECK_INT(stream_fill(&s, CLOCK_NEVER, &error), 1);
	stream_consume(&s, 2);
	CHECK_INT(write(fd[1], "!", 1), 1);
	CHECK_INT(stream_fill(&s, CLOCK_NEVER, &error), 1);
	CHECK(span_equals(stream_input(&s), "llo!"));
	stream_consume(&s, 4);
	CHECK_INT(stream_input(&s).len, 0);
	close(fd[1]);
	CHECK_INT(stream_fill(&s, CLOCK_NEVER, &error), 0);
	close(fd[0]);
	CHECK_INT(stream_fill(&s, CLOCK_NEVER, &error), -1);
	stream_clear(&s);
}

/* What nobody consumes has an end; what is consumed makes room. */
static void is_bounded(void)
{
	static char block[4096];
	struct stream s;
	size_t total = 0;
	int fd[2], got;

	if (pipe(fd))
		abort();
	stream_init(&s, fd[0], fd[1]);
	do {
		CHECK_INT(write(fd[1], block, sizeof(block)), sizeof(block));
		got = stream_fill(&s, CLOCK_NEVER, &error);
		total += sizeof(block);
	} while (got > 0 && total < 2 * STREAM_INPUT_MAX);
	CHECK_INT(got, -1);
	CHECK_INT(error.number, ENOBUFS);
	CHECK(stream_input(&s).len <= STREAM_INPUT_MAX);
	stream_consume(&s, stream_input(&s).len - 1);
	CHECK_INT(stream_fill(&s, CLOCK_NEVER, &error), 1);
	CHECK(stream_input(&s).len > 1);
	stream_clear(&s);
	close(fd[0]);
	close(fd[1]);
}

/* More than a pipe or socket holds, to one who reads slowly, and to one who does not. */
static void writes(void)
{
	for (int kind = 0; kind < 2; kind++) {
		struct stream s;
		int fd[2];
		int status = -1;
		pid_t child;

		if (kind ? socketpair(AF_UNIX, SOCK_STREAM, 0, fd) : pipe(fd))
			abort();
		child = fork();
		if (child == 0) {
			char some[1000];
			ssize_t n;
			size_t total = 0;

			close(fd[1]);
			while ((n = read(fd[0], some, sizeof(some))) > 0)
				total += (size_t)n;
			_exit(total != 3 * 250000);
		}
		stream_init(&s, fd[0], fd[1]);
		close(fd[0]);
		for (int i = 0; i < 3; i++) {
			CHECK_INT(buf_reserve(&s.output, 250000), 0);
			s.output.len = 250000;
			CHECK_INT(stream_flush(&s, clock_in(20000), &error), 0);
			CHECK_INT(s.output.len, 0);
		}
		close(fd[1]);
		stream_clear(&s);
		CHECK(waitpid(child, &status, 0) == child && status == 0);
	}
}

static void gives_up(void)
{
	struct stream s;
	int fd[2];

	if (pipe(fd))
		abort();
	stream_init(&s, fd[0], fd[1]);
	CHECK_INT(buf_reserve(&s.output, 250000), 0);
	s.output.len = 250000;
	CHECK_INT(stream_flush(&s, clock_in(50), &error), -1);
	CHECK_INT(error.number, ETIMEDOUT);
	stream_clear(&s);
	close(fd[0]);
	close(fd[1]);
}

static void knows_who_is_there(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET};
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	struct sockaddr *address = (struct sockaddr *)(void *)&here;
	socklen_t size = sizeof(here);
	int pair[2], listener, client, accepted;
	struct buf shown;

	buf_init(&shown, 300);
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (pipe(pair))
		abort();
	CHECK(stream_peer(pair[0], &shown) == STREAM_PEER_NONE);
	close(pair[0]);
	close(pair[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		abort();
	CHECK(stream_peer(pair[0], &shown) == STREAM_PEER_NONE);
	close(pair[0]);
	close(pair[1]);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	client = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || client < 0 || bind(listener, address, size) ||
	    listen(listener, 1) || getsockname(listener, address, &size) ||
	    connect(client, address, size) || (accepted = accept(listener, NULL, NULL)) < 0)
		abort();
	CHECK(stream_peer(accepted, &shown) == STREAM_PEER_HERE);
	CHECK_STR(shown.data, "127.0.0.1");
	/* One who is gone, or never was, is not here. */
	CHECK(stream_peer(listener, &shown) == STREAM_PEER_ELSEWHERE);
	close(listener);
	close(client);
	close(accepted);
	snprintf(path.sun_path, sizeof(path.sun_path), "/tmp/pennypost-stream-%ld",
		 (long)getpid());
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)(void *)&path, sizeof(path)))
		abort();
	CHECK(stream_peer(listener, &shown) == STREAM_PEER_UNIX);
	close(listener);
	unlink(path.sun_path);
	buf_clear(&shown);
}

int main(void)
{
	TEST_RUN(reads);
	TEST_RUN(is_bounded);
	TEST_RUN(writes);
	TEST_RUN(gives_up);
	TEST_RUN(knows_who_is_there);
	return test_done();
}
