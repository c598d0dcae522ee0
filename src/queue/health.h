/*
 * What is known of each relay between passes over the queue: whether it is down and when it is
 * probed next, so that a relay that is away is asked once and not once a message, and how many
 * reports have left lately. One small file, `relays`, replaced whole by the runner that holds
 * the lock; a missing or damaged one means that nothing is known.
 */
#ifndef QUEUE_HEALTH_H
#define QUEUE_HEALTH_H

#include <stddef.h>
#include <stdint.h>

#include "queue/spool.h"

enum { HEALTH_SENDS_MAX = 128 };

/* Messages that left at about the same time, and not later. */
struct health_sends {
	int64_t when; /* seconds */
	unsigned count;
};

struct health_relay {
	char *account;
	char *config;               /* the file of -C, or NULL */
	unsigned failures;          /* in a row */
	int64_t next;               /* seconds; 0: nothing is known against it */
	char *text;                 /* the last trouble, escaped */
	struct health_sends *sends; /* in order of time, as far as somebody asks for it */
	size_t send_count;
};

struct health {
	struct health_relay *relays;
	size_t count, cap;
	int64_t reports_since; /* the hour in which they are counted, seconds */
	unsigned reports;      /* that left in it */
	uint32_t saved;        /* checksum of what the file holds */
};

/* Reads it; *h is always usable afterwards. */
void health_load(struct health *h, struct spool *s);
void health_clear(struct health *h);
/* Writes it if it differs from what was read (never fails a pass). */
void health_save(struct health *h, struct spool *s);
/* The relay of that account; NULL without memory. Borrowed until the next call. */
struct health_relay *health_relay(struct health *h, const char *account, const char *config);
/* It failed: the next probe lies as schedule_next() says. It worked: all is forgiven. */
void health_failed(struct health_relay *r, const char *text, uint32_t random, int64_t now);
void health_worked(struct health_relay *r);
/* Remembers that count messages left then; beyond HEALTH_SENDS_MAX times they are added to the
 * last. Forgets all of that. */
void health_sent(struct health_relay *r, int64_t when, unsigned count);
void health_forget_sent(struct health_relay *r);

#endif
