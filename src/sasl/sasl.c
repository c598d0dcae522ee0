/* Mechanisms as pure steps: see sasl.h. */
#include "sasl/sasl.h"

#include <string.h>

#include "base/crypto.h"
#include "base/text.h"

static int sasl_unexpected(const char *name, unsigned step, struct error *error)
{
	return error_set(error, ERROR_RELAY, STAGE_AUTH,
			 "the relay asked once more than %s has answers (challenge %u)", name,
			 step + 1);
}

/* message = [authzid] UTF8NUL authcid UTF8NUL passwd (RFC 4616 section 2) */
static int sasl_plain_respond(const struct sasl_credentials *who, unsigned step,
			      struct span challenge, struct buf *out, struct error *error)
{
	if (step > 0 || challenge.len > 0)
		return sasl_unexpected("PLAIN", step, error);
	if (who->password.len > 0 && memchr(who->password.data, '\0', who->password.len))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "the password holds a NUL");
	buf_add_string(out, who->identity ? who->identity : "");
	buf_add_char(out, '\0');
	buf_add_string(out, who->user);
	buf_add_char(out, '\0');
	buf_add_span(out, who->password);
	return 0;
}

/* The prompts differ from server to server, so only their order counts: the name, the password.
 */
static int sasl_login_respond(const struct sasl_credentials *who, unsigned step,
			      struct span challenge, struct buf *out, struct error *error)
{
	(void)challenge;
	if (step > 1)
		return sasl_unexpected("LOGIN", step, error);
	if (step == 0)
		buf_add_string(out, who->user);
	else
		buf_add_span(out, who->password);
	return 0;
}

/* user SP HMAC-MD5(password, challenge) in hex (RFC 2195 section 2) */
static int sasl_cram_md5_respond(const struct sasl_credentials *who, unsigned step,
				 struct span challenge, struct buf *out, struct error *error)
{
	unsigned char digest[CRYPTO_DIGEST_MAX];
	const struct crypto *crypto;
	int len;

	if (step > 0)
		return sasl_unexpected("CRAM-MD5", step, error);
	if (challenge.len == 0)
		return error_set(error, ERROR_RELAY, STAGE_AUTH,
				 "the CRAM-MD5 challenge is empty");
	crypto = crypto_load(error);
	if (!crypto)
		return -1;
	len = crypto->hmac(CRYPTO_MD5, who->password, challenge, digest);
	if (len < 0)
		return error_set(error, ERROR_LOCAL, STAGE_AUTH,
				 "MD5 is not to be had here, so CRAM-MD5 cannot be used");
	buf_printf(out, "%s ", who->user);
	for (int i = 0; i < len; i++)
		buf_printf(out, "%02x", digest[i]);
	explicit_bzero(digest, sizeof(digest));
	return 0;
}

const struct sasl_mechanism sasl_plain = {
	.name = "PLAIN",
	.client_first = true,
	.one_round_trip = true,
	.respond = sasl_plain_respond,
};

const struct sasl_mechanism sasl_login = {
	.name = "LOGIN",
	.respond = sasl_login_respond,
};

const struct sasl_mechanism sasl_cram_md5 = {
	.name = "CRAM-MD5",
	.hides_secret = true,
	.respond = sasl_cram_md5_respond,
};

const struct sasl_mechanism *sasl_find(struct span name)
{
	static const struct sasl_mechanism *const all[] = {&sasl_plain, &sasl_login,
							   &sasl_cram_md5};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (span_equals_nocase(name, all[i]->name))
			return all[i];
	return NULL;
}
