/* The queues of the user we are: passes over them, once or again and again. */
#ifndef CMD_RUN_OWN_H
#define CMD_RUN_OWN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "cmd/context.h"

struct run_own {
	const char *spool_dir; /* this queue; NULL: all that the accounts name */
	bool now;              /* a person asks: see deliver/runner.h */
	bool watched;          /* he sees how far it is, if he is at a terminal */
	bool behind;           /* waits some minutes for what is due then */
	int every; /* goes on for so many seconds, whenever there is something to do */
	const volatile sig_atomic_t *stop;
	int64_t due; /* out: when something is due next, in seconds; 0: not known */
};

/* Reads the configuration, unless that was done, and works. Every failure has been told.
 * Returns the exit status: 0 also when another process is at it. */
int run_own(struct context *x, struct run_own *r);

#endif
