/*
 * What the places on this machine where messages are kept (deliver/maildir.h, deliver/mbox.h)
 * have in common: what their troubles mean, and whom they may belong to.
 */
#ifndef DELIVER_PLACE_H
#define DELIVER_PLACE_H

#include <sys/stat.h>

#include "base/error.h"

/* "what: strerror(number)"; the caller names the place. Temporary, stage data, where the same
 * may work later: no room, a quota, a limit, a disk that fails, a lock. Else (no permission, no
 * such directory) mending is needed, as with a relay: local, stage config. Returns -1. */
int place_fail(struct error *error, int number, const char *what);
/* What root delivers to belongs to root, a file has one name (a hard link in a directory of
 * another user may be to any file), and a directory is closed to the writing of others, so that
 * nobody has him write elsewhere; other users may write wherever they may. Returns 0, or
 * -1 with *error (local, stage config). */
int place_check_owner(const struct stat *st, struct error *error);
/* Makes the name at the end of path durable. Returns 0, or -1 with errno. */
int place_sync_parent(const char *path);

#endif
