/*
 * --server-info: what a relay says of itself, before TLS and under it, and who it is by its
 * certificate.
 */
#ifndef CMD_SERVER_INFO_H
#define CMD_SERVER_INFO_H

#include "cmd/context.h"

/* Shows it on standard output, as far as things go; sends no message and no secret. The
 * certificate is judged as for a submission, but an untrusted one ends nothing. Returns the
 * exit status: 69 when the account demands a good certificate and this one is not. */
int cmd_server_info(struct context *x);

#endif
