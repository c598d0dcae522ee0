/* Looking at the queue: mailq, -bp, --list-queue. */
#ifndef CMD_QUEUE_LIST_H
#define CMD_QUEUE_LIST_H

#include "cmd/context.h"

/* All of it on standard output, in order of arrival: as Postfix does, or an object a line.
 * Returns the exit status. */
int cmd_queue_list(struct context *x);

#endif
