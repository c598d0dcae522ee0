/* Who answers first: see race.h. */
#include "net/race.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/interface.h"

enum { RACE_FAILURES_MAX = 1024 };

/* One call of race_run() under way. polls[i] is the attempt at the i-th address: an fd of -1
 * when it has not begun or is over. */
struct race_field {
	struct race *race;
	struct pollfd polls[INET_LIST_MAX];
	size_t begun;
	size_t running;
	int64_t next; /* when the next one starts */
};

/* Whether the failure says more about this machine than about the relay. */
static bool race_is_our_own(int number)
{
	return number == ENETUNREACH || number == EAFNOSUPPORT || number == EADDRNOTAVAIL;
}

static void race_note_failure(struct race *r, const struct inet_address *to, int number)
{
	if (r->number == 0 || race_is_our_own(r->number))
		r->number = number;
	if (r->failures.len > 0)
		buf_add_string(&r->failures, "; ");
	if (r->to->count > 1) {
		inet_show(to, &r->failures);
		buf_add_string(&r->failures, ": ");
	}
	buf_add_string(&r->failures, strerror(number));
}

/* Ties a socket to where it shall leave. Returns 0 or -1 with errno. */
static int race_bind(const struct race *r, int fd, sa_family_t family)
{
	const struct inet_address *source = r->source;

	if (r->interface && interface_bind(fd, r->interface))
		return -1;
	if (source[0].len == 0 && source[1].len == 0)
		return 0;
	if (source->len == 0 || source->any.sa_family != family)
		source++;
	if (source->len > 0 && source->any.sa_family == family)
		return bind(fd, &source->any, source->len);
	errno = EAFNOSUPPORT;
	return -1;
}

/* Begins to connect. Returns a socket; errno is 0 or EINPROGRESS then. -1 with errno when that
 * failed at once. */
static int race_start(const struct race *r, const struct inet_address *to)
{
	int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int number;

	if (fd < 0)
		return -1;
	errno = 0;
	if (race_bind(r, fd, to->any.sa_family) == 0 &&
	    (connect(fd, &to->any, to->len) == 0 || errno == EINPROGRESS))
		return fd;
	number = errno;
	close(fd);
	errno = number;
	return -1;
}

static void race_tell_late(const struct race_field *f)
{
	const struct race *r = f->race;
	struct buf line;

	if (!r->note || f->begun == 0 || f->polls[f->begun - 1].fd < 0)
		return;
	buf_init(&line, 256);
	inet_show(&r->to->items[f->begun - 1], &line);
	buf_printf(&line, " has not answered within %d ms: trying ", RACE_DELAY);
	inet_show(&r->to->items[f->begun], &line);
	buf_add_string(&line, " as well");
	r->note(r->context, line.data);
	buf_clear(&line);
}

/* Starts the next attempt. Returns its index when it is connected already, else -1. */
static int race_advance(struct race_field *f)
{
	size_t i = f->begun;
	const struct inet_address *to = &f->race->to->items[i];
	int fd = race_start(f->race, to);
	int number = errno;

	f->polls[i] = (struct pollfd){.fd = fd, .events = POLLOUT};
	f->begun++;
	f->next = clock_now();
	if (fd < 0) {
		race_note_failure(f->race, to, number);
		return -1;
	}
	f->running++;
	if (number == 0)
		return (int)i;
	f->next += RACE_DELAY;
	return -1;
}

/* An attempt that is over. Returns whether it is connected. */
static bool race_judge(struct race_field *f, size_t i)
{
	socklen_t size = sizeof(errno);
	int number = 0;

	if (getsockopt(f->polls[i].fd, SOL_SOCKET, SO_ERROR, &number, &size))
		number = errno;
	if (number == 0)
		return true;
	race_note_failure(f->race, &f->race->to->items[i], number);
	close(f->polls[i].fd);
	f->polls[i].fd = -1;
	f->running--;
	f->next = clock_now();
	return false;
}

/* Waits until an attempt is over, the next one is due or the time is up. Returns the index of
 * one that is connected, else -1. */
static int race_wait(struct race_field *f)
{
	bool more = f->begun < f->race->to->count;
	int64_t until = more && f->next < f->race->deadline ? f->next : f->race->deadline;
	int ready = poll(f->polls, f->begun, clock_left(course_wake(f->race->course, until)));

	course_move(f->race->course, 0);
	for (size_t i = 0; ready > 0 && i < f->begun; i++)
		if (f->polls[i].fd >= 0 && f->polls[i].revents && race_judge(f, i))
			return (int)i;
	return -1;
}

/* The time is up for those that run, and for those that never began. */
static void race_give_up(struct race_field *f)
{
	for (size_t i = 0; i < f->race->to->count; i++)
		if (i >= f->begun || f->polls[i].fd >= 0)
			race_note_failure(f->race, &f->race->to->items[i], ETIMEDOUT);
}

int race_run(struct race *r)
{
	struct race_field f = {.race = r, .next = clock_now()};
	int winner = -1;
	int fd = -1;

	buf_init(&r->failures, RACE_FAILURES_MAX);
	r->number = 0;
	while (winner < 0 && (f.running > 0 || f.begun < r->to->count)) {
		bool late = clock_left(r->deadline) == 0;

		if (late && f.begun > 0)
			break;
		if (f.begun < r->to->count && (f.running == 0 || clock_left(f.next) == 0)) {
			race_tell_late(&f);
			winner = race_advance(&f);
		} else {
			winner = race_wait(&f);
		}
	}
	if (winner >= 0)
		fd = f.polls[winner].fd;
	else
		race_give_up(&f);
	for (size_t i = 0; i < f.begun; i++)
		if (f.polls[i].fd >= 0 && (int)i != winner)
			close(f.polls[i].fd);
	return fd;
}
