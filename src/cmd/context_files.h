/*
 * Where a context's configuration is found: the user's files and the system's, ours and, called
 * msmtp, msmtp's. What is found is added to x->config. Each returns 0, or -1 with *error.
 */
#ifndef CMD_CONTEXT_FILES_H
#define CMD_CONTEXT_FILES_H

#include "base/error.h"
#include "cmd/context.h"

/* The user's file, then the system's. Called msmtp: msmtp's own in place of one that is not
 * there, but nothing of the system's msmtp for who has come to us already. */
int context_read_files(struct context *x, struct error *error);
/* The file of -C. Where it is the system's, its passwords are meant to be read by others. */
int context_read_named(struct context *x, struct error *error);
/* What msmtp does without any account called default. Nobody could send it later: the next
 * process may have another environment. */
int context_read_environment(struct context *x, struct error *error);

#endif
