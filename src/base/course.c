/* The record of an attempt: see course.h. */
#include "base/course.h"

#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

int64_t course_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void course_look(const struct course *c)
{
	if (c->watch.look)
		c->watch.look(c->watch.context, c);
}

void course_init(struct course *c, const struct course_watch *watch)
{
	*c = (struct course){.watch = *watch, .fd = -1};
}

static void course_forget_session(struct course *c)
{
	tls_info_clear(&c->tls);
	c->has_tls = false;
	c->host[0] = c->address[0] = '\0';
	c->port = 0;
	c->fd = -1;
}

void course_clear(struct course *c)
{
	if (c)
		course_forget_session(c);
}

void course_begin(struct course *c)
{
	if (!c)
		return;
	memset(c->spent, 0, sizeof(c->spent));
	c->size = c->done = c->sent = c->received = 0;
	c->round_trips = 0;
	c->spoken = false;
	c->exposed = c->taken = 0;
	c->step = COURSE_IDLE;
	c->start = c->since = course_clock();
}

void course_enter(struct course *c, enum course_step step)
{
	int64_t now;

	if (!c || c->step == step)
		return;
	now = course_clock();
	c->spent[c->step] += now - c->since;
	c->since = now;
	c->step = step;
	course_look(c);
}

void course_rest(struct course *c)
{
	course_enter(c, COURSE_IDLE);
}

void course_dial(struct course *c, const char *host, int port)
{
	if (!c)
		return;
	course_forget_session(c);
	text_show(c->host, sizeof(c->host), span_of(host));
	c->port = port;
	c->spoken = true; /* by connecting: a greeting is due */
}

void course_open(struct course *c, uint64_t size)
{
	if (!c)
		return;
	c->size = size;
	c->done = 0;
}

void course_move(struct course *c, size_t len)
{
	if (!c)
		return;
	c->done += len;
	course_look(c);
}

void course_note_sent(struct course *c, size_t len)
{
	if (!c)
		return;
	c->sent += len;
	c->spoken = true;
}

void course_note_received(struct course *c, size_t len)
{
	if (!c)
		return;
	c->received += len;
	c->round_trips += c->spoken;
	c->spoken = false;
}

int64_t course_wake(const struct course *c, int64_t deadline)
{
	int64_t wake;

	if (!c || !c->watch.look)
		return deadline;
	wake = clock_in(COURSE_WAKE);
	return wake < deadline ? wake : deadline;
}

void course_await(struct course *c, int fd, int64_t deadline)
{
	if (c && c->watch.look)
		course_poll(c, fd, POLLIN, deadline);
}

uint64_t course_unsent(const struct course *c)
{
	int bytes = 0;

	/* Of a socket, too, where the system knows that. */
	if (c->fd < 0 || ioctl(c->fd, TIOCOUTQ, &bytes) || bytes < 0)
		return 0;
	return (uint64_t)bytes;
}

int course_poll(struct course *c, int fd, short events, int64_t deadline)
{
	int ready = 0;

	if (!c || !c->watch.look)
		return clock_poll(fd, events, deadline);
	while (ready == 0) {
		int64_t wake = course_wake(c, deadline);

		ready = clock_poll(fd, events, wake);
		if (ready == 0 && wake == deadline)
			return 0;
		course_look(c);
	}
	return ready;
}
