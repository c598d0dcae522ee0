/* Files of messages: see mailbox.h. */
#include "mail/mailbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/chars.h"
#include "base/file.h"

enum {
	MAILBOX_BLOCK = 64 * 1024,
	MAILBOX_LINE = 1024 /* of a line, what must be seen to know what it is */
};

enum mailbox_kind { MAILBOX_PLAIN, MAILBOX_MBOX, MAILBOX_MAILDIR };

struct mailbox {
	enum mailbox_kind kind;
	char *path;
	const char *temporary_dir;
	size_t number; /* messages given out */
	int fd;        /* plain: until it is given out; mbox: always */

	/* mbox */
	char *block;
	size_t len, at; /* bytes in it, and those used up */
	bool ended;     /* of the file, or reading it failed */

	/* Maildir: paths, in order */
	struct strv names;
};

static int mailbox_set_errno(struct error *error, int number, const char *what)
{
	if (number == EINVAL)
		return error_set(error, ERROR_LOCAL, STAGE_INPUT,
				 "neither a file nor a Maildir folder");
	return error_set_errno(error, ERROR_LOCAL, STAGE_INPUT, number, "%s", what);
}

/* What is unread of the block. */
static struct span mailbox_rest(const struct mailbox *m)
{
	return (struct span){m->block + m->at, m->len - m->at};
}

/* Reads on until the block holds enough to know the line at its start. */
static int mailbox_fill(struct mailbox *m, struct error *error)
{
	if (m->len - m->at >= MAILBOX_LINE)
		return 0;
	memmove(m->block, m->block + m->at, m->len - m->at);
	m->len -= m->at;
	m->at = 0;
	while (!m->ended && m->len < MAILBOX_BLOCK) {
		ssize_t got = read(m->fd, m->block + m->len, MAILBOX_BLOCK - m->len);

		if (got < 0 && errno == EINTR)
			continue;
		m->ended = got <= 0;
		if (got < 0)
			return mailbox_set_errno(error, errno, "cannot read");
		m->len += (size_t)got;
	}
	return 0;
}

/* Whether a line separates messages: it ends like "09:04 ... 2026", a time and a year, as
 * asctime(3) writes them, so that a line of prose that begins with "From " hardly does. */
static bool mailbox_is_separator(struct span line)
{
	const char *colon, *end;

	if (line.len < 5 || memcmp(line.data, "From ", 5) != 0)
		return false;
	colon = memchr(line.data, ':', line.len);
	end = line.data + line.len;
	if (!colon || end - colon < 8 || !chars_is(colon[-1], CHARS_DIGIT) ||
	    !chars_is(colon[1], CHARS_DIGIT) || !chars_is(colon[2], CHARS_DIGIT))
		return false;
	for (const char *p = colon + 3; end - p >= 5; p++)
		if (p[0] == ' ' && chars_is(p[1], CHARS_DIGIT) && chars_is(p[2], CHARS_DIGIT) &&
		    chars_is(p[3], CHARS_DIGIT) && chars_is(p[4], CHARS_DIGIT))
			return true;
	return false;
}

/* The line at the start of what is unread, without its end, as far as it is in the block. */
static struct span mailbox_line(const struct mailbox *m)
{
	struct span rest = mailbox_rest(m);
	const char *lf = memchr(rest.data, '\n', rest.len);

	if (lf)
		rest.len = (size_t)(lf - rest.data);
	if (lf && rest.len > 0 && rest.data[rest.len - 1] == '\r')
		rest.len--;
	return rest;
}

/* Drops a line, with its end. */
static int mailbox_skip(struct mailbox *m, struct error *error)
{
	for (;;) {
		struct span rest = mailbox_rest(m);
		const char *lf = memchr(rest.data, '\n', rest.len);

		m->at = lf ? (size_t)(lf + 1 - m->block) : m->len;
		if (lf || m->ended)
			return 0;
		if (mailbox_fill(m, error))
			return -1;
	}
}

