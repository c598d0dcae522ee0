/* Which certificates prove who the relay is, and what the others are told. */
#include "crypto-pki.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>

static struct pki ca, other, middle, self_signed;
static struct tls_info info;
static struct error error;
static char joined[128], empty_store[128];

/* A handshake with a fresh leaf under an issuer. Returns conn_start_tls()'s result; error and
 * info tell the rest. */
static int shake(const struct pki_server *server, const struct tls_policy *policy)
{
	struct error ignored;
	pid_t child;
	struct conn *c = pki_start(server, &child);
	int result;

	error = (struct error){0};
	tls_info_clear(&info);
	result = conn_start_tls(c, policy, clock_in(10000), &error);
	conn_describe_tls(c, &info, &ignored);
	if (result == 0)
		CHECK(conn_is_verified(c) == info.verified);
	else
		CHECK(!conn_is_verified(c) && !conn_is_tls(c));
	pki_stop(c, child);
	return result;
}

static int try_leaf(const struct pki_spec *spec, const struct pki *issuer, const char *host,
		    const char *store)
{
	struct pki leaf = pki_make(spec, issuer);
	struct pki_server server = {.chain = {&leaf, issuer == &middle ? &middle : NULL}};
	struct tls_policy policy = {.host = host, .verify = true, .trust_file = store};
	int result = shake(&server, &policy);

	pki_free(&leaf);
	return result;
}

static void good(const struct pki_spec *spec, const struct pki *issuer, const char *host)
{
	CHECK_INT(try_leaf(spec, issuer, host, ca.file), 0);
	if (error.text[0])
		printf("# %s: %s\n", host, error.text);
	CHECK(info.verified);
	CHECK(strstr(info.trust, "and its chain ends at a CA of the tls_trust_file") != NULL);
}

static void bad(const struct pki_spec *spec, const struct pki *issuer, const char *host,
		const char *says)
{
	CHECK_INT(try_leaf(spec, issuer, host, ca.file), -1);
	CHECK_INT(error.class, ERROR_RELAY);
	CHECK_INT(error.stage, STAGE_TRUST);
	CHECK_INT(error_exit_code(&error), 69);
	if (!strstr(error.text, says))
		CHECK_STR(error.text, says);
	CHECK_STR(info.trust ? info.trust : "", error.text);
	CHECK(!info.verified);
}

static void accepts_what_proves_the_name(void)
{
	good(&(struct pki_spec){.name = "a", .dns = {"mail.example.org"}}, &ca,
	     "mail.example.org");
	good(&(struct pki_spec){.name = "a", .dns = {"mail.example.org"}}, &ca,
	     "MAIL.example.org.");
	good(&(struct pki_spec){.name = "a", .dns = {"x.example", "*.example.org"}}, &ca,
	     "mail.example.org");
	good(&(struct pki_spec){.name = "a", .dns = {"xn--tda.example"}}, &ca,
	     "\xc3\xbc.example");
	good(&(struct pki_spec){.name = "a", .ip = "192.0.2.1"}, &ca, "192.0.2.1");
	good(&(struct pki_spec){.name = "a", .ip = "2001:db8::1"}, &ca, "2001:db8::1");
	CHECK(info.sni == NULL);
	good(&(struct pki_spec){.name = "a", .dns = {"h"}, .rsa = 2048}, &ca, "h");
	good(&(struct pki_spec){.name = "a", .dns = {"h"}}, &middle, "h");
	CHECK_INT(info.chain_length, 2);
	CHECK_STR(info.sni, "h");
}

