/*
 * One message at the end of a file of the mbox format (RFC 4155), which is locked meanwhile by
 * fcntl(2) and flock(2), as other programs do.
 *
 * What cannot be finished is cut off again, and signals wait until the file is whole. Only who
 * is killed outright (SIGKILL, the power) in the midst of it leaves a part of a message there:
 * the next message is set off from it, and a Maildir knows no such thing.
 *
 * The file is made (0600) where it is missing. It must be a regular one and no symbolic link.
 * Errors are those of deliver/place.h.
 */
#ifndef DELIVER_MBOX_H
#define DELIVER_MBOX_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

struct mbox {
	const char *path; /* borrowed */
	int fd;           /* -1: none */
	bool made;        /* the file is new */
	bool begun;       /* something may have been written, and is not finished */
	off_t before;     /* its length before */
	sigset_t signals; /* while begun: the signals that were blocked before */
};

/* Opens and locks the file, which is waited for until the deadline, and begins a message.
 * Returns 0, or -1 with *error. mbox_end() is due either way. */
int mbox_begin(struct mbox *m, const char *path, int64_t deadline, struct error *error);
int mbox_write(struct mbox *m, struct span bytes, struct error *error);
/* The message is whole: when this returns 0 it is there durably. */
int mbox_finish(struct mbox *m, struct error *error);
/* Cuts off what was not finished, and closes the file. Returns 0, or -1 with errno when it
 * cannot be cut. */
int mbox_end(struct mbox *m);

#endif
