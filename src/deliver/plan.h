/*
 * The plan of a pass over the queue: which message goes next, and by which lane (a worker with
 * its session).
 *
 * Messages of one relay and one reverse-path are a group: they leave in the order in which they
 * were added, and by one lane at a time, so that a series stays a series. A lane serves a group
 * for PLAN_TURN messages, and then another one that waits, so that a sender with thousands does
 * not keep the others waiting. Pure bookkeeping: what a relay is, and whether it may be used,
 * is the caller's affair.
 */
#ifndef DELIVER_PLAN_H
#define DELIVER_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "queue/spool.h"

enum { PLAN_TURN = 16 };

struct plan_group;

struct plan_item {
	char id[SPOOL_ID_MAX + 1];
	struct plan_group *group; /* NULL: known, and not to be sent in this pass */
	bool old;                 /* the caller's: to be looked at again if it cannot go */
	STAILQ_ENTRY(plan_item) next;
	struct plan_item *same_hash;
};

STAILQ_HEAD(plan_items, plan_item);

struct plan_lane {
	struct plan_group *group; /* the one it serves; NULL: none */
	unsigned turn;            /* messages of it in a row */
};

struct plan_group {
	struct plan_relay *relay;
	char *reverse_path;
	struct plan_items items; /* that wait */
	size_t out;              /* given out and not done yet */
	struct plan_lane *lane;  /* that serves it, or NULL */
	bool is_ready;           /* stands in the relay's list */
	STAILQ_ENTRY(plan_group) next;
	struct plan_group *same_hash;
};

STAILQ_HEAD(plan_groups, plan_group);

struct plan_relay {
	char *account;
	char *config; /* or NULL */
	struct plan_groups ready;
	size_t waiting; /* messages not given out yet, of all groups */
	void *context;  /* the caller's */
	STAILQ_ENTRY(plan_relay) next;
};

STAILQ_HEAD(plan_relays, plan_relay);

struct plan {
	struct plan_relays relays; /* in order of their first message */
	struct plan_item **items;  /* hash tables; their sizes are powers of two */
	struct plan_group **groups;
	size_t item_count, item_size;
	size_t group_count, group_size;
};

void plan_init(struct plan *p);
/* Frees all of it but the contexts. */
void plan_clear(struct plan *p);

/* Whether the ID was added, or noted, before. */
bool plan_knows(const struct plan *p, const char *id);
/* Remembers an ID that is not to be sent in this pass. Returns 0, or -1 without memory. */
int plan_note(struct plan *p, const char *id);
/* The relay of that account, made where there is none yet. NULL without memory. */
struct plan_relay *plan_relay(struct plan *p, const char *account, const char *config);
/* Adds a message that is not known yet at the end of its group. NULL without memory. */
struct plan_item *plan_add(struct plan *p, struct plan_relay *r, const char *id,
			   const char *reverse_path);

/* The next message for a lane of the relay, which is out then; NULL: there is none that this
 * lane may take now. A lane is all zero at first, and stays where it is in memory. */
struct plan_item *plan_next(struct plan_relay *r, struct plan_lane *lane);
/* Whether plan_next() would have one for a new lane. */
bool plan_has_ready(const struct plan_relay *r);
/* The message is done with. */
void plan_done(struct plan_item *i);
/* The message was not touched: it is the next of its group again. */
void plan_return(struct plan_item *i);
/* The lane is closed. */
void plan_leave(struct plan_lane *lane);

#endif
