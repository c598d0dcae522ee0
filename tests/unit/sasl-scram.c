/* SCRAM on the real digests: the examples of the RFCs, and a server that cheats. */
#include "sasl/scram.h"

#include "base/base64.h"
#include "test.h"

extern const struct crypto crypto_module;

static struct error error;
static struct buf out;
static struct buf complaint;
static struct scram s;

static const struct sasl_credentials pencil = {.user = "user", .password = {"pencil", 6}};

static void start(enum crypto_digest digest)
{
	scram_clear(&s);
	scram_init(&s, digest);
	buf_clear(&complaint);
	buf_init(&complaint, SASL_COMPLAINT_MAX);
	error = (struct error){0};
}

static int first(const struct sasl_credentials *who, bool plus, const char *nonce)
{
	buf_clear(&out);
	buf_init(&out, SASL_RESPONSE_MAX);
	return scram_first(&s, who, plus, nonce, &out, &error);
}

static int final(const struct sasl_credentials *who, const char *challenge)
{
	buf_clear(&out);
	buf_init(&out, SASL_RESPONSE_MAX);
	return scram_final(&s, who, span_of(challenge), &out, &error);
}

static int verify(const char *challenge)
{
	buf_reset(&complaint);
	return scram_verify(&s, span_of(challenge), &complaint, &error);
}

