/* Matching certificates with TLSA records: see tlsa.h. */
#include "crypto/tlsa.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { TLSA_DIGEST_MAX = 64 };

int tlsa_prepare(struct tls *tls, const struct tls_policy *policy)
{
	if (policy->tlsa_count == 0)
		return 0;
	tls->tlsa = calloc(policy->tlsa_count, sizeof(*tls->tlsa));
	if (!tls->tlsa)
		return -1;
	for (size_t i = 0; i < policy->tlsa_count; i++) {
		char *copy = span_dup(policy->tlsa[i].data);

		if (!copy)
			return -1;
		tls->tlsa[i] = policy->tlsa[i];
		tls->tlsa[i].data.data = copy;
		tls->tlsa_count++;
	}
	return 0;
}

void tlsa_clear(struct tls *tls)
{
	for (size_t i = 0; i < tls->tlsa_count; i++) {
		char *copy;

		memcpy(&copy, &tls->tlsa[i].data.data, sizeof(copy));
		free(copy);
	}
	free(tls->tlsa);
	tls->tlsa = NULL;
	tls->tlsa_count = 0;
}

/* The part of a certificate that the selector names (RFC 6698 section 2.1.2), DER. */
static int tlsa_select(enum tls_tlsa_selector selector, gnutls_x509_crt_t crt,
		       gnutls_datum_t *out)
{
	gnutls_pubkey_t key = NULL;
	int code;

	if (selector == TLS_TLSA_CERTIFICATE)
		return gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, out);
	code = gnutls_pubkey_init(&key);
	if (code >= 0)
		code = gnutls_pubkey_import_x509(key, crt, 0);
	if (code >= 0)
		code = gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, out);
	if (key)
		gnutls_pubkey_deinit(key);
	return code;
}

bool tlsa_matches(const struct tls_tlsa *record, gnutls_x509_crt_t crt)
{
	gnutls_digest_algorithm_t digest =
		record->matching == TLS_TLSA_SHA256 ? GNUTLS_DIG_SHA256 : GNUTLS_DIG_SHA512;
	unsigned char hashed[TLSA_DIGEST_MAX];
	gnutls_datum_t part = {0};
	struct span got;
	bool same = false;

	if (tlsa_select(record->selector, crt, &part) < 0)
		return false;
	got = (struct span){(const char *)part.data, part.size};
	if (record->matching != TLS_TLSA_EXACT) {
		got = (struct span){(const char *)hashed, (size_t)gnutls_hash_get_len(digest)};
		if (gnutls_hash_fast(digest, part.data, part.size, hashed) < 0)
			got.len = 0;
	}
	same = got.len > 0 && got.len == record->data.len &&
	       memcmp(got.data, record->data.data, got.len) == 0;
	gnutls_free(part.data);
	return same;
}

bool tlsa_has_leaf(const struct tls *tls, enum tls_tlsa_usage usage, const struct chain *chain)
{
	for (size_t i = 0; i < tls->tlsa_count; i++)
		if (tls->tlsa[i].usage == usage && tlsa_matches(&tls->tlsa[i], chain->leaf))
			return true;
	return false;
}

/* The chain parsed; returns how many of its certificates are in list. */
static unsigned tlsa_import(const struct chain *chain, gnutls_x509_crt_t list[TRUST_CHAIN_MAX])
{
	unsigned count = 0;

	while (count < chain->count && count < TRUST_CHAIN_MAX) {
		if (gnutls_x509_crt_init(&list[count]) < 0)
			break;
		if (gnutls_x509_crt_import(list[count], &chain->certificates[count],
					   GNUTLS_X509_FMT_DER) < 0) {
			gnutls_x509_crt_deinit(list[count]);
			break;
		}
		count++;
	}
	return count;
}

/* A chain to be verified, parsed. */
struct presented {
	const struct tls *tls;
	gnutls_x509_crt_t list[TRUST_CHAIN_MAX];
	unsigned count;
	gnutls_typed_vdata_st *data;
	unsigned elements;
	bool anchors; /* the CA that is found becomes one of the session's */
};

