/*
 * The proof of validity that a server may send along with its certificate: OCSP (RFC 6960),
 * stapled (RFC 6066 section 8, RFC 8446 section 4.4.2.1).
 *
 * GnuTLS refuses what says "revoked", and a certificate that demands a staple (RFC 7633)
 * without one; but it passes over a staple that it finds too old, or that knows nothing of the
 * certificate. Here a staple that proves nothing is as bad as one that is wrong.
 */
#ifndef CRYPTO_STAPLE_H
#define CRYPTO_STAPLE_H

#include "crypto/issuers.h"

/* To be called when GnuTLS has verified the chain. Returns the bits to add to its status. */
unsigned staple_judge(gnutls_session_t session, const struct chain *chain);

#endif
