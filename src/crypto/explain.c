/* Why a certificate is not good enough: see explain.h. */
#include "crypto/explain.h"

#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "crypto/certificate.h"

enum { EXPLAIN_SHOWN_NAMES = 8 };

/* A day as people write it everywhere: 2026-11-23. */
static const char *trust_show_day(char *out, size_t size, time_t when)
{
	struct tm tm;

	if (!gmtime_r(&when, &tm) || strftime(out, size, "%Y-%m-%d", &tm) == 0)
		out[0] = '\0';
	return out;
}

void trust_reason(struct buf *reasons, const char *format, ...)
{
	va_list ap;

	if (reasons->len > 0)
		buf_add_string(reasons, "; ");
	va_start(ap, format);
	buf_vprintf(reasons, format, ap);
	va_end(ap);
}

/* Which certificate of the chain is out of its time, and since or until when. */
static void trust_explain_dates(const struct chain *chain, struct buf *reasons)
{
	time_t now = time(NULL);
	char today[16];
	char day[16];

	trust_show_day(today, sizeof(today), now);
	for (unsigned i = 0; i < chain->count && i < TRUST_CHAIN_MAX; i++) {
		gnutls_x509_crt_t crt = NULL;

		if (gnutls_x509_crt_init(&crt) < 0)
			return;
		if (gnutls_x509_crt_import(crt, &chain->certificates[i], GNUTLS_X509_FMT_DER) ==
		    0) {
			time_t from = gnutls_x509_crt_get_activation_time(crt);
			time_t until = gnutls_x509_crt_get_expiration_time(crt);
			const char *which = i == 0 ? "it" : "a certificate of its chain";

			if (until < now)
				trust_reason(
					reasons,
					"%s expired on %s (this machine's clock says %s: is it "
					"right?)",
					which, trust_show_day(day, sizeof(day), until), today);
			else if (from > now)
				trust_reason(reasons,
					     "%s is not valid before %s (this machine's clock "
					     "says %s: "
					     "is it right?)",
					     which, trust_show_day(day, sizeof(day), from),
					     today);
		}
		gnutls_x509_crt_deinit(crt);
	}
}

static void trust_explain_issuer(const struct tls *tls, const struct chain *chain,
				 struct buf *reasons)
{
	gnutls_x509_crt_t last = NULL;
	char *issuer = NULL;
	char fingerprint[2 * CRYPTO_DIGEST_MAX + 1];

	if (gnutls_x509_crt_check_issuer(chain->leaf, chain->leaf)) {
		certificate_fingerprint(GNUTLS_DIG_SHA256, &chain->certificates[0],
					fingerprint);
		trust_reason(
			reasons,
			"it is signed by itself alone; if it is the right one, put it into a "
			"tls_trust_file or set tls_fingerprint to %s",
			fingerprint);
		return;
	}
	if (gnutls_x509_crt_init(&last) == 0 &&
	    gnutls_x509_crt_import(last, &chain->certificates[chain->count - 1],
				   GNUTLS_X509_FMT_DER) == 0)
		issuer = certificate_issuer(last);
	trust_reason(
		reasons,
		"its issuer \"%s\" is not among the CAs of %s; if that is the right CA, name "
		"the PEM file with it in tls_trust_file",
		TEXT_SHOW(span_of(issuer)),
		tls->named_store ? "the tls_trust_file" : "the system");
	free(issuer);
	if (last)
		gnutls_x509_crt_deinit(last);
}

/* What each status of GnuTLS means that needs no more than words. */
static const struct {
	unsigned status;
	const char *words;
} trust_words[] = {
	{GNUTLS_CERT_REVOKED, "it has been revoked"},
	{GNUTLS_CERT_INSECURE_ALGORITHM,
	 "its chain uses a key or signature too weak to prove anything"},
	{GNUTLS_CERT_PURPOSE_MISMATCH,
	 "it is not meant for servers (its key purpose is another)"},
	{GNUTLS_CERT_SIGNER_NOT_CA, "it is signed by a certificate that is not a CA's"},
	{GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE,
	 "a CA of its chain may not issue such a certificate"},
	{GNUTLS_CERT_SIGNATURE_FAILURE, "a signature in its chain is wrong"},
	{GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED, "the revocation data is out of date"},
	{GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE,
	 "the revocation data is from the future"},
	{GNUTLS_CERT_INVALID_OCSP_STATUS, "the proof of validity sent with it is wrong"},
	{GNUTLS_CERT_MISSING_OCSP_STATUS, "the proof of validity it demands (OCSP) is missing"},
	{GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, "it has a critical extension that is unknown"},
};

void trust_explain(const struct tls *tls, const struct chain *chain, unsigned status,
		   struct buf *reasons)
{
	struct buf names;

	if (status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED))
		trust_explain_dates(chain, reasons);
	if (status & GNUTLS_CERT_UNEXPECTED_OWNER) {
		buf_init(&names, 1024);
		certificate_names(chain->leaf, EXPLAIN_SHOWN_NAMES, &names);
		trust_reason(reasons, "it is not for this name but for \"%s\"",
			     TEXT_SHOW(buf_span(&names)));
		buf_clear(&names);
	}
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
		trust_explain_issuer(tls, chain, reasons);
	for (size_t i = 0; i < sizeof(trust_words) / sizeof(trust_words[0]); i++)
		if (status & trust_words[i].status)
			trust_reason(reasons, "%s", trust_words[i].words);
	if (status != 0 && reasons->len == 0)
		trust_reason(reasons, "GnuTLS does not accept it (status 0x%x)", status);
}
