/* --server-info: what a relay says of itself, before TLS and under it. */
#ifndef CMD_SERVER_INFO_H
#define CMD_SERVER_INFO_H

#include "cmd/context.h"

/* Shows it on standard output; sends no message and no secret. Returns the exit status. */
int cmd_server_info(struct context *x);

#endif
