/* The directory of what waits, and its locks: see spool.h. */
#include "queue/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/chars.h"
#include "base/file.h"
#include "base/text.h"

enum {
	SPOOL_PATH_MAX = 4096,
	SPOOL_ID_MIN = 10,
	SPOOL_SETTLED =
		30 * 1000000 /* nanoseconds: more than a tick of a file system's clock */
};

struct spool {
	int fd;
	char *path;
	uid_t uid;
	bool no_tmpfile;
	int locks[2]; /* -1: not held */
};

static const char *const lock_names[] = {
	[SPOOL_LOCK_RUN] = "lock", [SPOOL_LOCK_WAIT] = "waiter"};

static const struct {
	const char *suffix;
	enum entry_state state;
} suffixes[] = {
	{".msg", ENTRY_WAITING},
	{".end", ENTRY_MARKED},
	{".dead", ENTRY_DEAD},
	{".bad", ENTRY_BAD},
};

const char *spool_path(const struct spool *s)
{
	return s->path;
}

int spool_fd(const struct spool *s)
{
	return s->fd;
}

uid_t spool_uid(const struct spool *s)
{
	return s->uid;
}

const char *spool_lock_name(enum spool_lock which)
{
	return lock_names[which];
}

bool spool_takes_tmpfile(const struct spool *s)
{
	return !s->no_tmpfile;
}

void spool_refuse_tmpfile(struct spool *s)
{
	s->no_tmpfile = true;
}

bool spool_is_user(const char *name, uid_t *uid)
{
	const char *wrong = NULL;
	long long number = strtonum(name, 0, UINT32_MAX - 1, &wrong);
	char again[32];

	*uid = (uid_t)number;
	snprintf(again, sizeof(again), "%lld", number);
	return !wrong && strcmp(name, again) == 0;
}

bool spool_is_id(const char *word)
{
	size_t len = strlen(word);

	if (len < SPOOL_ID_MIN || len > SPOOL_ID_MAX || word[0] < 'a' || word[0] > 'z')
		return false;
	for (size_t i = 1; i < len; i++)
		if (!chars_is(word[i], CHARS_DIGIT) && (word[i] < 'a' || word[i] > 'z'))
			return false;
	return true;
}

void spool_name(char name[SPOOL_NAME_SIZE], const char *id, enum entry_state state)
{
	snprintf(name, SPOOL_NAME_SIZE, "%s%s", id, suffixes[state].suffix);
}

bool spool_state_of(const char *suffix, enum entry_state *state)
{
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strcmp(suffix, suffixes[i].suffix) == 0) {
			*state = suffixes[i].state;
			return true;
		}
	return false;
}

void spool_journal_name(char name[SPOOL_NAME_SIZE], const char *id)
{
	snprintf(name, SPOOL_NAME_SIZE, "%s.log", id);
}

/* Where to look. */

/* Whether the home directory is his own and can be written. */
static bool spool_home_is_good(const struct spool_place *place)
{
	struct stat st;

	return place->home && place->home[0] == '/' && stat(place->home, &st) == 0 &&
	       S_ISDIR(st.st_mode) && st.st_uid == place->uid &&
	       faccessat(AT_FDCWD, place->home, W_OK | X_OK, AT_EACCESS) == 0;
}

/* The path of the queue, and how many of its last parts may be made. */
static int spool_choose(const struct spool_place *place, struct buf *path)
{
	if (place->configured) {
		buf_add_string(path, place->configured);
		while (path->len > 1 && path->data[path->len - 1] == '/')
			buf_truncate(path, path->len - 1);
		return 2;
	}
	if (spool_home_is_good(place)) {
		if (place->state_home && place->state_home[0] == '/')
			buf_add_string(path, place->state_home);
		else
			buf_printf(path, "%s/.local/state", place->home);
		buf_add_string(path, "/pennypost/queue");
		return 64;
	}
	buf_printf(path, "%s/%lu", place->system_dir ? place->system_dir : SPOOL_SYSTEM_DIR,
		   (unsigned long)place->uid);
	return 1;
}

static int spool_refuse(const char *path, const char *why, const char *mend,
			struct error *error)
{
	error_set(error, ERROR_LOCAL, STAGE_CONFIG, "cannot use the queue %s: it %s: %s",
		  TEXT_SHOW(span_of(path)), why, mend);
	error->number = EPERM;
	return -1;
}

/* The directory above the queues of all users, and what makes or mends it. */
static const char *spool_parent(const struct spool_place *place, char *mend, size_t size)
{
	const char *parent = place->system_dir ? place->system_dir : SPOOL_SYSTEM_DIR;

	snprintf(mend, size,
		 "as root, install -d -m 1733 %s, or say another place with queue_dir",
		 TEXT_SHOW(span_of(parent)));
	return parent;
}

/* Whether that directory can be trusted: nobody but root may be able to put another directory
 * in the place of a queue. */
