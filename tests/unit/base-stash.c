/* Bytes put by, in memory and in a file. */
#include "base/stash.h"

#include <stdlib.h>

#include "test.h"

enum { LIMIT = 10 };

/* All of it, read from the start in blocks of size. */
static char *read_all(const struct stash *s, size_t size)
{
	struct buf out;
	struct span piece;
	struct error error;
	char block[64];

	buf_init(&out, 4096);
	while (stash_read(s, out.len, block, size, &piece, &error) > 0)
		buf_add_span(&out, piece);
	CHECK_INT(out.len, s->length);
	return buf_take(&out);
}

static void check(const char *const texts[], const char *want, bool in_file)
{
	struct stash s;
	struct error error;
	char *got;

	stash_init(&s, LIMIT, NULL);
	for (; *texts; texts++)
		CHECK_INT(stash_add(&s, span_of(*texts), &error), 0);
	CHECK(in_file == (s.fd >= 0));
	for (size_t size = 1; size < 20; size += 6) {
		got = read_all(&s, size);
		CHECK_STR(got, want);
		free(got);
	}
	stash_clear(&s);
	CHECK_INT(s.length, 0);
}

static void little_stays_in_memory(void)
{
	check((const char *const[]){NULL}, "", false);
	check((const char *const[]){"0123456789", NULL}, "0123456789", false);
	check((const char *const[]){"01234", "", "56789", NULL}, "0123456789", false);
}

static void more_goes_to_a_file(void)
{
	check((const char *const[]){"01234567890", NULL}, "01234567890", true);
	check((const char *const[]){"01234", "5678901", "2", NULL}, "0123456789012", true);
}

int main(void)
{
	TEST_RUN(little_stays_in_memory);
	TEST_RUN(more_goes_to_a_file);
	return test_done();
}
