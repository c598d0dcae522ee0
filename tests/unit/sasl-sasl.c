/* Mechanisms: the vectors of their RFCs, and a relay that asks too much. */
#include "sasl/sasl.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "test.h"

static struct error error;
static struct buf out;

static int respond(const struct sasl_mechanism *m, const struct sasl_credentials *who,
		   unsigned step, const char *challenge)
{
	buf_clear(&out);
	buf_init(&out, SASL_RESPONSE_MAX);
	error = (struct error){0};
	return m->respond(who, step, span_of(challenge), &out, &error);
}

static bool is(const char *data, size_t len)
{
	return out.len == len && memcmp(out.data, data, len) == 0;
}

#define IS(literal) is(literal, sizeof(literal) - 1)

/* RFC 4616 section 4 */
static void plain(void)
{
	struct sasl_credentials who = {.user = "tim", .password = {"tanstaaftanstaaf", 16}};

	CHECK(sasl_plain.client_first && sasl_plain.one_round_trip && !sasl_plain.hides_secret);
	CHECK_INT(respond(&sasl_plain, &who, 0, ""), 0);
	CHECK(IS("\0tim\0tanstaaftanstaaf"));
	who = (struct sasl_credentials){
		.identity = "Ursel", .user = "Kurt", .password = {"xipj3plmq", 9}};
	CHECK_INT(respond(&sasl_plain, &who, 0, ""), 0);
	CHECK(IS("Ursel\0Kurt\0xipj3plmq"));
	who.identity = "";
	CHECK_INT(respond(&sasl_plain, &who, 0, ""), 0);
	CHECK(IS("\0Kurt\0xipj3plmq"));
	CHECK_INT(respond(&sasl_plain, &who, 0, "what?"), -1);
	CHECK_INT(error.class, ERROR_RELAY);
	CHECK_INT(error.stage, STAGE_AUTH);
	CHECK_INT(out.len, 0);
	CHECK_INT(respond(&sasl_plain, &who, 1, ""), -1);
	CHECK_INT(out.len, 0);
}

static void plain_takes_no_nul(void)
{
	struct sasl_credentials who = {.user = "tim", .password = {"a\0b", 3}};

	CHECK_INT(respond(&sasl_plain, &who, 0, ""), -1);
	CHECK_INT(error.class, ERROR_LOCAL);
	CHECK_INT(out.len, 0);
	who.password = (struct span){NULL, 0};
	CHECK_INT(respond(&sasl_plain, &who, 0, ""), 0);
	CHECK(IS("\0tim\0"));
}

static void login_answers_in_order(void)
{
	struct sasl_credentials who = {.user = "tim", .password = {"secret", 6}};

	CHECK(!sasl_login.client_first && !sasl_login.one_round_trip);
	CHECK_INT(respond(&sasl_login, &who, 0, "Password:"), 0);
	CHECK(IS("tim"));
	CHECK_INT(respond(&sasl_login, &who, 1, ""), 0);
	CHECK(IS("secret"));
	CHECK_INT(respond(&sasl_login, &who, 2, "Again:"), -1);
	CHECK_INT(error.stage, STAGE_AUTH);
	CHECK_INT(out.len, 0);
}

/* Stands in for the module: knows the one digest that RFC 2195 section 2 shows. */
static int known_hmac(enum crypto_digest d, struct span key, struct span data,
		      unsigned char digest[CRYPTO_DIGEST_MAX])
{
	static const unsigned char known[] = {0xb9, 0x13, 0xa6, 0x02, 0xc7, 0xed, 0xa7, 0xa4,
					      0x95, 0xb4, 0xe6, 0xe7, 0x33, 0x4d, 0x38, 0x90};

	if (d != CRYPTO_MD5 || !span_equals(key, "tanstaaftanstaaf") ||
	    !span_equals(data, "<1896.697170952@postoffice.reston.mci.net>"))
		return -1;
	memcpy(digest, known, sizeof(known));
	return sizeof(known);
}

static void cram_md5(void)
{
	static const struct crypto known = {.abi = CRYPTO_ABI, .hmac = known_hmac};
	static const char challenge[] = "<1896.697170952@postoffice.reston.mci.net>";
	struct sasl_credentials who = {.user = "tim", .password = {"tanstaaftanstaaf", 16}};

	CHECK(!sasl_cram_md5.client_first && sasl_cram_md5.hides_secret);
	CHECK_INT(respond(&sasl_cram_md5, &who, 0, challenge), -1);
	CHECK_INT(error.class, ERROR_LOCAL);
	crypto_linked = &known;
	CHECK_INT(respond(&sasl_cram_md5, &who, 0, challenge), 0);
	CHECK(IS("tim b913a602c7eda7a495b4e6e7334d3890"));
	CHECK_INT(respond(&sasl_cram_md5, &who, 0, ""), -1);
	CHECK_INT(respond(&sasl_cram_md5, &who, 1, challenge), -1);
	CHECK_INT(error.class, ERROR_RELAY);
	CHECK_INT(respond(&sasl_cram_md5, &who, 0, "other"), -1);
	CHECK_INT(error.class, ERROR_LOCAL);
	CHECK_INT(out.len, 0);
	crypto_linked = NULL;
}

static void found_by_name(void)
{
	CHECK(sasl_find(span_of("plain")) == &sasl_plain);
	CHECK(sasl_find(span_of("Login")) == &sasl_login);
	CHECK(sasl_find(span_of("CRAM-MD5")) == &sasl_cram_md5);
	CHECK(sasl_find(span_of("CRAM")) == NULL);
	CHECK(sasl_find((struct span){0}) == NULL);
}

int main(void)
{
	TEST_RUN(plain);
	TEST_RUN(plain_takes_no_nul);
	TEST_RUN(login_answers_in_order);
	TEST_RUN(cram_md5);
	TEST_RUN(found_by_name);
	buf_clear(&out);
	return test_done();
}
