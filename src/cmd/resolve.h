/* -bv: where mail for an address would go, and by which account. Nobody is connected to. */
#ifndef CMD_RESOLVE_H
#define CMD_RESOLVE_H

#include "cmd/context.h"

/* Writes for each address "key: value" lines: the address, the aliases that it passes, the
 * recipients it comes to, and relay, login and account. Returns the exit status: 0 when mail
 * for all of them would be sent, else that of the first for which it would not, and 67 where
 * nobody is behind an alias. */
int cmd_resolve(struct context *x);

#endif
