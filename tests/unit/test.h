/*
 * The smallest test harness that says why: TAP on standard output, one line a test function.
 *
 *	static void adds(void) { CHECK(1 + 1 == 2); CHECK_STR(x, "expected"); }
 *	int main(void) { TEST_RUN(adds); return test_done(); }
 */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <stdio.h>
#include <string.h>

static int test_number, test_failures, test_bad;

static inline void test_fail(const char *file, int line, const char *what)
{
	printf("# %s:%d: %s\n", file, line, what);
	test_bad = 1;
}

static inline void test_run(const char *name, void (*function)(void))
{
	test_bad = 0;
	function();
	test_failures += test_bad;
	printf("%sok %d - %s\n", test_bad ? "not " : "", ++test_number, name);
	fflush(stdout);
}

static inline int test_done(void)
{
	printf("1..%d\n", test_number);
	return test_failures ? 1 : 0;
}

#define TEST_RUN(function) test_run(#function, function)

#define CHECK(condition)                                                                       \
	do {                                                                                   \
		if (!(condition))                                                              \
			test_fail(__FILE__, __LINE__, #condition);                             \
	} while (0)

#define CHECK_STR(got, want)                                                                   \
	do {                                                                                   \
		const char *got_ = (got), *want_ = (want);                                     \
		if (!got_ || strcmp(got_, want_) != 0) {                                       \
			test_fail(__FILE__, __LINE__, #got);                                   \
			printf("#   got  \"%s\"\n#   want \"%s\"\n", got_ ? got_ : "(null)",   \
			       want_);                                                         \
		}                                                                              \
	} while (0)

#define CHECK_INT(got, want)                                                                   \
	do {                                                                                   \
		long long got_ = (long long)(got), want_ = (long long)(want);                  \
		if (got_ != want_) {                                                           \
			test_fail(__FILE__, __LINE__, #got);                                   \
			printf("#   got %lld, want %lld\n", got_, want_);                      \
		}                                                                              \
	} while (0)

#endif
