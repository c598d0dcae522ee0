/* The judgement on the peer's certificate: see trust.h. */
#include "crypto/trust.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnutls/x509.h>

#include "base/chars.h"
#include "base/text.h"
#include "crypto/certificate.h"

enum { TRUST_CHAIN_MAX = 32, TRUST_CANDIDATES_MAX = 64, TRUST_SHOWN_NAMES = 8 };

/* The chain as it was presented, and its first certificate parsed. */
struct chain {
	const gnutls_datum_t *certificates;
	unsigned count;
	gnutls_x509_crt_t leaf;
};

static int trust_read_fingerprint(struct tls *tls, const char *text, struct error *error)
{
	size_t nibbles = 0;
	bool fine = true;

	for (size_t i = 0; fine && text[i]; i++) {
		unsigned char *byte = &tls->fingerprint[nibbles / 2];
		char c = chars_lower(text[i]);

		if (c == ':')
			continue;
		fine = chars_is(c, CHARS_HEX) && nibbles < 2 * sizeof(tls->fingerprint);
		if (fine)
			*byte = (unsigned char)(*byte << 4 |
						(chars_is(c, CHARS_DIGIT) ? c - '0'
									  : c - 'a' + 10));
		nibbles++;
	}
	if (!fine || (nibbles != 64 && nibbles != 40))
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"the TLS fingerprint \"%s\" is neither a SHA-256 (64 hex digits) nor "
			"a SHA-1 (40)",
			TEXT_SHOW(span_of(text)));
	tls->fingerprint_length = nibbles / 2;
	return 0;
}

static int trust_read_files(struct tls *tls, const struct tls_policy *policy,
			    struct error *error)
{
	const char *key = policy->key_file ? policy->key_file : policy->cert_file;
	int code;

	if (policy->crl_file) {
		code = gnutls_certificate_set_x509_crl_file(tls->credentials, policy->crl_file,
							    GNUTLS_X509_FMT_PEM);
		if (code <= 0)
			return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
					 "cannot read the TLS revocation list %s: %s",
					 TEXT_SHOW(span_of(policy->crl_file)),
					 code < 0 ? gnutls_strerror(code) : "it holds none");
	}
	if (policy->key_file && !policy->cert_file)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "a TLS client key is set without its certificate");
	if (policy->cert_file) {
		code = gnutls_certificate_set_x509_key_file2(
			tls->credentials, policy->cert_file, key, GNUTLS_X509_FMT_PEM, NULL, 0);
		if (code < 0)
			return error_set(
				error, ERROR_LOCAL, STAGE_CONFIG,
				"cannot use the TLS client certificate %s with the key %s: %s",
				TEXT_SHOW(span_of(policy->cert_file)), TEXT_SHOW(span_of(key)),
				gnutls_strerror(code));
	}
	return 0;
}

int trust_prepare(struct tls *tls, const struct tls_policy *policy, struct error *error)
{
	if (trust_read_files(tls, policy, error))
		return -1;
	if (policy->fingerprint)
		return trust_read_fingerprint(tls, policy->fingerprint, error);
	tls->named_store = policy->trust_file != NULL;
	if (!tls->named_store)
		return 0;
	if (store_load(&tls->store, policy->trust_file))
		return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
				       "cannot read the TLS trust file %s",
				       TEXT_SHOW(span_of(policy->trust_file)));
	if (!store_has_certificate(&tls->store))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "the TLS trust file %s holds no certificate in PEM form",
				 TEXT_SHOW(span_of(policy->trust_file)));
	return 0;
}

/* A day as people write it everywhere: 2026-11-23. */
static const char *trust_show_day(char *out, size_t size, time_t when)
{
	struct tm tm;

	if (!gmtime_r(&when, &tm) || strftime(out, size, "%Y-%m-%d", &tm) == 0)
		out[0] = '\0';
	return out;
}

