/*
 * Which domains are this machine: "localhost", the names of the host, and those that
 * `local_domains` lists. No other ever is, that of `domain` least of all: a company's root is
 * not ours.
 */
#ifndef CONF_LOCAL_H
#define CONF_LOCAL_H

#include <stdbool.h>

#include "base/buf.h"

/* Zero it but for the patterns before use. */
struct local {
	const struct strv
		*patterns; /* of `local_domains`, as shells have them; borrowed; or NULL */
	struct buf host;   /* gethostname(2) */
	struct buf full;   /* the full name */
	bool known;        /* host was asked for */
	bool looked_up;    /* and so was full */
};

/* Whether the domain, in any case of its letters, is this machine. The full name of the host is
 * looked up, once, where a domain could be it: no deadline but the resolver's own. */
bool local_is_domain(struct local *l, struct span domain);
void local_clear(struct local *l);

#endif
