/* Lengths of time as a person writes them. */
#include "base/duration.h"

#include "test.h"

/* The seconds, -1 when it is refused. */
static int read(const char *text)
{
	int seconds = -2;

	return duration_parse(span_of(text), &seconds) ? -1 : seconds;
}

static void every_unit_counts(void)
{
	CHECK_INT(read("30s"), 30);
	CHECK_INT(read("15m"), 900);
	CHECK_INT(read("4h"), 14400);
	CHECK_INT(read("5d"), 432000);
	CHECK_INT(read("2w"), 1209600);
	CHECK_INT(read("0s"), 0);
	CHECK_INT(read("007m"), 420);
}

static void units_add_up_from_the_longest(void)
{
	CHECK_INT(read("1d12h"), 129600);
	CHECK_INT(read("1w1d1h1m1s"), 694861);
	CHECK_INT(read("12h1d"), -1);
	CHECK_INT(read("1h1h"), -1);
}

static void the_rest_is_none(void)
{
	CHECK_INT(read(""), -1);
	CHECK_INT(read("5"), -1);
	CHECK_INT(read("h"), -1);
	CHECK_INT(read("1h5"), -1);
	CHECK_INT(read("1hm"), -1);
	CHECK_INT(read(" 1h"), -1);
	CHECK_INT(read("1h "), -1);
	CHECK_INT(read("-1h"), -1);
	CHECK_INT(read("+1h"), -1);
	CHECK_INT(read("1.5h"), -1);
	CHECK_INT(read("1H"), -1);
	CHECK_INT(read("5y"), -1);
}

static void it_has_a_bound(void)
{
	CHECK_INT(read("999999999s"), 999999999);
	CHECK_INT(read("1000000000s"), -1);
	CHECK_INT(read("99999999999999999999999999999999s"), -1);
	CHECK_INT(read("999999999w"), -1);
	CHECK_INT(read("11574d999999999s"), -1);
}

int main(void)
{
	TEST_RUN(every_unit_counts);
	TEST_RUN(units_add_up_from_the_longest);
	TEST_RUN(the_rest_is_none);
	TEST_RUN(it_has_a_bound);
	return test_done();
}
