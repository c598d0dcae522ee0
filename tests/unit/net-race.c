/*
 * Races between addresses of loopback: one that refuses, one that is a black hole (its backlog
 * is full, so Linux leaves further connections unanswered), one that accepts.
 */
#include "net/race.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

enum { HELD_MAX = 16 };

static struct inet_list list;
static struct buf notes;
static int held[HELD_MAX];
static size_t held_count;

static void note(void *context, const char *text)
{
	(void)context;
	buf_printf(&notes, "%s\n", text);
}

static void set_up(void)
{
	list = (struct inet_list){0};
	buf_init(&notes, 1000);
	held_count = 0;
}

static void tear_down(void)
{
	for (size_t i = 0; i < held_count; i++)
		close(held[i]);
	buf_clear(&notes);
}

/* Adds the address, with a port of its own. Returns a socket that is bound to it. */
static int add(const char *text)
{
	struct inet_address *a = &list.items[list.count++];
	int fd;

	if (!inet_parse(a, text, 0))
		abort();
	fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, &a->any, a->len) || getsockname(fd, &a->any, &a->len))
		abort();
	held[held_count++] = fd;
	return fd;
}

static void add_good(const char *text)
{
	CHECK_INT(listen(add(text), 5), 0);
}

static void add_black_hole(const char *text)
{
	const struct inet_address *a = &list.items[list.count];

	CHECK_INT(listen(add(text), 0), 0);
	for (int i = 0; i < 3; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		CHECK(connect(fd, &a->any, a->len) == 0 || errno == EINPROGRESS);
		held[held_count++] = fd;
	}
}

static struct race race_of(int64_t milliseconds)
{
	return (struct race){.to = &list, .deadline = clock_in(milliseconds), .note = note};
}

/* Whom a race is won by, "" for nobody. */
static void wins(struct race *r, const char *want)
{
	struct inet_address peer = {.len = sizeof(peer.six)};
	struct buf out;
	int fd = race_run(r);

	buf_init(&out, 100);
	if (fd >= 0 && getpeername(fd, &peer.any, &peer.len) == 0)
		inet_show(&peer, &out);
	CHECK_STR(out.data, want);
	if (fd >= 0)
		close(fd);
	buf_clear(&out);
}

static void goes_on_at_once_after_a_refusal(void)
{
	struct race r;

	set_up();
	add("127.0.0.2");
	add("127.0.0.3");
	add_good("127.0.0.4");
	r = race_of(5000);
	wins(&r, "127.0.0.4");
	CHECK_STR(notes.data, "");
	CHECK_STR(r.failures.data,
		  "127.0.0.2: Connection refused; 127.0.0.3: Connection refused");
	buf_clear(&r.failures);
	tear_down();
}

static void tries_the_next_beside_a_late_one(void)
{
	int64_t start = clock_now();
	struct race r;

	set_up();
	add_black_hole("127.0.0.2");
	add_good("127.0.0.3");
	r = race_of(20000);
	wins(&r, "127.0.0.3");
	CHECK(clock_now() - start >= RACE_DELAY);
	CHECK_STR(notes.data, "127.0.0.2 has not answered within 250 ms: trying 127.0.0.3 as "
			      "well\n");
	CHECK_STR(r.failures.data, "");
	buf_clear(&r.failures);
	tear_down();
}

/* The first goes on trying while the second is tried, and may still win. */
static void lets_a_late_one_win(void)
{
	struct race r;
	int server;

	set_up();
	add_black_hole("127.0.0.2");
	server = held[0];
	add_black_hole("127.0.0.3");
	/* Room in its backlog; the kernel asks again after a second. */
	held[held_count++] = accept(server, NULL, NULL);
	r = race_of(10000);
	wins(&r, "127.0.0.2");
	buf_clear(&r.failures);
	tear_down();
}

static void stops_at_the_deadline(void)
{
	struct race r;

	set_up();
	add_black_hole("127.0.0.2");
	add_black_hole("127.0.0.3");
	add_good("127.0.0.4");
	r = race_of(300);
	wins(&r, "");
	CHECK_STR(r.failures.data, "127.0.0.2: Connection timed out; 127.0.0.3: Connection "
				   "timed out; 127.0.0.4: Connection timed out");
	CHECK_INT(r.number, ETIMEDOUT);
	buf_clear(&r.failures);
	tear_down();
}

static void leaves_by_the_source_of_the_family(void)
{
	struct race r;

	set_up();
	add_good("127.0.0.2");
	r = race_of(5000);
	CHECK(inet_parse(&r.source[0], "::1", 0));
	wins(&r, "");
	CHECK_INT(r.number, EAFNOSUPPORT);
	buf_clear(&r.failures);
	CHECK(inet_parse(&r.source[1], "127.0.0.9", 0));
	wins(&r, "127.0.0.2");
	buf_clear(&r.failures);
	tear_down();
}

static void leaves_by_the_interface(void)
{
	struct race r;

	set_up();
	add_good("127.0.0.2");
	r = race_of(5000);
	r.interface = "lo";
	wins(&r, "127.0.0.2");
	buf_clear(&r.failures);
	r.interface = "no-such-one";
	wins(&r, "");
	CHECK_INT(r.number, ENODEV);
	CHECK_STR(r.failures.data, "No such device");
	buf_clear(&r.failures);
	tear_down();
}

int main(void)
{
	TEST_RUN(goes_on_at_once_after_a_refusal);
	TEST_RUN(tries_the_next_beside_a_late_one);
	TEST_RUN(lets_a_late_one_win);
	TEST_RUN(stops_at_the_deadline);
	TEST_RUN(leaves_by_the_source_of_the_family);
	TEST_RUN(leaves_by_the_interface);
	return test_done();
}
