/* The schedule: distances grow, vary, end; clocks that jump make nothing wait for ever. */
#include "queue/schedule.h"

#include "test.h"

static const int64_t now = 1800000000;

static void distances_grow_to_a_limit(void)
{
	int64_t middle = SCHEDULE_FIRST;

	for (unsigned attempts = 1; attempts < 40; attempts++) {
		int64_t least = schedule_next(attempts, 0, now) - now;
		int64_t most = least;

		for (uint32_t random = 0; random < 20000; random++) {
			int64_t d = schedule_next(attempts, random, now) - now;

			least = d < least ? d : least;
			most = d > most ? d : most;
		}
		CHECK_INT(least, middle - middle / 5);
		CHECK_INT(most, least + 2 * middle / 5);
		middle = middle * 2 > SCHEDULE_LONGEST ? SCHEDULE_LONGEST : middle * 2;
	}
	CHECK_INT(schedule_next(0, 0, now), schedule_next(1, 0, now));
	CHECK(schedule_next(UINT32_MAX, UINT32_MAX, now) - now <= SCHEDULE_LONGEST * 6 / 5);
}

static void due(void)
{
	int64_t next = schedule_next(9, 77777, now);

	CHECK(!schedule_is_due(next, now));
	CHECK(schedule_is_due(next, next));
	CHECK(schedule_is_due(0, now));
	/* The clock was set back by a day, by years. */
	CHECK(schedule_is_due(next, now - 86400));
	CHECK(schedule_is_due(next, 0));
	CHECK(schedule_is_due(INT64_MAX, now));
}

static void expired(void)
{
	CHECK(!schedule_is_expired(now, SCHEDULE_LIFETIME, now));
	CHECK(!schedule_is_expired(now, SCHEDULE_LIFETIME, now + SCHEDULE_LIFETIME - 1));
	CHECK(schedule_is_expired(now, SCHEDULE_LIFETIME, now + SCHEDULE_LIFETIME));
	CHECK(!schedule_is_expired(now + 1, 0, now));
	CHECK(!schedule_is_expired(INT64_MAX, SCHEDULE_LIFETIME, now));
}

int main(void)
{
	TEST_RUN(distances_grow_to_a_limit);
	TEST_RUN(due);
	TEST_RUN(expired);
	return test_done();
}
