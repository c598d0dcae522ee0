/* A session told for a person: what tls_describe of base/crypto.h does. */
#ifndef CRYPTO_DESCRIBE_H
#define CRYPTO_DESCRIBE_H

#include "crypto/session.h"

int session_describe(struct tls *tls, struct tls_info *info, struct error *error);

#endif
