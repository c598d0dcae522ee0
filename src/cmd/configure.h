/*
 * --configure: an account for an address, from finding its relay to a line in the configuration
 * that works. Called msmtp: what msmtp prints for it.
 */
#ifndef CMD_CONFIGURE_H
#define CMD_CONFIGURE_H

#include "cmd/context.h"

/* Asks on the terminal for what the command line does not say; without one that is a failure
 * (64) that names the option. All that is said goes to standard error, but for the
 * configuration of
 * --dry-run and msmtp. Nothing is written before all has been asked and tried, and then whole.
 * Returns the exit status. */
int cmd_configure(struct context *x);

#endif
