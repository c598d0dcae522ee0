/* Digests and names on GnuTLS: see primitive.h. */
#include "crypto/primitive.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/chars.h"
#include "base/text.h"

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

/* Letters, digits, "-", "_", dots, and what extra allows. */
static bool domain_is_sane(struct span domain, unsigned extra)
{
	for (size_t i = 0; i < domain.len; i++) {
		char c = domain.data[i];

		if (!chars_is(c, CHARS_ALNUM | extra) && c != '-' && c != '_' && c != '.')
			return false;
	}
	return domain.len > 0;
}

/* GnuTLS drops what it cannot map, and the mapping may yield characters that no host name has
 * ("/" from U+2100): so both ends of it are held to what a name is made of. */
int primitive_idna(struct span domain, struct buf *out)
{
	gnutls_datum_t mapped = {0};
	struct span ascii;
	int result = -1;

	if (domain.len > PRIMITIVE_DOMAIN_MAX || !domain_is_sane(domain, CHARS_UTF8) ||
	    !text_is_utf8(domain) ||
	    gnutls_idna_map(domain.data, (unsigned)domain.len, &mapped, 0) < 0)
		return -1;
	ascii = (struct span){(const char *)mapped.data, mapped.size};
	if (domain_is_sane(ascii, 0)) {
		buf_add_span(out, ascii);
		result = buf_failed(out) ? -1 : 0;
	}
	gnutls_free(mapped.data);
	return result;
}