static void refuses_other_names(void)
{
	bad(&(struct pki_spec){.name = "a", .dns = {"www.example.org", "b.example"}}, &ca,
	    "mail.example.org",
	    "the certificate does not prove that this is mail.example.org: it is not for this "
	    "name "
	    "but for \"www.example.org, b.example\"");
	bad(&(struct pki_spec){.name = "a", .dns = {"*.example.org"}}, &ca, "a.b.example.org",
	    "not for this name");
	bad(&(struct pki_spec){.name = "a", .dns = {"*.org"}}, &ca, "org", "not for this name");
	bad(&(struct pki_spec){.name = "mail.example.org"}, &ca, "mail.example.org",
	    "it has no subject alternative name that is a host name");
	bad(&(struct pki_spec){.name = "mail.example.org", .mail = "a@b.example"}, &ca,
	    "mail.example.org", "it has no subject alternative name");
	bad(&(struct pki_spec){.name = "mail.example.org", .ip = "192.0.2.1"}, &ca,
	    "mail.example.org", "it has no subject alternative name that is a host name");
	bad(&(struct pki_spec){.name = "a", .dns = {"192.0.2.1"}}, &ca, "192.0.2.1",
	    "it has no subject alternative name that is an IP address");
	bad(&(struct pki_spec){.name = "192.0.2.1"}, &ca, "192.0.2.1",
	    "no subject alternative name");
	bad(&(struct pki_spec){.name = "a", .dns = {"192.0.2.1"}, .ip = "192.0.2.2"}, &ca,
	    "192.0.2.1", "not for this name but for \"192.0.2.1, 192.0.2.2\"");
	bad(&(struct pki_spec){.name = "a", .ip = "192.0.2.1"}, &ca, "::ffff:192.0.2.1",
	    "not for this name");
}

static void takes_one_of_several_names(void)
{
	struct pki leaf = pki_make(&(struct pki_spec){.name = "a", .dns = {"b", "c"}}, &ca);
	struct pki_server server = {.chain = {&leaf}};
	struct tls_policy policy = {
		.host = "h", .others = {"x", "c"}, .verify = true, .trust_file = ca.file};

	CHECK_INT(shake(&server, &policy), 0);
	CHECK_STR(info.sni, "h");
	CHECK(strstr(info.trust, "the certificate is for c, issued") != NULL);
	policy.host = "b";
	CHECK_INT(shake(&server, &policy), 0);
	CHECK(strstr(info.trust, "the certificate is for b, issued") != NULL);
	policy.host = "h";
	policy.others[1] = NULL;
	CHECK_INT(shake(&server, &policy), -1);
	CHECK(strstr(error.text, "that this is h or x: it is not for this name") != NULL);
	pki_free(&leaf);
}

static void refuses_what_is_out_of_date(void)
{
	bad(&(struct pki_spec){.name = "a", .dns = {"h"}, .from = -30, .until = -2}, &ca, "h",
	    "it expired on 20");
	CHECK(strstr(error.text, "(this machine's clock says 20") != NULL);
	bad(&(struct pki_spec){.name = "a", .dns = {"h"}, .from = 2, .until = 30}, &ca, "h",
	    "it is not valid before 20");
}

static void refuses_weak_and_foreign_purposes(void)
{
	bad(&(struct pki_spec){.name = "a", .dns = {"h"}, .rsa = 1024}, &ca, "h", "too weak");
	bad(&(struct pki_spec){.name = "a", .dns = {"h"}, .purpose = GNUTLS_KP_TLS_WWW_CLIENT},
	    &ca, "h", "it is not meant for servers");
	bad(&(struct pki_spec){.name = "a", .dns = {"h"}, .purpose = GNUTLS_KP_CODE_SIGNING},
	    &ca, "h", "it is not meant for servers");
}

