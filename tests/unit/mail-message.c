/* Messages read from pipes and files, cut anywhere, and read out again. */
#include "mail/message.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"

enum source { SOURCE_PIPE, SOURCE_BYTES, SOURCE_SLOW, SOURCE_FILE, SOURCES };

enum { BLOCK = 64 * 1024 };

static const struct message_options plain;
static const struct message_options dotted = {.end_at_dot = true};

/* A child that writes text to a pipe: at once, byte by byte, or late into a pipe that is read
 * without blocking. */
static int open_pipe(struct span text, enum source source, pid_t *child)
{
	size_t step = source == SOURCE_BYTES ? 1 : text.len;
	int fds[2];

	CHECK_INT(pipe2(fds, source == SOURCE_SLOW ? O_NONBLOCK : 0), 0);
	*child = fork();
	if (*child == 0) {
		close(fds[0]);
		if (source == SOURCE_SLOW) {
			usleep(2000);
			CHECK_INT(fcntl(fds[1], F_SETFL, 0), 0);
		}
		for (size_t at = 0; at < text.len; at += step)
			if (file_write_all(fds[1], text.data + at, step))
				break;
		_exit(0);
	}
	close(fds[1]);
	return fds[0];
}

/* A regular file whose offset stands behind a first line that is not of the message. */
static int open_file(struct span text)
{
	static const char before[] = "not of the message\n";
	int fd = file_temporary(NULL);

	CHECK_INT(file_write_all(fd, before, strlen(before)), 0);
	CHECK_INT(file_write_all(fd, text.data, text.len), 0);
	CHECK_INT(lseek(fd, (off_t)strlen(before), SEEK_SET), strlen(before));
	return fd;
}

static int open_source(struct span text, enum source source, pid_t *child)
{
	*child = 0;
	return source == SOURCE_FILE ? open_file(text) : open_pipe(text, source, child);
}

static void close_source(int fd, pid_t child)
{
	close(fd);
	if (child > 0)
		waitpid(child, NULL, 0);
}

/* All that the reader gives out. Returns what its last call did. */
static int read_out(const struct message *m, struct buf *out, struct error *error)
{
	struct message_reader r;
	struct span piece;
	int result;

	CHECK_INT(message_reader_init(&r, m, error), 0);
	while ((result = message_reader_next(&r, &piece, error)) > 0)
		buf_add_span(out, piece);
	message_reader_clear(&r);
	return result;
}

static void check_bytes(struct span got, struct span want)
{
	if (got.len == want.len && (got.len == 0 || memcmp(got.data, want.data, got.len) == 0))
		return;
	test_fail(__FILE__, __LINE__, "what comes out");
	printf("#   got  %zu bytes \"%.*s\"\n#   want %zu bytes \"%.*s\"\n", got.len,
	       (int)(got.len < 200 ? got.len : 200), got.data, want.len,
	       (int)(want.len < 200 ? want.len : 200), want.data);
}

static void check_source(struct span text, const struct message_options *options,
			 enum source source, struct span want)
{
	struct error error = {0};
	struct message *m;
	struct buf out;
	pid_t child;
	int fd = open_source(text, source, &child);

	buf_init(&out, 16 << 20);
	m = message_read(fd, options, &error);
	CHECK_STR(error.text, "");
	for (int again = 0; m && again < 2; again++) {
		buf_reset(&out);
		CHECK_INT(read_out(m, &out, &error), 0);
		check_bytes(buf_span(&out), want);
	}
	CHECK(m);
	message_free(m);
	close_source(fd, child);
	buf_clear(&out);
}

static void check_all(struct span text, const struct message_options *options, struct span want)
{
	for (enum source source = 0; source < SOURCES; source++)
		if (source != SOURCE_BYTES || text.len < 5000)
			check_source(text, options, source, want);
}

static void check(const char *text, const char *want)
{
	check_all(span_of(text), &plain, span_of(want));
}

static void check_dots(const char *text, const char *want)
{
	check_all(span_of(text), &dotted, span_of(want));
}

static struct message *read_text(struct span text, const struct message_options *options,
				 struct error *error)
{
	int fd = open_file(text);
	struct message *m = message_read(fd, options, error);

	close(fd);
	return m;
}

