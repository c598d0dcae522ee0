/*
 * A relay at the other end of a command, as ssh's ProxyCommand has it: its standard input and
 * output are one socket, ours the other end. No shell takes part.
 */
#ifndef NET_PIPE_H
#define NET_PIPE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* What %h and %p stand for; host may be NULL. */
struct pipe_target {
	const char *host;
	int port;
};

/*
 * Splits a command on blanks into words. Quotes of either kind keep blanks; a backslash keeps
 * the next character, but stands for itself between single quotes. %h, %p and %% in a word are
 * the target's host and port and a percent sign, put in after the splitting. Without a target
 * it is only checked. Returns 0, or -1 with *error (local, stage config); argv is the caller's
 * to clear after 0.
 */
int pipe_split(const char *command, const struct pipe_target *target, struct strv *argv,
	       struct error *error);
/* Runs the command. Returns our end of the socket, and *pid, which process_stop() ends; or -1
 * with *error. */
int pipe_open(const char *command, const struct pipe_target *target, pid_t *pid,
	      struct error *error);

#endif
