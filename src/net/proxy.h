/*
 * Asking a proxy to connect us to a relay: SOCKS version 5 (RFC 1928, login by RFC 1929) or the
 * CONNECT of HTTP (RFC 9110 section 9.3.6, login by RFC 7617).
 *
 * The relay's name goes to the proxy as it is: nothing is looked up here. What the proxy says
 * is bounded and escaped, and every error names the proxy.
 */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "net/conn.h"
#include "net/endpoint.h"

struct proxy {
	const struct endpoint *endpoint; /* of endpoint_parse_proxy() */
	struct span password;            /* of endpoint->user, if there is one */
	bool clear;                      /* it may go in clear to another machine */
};

/* Over a connection to the proxy: everything behind is between us and host:port. What follows
 * the proxy's answer is left in the connection. Returns 0, or -1 with *error: temporary, stage
 * connect, when it does not get through; class relay when it refuses us (stage auth) or is no
 * proxy (stage protocol). */
int proxy_connect(struct conn *c, const struct proxy *p, const char *host, int port,
		  int64_t deadline, struct error *error);

/* The parsers: 1 with the answer's length in *used, 0 when more must come, -1 when it is none.
 */
/* SOCKS5's reply (RFC 1928 section 6): its code into *code. */
int proxy_parse_socks(struct span in, size_t *used, int *code);
/* HTTP's status line and header: the status into *code, the rest of its line into *reason. */
int proxy_parse_http(struct span in, size_t *used, int *code, struct span *reason);

#endif
