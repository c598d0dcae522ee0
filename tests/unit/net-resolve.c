/* From names to addresses, as far as that needs no name server. */
#include "net/resolve.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "test.h"

static struct error error;

static struct inet_list found;

static int look_up(const char *host, int family)
{
	const struct resolve_query q = {.host = host, .port = 25, .family = family};

	error = (struct error){0};
	return resolve(&q, clock_in(5000), &found, &error);
}

static void takes_literals_as_they_are(void)
{
	CHECK_INT(look_up("192.0.2.1", AF_UNSPEC), 0);
	CHECK_INT(found.count, 1);
	CHECK_INT(look_up("192.0.2.1", AF_INET), 0);
	CHECK_INT(look_up("192.0.2.1", AF_INET6), -1);
	CHECK_STR(error.text, "no such host: \"192.0.2.1\" has no IPv6 address; check the "
			      "relay's name");
	CHECK_INT(error.class, ERROR_RELAY);
	CHECK_INT(error.stage, STAGE_RESOLVE);
}

static void knows_localhost(void)
{
	CHECK_INT(look_up("localhost", AF_INET), 0);
	CHECK_INT(found.count, 1);
	CHECK_INT(found.items[0].any.sa_family, AF_INET);
	CHECK_INT(ntohs(found.items[0].four.sin_port), 25);
}

static void answers_what_a_child_says(void)
{
	CHECK_INT(look_up("no-such-host.invalid", AF_UNSPEC), -1);
	CHECK(strstr(error.text, "\"no-such-host.invalid\"") != NULL);
	CHECK_INT(error.stage, STAGE_RESOLVE);
}

static void never_answer(void *context, int fd)
{
	(void)context, (void)fd;
	pause();
}

/* What getaddrinfo() is to a dead name server. */
static void waits_for_a_child_until_the_deadline(void)
{
	struct process_question q;
	struct buf out;

	buf_init(&out, 10);
	CHECK_INT(process_ask(&q, never_answer, NULL, clock_in(50)), 0);
	CHECK_INT(process_answer(&q, &out), -1);
	CHECK_INT(errno, ETIMEDOUT);
	buf_clear(&out);
}

int main(void)
{
	TEST_RUN(takes_literals_as_they_are);
	TEST_RUN(knows_localhost);
	TEST_RUN(answers_what_a_child_says);
	TEST_RUN(waits_for_a_child_until_the_deadline);
	return test_done();
}
