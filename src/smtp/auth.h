/*
 * Authentication: the SMTP profile of SASL (RFC 4954), and which mechanism is taken.
 */
#ifndef SMTP_AUTH_H
#define SMTP_AUTH_H

#include "base/error.h"
#include "sasl/sasl.h"
#include "smtp/client.h"

/* Which mechanisms may be taken. */
struct smtp_auth_choice {
	const char *mechanism; /* this one and no other, or NULL. XOAUTH2 and OAUTHBEARER are
				  taken only so: a password is no token */
	bool strong;           /* SCRAM first, although PLAIN would cost fewer round trips */
	bool certificate;      /* we have a certificate to show: EXTERNAL makes sense */
	const struct sasl_mechanism *refused; /* by 504 or 534 a moment ago: asked for last, so
						 that there is a refusal to tell; or NULL */
};

/* One exchange with one mechanism; the credentials' channel binding is filled in here. Refuses
 * (relay, stage auth) unless smtp_may_carry_secret(). A challenge that makes no sense is
 * answered with "*". Returns 0 after 235 from a relay that has proved what the mechanism wants
 * proved; else -1 with *error: error->code is the relay's, 0 when we gave up ourselves.
 * Responses are wiped. */
int smtp_auth(struct smtp *s, const struct sasl_mechanism *m,
	      const struct sasl_credentials *who, struct error *error);

/* The mechanism that smtp_authenticate() would try first: before a secret is fetched, and to
 * see whether it needs one (if the first does not, none of them does). The password may be
 * empty still. NULL with *error (relay, stage auth) when there is none. */
const struct sasl_mechanism *smtp_auth_first(struct smtp *s,
					     const struct smtp_auth_choice *choice,
					     const struct sasl_credentials *who,
					     struct error *error);
/* Authenticates with the mechanism that is chosen, else with the best that both sides have:
 * over TLS PLAIN first, because it costs the fewest round trips and the channel hides it;
 * otherwise, or if strong, SCRAM first. 504 and 534 lead to the next one. A relay that offers
 * SCRAM or CRAM-MD5 may keep the password in a form that serves only PLAIN, so a 535 leads to
 * PLAIN, once, over verified TLS; not after -PLUS, which fails that way where somebody stands
 * in between. No usable mechanism is an error, never a session that goes on without. */
int smtp_authenticate(struct smtp *s, const struct smtp_auth_choice *choice,
		      const struct sasl_credentials *who, struct error *error);

/* For a flight in which others follow the AUTH command: its whole line with the initial
 * response, appended to line (a buffer of SMTP_AUTH_LINE_MAX that the caller wipes), and what
 * the listener may see of it to shown. Returns 1; 0 when m may not share a flight (RFC 4954
 * section 4) or the line would be too long: then smtp_authenticate() must go before; -1 with
 * *error, also unless smtp_may_carry_secret(). */
enum { SMTP_AUTH_LINE_MAX = 512 };
int smtp_auth_line(struct smtp *s, const struct sasl_mechanism *m,
		   const struct sasl_credentials *who, struct buf *line, struct buf *shown,
		   struct error *error);
/* What the relay's reply to that line comes to: 0 for 235, else -1 with *error as smtp_auth()
 * has it. */
int smtp_auth_judge(const struct reply *r, const struct sasl_mechanism *m, struct error *error);

#endif
