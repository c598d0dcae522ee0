/* When a message is tried again: see schedule.h. */
#include "queue/schedule.h"

int64_t schedule_next(unsigned attempts, uint32_t random, int64_t now)
{
	int64_t distance = SCHEDULE_FIRST;

	for (; attempts > 1 && distance < SCHEDULE_LONGEST; attempts--)
		distance *= 2;
	if (distance > SCHEDULE_LONGEST)
		distance = SCHEDULE_LONGEST;
	return now + distance - distance / 5 + (int64_t)(random % (2 * distance / 5 + 1));
}

bool schedule_is_due(int64_t next, int64_t now)
{
	return next <= now || next - now > SCHEDULE_LONGEST + SCHEDULE_LONGEST / 5;
}

bool schedule_is_expired(int64_t arrived, int64_t lifetime, int64_t now)
{
	return arrived <= now && now - arrived >= lifetime;
}