static int spool_check_parent(const struct spool_place *place, struct error *error)
{
	char mend[600];
	const char *parent = spool_parent(place, mend, sizeof(mend));
	struct stat st;

	if (stat(parent, &st) < 0) {
		error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
				"there is no place for a queue: cannot look at %s",
				TEXT_SHOW(span_of(parent)));
		error_append(error, ": ");
		return error_append(error, mend);
	}
	if (!S_ISDIR(st.st_mode))
		return spool_refuse(parent, "is no directory", mend, error);
	if (st.st_uid != 0 && st.st_uid != place->uid)
		return spool_refuse(parent, "does not belong to root", mend, error);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX))
		return spool_refuse(parent, "lets anybody rename what is in it", mend, error);
	return 0;
}

/* Makes one directory, whose name will outlive a power cut: at best by the directory that it is
 * in, which not everybody may read, else with all of the file system. */
static int spool_make_one(const char *path)
{
	int fd, parent;
	int result;

	if (mkdir(path, 0700) < 0)
		return errno == EEXIST ? 0 : -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	result = parent >= 0 ? fsync(parent) : syncfs(fd);
	if (result < 0 && errno == EINVAL)
		result = 0;
	if (parent >= 0)
		close(parent);
	close(fd);
	return result;
}

/* Makes the last parts of the path that are missing, at the most so many of them. Returns 0, or
 * -1 with errno. */
static int spool_make(char *path, int parts)
{
	char *slash = strrchr(path, '/');
	int result = spool_make_one(path);

	if (result == 0 || errno != ENOENT || parts <= 1 || !slash || slash == path)
		return result;
	*slash = '\0';
	result = spool_make(path, parts - 1);
	*slash = '/';
	return result < 0 ? -1 : spool_make_one(path);
}

static int spool_refuse_owner(const struct spool *s, uid_t owner, struct error *error)
{
	char why[80];
	char mend[600];

	snprintf(why, sizeof(why), "belongs to user %lu", (unsigned long)owner);
	snprintf(mend, sizeof(mend),
		 "mv %s out of the way, or say another place with queue_dir",
		 TEXT_SHOW(span_of(s->path)));
	return spool_refuse(s->path, why, mend, error);
}

/* Whether the directory is ours alone. */
static int spool_check(const struct spool *s, struct error *error)
{
	const char *path = s->path;
	char mend[600];
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
				       "cannot look at the queue %s", TEXT_SHOW(span_of(path)));
	if (st.st_uid != s->uid)
		return spool_refuse_owner(s, st.st_uid, error);
	if (st.st_mode & (S_IRWXG | S_IRWXO)) {
		snprintf(mend, sizeof(mend), "chmod 700 %s", TEXT_SHOW(span_of(path)));
		return spool_refuse(path, "is open to others", mend, error);
	}
	return 0;
}

/* Opens the directory. Returns 1; 0 when there is none; -1 with *error. */
static int spool_open_directory(struct spool *s, struct error *error)
{
	struct stat st;
	char mend[600];
	int number;

	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->fd >= 0)
		return spool_check(s, error) ? -1 : 1;
	number = errno;
	if (number == ENOENT)
		return 0;
	if ((number == ELOOP || number == ENOTDIR) && lstat(s->path, &st) == 0) {
		if (!S_ISLNK(st.st_mode))
			return spool_refuse(s->path, "is no directory",
					    "move it out of the way, or say a directory with "
					    "queue_dir",
					    error);
		snprintf(mend, sizeof(mend),
			 "rm %s, or say the directory itself with queue_dir",
			 TEXT_SHOW(span_of(s->path)));
		return spool_refuse(s->path, "is a link", mend, error);
	}
	if (number == EACCES && lstat(s->path, &st) == 0 && st.st_uid != s->uid)
		return spool_refuse_owner(s, st.st_uid, error);
	return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, number,
			       "cannot open the queue %s", TEXT_SHOW(span_of(s->path)));
}

/* Makes the directory and opens it. Returns 1, or -1 with *error. */
static int spool_make_and_open(struct spool *s, const struct spool_place *place, int parts,
			       struct error *error)
{
	char mend[600] = "say another place with queue_dir";
	int found;

	if (parts == 1)
		spool_parent(place, mend, sizeof(mend));
	if (spool_make(s->path, parts)) {
		error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
				"cannot make the queue %s", TEXT_SHOW(span_of(s->path)));
		error_append(error, ": ");
		return error_append(error, mend);
	}
	found = spool_open_directory(s, error);
	if (found == 0)
		return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, ENOENT,
				       "cannot open the queue %s", TEXT_SHOW(span_of(s->path)));
	return found;
}

int spool_open(struct spool **spool, const struct spool_place *place, bool create,
	       struct error *error)
{
	struct spool *s = calloc(1, sizeof(*s));
	struct buf path;
	int found = -1;
	int parts;

