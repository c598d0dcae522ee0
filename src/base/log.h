/*
 * The log: one line an event, to syslog (facility mail) and to a file, either or both. Where
 * the journal of systemd is there, it takes the place of syslog, because it keeps fields.
 *
 * A log that cannot be written never fails or delays mail: each function returns nothing. Lines
 * are "key=value" pairs that the caller built; log_line() escapes what a log must not hold.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_STAMP_MAX = 200 };

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO };

/* Where lines go from now on. file may be NULL; "-" is standard error. facility is syslog's
 * number, 0 for "mail", or -1 for none. tag names us in syslog; it must outlive the log.
 * Nothing is opened before the first line. */
void log_open(const char *file, int facility, const char *tag);
/* How lines in the file begin from now on until log_open(): strftime(3)'s format, which must
 * outlive the log; NULL: the usual time. One that comes to nothing, or to more than
 * LOG_STAMP_MAX bytes, counts as NULL. */
void log_time_format(const char *format);
/* Whether a format comes to something that fits. */
bool log_time_format_fits(const char *format);
/* Whether each line is an object of JSON from now on until log_open(), in the file and in
 * syslog: time, level, pid, message (the line as it else is), and the fields of log_record().
 */
void log_as_json(bool json);
/* Whether lines go anywhere: where not, there is no need to build them. */
bool log_is_open(void);
/* One line, of which at most 4095 bytes count. The text is escaped as text_escape() does; in a
 * file it is preceded by local time (ISO 8601 unless log_time_format() says more) and, under a
 * lock that is waited for one second at most, and not again once that was in vain, appended in
 * one write. */
void log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* What a line says, for programs: in JSON by this name, and in the journal of systemd, where
 * there is one, in capitals behind "PENNYPOST_". */
struct log_field {
	const char *name;  /* "queue_id": small letters and underscores */
	const char *value; /* as it came; NULL: there is none, or it is a number */
	int64_t number;    /* 0: there is none */
};

/* A line and its fields. */
void log_record(enum log_level level, const struct log_field *fields, size_t count,
		const char *format, ...) __attribute__((format(printf, 4, 5)));
/* "queue-id=ID " and a line, with its field. */
void log_about(enum log_level level, const char *queue_id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The errno of the file when a line could not be written to it since log_open(), which is told
 * to syslog, too; else 0. */
int log_trouble(void);
void log_close(void);

#endif
