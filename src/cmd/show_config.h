/* --show-config: the configuration as it is after files, environment and command line. */
#ifndef CMD_SHOW_CONFIG_H
#define CMD_SHOW_CONFIG_H

#include "cmd/context.h"

/* Writes to standard output, as lines that can be read again: the account that was asked for
 * by -a or options, the one that -f would choose, with options.one the default one, else
 * all. Returns the exit status: 78 when there is none, or the one that was asked for cannot be
 * used. */
int cmd_show_config(struct context *x);

#endif
