/*
 * One message into a Maildir (maildir(5)): a file in tmp, made durable, then linked into new,
 * where it never takes the place of another. Who is killed on the way leaves nothing in new, or
 * the whole message; what stays in tmp, readers of Maildirs remove after a day and a half.
 *
 * The directory and its tmp, new and cur are made (0700) where they are missing; the directory
 * that holds it must be there. Errors are those of deliver/place.h.
 */
#ifndef DELIVER_MAILDIR_H
#define DELIVER_MAILDIR_H

#include "base/buf.h"
#include "base/error.h"

enum { MAILDIR_NAME_MAX = 224 };

struct maildir {
	const char *path; /* borrowed */
	int top, tmp, new;
	int fd;                          /* of the message; -1: none */
	char name[MAILDIR_NAME_MAX + 1]; /* of its file, in new as in tmp */
};

/* Begins a message. Returns 0, or -1 with *error. maildir_end() is due either way. */
int maildir_begin(struct maildir *m, const char *path, struct error *error);
int maildir_write(struct maildir *m, struct span bytes, struct error *error);
/* The message is whole: when this returns 0 it is in new, durably. On failure it is not. */
int maildir_finish(struct maildir *m, struct error *error);
/* Closes it all, and removes what was not finished. The name stays. */
void maildir_end(struct maildir *m);

#endif
