/* The journal's native protocol. */
#include "base/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

static void a_value_is_plain_or_counted(void)
{
	static const char want[] = "A=one\nB\n\x08\0\0\0\0\0\0\0two\0\nx=\n\nC=\n";
	struct buf out;

	buf_init(&out, 4096);
	journal_field(&out, "A", span_of("one"));
	journal_field(&out, "B", (struct span){"two\0\nx=\n", 8});
	journal_field(&out, "C", (struct span){0});
	CHECK_INT(out.len, sizeof(want) - 1);
	CHECK(memcmp(out.data, want, sizeof(want) - 1) == 0);
	buf_clear(&out);
}

static void one_that_takes_nothing_is_not_waited_for_long(void)
{
	struct buf entry;
	int64_t start;
	int fds[2];
	int sent = 0;

	CHECK_INT(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	buf_init(&entry, 4096);
	journal_field(&entry, "MESSAGE", span_of("x"));
	while (sent < 10000 && journal_send(fds[0], &entry, 0) == 0)
		sent++;
	CHECK(sent > 0 && sent < 10000);
	CHECK_INT(errno, EAGAIN);
	start = clock_now();
	CHECK_INT(journal_send(fds[0], &entry, 300), -1);
	CHECK_INT(errno, EAGAIN);
	CHECK(clock_now() - start >= 300);
	close(fds[1]);
	CHECK_INT(journal_send(fds[0], &entry, 300), -1);
	CHECK(errno != EAGAIN);
	close(fds[0]);
	buf_clear(&entry);
}

int main(void)
{
	TEST_RUN(a_value_is_plain_or_counted);
	TEST_RUN(one_that_takes_nothing_is_not_waited_for_long);
	return test_done();
}
