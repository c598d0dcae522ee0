/* Where log lines go. openlog(3) and closelog(3) are ours here. */
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <syslog.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/journal.h"
#include "test.h"

static int opened = -1; /* the facility, -1 while there is none */

void openlog(const char *tag, int options, int facility)
{
	(void)tag, (void)options;
	opened = facility;
}

void closelog(void)
{
	opened = -1;
}

static void a_line_goes_to_the_facility_last_said(void)
{
	log_open(NULL, 0, "test");
	CHECK(opened == -1);
	log_line(LOG_LEVEL_ERROR, "one");
	CHECK_INT(opened, LOG_MAIL);
	log_open(NULL, LOG_LOCAL3, "test");
	log_line(LOG_LEVEL_ERROR, "two");
	CHECK_INT(opened, LOG_LOCAL3);
	log_open(NULL, -1, "test");
	log_line(LOG_LEVEL_ERROR, "three");
	CHECK(opened == -1);
	log_close();
}

static void a_long_line_is_cut_not_lost(void)
{
	char path[] = "/tmp/pennypost-log.XXXXXX";
	static char text[20000];
	int fd = mkstemp(path);
	struct buf line;

	memset(text, 'a', sizeof(text) - 1);
	buf_init(&line, sizeof(text));
	log_open(path, -1, "test");
	log_line(LOG_LEVEL_ERROR, "from=x %s", text);
	log_close();
	CHECK_INT(file_read_all(fd, &line), 0);
	CHECK(strstr(line.data, " from=x aaaa") != NULL);
	CHECK(strchr(line.data, '\n') != NULL);
	buf_clear(&line);
	close(fd);
	unlink(path);
}

static void a_lock_that_another_holds_delays_but_once(void)
{
	char path[] = "/tmp/pennypost-log.XXXXXX";
	int fd = mkstemp(path);
	int64_t start = clock_now();
	struct buf lines;

	buf_init(&lines, 4096);
	CHECK_INT(flock(fd, LOCK_EX), 0);
	log_open(path, -1, "test");
	for (int i = 0; i < 4; i++)
		log_line(LOG_LEVEL_ERROR, "line %d", i);
	log_close();
	CHECK(clock_now() - start < 2000);
	CHECK_INT(file_read_all(fd, &lines), 0);
	CHECK(strstr(lines.data, "line 3") != NULL);
	buf_clear(&lines);
	close(fd);
	unlink(path);
}

static void the_time_is_as_the_format_says(void)
{
	char path[] = "/tmp/pennypost-log.XXXXXX";
	char long_format[LOG_STAMP_MAX + 2];
	int fd = mkstemp(path);
	struct buf lines;

	memset(long_format, 'x', sizeof(long_format));
	long_format[sizeof(long_format) - 1] = '\0';
	CHECK(log_time_format_fits("%b %d %H:%M:%S"));
	CHECK(!log_time_format_fits(long_format));
	CHECK(!log_time_format_fits(""));
	buf_init(&lines, 4096);
	log_open(path, -1, "test");
	log_time_format("<%%\n>");
	log_line(LOG_LEVEL_ERROR, "one");
	log_time_format(long_format);
	log_line(LOG_LEVEL_ERROR, "two");
	log_close();
	CHECK_INT(file_read_all(fd, &lines), 0);
	CHECK(strncmp(lines.data, "<%\\n> one\n20", 12) == 0);
	CHECK(strstr(lines.data, " two\n") != NULL);
	buf_clear(&lines);
	close(fd);
	unlink(path);
}

static void a_file_that_cannot_be_written_is_remembered(void)
{
	log_open("/nonexistent/log", -1, "test");
	CHECK_INT(log_trouble(), 0);
	log_line(LOG_LEVEL_ERROR, "one");
	CHECK_INT(log_trouble(), ENOENT);
	log_line(LOG_LEVEL_ERROR, "two");
	log_close();
	CHECK_INT(log_trouble(), 0);
}

static void a_line_is_an_object(void)
{
	const struct log_field fields[] = {
		{"to", "a\"b\n\xff@example.org", 0}, {"size", NULL, 42}, {"queue_id", NULL, 0}};
	char path[] = "/tmp/pennypost-log.XXXXXX";
	int fd = mkstemp(path);
	struct buf lines;

	buf_init(&lines, 65536);
	log_open(path, -1, "test");
	log_as_json(true);
	log_record(LOG_LEVEL_INFO, fields, 3, "said \"%s\"", "x");
	log_about(LOG_LEVEL_ERROR, "a123456789", "lost");
	log_open(path, -1, "test");
	log_about(LOG_LEVEL_ERROR, "a123456789", "lost");
	log_close();
	CHECK_INT(file_read_all(fd, &lines), 0);
	CHECK(strncmp(lines.data, "{\"time\":\"20", 11) == 0);
	CHECK(strstr(lines.data, "\"level\":\"info\",\"pid\":") != NULL);
	CHECK(strstr(lines.data, "\"message\":\"said \\\"x\\\"\",\"to\":\"a\\\"b\\n\\ufffd@"
				 "example.org\",\"size\":42}\n{") != NULL);
	CHECK(strstr(lines.data, "\"message\":\"queue-id=a123456789 lost\",\"queue_id\":"
				 "\"a123456789\"}\n2") != NULL);
	CHECK(strstr(lines.data, " queue-id=a123456789 lost\n") != NULL);
	buf_clear(&lines);
	close(fd);
	unlink(path);
}

int main(void)
{
	journal_socket = "/nonexistent";
	setlogmask(LOG_MASK(LOG_DEBUG)); /* nothing of this is for the system's log */
	TEST_RUN(a_line_goes_to_the_facility_last_said);
	TEST_RUN(a_lock_that_another_holds_delays_but_once);
	TEST_RUN(the_time_is_as_the_format_says);
	TEST_RUN(a_file_that_cannot_be_written_is_remembered);
	TEST_RUN(a_long_line_is_cut_not_lost);
	TEST_RUN(a_line_is_an_object);
	return test_done();
}
