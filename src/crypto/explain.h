/*
 * The reasons against a certificate, in words that say what to do.
 */
#ifndef CRYPTO_EXPLAIN_H
#define CRYPTO_EXPLAIN_H

#include "crypto/issuers.h"

/* Adds one reason to the others. */
void trust_reason(struct buf *reasons, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Adds a reason for every bit of what GnuTLS found (enum gnutls_certificate_status_t). */
void trust_explain(const struct tls *tls, const struct chain *chain, unsigned status,
		   struct buf *reasons);

#endif
