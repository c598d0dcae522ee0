/* Root runs the queues of all users: a child for each, which becomes the user first. */
#ifndef CMD_RUN_USERS_H
#define CMD_RUN_USERS_H

#include "cmd/context.h"
#include "cmd/run_own.h"

/* own: as for run_own(), which does the work in each child, root's own queue's too: so no
 * password of root's is ever in the memory of a process that is a user's. Returns the exit
 * status, the first that is not 0. */
int run_users(struct context *x, const struct run_own *own);

#endif
