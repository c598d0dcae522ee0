/* What the options ask for: one mode, one command. */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include "cmd/context.h"

/* Reads the configuration where the mode needs it and runs the command. inherited: of
 * listen_inherited(). Returns the exit status; all has been told. */
int cmd_run(struct context *x, int inherited);

#endif
