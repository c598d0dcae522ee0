/* Files and descriptors: see file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

int file_open(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int number;

	if (fd < 0)
		return -1;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	number = S_ISREG(st->st_mode) ? errno : EINVAL;
	close(fd);
	errno = number;
	return -1;
}

int file_open_error(const char *path, struct error *error)
{
	if (errno == EINVAL)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "cannot open %s: it is not a regular file",
				 TEXT_SHOW(span_of(path)));
	return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno, "cannot open %s",
			       TEXT_SHOW(span_of(path)));
}

int file_check_writers(const char *path, const struct stat *st, const char *what,
		       struct error *error)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"%s is owned by user %ld and not by you or root, who alone may "
			"send %s elsewhere: chown it, or copy it",
			TEXT_SHOW(span_of(path)), (long)st->st_uid, what);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s can be written by %s, who could send %s elsewhere: "
				 "chmod go-w %s",
				 TEXT_SHOW(span_of(path)),
				 st->st_mode & S_IWOTH ? "everybody" : "its group", what,
				 TEXT_SHOW(span_of(path)));
	return 0;
}

int file_read_all(int fd, struct buf *out)
{
	enum { CHUNK = 4096 };
	char chunk[CHUNK];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
		if (n > 0 && !buf_failed(out))
			continue;
		explicit_bzero(chunk, sizeof(chunk));
		if (n == 0)
			return 0;
		if (n > 0)
			errno = out->max - out->len < (size_t)n ? EFBIG : ENOMEM;
		return -1;
	}
}

int file_load(const char *path, struct buf *out, struct error *error)
{
	struct stat st = {0};
	int fd = file_open(path, &st);
	int failed;
	int number;

	if (fd < 0)
		return file_open_error(path, error);
	failed = file_read_all(fd, out);
	number = errno;
	close(fd);
	if (failed)
		return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, number,
				       "cannot read %s", TEXT_SHOW(span_of(path)));
	return 0;
}

int file_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_make_parents(const char *path, mode_t mode)
{
	char *copy = strdup(path);
	int failed = copy ? 0 : -1;

	for (char *slash = copy && *copy ? strchr(copy + 1, '/') : NULL; slash && !failed;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		failed = mkdir(copy, mode) ? errno != EEXIST : chmod(copy, mode);
		*slash = '/';
	}
	free(copy);
	return failed ? -1 : 0;
}

/* A directory by openat(2), if it is the user's and not for everybody to write. */
static int file_open_own(int above, const char *path, int flags)
{
	int fd = openat(above, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || st.st_uid != geteuid() || st.st_mode & S_IWOTH)) {
		close(fd);
		errno = EPERM;
		fd = -1;
	}
	return fd;
}

int file_open_own_directory(struct span path, int parts)
{
	char *copy = span_dup(path);
	int fd = copy ? file_open_own(AT_FDCWD, copy, 0) : -1;
	const char *slash = copy ? strrchr(copy, '/') : NULL;
	int above;

	if (fd < 0 && errno == ENOENT && slash && slash > copy && parts > 0) {
		path.len = (size_t)(slash - copy);
		above = file_open_own_directory(path, parts - 1);
		if (above >= 0 && (mkdirat(above, slash + 1, 0700) == 0 || errno == EEXIST))
			fd = file_open_own(above, slash + 1, O_NOFOLLOW);
		if (above >= 0)
			close(above);
	}
	free(copy);
	return fd;
}

/* For file systems without O_TMPFILE: a name that is gone before anybody can want it. */
static int file_unlinked(const char *directory)
{
	struct buf path;
	int fd = -1;

	buf_init(&path, 4096);
	buf_printf(&path, "%s/pennypost.XXXXXXXXXX", directory);
	if (!buf_failed(&path)) {
		fd = mkostemp(path.data, O_CLOEXEC);
		if (fd >= 0)
			unlink(path.data);
	} else {
		errno = ENAMETOOLONG;
	}
	buf_clear(&path);
	return fd;
}

int file_temporary(const char *directory)
{
	const char *const places[] = {directory, "/tmp", "/var/tmp", "/dev/shm"};
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		if (!places[i] || places[i][0] != '/')
			continue;
		fd = open(places[i], O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
		if (fd < 0)
			fd = file_unlinked(places[i]);
	}
	return fd;
}
