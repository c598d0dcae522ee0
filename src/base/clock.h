/*
 * Monotonic time and deadlines. Every wait of the program ends at a deadline that covers the
 * whole thing waited for (a reply, a handshake, a data phase), never at a timeout per read.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER INT64_MAX

/* Milliseconds of the monotonic clock. */
int64_t clock_now(void);
/* The time that lies milliseconds from now. */
int64_t clock_in(int64_t milliseconds);
/* The milliseconds left until a deadline as poll(2) takes them: 0 when it has passed, -1 for
 * CLOCK_NEVER. */
int clock_left(int64_t deadline);
/* Waits for any of the poll(2) events on fd until the deadline, over EINTR. Returns the
 * revents, 0 when the deadline passed, -1 with errno on failure. */
int clock_poll(int fd, short events, int64_t deadline);

#endif
