/* --verify-address: asks the relay about an address (VRFY, RFC 5321 section 3.5). */
#ifndef CMD_VERIFY_ADDRESS_H
#define CMD_VERIFY_ADDRESS_H

#include "cmd/context.h"

/* Shows a positive reply on standard output: 250, 251, or 252, by which a relay neither says
 * yes nor no. Returns the exit status: 67 when the relay does not know the address or cannot
 * tell it from others (550, 551, 553); any other refusal is one of the command, not of the
 * address. */
int cmd_verify_address(struct context *x);

#endif
