/*
 * The configuration of a context: read, overridden by the words of the command line, and the
 * account chosen that was asked for.
 */
#ifndef CMD_CONTEXT_LOAD_H
#define CMD_CONTEXT_LOAD_H

#include "base/error.h"
#include "cmd/context.h"

/* Reads the configuration: the file of -C alone, else the user's file and the system's; or
 * PENNYPOST_RELAY. Called msmtp, it takes the place of msmtp: where there is no file of ours
 * msmtp's own are read, -C stands for the user's file alone, and SMTPSERVER and EMAIL are the
 * last resort. Words on the command line beat all of them. An account whose relay the
 * command line changes, or both the way to it and whom to trust there, loses its password, and
 * those of the environment, where they were meant for it, so that a secret never goes where its
 * owner did not say. */
int context_load(struct context *x, struct error *error);
/* The same, but what is odd about it is left in x->config.warnings for the caller to tell. */
int context_load_quietly(struct context *x, struct error *error);
/* Reads it anew, as it may be by now, with no word of what may be odd about it. Whatever was
 * borrowed of the old one is gone. Returns 0, or -1 with *error and the old one as it was. */
int context_reload(struct context *x, struct error *error);
/* Frees what context_load() made, of a context that the command line did not. */
void context_forget(struct context *x);

#endif
