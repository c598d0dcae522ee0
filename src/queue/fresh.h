/*
 * A new file of the spool, which nobody sees before it is whole: without a name (O_TMPFILE)
 * until it is given one; where the file system or a missing /proc forbids that, `.tmp-` and
 * random letters, locked while it is being written, so that spool_clean() knows it from one
 * that a crash left behind.
 */
#ifndef QUEUE_FRESH_H
#define QUEUE_FRESH_H

#include "queue/spool.h"

struct fresh {
	int fd;        /* for reading and writing; -1: none */
	char name[24]; /* the passing one; "": it has none */
};

/* What fresh_drop() takes for nothing. */
void fresh_init(struct fresh *f);
/* Each returns 0, or -1 with errno. */
int fresh_open(struct fresh *f, struct spool *s);
/* Gives it the name; EEXIST: there is one called so, and nothing has changed. Where this takes
 * a copy, the copy is made durable. */
int fresh_link(struct fresh *f, struct spool *s, const char *name);
/* Gives it the name in the place of what is called so; only for a file that was opened with
 * fresh_open_named(). */
int fresh_open_named(struct fresh *f, struct spool *s);
int fresh_replace(struct fresh *f, struct spool *s, const char *name);
/* Removes what has not got its name, and closes it. */
void fresh_drop(struct fresh *f, struct spool *s);
/* Closes it. Returns 0, or -1 with errno: then what was written may not be there. */
int fresh_close(struct fresh *f);

#endif
