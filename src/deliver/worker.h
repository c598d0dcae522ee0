/*
 * A worker: a child process of the runner with one channel to one relay, over which it sends
 * the queued messages it is told to, one after the other.
 *
 * Orders and reports are records of fixed size over a socket that keeps their bounds. The
 * worker ends when that is closed, or when it is told to stop: the message in hand is finished
 * first.
 */
#ifndef DELIVER_WORKER_H
#define DELIVER_WORKER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "deliver/relay.h"
#include "queue/spool.h"

enum { WORKER_TEXT_MAX = 1024 };

struct worker_order {
	char id[SPOOL_ID_MAX + 1];
	bool last; /* no other is in sight: QUIT may ride along */
};

/* What became of a message. */
enum worker_outcome {
	WORKER_SENT,   /* to all that were open, and it is gone from the queue */
	WORKER_LEFT,   /* the relay had a word on it, and somebody is left */
	WORKER_PASSED, /* not tried: gone, somebody else's right now, held, not due, too late */
	WORKER_SLOW,   /* it waits, and so must the relay */
	WORKER_RELAY,  /* the relay cannot be used; the message is as it was */
	WORKER_LOCAL   /* nor can any, from here */
};

struct worker_report {
	char id[SPOOL_ID_MAX + 1];
	enum worker_outcome outcome;
	bool untold;                /* the sender may have to be told something */
	bool broken;                /* the session broke off in the midst of it */
	int64_t next;               /* seconds: when it is due again; 0: not known */
	char text[WORKER_TEXT_MAX]; /* the relay's trouble, or "" */
};

struct worker_options {
	struct spool *spool;
	struct relay_options relay;
	bool now; /* also what is not due */
	int fd;   /* orders come, reports go */
	const volatile sig_atomic_t *stop;
};

/* Works until there is no more to do. */
void worker_run(const struct worker_options *o);

#endif
