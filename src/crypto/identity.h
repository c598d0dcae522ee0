/*
 * Who we are: the client's certificate and its key, from PEM files or, by PKCS#11 URIs (RFC
 * 7512), from a token that keeps the key to itself.
 */
#ifndef CRYPTO_IDENTITY_H
#define CRYPTO_IDENTITY_H

#include "crypto/session.h"

/* Gives the credentials what the policy names, if it names any. Returns 0, or -1 with *error
 * (local, stage config). */
int identity_prepare(struct tls *tls, const struct tls_policy *policy, struct error *error);

#endif
