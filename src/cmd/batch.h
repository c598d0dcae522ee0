/* Many messages, out of files, each to its own recipients: --batch. */
#ifndef CMD_BATCH_H
#define CMD_BATCH_H

#include "cmd/context.h"

/* Returns the exit status: 75 when any message may yet go, else that of the first that failed.
 * Every failure has been told on standard error, one line a message, and in the log. */
int cmd_batch(struct context *x);

#endif
