/*
 * What is said of an entry of the queue, in the three forms in which it is said: the list that
 * users and scripts know from Postfix, an object of JSON, and words for a person. Pure: from a
 * record to bytes; what came from outside is escaped.
 */
#ifndef CMD_QUEUE_FORMAT_H
#define CMD_QUEUE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "queue/entry.h"
#include "queue/health.h"

/* An entry, and what it does not know itself. Strings are borrowed. */
struct queue_view {
	const struct entry *entry; /* all but ID and state are nothing when it is damaged */
	const char *damage;        /* why it cannot be read; NULL: it was */
	bool active;               /* it is being sent right now */
	int64_t now;               /* seconds */
	int64_t lifetime;          /* seconds until it is given up; 0: not known */
	unsigned long uid;         /* whose queue it is */
	const char *relay;         /* why its relay is left alone for now; NULL: it is not */
	int64_t relay_next;        /* and until when, in seconds */
};

/* The state in a word: "active", "held", "scheduled" (for a time to come), "doubt" (the relay's
 * verdict is lost), "dead", "damaged", "deferred" (tried in vain) or "waiting". */
const char *queue_state(const struct queue_view *v);
/* The mark behind the ID: '*' active, '!' held or scheduled, '?' in doubt, '#' dead or damaged,
 * or ' '. */
char queue_mark(const struct queue_view *v);

/* The list: a line above it, an entry and the empty line behind it (verbose: with the account
 * and the times), and the last line. */
void queue_format_heading(struct buf *out);
void queue_format_entry(struct buf *out, const struct queue_view *v, bool verbose);
void queue_format_total(struct buf *out, uint64_t count, uint64_t bytes);
/* A relay that failed lately: its account, the time of its next probe, how often it failed, and
 * the last trouble. */
void queue_format_relay(struct buf *out, const struct health_relay *r, int64_t now);
/* One object and a line end. */
void queue_format_json(struct buf *out, const struct queue_view *v);
/* A line for each thing that is known. */
void queue_format_words(struct buf *out, const struct queue_view *v);

#endif