static void refuses_unknown_issuers(void)
{
	struct pki leaf = pki_make(&(struct pki_spec){.name = "a", .dns = {"h"}}, &middle);
	struct pki_server server = {.chain = {&leaf}};
	struct tls_policy policy = {.host = "h", .verify = true, .trust_file = ca.file};
	struct pki not_ca = pki_make(&(struct pki_spec){.name = "not-ca", .dns = {"x"}}, &ca);

	bad(&(struct pki_spec){.name = "a", .dns = {"h"}}, &other, "h",
	    "its issuer \"CN=other,O=Test\" is not among the CAs of the tls_trust_file; if "
	    "that is "
	    "the right CA, name the PEM file with it in tls_trust_file");
	bad(&(struct pki_spec){.name = "a", .dns = {"h"}}, NULL, "h",
	    "it is signed by itself alone; if it is the right one, put it into a "
	    "tls_trust_file or "
	    "set tls_fingerprint to ");
	CHECK_INT(shake(&server, &policy), -1);
	CHECK(strstr(error.text, "its issuer \"CN=middle,O=Test\" is not among") != NULL);
	server.chain[0] = &leaf;
	pki_free(&leaf);
	leaf = pki_make(&(struct pki_spec){.name = "a", .dns = {"h"}}, &not_ca);
	server.chain[1] = &not_ca;
	CHECK_INT(shake(&server, &policy), -1);
	CHECK_INT(error.stage, STAGE_TRUST);
	CHECK(strstr(error.text, "it is signed by a certificate that is not a CA's") != NULL);
	pki_free(&leaf);
	pki_free(&not_ca);
}

/* The store may hold an intermediate that the relay forgets to send, the relay's own
 * certificate, or two CAs of the same name. */
static void finds_what_the_store_holds(void)
{
	struct pki_spec spec = {.name = "a", .dns = {"h"}};
	struct pki leaf = pki_make(&spec, &middle);
	struct pki_server server = {.chain = {&leaf}};
	struct tls_policy policy = {.host = "h", .verify = true, .trust_file = joined};
	struct pki twin;
	char path[128];
	gnutls_datum_t pem;

	CHECK_INT(shake(&server, &policy), 0);
	pki_free(&leaf);

	server.chain[0] = &self_signed;
	policy.trust_file = self_signed.file;
	CHECK_INT(shake(&server, &policy), 0);

	for (int plain = 0; plain < 2; plain++) {
		struct pki_spec ca_spec = {.name = "twin", .ca = true, .plain = plain};

		spec.plain = plain;
		twin = pki_make(&ca_spec, NULL);
		for (int i = 0; i < 2; i++) {
			struct pki second = pki_make(&ca_spec, NULL);

			policy.trust_file = pki_path(path, "twins");
			for (int k = 0; k < 2; k++) {
				PKI_CHECK(
					gnutls_x509_crt_export2((k == i ? &twin : &second)->crt,
								GNUTLS_X509_FMT_PEM, &pem));
				pki_write(path, k == 0 ? "w" : "a", pem.data, pem.size);
				gnutls_free(pem.data);
			}
			leaf = pki_make(&spec, &twin);
			server.chain[0] = &leaf;
			CHECK_INT(shake(&server, &policy), 0);
			if (error.text[0])
				printf("# plain %d, twin %d: %s\n", plain, i, error.text);
			pki_free(&leaf);
			pki_free(&second);
		}
		pki_free(&twin);
	}
}

static void takes_the_system_store(void)
{
	struct pki_spec spec = {.name = "a", .dns = {"h"}};
	FILE *file = fopen(PENNYPOST_TRUST_FILE, "w");
	gnutls_datum_t pem;

	if (!file)
		abort();
	for (int i = 0; i < 2; i++) {
		PKI_CHECK(gnutls_x509_crt_export2((i ? &ca : &other)->crt, GNUTLS_X509_FMT_PEM,
						  &pem));
		fprintf(file, "# a comment\n-----BEGIN NONSENSE-----\nAAAA\n-----END "
			      "NONSENSE-----\n");
		fwrite(pem.data, 1, pem.size, file);
		gnutls_free(pem.data);
	}
	fclose(file);
	CHECK_INT(try_leaf(&spec, &ca, "h", NULL), 0);
	CHECK(strstr(info.trust, "a CA of the system") != NULL);
	CHECK_INT(try_leaf(&spec, &other, "h", NULL), 0);
	CHECK_INT(try_leaf(&spec, NULL, "h", NULL), -1);
	unlink(PENNYPOST_TRUST_FILE);
	CHECK_INT(try_leaf(&spec, &ca, "h", NULL), -1);
	CHECK(strstr(error.text, "not among the CAs of the system") != NULL);
}

