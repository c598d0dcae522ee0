/*
 * What a chain needs of the store: the few CAs that may have issued its certificates.
 */
#ifndef CRYPTO_ISSUERS_H
#define CRYPTO_ISSUERS_H

#include <gnutls/x509.h>

#include "crypto/session.h"

enum { TRUST_CHAIN_MAX = 32 };

/* A chain as it was presented, and its first certificate parsed. */
struct chain {
	const gnutls_datum_t *certificates;
	unsigned count;
	gnutls_x509_crt_t leaf;
};

/* Fills the trust list of the credentials with what this chain needs. A system without a bundle
 * in one PEM file is left to GnuTLS. The second call does nothing. */
void trust_gather(struct tls *tls, const struct chain *chain);

#endif
