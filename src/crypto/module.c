/* The table that the module exports, and nothing else: see base/crypto.h. */
#include "crypto/describe.h"
#include "crypto/primitive.h"
#include "crypto/session.h"

extern const struct crypto crypto_module;

__attribute__((visibility("default"))) const struct crypto crypto_module = {
	.abi = CRYPTO_ABI,
	.system_trust_file = PENNYPOST_TRUST_FILE,
	.digest = primitive_digest,
	.hmac = primitive_hmac,
	.pbkdf2 = primitive_pbkdf2,
	.normalize = primitive_normalize,
	.idna = primitive_idna,
	.tls_new = session_new,
	.tls_handshake = session_handshake,
	.tls_read = session_read,
	.tls_write = session_write,
	.tls_pending = session_pending,
	.tls_close = session_close,
	.tls_free = session_free,
	.tls_verified = session_verified,
	.tls_binding = session_binding,
	.tls_ticket = session_ticket,
	.tls_describe = session_describe,
};