	*spool = NULL;
	if (!s)
		return error_set_memory(error);
	*s = (struct spool){-1, NULL, place->uid, place->no_tmpfile, {-1, -1}};
	buf_init(&path, SPOOL_PATH_MAX);
	parts = spool_choose(place, &path);
	s->path = buf_take(&path);
	if (!s->path || s->path[0] != '/')
		error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			  "the path of the queue is too long, or does not begin with /");
	else if (parts > 1 || !create || spool_check_parent(place, error) == 0)
		found = spool_open_directory(s, error);
	if (found == 0 && create)
		found = spool_make_and_open(s, place, parts, error);
	if (found > 0)
		*spool = s;
	else
		spool_free(s);
	return found < 0 ? -1 : 0;
}

void spool_free(struct spool *s)
{
	if (!s)
		return;
	spool_disown(s);
	if (s->fd >= 0)
		close(s->fd);
	free(s->path);
	free(s);
}

/* Files. */

int spool_open_name(const struct spool *s, const char *name, int flags)
{
	return openat(s->fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		      0600);
}

int spool_check_file(const struct spool *s, int fd, struct stat *st)
{
	if (fstat(fd, st) < 0)
		return -1;
	errno = EPERM;
	if (!S_ISREG(st->st_mode) || st->st_uid != s->uid ||
	    (st->st_mode & (S_IWGRP | S_IWOTH)) || st->st_nlink > 1)
		return -1;
	errno = ENOENT;
	return st->st_nlink == 1 ? 0 : -1;
}

int spool_open_file(const struct spool *s, const char *name, int flags, struct stat *st)
{
	int fd = spool_open_name(s, name, flags);
	int number;

	if (fd < 0 || spool_check_file(s, fd, st) == 0)
		return fd;
	number = errno;
	close(fd);
	errno = number;
	return -1;
}

int spool_open_error(const struct spool *s, const char *name, struct error *error)
{
	int number = errno;

	if (number == EPERM || number == ELOOP || number == ENXIO || number == EISDIR) {
		error_set(error, ERROR_LOCAL, STAGE_INPUT,
			  "%s in the queue %s is passed over: it is no plain file, or a link, "
			  "or others can write it",
			  TEXT_SHOW(span_of(name)), TEXT_SHOW(span_of(s->path)));
		error->number = number;
		return -1;
	}
	return error_set_errno(error, ERROR_TEMPORARY, STAGE_INPUT, number,
			       "cannot open %s in the queue %s", TEXT_SHOW(span_of(name)),
			       TEXT_SHOW(span_of(s->path)));
}

int spool_lock(struct spool *s, enum spool_lock which, struct error *error)
{
	struct stat st;
	int number;
	int fd;

	if (s->locks[which] >= 0)
		return 1;
	fd = spool_open_file(s, lock_names[which], O_RDWR | O_CREAT, &st);
	if (fd < 0)
		return spool_open_error(s, lock_names[which], error);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		s->locks[which] = fd;
		return 1;
	}
	number = errno;
	close(fd);
	if (number == EWOULDBLOCK)
		return 0;
	return error_set_errno(error, ERROR_LOCAL, STAGE_INPUT, number,
			       "cannot lock the queue %s", TEXT_SHOW(span_of(s->path)));
}

void spool_unlock(struct spool *s, enum spool_lock which)
{
	if (s->locks[which] < 0)
		return;
	flock(s->locks[which], LOCK_UN);
	close(s->locks[which]);
	s->locks[which] = -1;
}

void spool_disown(struct spool *s)
{
	for (size_t i = 0; i < sizeof(s->locks) / sizeof(s->locks[0]); i++) {
		if (s->locks[i] >= 0)
			close(s->locks[i]);
		s->locks[i] = -1;
	}
}

int spool_sync(struct spool *s, struct error *error)
{
	/* EINVAL: a file system that has no such thing for directories. */
	if (fsync(s->fd) == 0 || errno == EINVAL)
		return 0;
	return error_set_errno(error, ERROR_TEMPORARY, STAGE_INPUT, errno,
			       "cannot write the queue %s to its disk",
			       TEXT_SHOW(span_of(s->path)));
}

int spool_changed(const struct spool *s, struct timespec *when)
{
	struct timespec now;
	struct stat st;
	int64_t age;

	if (fstat(s->fd, &st) < 0)
		return -1;
	*when = st.st_mtim;
	clock_gettime(CLOCK_REALTIME, &now);
	age = (int64_t)now.tv_sec - st.st_mtim.tv_sec;
	if (age >= 0 && age <= 1 &&
	    age * 1000000000 + now.tv_nsec - st.st_mtim.tv_nsec < SPOOL_SETTLED)
		*when = now;
	return 0;
}

bool spool_is_changed(const struct spool *s, struct timespec since)
{
	struct timespec now;

	return spool_changed(s, &now) || timespeccmp(&now, &since, !=);
}

/* It may be renamed while we look: the first state comes again at the end. */
bool spool_has(const struct spool *s, const char *id)
{
	static const enum entry_state order[] = {ENTRY_WAITING, ENTRY_MARKED, ENTRY_DEAD,
						 ENTRY_BAD, ENTRY_WAITING};
	char name[SPOOL_NAME_SIZE];
	struct stat st;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		spool_name(name, id, order[i]);
		if (fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
			return true;
	}
	return false;
}
