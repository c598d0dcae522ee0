/*
 * A clock that is wrong: preloaded, CLOCK_LIE=SECONDS is added to the time of day. The
 * monotonic clock and the file system's times are as they are.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t lie(void)
{
	const char *seconds = getenv("CLOCK_LIE");

	return seconds == NULL ? 0 : (time_t)strtonum(seconds, -1000000000, 1000000000, NULL);
}

int clock_gettime(clockid_t which, struct timespec *ts)
{
	int result = (int)syscall(SYS_clock_gettime, which, ts);

	if (result == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
		ts->tv_sec += lie();
	return result;
}

time_t time(time_t *out)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out != NULL)
		*out = ts.tv_sec;
	return ts.tv_sec;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

int timespec_get(struct timespec *ts, int base)
{
	return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, ts) == 0 ? base : 0;
}