static void refuses_a_store_without_certificates(void)
{
	struct pki_spec spec = {.name = "a", .dns = {"h"}};
	char path[128];

	CHECK_INT(try_leaf(&spec, &ca, "h", pki_path(path, "missing")), -1);
	CHECK_INT(error.class, ERROR_LOCAL);
	CHECK_INT(error.stage, STAGE_CONFIG);
	CHECK(strstr(error.text, "/missing: No such file") != NULL);
	CHECK_INT(try_leaf(&spec, &ca, "h", empty_store), -1);
	CHECK(strstr(error.text, "holds no certificate in PEM form") != NULL);
	CHECK_INT(error_exit_code(&error), 78);
	CHECK_INT(try_leaf(&spec, &ca, "h", "/dev/null"), -1);
	CHECK_INT(error.stage, STAGE_CONFIG);
	/* Of a directory all files are read, good or not. */
	CHECK_INT(try_leaf(&spec, &ca, "h", pki_directory), 0);
}

static void trusts_a_fingerprint_alone(void)
{
	struct pki_spec spec = {.name = "a", .from = -30, .until = -2};
	struct pki leaf = pki_make(&spec, NULL);
	struct pki_server server = {.chain = {&leaf}};
	struct tls_policy policy = {.host = "h", .verify = false};
	char print[128] = "";

	CHECK_INT(shake(&server, &policy), 0);
	CHECK(!info.verified);
	CHECK(strstr(info.trust, "expired") && strstr(info.trust, "no subject alternative"));
	policy.verify = true;
	for (size_t i = 0; i < 64; i += 2)
		snprintf(print + strlen(print), 4, "%s%c%c", i ? ":" : "",
			 info.chain[0].sha256[i] & ~32, info.chain[0].sha256[i + 1]);
	for (char *p = print; *p; p++)
		if ((*p & ~32) < 'A' && *p != ':')
			*p |= 32;
	policy.fingerprint = print;
	CHECK_INT(shake(&server, &policy), 0);
	CHECK(info.verified);
	CHECK_STR(info.trust, "the certificate has the fingerprint of tls_fingerprint");
	snprintf(print, sizeof(print), "%s", info.chain[0].sha1);
	CHECK_INT(shake(&server, &policy), 0);
	print[0] = print[0] == 'a' ? 'b' : 'a';
	CHECK_INT(shake(&server, &policy), -1);
	CHECK_INT(error.stage, STAGE_TRUST);
	CHECK(strstr(error.text, "its fingerprint is ") != NULL);
	policy.verify = false;
	CHECK_INT(shake(&server, &policy), 0);
	CHECK(!info.verified);
	policy.fingerprint = "00:11:22";
	CHECK_INT(shake(&server, &policy), -1);
	CHECK_INT(error.stage, STAGE_CONFIG);
	policy.fingerprint = "zz";
	CHECK_INT(shake(&server, &policy), -1);
	pki_free(&leaf);
}

static void asks_pins_besides(void)
{
	struct pki leaf = pki_make(&(struct pki_spec){.name = "a", .dns = {"h"}}, &ca);
	struct pki_server server = {.chain = {&leaf}};
	struct tls_policy policy = {.host = "h", .verify = true, .trust_file = ca.file};
	char pin[2 * PIN_TEXT_SIZE];

	CHECK_INT(shake(&server, &policy), 0);
	snprintf(pin, sizeof(pin), "%s", info.chain[0].pin);
	CHECK(strncmp(pin, "sha256//", 8) == 0);
	policy.pins = pin;
	CHECK_INT(shake(&server, &policy), 0);
	policy.host = "i";
	CHECK_INT(shake(&server, &policy), -1);
	CHECK(strstr(error.text, "not for this name") != NULL);
	policy.host = "h";
	pin[8] = pin[8] == 'A' ? 'B' : 'A';
	CHECK_INT(shake(&server, &policy), -1);
	CHECK_INT(error.stage, STAGE_TRUST);
	CHECK(strstr(error.text, "which is not among those of tls_pin") != NULL);
	policy.pins = "sha256//AAAA";
	CHECK_INT(shake(&server, &policy), -1);
	CHECK_INT(error.stage, STAGE_CONFIG);
	pki_free(&leaf);
}

