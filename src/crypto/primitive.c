/* Digests and names on GnuTLS: see primitive.h. */
#include "crypto/primitive.h"

#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/chars.h"

enum { PRIMITIVE_DOMAIN_MAX = 1024 };

static const gnutls_digest_algorithm_t digests[] = {
	[CRYPTO_MD5] = GNUTLS_DIG_MD5,
	[CRYPTO_SHA1] = GNUTLS_DIG_SHA1,
	[CRYPTO_SHA256] = GNUTLS_DIG_SHA256,
};

static const gnutls_mac_algorithm_t macs[] = {
	[CRYPTO_MD5] = GNUTLS_MAC_MD5,
	[CRYPTO_SHA1] = GNUTLS_MAC_SHA1,
	[CRYPTO_SHA256] = GNUTLS_MAC_SHA256,
};

int primitive_digest(enum crypto_digest d, struct span data,
		     unsigned char out[CRYPTO_DIGEST_MAX])
{
	if (gnutls_hash_fast(digests[d], data.data, data.len, out) < 0)
		return -1;
	return (int)gnutls_hash_get_len(digests[d]);
}

int primitive_hmac(enum crypto_digest d, struct span key, struct span data,
		   unsigned char out[CRYPTO_DIGEST_MAX])
{
	if (gnutls_hmac_fast(macs[d], key.data, key.len, data.data, data.len, out) < 0)
		return -1;
	return (int)gnutls_hmac_get_len(macs[d]);
}

/* The mapping of IDNA can yield characters that no host name has ("/" from U+2100): the result
 * is held to letters, digits, "-", "_" and dots. */
int primitive_idna(struct span domain, struct buf *out)
{
	gnutls_datum_t mapped = {0};
	int result = -1;

	if (domain.len == 0 || domain.len > PRIMITIVE_DOMAIN_MAX ||
	    memchr(domain.data, '\0', domain.len) ||
	    gnutls_idna_map(domain.data, (unsigned)domain.len, &mapped, 0) < 0)
		return -1;
	for (unsigned i = 0; i < mapped.size; i++) {
		char c = (char)mapped.data[i];

		if (!chars_is(c, CHARS_ALNUM) && c != '-' && c != '_' && c != '.')
			goto out;
	}
	buf_add(out, mapped.data, mapped.size);
	result = mapped.size > 0 && !buf_failed(out) ? 0 : -1;
out:
	gnutls_free(mapped.data);
	return result;
}
