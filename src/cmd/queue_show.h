/* One message of the queue: --show. */
#ifndef CMD_QUEUE_SHOW_H
#define CMD_QUEUE_SHOW_H

#include "cmd/context.h"

/* options.ids on standard output: what is known of it in words, an empty line, and the message,
 * as it is, but escaped on a terminal. With --json the object alone. Nothing is locked: who
 * looks stands in nobody's way. Returns the exit status: 69 for one that is not there. */
int cmd_queue_show(struct context *x);

#endif
