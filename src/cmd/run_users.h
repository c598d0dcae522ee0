/*
 * Children that run queues: our own and, for root, those of all users, each by a child that
 * becomes the user first. They are started anew for each round, so that a configuration that
 * was mended is read.
 */
#ifndef CMD_RUN_USERS_H
#define CMD_RUN_USERS_H

#include "cmd/context.h"
#include "cmd/run_own.h"

/* own: as for run_own(), which does the work in each child: so no password of root's is ever in
 * the memory of a process that is a user's. With own->every there is no end but own->stop, or a
 * configuration of our own that cannot be read at the start. Returns the exit status, the first
 * that is not 0. */
int run_users(struct context *x, const struct run_own *own);

#endif
