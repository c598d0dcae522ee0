/* The record of an attempt, and who looks on. */
#include "base/course.h"

#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

static int looks;
static enum course_step seen;

static void look(void *context, const struct course *c)
{
	(void)context;
	looks++;
	seen = c->step;
}

static void pause_for(int milliseconds)
{
	poll(NULL, 0, milliseconds);
}

static void nobody_asks(void)
{
	course_begin(NULL);
	course_enter(NULL, COURSE_DATA);
	course_rest(NULL);
	course_dial(NULL, "relay.test", 25);
	course_open(NULL, 5);
	course_move(NULL, 5);
	course_note_sent(NULL, 5);
	course_note_received(NULL, 5);
	course_clear(NULL);
	CHECK_INT(course_poll(NULL, -1, POLLIN, clock_in(1)), 0);
}

static void times_add_up(void)
{
	struct course c;

	course_init(&c, &(struct course_watch){0});
	course_begin(&c);
	course_enter(&c, COURSE_CONNECT);
	pause_for(20);
	course_enter(&c, COURSE_HELLO);
	pause_for(10);
	course_enter(&c, COURSE_CONNECT);
	pause_for(10);
	course_rest(&c);
	CHECK(c.spent[COURSE_CONNECT] >= 29000);
	CHECK(c.spent[COURSE_HELLO] >= 9000);
	CHECK(c.spent[COURSE_CONNECT] + c.spent[COURSE_HELLO] <= course_clock() - c.start);
	course_begin(&c);
	CHECK_INT(c.spent[COURSE_CONNECT], 0);
	course_clear(&c);
}

static void round_trips_are_waits_for_words(void)
{
	struct course c;

	course_init(&c, &(struct course_watch){0});
	course_begin(&c);
	course_dial(&c, "relay.test", 25);
	course_note_received(&c, 10);
	course_note_received(&c, 10); /* of the same greeting */
	course_note_sent(&c, 6);
	course_note_sent(&c, 6);
	course_note_received(&c, 10);
	CHECK_INT(c.round_trips, 2);
	CHECK_INT(c.sent, 12);
	CHECK_INT(c.received, 30);
	course_begin(&c);
	course_note_sent(&c, 6);
	course_note_received(&c, 10);
	CHECK_INT(c.round_trips, 1);
	CHECK_STR(c.host, "relay.test");
	course_clear(&c);
}

static void who_looks_on_is_called_while_it_waits(void)
{
	struct course c;
	int fds[2];
	int64_t start = clock_now();

	CHECK_INT(pipe(fds), 0);
	course_init(&c, &(struct course_watch){.look = look});
	course_begin(&c);
	looks = 0;
	course_enter(&c, COURSE_VERDICT);
	CHECK_INT(looks, 1);
	CHECK_INT(seen, COURSE_VERDICT);
	CHECK_INT(course_poll(&c, fds[0], POLLIN, clock_in(2 * COURSE_WAKE + 50)), 0);
	CHECK(looks >= 3);
	CHECK(clock_now() - start >= 2 * COURSE_WAKE + 50);
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK(course_poll(&c, fds[0], POLLIN, CLOCK_NEVER) & POLLIN);
	looks = 0;
	course_move(&c, 5);
	CHECK_INT(looks, 1);
	CHECK_INT(c.done, 5);
	course_open(&c, 7);
	CHECK_INT(c.done, 0);
	course_clear(&c);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	TEST_RUN(nobody_asks);
	TEST_RUN(times_add_up);
	TEST_RUN(round_trips_are_waits_for_words);
	TEST_RUN(who_looks_on_is_called_while_it_waits);
	return test_done();
}
