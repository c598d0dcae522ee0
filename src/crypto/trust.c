/* The judgement on the peer's certificate: see trust.h. */
#include "crypto/trust.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/x509.h>

#include "base/text.h"
#include "crypto/certificate.h"
#include "crypto/crl.h"
#include "crypto/explain.h"
#include "crypto/identity.h"
#include "crypto/staple.h"
#include "crypto/tlsa.h"

static int trust_read_pins(struct tls *tls, const struct tls_policy *policy,
			   struct error *error)
{
	if (policy->fingerprint &&
	    pins_read_fingerprints(&tls->fingerprints, span_of(policy->fingerprint)))
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"the TLS fingerprint \"%s\" is neither a SHA-256 (64 hex digits) nor "
			"a SHA-1 (40)",
			TEXT_SHOW(span_of(policy->fingerprint)));
	if (policy->pins && pins_read_keys(&tls->pins, span_of(policy->pins)))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "the TLS pin \"%s\" is not sha256// and base64",
				 TEXT_SHOW(span_of(policy->pins)));
	if (policy->known && pins_read_keys(&tls->known, span_of(policy->known)))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "the known key \"%s\" is not sha256// and base64",
				 TEXT_SHOW(span_of(policy->known)));
	return 0;
}

int trust_prepare(struct tls *tls, const struct tls_policy *policy, struct error *error)
{
	tls->trusts = policy->trust;
	for (size_t i = 0; i < TLS_OTHERS_MAX; i++)
		if (policy->others[i] &&
		    !(tls->others[i] = span_dup(span_of(policy->others[i]))))
			return error_set_memory(error);
	tls->name = tls->host;
	tls->accept = span_dup(span_of(policy->accept));
	if (!tls->accept || tlsa_prepare(tls, policy))
		return error_set_memory(error);
	if (identity_prepare(tls, policy, error) || trust_read_pins(tls, policy, error) ||
	    (policy->crl_file && crl_prepare(tls, policy->crl_file, error)))
		return -1;
	if (policy->fingerprint || policy->trust == TLS_TRUST_KEY)
		return 0;
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

/* Settles by which of its names the relay is known: the host, or one of the others that the
 * certificate has in its place. */
static void trust_choose_name(struct tls *tls, const struct chain *chain)
{
	if (tls->family != AF_UNSPEC || gnutls_x509_crt_check_hostname(chain->leaf, tls->host))
		return;
	for (size_t i = 0; i < TLS_OTHERS_MAX; i++)
		if (tls->name == tls->host && tls->others[i] &&
		    gnutls_x509_crt_check_hostname(chain->leaf, tls->others[i]))
			tls->name = tls->others[i];
}

/* What is asked of GnuTLS besides the chain: the purpose, and the name or address. */
struct demands {
	char purpose[sizeof(GNUTLS_KP_TLS_WWW_SERVER)];
	char name[TLS_HOST_MAX];
	gnutls_typed_vdata_st data[2];
};

static void trust_demand(struct tls *tls, const struct chain *chain, struct demands *d)
{
	trust_choose_name(tls, chain);
	*d = (struct demands){.purpose = GNUTLS_KP_TLS_WWW_SERVER};
	strlcpy(d->name, tls->name, sizeof(d->name));
	d->data[0] = (gnutls_typed_vdata_st){.type = GNUTLS_DT_KEY_PURPOSE_OID,
					     .data = (unsigned char *)d->purpose};
	d->data[1] = (gnutls_typed_vdata_st){.type = GNUTLS_DT_DNS_HOSTNAME,
					     .data = (unsigned char *)d->name};
	if (tls->family != AF_UNSPEC)
		d->data[1] = (gnutls_typed_vdata_st){
			.type = GNUTLS_DT_IP_ADDRESS,
			.data = (unsigned char *)&tls->address,
			.size = tls->family == AF_INET ? 4 : 16,
		};
}

/* Gives the reasons in a status, and asks for the alternative name that GnuTLS would do
 * without. */
static void trust_weigh(struct tls *tls, const struct chain *chain, unsigned status,
			struct buf *reasons)
{
	bool is_address = tls->family != AF_UNSPEC;

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

/* By the CAs that the credentials trust, with all that was revoked. */
static void trust_verify_peer(struct tls *tls, const struct chain *chain, struct demands *d,
			      struct buf *reasons)
{
	unsigned status = 0;
	int code = gnutls_certificate_verify_peers(tls->session, d->data, 2, &status);

	if (code < 0)
		trust_reason(reasons, "it cannot be checked: %s", gnutls_strerror(code));
	else
		status |= staple_judge(tls->session, chain) | crl_judge(tls, chain);
	trust_weigh(tls, chain, status, reasons);
}

/* The usual way: CAs. */
static void trust_verify_chain(struct tls *tls, const struct chain *chain, struct buf *reasons)
{
	struct demands d;

	trust_demand(tls, chain, &d);
	trust_gather(tls, chain);
	trust_verify_peer(tls, chain, &d, reasons);
	snprintf(tls->thanks, sizeof(tls->thanks), "its chain ends at a CA of %s",
		 tls->named_store ? "the tls_trust_file" : "the system");
}

/* By the records of the relay's zone (RFC 7671 section 5). One that fits will do. */
static void trust_verify_zone(struct tls *tls, const struct chain *chain, struct buf *reasons)
{
	struct demands d;
	unsigned status;

	trust_demand(tls, chain, &d);
	if (tlsa_has_leaf(tls, TLS_TLSA_DANE_EE, chain)) {
		tls->by_zone = true;
		return;
	}
	status = tlsa_verify(tls, TLS_TLSA_DANE_TA, chain, d.data, 2);
	if (!(status & GNUTLS_CERT_SIGNER_NOT_FOUND)) {
		if (status == 0) /* and nothing is gathered: the zone's CA is the only one */
			trust_verify_peer(tls, chain, &d, reasons);
		else
			trust_weigh(tls, chain, status | crl_judge(tls, chain), reasons);
		snprintf(tls->thanks, sizeof(tls->thanks),
			 "its chain ends at the CA that its zone names (DANE)");
		return;
	}
	trust_gather(tls, chain);
	status = tlsa_has_leaf(tls, TLS_TLSA_PKIX_EE, chain)
			 ? 0
			 : tlsa_verify(tls, TLS_TLSA_PKIX_TA, chain, d.data, 2);
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND) {
		trust_reason(reasons,
			     "none of the %zu usable TLSA records of its zone is about it; its "
			     "operator must publish one that is",
			     tls->tlsa_count);
		return;
	}
	trust_verify_chain(tls, chain, reasons);
	if (reasons->len == 0)
		trust_explain(tls, chain, status, reasons);
	strlcat(tls->thanks, ", as its zone says, too (DANE)", sizeof(tls->thanks));
}

static bool trust_has_fingerprint(const struct tls *tls, const gnutls_datum_t *der)
{
	unsigned char digest[PIN_DIGEST_MAX];
	size_t size = sizeof(digest);

	if (gnutls_fingerprint(GNUTLS_DIG_SHA256, der, digest, &size) == 0 &&
	    pins_have(&tls->fingerprints, digest, size))
		return true;
	size = sizeof(digest);
	return gnutls_fingerprint(GNUTLS_DIG_SHA1, der, digest, &size) == 0 &&
	       pins_have(&tls->fingerprints, digest, size);
}

/* By its fingerprint alone. */
static void trust_verify_fingerprint(struct tls *tls, const struct chain *chain,
				     struct buf *reasons)
{
	char shown[2 * PIN_DIGEST_MAX + 1];
	bool sha1 = tls->fingerprints.list[0].length == 20;

	if (trust_has_fingerprint(tls, &chain->certificates[0]))
		return;
	certificate_fingerprint(sha1 ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256,
				&chain->certificates[0], shown);
	trust_reason(reasons,
		     "its fingerprint is %s, not that of tls_fingerprint; if the relay has a "
		     "new certificate, ask its operator, then change the setting",
		     shown);
}

/* By its key: the one that was there before, as ssh(1) has it. */
static void trust_verify_known(struct tls *tls, const struct chain *chain, struct buf *reasons)
{
	unsigned char digest[PIN_DIGEST_MAX];
	char shown[PIN_TEXT_SIZE];

	if (certificate_key_digest(chain->leaf, digest)) {
		trust_reason(reasons, "it has no key");
	} else if (tls->known.count > 0 && !pins_have(&tls->known, digest, sizeof(digest))) {
		pin_show(shown, digest);
		trust_reason(
			reasons,
			"its key is not the one that was there before: somebody may be in "
			"between, or the relay has a new key; ask its operator whether that "
			"is %s, and if it is, accept it with: %s%s",
			shown, tls->accept, shown);
	}
}

/* What tls_pin asks besides. */
static void trust_check_pins(const struct tls *tls, const struct chain *chain,
			     struct buf *reasons)
{
	unsigned char digest[PIN_DIGEST_MAX];
	char shown[PIN_TEXT_SIZE];

	if (tls->pins.count == 0)
		return;
	if (certificate_key_digest(chain->leaf, digest)) {
		trust_reason(reasons, "it has no key");
		return;
	}
	pin_show(shown, digest);
	if (!pins_have(&tls->pins, digest, sizeof(digest)))
		trust_reason(reasons, "its key is %s, which is not among those of tls_pin",
			     shown);
}

/* Whom we have to thank for trust. */
static void trust_thank(struct tls *tls, const struct chain *chain)
{
	char *issuer;

	if (tls->fingerprints.count > 0 || tls->trusts == TLS_TRUST_KEY || tls->by_zone) {
		snprintf(tls->trust, sizeof(tls->trust), "%s",
			 tls->fingerprints.count > 0
				 ? "the certificate has the fingerprint of tls_fingerprint"
			 : tls->by_zone ? "the certificate is the one that the relay's zone "
					  "names (DANE)"
			 : tls->known.count > 0
				 ? "the certificate's key is the one that was there before"
				 : "the certificate's key is the first one seen here");
		return;
	}
	issuer = certificate_issuer(chain->leaf);
	snprintf(tls->trust, sizeof(tls->trust),
		 "the certificate is for %s, issued by \"%s\", and %s",
		 TEXT_SHOW(span_of(tls->name)), TEXT_SHOW(span_of(issuer)), tls->thanks);
	text_cut(tls->trust);
	free(issuer);
}

/* The verdict in words: reasons against it, or whom we have to thank. */
static void trust_conclude(struct tls *tls, const struct chain *chain, struct buf *reasons)
{
	tls->judged = true;
	tls->verified = reasons->len == 0 && !buf_failed(reasons);
	if (tls->verified) {
		trust_thank(tls, chain);
		return;
	}
	snprintf(tls->trust, sizeof(tls->trust),
		 "the certificate does not prove that this is %s%s%s: %s",
		 tls->host[0] ? TEXT_SHOW(span_of(tls->host)) : "the relay",
		 tls->others[0] ? " or " : "",
		 tls->others[0] ? TEXT_SHOW(span_of(tls->others[0])) : "", reasons->data);
	text_cut(tls->trust);
}

int trust_judge(gnutls_session_t session)
{
	struct tls *tls = gnutls_session_get_ptr(session);
	struct chain chain = {0};
	struct buf reasons;

	buf_init(&reasons, TLS_TRUST_MAX - TLS_HOST_MAX);
	if (gnutls_certificate_type_get(session) == GNUTLS_CRT_X509)
		chain.certificates = gnutls_certificate_get_peers(session, &chain.count);
	if (!chain.certificates || chain.count == 0 || gnutls_x509_crt_init(&chain.leaf) < 0)
		return tls->verify ? GNUTLS_E_CERTIFICATE_ERROR : 0;
	if (gnutls_x509_crt_import(chain.leaf, &chain.certificates[0], GNUTLS_X509_FMT_DER) < 0)
		trust_reason(&reasons, "it cannot be parsed");
	else if (tls->fingerprints.count > 0)
		trust_verify_fingerprint(tls, &chain, &reasons);
	else if (tls->trusts == TLS_TRUST_KEY)
		trust_verify_known(tls, &chain, &reasons);
	else if (tls->tlsa_count > 0)
		trust_verify_zone(tls, &chain, &reasons);
	else
		trust_verify_chain(tls, &chain, &reasons);
	if (reasons.len == 0)
		trust_check_pins(tls, &chain, &reasons);
	trust_conclude(tls, &chain, &reasons);
	gnutls_x509_crt_deinit(chain.leaf);
	buf_clear(&reasons);
	store_clear(&tls->store);
	return tls->verified || !tls->verify ? 0 : GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
}

void trust_resumed(struct tls *tls)
{
	tls->judged = true;
	tls->verified = tls->tickets;
	snprintf(tls->trust, sizeof(tls->trust),
		 "the session goes on from an earlier one, in which %s was proved",
		 tls->host[0] ? TEXT_SHOW(span_of(tls->host)) : "the relay");
	text_cut(tls->trust);
}
