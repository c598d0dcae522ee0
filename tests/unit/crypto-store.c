/* The search of a PEM file for CAs, on whole, cut and damaged input. */
#include "crypto/store.h"

#include "base/base64.h"
#include "crypto-pki.h"

static struct pki root, middle, leaf;

/* A certificate in DER form, which the caller frees with gnutls_free(). */
static struct span der_of(const struct pki *p)
{
	gnutls_datum_t der;

	PKI_CHECK(gnutls_x509_crt_export2(p->crt, GNUTLS_X509_FMT_DER, &der));
	return (struct span){(const char *)der.data, der.size};
}

static void free_der(struct span der)
{
	gnutls_free_function free_it = gnutls_free;

	free_it((void *)(uintptr_t)der.data);
}

/* The names lie where GnuTLS sees them, and every cut is either refused or gives the same. Each
 * cut lies in a block of its own size, so that a sanitizer sees a byte read too far. */
static void finds_the_names(void)
{
	struct span der = der_of(&leaf);
	gnutls_datum_t issuer, subject;
	struct span a, b;

	PKI_CHECK(gnutls_x509_crt_get_raw_issuer_dn(leaf.crt, &issuer));
	PKI_CHECK(gnutls_x509_crt_get_raw_dn(leaf.crt, &subject));
	for (size_t len = 0; len <= der.len; len++) {
		char *cut = malloc(len ? len : 1);

		memcpy(cut, der.data, len);
		if (store_certificate_names((struct span){cut, len}, &a, &b) == 0) {
			CHECK_INT(a.len, issuer.size);
			CHECK_INT(b.len, subject.size);
			CHECK(memcmp(a.data, issuer.data, a.len) == 0);
			CHECK(memcmp(b.data, subject.data, b.len) == 0);
		} else {
			CHECK(len < der.len);
		}
		free(cut);
	}
	gnutls_free(issuer.data);
	gnutls_free(subject.data);
	free_der(der);
}

static void survives_damage(void)
{
	struct span der = der_of(&leaf);
	struct span a, b;
	char *copy = malloc(der.len);

	for (size_t i = 0; i < der.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			memcpy(copy, der.data, der.len);
			copy[i] = (char)(copy[i] ^ 1 << bit);
			if (store_certificate_names((struct span){copy, der.len}, &a, &b) == 0)
				CHECK(a.data + a.len <= copy + der.len &&
				      b.data + b.len <= copy + der.len);
		}
	CHECK_INT(store_certificate_names((struct span){"\x30\x84\xff\xff\xff\xff", 6}, &a, &b),
		  -1);
	CHECK_INT(store_certificate_names((struct span){"\x30\x80\x30\x80", 4}, &a, &b), -1);
	free(copy);
	free_der(der);
}

static int count(void *context, struct span der)
{
	(void)der;
	++*(int *)context;
	return 0;
}

static int search(const char *pem, const struct pki *chain)
{
	struct span der = der_of(chain);
	struct store s;
	int found = 0;

	store_init(&s);
	buf_add_string(&s.pem, pem);
	CHECK_INT(store_find(&s, &der, 1, count, &found), 0);
	store_clear(&s);
	free_der(der);
	return found;
}

/* A PEM block with lines of this length, 0 for one line. */
static void add_block(struct buf *out, const char *label, const struct pki *p, size_t width)
{
	struct span der = der_of(p);
	struct buf text;

	buf_init(&text, 10000);
	base64_encode(&text, der);
	buf_printf(out, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < text.len; i++) {
		buf_add_char(out, text.data[i]);
		if (width && i % width == width - 1)
			buf_add_char(out, '\n');
	}
	buf_printf(out, "\n-----END %s-----\n", label);
	buf_clear(&text);
	free_der(der);
}

static void follows_issuers_in_any_order(void)
{
	static const size_t widths[] = {0, 1, 63, 64, 76};
	struct buf pem;

	buf_init(&pem, 100000);
	for (size_t i = 0; i < 5; i++) {
		buf_reset(&pem);
		buf_add_string(&pem, "-----BEGIN RUBBISH\n-- -----END X-----\n");
		add_block(&pem, "CERTIFICATE", &root, widths[i]);
		add_block(&pem, "PRIVATE KEY", &root, widths[i]);
		add_block(&pem, "X509 CERTIFICATE", &middle, widths[i]);
		buf_add_string(
			&pem,
			"-----BEGIN CERTIFICATE-----\nMIIB!\n-----END CERTIFICATE-----\n");
		CHECK_INT(search(pem.data, &leaf), 2);
		CHECK_INT(search(pem.data, &middle), 2);
		CHECK_INT(search(pem.data, &root), 1);
		buf_add_string(&pem, "-----BEGIN CERTIFICATE-----\nMIIB");
		CHECK_INT(search(pem.data, &root), 1);
	}
	CHECK_INT(search("", &root), 0);
	buf_clear(&pem);
}

static void a_cut_file_does_no_harm(void)
{
	struct buf pem;

	buf_init(&pem, 100000);
	add_block(&pem, "CERTIFICATE", &root, 64);
	for (size_t len = pem.len - 1; len > 0; len--) {
		struct span der = der_of(&root);
		struct store s;
		int found = 0;

		store_init(&s);
		buf_add(&s.pem, pem.data, len);
		store_find(&s, &der, 1, count, &found);
		CHECK(found == 0 || len + 20 > pem.len);
		CHECK(found == store_has_certificate(&s));
		store_clear(&s);
		free_der(der);
	}
	buf_clear(&pem);
}

int main(void)
{
	pki_set_up();
	root = pki_make(&(struct pki_spec){.name = "root", .ca = true, .rsa = 2048}, NULL);
	middle = pki_make(&(struct pki_spec){.name = "middle", .ca = true}, &root);
	leaf = pki_make(&(struct pki_spec){.name = "leaf", .dns = {"h"}}, &middle);
	TEST_RUN(finds_the_names);
	TEST_RUN(survives_damage);
	TEST_RUN(follows_issuers_in_any_order);
	TEST_RUN(a_cut_file_does_no_harm);
	pki_free(&root);
	pki_free(&middle);
	pki_free(&leaf);
	pki_tear_down();
	return test_done();
}
