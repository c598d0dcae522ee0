/* Looking at the queue: mailq, -bp, -bP, -bh, --list-queue. */
#ifndef CMD_QUEUE_LIST_H
#define CMD_QUEUE_LIST_H

#include "cmd/context.h"

/* On standard output, as options.list has it: all of it, in order of arrival, as Postfix does
 * or an object a line; how many messages that would be; or the relays that are left alone for
 * now, a line each. Returns the exit status. */
int cmd_queue_list(struct context *x);

#endif
