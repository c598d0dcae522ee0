/*
 * Files and descriptors: every one is opened O_CLOEXEC, every short read or write is finished.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* Opens for reading a regular file and fills *st from the descriptor. Returns the descriptor,
 * or -1 with errno (EINVAL: not a regular file). A FIFO or device is refused without waiting.
 */
int file_open(const char *path, struct stat *st);
/* Says that path cannot be opened, by errno as file_open() left it. Returns -1 with *error
 * (local, stage config). */
int file_open_error(const char *path, struct error *error);
/* Whether the opened file is owned by root or the user and nobody else can write it; if not, he
 * could decide where `what` ("mail") goes. Returns 0, or -1 with *error (local, stage config)
 * that names the command to put it right. */
int file_check_writers(const char *path, const struct stat *st, const char *what,
		       struct error *error);
/* Appends what is left of fd to out. Returns 0, or -1 with errno (EFBIG: past the ceiling). */
int file_read_all(int fd, struct buf *out);
/* Reads a regular file whole into a freshly initialised out. Returns 0; on failure -1 with
 * *error of class local, stage config. */
int file_load(const char *path, struct buf *out, struct error *error);
/* Writes all of it, over EINTR and short writes. Returns 0, or -1 with errno. */
int file_write_all(int fd, const void *data, size_t len);
/* Makes the directories above path that are missing, whatever the umask. Returns 0, or -1 with
 * errno. */
int file_make_parents(const char *path, mode_t mode);
/* Opens a directory that is the user's and that not everybody can write. Those of its last
 * `parts` parts that are missing are made, for him alone, below the first that is there, if
 * that is his, too: so no path leads into what is somebody else's. Returns the descriptor, or
 * -1 with errno (EPERM: not his). */
int file_open_own_directory(struct span path, int parts);
/* A new file without a name in the first of the directories that takes one: directory (may be
 * NULL), then /tmp, /var/tmp, /dev/shm. Returns the descriptor, or -1 with errno. */
int file_temporary(const char *directory);

#endif