static void header_and_body_are_told_apart(void)
{
	check("", "\n");
	check("\n", "\n");
	check("Subject: a\n\nbody\n", "Subject: a\n\nbody\n");
	check("Subject: a\n b\n\t\n c\nTo: x\n\n\nbody",
	      "Subject: a\n b\n\t\n c\nTo: x\n\n\nbody");
	check("Subject : a\nTo:\n\n", "Subject : a\nTo:\n\n");
}

static void a_missing_blank_line_is_supplied(void)
{
	check("body\n\nmore", "\nbody\n\nmore");
	check(" begins with a blank\nTo: x\n", "\n begins with a blank\nTo: x\n");
	check("Subject: a\nbody: not\nno field\nTo: y\n",
	      "Subject: a\nbody: not\n\nno field\nTo: y\n");
	check("Subject: a", "Subject: a\n\n");
	check("Subject: a\n", "Subject: a\n\n");
	check("Subject: a\nbody", "Subject: a\n\nbody");
	check("x", "\nx");
}

static void line_ends_are_made_lf_in_the_header_only(void)
{
	check("Subject: a\r\nTo: b\r\n\r\nbody\r\n\rx\n", "Subject: a\nTo: b\n\nbody\r\n\rx\n");
	check("Subject: a\rBcc: b\r\r\n\nbody", "Subject: a Bcc: b \n\nbody");
	check("Subject: a\n\rTo: b\n\n", "Subject: a\n To: b\n\n");
	check("Subject: a\n\r", "Subject: a\n \n\n");
	check("\r\n\r\nbody", "\n\r\nbody");
	check("\rx\n", "\n\rx\n");
}

static void mbox_lines_are_dropped(void)
{
	check("From ann Mon Jan  1 00:00:00 2024\nTo: x\n\nbody\n", "To: x\n\nbody\n");
	check(">From ann Mon Jan  1 00:00:00 2024\r\nTo: x\n\n", "To: x\n\n");
	check("From ann\n>From bob\nTo: x\n\n", "To: x\n\n");
	check("From ann Mon Jan  1 00:00:00 2024\n\nbody\n", "\nbody\n");
	check("From ann Mon Jan  1 00:00:00 2024", "\n");
	check("To: x\nFrom ann Mon Jan  1 00:00:00 2024\n",
	      "To: x\n\nFrom ann Mon Jan  1 00:00:00 2024\n");
}

static void prose_that_looks_like_an_mbox_line_stays(void)
{
	check("From now on\nit is so\n", "\nFrom now on\nit is so\n");
	check("From now on\n\nit is so\n", "\nFrom now on\n\nit is so\n");
	check("From now on", "\nFrom now on");
	check("From : ann\n\n", "From : ann\n\n");
}

/* Texts with a header of length bytes, so that its end falls around the border of a block. */
static void borders_of_blocks_do_not_matter(void)
{
	for (size_t length = BLOCK - 3; length < BLOCK + 3; length++) {
		struct buf text, want;
		size_t header;

		buf_init(&text, 1 << 20);
		buf_init(&want, 1 << 20);
		buf_add_string(&text, "Subject: ");
		while (text.len + 2 < length)
			buf_add_char(&text, 'x');
		buf_add(&want, text.data, text.len);
		buf_add_string(&want, "\n\n");
		buf_add_string(&text, "\r\n\r\n");
		header = text.len;
		buf_add_string(&text, "\r\r\n.\n");
		buf_add(&want, text.data + header, text.len - header);
		check_all(buf_span(&text), &plain, buf_span(&want));
		buf_clear(&text);
		buf_clear(&want);
	}
}

static void fill_lines(struct buf *text, size_t size)
{
	while (text->len < size)
		buf_printf(text, "line %zu of a body that is long\r\n", text->len);
}

static void a_body_of_any_size_comes_through(void)
{
	static const size_t sizes[] = {BLOCK, MESSAGE_MEMORY_MAX - 100, MESSAGE_MEMORY_MAX,
				       MESSAGE_MEMORY_MAX + 100, 3 * MESSAGE_MEMORY_MAX + 7};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct message_options copied = {.force_copy = true};
		struct buf text;

		buf_init(&text, 16 << 20);
		buf_add_string(&text, "Subject: long\n\n");
		fill_lines(&text, sizes[i]);
		check_all(buf_span(&text), &plain, buf_span(&text));
		check_all(buf_span(&text), &copied, buf_span(&text));
		check_all(buf_span(&text), &dotted, buf_span(&text));
		buf_clear(&text);
	}
}

