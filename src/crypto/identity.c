/* Who we are: see identity.h. */
#include "crypto/identity.h"

#include <string.h>

#include "base/text.h"

/* GnuTLS asks for the password of a key file or the PIN of a token. It is said once: a token
 * locks itself after a few that are wrong. */
static int identity_say_pin(void *context, int attempt, const char *url, const char *label,
			    unsigned flags, char *pin, size_t size)
{
	struct tls *tls = context;

	(void)url, (void)label;
	tls->key_asked = true;
	if (attempt > 0 || flags & (GNUTLS_PIN_WRONG | GNUTLS_PIN_FINAL_TRY) ||
	    tls->key_password.len == 0 || tls->key_password.len >= size)
		return -1;
	memcpy(pin, tls->key_password.data, tls->key_password.len + 1);
	return 0;
}

/* What to do about a key that cannot be used. */
static const char *identity_hint(const struct tls *tls)
{
	if (!tls->key_asked)
		return "";
	return tls->key_password.len == 0
		       ? "; it wants a password: set tls_key_password_file or "
			 "tls_key_passwordeval"
		       : "; is the password of tls_key_password_file or tls_key_passwordeval "
			 "right?";
}

int identity_prepare(struct tls *tls, const struct tls_policy *policy, struct error *error)
{
	const char *key = policy->key_file ? policy->key_file : policy->cert_file;
	int code;

	if (policy->key_file && !policy->cert_file)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "a TLS client key is set without its certificate");
	if (!policy->cert_file)
		return 0;
	buf_add_span(&tls->key_password, policy->key_password);
	gnutls_certificate_set_pin_function(tls->credentials, identity_say_pin, tls);
	code = gnutls_certificate_set_x509_key_file2(tls->credentials, policy->cert_file, key,
						     GNUTLS_X509_FMT_PEM, NULL, 0);
	if (code >= 0)
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			 "cannot use the TLS client certificate %s with the key %s: %s%s",
			 TEXT_SHOW(span_of(policy->cert_file)), TEXT_SHOW(span_of(key)),
			 gnutls_strerror(code), identity_hint(tls));
}
