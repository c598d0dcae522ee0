/*
 * SMTP for the programs of this machine that speak nothing else: --listen, -bd. One process a
 * connection, at loopback addresses and unix sockets alone. With --catch what they say is kept
 * and not sent.
 */
#ifndef CMD_LISTEN_H
#define CMD_LISTEN_H

#include "cmd/context.h"

/* How many descriptors, from 3 up, systemd handed over (sd_listen_fds(3)). They are closed on
 * exec, and the environment says nothing of them any more. */
int listen_inherited(void);
/* Listens until SIGTERM or SIGINT, then lets sessions come to an end of their message. Returns
 * the exit status. inherited is what listen_inherited() said. */
int cmd_listen(struct context *x, int inherited);

#endif
