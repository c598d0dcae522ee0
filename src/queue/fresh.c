/* Files that appear whole: see fresh.h. */
#include "queue/fresh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rename.h"

enum { FRESH_TRIES = 100 };

void fresh_init(struct fresh *f)
{
	*f = (struct fresh){.fd = -1};
}

/* Locks the file just made. Returns 1; 0: somebody took it for a leftover first; -1. */
static int fresh_lock(struct fresh *f)
{
	struct stat st;

	if (flock(f->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : -1;
	if (fstat(f->fd, &st) < 0)
		return -1;
	return st.st_nlink > 0;
}

int fresh_open_named(struct fresh *f, struct spool *s)
{
	fresh_init(f);
	for (int i = 0; i < FRESH_TRIES; i++) {
		int locked;

		snprintf(f->name, sizeof(f->name), ".tmp-%08x%08x", arc4random(), arc4random());
		f->fd = openat(spool_fd(s), f->name,
			       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (f->fd < 0 && errno == EEXIST)
			continue;
		locked = f->fd < 0 ? -1 : fresh_lock(f);
		if (locked > 0)
			return 0;
		if (f->fd < 0)
			f->name[0] = '\0';
		fresh_drop(f, s);
		if (locked < 0)
			return -1;
	}
	errno = EEXIST;
	return -1;
}

/* Whether the errno of an open with O_TMPFILE, or of a link, says that it cannot be done here
 * at all: a file system without it, an old kernel (which takes it for a directory), no /proc.
 */
static bool fresh_is_impossible(int number)
{
	return number == EOPNOTSUPP || number == EISDIR || number == ENOENT ||
	       number == EINVAL || number == ENOSYS || number == ENOTDIR || number == EPERM ||
	       number == EACCES || number == EXDEV || number == ELOOP;
}

int fresh_open(struct fresh *f, struct spool *s)
{
	fresh_init(f);
	if (!spool_takes_tmpfile(s))
		return fresh_open_named(f, s);
	f->fd = openat(spool_fd(s), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (f->fd >= 0)
		return 0;
	if (!fresh_is_impossible(errno))
		return -1;
	spool_refuse_tmpfile(s);
	return fresh_open_named(f, s);
}

/* A name for a file without one. Without the path through /proc it is for those who may read
 * everything, and for all since Linux 6.10. */
static int fresh_link_unnamed(int fd, int directory, const char *name)
{
	char path[40];

	if (linkat(fd, "", directory, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOENT && errno != EINVAL && errno != EPERM)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW);
}

/* Writes all of from into to, from the start, durably. */
static int fresh_copy(int from, int to)
{
	char *chunk = malloc(65536);
	off_t at = 0;
	ssize_t n = -1;

	while (chunk && (n = pread(from, chunk, 65536, at)) > 0) {
		if (file_write_all(to, chunk, (size_t)n)) {
			n = -1;
			break;
		}
		at += n;
	}
	free(chunk);
	return n < 0 ? -1 : fsync(to);
}

/* Makes a file without a name one with a name for the while. */
static int fresh_give_name(struct fresh *f, struct spool *s)
{
	struct fresh named;

	if (fresh_open_named(&named, s))
		return -1;
	if (fresh_copy(f->fd, named.fd)) {
		fresh_drop(&named, s);
		return -1;
	}
	close(f->fd);
	*f = named;
	return 0;
}

/* From its passing name to its own, where nothing may stand. From there on it is no leftover,
 * and whoever wants to lock it may. */
static int fresh_rename(struct fresh *f, int directory, const char *name)
{
	if (rename_exclusive(directory, f->name, name) < 0) {
		if (errno != EINVAL && errno != ENOSYS)
			return -1;
		if (linkat(directory, f->name, directory, name, 0) < 0)
			return -1;
		unlinkat(directory, f->name, 0);
	}
	f->name[0] = '\0';
	flock(f->fd, LOCK_UN);
	return 0;
}

int fresh_link(struct fresh *f, struct spool *s, const char *name)
{
	if (f->name[0])
		return fresh_rename(f, spool_fd(s), name);
	if (fresh_link_unnamed(f->fd, spool_fd(s), name) == 0)
		return 0;
	if (!fresh_is_impossible(errno))
		return -1;
	spool_refuse_tmpfile(s);
	if (fresh_give_name(f, s))
		return -1;
	return fresh_rename(f, spool_fd(s), name);
}

int fresh_replace(struct fresh *f, struct spool *s, const char *name)
{
	if (renameat(spool_fd(s), f->name, spool_fd(s), name) < 0)
		return -1;
	f->name[0] = '\0';
	return 0;
}

int fresh_close(struct fresh *f)
{
	int fd = f->fd;

	f->fd = -1;
	return close(fd);
}

void fresh_drop(struct fresh *f, struct spool *s)
{
	int number = errno;

	if (f->name[0])
		unlinkat(spool_fd(s), f->name, 0);
	if (f->fd >= 0)
		close(f->fd);
	fresh_init(f);
	errno = number;
}
