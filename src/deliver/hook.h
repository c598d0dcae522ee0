/*
 * The account's `failure_command`: told of each message that failed for good.
 */
#ifndef DELIVER_HOOK_H
#define DELIVER_HOOK_H

#include <stdint.h>

#include "conf/account.h"
#include "queue/entry.h"
#include "queue/spool.h"

enum { HOOK_TIME = 30 * 1000 /* milliseconds; then it is killed */ };

/* Runs it for a locked entry: the command's words as they stand, no shell, the message on its
 * standard input, of the environment PATH, HOME, USER and LANG, and PENNYPOST_ID. Whatever
 * comes of it is logged and stops nothing. left: milliseconds that all runs of it may take,
 * counted down; or NULL. */
void hook_run(struct spool *spool, struct entry *e, const struct account *a, int64_t *left);

#endif
