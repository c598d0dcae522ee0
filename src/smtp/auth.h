/*
 * Authentication: the SMTP profile of SASL (RFC 4954), and which mechanism is taken.
 */
#ifndef SMTP_AUTH_H
#define SMTP_AUTH_H

#include "base/error.h"
#include "sasl/sasl.h"
#include "smtp/client.h"

enum { SMTP_AUTH_LINE_MAX = SASL_RESPONSE_MAX * 2 };

/* The AUTH command for a mechanism, appended to line (a buffer of SMTP_AUTH_LINE_MAX that the
 * caller wipes), and what may be shown of it, to shown. 1 with the mechanism's initial
 * response; 0 when it has none or the line would be too long for it; -1 with *error, also when
 * the connection must not carry a secret. A mechanism of one round trip whose line has its
 * initial response may share a flight with what follows (RFC 4954 section 4). */
int smtp_auth_line(struct smtp *s, const struct sasl_mechanism *m,
		   const struct sasl_credentials *who, struct buf *line, struct buf *shown,
		   struct error *error);
/* A reply to AUTH that is not 235, as an error. Returns -1. */
int smtp_auth_refuse(const struct reply *r, struct error *error);
/* One exchange with one mechanism. Refuses (relay, stage auth) unless smtp_may_carry_secret().
 * A challenge that makes no sense is answered with "*". Returns 0 after 235; else -1 with
 * *error: error->code is the relay's, 0 when we gave up ourselves. Responses are wiped. */
int smtp_auth(struct smtp *s, const struct sasl_mechanism *m,
	      const struct sasl_credentials *who, struct error *error);
/* The mechanism that smtp_authenticate() would try first: before a secret is fetched. NULL with
 * *error (relay, stage auth) when there is none. */
const struct sasl_mechanism *smtp_auth_choose(struct smtp *s, const char *name,
					      struct error *error);
/* Authenticates with the mechanism called name; with NULL the best that both sides have: over
 * TLS PLAIN first, because it costs the fewest round trips and the channel hides it; otherwise
 * CRAM-MD5 first. 504 and 534 lead to the next one. No usable mechanism is an error, never a
 * session that goes on without. */
int smtp_authenticate(struct smtp *s, const char *name, const struct sasl_credentials *who,
		      struct error *error);

#endif
