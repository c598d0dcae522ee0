/* Digests and names on GnuTLS: see primitive.h. */
#include "crypto/primitive.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <limits.h>
#include <string.h>

#include "base/chars.h"
#include "base/text.h"

enum { PRIMITIVE_DOMAIN_MAX = 1024, PRIMITIVE_TEXT_MAX = 1 << 20 };

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

/* GnuTLS takes no const. */
static gnutls_datum_t datum_of(struct span s)
{
	gnutls_datum_t datum = {.size = (unsigned)s.len};

	memcpy(&datum.data, &s.data, sizeof(datum.data));
	return datum;
}

int primitive_pbkdf2(enum crypto_digest d, struct span password, struct span salt,
		     unsigned iterations, unsigned char out[CRYPTO_DIGEST_MAX])
{
	const gnutls_datum_t key = datum_of(password);
	const gnutls_datum_t grain = datum_of(salt);
	size_t len = gnutls_hmac_get_len(macs[d]);

	if (iterations == 0 || len == 0 || len > CRYPTO_DIGEST_MAX || password.len > UINT_MAX ||
	    salt.len > UINT_MAX ||
	    gnutls_pbkdf2(macs[d], &key, &grain, iterations, out, len) < 0)
		return -1;
	return (int)len;
}

int primitive_normalize(struct span text, struct buf *out)
{
	gnutls_datum_t plain = {0};
	unsigned char *bytes;

	memcpy(&bytes, &text.data, sizeof(bytes));
	if (text.len > PRIMITIVE_TEXT_MAX ||
	    gnutls_utf8_password_normalize(bytes, (unsigned)text.len, &plain, 0) < 0)
		return -1;
	buf_add(out, plain.data, plain.size);
	gnutls_memset(plain.data, 0, plain.size);
	gnutls_free(plain.data);
	return buf_failed(out) ? -1 : 0;
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
