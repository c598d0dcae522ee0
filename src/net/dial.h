/*
 * Reaching a relay: name lookup by the system's resolver, then one address after the other,
 * each with a share of the time, until one accepts.
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <stdint.h>

#include "net/conn.h"
#include "net/endpoint.h"

struct dial_options {
	int64_t timeout;       /* milliseconds for lookup and all addresses together */
	const char *source_ip; /* local address to bind to, or NULL */
};

/* A connection, or NULL with *error: stage resolve (relay: no such host; temporary: the
 * resolver cannot tell now) or connect (temporary), which names every address that was tried
 * when more than one was, and why it failed; the endpoint itself the caller knows. */
struct conn *dial(const struct endpoint *e, const struct dial_options *options,
		  struct error *error);

#endif