/* Whether a line is a separator that was quoted: ">From ", ">>From ". */
static bool mailbox_is_quoted(struct span line)
{
	size_t signs = 0;

	while (signs < line.len && line.data[signs] == '>')
		signs++;
	return signs > 0 && line.len - signs >= 5 && memcmp(line.data + signs, "From ", 5) == 0;
}

/* The bytes of the lines at the start of what is unread that are surely nothing but text: none
 * begins with "F" or ">", and none is an empty one with such a line, or the unknown, behind it.
 */
static size_t mailbox_sure(const struct mailbox *m)
{
	struct span rest = mailbox_rest(m);
	size_t sure = 0;

	while (sure < rest.len && rest.data[sure] != 'F' && rest.data[sure] != '>') {
		const char *lf = memchr(rest.data + sure, '\n', rest.len - sure);
		size_t next = lf ? (size_t)(lf + 1 - rest.data) : rest.len;
		bool is_empty = next - sure == 1 || rest.data[sure] == '\r';

		if (!lf || (is_empty && (next == rest.len || rest.data[next] == 'F')))
			break;
		sure = next;
	}
	return sure;
}

static int mailbox_write(int fd, const char *data, size_t len, struct error *error)
{
	if (file_write_all(fd, data, len))
		return mailbox_set_errno(error, errno,
					 "cannot store a message in a temporary file");
	return 0;
}

/* Copies what is unread up to the end of the line, however long, to fd. */
static int mailbox_copy_line(struct mailbox *m, int fd, struct error *error)
{
	for (;;) {
		struct span rest = mailbox_rest(m);
		const char *lf = memchr(rest.data, '\n', rest.len);
		size_t len = lf ? (size_t)(lf + 1 - rest.data) : rest.len;

		if (mailbox_write(fd, rest.data, len, error))
			return -1;
		m->at += len;
		if (lf || (m->ended && m->at == m->len))
			return 0;
		if (mailbox_fill(m, error))
			return -1;
	}
}

/* Copies what begins with a line that is not empty: many lines in one piece, or that one with
 * its quoting taken off. */
static int mailbox_copy_lines(struct mailbox *m, struct span line, int fd, struct error *error)
{
	size_t sure = mailbox_sure(m);

	if (sure == 0) {
		m->at += mailbox_is_quoted(line);
		return mailbox_copy_line(m, fd, error);
	}
	m->at += sure;
	return mailbox_write(fd, m->block + m->at - sure, sure, error);
}

/* Copies one message to fd, up to the next separator, which is left. An empty line is held back
 * until the next one tells whether it belongs to the message. */
static int mailbox_copy(struct mailbox *m, int fd, struct error *error)
{
	const char *held = "";

	for (;;) {
		struct span line;

		if (mailbox_fill(m, error))
			return -1;
		line = mailbox_line(m);
		if ((m->ended && m->at == m->len) || (*held && mailbox_is_separator(line)))
			return 0;
		if (mailbox_write(fd, held, strlen(held), error))
			return -1;
		held = "";
		if (line.len > 0) {
			if (mailbox_copy_lines(m, line, fd, error))
				return -1;
			continue;
		}
		held = m->block[m->at] == '\r' ? "\r\n" : "\n";
		m->at += strlen(held);
	}
}

static int mailbox_next_of_mbox(struct mailbox *m, struct mailbox_item *item,
				struct error *error)
{
	if (mailbox_fill(m, error))
		return -1;
	if (m->ended && m->at == m->len)
		return 0;
	item->number = ++m->number;
	item->fd = file_temporary(m->temporary_dir);
	if (item->fd < 0)
		mailbox_set_errno(error, errno, "cannot store a message in a temporary file");
	else if (mailbox_skip(m, error) == 0 && mailbox_copy(m, item->fd, error) == 0 &&
		 lseek(item->fd, 0, SEEK_SET) == 0)
		return 1;
	if (item->fd >= 0)
		close(item->fd);
	item->fd = -1;
	m->at = m->len;
	m->ended = true;
	return -1;
}

