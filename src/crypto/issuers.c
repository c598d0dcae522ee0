/* The CAs that a chain needs: see issuers.h. */
#include "crypto/issuers.h"

#include <string.h>

enum { TRUST_CANDIDATES_MAX = 64 };

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
void trust_gather(struct tls *tls, const struct chain *chain)
{
	struct candidates found = {.count = 0};
	struct span certificates[TRUST_CHAIN_MAX];
	size_t count = 0;

	if (tls->gathered)
		return;
	tls->gathered = true;
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
