/*
 * SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password, none says it.
 *
 * The messages as functions over one state, with the nonce from outside, so that the examples
 * of the RFCs can be played; the mechanisms that sasl.h names wrap them.
 */
#ifndef SASL_SCRAM_H
#define SASL_SCRAM_H

#include "base/crypto.h"
#include "sasl/sasl.h"

enum {
	SCRAM_NONCE_MAX = 64,
	SCRAM_MESSAGE_MAX = 2 * SASL_CHALLENGE_MAX + SASL_RESPONSE_MAX,
	SCRAM_ITERATIONS_MIN = 4096, /* what RFC 7677 section 4 asks of servers: fewer make the
					password cheap to guess from what we say */
	SCRAM_ITERATIONS_MAX = 10000000 /* some seconds */
};

struct scram {
	enum crypto_digest digest;
	char nonce[SCRAM_NONCE_MAX + 1];
	struct buf header;                          /* gs2-header, then the channel binding */
	struct buf message;                         /* AuthMessage as far as it is known */
	unsigned char signature[CRYPTO_DIGEST_MAX]; /* the server's, as it must be */
	int length;                                 /* of it, 0 while it is not known */
	bool proven;                                /* the server showed it */
};

void scram_init(struct scram *s, enum crypto_digest digest);
/* Wipes it. */
void scram_clear(struct scram *s);
/* Appends client-first-message with nonce, printable characters without a comma. Returns 0, or
 * -1 with *error. */
int scram_first(struct scram *s, const struct sasl_credentials *who, bool plus,
		const char *nonce, struct buf *out, struct error *error);
/* Takes server-first-message, appends client-final-message. -1 with *error when it is
 * malformed, its nonce does not extend ours, or the number of iterations is out of bounds. */
int scram_final(struct scram *s, const struct sasl_credentials *who, struct span challenge,
		struct buf *out, struct error *error);
/* Takes server-final-message. Returns 0 when it proves that the server knows the password, or
 * when it is an error of the server, which complaint then tells; -1 with *error when it is
 * wrong, or when the error says that somebody tampered with the session. */
int scram_verify(struct scram *s, struct span challenge, struct buf *complaint,
		 struct error *error);

#endif
