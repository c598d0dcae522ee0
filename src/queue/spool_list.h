/*
 * What is in the directory of the queue: its entries in order, and what a crash left behind.
 * And whether anything waits, for those who pass by.
 */
#ifndef QUEUE_SPOOL_LIST_H
#define QUEUE_SPOOL_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "queue/spool.h"

struct spool_item {
	char id[SPOOL_ID_MAX + 1];
	enum entry_state state;
};

/* All entries in order of arrival (which is that of their IDs). Zero it before use. One that is
 * renamed meanwhile may be missing: it is being sent. */
struct spool_list {
	struct spool_item *items;
	size_t count, cap;
	struct strv warnings; /* on what is in the directory and is not ours; sentences */
};

enum { SPOOL_WARNINGS_MAX = 20 };

int spool_list(struct spool *s, struct spool_list *list, struct error *error);
void spool_list_clear(struct spool_list *list);
/* Whether something waits and nobody was told so in the last seconds: who is told runs the
 * queue. For those who pass by with a message of their own. */
bool spool_wants_run(struct spool *s, int seconds);
/* Under SPOOL_LOCK_RUN: removes what a crash left behind (temporary files whose writer is gone,
 * journals without an entry). */
void spool_clean(struct spool *s);

#endif