static void takes_the_key_it_knows(void)
{
	struct pki_spec spec = {.name = "a", .from = -30, .until = -2};
	struct pki leaf = pki_make(&spec, NULL);
	struct pki second = pki_make(&spec, NULL);
	struct pki_server server = {.chain = {&leaf}};
	struct tls_policy policy = {
		.host = "h", .verify = true, .trust = TLS_TRUST_KEY, .accept = "accept "};
	char known[PIN_TEXT_SIZE];

	CHECK_INT(shake(&server, &policy), 0);
	CHECK_STR(info.trust, "the certificate's key is the first one seen here");
	snprintf(known, sizeof(known), "%s", info.chain[0].pin);
	policy.known = known;
	CHECK_INT(shake(&server, &policy), 0);
	CHECK_STR(info.trust, "the certificate's key is the one that was there before");
	server.chain[0] = &second;
	CHECK_INT(shake(&server, &policy), -1);
	CHECK_INT(error.class, ERROR_RELAY);
	CHECK_INT(error.stage, STAGE_TRUST);
	CHECK(strstr(error.text, "accept it with: accept sha256//") != NULL);
	policy.pins = known;
	policy.known = NULL;
	CHECK_INT(shake(&server, &policy), -1);
	CHECK(strstr(error.text, "not among those of tls_pin") != NULL);
	pki_free(&leaf);
	pki_free(&second);
}

/* A record of a certificate. Its data is the caller's to free. */
static struct tls_tlsa record_of(const struct pki *p, enum tls_tlsa_usage usage,
				 enum tls_tlsa_selector selector,
				 enum tls_tlsa_matching matching)
{
	struct tls_tlsa record = {usage, selector, matching, {NULL, 0}};
	static unsigned char digest[64];
	gnutls_datum_t part;
	gnutls_pubkey_t key;

	if (selector == TLS_TLSA_CERTIFICATE) {
		PKI_CHECK(gnutls_x509_crt_export2(p->crt, GNUTLS_X509_FMT_DER, &part));
	} else {
		PKI_CHECK(gnutls_pubkey_init(&key));
		PKI_CHECK(gnutls_pubkey_import_x509(key, p->crt, 0));
		PKI_CHECK(gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &part));
		gnutls_pubkey_deinit(key);
	}
	record.data = (struct span){(const char *)part.data, part.size};
	if (matching != TLS_TLSA_EXACT) {
		bool wide = matching == TLS_TLSA_SHA512;

		PKI_CHECK(gnutls_hash_fast(wide ? GNUTLS_DIG_SHA512 : GNUTLS_DIG_SHA256,
					   part.data, part.size, digest));
		record.data = (struct span){(const char *)digest, wide ? 64 : 32};
	}
	record.data.data = span_dup(record.data);
	gnutls_free(part.data);
	return record;
}

/* One record against a leaf that middle signed, sent with it. */
static int try_record(const struct pki *of, enum tls_tlsa_usage usage,
		      enum tls_tlsa_selector selector, enum tls_tlsa_matching matching,
		      const char *store)
{
	struct pki leaf = pki_make(&(struct pki_spec){.name = "a", .dns = {"h"}}, &middle);
	struct pki_server server = {.chain = {&leaf, &middle}};
	struct tls_tlsa record = record_of(of ? of : &leaf, usage, selector, matching);
	struct tls_policy policy = {.host = "h",
				    .verify = true,
				    .trust_file = store,
				    .tlsa = &record,
				    .tlsa_count = 1};
	int result = shake(&server, &policy);
	char *data;

	memcpy(&data, &record.data.data, sizeof(data));
	free(data);
	pki_free(&leaf);
	return result;
}

