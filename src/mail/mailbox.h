/*
 * Files of messages: a plain message, an mbox file, or a Maildir folder, read one message after
 * the other in constant memory (but for the names in a Maildir).
 *
 * A file whose first line is the separator of mbox files is one. Its messages begin behind such
 * a line ("From ", something with a time and a year) at the top or behind an empty line, which
 * is not part of the message before it; of lines that begin with ">From ", or with more such
 * signs, the first is taken off (mboxrd). In a Maildir the messages of new come before those of
 * cur, each in the order of their names; nothing is moved.
 */
#ifndef MAIL_MAILBOX_H
#define MAIL_MAILBOX_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

struct mailbox;

/* One message of it. */
struct mailbox_item {
	int fd;           /* a regular file, at the message's start, the caller's to close */
	const char *path; /* of the file that holds it; borrowed from the mailbox */
	size_t number;    /* of the message in the mailbox, from 1 */
};

/* path is copied. temporary_dir (borrowed, or NULL) is where a message of an mbox file is put,
 * in a file without a name. Returns NULL with *error (local, input). */
struct mailbox *mailbox_open(const char *path, const char *temporary_dir, struct error *error);
/* The next message. Returns 1; 0 at the end; -1 with *error (local, input) that does not name
 * the file: item->path and item->number tell which message could not be had, and the next call
 * goes on behind it. */
int mailbox_next(struct mailbox *m, struct mailbox_item *item, struct error *error);
void mailbox_free(struct mailbox *m);

#endif
