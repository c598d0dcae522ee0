/*
 * Addresses of the Internet: one with its port, and a short list of them.
 */
#ifndef NET_INET_H
#define NET_INET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/buf.h"

enum { INET_LIST_MAX = 16 }; /* what a name has beyond that is not tried */

struct inet_address {
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	};
	socklen_t len; /* 0: none */
};

struct inet_list {
	struct inet_address items[INET_LIST_MAX];
	size_t count;
};

/* Reads an address literal without brackets. Returns whether it is one; else *a is none. */
bool inet_parse(struct inet_address *a, const char *text, int port);
/* Copies what the system gave, with another port. Returns whether it is of the Internet. */
bool inet_copy(struct inet_address *a, const struct sockaddr *from, socklen_t len, int port);
/* Adds an address that the list does not have yet: glibc says 127.0.0.1 twice where /etc/hosts
 * gives localhost both families. Returns false when the list is full. */
bool inet_add(struct inet_list *l, const struct inet_address *a);
/* Whether it is of this machine alone: 127.0.0.0/8, ::1. */
bool inet_is_loopback(const struct inet_address *a);
/* Appends the address without its port. */
void inet_show(const struct inet_address *a, struct buf *out);
/* Puts the families by turns, that of the first address first; within a family the order stays
 * (RFC 8305 section 4). */
void inet_interleave(struct inet_list *l);

#endif
