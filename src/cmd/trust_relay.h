/* --trust-relay: makes a new key of a relay the one that is known (queue/known.h). */
#ifndef CMD_TRUST_RELAY_H
#define CMD_TRUST_RELAY_H

#include "cmd/context.h"

/* Takes options.relay_key apart, "HOST:PORT=sha256//BASE64", and puts that key down in the
 * place of whatever is known of the relay. The relay is not asked: it is the key that a person
 * has seen and checked that counts, and no other. Returns the exit status. */
int cmd_trust_relay(struct context *x);

#endif
