/*
 * Authentication: the SMTP profile of SASL (RFC 4954), and which mechanism is taken.
 */
#ifndef SMTP_AUTH_H
#define SMTP_AUTH_H

#include "base/error.h"
#include "sasl/sasl.h"
#include "smtp/client.h"

/* One exchange with one mechanism. Refuses (relay, stage auth) unless smtp_may_carry_secret().
 * A challenge that makes no sense is answered with "*". Returns 0 after 235; else -1 with
 * *error: error->code is the relay's, 0 when we gave up ourselves. Responses are wiped. */
int smtp_auth(struct smtp *s, const struct sasl_mechanism *m,
	      const struct sasl_credentials *who, struct error *error);
/* Whether smtp_authenticate() would have a mechanism to try: before a secret is fetched.
 * Returns 0, or -1 with *error (relay, stage auth). */
int smtp_auth_check(struct smtp *s, const char *name, struct error *error);
/* Authenticates with the mechanism called name; with NULL the best that both sides have: over
 * TLS PLAIN first, because it costs the fewest round trips and the channel hides it; otherwise
 * CRAM-MD5 first. 504 and 534 lead to the next one. No usable mechanism is an error, never a
 * session that goes on without. */
int smtp_authenticate(struct smtp *s, const char *name, const struct sasl_credentials *who,
		      struct error *error);

#endif
