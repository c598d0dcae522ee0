/*
 * Text written in the user's editor.
 */
#ifndef CMD_EDITOR_H
#define CMD_EDITOR_H

#include "base/buf.h"
#include "base/error.h"
#include "base/stash.h"

/* Puts what start holds into a new file in directory (NULL: /tmp), lets $VISUAL, $EDITOR or vi,
 * which may have arguments, change it on the terminal, and opens it: *fd is at its start. The
 * file is what the user wrote (cmd/written.h), unless there is no work in it. The terminal is
 * put back when the editor dies. Returns 0, or -1 with *error (local): usage where there is no
 * terminal, file where the editor failed or left the text empty or as it was. */
int editor_run(const struct stash *start, const char *directory, int *fd, struct error *error);

#endif
