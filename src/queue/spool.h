/*
 * The spool: one directory a user with the messages that wait (pennypost-spool(5)).
 *
 * An entry is called by its ID; what state it is in is which of its files exist:
 *
 *     ID.msg    waits: not tried yet, deferred, or held by a person
 *     ID.end    its end of data may have left, and no verdict is known: being sent right now
 *               (then it is locked), or the verdict was lost (then not)
 *     ID.dead   a report or an answerless message that cannot be delivered: kept for a person
 *               to look at
 *     ID.bad    damaged; set aside
 *     ID.log    journal beside one of them, once there is (or, empty, may soon be) anything to
 *               remember
 *     .tmp-*    being written where the file system has no O_TMPFILE; locked by its writer
 *
 * besides `lock` and `waiter` (the runner's locks, flock(2)), `relays` (queue/health.h) and
 * `known_relays` (queue/known.h). The file of a message never changes (queue/entry.h); its
 * journal is only appended to (queue/entry_note.h; queue/form.h for the bytes of both).
 * Everything is opened relative to the one directory descriptor, with O_NOFOLLOW and
 * O_NONBLOCK, and must be a regular file of ours with one link; what is not is passed over with
 * a warning.
 */
#ifndef QUEUE_SPOOL_H
#define QUEUE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
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
	bool no_tmpfile; /* as where the file system has no O_TMPFILE: for tests */
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
/* Whose it is. */
uid_t spool_uid(const struct spool *s);

/* States, by what an entry's file is called; and those names. */
enum { SPOOL_NAME_SIZE = SPOOL_ID_MAX + 6 };
enum entry_state { ENTRY_WAITING, ENTRY_MARKED, ENTRY_DEAD, ENTRY_BAD };
void spool_name(char name[SPOOL_NAME_SIZE], const char *id, enum entry_state state);
/* The state of an entry whose file's name ends so, from the dot on; false: none. */
bool spool_state_of(const char *suffix, enum entry_state *state);
void spool_journal_name(char name[SPOOL_NAME_SIZE], const char *id);
/* Whether there is an entry of that ID, whatever its state. */
bool spool_has(const struct spool *s, const char *id);

/* Whether O_TMPFILE is worth a try here, until somebody found that it is not. */
bool spool_takes_tmpfile(const struct spool *s);
void spool_refuse_tmpfile(struct spool *s);
/* Opens a file of the spool (flags as for open(2)) without following a link or waiting for
 * anybody. Returns the descriptor, or -1 with errno. */
int spool_open_name(const struct spool *s, const char *name, int flags);
/* Makes sure that it is a regular file of ours with one link which nobody else can write, and
 * fills *st. Returns 0, or -1 with errno: EPERM when it is not, ENOENT when it has no name any
 * more. */
int spool_check_file(const struct spool *s, int fd, struct stat *st);
/* Both. */
int spool_open_file(const struct spool *s, const char *name, int flags, struct stat *st);
/* Says that the file of that name is none that spool_check_file() takes, or cannot be opened,
 * by errno. Returns -1 with *error (local or temporary, stage input). */
int spool_open_error(const struct spool *s, const char *name, struct error *error);

/* The locks: RUN is held during a pass over the queue, WAIT by the one process that sleeps
 * until something is due. Never waits. Returns 1: ours now, 0: somebody else's, -1 with *error.
 */
enum spool_lock { SPOOL_LOCK_RUN, SPOOL_LOCK_WAIT };
int spool_lock(struct spool *s, enum spool_lock which, struct error *error);
/* The name of its file. */
const char *spool_lock_name(enum spool_lock which);
void spool_unlock(struct spool *s, enum spool_lock which);
/* In a forked child: the locks are the parent's, and end with it, not with us. */
void spool_disown(struct spool *s);

/* The directory made durable: after unlinks and renames. Returns 0, or -1 with *error. */
int spool_sync(struct spool *s, struct error *error);
/* A value that changes when entries come or go: the directory's time of change. A directory
 * that changed a moment ago gives one that differs from every other, because the clock of file
 * systems is coarse, and what comes in the same tick would go unseen. Returns 0 or -1. */
int spool_changed(const struct spool *s, struct timespec *when);
/* Whether entries came or went since that value was got, or nobody can tell. */
bool spool_is_changed(const struct spool *s, struct timespec since);

/* Whether a name is that of a user's queue below SPOOL_SYSTEM_DIR: his number and nothing else.
 */
bool spool_is_user(const char *name, uid_t *uid);
/* Whether a word can be an ID: a lower-case letter and then 9 to 14 letters and digits. An ID
 * never reads as a number or a duration. */
bool spool_is_id(const char *word);

#endif
