/* Digests and names: the operations of base/crypto.h that need no session. */
#ifndef CRYPTO_PRIMITIVE_H
#define CRYPTO_PRIMITIVE_H

#include "base/crypto.h"

int primitive_digest(enum crypto_digest d, struct span data,
		     unsigned char out[CRYPTO_DIGEST_MAX]);
int primitive_hmac(enum crypto_digest d, struct span key, struct span data,
		   unsigned char out[CRYPTO_DIGEST_MAX]);
int primitive_pbkdf2(enum crypto_digest d, struct span password, struct span salt,
		     unsigned iterations, unsigned char out[CRYPTO_DIGEST_MAX]);
int primitive_normalize(struct span text, struct buf *out);
int primitive_idna(struct span domain, struct buf *out);

#endif
