/* Steering the queue: --retry, --remove, --cancel, --hold, --release. */
#ifndef CMD_QUEUE_STEER_H
#define CMD_QUEUE_STEER_H

#include "cmd/context.h"

/* Does options.steer to each of options.ids, or to all (damaged and dead ones are only ever
 * removed). One that is being sent is waited for some seconds. Says on standard output how many
 * it was done to. Returns the exit status: 75 if one is still being sent, 69 for one that is
 * not in the queue. */
int cmd_queue_steer(struct context *x);

#endif
