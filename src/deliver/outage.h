/*
 * Which relays could not be reached lately, remembered across processes, so that one that is
 * down is not tried first again for a while where an account has another.
 *
 * A small file of the user's. It decides on nothing but the order: one that is missing, damaged
 * or somebody else's, and one that cannot be written, do no harm.
 */
#ifndef DELIVER_OUTAGE_H
#define DELIVER_OUTAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	OUTAGE_SECONDS = 600, /* for which a relay stands behind the others */
	OUTAGES_MAX = 64      /* the oldest are forgotten */
};

struct outage {
	char *relay;
	int64_t until; /* seconds since the epoch */
};

struct outages {
	struct outage items[OUTAGES_MAX];
	size_t count;
	bool changed;
};

/* Reads the file; *o is always usable afterwards, and outages_clear() due. path may be NULL. */
void outages_load(struct outages *o, const char *path, int64_t now);
void outages_clear(struct outages *o);
bool outages_have(const struct outages *o, const char *relay);
/* It could not be reached now; it could. */
void outages_add(struct outages *o, const char *relay, int64_t now);
void outages_remove(struct outages *o, const char *relay);
/* Writes the file if anything changed: into a directory of ours, which is made below one of
 * ours. */
void outages_save(struct outages *o, const char *path);

/* Adds what a file holds: lines of a number, a blank and a name. What is over by now, lies
 * further ahead than it could or is malformed is passed over. For tests. */
void outages_parse(struct outages *o, struct span text, int64_t now);

#endif
