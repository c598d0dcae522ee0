/*
 * What a zone says of its server's certificate (DANE: RFC 6698, RFC 7671): whether a record is
 * about this certificate. That the records are authentic is for who looked them up.
 */
#ifndef CRYPTO_TLSA_H
#define CRYPTO_TLSA_H

#include "crypto/issuers.h"

/* Keeps copies of the policy's records. Returns 0, or -1 without memory. */
int tlsa_prepare(struct tls *tls, const struct tls_policy *policy);
void tlsa_clear(struct tls *tls);
/* Whether a certificate is what the record describes. */
bool tlsa_matches(const struct tls_tlsa *record, gnutls_x509_crt_t crt);
/* Whether a record of that usage describes the peer's own certificate (usages 1 and 3). */
bool tlsa_has_leaf(const struct tls *tls, enum tls_tlsa_usage usage, const struct chain *chain);
/* Verifies the chain up to a CA that a record of that usage (0 or 2) describes: one of the
 * chain, one that is in the record itself, or (usage 0, when trust_gather() has been called)
 * one of the store. With usage 2 a CA that is good becomes one that the session's credentials
 * trust. Returns the status of GnuTLS, 0 when one is good;
 * GNUTLS_CERT_SIGNER_NOT_FOUND when no record is about any. */
unsigned tlsa_verify(const struct tls *tls, enum tls_tlsa_usage usage,
		     const struct chain *chain, gnutls_typed_vdata_st *data, unsigned elements);

#endif
