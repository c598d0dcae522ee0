/* One message at the end of an mbox file: see mbox.h. */
#include "deliver/mbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "deliver/place.h"

enum { MBOX_PAUSE = 50 /* milliseconds between attempts to lock */ };

/* A FIFO or device is not waited for, and then refused. */
static int mbox_open(struct mbox *m)
{
	static const int flags =
		O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

	m->fd = open(m->path, flags);
	if (m->fd >= 0 || errno != ENOENT)
		return m->fd < 0 ? -1 : 0;
	m->fd = open(m->path, flags | O_CREAT | O_EXCL, 0600);
	m->made = m->fd >= 0;
	if (m->fd < 0 && errno == EEXIST)
		m->fd = open(m->path, flags);
	return m->fd < 0 ? -1 : 0;
}

static int mbox_check(const struct mbox *m, struct error *error)
{
	struct stat st;

	if (fstat(m->fd, &st))
		return place_fail(error, errno, "cannot look at it");
	if (!S_ISREG(st.st_mode))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "it is not a regular file");
	return place_check_owner(&st, error);
}

/* Both locks or none, so that nobody waits for us who has the other. Returns 1; 0: somebody has
 * one; -1 with errno. */
static int mbox_try_lock(const struct mbox *m)
{
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int number;

	if (fcntl(m->fd, F_SETLK, &range))
		return errno == EACCES || errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (flock(m->fd, LOCK_EX | LOCK_NB) == 0)
		return 1;
	number = errno;
	range.l_type = F_UNLCK;
	fcntl(m->fd, F_SETLK, &range);
	errno = number;
	return number == EWOULDBLOCK || number == EINTR ? 0 : -1;
}

static int mbox_lock(const struct mbox *m, int64_t deadline, struct error *error)
{
	int locked;

	while ((locked = mbox_try_lock(m)) == 0 && clock_left(deadline) != 0)
		clock_poll(-1, 0, clock_in(MBOX_PAUSE));
	if (locked > 0)
		return 0;
	if (locked < 0)
		return place_fail(error, errno, "cannot lock it");
	error_set(error, ERROR_TEMPORARY, STAGE_DATA, "another program keeps it locked");
	error->number = ETIMEDOUT;
	return -1;
}

/* Whether the name still leads to the file that is locked: another program may have put a new
 * one in its place. */
static bool mbox_is_current(const struct mbox *m)
{
	struct stat mine, named;

	return fstat(m->fd, &mine) == 0 && lstat(m->path, &named) == 0 &&
	       mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

/* An empty line sets us off from whatever there is. */
static int mbox_find_gap(struct mbox *m, size_t *gap)
{
	char last[2] = "\n\n";
	size_t looked;

	m->before = lseek(m->fd, 0, SEEK_END);
	if (m->before < 0)
		return -1;
	looked = m->before < 2 ? (size_t)m->before : 2;
	if (looked > 0 && pread(m->fd, last + 2 - looked, looked, m->before - (off_t)looked) !=
				  (ssize_t)looked)
		return -1;
	*gap = last[1] != '\n' ? 2 : last[0] != '\n';
	return 0;
}

int mbox_write(struct mbox *m, struct span bytes, struct error *error)
{
	if (file_write_all(m->fd, bytes.data, bytes.len) == 0)
		return 0;
	return place_fail(error, errno, "cannot write to it");
}

/* From here on the file is not whole. */
static int mbox_start(struct mbox *m, struct error *error)
{
	sigset_t all;
	size_t gap;

	if (mbox_find_gap(m, &gap))
		return place_fail(error, errno, "cannot read it");
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &m->signals);
	m->begun = true;
	return mbox_write(m, (struct span){"\n\n", gap}, error);
}

int mbox_begin(struct mbox *m, const char *path, int64_t deadline, struct error *error)
{
	*m = (struct mbox){.path = path, .fd = -1};
	for (;;) {
		if (mbox_open(m))
			return place_fail(error, errno,
					  errno == ELOOP ? "it is a symbolic link"
							 : "cannot open it");
		if (mbox_check(m, error) || mbox_lock(m, deadline, error))
			return -1;
		if (mbox_is_current(m))
			return mbox_start(m, error);
		close(m->fd);
		m->fd = -1;
		if (clock_left(deadline) == 0) {
			errno = EBUSY;
			return place_fail(error, errno, "cannot open it");
		}
	}
}

static void mbox_settle(struct mbox *m)
{
	if (m->begun)
		sigprocmask(SIG_SETMASK, &m->signals, NULL);
	m->begun = false;
}

int mbox_finish(struct mbox *m, struct error *error)
{
	if (fsync(m->fd) || (m->made && place_sync_parent(m->path)))
		return place_fail(error, errno, "cannot write to it");
	mbox_settle(m);
	return 0;
}

int mbox_end(struct mbox *m)
{
	int failed = 0, number;

	if (m->begun)
		failed = ftruncate(m->fd, m->before);
	number = errno;
	mbox_settle(m);
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
	errno = number;
	return failed;
}
