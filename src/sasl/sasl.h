/*
 * SASL mechanisms as pure steps (RFC 4422): a challenge in, a response out, no I/O. Base64 and
 * the SMTP profile of RFC 4954 belong to smtp/auth, and so does the choice of a mechanism.
 */
#ifndef SASL_SASL_H
#define SASL_SASL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

enum {
	SASL_CHALLENGE_MAX = 9216, /* decoded bytes of 12288 in base64 (RFC 4954 section 4) */
	SASL_RESPONSE_MAX = 32768,
	SASL_COMPLAINT_MAX = 1600
};

/* Who we are, and to whom we talk. Borrowed; the password is the caller's to wipe. */
struct sasl_credentials {
	const char *identity; /* authorization identity, NULL or "" for that of the login */
	const char *user;     /* NULL where the mechanism does not need one */
	struct span password; /* or the access token of XOAUTH2 and OAUTHBEARER */
	const char *host;     /* the relay, for mechanisms that name it; NULL: not named */
	int port;             /* 0: not named */
	/* The channel binding of the TLS session: its type, NULL where there is none, and its
	 * data. The last says whether the relay offers any mechanism that uses it: when it does
	 * not, SCRAM says what we saw, so that a removed offer comes to light (RFC 5802 section
	 * 6). */
	const char *binding_type;
	struct span binding;
	bool binding_offered;
};

struct sasl_exchange;

struct sasl_mechanism {
	const char *name;    /* as in the AUTH keyword */
	const char *proof;   /* what a refusal is about: "user name or password" */
	bool client_first;   /* sends data first: an initial response is possible */
	bool one_round_trip; /* may share a flight with what follows (RFC 4954 section 4) */
	bool hides_secret;   /* a listener does not learn the password */
	bool binds;          /* to the TLS session: the credentials must have its binding */
	bool takes_identity; /* has a place for an authorization identity */
	bool needs_user;
	bool needs_secret;
	size_t state_size; /* of what it keeps between its steps */
	/* The next response to challenge (empty for the first call of a client_first
	 * mechanism); x->step counts from 0. Appends to out and returns 0, or -1 with *error
	 * (stage auth). */
	int (*respond)(struct sasl_exchange *x, struct span challenge, struct buf *out,
		       struct error *error);
	/* The relay lets us in: whether it has proved to be what it should be. 0, or -1 with
	 * *error. NULL: nothing is asked of it. */
	int (*finish)(const struct sasl_exchange *x, struct error *error);
	/* Frees what the state holds, not the state itself. NULL: nothing. */
	void (*clear)(struct sasl_exchange *x);
};

/* One exchange under way. */
struct sasl_exchange {
	const struct sasl_mechanism *mechanism;
	const struct sasl_credentials *who;
	unsigned step; /* responses given so far */
	void *state;   /* the mechanism's own: zero at first, wiped at the end */
	/* What the relay said inside the mechanism on why it will refuse us, in words for a
	 * person; empty if nothing. Its refusal comes behind our next response. */
	struct buf complaint;
};

/* Begins an exchange, which borrows m and who. Returns 0, or -1 with *error when the
 * credentials lack what the mechanism needs. sasl_end() is needed either way. */
int sasl_begin(struct sasl_exchange *x, const struct sasl_mechanism *m,
	       const struct sasl_credentials *who, struct error *error);
/* The next response, appended to out. Returns 0, or -1 with *error: give up then. */
int sasl_respond(struct sasl_exchange *x, struct span challenge, struct buf *out,
		 struct error *error);
/* The relay reports success. Returns 0, or -1 with *error when it has not proved what the
 * mechanism wants proved: it must not be used then. */
int sasl_finish(const struct sasl_exchange *x, struct error *error);
/* Wipes and frees what the exchange kept. */
void sasl_end(struct sasl_exchange *x);

extern const struct sasl_mechanism sasl_plain;    /* RFC 4616 */
extern const struct sasl_mechanism sasl_login;    /* draft-murchison-sasl-login */
extern const struct sasl_mechanism sasl_cram_md5; /* RFC 2195 */
extern const struct sasl_mechanism sasl_scram_sha_1, sasl_scram_sha_1_plus;     /* RFC 5802 */
extern const struct sasl_mechanism sasl_scram_sha_256, sasl_scram_sha_256_plus; /* RFC 7677 */
extern const struct sasl_mechanism sasl_xoauth2;     /* Google's, of before RFC 7628 */
extern const struct sasl_mechanism sasl_oauthbearer; /* RFC 7628 */
extern const struct sasl_mechanism sasl_external;    /* RFC 4422 appendix A */

extern const struct sasl_mechanism sasl_gssapi; /* RFC 4752: see gssapi.h */

/* The mechanism called name (in any case), or NULL. */
const struct sasl_mechanism *sasl_find(struct span name);

/* For the mechanisms: the relay asks for more than there is to say. Returns -1. */
int sasl_unexpected(const struct sasl_exchange *x, struct error *error);
/* A name inside a list of SCRAM or OAUTHBEARER: saslname of RFC 5802 section 7, where "," and
 * "=" are escaped. */
void sasl_add_name(struct buf *out, struct span name);

#endif
