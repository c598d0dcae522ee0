/*
 * What trust in a relay needs besides the account's own words: the password of our key, the
 * relay's key of the first time, the records of its zone, the session that went before.
 */
#ifndef DELIVER_RELAY_TRUST_H
#define DELIVER_RELAY_TRUST_H

#include "base/buf.h"
#include "deliver/relay.h"
#include "deliver/route.h"
#include "net/tlsa.h"
#include "queue/spool.h"

/* Zero it before use, and set the deadline; relay_trust_clear() is due afterwards. A policy
 * that was prepared borrows from it until TLS has begun. */
struct relay_trust {
	struct buf key_password; /* wiped */
	struct buf known;
	struct buf accept;
	struct tlsa_set zone;
	struct buf host;           /* the relay's, in A-labels */
	bool resumes;              /* a ticket was used */
	struct buf scope, tickets; /* what a ticket is bound to, and the directory of tickets */
	int64_t deadline;          /* of the attempt, for the zone's answer */
	bool is_first;             /* no key of this relay is known */
};

/* Completes the policy for an endpoint of the account, to which the way leads. Returns 0, or -1
 * with *error. */
int relay_trust_prepare(struct relay_trust *t, const struct relay_options *o,
			const struct route_way *way, const struct endpoint *e,
			struct tls_policy *policy, struct error *error);
/* Adds what a failure of trust may come from: an SRV answer that is not proved. */
void relay_trust_advise(const struct route_way *way, struct error *error);
/* To be called when TLS is on, and before anything is said that not everybody may hear: puts
 * down the key of a relay that is new here. Returns 0, or -1 with *error. */
int relay_trust_remember(const struct relay_trust *t, const struct relay_options *o,
			 const struct endpoint *e, struct smtp *s, struct error *error);
void relay_trust_clear(struct relay_trust *t);

#endif
