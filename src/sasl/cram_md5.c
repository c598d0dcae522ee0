/* CRAM-MD5: proves the password without saying it, by what was thought enough in 1997 (RFC
 * 2195). */
#include <string.h>

#include "base/crypto.h"
#include "sasl/sasl.h"

/* user SP HMAC-MD5(password, challenge) in hex (section 2) */
static int cram_md5_respond(struct sasl_exchange *x, struct span challenge, struct buf *out,
			    struct error *error)
{
	unsigned char digest[CRYPTO_DIGEST_MAX];
	const struct crypto *crypto;
	int len;

	if (x->step > 0)
		return sasl_unexpected(x, error);
	if (challenge.len == 0)
		return error_set(error, ERROR_RELAY, STAGE_AUTH,
				 "the CRAM-MD5 challenge is empty");
	crypto = crypto_load(error);
	if (!crypto)
		return -1;
	len = crypto->hmac(CRYPTO_MD5, x->who->password, challenge, digest);
	if (len < 0)
		return error_set(error, ERROR_LOCAL, STAGE_AUTH,
				 "MD5 is not to be had here, so CRAM-MD5 cannot be used");
	buf_printf(out, "%s ", x->who->user);
	for (int i = 0; i < len; i++)
		buf_printf(out, "%02x", digest[i]);
	explicit_bzero(digest, sizeof(digest));
	return 0;
}

const struct sasl_mechanism sasl_cram_md5 = {
	.name = "CRAM-MD5",
	.proof = "user name or password",
	.hides_secret = true,
	.needs_user = true,
	.needs_secret = true,
	.respond = cram_md5_respond,
};
