/* Monotonic time: see clock.h. */
#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_in(int64_t milliseconds)
{
	int64_t now = clock_now();

	return milliseconds > CLOCK_NEVER - now ? CLOCK_NEVER : now + milliseconds;
}

int clock_left(int64_t deadline)
{
	int64_t left;

	if (deadline == CLOCK_NEVER)
		return -1;
	left = deadline - clock_now();
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

int clock_poll(int fd, short events, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;

	for (;;) {
		n = poll(&p, 1, clock_left(deadline));
		if (n > 0)
			return p.revents;
		if (n < 0 && errno != EINTR)
			return -1;
		if (clock_left(deadline) == 0)
			return 0;
	}
}
