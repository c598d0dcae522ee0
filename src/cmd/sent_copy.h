/*
 * A copy of what is sent, for the sender (--save-sent). It is written before the message goes,
 * so that a place that cannot take it stops the message and not the copy, and appears when the
 * message has gone.
 */
#ifndef CMD_SENT_COPY_H
#define CMD_SENT_COPY_H

#include "base/error.h"
#include "deliver/maildir.h"
#include "mail/message.h"

/* All zero is no copy. */
struct sent_copy {
	bool begun;
	char *path;
	struct maildir maildir;
};

/* Writes m, with its header as edited, to the place "maildir:PATH"; "~/" at the start of a path
 * is our home. Returns 0, or -1 with *error: usage; that of deliver/place.h; of reading.
 * sent_copy_end() is due either way. */
int sent_copy_begin(struct sent_copy *c, const char *place, const struct message *m,
		    struct error *error);
/* The message has gone: the copy appears. Returns 0, also where there is none; or -1 with
 * *error. */
int sent_copy_finish(struct sent_copy *c, struct error *error);
/* A copy that was not finished is removed. */
void sent_copy_end(struct sent_copy *c);

#endif