/* RFC 5802 section 5 */
static void sha_1(void)
{
	start(CRYPTO_SHA1);
	CHECK_INT(first(&pencil, false, "fyko+d2lbbFgONRv9qkxdawL"), 0);
	CHECK_STR(out.data, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
	CHECK_INT(final(&pencil, "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
				 "s=QSXCR+Q6sek8bf92,i=4096"),
		  0);
	CHECK_STR(out.data, "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
			    "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
	CHECK_INT(verify("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), 0);
	CHECK(s.proven);
	CHECK_STR(complaint.data, "");
}

/* RFC 7677 section 3 */
static void sha_256(void)
{
	start(CRYPTO_SHA256);
	CHECK_INT(first(&pencil, false, "rOprNGfwEbeRWgbNEkqO"), 0);
	CHECK_STR(out.data, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
	CHECK_INT(final(&pencil, "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
				 "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
		  0);
	CHECK_STR(out.data, "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
			    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
	CHECK_INT(verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,x=more"), 0);
	CHECK(s.proven);
}

#define SERVER_FIRST "r=abcDEF,s=QSXCR+Q6sek8bf92,i=4096"

/* What we could do, and what the server seems to (RFC 5802 section 6). */
static void says_what_it_saw_of_channel_binding(void)
{
	struct sasl_credentials who = pencil;

	who.binding_type = "tls-exporter";
	who.binding = (struct span){"\x00\x01\xff", 3};
	start(CRYPTO_SHA256);
	first(&who, false, "abc");
	CHECK_STR(out.data, "y,,n=user,r=abc");
	CHECK_INT(final(&who, SERVER_FIRST), 0);
	CHECK(strncmp(out.data, "c=eSws,r=abcDEF,p=", 18) == 0);
	who.binding_offered = true;
	start(CRYPTO_SHA256);
	first(&who, false, "abc");
	CHECK_STR(out.data, "n,,n=user,r=abc");
	start(CRYPTO_SHA256);
	first(&who, true, "abc");
	CHECK_STR(out.data, "p=tls-exporter,,n=user,r=abc");
	CHECK_INT(final(&who, SERVER_FIRST), 0);
	/* The base64 of "p=tls-exporter,," and three bytes. */
	CHECK(strncmp(out.data, "c=cD10bHMtZXhwb3J0ZXIsLAAB/w==,r=abcDEF,p=", 42) == 0);
}

/* One more octet of binding is another proof. */
static void binds(void)
{
	struct sasl_credentials who = pencil;
	char proofs[2][100];

	who.binding_type = "tls-unique";
	for (int i = 0; i < 2; i++) {
		who.binding = (struct span){i == 0 ? "one" : "two", 3};
		start(CRYPTO_SHA1);
		first(&who, true, "abc");
		final(&who, SERVER_FIRST);
		snprintf(proofs[i], sizeof(proofs[i]), "%s", strstr(out.data, ",p="));
	}
	CHECK(strcmp(proofs[0], proofs[1]) != 0);
}

static void names_are_escaped(void)
{
	struct sasl_credentials who = {.user = "a,b=c", .identity = "=,", .password = {"x", 1}};

	start(CRYPTO_SHA1);
	first(&who, false, "abc");
	CHECK_STR(out.data, "n,a==3D=2C,n=a=2Cb=3Dc,r=abc");
	CHECK_INT(final(&who, SERVER_FIRST), 0);
	CHECK(strncmp(out.data, "c=bixhPT0zRD0yQyw=,", 19) == 0);
}

/* RFC 8265: u and a combining diaeresis are the letter; what is no UTF-8 stays. */
static void names_and_passwords_are_prepared(void)
{
	struct sasl_credentials who = {.user = "u\xcc\x88",
				       .password = {"p\xcc\x88\xe1\x9a\x80", 6}};
	char proof[100];

	start(CRYPTO_SHA1);
	first(&who, false, "abc");
	CHECK_STR(out.data, "n,,n=\xc3\xbc,r=abc");
	final(&who, SERVER_FIRST);
	snprintf(proof, sizeof(proof), "%s", out.data);
	who = (struct sasl_credentials){.user = "\xc3\xbc", .password = {"p\xcc\x88 ", 4}};
	start(CRYPTO_SHA1);
	first(&who, false, "abc");
	final(&who, SERVER_FIRST);
	CHECK_STR(out.data, proof);
	who = (struct sasl_credentials){.user = "\xff", .password = {"\xff", 1}};
	start(CRYPTO_SHA1);
	first(&who, false, "abc");
	CHECK_STR(out.data, "n,,n=\xff,r=abc");
	CHECK_INT(final(&who, SERVER_FIRST), 0);
}

static void bad_challenges_are_refused(void)
{
	static const char *const bad[] = {
		"",
		"r=abcDEF",
		"r=abcDEF,s=QSXCR+Q6sek8bf92",
		"r=abcDEF,s=,i=4096",
		"r=abcDEF,s=QSXCR+Q6sek8bf9,i=4096",
		"r=abcDEF,s=QSXCR+Q6sek8bf92,i=",
		"r=abcDEF,s=QSXCR+Q6sek8bf92,i=04096",
		"r=abcDEF,s=QSXCR+Q6sek8bf92,i=4096x",
		"r=abcDEF,s=QSXCR+Q6sek8bf92,i=-4096",
		"s=QSXCR+Q6sek8bf92,r=abcDEF,i=4096",
		"m=x,r=abcDEF,s=QSXCR+Q6sek8bf92,i=4096",
		"r=abc,s=QSXCR+Q6sek8bf92,i=4096",
		"r=ab,s=QSXCR+Q6sek8bf92,i=4096",
		"r=xabcDEF,s=QSXCR+Q6sek8bf92,i=4096",
		"r=ABCDEF,s=QSXCR+Q6sek8bf92,i=4096",
		"r=abcDE F,s=QSXCR+Q6sek8bf92,i=4096",
		"r=abcDEF,s=QSXCR+Q6sek8bf92,i=4095",
		"r=abcDEF,s=QSXCR+Q6sek8bf92,i=10000001",
		"r=abcDEF,s=QSXCR+Q6sek8bf92,i=4294971392",
		"r=abcDEF,s=QSXCR+Q6sek8bf92,i=99999999999999999999999999",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start(CRYPTO_SHA1);
		first(&pencil, false, "abc");
		if (final(&pencil, bad[i]) != -1)
			printf("# %s\n", bad[i]);
		CHECK_INT(error.class, ERROR_RELAY);
		CHECK_INT(error.stage, STAGE_AUTH);
		CHECK_INT(out.len, 0);
	}
}

static void a_server_without_the_password_is_found_out(void)
{
	static const char *const bad[] = {
		"",
		"v=",
		"v=rmF9pqV8S7suAoZWja4dJRkFsKU=",
		"v=rmF9pqV8S7suAoZWja4dJRkFsA==",
		"v=rmF9pqV8S7suAoZWja4dJRkFsKQAAAA=",
		"v=not base64",
		"x=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
		"rmF9pqV8S7suAoZWja4dJRkFsKQ=",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start(CRYPTO_SHA1);
		first(&pencil, false, "fyko+d2lbbFgONRv9qkxdawL");
		final(&pencil, "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
			       "s=QSXCR+Q6sek8bf92,i=4096");
		CHECK_INT(verify(bad[i]), -1);
		CHECK(!s.proven);
		CHECK_INT(error.stage, STAGE_AUTH);
	}
	/* An empty signature is not what "none yet" is equal to. */
	start(CRYPTO_SHA1);
	first(&pencil, false, "abc");
	CHECK_INT(verify("v="), -1);
	CHECK(!s.proven);
}

static void errors_are_explained(void)
{
	start(CRYPTO_SHA1);
	CHECK_INT(verify("e=invalid-proof"), 0);
	CHECK_STR(complaint.data, "the password is wrong (invalid-proof)");
	CHECK(!s.proven);
	CHECK_INT(verify("e=\x1b[31mred,x=y"), 0);
	CHECK_STR(complaint.data, "the relay says \"\\x1B[31mred\"");
	CHECK_INT(verify("e=channel-bindings-dont-match"), -1);
	CHECK_INT(verify("e=server-does-support-channel-binding"), -1);
	CHECK_INT(error.code, 0);
	CHECK(strstr(error.text, "somebody may stand between"));
}

/* The whole mechanism, with a nonce of its own. */
static void the_mechanism_wants_its_proof(void)
{
	struct sasl_exchange x, other;
	struct buf again;

	CHECK_INT(sasl_begin(&x, &sasl_scram_sha_256, &pencil, &error), 0);
	CHECK_INT(sasl_begin(&other, &sasl_scram_sha_256, &pencil, &error), 0);
	buf_clear(&out);
	buf_init(&out, SASL_RESPONSE_MAX);
	buf_init(&again, SASL_RESPONSE_MAX);
	CHECK_INT(sasl_respond(&x, (struct span){0}, &out, &error), 0);
	CHECK_INT(sasl_respond(&other, (struct span){0}, &again, &error), 0);
	CHECK(strncmp(out.data, "n,,n=user,r=", 12) == 0);
	CHECK_INT(out.len, 12 + 24);
	CHECK(strcmp(out.data, again.data) != 0);
	CHECK_INT(sasl_finish(&x, &error), -1);
	CHECK_INT(error.class, ERROR_RELAY);
	CHECK_INT(sasl_respond(&x, span_of("r=other"), &out, &error), -1);
	CHECK_INT(sasl_finish(&x, &error), -1);
	buf_clear(&again);
	sasl_end(&x);
	sasl_end(&other);
}

int main(void)
{
	crypto_linked = &crypto_module;
	TEST_RUN(sha_1);
	TEST_RUN(sha_256);
	TEST_RUN(says_what_it_saw_of_channel_binding);
	TEST_RUN(binds);
	TEST_RUN(names_are_escaped);
	TEST_RUN(names_and_passwords_are_prepared);
	TEST_RUN(bad_challenges_are_refused);
	TEST_RUN(a_server_without_the_password_is_found_out);
	TEST_RUN(errors_are_explained);
	TEST_RUN(the_mechanism_wants_its_proof);
	scram_clear(&s);
	buf_clear(&out);
	buf_clear(&complaint);
	return test_done();
}