/* Verifies with ca as the only one that is trusted. */
static unsigned tlsa_verify_by(gnutls_x509_crt_t ca, const struct presented *p)
{
	unsigned flags = GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM);
	gnutls_x509_crt_t copy[TRUST_CHAIN_MAX]; /* GnuTLS may put it in order */
	unsigned status = GNUTLS_CERT_SIGNER_NOT_FOUND;
	gnutls_x509_trust_list_t trusted = NULL;

	memcpy(copy, p->list, p->count * sizeof(*copy));
	if (gnutls_x509_trust_list_init(&trusted, 0) < 0)
		return status;
	if (gnutls_x509_trust_list_add_cas(trusted, &ca, 1, 0) != 1 ||
	    (p->tls->crl_count > 0 &&
	     gnutls_x509_trust_list_add_crls(trusted, p->tls->crls, (int)p->tls->crl_count, 0,
					     0) < 0) ||
	    gnutls_x509_trust_list_verify_crt2(trusted, copy, p->count, p->data, p->elements,
					       flags, &status, NULL) < 0)
		status = GNUTLS_CERT_INVALID;
	if (status == 0 && p->anchors &&
	    gnutls_certificate_set_x509_trust(p->tls->credentials, &ca, 1) < 0)
		status = GNUTLS_CERT_INVALID;
	gnutls_x509_trust_list_deinit(trusted, 0);
	return status;
}

/* The CA that a record holds whole, or NULL. */
static gnutls_x509_crt_t tlsa_certificate(const struct tls_tlsa *record)
{
	gnutls_datum_t der = {.size = (unsigned)record->data.len};
	gnutls_x509_crt_t crt = NULL;

	memcpy(&der.data, &record->data.data, sizeof(der.data));
	if (record->selector != TLS_TLSA_CERTIFICATE || record->matching != TLS_TLSA_EXACT ||
	    gnutls_x509_crt_init(&crt) < 0)
		return NULL;
	if (gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER) < 0) {
		gnutls_x509_crt_deinit(crt);
		crt = NULL;
	}
	return crt;
}

/* The CA of the store that signed the last certificate of the chain, or NULL. */
static gnutls_x509_crt_t tlsa_root(const struct tls *tls, gnutls_x509_crt_t last)
{
	gnutls_x509_trust_list_t trusted;
	gnutls_x509_crt_t root = NULL;

	gnutls_certificate_get_trust_list(tls->credentials, &trusted);
	return gnutls_x509_trust_list_get_issuer(trusted, last, &root, GNUTLS_TL_GET_COPY) == 0
		       ? root
		       : NULL;
}

unsigned tlsa_verify(const struct tls *tls, enum tls_tlsa_usage usage,
		     const struct chain *chain, gnutls_typed_vdata_st *data, unsigned elements)
{
	struct presented p = {.tls = tls, .data = data, .elements = elements};
	unsigned status = GNUTLS_CERT_SIGNER_NOT_FOUND;
	gnutls_x509_crt_t root = NULL;

	p.anchors = usage == TLS_TLSA_DANE_TA;
	p.count = tlsa_import(chain, p.list);
	if (usage == TLS_TLSA_PKIX_TA && p.count > 0)
		root = tlsa_root(tls, p.list[p.count - 1]);
	for (size_t i = 0; status != 0 && i < tls->tlsa_count; i++) {
		const struct tls_tlsa *record = &tls->tlsa[i];
		gnutls_x509_crt_t whole;

		if (record->usage != usage)
			continue;
		for (unsigned k = 1; status != 0 && k < p.count; k++)
			if (tlsa_matches(record, p.list[k]))
				status = tlsa_verify_by(p.list[k], &p);
		if (status != 0 && root && tlsa_matches(record, root))
			status = tlsa_verify_by(root, &p);
		whole = status != 0 ? tlsa_certificate(record) : NULL;
		if (whole) {
			status = tlsa_verify_by(whole, &p);
			gnutls_x509_crt_deinit(whole);
		}
	}
	for (unsigned k = 0; k < p.count; k++)
		gnutls_x509_crt_deinit(p.list[k]);
	if (root)
		gnutls_x509_crt_deinit(root);
	return status;
}
