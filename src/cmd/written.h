/*
 * What a person wrote for this one message, at the terminal or in an editor, until it has gone:
 * when it does not go, nobody has to write it again.
 *
 * What is typed stays in memory, and is put into a file only then: in $TMPDIR or /tmp, of a new
 * name, readable by its owner alone. There is one of it in a process, because a signal, which
 * may come between any two bytes, has to find it.
 */
#ifndef CMD_WRITTEN_H
#define CMD_WRITTEN_H

#include "base/buf.h"

enum { WRITTEN_MAX = 16 * 1024 * 1024 }; /* bytes; of more nothing is kept */

/* A person begins to type. directory is where a file would be put; NULL: /tmp. Without memory
 * nothing is kept. */
void written_begin(const char *directory);
/* He typed more; without written_begin() it is not kept. context is not looked at. */
void written_add(void *context, struct span bytes);
/* He writes in this file (copied), which is an editor's. */
void written_lies_in(const char *path);
/* Sees to it that there is a file. Returns its name, escaped, to be shown; NULL when there is
 * nothing of his, or it cannot be kept. May be called by a handler. */
const char *written_keep(void);
/* It has gone, or holds nothing of his: the file is removed. May be called by a handler. */
void written_drop(void);
/* Frees the memory; a file that is there stays. */
void written_clear(void);

#endif