static void believes_the_zone(void)
{
	for (int s = TLS_TLSA_CERTIFICATE; s <= TLS_TLSA_KEY; s++)
		for (int m = TLS_TLSA_EXACT; m <= TLS_TLSA_SHA512; m++) {
			CHECK_INT(try_record(NULL, TLS_TLSA_DANE_EE, s, m, other.file), 0);
			CHECK(strstr(info.trust, "that the relay's zone names") != NULL);
			CHECK_INT(try_record(&ca, TLS_TLSA_DANE_EE, s, m, ca.file), -1);
			CHECK_INT(try_record(&middle, TLS_TLSA_DANE_TA, s, m, other.file), 0);
			CHECK(strstr(info.trust, "ends at the CA that its zone names"));
			CHECK_INT(try_record(&other, TLS_TLSA_DANE_TA, s, m, ca.file), -1);
			CHECK_INT(try_record(NULL, TLS_TLSA_PKIX_EE, s, m, ca.file), 0);
			CHECK(strstr(info.trust, "as its zone says, too") != NULL);
			CHECK_INT(try_record(NULL, TLS_TLSA_PKIX_EE, s, m, other.file), -1);
			CHECK_INT(try_record(&middle, TLS_TLSA_PKIX_TA, s, m, ca.file), 0);
			CHECK_INT(try_record(&middle, TLS_TLSA_PKIX_TA, s, m, other.file), -1);
			CHECK_INT(try_record(&ca, TLS_TLSA_PKIX_TA, s, m, ca.file), 0);
			CHECK_INT(try_record(&other, TLS_TLSA_PKIX_TA, s, m, ca.file), -1);
		}
	CHECK(strstr(error.text, "none of the 1 usable TLSA records") != NULL);
	/* A CA that is not sent, but whole in the record. */
	CHECK_INT(try_record(&ca, TLS_TLSA_DANE_TA, TLS_TLSA_CERTIFICATE, TLS_TLSA_EXACT,
			     other.file),
		  0);
	CHECK_INT(try_record(&ca, TLS_TLSA_DANE_TA, TLS_TLSA_KEY, TLS_TLSA_SHA256, other.file),
		  -1);
}

static void the_zone_decides_on_names_and_dates(void)
{
	struct pki leaf = pki_make(
		&(struct pki_spec){.name = "a", .dns = {"x"}, .from = -30, .until = -2}, &ca);
	struct pki named = pki_make(&(struct pki_spec){.name = "a", .dns = {"x"}}, &ca);
	struct pki_server server = {.chain = {&leaf, &ca}};
	struct tls_tlsa record =
		record_of(&leaf, TLS_TLSA_DANE_EE, TLS_TLSA_KEY, TLS_TLSA_SHA256);
	struct tls_tlsa by_ca = record_of(&ca, TLS_TLSA_DANE_TA, TLS_TLSA_KEY, TLS_TLSA_SHA256);
	struct tls_policy policy = {.host = "h",
				    .verify = true,
				    .trust_file = other.file,
				    .tlsa = &record,
				    .tlsa_count = 1};
	char *data;

	CHECK_INT(shake(&server, &policy), 0);
	policy.tlsa = &by_ca;
	CHECK_INT(shake(&server, &policy), -1);
	CHECK(strstr(error.text, "it expired on") != NULL);
	CHECK(strstr(error.text, "it is not for this name but for") != NULL);
	server.chain[0] = &named;
	CHECK_INT(shake(&server, &policy), -1);
	policy.host = "x";
	CHECK_INT(shake(&server, &policy), 0);
	memcpy(&data, &record.data.data, sizeof(data));
	free(data);
	memcpy(&data, &by_ca.data.data, sizeof(data));
	free(data);
	pki_free(&leaf);
	pki_free(&named);
}

