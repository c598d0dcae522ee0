/*
 * From a host's name to its addresses, by the system's resolver: /etc/hosts, nsswitch.conf and
 * all.
 *
 * getaddrinfo(3) knows no deadline, so it runs in a child, which ends with the deadline. An
 * address literal needs neither, and "localhost" no child.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/course.h"
#include "base/error.h"
#include "net/inet.h"

struct resolve_query {
	const char *host;      /* a name, in UTF-8 or A-labels, or an address */
	int port;              /* for the addresses found */
	struct course *course; /* of whom waits for it, or NULL */
	int family;            /* AF_UNSPEC, AF_INET or AF_INET6 */
};

/* Fills *out in the order of RFC 6724. Returns 0, or -1 with *error, stage resolve: of class
 * relay when there is no such host, temporary when the resolver cannot tell now. */
int resolve(const struct resolve_query *q, int64_t deadline, struct inet_list *out,
	    struct error *error);
/* Appends the name as the DNS has it: in A-labels (RFC 5891 section 4.4) when it is not ASCII.
 * Returns 0 or -1 as above. */
int resolve_encode(const char *host, struct buf *out, struct error *error);

#endif