static void trust_reason(struct buf *reasons, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void trust_reason(struct buf *reasons, const char *format, ...)
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

static void trust_explain(const struct tls *tls, const struct chain *chain, unsigned status,
			  struct buf *reasons)
{
	struct buf names;

	if (status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED))
		trust_explain_dates(chain, reasons);
	if (status & GNUTLS_CERT_UNEXPECTED_OWNER) {
		buf_init(&names, 1024);
		certificate_names(chain->leaf, TRUST_SHOWN_NAMES, &names);
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

/* The CAs that the store holds for a chain. */
struct candidates {
	gnutls_x509_crt_t list[TRUST_CANDIDATES_MAX];
	unsigned count;
};

/* store_find()'s way to hand one over. */
static int trust_take(void *context, struct span der)
{
	struct candidates *found = context;
	gnutls_datum_t data = {.size = (unsigned)der.len};
	gnutls_x509_crt_t crt = NULL;

	memcpy(&data.data, &der.data, sizeof(data.data));
	if (found->count == TRUST_CANDIDATES_MAX || gnutls_x509_crt_init(&crt) < 0)
		return -1;
	if (gnutls_x509_crt_import(crt, &data, GNUTLS_X509_FMT_DER) < 0)
		gnutls_x509_crt_deinit(crt);
	else
		found->list[found->count++] = crt;
	return 0;
}

static bool trust_has_twin(const struct candidates *found, unsigned which)
{
	gnutls_datum_t name = {0};
	bool twin = false;

	if (gnutls_x509_crt_get_raw_dn(found->list[which], &name) < 0)
		return false;
	for (unsigned i = 0; !twin && i < found->count; i++) {
		gnutls_datum_t other = {0};

		if (i == which || gnutls_x509_crt_get_raw_dn(found->list[i], &other) < 0)
			continue;
		twin = name.size == other.size && memcmp(name.data, other.data, name.size) == 0;
		gnutls_free(other.data);
	}
	gnutls_free(name.data);
	return twin;
}

static bool trust_has_signed(gnutls_x509_crt_t ca, gnutls_x509_crt_t crt)
{
	unsigned flags = GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_CA_SIGN;
	unsigned status = 0;

	return gnutls_x509_crt_check_issuer(crt, ca) &&
	       gnutls_x509_crt_verify(crt, &ca, 1, flags, &status) == 0 &&
	       !(status & GNUTLS_CERT_SIGNATURE_FAILURE);
}

/* Whether a candidate signed a certificate of the chain or another candidate. */
static bool trust_is_needed(const struct candidates *found, unsigned which,
			    const struct chain *chain)
{
	bool needed = false;

	for (unsigned i = 0; !needed && i < chain->count && i < TRUST_CHAIN_MAX; i++) {
		gnutls_x509_crt_t crt = NULL;

		if (gnutls_x509_crt_init(&crt) < 0)
			return false;
		needed = gnutls_x509_crt_import(crt, &chain->certificates[i],
						GNUTLS_X509_FMT_DER) == 0 &&
			 trust_has_signed(found->list[which], crt);
		gnutls_x509_crt_deinit(crt);
	}
	for (unsigned i = 0; !needed && i < found->count; i++)
		needed = i != which && trust_has_signed(found->list[which], found->list[i]);
	return needed;
}

/* Gives the candidates to GnuTLS. Where two have one name and no key identifier tells them
 * apart, GnuTLS takes the first and fails when it was the other: the signatures decide before.
 */
static void trust_add(struct tls *tls, const struct candidates *found,
		      const struct chain *chain)
{
	gnutls_x509_trust_list_t list;
	bool useless[TRUST_CANDIDATES_MAX] = {false};

	for (unsigned i = 0; i < found->count; i++)
		useless[i] = trust_has_twin(found, i) && !trust_is_needed(found, i, chain);
	gnutls_certificate_get_trust_list(tls->credentials, &list);
	for (unsigned i = 0; i < found->count; i++) {
		gnutls_x509_crt_t crt = found->list[i];

		if (useless[i] || gnutls_x509_trust_list_add_cas(list, &crt, 1, 0) < 1)
			gnutls_x509_crt_deinit(crt);
	}
}

/* Fills the trust list of the credentials with what this chain needs. A system without a bundle
 * in one PEM file is left to GnuTLS. */
static void trust_gather(struct tls *tls, const struct chain *chain)
{
	struct candidates found = {.count = 0};
	struct span certificates[TRUST_CHAIN_MAX];
	size_t count = 0;

	if (!tls->named_store && (store_load(&tls->store, PENNYPOST_TRUST_FILE) ||
				  !store_has_certificate(&tls->store))) {
		gnutls_certificate_set_x509_system_trust(tls->credentials);
		return;
	}
	for (; count < chain->count && count < TRUST_CHAIN_MAX; count++)
		certificates[count] =
			(struct span){(const char *)chain->certificates[count].data,
				      chain->certificates[count].size};
	store_find(&tls->store, certificates, count, trust_take, &found);
	trust_add(tls, &found, chain);
}

static bool trust_matches_fingerprint(const struct tls *tls, const struct chain *chain)
{
	gnutls_digest_algorithm_t algorithm =
		tls->fingerprint_length == 32 ? GNUTLS_DIG_SHA256 : GNUTLS_DIG_SHA1;
	unsigned char digest[CRYPTO_DIGEST_MAX];
	size_t size = sizeof(digest);

	return gnutls_fingerprint(algorithm, &chain->certificates[0], digest, &size) == 0 &&
	       size == tls->fingerprint_length &&
	       memcmp(digest, tls->fingerprint, tls->fingerprint_length) == 0;
}

/* Asks GnuTLS, and asks for the alternative name that it would do without. */
static void trust_verify_chain(struct tls *tls, const struct chain *chain, struct buf *reasons)
{
	char purpose[] = GNUTLS_KP_TLS_WWW_SERVER;
	gnutls_typed_vdata_st data[] = {
		{.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)purpose},
		{.type = GNUTLS_DT_DNS_HOSTNAME, .data = (unsigned char *)tls->host},
	};
	bool is_address = tls->family != AF_UNSPEC;
	unsigned status = 0;
	int code;

	if (is_address)
		data[1] = (gnutls_typed_vdata_st){
			.type = GNUTLS_DT_IP_ADDRESS,
			.data = (unsigned char *)&tls->address,
			.size = tls->family == AF_INET ? 4 : 16,
		};
	trust_gather(tls, chain);
	code = gnutls_certificate_verify_peers(tls->session, data, 2, &status);
	if (code < 0)
		trust_reason(reasons, "it cannot be checked: %s", gnutls_strerror(code));
	if (!tls->host[0]) {
		trust_reason(reasons, "nothing says what host it should be for");
		status &= ~(unsigned)GNUTLS_CERT_UNEXPECTED_OWNER;
	} else if (!certificate_has_name(chain->leaf, is_address ? GNUTLS_SAN_IPADDRESS
								 : GNUTLS_SAN_DNSNAME)) {
		trust_reason(reasons, "it has no subject alternative name that is %s",
			     is_address ? "an IP address" : "a host name");
		status &= ~(unsigned)GNUTLS_CERT_UNEXPECTED_OWNER;
	}
	if (status & ~(unsigned)GNUTLS_CERT_INVALID)
		status &= ~(unsigned)GNUTLS_CERT_INVALID;
	trust_explain(tls, chain, status, reasons);
}

/* The verdict in words: reasons against it, or whom we have to thank. */
static void trust_conclude(struct tls *tls, const struct chain *chain, struct buf *reasons)
{
	char *issuer;

	tls->judged = true;
	tls->verified = reasons->len == 0 && !buf_failed(reasons);
	if (!tls->verified) {
		snprintf(tls->trust, sizeof(tls->trust),
			 "the certificate does not prove that this is %s: %s",
			 tls->host[0] ? TEXT_SHOW(span_of(tls->host)) : "the relay",
			 reasons->data);
		text_cut(tls->trust);
		return;
	}
	if (tls->fingerprint_length > 0) {
		snprintf(tls->trust, sizeof(tls->trust),
			 "the certificate has the fingerprint of tls_fingerprint");
		return;
	}
	issuer = certificate_issuer(chain->leaf);
	snprintf(
		tls->trust, sizeof(tls->trust),
		"the certificate is for %s, issued by \"%s\", and its chain ends at a CA of %s",
		TEXT_SHOW(span_of(tls->host)), TEXT_SHOW(span_of(issuer)),
		tls->named_store ? "the tls_trust_file" : "the system");
	text_cut(tls->trust);
	free(issuer);
}

int trust_judge(gnutls_session_t session)
{
	struct tls *tls = gnutls_session_get_ptr(session);
	struct chain chain = {0};
	char fingerprint[2 * CRYPTO_DIGEST_MAX + 1];
	struct buf reasons;

	buf_init(&reasons, TLS_TRUST_MAX - TLS_HOST_MAX);
	if (gnutls_certificate_type_get(session) == GNUTLS_CRT_X509)
		chain.certificates = gnutls_certificate_get_peers(session, &chain.count);
	if (!chain.certificates || chain.count == 0 || gnutls_x509_crt_init(&chain.leaf) < 0)
		return tls->verify ? GNUTLS_E_CERTIFICATE_ERROR : 0;
	if (gnutls_x509_crt_import(chain.leaf, &chain.certificates[0], GNUTLS_X509_FMT_DER) <
	    0) {
		trust_reason(&reasons, "it cannot be parsed");
	} else if (tls->fingerprint_length == 0) {
		trust_verify_chain(tls, &chain, &reasons);
	} else if (!trust_matches_fingerprint(tls, &chain)) {
		certificate_fingerprint(tls->fingerprint_length == 32 ? GNUTLS_DIG_SHA256
								      : GNUTLS_DIG_SHA1,
					&chain.certificates[0], fingerprint);
		trust_reason(&reasons,
			     "its fingerprint is %s, not that of tls_fingerprint; if the relay "
			     "has a "
			     "new certificate, ask its operator, then change the setting",
			     fingerprint);
	}
	trust_conclude(tls, &chain, &reasons);
	gnutls_x509_crt_deinit(chain.leaf);
	buf_clear(&reasons);
	store_clear(&tls->store);
	return tls->verified || !tls->verify ? 0 : GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
}