static void a_long_first_line_is_no_header(void)
{
	struct buf text, want;

	buf_init(&text, 16 << 20);
	buf_init(&want, 16 << 20);
	for (int i = 0; i < 3 << 20; i++)
		buf_add_char(&text, 'x');
	buf_add_char(&want, '\n');
	buf_add_span(&want, buf_span(&text));
	check_all(buf_span(&text), &plain, buf_span(&want));
	buf_clear(&text);
	buf_clear(&want);
}

static void a_header_without_end_is_refused(void)
{
	struct error error = {0};
	struct buf text;

	buf_init(&text, 16 << 20);
	buf_add_string(&text, "Subject:");
	while (text.len < MESSAGE_HEADER_MAX + BLOCK)
		buf_add_string(&text, " one line of many");
	CHECK(!read_text(buf_span(&text), &plain, &error));
	CHECK_INT(error.class, ERROR_MESSAGE);
	buf_reset(&text);
	while (text.len < MESSAGE_HEADER_MAX + BLOCK)
		buf_add_string(&text, "Subject: one of many\n");
	error = (struct error){0};
	CHECK(!read_text(buf_span(&text), &plain, &error));
	CHECK_INT(error.class, ERROR_MESSAGE);
	CHECK_INT(error_exit_code(&error), 65);
	buf_clear(&text);
}

static void an_end_dot_ends_the_message(void)
{
	check_dots("Subject: a\n\nbody\n.\nmore\n", "Subject: a\n\nbody\n");
	check_dots("Subject: a\n\nbody\r\n.\r\nmore\n", "Subject: a\n\nbody\r\n");
	check_dots("Subject: a\n\nbody\n.", "Subject: a\n\nbody\n");
	check_dots("Subject: a\n\nbody\n.\r", "Subject: a\n\nbody\n");
	check_dots("Subject: a\n.\nTo: b\n", "Subject: a\n\n");
	check_dots(".\nbody\n", "\n");
}

static void a_leading_dot_is_taken_off(void)
{
	check_dots("Subject: a\n\n..\n.x\n...\na.\n.\r.\n",
		   "Subject: a\n\n.\nx\n..\na.\n\r.\n");
	check_dots(".Subject: a\n\n.\r", "Subject: a\n\n");
	check("Subject: a\n\n..\n.\n.x\n", "Subject: a\n\n..\n.\n.x\n");
}

static void what_follows_the_end_dot_is_counted(void)
{
	struct error error = {0};
	struct buf text;
	struct message *m;

	buf_init(&text, 16 << 20);
	buf_add_string(&text, "Subject: a\n\nbody\n.\n");
	m = read_text(buf_span(&text), &dotted, &error);
	CHECK_INT(message_facts(m)->drained, 0);
	message_free(m);
	buf_add(&text, "x\0y", 3);
	fill_lines(&text, 200000);
	m = read_text(buf_span(&text), &dotted, &error);
	CHECK_INT(message_facts(m)->drained, text.len - 19);
	CHECK_INT(message_facts(m)->body_size, 6);
	message_free(m);
	buf_clear(&text);
}

static void a_nul_is_refused_in_the_header_only(void)
{
	struct message *m;
	struct error error = {0};
	struct buf text;

	CHECK(!read_text((struct span){"Subj\0ect: a\n\n", 13}, &plain, &error));
	CHECK_INT(error.class, ERROR_MESSAGE);
	CHECK_INT(error.stage, STAGE_SYNTAX);
	CHECK(strstr(error.text, "\"Subj\\x00ect: a\""));
	CHECK(!read_text((struct span){"a: b\n c\0\n\n", 11}, &dotted, &error));
	m = read_text((struct span){"a: b\n\n.x\n\0\n", 12}, &dotted, &error);
	CHECK(message_facts(m)->has_nul);
	message_free(m);
	buf_init(&text, 1 << 20);
	buf_add_string(&text, "Subject: a\n\n");
	fill_lines(&text, 300000);
	m = read_text(buf_span(&text), &plain, &error);
	CHECK(!message_facts(m)->has_nul);
	message_free(m);
	text.data[299999] = '\0';
	m = read_text(buf_span(&text), &plain, &error);
	CHECK(message_facts(m)->has_nul);
	message_free(m);
	buf_clear(&text);
}

