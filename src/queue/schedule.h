/*
 * When a message is tried again: at growing distances with jitter, so that many do not come
 * back at once. Times are seconds since the epoch; clocks may jump, and never make a message
 * wait for longer than it would have.
 */
#ifndef QUEUE_SCHEDULE_H
#define QUEUE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SCHEDULE_FIRST = 2 * 60,     /* seconds to the second attempt, about */
	SCHEDULE_LONGEST = 4 * 3600, /* the longest distance, without jitter */
	SCHEDULE_DOUBT = 10 * 60, /* after an end of data without answer (RFC 5321 4.5.3.2.6) */
	SCHEDULE_LIFETIME = 5 * 86400 /* the default; RFC 5321 section 4.5.4.1 says 4-5 days */
};

/* The time of the next attempt after `attempts` in vain (1 and up): SCHEDULE_FIRST, doubled
 * each time up to SCHEDULE_LONGEST, give or take a fifth by random (any 32 bits). */
int64_t schedule_next(unsigned attempts, uint32_t random, int64_t now);
/* Whether a time that schedule_next() gave is reached; one that lies farther ahead than it can
 * have been put (the clock was set back) is. release: of a person's wish, believed as it is. */
bool schedule_is_due(int64_t next, int64_t now);
/* Whether a message that arrived then has lived for its time. One from the future has not. */
bool schedule_is_expired(int64_t arrived, int64_t lifetime, int64_t now);

#endif
