/* One message into a Maildir: see maildir.h. */
#include "deliver/maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "deliver/place.h"
#include "net/hostname.h"

enum { MAILDIR_TRIES = 20, MAILDIR_HOST_MAX = 128 };

/* The directory itself, made where it is missing. */
static int maildir_open_top(struct maildir *m)
{
	m->top = open(m->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->top >= 0 || errno != ENOENT)
		return m->top < 0 ? -1 : 0;
	if ((mkdir(m->path, 0700) && errno != EEXIST) || place_sync_parent(m->path))
		return -1;
	m->top = open(m->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return m->top < 0 ? -1 : 0;
}

/* Its three, made where they are missing. */
static int maildir_open_folders(struct maildir *m)
{
	static const char *const names[] = {"tmp", "new", "cur"};
	bool made = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (mkdirat(m->top, names[i], 0700) == 0)
			made = true;
		else if (errno != EEXIST)
			return -1;
	}
	if (made && fsync(m->top))
		return -1;
	m->tmp = openat(m->top, "tmp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	m->new = openat(m->top, "new", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return m->tmp < 0 || m->new < 0 ? -1 : 0;
}

/* Time, process, count, random bits and host. In the last "/" and ":" are written as maildir(5)
 * says, because they mean something in the name of a file. */
static void maildir_make_name(struct maildir *m)
{
	static unsigned count;
	struct timeval now;
	struct buf host, name;

	buf_init(&host, 256);
	buf_init(&name, MAILDIR_NAME_MAX);
	hostname_short(&host);
	if (host.len == 0)
		buf_add_string(&host, "localhost");
	gettimeofday(&now, NULL);
	buf_printf(&name, "%lld.M%06ldP%ldQ%uR%08x.", (long long)now.tv_sec, (long)now.tv_usec,
		   (long)getpid(), ++count, arc4random());
	for (size_t i = 0; i < host.len && i < MAILDIR_HOST_MAX; i++) {
		if (host.data[i] == '/' || host.data[i] == ':')
			buf_add_string(&name, host.data[i] == '/' ? "\\057" : "\\072");
		else
			buf_add_char(&name, host.data[i]);
	}
	snprintf(m->name, sizeof(m->name), "%s", name.data);
	buf_clear(&host);
	buf_clear(&name);
}

/* A file that nobody else has, in tmp. */
static int maildir_open_file(struct maildir *m)
{
	for (int i = 0; i < MAILDIR_TRIES; i++) {
		maildir_make_name(m);
		m->fd = openat(m->tmp, m->name,
			       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (m->fd >= 0 || errno != EEXIST)
			break;
	}
	return m->fd < 0 ? -1 : 0;
}

/* A link that is not root's leads root nowhere. The name is looked at when the directory is
 * open, so that nothing can be put in its place between. */
static int maildir_check_link(const struct maildir *m, const struct stat *top,
			      struct error *error)
{
	struct stat named;

	if (geteuid() != 0)
		return 0;
	if (lstat(m->path, &named))
		return place_fail(error, errno, "cannot look at it");
	if (S_ISLNK(named.st_mode) ? named.st_uid == 0
				   : named.st_dev == top->st_dev && named.st_ino == top->st_ino)
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			 "it is a symbolic link of another user: deliver as that user");
}

/* Only the last part of a path is made: a mistyped one, or a disk that is not there, must not
 * become a tree where nobody looks. */
static int maildir_fail_parent(const char *path, struct error *error)
{
	size_t len = strlen(path);

	while (len > 0 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	return error_set(
		error, ERROR_LOCAL, STAGE_CONFIG,
		"cannot open it: %s: %s must be there, as only the last part of a path is "
		"made",
		strerror(ENOENT),
		len > 0 ? TEXT_SHOW(((struct span){path, len})) : "what is above it");
}

int maildir_begin(struct maildir *m, const char *path, struct error *error)
{
	struct stat st;

	*m = (struct maildir){.path = path, .top = -1, .tmp = -1, .new = -1, .fd = -1};
	if (maildir_open_top(m) || fstat(m->top, &st))
		return errno == ENOENT ? maildir_fail_parent(path, error)
				       : place_fail(error, errno, "cannot open it");
	if (place_check_owner(&st, error) || maildir_check_link(m, &st, error))
		return -1;
	if (maildir_open_folders(m))
		return place_fail(error, errno, "cannot open its folders");
	return maildir_open_file(m) ? place_fail(error, errno, "cannot make a file in it") : 0;
}

int maildir_write(struct maildir *m, struct span bytes, struct error *error)
{
	if (file_write_all(m->fd, bytes.data, bytes.len) == 0)
		return 0;
	return place_fail(error, errno, "cannot write to it");
}

/* Gives the file its name in new. Where there are no links, a rename does: nobody has the name.
 */
static int maildir_link(struct maildir *m)
{
	if (linkat(m->tmp, m->name, m->new, m->name, 0) == 0) {
		unlinkat(m->tmp, m->name, 0);
		return 0;
	}
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK)
		return -1;
	return renameat(m->tmp, m->name, m->new, m->name);
}

int maildir_finish(struct maildir *m, struct error *error)
{
	int failed = fsync(m->fd), number;

	if (failed)
		return place_fail(error, errno, "cannot write to it");
	failed = close(m->fd);
	m->fd = -1;
	if (!failed)
		failed = maildir_link(m);
	if (failed) {
		number = errno;
		unlinkat(m->tmp, m->name, 0);
	} else if (fsync(m->new)) {
		number = errno;
		unlinkat(m->new, m->name, 0);
	} else {
		return 0;
	}
	errno = number;
	return place_fail(error, errno, "cannot write to it");
}

void maildir_end(struct maildir *m)
{
	const int all[] = {m->fd, m->tmp, m->new, m->top};

	if (m->fd >= 0)
		unlinkat(m->tmp, m->name, 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] >= 0)
			close(all[i]);
	m->fd = m->tmp = m->new = m->top = -1;
}
