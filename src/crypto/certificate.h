/* What a certificate says, as text for a person. */
#ifndef CRYPTO_CERTIFICATE_H
#define CRYPTO_CERTIFICATE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/crypto.h"

/* The distinguished names as RFC 4514 writes them; the caller frees, NULL without memory. */
char *certificate_subject(gnutls_x509_crt_t crt);
char *certificate_issuer(gnutls_x509_crt_t crt);
/* Appends the subject alternative names that are DNS names, addresses, mail addresses or URIs,
 * separated by ", ", at most max of them ("..." stands for the others). */
void certificate_names(gnutls_x509_crt_t crt, size_t max, struct buf *out);
/* Whether one of them is of this type. */
bool certificate_has_name(gnutls_x509_crt_t crt, gnutls_x509_subject_alt_name_t type);
/* Appends the key's algorithm and size: "RSA 2048", "ECDSA 256". */
void certificate_key(gnutls_x509_crt_t crt, struct buf *out);
/* The digest of a certificate (DER) in small hex letters. out has room for 65 bytes. */
void certificate_fingerprint(gnutls_digest_algorithm_t algorithm, const gnutls_datum_t *der,
			     char *out);
/* SHA-256 of its key (the SubjectPublicKeyInfo). Returns 0 or -1. */
int certificate_key_digest(gnutls_x509_crt_t crt, unsigned char digest[PIN_DIGEST_MAX]);
/* Fills *out from a certificate (DER). Returns 0, or -1 when it cannot be parsed. */
int certificate_describe(const gnutls_datum_t *der, struct tls_certificate *out);

#endif
