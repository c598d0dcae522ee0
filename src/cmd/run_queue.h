/* Running the queue: -q, -q15m, runq, and behind a submission. */
#ifndef CMD_RUN_QUEUE_H
#define CMD_RUN_QUEUE_H

#include "cmd/context.h"

/* Makes a pass over the caller's queue, for root also over those of all users below
 * SPOOL_SYSTEM_DIR; with options.queue_every one after the other until SIGTERM or SIGINT. Reads
 * the configuration itself, as the user whose queue it is. Returns the exit status. */
int cmd_run_queue(struct context *x);

/* Starts a process that makes a pass over the one queue, by its path, and stays some minutes
 * for what is due soon. config: the file of -C, absolute, or NULL. Fails silently: the message
 * is safe, and somebody else will run the queue. Nothing of the caller but its environment is
 * left in it. */
void run_queue_behind(const struct context *x, const char *queue, const char *config);
/* The same, unless `runner off`, over all the caller's queues, and for root over those of all
 * users. */
void run_queues_behind(const struct context *x);

#endif
