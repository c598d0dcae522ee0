/*
 * The spool: one directory a user with the messages that wait (pennypost-spool(5)).
 *
 * An entry is called by its ID; what state it is in is which of its files exist:
 *
 *     ID.msg             waits: not tried yet, deferred, or held by a person
 *     ID.end             its end of data may have left, and no verdict is known: being sent
 * right now (then it is locked), or the verdict was lost (then not) ID.dead            a report
 * or an answerless message that cannot be delivered: kept for a person to look at ID.bad
 * damaged; set aside ID.log             journal beside one of the first three, once there is
 * anything to remember .tmp-*             being written where the file system has no O_TMPFILE;
 * locked by its writer
 *
 * besides `lock` and `waiter` (the runner's locks, flock(2)) and `relays` (queue/health.h). The
 * file of a message never changes (queue/entry.h); its journal is only appended to
 * (queue/journal.h). Everything is opened relative to the one directory descriptor, with
 * O_NOFOLLOW and O_NONBLOCK, and must be a regular file of ours with one link; what is not is
 * passed over with a warning.
 */
#ifndef QUEUE_SPOOL_H
#define QUEUE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/buf.h"
#include "base/error.h"

enum { SPOOL_ID_MAX = 15 }; /* bytes of an ID, at the most */

#define SPOOL_SYSTEM_DIR "/var/spool/pennypost"

/* Where a queue may be; strings are borrowed and may be NULL. */
struct spool_place {
	const char *configured; /* `queue_dir`: this or none; "~/" was expanded */
	const char *state_home; /* $XDG_STATE_HOME, absolute */
	const char *home;       /* $HOME, absolute */
	const char *system_dir; /* SPOOL_SYSTEM_DIR, but for tests */
	uid_t uid;
};

struct spool; /* opaque */

/* Opens the queue: the configured directory; else pennypost/queue below state_home (or
 * home/.local/state) if home belongs to the uid and can be written; else system_dir/UID. With
 * create what is missing of the last two parts (of the whole XDG path) is made, mode 0700;
 * without, a queue that does not exist is no error: *spool is NULL then. A directory that is a
 * link, somebody else's, or open to others is refused. Returns 0, or -1 with *error (local,
 * stage config; EROFS, EACCES and the like in number) that names the directory and the command
 * that mends it. spool_free() is due after 0. */
int spool_open(struct spool **spool, const struct spool_place *place, bool create,
	       struct error *error);
void spool_free(struct spool *s);
/* Its path, for a person and for children. */
const char *spool_path(const struct spool *s);
int spool_fd(const struct spool *s);

/* The locks: RUN is held during a pass over the queue, WAIT by the one process that sleeps
 * until something is due. Never waits. Returns 1: ours now, 0: somebody else's, -1 with *error.
 */
enum spool_lock { SPOOL_LOCK_RUN, SPOOL_LOCK_WAIT };
int spool_lock(struct spool *s, enum spool_lock which, struct error *error);
void spool_unlock(struct spool *s, enum spool_lock which);

/* The directory made durable: after unlinks and renames. Returns 0, or -1 with *error. */
int spool_sync(struct spool *s, struct error *error);
/* The directory's time of change, to see whether entries came or went. Returns 0 or -1. */
int spool_changed(const struct spool *s, struct timespec *when);

/* States, by what an entry's file is called. */
enum entry_state { ENTRY_WAITING, ENTRY_MARKED, ENTRY_DEAD, ENTRY_BAD };

struct spool_item {
	char id[SPOOL_ID_MAX + 1];
	enum entry_state state;
};

/* All entries in order of arrival (which is that of their IDs). Zero it before use. */
struct spool_list {
	struct spool_item *items;
	size_t count, cap;
	struct strv warnings; /* on what is in the directory and is not ours; sentences */
};

int spool_list(struct spool *s, struct spool_list *list, struct error *error);
void spool_list_clear(struct spool_list *list);
/* Under SPOOL_LOCK_RUN: removes what a crash left behind (temporary files whose writer is gone,
 * journals without an entry). */
void spool_clean(struct spool *s);

/* Whether a word can be an ID: a lower-case letter and then 9 to 14 letters and digits. An ID
 * never reads as a number or a duration. */
bool spool_is_id(const char *word);

#endif
