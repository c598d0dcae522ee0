/* Keys of relays: see known.h. */
#include "queue/known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/chars.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/pin.h"
#include "base/text.h"
#include "queue/fresh.h"

enum { KNOWN_FILE_MAX = 1024 * 1024, KNOWN_LOCK_WAIT = 5000, KNOWN_FIELDS = 4 };

static const char known_prefix[] = "sha256//";

static struct span known_next(struct span *rest, const char *separators)
{
	struct span word;
	size_t len = 0;

	while (rest->len > 0 && chars_is(*rest->data, CHARS_BLANK))
		*rest = (struct span){rest->data + 1, rest->len - 1};
	while (len < rest->len && (!rest->data[len] || !strchr(separators, rest->data[len])))
		len++;
	word = (struct span){rest->data, len};
	*rest = (struct span){rest->data + len, rest->len - len};
	return word;
}

/* One line. Returns 1 and *pin when it is of that host and port, 0, or -1. */
static int known_line(struct span line, const char *host, const char *port, struct buf *pin)
{
	struct span fields[KNOWN_FIELDS];
	struct pins read = {.count = 0};

	line = span_trim(line);
	if (line.len == 0 || line.data[0] == '#')
		return 0;
	for (size_t i = 0; i < KNOWN_FIELDS; i++)
		fields[i] = known_next(&line, " \t");
	buf_reset(pin);
	buf_add_string(pin, known_prefix);
	buf_add_span(pin, fields[3]);
	if (span_trim(line).len > 0 || !span_equals(fields[2], "sha256") || buf_failed(pin) ||
	    pins_read_keys(&read, buf_span(pin)) || read.count != 1)
		return -1;
	return span_equals_nocase(fields[0], host) && span_equals(fields[1], port);
}

int known_parse(struct span text, const char *host, int port, struct buf *pins, size_t *line)
{
	char number[16];
	struct buf pin;
	int count = 0;

	snprintf(number, sizeof(number), "%d", port);
	buf_init(&pin, 256);
	for (*line = 1; text.len > 0 && count >= 0; ++*line) {
		const char *end = memchr(text.data, '\n', text.len);
		size_t len = end ? (size_t)(end - text.data) : text.len;
		int found = known_line((struct span){text.data, len}, host, number, &pin);

		if (found > 0 && count++ > 0)
			buf_add_char(pins, ',');
		if (found > 0)
			buf_add_span(pins, buf_span(&pin));
		if (found < 0) {
			count = -1;
			break;
		}
		len += end != NULL;
		text = (struct span){text.data + len, text.len - len};
	}
	buf_clear(&pin);
	return count;
}

static int known_fail(const struct spool *s, const char *what, struct error *error)
{
	return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno, "cannot %s %s/%s", what,
			       TEXT_SHOW(span_of(spool_path(s))), KNOWN_FILE);
}

/* The whole file; none is an empty one. */
static int known_load(const struct spool *s, struct buf *text, struct error *error)
{
	struct stat st;
	int fd = spool_open_file(s, KNOWN_FILE, O_RDONLY, &st);
	int result = 0;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 && errno == EPERM)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s/%s is not used: it is no plain file, or not yours alone",
				 TEXT_SHOW(span_of(spool_path(s))), KNOWN_FILE);
	if (fd < 0)
		return known_fail(s, "open", error);
	if (file_read_all(fd, text))
		result = known_fail(s, "read", error);
	close(fd);
	return result;
}

static int known_search(const struct spool *s, struct span text, const char *host, int port,
			struct buf *pins, struct error *error)
{
	size_t line = 0;
	int count = known_parse(text, host, port, pins, &line);

	if (count < 0)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s/%s:%zu: this is not host, port, sha256 and a digest",
				 TEXT_SHOW(span_of(spool_path(s))), KNOWN_FILE, line);
	return buf_failed(pins) ? error_set_memory(error) : count;
}

int known_find(struct spool *s, const char *host, int port, struct buf *pins,
	       struct error *error)
{
	struct buf text;
	int count = -1;

	buf_init(&text, KNOWN_FILE_MAX);
	if (known_load(s, &text, error) == 0)
		count = known_search(s, buf_span(&text), host, port, pins, error);
	buf_clear(&text);
	return count;
}

/* Who writes the file holds a lock on the directory. */
static int known_lock(struct spool *s, struct error *error)
{
	int64_t deadline = clock_in(KNOWN_LOCK_WAIT);

	while (flock(spool_fd(s), LOCK_EX | LOCK_NB) < 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || clock_left(deadline) <= 0)
			return known_fail(s, "lock", error);
		nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
	}
	return 0;
}

/* The file less the lines of that relay, and the new one. */
static void known_compose(struct span text, const char *host, int port, const char *pin,
			  struct buf *out)
{
	size_t line;
	struct buf pins;

	buf_init(&pins, KNOWN_FILE_MAX);
	while (text.len > 0) {
		const char *end = memchr(text.data, '\n', text.len);
		struct span one = {text.data, end ? (size_t)(end - text.data) + 1 : text.len};

		if (known_parse(one, host, port, &pins, &line) <= 0)
			buf_add_span(out, one);
		text = (struct span){text.data + one.len, text.len - one.len};
		if (!end)
			buf_add_char(out, '\n');
	}
	buf_clear(&pins);
	buf_printf(out, "%s %d sha256 %s\n", host, port, pin + sizeof(known_prefix) - 1);
}

static int known_write(struct spool *s, const struct buf *text, struct error *error)
{
	struct fresh file;
	int result = 0;

	if (buf_failed(text))
		return error_set_memory(error);
	if (fresh_open_named(&file, s))
		return known_fail(s, "write", error);
	if (file_write_all(file.fd, text->data, text->len) || fsync(file.fd) ||
	    fresh_replace(&file, s, KNOWN_FILE))
		result = known_fail(s, "write", error);
	fresh_drop(&file, s);
	return result ? result : spool_sync(s, error);
}

static int known_put_locked(struct spool *s, const char *host, int port, const char *pin,
			    bool first, struct error *error)
{
	struct buf text, pins, out;
	int result = -1;
	int count = 0;

	buf_init(&text, KNOWN_FILE_MAX);
	buf_init(&pins, KNOWN_FILE_MAX);
	buf_init(&out, KNOWN_FILE_MAX);
	if (known_load(s, &text, error) == 0)
		count = known_search(s, buf_span(&text), host, port, &pins, error);
	else
		count = -1;
	if (count > 0 && first && strcmp(pins.data, pin) != 0)
		error_set(error, ERROR_RELAY, STAGE_TRUST,
			  "the relay has shown two keys at once: %s, and %s", pins.data, pin);
	else if (count > 0 && first)
		result = 0;
	else if (count >= 0) {
		known_compose(buf_span(&text), host, port, pin, &out);
		result = known_write(s, &out, error);
	}
	buf_clear(&text);
	buf_clear(&pins);
	buf_clear(&out);
	return result;
}

int known_put(struct spool *s, const char *host, int port, const char *pin, bool first,
	      struct error *error)
{
	int result;

	if (known_lock(s, error))
		return -1;
	result = known_put_locked(s, host, port, pin, first, error);
	flock(spool_fd(s), LOCK_UN);
	return result;
}