static void heeds_revocation_lists(void)
{
	struct pki leaf = pki_make(&(struct pki_spec){.name = "a", .dns = {"h"}}, &ca);
	struct pki_server server = {.chain = {&leaf}};
	char path[128];
	struct tls_policy policy = {.host = "h",
				    .verify = true,
				    .trust_file = ca.file,
				    .crl_file = pki_path(path, "crl")};
	struct tls_tlsa record;
	char *data;
	gnutls_x509_crl_t crl;
	gnutls_datum_t pem;

	CHECK_INT(shake(&server, &policy), -1);
	CHECK_INT(error.stage, STAGE_CONFIG);
	PKI_CHECK(gnutls_x509_crl_init(&crl));
	PKI_CHECK(gnutls_x509_crl_set_version(crl, 2));
	PKI_CHECK(gnutls_x509_crl_set_this_update(crl, time(NULL) - 10));
	PKI_CHECK(gnutls_x509_crl_set_next_update(crl, time(NULL) + PKI_DAY));
	PKI_CHECK(gnutls_x509_crl_set_crt(crl, leaf.crt, time(NULL) - 10));
	PKI_CHECK(gnutls_x509_crl_sign2(crl, ca.crt, ca.key, GNUTLS_DIG_SHA256, 0));
	PKI_CHECK(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &pem));
	pki_write(path, "w", pem.data, pem.size);
	gnutls_free(pem.data);
	gnutls_x509_crl_deinit(crl);
	CHECK_INT(shake(&server, &policy), -1);
	CHECK_INT(error.stage, STAGE_TRUST);
	CHECK(strstr(error.text, "it has been revoked") != NULL);
	/* Also where the zone names the CA. */
	record = record_of(&ca, TLS_TLSA_DANE_TA, TLS_TLSA_KEY, TLS_TLSA_SHA256);
	policy.tlsa = &record;
	policy.tlsa_count = 1;
	server.chain[1] = &ca;
	CHECK_INT(shake(&server, &policy), -1);
	CHECK(strstr(error.text, "it has been revoked") != NULL);
	memcpy(&data, &record.data.data, sizeof(data));
	free(data);
	policy.tlsa_count = 0;
	server.chain[1] = NULL;
	pki_free(&leaf);
	leaf = pki_make(&(struct pki_spec){.name = "a", .dns = {"h"}}, &ca);
	CHECK_INT(shake(&server, &policy), 0);
	pki_free(&leaf);
}

/* An OCSP response of ca on a leaf, its state in OpenSSL's letter, into the file of that name.
 */
static void staple(const char *path, const struct pki *leaf, char state)
{
	static const char script[] =
		"cd \"$1\" && serial=$(openssl x509 -in \"$2\" -noout -serial) && "
		"printf '%s\\t491231235959Z\\t%s\\t%s\\tunknown\\t/CN=x\\n' \"$4\" "
		"\"$([ \"$4\" = V ] || echo 260101000000Z)\" \"${serial#*=}\" >index && "
		"openssl ocsp -issuer ca.pem -cert \"$2\" -no_nonce -reqout request && "
		"openssl ocsp -index index -CA ca.pem -rsigner ca.pem -rkey ca.key "
		"-reqin request -ndays 1 -respout \"$3\"";
	char key[128], letter[2] = {state, '\0'};
	gnutls_datum_t pem;
	int status = -1;

	PKI_CHECK(gnutls_x509_privkey_export2(ca.key, GNUTLS_X509_FMT_PEM, &pem));
	pki_write(pki_path(key, "ca.key"), "w", pem.data, pem.size);
	gnutls_free(pem.data);
	fflush(stdout);
	if (fork() == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execlp("sh", "sh", "-c", script, "sh", pki_directory, leaf->file, path, letter,
		       (char *)NULL);
		_exit(127);
	}
	wait(&status);
	CHECK_INT(status, 0);
}

