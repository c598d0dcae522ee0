/* --verify-address: asks the relay about an address (VRFY, RFC 5321 section 3.5). */
#ifndef CMD_VERIFY_ADDRESS_H
#define CMD_VERIFY_ADDRESS_H

#include "cmd/context.h"

/* Shows the answer on standard output. Returns the exit status. */
int cmd_verify_address(struct context *x);

#endif
