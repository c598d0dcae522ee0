/* Lengths of time: see duration.h. */
#include "base/duration.h"

#include <string.h>

#include "base/chars.h"

/* The seconds of a unit, 0 for what is none. */
static int duration_unit(char unit)
{
	switch (unit) {
	case 'w': return 7 * 86400;
	case 'd': return 86400;
	case 'h': return 3600;
	case 'm': return 60;
	case 's': return 1;
	default: return 0;
	}
}

/*
 *   duration = 1*(1*DIGIT unit)     each unit shorter than the one before it
 *   unit     = "w" / "d" / "h" / "m" / "s"
 */
int duration_parse(struct span text, int *seconds)
{
	int64_t total = 0;
	int64_t number = 0;
	int last = 8 * 86400;
	bool digits = false;

	if (text.len == 0 || chars_is(text.data[text.len - 1], CHARS_DIGIT))
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		int unit = duration_unit(c);

		if (chars_is(c, CHARS_DIGIT)) {
			number = number * 10 + (c - '0');
			digits = true;
		} else if (digits && unit > 0 && unit < last) {
			total += number * unit;
			last = unit;
			number = 0;
			digits = false;
		} else {
			return -1;
		}
		if (number > DURATION_MAX || total > DURATION_MAX)
			return -1;
	}
	*seconds = (int)total;
	return 0;
}
