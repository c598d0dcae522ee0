/* A body of pieces: read, measured, and files that change meanwhile. */
#include "mail/assembly.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "test.h"

static char *read_all(const struct assembly *a, struct error *error)
{
	struct assembly_reader r;
	struct span piece;
	struct buf out;
	int got;

	buf_init(&out, 1 << 24);
	CHECK_INT(assembly_reader_init(&r, a, error), 0);
	while ((got = assembly_reader_next(&r, &piece, error)) > 0)
		buf_add_span(&out, piece);
	assembly_reader_clear(&r);
	if (got == 0)
		return buf_take(&out);
	buf_clear(&out);
	return NULL;
}

/* A file of so many bytes that differ, looked at. */
static struct assembly_file make_file(size_t length)
{
	struct assembly_file file = {.fd = file_temporary(NULL), .name = "some file"};

	for (size_t i = 0; i < length; i++) {
		char c = (char)('a' + i % 23);

		CHECK(write(file.fd, &c, 1) == 1);
	}
	file.length = length;
	CHECK_INT(fstat(file.fd, &file.identity), 0);
	return file;
}

static void base64_is_skipped_where_that_is_wished(void)
{
	struct assembly a = {0};
	struct assembly_file file = make_file(100);
	struct assembly_reader r;
	struct error error;
	struct span piece;

	CHECK_INT(assembly_add_file(&a, &file, ASSEMBLY_BASE64, &error), 0);
	CHECK_INT(assembly_add_text(&a, span_of("text\n"), &error), 0);
	CHECK_INT(assembly_reader_init(&r, &a, &error), 0);
	r.skips_base64 = true;
	CHECK_INT(assembly_reader_next(&r, &piece, &error), 1);
	CHECK(span_equals(piece, "text\n"));
	CHECK_INT(assembly_reader_next(&r, &piece, &error), 0);
	assembly_reader_clear(&r);
	assembly_clear(&a);
}

static void pieces_stand_in_a_row(void)
{
	struct assembly a = {0};
	struct assembly_file file = make_file(10);
	struct stash stash;
	struct error error;
	char *got;

	file.offset = 2;
	file.length = 5;
	stash_init(&stash, 100, NULL);
	CHECK_INT(stash_add(&stash, span_of("put by\n"), &error), 0);
	CHECK_INT(assembly_add_text(&a, span_of("first\n"), &error), 0);
	CHECK_INT(assembly_add_file(&a, &file, ASSEMBLY_AS_IS, &error), 0);
	CHECK_INT(assembly_add_text(&a, span_of(""), &error), 0);
	CHECK_INT(assembly_add_stash(&a, &stash, ASSEMBLY_AS_IS, &error), 0);
	CHECK_INT(stash.length, 0);
	for (int i = 0; i < 2; i++) {
		got = read_all(&a, &error);
		CHECK_STR(got, "first\ncdefgput by\n");
		free(got);
	}
	assembly_clear(&a);
	got = read_all(&a, &error);
	CHECK_STR(got, "");
	free(got);
}

/* Files of every length around that of a line, and of a block. */
static void files_become_base64(void)
{
	static const size_t lengths[] = {0,   1,   2,   3,     4,     56,    57,    58,
					 113, 114, 115, 65548, 65549, 65550, 65551, 70000};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct assembly a = {0};
		struct assembly_file file = make_file(lengths[i]);
		struct measure reckoned = {0}, read = {0};
		struct buf back;
		struct error error;
		char *got;

		buf_init(&back, 1 << 20);
		assembly_add_file(&a, &file, ASSEMBLY_BASE64, &error);
		got = read_all(&a, &error);
		CHECK_INT(base64_decode_lines(&back, span_of(got)), 0);
		CHECK_INT(back.len, lengths[i]);
		for (size_t k = 0; k < back.len; k++)
			if (back.data[k] != (char)('a' + k % 23)) {
				CHECK_INT(k, -1);
				break;
			}
		CHECK_INT(assembly_measure(&a, &reckoned, &error), 0);
		measure_feed(&read, span_of(got));
		measure_finish(&read);
		CHECK_INT(reckoned.size, read.size);
		CHECK_INT(reckoned.longest_line, 0);
		buf_clear(&back);
		free(got);
		assembly_clear(&a);
	}
}

static void pieces_are_measured_as_they_are_read(void)
{
	struct assembly a = {0};
	struct assembly_file file = make_file(100);
	struct measure m = {0}, read = {0};
	struct error error;
	char *got;

	assembly_add_text(&a, span_of("no end"), &error);
	assembly_add_file(&a, &file, ASSEMBLY_BASE64, &error);
	assembly_add_text(&a, span_of("\nf\303\274r\r\nx\r"), &error);
	got = read_all(&a, &error);
	measure_feed(&read, span_of(got));
	measure_finish(&read);
	CHECK_INT(assembly_measure(&a, &m, &error), 0);
	CHECK_INT(m.size, read.size);
	CHECK(m.has_8bit && m.has_lone_cr && !m.has_nul);
	free(got);
	assembly_clear(&a);
}

/* It grows, it shrinks, it is written anew: none is given out as whole. */
static void a_file_that_changes_fails(void)
{
	for (int way = 0; way < 3; way++) {
		struct assembly a = {0};
		struct assembly_file file = make_file(100);
		struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
		struct error error = {0};
		int fd = file.fd;

		assembly_add_file(&a, &file, way ? ASSEMBLY_BASE64 : ASSEMBLY_AS_IS, &error);
		if (way == 0)
			CHECK_INT(ftruncate(fd, 101), 0);
		else if (way == 1)
			CHECK_INT(ftruncate(fd, 50), 0);
		else
			CHECK_INT(futimens(fd, times), 0);
		CHECK(read_all(&a, &error) == NULL);
		CHECK_INT(error.class, ERROR_TEMPORARY);
		CHECK_INT(error.stage, STAGE_INPUT);
		CHECK_STR(error.text, "the file some file changed while it was being read");
		assembly_clear(&a);
	}
}

int main(void)
{
	TEST_RUN(pieces_stand_in_a_row);
	TEST_RUN(files_become_base64);
	TEST_RUN(base64_is_skipped_where_that_is_wished);
	TEST_RUN(pieces_are_measured_as_they_are_read);
	TEST_RUN(a_file_that_changes_fails);
	return test_done();
}
