/* Lists of revoked certificates: see crl.h. */
#include "crypto/crl.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/text.h"

enum { CRL_FILE_MAX = 16 << 20 };

int crl_prepare(struct tls *tls, const char *path, struct error *error)
{
	gnutls_datum_t pem;
	struct buf text;
	int code = GNUTLS_E_SUCCESS;

	buf_init(&text, CRL_FILE_MAX);
	if (file_load(path, &text, error)) {
		buf_clear(&text);
		return error_prefix(error, "the TLS revocation list");
	}
	pem = (gnutls_datum_t){(unsigned char *)text.data, (unsigned)text.len};
	code = gnutls_x509_crl_list_import2(&tls->crls, &tls->crl_count, &pem,
					    GNUTLS_X509_FMT_PEM, 0);
	buf_clear(&text);
	if (code >= 0 && tls->crl_count > 0)
		code = gnutls_certificate_set_x509_crl(tls->credentials, tls->crls,
						       (int)tls->crl_count);
	if (code >= 0 && tls->crl_count > 0)
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			 "cannot read the TLS revocation list %s: %s", TEXT_SHOW(span_of(path)),
			 code < 0 ? gnutls_strerror(code) : "it holds none");
}

static bool crl_is_by(gnutls_x509_crl_t crl, gnutls_x509_crt_t crt)
{
	gnutls_datum_t by = {0};
	gnutls_datum_t issuer = {0};
	bool same = gnutls_x509_crl_get_raw_issuer_dn(crl, &by) >= 0 &&
		    gnutls_x509_crt_get_raw_issuer_dn(crt, &issuer) >= 0 &&
		    by.size == issuer.size && memcmp(by.data, issuer.data, by.size) == 0;

	gnutls_free(by.data);
	gnutls_free(issuer.data);
	return same;
}

/* What is against the lists of one certificate's issuer; nothing, if any of them is good. */
static unsigned crl_status(const struct tls *tls, gnutls_x509_crt_t crt, time_t now)
{
	unsigned status = 0;

	for (unsigned i = 0; i < tls->crl_count; i++) {
		time_t until = gnutls_x509_crl_get_next_update(tls->crls[i]);

		if (!crl_is_by(tls->crls[i], crt))
			continue;
		if (gnutls_x509_crl_get_this_update(tls->crls[i]) > now)
			status |= GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE;
		else if (until != (time_t)-1 && until < now)
			status |= GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED;
		else
			return 0;
	}
	return status;
}

unsigned crl_judge(const struct tls *tls, const struct chain *chain)
{
	time_t now = time(NULL);
	unsigned status = 0;

	for (unsigned i = 0; tls->crl_count > 0 && i < chain->count; i++) {
		gnutls_x509_crt_t crt = NULL;

		if (gnutls_x509_crt_init(&crt) < 0)
			return GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED;
		if (gnutls_x509_crt_import(crt, &chain->certificates[i], GNUTLS_X509_FMT_DER) >=
		    0)
			status |= crl_status(tls, crt, now);
		gnutls_x509_crt_deinit(crt);
	}
	return status;
}

void crl_clear(struct tls *tls)
{
	for (unsigned i = 0; i < tls->crl_count; i++)
		gnutls_x509_crl_deinit(tls->crls[i]);
	gnutls_free(tls->crls);
	tls->crl_count = 0;
}