static void a_read_error_is_not_the_end(void)
{
	struct error error = {0};
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(!message_read(fd, &plain, &error));
	CHECK_INT(error.class, ERROR_LOCAL);
	CHECK_INT(error.stage, STAGE_INPUT);
	CHECK_INT(error_exit_code(&error), 74);
	close(fd);
	error = (struct error){0};
	CHECK(!message_read(-1, &plain, &error));
	CHECK_INT(error.stage, STAGE_INPUT);
}

/* Reads a large file in place, lets change() loose on it, and expects the reader to notice. */
static void check_change(void (*change)(int fd))
{
	struct error error = {0};
	struct message *m;
	struct buf text;
	struct buf out;
	int fd;

	buf_init(&text, 16 << 20);
	buf_init(&out, 16 << 20);
	buf_add_string(&text, "Subject: a\n\n");
	fill_lines(&text, 400000);
	fd = open_file(buf_span(&text));
	m = message_read(fd, &plain, &error);
	CHECK(m);
	usleep(20000);
	change(fd);
	CHECK_INT(read_out(m, &out, &error), -1);
	CHECK_INT(error.stage, STAGE_INPUT);
	CHECK_INT(error.class, ERROR_TEMPORARY);
	message_free(m);
	close(fd);
	buf_clear(&text);
	buf_clear(&out);
}

static void cut(int fd)
{
	CHECK_INT(ftruncate(fd, 300000), 0);
}

static void grow(int fd)
{
	CHECK_INT(lseek(fd, 0, SEEK_END) > 0, 1);
	CHECK_INT(file_write_all(fd, "x", 1), 0);
}

static void overwrite(int fd)
{
	CHECK_INT(pwrite(fd, "x", 1, 5), 1);
}

static void a_file_that_changes_is_noticed(void)
{
	check_change(cut);
	check_change(grow);
	check_change(overwrite);
}

static void the_facts_are_those_of_header_and_body(void)
{
	struct error error = {0};
	struct message *m = read_text(span_of("Subject: \xc3\xa4\n\nx\ry\nz"), &plain, &error);

	CHECK(message_facts(m)->has_8bit_header);
	CHECK(!message_facts(m)->has_8bit_body);
	CHECK(message_facts(m)->has_lone_cr);
	CHECK_INT(message_facts(m)->body_size, 8);
	CHECK_INT(message_size(m), 8 + 13 + 2);
	CHECK_INT(header_add(message_header(m), "To", "b"), 0);
	CHECK_INT(message_size(m), 8 + 13 + 2 + 7);
	message_free(m);
	m = read_text(span_of("Subject: a\n\n\xc3\xa4\n"), &plain, &error);
	CHECK(!message_facts(m)->has_8bit_header);
	CHECK(message_facts(m)->has_8bit_body);
	CHECK_INT(message_facts(m)->longest_line, 0);
	message_free(m);
}

int main(void)
{
	TEST_RUN(header_and_body_are_told_apart);
	TEST_RUN(a_missing_blank_line_is_supplied);
	TEST_RUN(line_ends_are_made_lf_in_the_header_only);
	TEST_RUN(mbox_lines_are_dropped);
	TEST_RUN(prose_that_looks_like_an_mbox_line_stays);
	TEST_RUN(borders_of_blocks_do_not_matter);
	TEST_RUN(a_body_of_any_size_comes_through);
	TEST_RUN(a_long_first_line_is_no_header);
	TEST_RUN(a_header_without_end_is_refused);
	TEST_RUN(an_end_dot_ends_the_message);
	TEST_RUN(a_leading_dot_is_taken_off);
	TEST_RUN(what_follows_the_end_dot_is_counted);
	TEST_RUN(a_nul_is_refused_in_the_header_only);
	TEST_RUN(a_read_error_is_not_the_end);
	TEST_RUN(a_file_that_changes_is_noticed);
	TEST_RUN(the_facts_are_those_of_header_and_body);
	return test_done();
}
