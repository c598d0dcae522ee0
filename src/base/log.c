/* The log: see log.h. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
#include "base/journal.h"
#include "base/json.h"
#include "base/text.h"

enum {
	LOG_LINE_MAX = 4096,                /* bytes of a line, which is cut there */
	LOG_ESCAPED_MAX = 4 * LOG_LINE_MAX, /* it may take that much escaped */
	LOG_LOCK_WAIT = 1000,               /* milliseconds, for the journal, too */
	LOG_FIELD_MAX = 2048,               /* bytes of a field's value, likewise */
	LOG_RECORD_MAX = 256 * 1024
};

static struct {
	const char *file;
	const char *tag;
	const char *time_format;
	int facility;
	bool json;
	bool syslog_open;
	enum { JOURNAL_UNKNOWN, JOURNAL_THERE, JOURNAL_ABSENT } journal;
	int journal_fd;
	bool journal_stuck;
	bool lock_stuck; /* the lock was waited for in vain: once is enough */
	int trouble;     /* errno of the file, once it could not be written */
} state = {.facility = -1};

void log_close(void)
{
	if (state.syslog_open)
		closelog();
	if (state.journal == JOURNAL_THERE)
		close(state.journal_fd);
	state.journal = JOURNAL_UNKNOWN;
	state.journal_stuck = false;
	state.json = false;
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

void log_as_json(bool json)
{
	state.json = json;
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

/* As much of a value as is kept. */
static struct span log_value(const struct log_field *f)
{
	struct span value = span_of(f->value);

	return (struct span){value.data, value.len < LOG_FIELD_MAX ? value.len : LOG_FIELD_MAX};
}

static void log_add_json(struct buf *out, enum log_level level, const struct log_field *fields,
			 size_t count, struct span text)
{
	static const char *const words[] = {
		[LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_NOTICE] = "notice",
		[LOG_LEVEL_INFO] = "info",
	};
	char stamp[40] = "";
	time_t now = time(NULL);
	struct tm parts;
	struct json j;

	if (gmtime_r(&now, &parts))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &parts);
	json_init(&j, out);
	json_open_object(&j);
	json_name(&j, "time");
	json_string(&j, span_of(stamp));
	json_name(&j, "level");
	json_string(&j, span_of(words[level]));
	json_name(&j, "pid");
	json_number(&j, getpid());
	json_name(&j, "message");
	json_string(&j, text);
	for (size_t i = 0; i < count; i++) {
		if (!fields[i].value && !fields[i].number)
			continue;
		json_name(&j, fields[i].name);
		if (fields[i].value)
			json_string(&j, log_value(&fields[i]));
		else
			json_number(&j, fields[i].number);
	}
	json_close_object(&j);
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
	buf_init(&line, LOG_RECORD_MAX + 4 * LOG_STAMP_MAX + 2);
	/* An object has its time inside. */
	if (!state.json && (!state.time_format || !stamp_add(&line, state.time_format)))
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

static void journal_number(struct buf *out, const char *name, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	journal_field(out, name, span_of(text));
}

/* The name in capitals, behind PENNYPOST_. */
static void journal_own_field(struct buf *out, const struct log_field *f)
{
	char name[64] = "PENNYPOST_";
	size_t len = strlen(name);

	for (const char *c = f->name; *c && len < sizeof(name) - 1; c++)
		name[len++] = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
	name[len] = '\0';
	if (f->value)
		journal_field(out, name, log_value(f));
	else
		journal_number(out, name, f->number);
}

static bool log_has_journal(void)
{
	if (state.journal == JOURNAL_UNKNOWN) {
		state.journal_fd = journal_open();
		state.journal = state.journal_fd < 0 ? JOURNAL_ABSENT : JOURNAL_THERE;
	}
	return state.journal == JOURNAL_THERE;
}

/* Returns 0 when syslog need not have it. One that takes nothing is waited for once, and
 * syslog, which it reads, would wait for it, too. */
static int log_to_journal(int priority, const struct log_field *fields, size_t count,
			  struct span text)
{
	struct buf entry;
	int failed;

	if (!log_has_journal())
		return -1;
	buf_init(&entry, LOG_RECORD_MAX);
	journal_field(&entry, "MESSAGE", text);
	journal_number(&entry, "PRIORITY", priority);
	journal_number(&entry, "SYSLOG_FACILITY", state.facility / 8);
	journal_field(&entry, "SYSLOG_IDENTIFIER", span_of(state.tag));
	journal_number(&entry, "SYSLOG_PID", getpid());
	for (size_t i = 0; i < count; i++)
		if (fields[i].value || fields[i].number)
			journal_own_field(&entry, &fields[i]);
	errno = ENOMEM;
	failed = buf_failed(&entry) || journal_send(state.journal_fd, &entry,
						    state.journal_stuck ? 0 : LOG_LOCK_WAIT);
	state.journal_stuck = failed && errno == EAGAIN;
	buf_clear(&entry);
	return failed && !state.journal_stuck ? -1 : 0;
}

static void log_to_system(int priority, const struct log_field *fields, size_t count,
			  const struct buf *text)
{
	if (log_to_journal(priority, fields, count, buf_span(text)))
		log_to_syslog(priority, text->data);
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

static void log_write(enum log_level level, const struct log_field *fields, size_t count,
		      char *raw)
{
	static const int priorities[] = {
		[LOG_LEVEL_ERROR] = LOG_ERR,
		[LOG_LEVEL_NOTICE] = LOG_NOTICE,
		[LOG_LEVEL_INFO] = LOG_INFO,
	};
	struct buf text, object;
	const struct buf *line = &text;

	text_cut(raw);
	buf_init(&text, LOG_ESCAPED_MAX);
	buf_init(&object, LOG_RECORD_MAX);
	text_escape(&text, span_of(raw));
	if (state.json)
		log_add_json(&object, level, fields, count, buf_span(&text));
	if (state.json && !buf_failed(&object))
		line = &object;
	if (state.file && log_to_file(buf_span(line)))
		log_note_trouble(errno);
	if (state.facility >= 0)
		log_to_system(priorities[level], fields, count, line);
	buf_clear(&text);
	buf_clear(&object);
}

static void __attribute__((format(printf, 4, 0)))
log_format(enum log_level level, const struct log_field *fields, size_t count,
	   const char *format, va_list ap)
{
	char raw[LOG_LINE_MAX];

	vsnprintf(raw, sizeof(raw), format, ap);
	log_write(level, fields, count, raw);
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list ap;

	if (!log_is_open())
		return;
	va_start(ap, format);
	log_format(level, NULL, 0, format, ap);
	va_end(ap);
}

void log_record(enum log_level level, const struct log_field *fields, size_t count,
		const char *format, ...)
{
	va_list ap;

	if (!log_is_open())
		return;
	va_start(ap, format);
	log_format(level, fields, count, format, ap);
	va_end(ap);
}

void log_about(enum log_level level, const char *queue_id, const char *format, ...)
{
	const struct log_field field = {"queue_id", queue_id, 0};
	char raw[LOG_LINE_MAX];
	va_list ap;
	int len;

	if (!log_is_open())
		return;
	len = snprintf(raw, sizeof(raw), "queue-id=%s ", queue_id);
	va_start(ap, format);
	if (len > 0 && len < LOG_LINE_MAX)
		vsnprintf(raw + len, sizeof(raw) - (size_t)len, format, ap);
	va_end(ap);
	log_write(level, &field, 1, raw);
}
