/*
 * SASL mechanisms as pure steps (RFC 4422): a challenge in, a response out, no I/O. Base64 and
 * the SMTP profile of RFC 4954 belong to smtp/auth.
 */
#ifndef SASL_SASL_H
#define SASL_SASL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

enum {
	SASL_CHALLENGE_MAX = 9216, /* decoded bytes of 12288 in base64 (RFC 4954 section 4) */
	SASL_RESPONSE_MAX = 32768
};

/* Who we are. Borrowed; the password is the caller's to wipe. */
struct sasl_credentials {
	const char *identity; /* authorization identity, NULL or "" for that of the login */
	const char *user;
	struct span password;
	const char *host; /* the relay, for mechanisms that bind to it */
};

struct sasl_mechanism {
	const char *name;    /* as in the AUTH keyword */
	bool client_first;   /* sends data first: an initial response is possible */
	bool one_round_trip; /* may share a flight with what follows (RFC 4954 section 4) */
	bool hides_secret;   /* a listener does not learn the password */
	/* The next response to challenge (empty for the first call of a client_first
	 * mechanism); step counts from 0. Appends to out and returns 0, or -1 with *error
	 * (stage auth). */
	int (*respond)(const struct sasl_credentials *who, unsigned step, struct span challenge,
		       struct buf *out, struct error *error);
};

extern const struct sasl_mechanism sasl_plain;    /* RFC 4616 */
extern const struct sasl_mechanism sasl_login;    /* draft-murchison-sasl-login */
extern const struct sasl_mechanism sasl_cram_md5; /* RFC 2195 */

/* The mechanism called name (in any case), or NULL. */
const struct sasl_mechanism *sasl_find(struct span name);

#endif
