/*
 * An entry of the spool: a message, its envelope, and what became of it so far.
 *
 * The file is written once, made durable by fsync(2) of the file and of the directory, and
 * never changed (queue/entry_put.h). The journal beside it holds what attempts came to
 * (queue/entry_note.h). No secret and no command is in either. What the bytes of both mean is
 * in queue/form.h. Here entries are read, locked, and moved from state to state.
 */
#ifndef QUEUE_ENTRY_H
#define QUEUE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "mail/wishes.h"
#include "queue/spool.h"

enum {
	ENTRY_ENVELOPE_MAX = 64 * 1024 * 1024, /* bytes: 100,000 recipients and more */
	ENTRY_JOURNAL_MAX = 128 * 1024 * 1024, /* then it is written anew */
	ENTRY_RECIPIENTS_MAX = 250000,
	ENTRY_TEXT_MAX = 1024 /* bytes of a reply or a trouble that are kept */
};

enum entry_outcome {
	ENTRY_OPEN, /* nothing final yet: to be sent */
	ENTRY_SENT,
	ENTRY_FAILED
};

struct entry_recipient {
	char *path; /* canonical address */
	enum entry_outcome outcome;
	int code;        /* of the relay's last words about him, 0: none */
	int enhanced[3]; /* RFC 3463, all 0: none */
	char *text;      /* those words or our own, escaped; NULL: none */
	bool reported;   /* the sender has been told that he failed */
	struct {         /* what of this is written already: entry_note()'s own */
		enum entry_outcome outcome;
		bool reported;
		uint32_t words;
	} noted;
};

struct entry {
	char id[SPOOL_ID_MAX + 1];
	enum entry_state state;

	/* The envelope: fixed when the entry is put. Strings are owned. */
	char *account;      /* its name */
	char *config;       /* the file that -C named, absolute; NULL: the usual ones */
	int64_t arrived;    /* microseconds since the epoch */
	char *reverse_path; /* "" is the null one */
	bool local_sender;  /* it is a name of this machine, for which there may be an alias */
	struct entry_recipient *recipients;
	size_t count, cap;
	struct wishes wishes; /* its strings are owned by the two members below */
	char *envelope_id;
	char *submitter;
	uint64_t size; /* bytes of the message as stored */

	/* As when it was put, until the journal says otherwise. */
	int64_t release;   /* not before this time, in seconds; 0: at once */
	unsigned attempts; /* of this message, in vain */
	int64_t tried;     /* the last one, seconds; 0: none */
	int64_t next;      /* the next, seconds; 0: now */
	char *trouble;     /* what it came to, in words, escaped; or NULL */
	bool held;         /* until a person releases it */
	bool delay_told;   /* the sender has been told of the delay */

	/* By entry_load(): another process has it locked, so it is being sent right now. */
	bool active;

	/* The file, while it is locked. */
	int fd;         /* -1: not */
	int journal_fd; /* -1: not opened yet */
	int64_t marked; /* with ENTRY_MARKED: when, in seconds (the file's time of change) */
	bool has_journal;
	int64_t journal_end; /* of its good records, 0: none; what is behind is torn */
	uint32_t checksum;   /* of the file, by which its journal knows it */
};

/* An entry without anything; entry_clear() is due whatever happens to it. */
void entry_init(struct entry *e);
/* Frees all of it, closes and so unlocks its file; as after entry_init(). */
void entry_clear(struct entry *e);
/* Appends a recipient. Returns 0, or -1 without memory. */
int entry_add_recipient(struct entry *e, const char *path);

/* Reads envelope and journal without locking: to look at. Returns 1; 0: there is none (any
 * more); -1 with *error: it cannot be read, or is damaged. */
int entry_load(struct spool *s, const char *id, struct entry *e, struct error *error);
/* Whether another process has it locked: it is being sent right now. */
bool entry_is_active(struct spool *s, const char *id);
/* Locks it, then reads it as entry_load() does, state as it is now. Returns 1; 0: it is gone,
 * or somebody else's right now; -1 as above (it is locked all the same when *error says message
 * class: then entry_set_aside() may follow). */
int entry_lock(struct spool *s, const char *id, struct entry *e, struct error *error);

/* What follows wants a locked entry. */

/* Checks the checksum of all of it and leaves e->fd at the start of the message, which reaches
 * to the end of the file. Returns 0, or -1 with *error (class message: damaged; temporary: it
 * cannot be read). */
int entry_open_message(struct entry *e, struct error *error);
/* The name made to say that the end of data may have left (if it says so already, e->marked and
 * the file's time of change are now); and back to waiting, from whatever state. durable: fsync
 * the directory too. Return 0, or -1 with *error. Calls that change nothing are fine. */
int entry_mark(struct spool *s, struct entry *e, bool durable, struct error *error);
int entry_unmark(struct spool *s, struct entry *e, struct error *error);
/* Removes message and journal, in this order. Not durable before spool_sync(). */
int entry_remove(struct spool *s, struct entry *e, struct error *error);
/* Renames it to ID.dead (entry_bury) or ID.bad (entry_set_aside), the journal stays. */
int entry_bury(struct spool *s, struct entry *e, struct error *error);
int entry_set_aside(struct spool *s, struct entry *e, struct error *error);

/* From when on its time runs, in seconds: since it arrived, or since its release. */
int64_t entry_since(const struct entry *e);
/* How many recipients are in that state. */
size_t entry_count(const struct entry *e, enum entry_outcome outcome);
/* Failed recipients whose sender has not been told. */
size_t entry_count_unreported(const struct entry *e);

#endif
