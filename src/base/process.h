/*
 * What a process inherits, put right; and children.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* At start: opens /dev/null on missing descriptors 0 to 2 (a missing 0 for writing alone: to
 * read it fails with EBADF), closes the others that were inherited from keep up (3 as a rule),
 * but not the count ones in spared, which are closed on exec; empties the signal mask, resets
 * SIGCHLD, ignores SIGPIPE and SIGXFSZ, sets umask 077. */
void process_clean(int keep, const int *spared, size_t count);
/* To be called before: this descriptor, one that somebody left to us on purpose, is spared as
 * well, for process_take_spared(). -1: none is. */
void process_spare(int fd);
/* Whether that descriptor was spared so: its number, once, and it is the caller's; else -1 with
 * errno. */
int process_take_spared(int fd);
/* Runs command by /bin/sh -c with our environment less the names in hidden (NULL ends them),
 * default signal handling, standard input from /dev/null, standard error shared unless that is
 * marked FD_CLOEXEC (then /dev/null), and appends its standard output, at most out->max bytes,
 * to out. The whole is killed when milliseconds have passed. Returns 0 when the command exited
 * 0; else -1 with *error of class local, stage config, which never holds the output. */
int process_capture(const char *command, const char *const hidden[], int64_t milliseconds,
		    struct buf *out, struct error *error);

/* The same of a program, which is looked for in PATH, and its arguments, without a shell. NULL
 * ends the words. */
int process_capture_words(const char *const words[], const char *const hidden[],
			  int64_t milliseconds, struct buf *out, struct error *error);

enum { PROCESS_FEED_MAX = 16 * 1024 };

/* The same, with input, at most PROCESS_FEED_MAX bytes, as its standard input; what it prints
 * is dropped. */
int process_feed_words(const char *const words[], const char *const hidden[], struct span input,
		       int64_t milliseconds, struct error *error);

/* A command that is no shell's. */
struct process_job {
	const char *command;     /* split on blanks: the program, looked for in PATH, and its
				    arguments */
	const char *const *kept; /* names of the only variables that it inherits; NULL ends */
	char *extra;             /* and one of its own, "NAME=value"; or NULL */
	int input;               /* its standard input */
};

/* Runs it in a group of its own, default signal handling, standard output to /dev/null,
 * standard error as there. The group is killed when milliseconds have passed. Returns and
 * reports as process_capture(). */
int process_run(const struct process_job *job, int64_t milliseconds, struct error *error);

/* Before we end by a signal: ends the command that one of these waits for, with its group. May
 * be called by a handler. */
void process_end_waited(void);

/* In a forked child: a session of its own, with /dev/null on descriptors 0 to 2. */
void process_detach(void);

/* Starts a program with fd as its standard input and output, default signal handling, and of
 * our environment what a login program needs: no secret of ours. Standard error as there.
 * Returns 0 and *pid when the program runs, which process_stop() must end; -1 with errno when
 * it does not. */
int process_start(char *const argv[], int fd, pid_t *pid);
/* Whether it ends by itself in that time: then *status is that of waitpid(2), and it is gone.
 */
bool process_ends(pid_t pid, int64_t milliseconds, int *status);
/* Gives it the time to end by itself, then kills it; either way it is gone afterwards. */
void process_stop(pid_t pid, int64_t milliseconds);

/* What is asked of a child that is us: for calls of libraries that know no deadline. */
struct process_question {
	pid_t pid;
	int fd; /* what it writes */
	int64_t deadline;
};

/* Starts a child that calls work, with a descriptor to write its answer to, and ends. Returns
 * 0; then process_answer() is due. -1 with errno. */
int process_ask(struct process_question *q, void (*work)(void *context, int fd), void *context,
		int64_t deadline);
/* Appends the answer to out, and ends the child. Returns 0, or -1 with errno (ETIMEDOUT at the
 * deadline, EFBIG past the ceiling of out). */
int process_answer(struct process_question *q, struct buf *out);

enum { PROCESS_NO_GROUP = 65534 }; /* "nogroup": nothing belongs to it */

/* For a child of root's that does a user's work: becomes him for good, with his groups, or with
 * PROCESS_NO_GROUP when the system does not know him. The environment stays. Returns 0, or -1
 * with *error (local, stage config): then nothing may be done for him. */
int process_become(uid_t uid, struct error *error);

#endif