/* Whoever is to be asked: a CA of the store, or the one that the zone names. */
static void heeds_staples(void)
{
	struct tls_tlsa record =
		record_of(&ca, TLS_TLSA_DANE_TA, TLS_TLSA_KEY, TLS_TLSA_SHA256);
	char *data, path[128];

	pki_path(path, "staple");
	for (int zone = 0; zone < 2; zone++) {
		struct tls_policy policy = {.host = "h",
					    .verify = true,
					    .trust_file = zone ? other.file : ca.file,
					    .tlsa = &record,
					    .tlsa_count = (size_t)zone};
		struct pki leaf = pki_make(
			&(struct pki_spec){.name = "a", .dns = {"h"}, .staple = true}, &ca);
		struct pki_server server = {.chain = {&leaf, &ca}};

		CHECK_INT(shake(&server, &policy), -1);
		CHECK(strstr(error.text, "is missing") != NULL);
		server.staple = path;
		staple(path, &leaf, 'V');
		CHECK_INT(shake(&server, &policy), 0);
		if (error.text[0])
			printf("# %s\n", error.text);
		staple(path, &leaf, 'R');
		CHECK_INT(shake(&server, &policy), -1);
		CHECK(strstr(error.text, "it has been revoked") != NULL);
		pki_free(&leaf);
	}
	memcpy(&data, &record.data.data, sizeof(data));
	free(data);
}

static void describes_the_chain(void)
{
	struct pki_spec spec = {.name = "a", .dns = {"h", "i"}, .ip = "::1", .mail = "x@y"};

	CHECK_INT(try_leaf(&spec, &middle, "h", ca.file), 0);
	CHECK_STR(info.version, "TLS1.3");
	CHECK(strncmp(info.cipher, "(ECDHE-", 7) == 0);
	CHECK(!info.resumed);
	CHECK_INT(info.chain_length, 2);
	CHECK_STR(info.chain[0].subject, "CN=a,O=Test");
	CHECK_STR(info.chain[0].issuer, "CN=middle,O=Test");
	CHECK_STR(info.chain[0].names, "h, i, ::1, x@y");
	CHECK_STR(info.chain[0].key, "ECDSA 256");
	CHECK_STR(info.chain[1].names, "");
	CHECK_INT(info.chain[0].not_after - info.chain[0].not_before, 31 * PKI_DAY);
	CHECK_INT(strlen(info.chain[0].sha256), 64);
	CHECK_INT(strlen(info.chain[0].sha1), 40);
}

int main(void)
{
	pki_set_up();
	ca = pki_make(&(struct pki_spec){.name = "ca", .ca = true}, NULL);
	other = pki_make(&(struct pki_spec){.name = "other", .ca = true}, NULL);
	middle = pki_make(&(struct pki_spec){.name = "middle", .ca = true}, &ca);
	self_signed = pki_make(&(struct pki_spec){.name = "self", .dns = {"h"}}, NULL);
	pki_path(joined, "joined");
	for (int i = 0; i < 2; i++) {
		gnutls_datum_t pem;

		PKI_CHECK(gnutls_x509_crt_export2((i ? &middle : &ca)->crt, GNUTLS_X509_FMT_PEM,
						  &pem));
		pki_write(joined, i ? "a" : "w", pem.data, pem.size);
		gnutls_free(pem.data);
	}
	pki_write(pki_path(empty_store, "empty"), "w", "-----BEGIN CERTIFICATE-----\nMIIx\n",
		  33);
	TEST_RUN(accepts_what_proves_the_name);
	TEST_RUN(refuses_other_names);
	TEST_RUN(takes_one_of_several_names);
	TEST_RUN(refuses_what_is_out_of_date);
	TEST_RUN(refuses_weak_and_foreign_purposes);
	TEST_RUN(refuses_unknown_issuers);
	TEST_RUN(finds_what_the_store_holds);
	TEST_RUN(takes_the_system_store);
	TEST_RUN(refuses_a_store_without_certificates);
	TEST_RUN(trusts_a_fingerprint_alone);
	TEST_RUN(asks_pins_besides);
	TEST_RUN(takes_the_key_it_knows);
	TEST_RUN(believes_the_zone);
	TEST_RUN(the_zone_decides_on_names_and_dates);
	TEST_RUN(heeds_revocation_lists);
	TEST_RUN(heeds_staples);
	TEST_RUN(describes_the_chain);
	tls_info_clear(&info);
	pki_free(&ca);
	pki_free(&other);
	pki_free(&middle);
	pki_free(&self_signed);
	pki_tear_down();
	return test_done();
}
