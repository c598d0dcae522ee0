/*
 * The keys that relays had the first time they were talked to, as ssh(1) keeps those of hosts:
 * the file `known_relays` in the user's queue directory, one line a key,
 *
 *     mail.example.org 465 sha256 tJjsIC1wLHLqkcYOzUaJ2lDfZgZRJv5QyGWlHGMIOeM=
 *
 * host, port, algorithm, and the digest of the key (SubjectPublicKeyInfo) in base64. Blank
 * lines and those that begin with "#" are skipped. A relay may have several keys. A line that
 * cannot be read is an error: a known key must not turn into an unknown one.
 */
#ifndef QUEUE_KNOWN_H
#define QUEUE_KNOWN_H

#include "queue/spool.h"

#define KNOWN_FILE "known_relays"

/* Appends the keys of a relay as base/pin.h reads them. Returns how many there are, or -1 with
 * *error (local, stage config) that names file and line. */
int known_find(struct spool *s, const char *host, int port, struct buf *pins,
	       struct error *error);
/* Makes a key ("sha256//BASE64") the only one of a relay that is known; durable at once. With
 * first, only if none is: else -1 when somebody has put down another one meanwhile. Returns 0,
 * or -1 with *error. */
int known_put(struct spool *s, const char *host, int port, const char *pin, bool first,
	      struct error *error);

/* The pure part, for tests: appends the keys of host and port in text. Returns how many, or -1
 * with *line, the number of the one that cannot be read. */
int known_parse(struct span text, const char *host, int port, struct buf *pins, size_t *line);

#endif
