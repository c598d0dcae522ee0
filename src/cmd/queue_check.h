/* --check-queue: the state of the queue for Nagios, Icinga and their like. */
#ifndef CMD_QUEUE_CHECK_H
#define CMD_QUEUE_CHECK_H

#include "cmd/context.h"

/* One line on standard output, with performance data. Returns 0 (fine), 1 (warning: something
 * waits for longer than options.older_than, or cannot be delivered), 2 (critical: for longer
 * than options.older_critical, or something is damaged) or 3 (nobody can say). Reads the
 * configuration itself, so that a wrong one is 3, too. */
int cmd_queue_check(struct context *x);

#endif
