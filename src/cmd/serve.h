/* SMTP on standard input and output: -bs. */
#ifndef CMD_SERVE_H
#define CMD_SERVE_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/context.h"

/* What a session may take. */
struct serve_limits {
	uint64_t size; /* bytes of a message, 0: any */
	size_t recipients;
	int64_t wait;                      /* for a command, milliseconds; 0: for ever */
	int64_t time;                      /* of the session, milliseconds; 0: for ever */
	const volatile sig_atomic_t *stop; /* as in smtp/server.h */
};

/* What the command line says, on top of what is usual for a client who comes by a socket, or
 * who called us. */
struct serve_limits serve_limits(const struct options *o, bool socket);

/* Reads the configuration itself, because the client is to be told when that fails. Returns the
 * exit status. */
int cmd_serve(struct context *x);
/* One session, with the configuration read. out may be in. */
int serve_session(struct context *x, const struct serve_limits *l, int in, int out);

#endif
