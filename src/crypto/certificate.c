/* What a certificate says: see certificate.h. */
#include "crypto/certificate.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum {
	CERTIFICATE_TEXT_MAX = 4096, /* bytes of one name or of all alternative names */
	CERTIFICATE_NAMES_MAX = 100,
	CERTIFICATE_SOUGHT_MAX = 1000
};

static char *certificate_name(gnutls_x509_crt_t crt,
			      int (*get)(gnutls_x509_crt_t, gnutls_datum_t *, unsigned))
{
	gnutls_datum_t name = {0};
	char *copy = NULL;

	if (get(crt, &name, 0) < 0)
		return span_dup(span_of("(no name)"));
	if (name.size > CERTIFICATE_TEXT_MAX)
		name.size = CERTIFICATE_TEXT_MAX;
	copy = span_dup((struct span){(const char *)name.data, name.size});
	gnutls_free(name.data);
	return copy;
}

char *certificate_subject(gnutls_x509_crt_t crt)
{
	return certificate_name(crt, gnutls_x509_crt_get_dn3);
}

char *certificate_issuer(gnutls_x509_crt_t crt)
{
	return certificate_name(crt, gnutls_x509_crt_get_issuer_dn3);
}

/* Appends one alternative name; a NUL, which only an attacker puts there, must not hide what
 * follows it. */
static void certificate_add_name(struct buf *out, int type, const char *name, size_t len)
{
	char text[INET6_ADDRSTRLEN];

	if (type == GNUTLS_SAN_IPADDRESS) {
		int family = len == 4 ? AF_INET : AF_INET6;

		if ((len == 4 || len == 16) && inet_ntop(family, name, text, sizeof(text)))
			buf_add_string(out, text);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (name[i])
			buf_add_char(out, name[i]);
		else
			buf_add_string(out, "\\x00");
	}
}

void certificate_names(gnutls_x509_crt_t crt, size_t max, struct buf *out)
{
	size_t shown = 0;

	for (unsigned i = 0; i < CERTIFICATE_NAMES_MAX; i++) {
		char name[1024];
		size_t size = sizeof(name);
		int type = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &size, NULL);

		if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (type < 0)
			return;
		if (type != GNUTLS_SAN_DNSNAME && type != GNUTLS_SAN_IPADDRESS &&
		    type != GNUTLS_SAN_RFC822NAME && type != GNUTLS_SAN_URI)
			continue;
		if (shown > 0)
			buf_add_string(out, ", ");
		if (shown++ == max) {
			buf_add_string(out, "...");
			return;
		}
		certificate_add_name(out, type, name, size);
	}
}

bool certificate_has_name(gnutls_x509_crt_t crt, gnutls_x509_subject_alt_name_t type)
{
	for (unsigned i = 0; i < CERTIFICATE_SOUGHT_MAX; i++) {
		char name[1024];
		size_t size = sizeof(name);
		int found = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &size, NULL);

		if (found == (int)type)
			return true;
		if (found < 0 && found != GNUTLS_E_SHORT_MEMORY_BUFFER)
			return false;
	}
	return false;
}

void certificate_key(gnutls_x509_crt_t crt, struct buf *out)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, &bits);
	const char *name = "unknown";

	if (algorithm == GNUTLS_PK_EC)
		name = "ECDSA";
	else if (algorithm >= 0 && gnutls_pk_get_name((gnutls_pk_algorithm_t)algorithm))
		name = gnutls_pk_get_name((gnutls_pk_algorithm_t)algorithm);
	buf_printf(out, "%s %u", name, bits);
}

int certificate_key_digest(gnutls_x509_crt_t crt, unsigned char digest[PIN_DIGEST_MAX])
{
	size_t size = PIN_DIGEST_MAX;
	int code = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, digest, &size);

	return code < 0 || size != PIN_DIGEST_MAX ? -1 : 0;
}

void certificate_fingerprint(gnutls_digest_algorithm_t algorithm, const gnutls_datum_t *der,
			     char *out)
{
	unsigned char digest[CRYPTO_DIGEST_MAX];
	size_t size = sizeof(digest);

	out[0] = '\0';
	if (gnutls_fingerprint(algorithm, der, digest, &size) < 0)
		return;
	for (size_t i = 0; i < size; i++) {
		out[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
	out[2 * size] = '\0';
}

static void certificate_pin(gnutls_x509_crt_t crt, char out[PIN_TEXT_SIZE])
{
	unsigned char digest[PIN_DIGEST_MAX];

	if (certificate_key_digest(crt, digest) == 0)
		pin_show(out, digest);
}

int certificate_describe(const gnutls_datum_t *der, struct tls_certificate *out)
{
	gnutls_x509_crt_t crt = NULL;
	struct buf text;
	int result = -1;

	*out = (struct tls_certificate){0};
	buf_init(&text, CERTIFICATE_TEXT_MAX);
	if (gnutls_x509_crt_init(&crt) < 0 ||
	    gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) < 0)
		goto out;
	out->subject = certificate_subject(crt);
	out->issuer = certificate_issuer(crt);
	certificate_names(crt, CERTIFICATE_NAMES_MAX, &text);
	text.failed = false; /* what fitted is good enough */
	out->names = buf_take(&text);
	certificate_key(crt, &text);
	out->key = buf_take(&text);
	out->not_before = gnutls_x509_crt_get_activation_time(crt);
	out->not_after = gnutls_x509_crt_get_expiration_time(crt);
	certificate_fingerprint(GNUTLS_DIG_SHA256, der, out->sha256);
	certificate_fingerprint(GNUTLS_DIG_SHA1, der, out->sha1);
	certificate_pin(crt, out->pin);
	result = out->subject && out->issuer && out->names && out->key ? 0 : -1;
out:
	if (result) {
		free(out->subject);
		free(out->issuer);
		free(out->names);
		free(out->key);
		*out = (struct tls_certificate){0};
	}
	buf_clear(&text);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	return result;
}
