/* One message of the spool: see entry.h. */
#include "queue/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/rename.h"
#include "base/text.h"
#include "queue/form.h"

enum {
	ENTRY_CHUNK = 64 * 1024,
	ENTRY_FIRST = 4096 /* bytes of the first read: most envelopes fit */
};

void entry_init(struct entry *e)
{
	*e = (struct entry){.fd = -1, .journal_fd = -1};
}

void entry_clear(struct entry *e)
{
	for (size_t i = 0; i < e->count; i++) {
		free(e->recipients[i].path);
		free(e->recipients[i].text);
	}
	free(e->recipients);
	free(e->account);
	free(e->config);
	free(e->reverse_path);
	free(e->envelope_id);
	free(e->submitter);
	free(e->trouble);
	if (e->journal_fd >= 0)
		close(e->journal_fd);
	if (e->fd >= 0)
		close(e->fd);
	entry_init(e);
}

int entry_add_recipient(struct entry *e, const char *path)
{
	size_t cap = e->cap ? e->cap * 2 : 4;
	struct entry_recipient *recipients;

	if (e->count == e->cap) {
		recipients = reallocarray(e->recipients, cap, sizeof(*recipients));
		if (!recipients)
			return -1;
		e->recipients = recipients;
		e->cap = cap;
	}
	e->recipients[e->count] = (struct entry_recipient){.path = strdup(path)};
	if (!e->recipients[e->count].path)
		return -1;
	e->count++;
	return 0;
}

int64_t entry_since(const struct entry *e)
{
	int64_t arrived = e->arrived / 1000000;

	return e->release > arrived ? e->release : arrived;
}

size_t entry_count(const struct entry *e, enum entry_outcome outcome)
{
	size_t count = 0;

	for (size_t i = 0; i < e->count; i++)
		count += e->recipients[i].outcome == outcome;
	return count;
}

size_t entry_count_unreported(const struct entry *e)
{
	size_t count = 0;

	for (size_t i = 0; i < e->count; i++)
		count += e->recipients[i].outcome == ENTRY_FAILED && !e->recipients[i].reported;
	return count;
}

/* Reading. */

static int entry_damaged(const struct spool *s, const char *id, const char *why,
			 struct error *error)
{
	return error_set(error, ERROR_MESSAGE, STAGE_INPUT,
			 "the message %s in the queue %s is damaged: %s",
			 TEXT_SHOW(span_of(id)), TEXT_SHOW(span_of(spool_path(s))), why);
}

static int entry_read_error(const struct spool *s, const char *id, struct error *error)
{
	return error_set_errno(error, ERROR_TEMPORARY, STAGE_INPUT, errno,
			       "cannot read the message %s in the queue %s",
			       TEXT_SHOW(span_of(id)), TEXT_SHOW(span_of(spool_path(s))));
}

/* Opens the file of an entry (flags as for open(2)), whatever its state is. It may be renamed
 * while we look: then it is found the second time. Returns the descriptor, or -1 with errno. */
static int entry_open_any(struct spool *s, struct entry *e, int flags)
{
	static const enum entry_state order[] = {ENTRY_WAITING, ENTRY_MARKED, ENTRY_WAITING,
						 ENTRY_MARKED,  ENTRY_DEAD,   ENTRY_BAD};
	char name[SPOOL_NAME_SIZE];

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		int fd;

		e->state = order[i];
		spool_name(name, e->id, e->state);
		fd = spool_open_name(s, name, flags);
		if (fd >= 0 || errno != ENOENT)
			return fd;
	}
	return -1;
}

