/* An entry of the queue as the commands look at it: what it says, or why it says nothing. */
#ifndef CMD_QUEUE_LOOK_H
#define CMD_QUEUE_LOOK_H

#include "cmd/context.h"
#include "cmd/queue_format.h"
#include "queue/health.h"
#include "queue/spool_list.h"

struct queue_look {
	struct entry entry;
	struct error damage; /* view.damage is its text */
	struct queue_view view;
};

/* Reads an entry of the list, without locking it. A damaged one has the size and the time of
 * its file. Returns 1, or 0 when it is gone. queue_look_clear() is due either way. */
int queue_look(struct queue_look *l, const struct context *x, struct spool *s,
	       const struct spool_item *item);
/* Adds what is known of its relay; h stays as long as l is looked at. */
void queue_look_relay(struct queue_look *l, struct health *h);
void queue_look_clear(struct queue_look *l);

#endif
