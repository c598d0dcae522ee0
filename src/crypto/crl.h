/*
 * Lists of revoked certificates (RFC 5280 section 5), from a file that the policy names.
 *
 * GnuTLS looks for a certificate in them, whatever their dates are. A list that is out of date
 * cannot tell that a certificate is still good: here it is a reason against all that its issuer
 * has signed, until a newer one is in the file.
 */
#ifndef CRYPTO_CRL_H
#define CRYPTO_CRL_H

#include "crypto/issuers.h"

/* Reads the file, PEM with one or several lists. Returns 0, or -1 with *error (local, stage
 * config). */
int crl_prepare(struct tls *tls, const char *path, struct error *error);
/* The bits to add to the status of GnuTLS for this chain. */
unsigned crl_judge(const struct tls *tls, const struct chain *chain);
void crl_clear(struct tls *tls);

#endif
