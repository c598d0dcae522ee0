/*
 * What every command starts from: the options, the configuration they and the environment lead
 * to (context_load.h), and how the program speaks to the person who called it.
 */
#ifndef CMD_CONTEXT_H
#define CMD_CONTEXT_H

#include "base/error.h"
#include "cmd/option.h"
#include "cmd/progress.h"
#include "conf/config.h"
#include "conf/secret.h"
#include "deliver/relay.h"
#include "queue/spool.h"

/* A file that is read instead of the usual ones: that of -C, or msmtp's. */
struct context_file {
	char *path; /* NULL: none */
	size_t end; /* its accounts end before this one */
};

struct context {
	const char *name; /* what we were called, for messages */
	int argc;         /* and as main() got it: for a child that is to show what it does */
	char **argv;
	struct options options;
	struct config config;
	struct context_file other[2]; /* in their order */
	struct account made;          /* by options or environment, when account points to it */
	const struct account *account; /* the one asked for; NULL: the message chooses */
	struct secret_sources secrets;
	struct buf netrc_path;
	struct buf outages_path;   /* empty: there is no place for it */
	int64_t started;           /* in microseconds of course_clock(); 0: nobody asks */
	struct course_watch watch; /* of submissions, where is_watched */
	bool is_watched;
	struct progress *progress; /* on the terminal, or NULL */
	struct course reading;     /* of the message */
	struct strv said;          /* what is said once */
	struct course talk;        /* context_attend() */
};

/* Reads the command line. context_clear() is due whatever it returns. */
int context_init(struct context *x, int argc, char *argv[], struct error *error);
void context_clear(struct context *x);

/* An absolute path out of an environment variable, or NULL. */
const char *context_path(const char *variable);
/* The account for a command that has no message: the one asked for, else the default. NULL with
 * *error (config). */
const struct account *context_account(struct context *x, struct error *error);
/* The session's options for an account: secrets, and the conversation on standard error for -v.
 */
struct relay_options context_relay(const struct context *x, const struct account *a);
/* The file that another process must be given by -C to find the account; NULL: it will. */
const char *context_config_file(const struct context *x, const struct account *a);
/* Before a submission: its record begins where --json asks for one, and so does what a person
 * at a terminal sees and interrupts. */
void context_watch(struct context *x);
/* Before a conversation with a relay that is not for a message: the same, with these words
 * for who interrupts it (interrupt_words()). */
void context_attend(struct context *x, const char *words);
/* Where it is noted; NULL: nobody looks on. It is at rest whenever something is said. */
struct course *context_talk(struct context *x);
/* Where the reading of a message from fd (-1: of several) is noted, or NULL; and its end. */
struct course *context_reads(struct context *x, int fd);
void context_has_read(struct context *x);
/* The microseconds since then; 0 where there is no record. */
int64_t context_took(const struct context *x);
/* Where the queue of an account's messages may be; a NULL: of the one asked for, else of the
 * default one, if there is any. Borrowed from x, a and the environment. */
struct spool_place context_spool(const struct context *x, const struct account *a);
/* The word of the command line, as in the configuration, without which nobody could send the
 * account's messages later; NULL when there is none. */
const char *context_passing_word(const struct context *x);
/* Points the log where the account wants it. */
void context_open_log(const struct context *x, const struct account *a);

/* One line on standard error: "NAME: TEXT"; none with -eq, where a message is submitted and
 * nobody asked for -v. The line of progress goes. */
void context_tell(const struct context *x, const char *text);
/* The same, and in the log. */
void context_complain(const struct context *x, const char *text);
/* The same, for what does not stop anything, and so not on standard error with --quiet. */
void context_warn(const struct context *x, const char *text);
/* Whether a text is new to this run: no line of a file is told of twice. */
bool context_is_new(struct context *x, const char *text);
/* The error as such a line, and with --json of a submission as its result, of which nothing
 * else is known; returns its exit status. */
int context_fail(const struct context *x, const struct error *error);

#endif
