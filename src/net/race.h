/*
 * Connecting to the first of several addresses that answers (RFC 8305, Happy Eyeballs v2).
 *
 * The addresses are tried in their order; one that has not answered within RACE_DELAY keeps
 * trying while the next one starts, and one that fails lets the next start at once. The first
 * connection wins and the others are closed.
 */
#ifndef NET_RACE_H
#define NET_RACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/course.h"
#include "net/inet.h"

enum { RACE_DELAY = 250 /* milliseconds: RFC 8305 section 8 */ };

struct race {
	const struct inet_list *to;
	struct inet_address source[2]; /* to connect from, each of another family, or none; with
					  any, only addresses of those families can be reached
					*/
	const char *interface;         /* to leave by, or NULL */
	int64_t deadline;
	void (*note)(void *context, const char *text); /* is told who is late; or NULL */
	void *context;
	struct course *course; /* of whom waits for it, or NULL */
	struct buf failures;   /* "192.0.2.1: Connection refused; ...", without the address when
				  there is only one */
	int number;            /* the errno that tells most of what went wrong */
};

/* Initialises failures, which the caller clears, whatever is returned: a connected socket,
 * non-blocking, or -1. */
int race_run(struct race *r);

#endif
