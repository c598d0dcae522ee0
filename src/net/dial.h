/*
 * Reaching a relay: net/resolve finds its addresses, net/race connects to the first of them
 * that answers.
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <stdint.h>

#include "net/conn.h"
#include "net/endpoint.h"
#include "net/proxy.h"

struct dial_options {
	int64_t timeout;       /* milliseconds for lookup and all addresses together */
	const char *source_ip; /* local address to bind to, or one of each family with a comma
				  between; or NULL */
	const char *interface; /* to leave by, or NULL */
	int family;            /* AF_INET or AF_INET6: no other; AF_UNSPEC */
	const struct proxy *proxy; /* to go through, or NULL; not for a unix socket, pipe: or
				      fd: */
	void (*note)(void *context, const char *text); /* is told what goes on; or NULL */
	void *note_context;
	struct course *course; /* where it is noted, or NULL */
};

/* A connection, or NULL with *error: stage resolve (relay: no such host; temporary: the
 * resolver cannot tell now) or connect (temporary), which names every address that was tried
 * when more than one was, and why it failed; the endpoint itself the caller knows. */
struct conn *dial(const struct endpoint *e, const struct dial_options *options,
		  struct error *error);

#endif