static int mailbox_next_of_maildir(struct mailbox *m, struct mailbox_item *item,
				   struct error *error)
{
	struct stat st;

	if (m->number == m->names.count)
		return 0;
	item->path = m->names.items[m->number++];
	item->number = m->number;
	item->fd = file_open(item->path, &st);
	return item->fd < 0 ? mailbox_set_errno(error, errno, "cannot open") : 1;
}

int mailbox_next(struct mailbox *m, struct mailbox_item *item, struct error *error)
{
	*item = (struct mailbox_item){.fd = -1, .path = m->path, .number = m->number + 1};
	if (m->kind == MAILBOX_MBOX)
		return mailbox_next_of_mbox(m, item, error);
	if (m->kind == MAILBOX_MAILDIR)
		return mailbox_next_of_maildir(m, item, error);
	if (m->fd < 0)
		return 0;
	item->fd = m->fd;
	m->fd = -1;
	m->number++;
	return 1;
}

static int mailbox_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds the messages of one folder of a Maildir. */
static int mailbox_list(struct mailbox *m, const char *folder)
{
	size_t first = m->names.count;
	struct buf path;
	struct dirent *entry;
	DIR *directory;
	int failed = 0;

	buf_init(&path, 8192);
	buf_printf(&path, "%s/%s", m->path, folder);
	directory = opendir(path.data);
	buf_clear(&path);
	if (!directory)
		return -1;
	errno = 0;
	while (!failed && (entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		buf_printf(&path, "%s/%s/%s", m->path, folder, entry->d_name);
		failed = buf_failed(&path) || strv_add(&m->names, buf_span(&path));
		buf_clear(&path);
	}
	closedir(directory);
	if (m->names.count > first)
		qsort(m->names.items + first, m->names.count - first, sizeof(char *),
		      mailbox_compare);
	return failed || errno ? -1 : 0;
}

/* A directory is a Maildir when it has the folders of one. */
static int mailbox_open_maildir(struct mailbox *m, struct error *error)
{
	m->kind = MAILBOX_MAILDIR;
	if (mailbox_list(m, "new") || mailbox_list(m, "cur"))
		return mailbox_set_errno(error, errno ? errno : ENOMEM,
					 "cannot read the Maildir folder");
	return 0;
}

/* What kind of file it is. The bytes looked at stay in the block, or are read again. */
static int mailbox_open_file(struct mailbox *m, struct error *error)
{
	if (mailbox_fill(m, error))
		return -1;
	if (mailbox_is_separator(mailbox_line(m)))
		m->kind = MAILBOX_MBOX;
	else if (lseek(m->fd, 0, SEEK_SET) < 0)
		return mailbox_set_errno(error, errno, "cannot read");
	return 0;
}

struct mailbox *mailbox_open(const char *path, const char *temporary_dir, struct error *error)
{
	struct mailbox *m = calloc(1, sizeof(*m));
	struct stat st = {0};
	int failed;

	if (m)
		m->fd = -1;
	if (!m || !(m->path = strdup(path)) || !(m->block = malloc(MAILBOX_BLOCK))) {
		mailbox_free(m);
		error_set_memory(error);
		return NULL;
	}
	m->temporary_dir = temporary_dir;
	m->fd = file_open(path, &st);
	if (m->fd >= 0)
		failed = mailbox_open_file(m, error);
	else if (S_ISDIR(st.st_mode))
		failed = mailbox_open_maildir(m, error);
	else
		failed = mailbox_set_errno(error, errno, "cannot open");
	if (!failed)
		return m;
	mailbox_free(m);
	return NULL;
}

void mailbox_free(struct mailbox *m)
{
	if (!m)
		return;
	if (m->fd >= 0)
		close(m->fd);
	strv_clear(&m->names);
	free(m->block);
	free(m->path);
	free(m);
}
