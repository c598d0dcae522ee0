/* The log: see log.h. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

enum {
	LOG_LINE_MAX = 4096,                /* bytes of a line, which is cut there */
	LOG_ESCAPED_MAX = 4 * LOG_LINE_MAX, /* it may take that much escaped */
	LOG_LOCK_WAIT = 1000                /* milliseconds */
};

static struct {
	const char *file;
	const char *tag;
	const char *time_format;
	int facility;
	bool syslog_open;
	bool lock_stuck; /* the lock was waited for in vain: once is enough */
	int trouble;     /* errno of the file, once it could not be written */
} state = {.facility = -1};

void log_close(void)
{
	if (state.syslog_open)
		closelog();
	state.syslog_open = false;
	state.lock_stuck = false;
	state.trouble = 0;
	state.file = NULL;
	state.time_format = NULL;
	state.facility = -1;
}

/* The format is a user's: the pointer keeps the compiler from asking for a literal. */
static size_t (*const stamp_write)(char *, size_t, const char *, const struct tm *) = strftime;

/* Appends what the format comes to, and a blank, escaped like the line itself. */
static bool stamp_add(struct buf *out, const char *format)
{
	char stamp[LOG_STAMP_MAX + 1];
	time_t now = time(NULL);
	struct tm parts;
	size_t len;

	if (!localtime_r(&now, &parts))
		return false;
	len = stamp_write(stamp, sizeof(stamp), format, &parts);
	text_escape(out, (struct span){stamp, len});
	if (len > 0)
		buf_add_char(out, ' ');
	return len > 0;
}

void log_time_format(const char *format)
{
	state.time_format = format;
}

bool log_time_format_fits(const char *format)
{
	struct buf out;
	bool fits;

	buf_init(&out, 4 * LOG_STAMP_MAX + 1);
	fits = stamp_add(&out, format);
	buf_clear(&out);
	return fits;
}

void log_open(const char *file, int facility, const char *tag)
{
	log_close();
	state.file = file;
	state.facility = facility == 0 ? LOG_MAIL : facility;
	state.tag = tag;
}

bool log_is_open(void)
{
	return state.file || state.facility >= 0;
}

/* Waits for the lock of the log file, but not for long, and not again for the next line: mail
 * must not hang on a stuck log, and whoever may read the file can hold its lock. */
static void log_lock(int fd)
{
	int64_t deadline = clock_in(state.lock_stuck ? 0 : LOG_LOCK_WAIT);
	const struct timespec pause = {0, 10000000};

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		state.lock_stuck = clock_left(deadline) == 0;
		if (errno != EWOULDBLOCK || state.lock_stuck)
			return;
		nanosleep(&pause, NULL);
	}
	state.lock_stuck = false;
}

static int log_to_file(struct span text)
{
	bool is_stderr = strcmp(state.file, "-") == 0;
	int fd = is_stderr ? STDERR_FILENO
			   : open(state.file,
				  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
					  O_NONBLOCK,
				  0600);
	struct buf line;
	int failed;

	if (fd < 0)
		return -1;
	buf_init(&line, LOG_ESCAPED_MAX + 4 * LOG_STAMP_MAX + 2);
	if (!state.time_format || !stamp_add(&line, state.time_format))
		stamp_add(&line, "%Y-%m-%dT%H:%M:%S%z");
	buf_add_span(&line, text);
	buf_add_char(&line, '\n');
	if (!is_stderr)
		log_lock(fd);
	failed = file_write_all(fd, line.data, line.len);
	if (!is_stderr)
		close(fd);
	buf_clear(&line);
	return failed;
}

static void log_to_syslog(int priority, const char *text)
{
	if (!state.syslog_open)
		openlog(state.tag, LOG_PID, state.facility);
	state.syslog_open = true;
	syslog(priority, "%s", text);
}

/* A log file that cannot be written is told to syslog, once. */
static void log_note_trouble(int number)
{
	char line[LOG_LINE_MAX];

	if (state.trouble)
		return;
	state.trouble = number;
	if (state.facility < 0)
		return;
	snprintf(line, sizeof(line), "the log file %s cannot be written: %s",
		 TEXT_SHOW(span_of(state.file)), strerror(number));
	log_to_syslog(LOG_NOTICE, line);
}

int log_trouble(void)
{
	return state.trouble;
}

void log_line(enum log_level level, const char *format, ...)
{
	static const int priorities[] = {
		[LOG_LEVEL_ERROR] = LOG_ERR,
		[LOG_LEVEL_NOTICE] = LOG_NOTICE,
		[LOG_LEVEL_INFO] = LOG_INFO,
	};
	char raw[LOG_LINE_MAX];
	struct buf text;
	va_list ap;

	if (!log_is_open())
		return;
	va_start(ap, format);
	vsnprintf(raw, sizeof(raw), format, ap);
	va_end(ap);
	text_cut(raw);
	buf_init(&text, LOG_ESCAPED_MAX);
	text_escape(&text, span_of(raw));
	if (state.file && log_to_file(buf_span(&text)))
		log_note_trouble(errno);
	if (state.facility >= 0)
		log_to_syslog(priorities[level], text.data);
	buf_clear(&text);
}