/* Reads len bytes at an offset. Returns 0; or -1 with errno, 0: the file is too short. */
static int entry_read_at(int fd, char *data, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pread(fd, data, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n < 0 ? errno : 0;
			return -1;
		}
		data += n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

/* The first line, and the envelope behind it as a slice of text, which holds it. */
static int entry_read_envelope(struct spool *s, struct entry *e, const struct stat *st,
			       struct buf *text, struct error *error)
{
	size_t size = st->st_size < ENTRY_FIRST ? (size_t)st->st_size : ENTRY_FIRST;
	const char *problem = NULL;
	struct form_line line;
	int version;

	if (buf_reserve(text, size))
		return error_set_memory(error);
	if (entry_read_at(e->fd, text->data, size, 0))
		return errno ? entry_read_error(s, e->id, error)
			     : entry_damaged(s, e->id, "it became shorter", error);
	version = form_read_line(&line, (struct span){text->data, size});
	if (version > 0)
		return error_set(error, ERROR_LOCAL, STAGE_INPUT,
				 "the message %s in the queue %s was written by a newer "
				 "pennypost",
				 e->id, TEXT_SHOW(span_of(spool_path(s))));
	if (version < 0)
		return entry_damaged(s, e->id, "its first line is none of ours", error);
	if ((uint64_t)st->st_size != FORM_LINE + line.envelope + line.message)
		return entry_damaged(s, e->id, "it has not the length that it says", error);
	e->size = line.message;
	e->checksum = line.crc;
	if (line.envelope > size - FORM_LINE) {
		if (buf_reserve(text, FORM_LINE + line.envelope))
			return error_set_memory(error);
		if (entry_read_at(e->fd, text->data, FORM_LINE + line.envelope, 0))
			return errno ? entry_read_error(s, e->id, error)
				     : entry_damaged(s, e->id, "it became shorter", error);
	}
	if (form_read_envelope(e, (struct span){text->data + FORM_LINE, line.envelope},
			       &problem))
		return problem ? entry_damaged(s, e->id, problem, error)
			       : error_set_memory(error);
	return 0;
}

/* The journal, if there is one. */
static int entry_read_journal(struct spool *s, struct entry *e, struct error *error)
{
	char name[SPOOL_NAME_SIZE];
	struct stat st;
	struct buf text;
	int failed = 0;
	int fd;

	spool_journal_name(name, e->id);
	fd = spool_open_file(s, name, O_RDONLY, &st);
	e->has_journal = fd >= 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : spool_open_error(s, name, error);
	buf_init(&text, ENTRY_JOURNAL_MAX);
	if (st.st_size > ENTRY_JOURNAL_MAX) {
		errno = EFBIG;
		failed = spool_open_error(s, name, error);
	} else if (buf_reserve(&text, (size_t)st.st_size)) {
		failed = error_set_memory(error);
	} else if (entry_read_at(fd, text.data, (size_t)st.st_size, 0)) {
		errno = errno ? errno : EAGAIN; /* it was cut off under our eyes */
		failed = spool_open_error(s, name, error);
	} else if (form_read_journal(e, (struct span){text.data, (size_t)st.st_size})) {
		failed = error_set_memory(error);
	}
	buf_clear(&text);
	close(fd);
	return failed;
}

/* All of an entry whose file is open. */
static int entry_read(struct spool *s, struct entry *e, const struct stat *st,
		      struct error *error)
{
	struct buf text;
	int failed;

	buf_init(&text, FORM_LINE + ENTRY_ENVELOPE_MAX);
	failed = entry_read_envelope(s, e, st, &text, error);
	buf_clear(&text);
	if (failed || entry_read_journal(s, e, error))
		return -1;
	form_noted(e);
	e->marked = e->state == ENTRY_MARKED ? (int64_t)st->st_ctim.tv_sec : 0;
	return 0;
}

/* Begins with an entry of that ID. Returns 1; 0: there is none; -1 with *error. */
static int entry_begin(struct spool *s, const char *id, struct entry *e, int flags,
		       struct error *error)
{
	char name[SPOOL_NAME_SIZE];

	entry_init(e);
	if (!spool_is_id(id))
		return 0;
	strlcpy(e->id, id, sizeof(e->id));
	e->fd = entry_open_any(s, e, flags);
	if (e->fd >= 0)
		return 1;
	if (errno == ENOENT)
		return 0;
	spool_name(name, e->id, e->state);
	return spool_open_error(s, name, error);
}

/* As spool_check_file() says. Returns 1, 0: gone, -1 with *error. */
static int entry_check(struct spool *s, struct entry *e, struct stat *st, struct error *error)
{
	char name[SPOOL_NAME_SIZE];

	if (spool_check_file(s, e->fd, st) == 0)
		return 1;
	if (errno == ENOENT)
		return 0;
	spool_name(name, e->id, e->state);
	return spool_open_error(s, name, error);
}

static void entry_close(struct entry *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}

/* Whether another process has an open file locked. */
static bool entry_is_locked(int fd)
{
	return flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

int entry_load(struct spool *s, const char *id, struct entry *e, struct error *error)
{
	struct stat st;
	int found = entry_begin(s, id, e, O_RDONLY, error);

	if (found > 0)
		found = entry_check(s, e, &st, error);
	if (found > 0 && entry_read(s, e, &st, error))
		found = -1;
	e->active = found > 0 && entry_is_locked(e->fd);
	entry_close(e);
	return found;
}

bool entry_is_active(struct spool *s, const char *id)
{
	struct error error;
	struct entry e;
	bool active = entry_begin(s, id, &e, O_RDONLY, &error) > 0 && entry_is_locked(e.fd);

	entry_close(&e);
	return active;
}

/* Locks the file. Who only asks whether it is locked has it shared, for a moment: that is
 * waited for. Returns 1, 0: somebody else's, -1 with errno. */
static int entry_flock(int fd)
{
	const struct timespec moment = {0, 1000000};

	for (int i = 0; i < 100; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 1;
		if (errno != EWOULDBLOCK)
			return -1;
		if (flock(fd, LOCK_SH | LOCK_NB) < 0)
			return errno == EWOULDBLOCK ? 0 : -1;
		flock(fd, LOCK_UN);
		nanosleep(&moment, NULL);
	}
	return 0;
}

/* Under which name the locked file is there now. Returns 1, 0: under none, -1 with errno. */
static int entry_find_name(struct spool *s, struct entry *e, const struct stat *st)
{
	const enum entry_state order[] = {e->state, ENTRY_WAITING, ENTRY_MARKED, ENTRY_DEAD,
					  ENTRY_BAD};
	char name[SPOOL_NAME_SIZE];
	struct stat named;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		spool_name(name, e->id, order[i]);
		if (fstatat(spool_fd(s), name, &named, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno != ENOENT)
				return -1;
			continue;
		}
		if (named.st_ino == st->st_ino && named.st_dev == st->st_dev) {
			e->state = order[i];
			return 1;
		}
	}
	return 0;
}

int entry_lock(struct spool *s, const char *id, struct entry *e, struct error *error)
{
	struct stat st;
	int found =
		entry_begin(s, id, e, O_RDWR, error); /* NFS locks only what can be written */
	bool failed = false;

	if (found > 0) {
		found = entry_flock(e->fd);
		failed = found < 0;
	}
	if (found > 0)
		found = entry_check(s, e, &st, error);
	if (found > 0) {
		found = entry_find_name(s, e, &st);
		failed = found < 0;
	}
	if (failed)
		entry_read_error(s, id, error);
	if (found > 0 && entry_read(s, e, &st, error) == 0)
		return 1;
	if (found > 0 && error->class == ERROR_MESSAGE) {
		e->has_journal = true;
		return -1;
	}
	entry_close(e);
	return found > 0 ? -1 : found;
}

/* The locked entry. */

int entry_open_message(struct entry *e, struct error *error)
{
	char *chunk = malloc(ENTRY_CHUNK);
	struct form_line line = {0};
	uint32_t crc = 0;
	off_t at = 0;
	ssize_t n = -1;

	if (!chunk)
		return error_set_memory(error);
	while ((n = pread(e->fd, chunk, ENTRY_CHUNK, at)) > 0) {
		size_t skip = at == 0 && n >= FORM_LINE ? FORM_LINE : 0;

		if (at == 0 && form_read_line(&line, (struct span){chunk, (size_t)n}) != 0)
			break;
		crc = crc_add(crc, chunk + skip, (size_t)n - skip);
		at += n;
	}
	free(chunk);
	if (n < 0 || lseek(e->fd, (off_t)(FORM_LINE + line.envelope), SEEK_SET) < 0)
		return error_set_errno(error, ERROR_TEMPORARY, STAGE_INPUT, errno,
				       "cannot read the message %s in the queue", e->id);
	if (n > 0 || line.crc != e->checksum || form_finish_crc(&line, crc) != line.crc ||
	    (uint64_t)at != FORM_LINE + line.envelope + line.message)
		return error_set(
			error, ERROR_MESSAGE, STAGE_INPUT,
			"the message %s in the queue is damaged: its checksum is wrong", e->id);
	return 0;
}

/* Renames, and takes no other file's place: where the system has nothing for that, by looking
 * first, which does among those who hold the entry's lock. */
static int entry_rename(const struct spool *s, const char *from, const char *to)
{
	struct stat st;

	if (rename_exclusive(spool_fd(s), from, to) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (fstatat(spool_fd(s), to, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(spool_fd(s), from, spool_fd(s), to);
}

static int entry_move(struct spool *s, struct entry *e, enum entry_state state,
		      struct error *error)
{
	char from[SPOOL_NAME_SIZE], to[SPOOL_NAME_SIZE];

	if (e->state == state)
		return 0;
	spool_name(from, e->id, e->state);
	spool_name(to, e->id, state);
	if (entry_rename(s, from, to) < 0)
		return error_set_errno(error, ERROR_TEMPORARY, STAGE_INPUT, errno,
				       "cannot rename %s to %s in the queue %s", from, to,
				       TEXT_SHOW(span_of(spool_path(s))));
	e->state = state;
	return 0;
}

int entry_mark(struct spool *s, struct entry *e, bool durable, struct error *error)
{
	if (e->state == ENTRY_MARKED && fchmod(e->fd, S_IRUSR | S_IWUSR) < 0)
		return error_set_errno(error, ERROR_TEMPORARY, STAGE_INPUT, errno,
				       "cannot mark the message %s in the queue %s anew", e->id,
				       TEXT_SHOW(span_of(spool_path(s))));
	if (entry_move(s, e, ENTRY_MARKED, error))
		return -1;
	e->marked = (int64_t)time(NULL);
	return durable ? spool_sync(s, error) : 0;
}

int entry_unmark(struct spool *s, struct entry *e, struct error *error)
{
	if (entry_move(s, e, ENTRY_WAITING, error))
		return -1;
	e->marked = 0;
	return 0;
}

int entry_bury(struct spool *s, struct entry *e, struct error *error)
{
	return entry_move(s, e, ENTRY_DEAD, error);
}

int entry_set_aside(struct spool *s, struct entry *e, struct error *error)
{
	return entry_move(s, e, ENTRY_BAD, error);
}

int entry_remove(struct spool *s, struct entry *e, struct error *error)
{
	char name[SPOOL_NAME_SIZE];

	spool_name(name, e->id, e->state);
	if (unlinkat(spool_fd(s), name, 0) < 0)
		return error_set_errno(error, ERROR_TEMPORARY, STAGE_INPUT, errno,
				       "cannot remove %s from the queue %s", name,
				       TEXT_SHOW(span_of(spool_path(s))));
	if (!e->has_journal)
		return 0;
	spool_journal_name(name, e->id);
	unlinkat(spool_fd(s), name, 0);
	return 0;
}
