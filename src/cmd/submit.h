/* The main job: a message on standard input goes to the relay. */
#ifndef CMD_SUBMIT_H
#define CMD_SUBMIT_H

#include "cmd/context.h"

/* Returns the exit status; every failure has been told on standard error and in the log. */
int cmd_submit(struct context *x);

#endif
