/* Places on this machine: see place.h. */
#include "deliver/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

static bool place_may_pass(int number)
{
	static const int numbers[] = {ENOSPC, EDQUOT,    EIO,   EFBIG,  ENOMEM,
				      EMFILE, ENFILE,    EINTR, EAGAIN, ENOLCK,
				      ESTALE, ETIMEDOUT, EBUSY, ENOBUFS};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (number == numbers[i])
			return true;
	return false;
}

int place_fail(struct error *error, int number, const char *what)
{
	bool passes = place_may_pass(number);

	return error_set_errno(error, passes ? ERROR_TEMPORARY : ERROR_LOCAL,
			       passes ? STAGE_DATA : STAGE_CONFIG, number, "%s", what);
}

int place_check_owner(const struct stat *st, struct error *error)
{
	bool is_open = S_ISDIR(st->st_mode) && (st->st_mode & (S_IWGRP | S_IWOTH));

	if (geteuid() != 0)
		return 0;
	if (!S_ISDIR(st->st_mode) && st->st_nlink > 1)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "it has another name, too, and may be any file of root's that "
				 "somebody gave this one (a hard link)");
	if (st->st_uid == 0 && !is_open)
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			 "it %s, who could have root write elsewhere: deliver as its user",
			 is_open ? "can be written by others" : "belongs to another user");
}

int place_sync_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash && slash > path ? (size_t)(slash - path) : 1;
	char *parent = span_dup((struct span){path, len});
	int fd = -1, failed = -1, number;

	if (parent)
		fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		failed = fsync(fd);
	number = errno;
	if (fd >= 0)
		close(fd);
	free(parent);
	errno = number;
	return failed;
}
