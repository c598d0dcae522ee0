/*
 * Where clients of this machine find us: loopback addresses and unix sockets. Any other address
 * is refused, because who listens there passes on the mail of strangers.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "net/endpoint.h"

enum {
	LISTENER_MAX = 16,
	LISTENER_ANY_PORT = -1 /* as the port of an endpoint: one that is free */
};

struct listener {
	int fd;
	char *path; /* of a unix socket that we made; else NULL */
};

/* Listens at every address of an endpoint ("localhost" has two), appending to all[*count], of
 * which there are LISTENER_MAX; they have one port. The socket of a unix path is for our user
 * alone; one that nobody listens at any more is replaced. Returns 0, or -1 with *error (local,
 * stage config).
 */
int listener_open(struct listener *all, size_t *count, const struct endpoint *e,
		  struct error *error);
/* Adds a listening socket that was inherited. */
int listener_add(struct listener *all, size_t *count, int fd, struct error *error);
/* Appends where it listens, as endpoint_show() does. */
void listener_show(const struct listener *l, struct buf *out);
/* Closes all; those who made the sockets also remove their paths. */
void listener_close(struct listener *all, size_t count, bool remove);
/* Whether fd is a socket that listens. */
bool listener_is_listening(int fd);

#endif
