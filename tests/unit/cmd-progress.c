/* What the line for a person says, and that it fits. */
#include "cmd/progress.h"

#include <stdlib.h>

#include "base/text.h"
#include "test.h"

enum { SECOND = 1000000 };

static struct course course;
static struct progress_view view;
static struct buf out;

static void begin(enum course_step step, int64_t took)
{
	course = (struct course){.step = step, .host = "relay.test", .fd = -1};
	view = (struct progress_view){.course = &course, .now = took};
	buf_init(&out, 4096);
}

static void check(size_t columns, const char *want)
{
	progress_line(&out, &view, columns, false);
	CHECK_STR(out.data ? out.data : "", want);
	buf_clear(&out);
}

static void every_step_has_words(void)
{
	for (int step = COURSE_READ; step < COURSE_STEPS; step++) {
		begin((enum course_step)step, 0);
		progress_line(&out, &view, 79, false);
		CHECK((step == COURSE_SECRET) == (out.len == 0));
		buf_clear(&out);
	}
	begin(COURSE_IDLE, 0);
	check(79, "");
}

static void a_long_wait_tells_its_time(void)
{
	begin(COURSE_CONNECT, SECOND);
	check(79, "connecting to relay.test");
	begin(COURSE_CONNECT, 12 * SECOND);
	check(79, "connecting to relay.test: 12 s");
	begin(COURSE_VERDICT, 185 * (int64_t)SECOND);
	check(79, "waiting for the verdict of relay.test: 3:05");
	begin(COURSE_VERDICT, 3607 * (int64_t)SECOND);
	check(79, "waiting for the verdict of relay.test: 1:00:07");
}

static void what_moves_tells_how_fast(void)
{
	begin(COURSE_DATA, 10 * SECOND);
	course.size = 40000000;
	course.done = 10000000;
	check(79, "sending to relay.test: 25 %, 10.0 MB of 40.0 MB, 1.0 MB/s, 31 s left");
	begin(COURSE_DATA, 0);
	course.size = 5000;
	check(79, "sending to relay.test: 0 %, 0 B of 5.0 kB");
	begin(COURSE_READ, SECOND);
	course.done = 123456789;
	check(79, "reading the message: 123 MB, 123 MB/s");
	begin(COURSE_DATA, SECOND);
	course.size = 1000; /* it was less than it is */
	course.done = 2000;
	check(79, "sending to relay.test: 100 %, 1.0 kB of 1.0 kB, 1.0 kB/s");
}

static void what_the_system_holds_has_not_been_sent(void)
{
	begin(COURSE_VERDICT, SECOND);
	course.spent[COURSE_DATA] = SECOND;
	course.size = course.done = 4000000;
	view.unsent = 2000000;
	check(79, "sending to relay.test: 50 %, 2.0 MB of 4.0 MB, 1.0 MB/s, 3 s left");
}

static void which_of_how_many(void)
{
	begin(COURSE_TLS, 0);
	view.number = 4;
	view.of = 12;
	check(79, "4 of 12: starting TLS with relay.test");
	begin(COURSE_TLS, 0);
	view.number = 4;
	check(79, "message 4: starting TLS with relay.test");
}

static void it_fits_every_width(void)
{
	for (size_t columns = 0; columns < 100; columns++) {
		begin(COURSE_DATA, 3 * SECOND);
		text_show(course.host, sizeof(course.host),
			  span_of("m\xc3\xa4il.\xe4\xbe\x8b"));
		course.size = 40000000;
		course.done = 10000000;
		progress_line(&out, &view, columns, false);
		CHECK(out.len <=
		      columns + 3); /* both characters take fewer columns than bytes */
		CHECK(out.len == 0 || text_utf8_length(buf_span(&out)) > 0);
		buf_clear(&out);
	}
	begin(COURSE_DATA, 0);
	course.size = 4000;
	course.done = 1000;
	check(20, "sending: 25 %, 1.0 k");
	begin(COURSE_HELLO, 0);
	text_show(course.host, sizeof(course.host), span_of("\xe4\xbe\x8b\xe4\xbe\x8b"));
	check(33, "waiting for the greeting of \xe4\xbe\x8b\xe4\xbe\x8b");
	begin(COURSE_HELLO, 0);
	text_show(course.host, sizeof(course.host), span_of("\xe4\xbe\x8b\xe4\xbe\x8b"));
	check(31, "waiting for the greeting of \xe4\xbe\x8b");
}

static void colour_takes_no_room(void)
{
	begin(COURSE_CONNECT, 0);
	progress_line(&out, &view, 12, true);
	CHECK_STR(out.data, "\033[36mconnecting t\033[0m");
	buf_clear(&out);
}

static void nobody_looks(void)
{
	progress_begin(NULL);
	progress_count(NULL, 1, 2);
	progress_show(NULL, "x");
	progress_hide(NULL);
	progress_free(NULL);
	setenv("TERM", "dumb", 1);
	CHECK(progress_new() == NULL);
}

int main(void)
{
	TEST_RUN(every_step_has_words);
	TEST_RUN(a_long_wait_tells_its_time);
	TEST_RUN(what_moves_tells_how_fast);
	TEST_RUN(what_the_system_holds_has_not_been_sent);
	TEST_RUN(which_of_how_many);
	TEST_RUN(it_fits_every_width);
	TEST_RUN(colour_takes_no_room);
	TEST_RUN(nobody_looks);
	return test_done();
}
