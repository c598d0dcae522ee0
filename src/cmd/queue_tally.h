/* What is in a queue, in numbers. */
#ifndef CMD_QUEUE_TALLY_H
#define CMD_QUEUE_TALLY_H

#include <stdint.h>

#include "cmd/context.h"

struct queue_tally {
	uint64_t waiting, held, doubt, dead, damaged;
	int64_t oldest; /* seconds that one waits to be sent */
};

/* Adds what is in one queue: work for queue_walk(), tally a struct queue_tally. */
int queue_tally_take(struct context *x, struct spool *s, void *tally, struct error *error);
/* "2 waiting, the oldest for 3h4m, 1 held". */
void queue_tally_words(struct buf *out, const struct queue_tally *t);

#endif
