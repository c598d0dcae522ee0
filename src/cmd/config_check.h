/* -bC: is the configuration one that mail can be sent with? */
#ifndef CMD_CONFIG_CHECK_H
#define CMD_CONFIG_CHECK_H

#include "cmd/context.h"

/* Of a configuration that was read (what is odd about it has been told): whether each account
 * makes sense, and the default one leads to a relay. No secret is looked for, no file of
 * aliases read and nobody connected to. Says what is wrong on standard error; returns the exit
 * status. */
int cmd_config_check(struct context *x);

#endif
