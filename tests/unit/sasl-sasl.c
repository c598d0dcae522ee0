/* Mechanisms without much arithmetic: the examples of their RFCs, and a relay that asks too
 * much.
 */
#include "sasl/sasl.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "test.h"

static struct error error;
static struct buf out;
static struct sasl_exchange x;

static int begin(const struct sasl_mechanism *m, const struct sasl_credentials *who)
{
	if (x.mechanism)
		sasl_end(&x);
	error = (struct error){0};
	return sasl_begin(&x, m, who, &error);
}

static int respond_to(struct span challenge)
{
	buf_clear(&out);
	buf_init(&out, SASL_RESPONSE_MAX);
	error = (struct error){0};
	return sasl_respond(&x, challenge, &out, &error);
}

static int respond(const char *challenge)
{
	return respond_to(span_of(challenge));
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
	begin(&sasl_plain, &who);
	CHECK_INT(respond("what?"), -1);
	CHECK_INT(error.class, ERROR_RELAY);
	CHECK_INT(error.stage, STAGE_AUTH);
	CHECK_INT(out.len, 0);
	CHECK_INT(respond(""), 0);
	CHECK(IS("\0tim\0tanstaaftanstaaf"));
	CHECK_INT(respond(""), -1);
	CHECK_INT(out.len, 0);
	CHECK_INT(sasl_finish(&x, &error), 0);
	who = (struct sasl_credentials){
		.identity = "Ursel", .user = "Kurt", .password = {"xipj3plmq", 9}};
	begin(&sasl_plain, &who);
	CHECK_INT(respond(""), 0);
	CHECK(IS("Ursel\0Kurt\0xipj3plmq"));
	who.identity = "";
	begin(&sasl_plain, &who);
	CHECK_INT(respond(""), 0);
	CHECK(IS("\0Kurt\0xipj3plmq"));
}

static void plain_takes_no_nul(void)
{
	struct sasl_credentials who = {.user = "tim", .password = {"a\0b", 3}};

	begin(&sasl_plain, &who);
	CHECK_INT(respond(""), -1);
	CHECK_INT(error.class, ERROR_LOCAL);
	CHECK_INT(out.len, 0);
	who.password = (struct span){NULL, 0};
	CHECK_INT(respond(""), 0);
	CHECK(IS("\0tim\0"));
}

static void login_answers_in_order(void)
{
	struct sasl_credentials who = {.user = "tim", .password = {"secret", 6}};

	CHECK(!sasl_login.client_first && !sasl_login.one_round_trip);
	begin(&sasl_login, &who);
	CHECK_INT(respond("Password:"), 0);
	CHECK(IS("tim"));
	CHECK_INT(respond(""), 0);
	CHECK(IS("secret"));
	CHECK_INT(respond("Again:"), -1);
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
	begin(&sasl_cram_md5, &who);
	CHECK_INT(respond(challenge), -1);
	CHECK_INT(error.class, ERROR_LOCAL);
	crypto_linked = &known;
	CHECK_INT(respond(""), -1);
	CHECK_INT(respond("other"), -1);
	CHECK_INT(error.class, ERROR_LOCAL);
	CHECK_INT(respond(challenge), 0);
	CHECK(IS("tim b913a602c7eda7a495b4e6e7334d3890"));
	CHECK_INT(respond(challenge), -1);
	CHECK_INT(error.class, ERROR_RELAY);
	CHECK_INT(out.len, 0);
	crypto_linked = NULL;
}

/* RFC 4422 appendix A; a login that is configured counts as the identity. */
static void external(void)
{
	struct sasl_credentials who = {0};

	CHECK(sasl_external.one_round_trip && !sasl_external.needs_secret);
	begin(&sasl_external, &who);
	CHECK_INT(respond(""), 0);
	CHECK(IS(""));
	CHECK_INT(respond(""), -1);
	who.user = "fred@example.com";
	begin(&sasl_external, &who);
	CHECK_INT(respond(""), 0);
	CHECK(IS("fred@example.com"));
	who.identity = "sales@example.com";
	begin(&sasl_external, &who);
	CHECK_INT(respond(""), 0);
	CHECK(IS("sales@example.com"));
}

#define TOKEN "vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg=="

/* RFC 7628 section 4.1 */
static void oauthbearer(void)
{
	struct sasl_credentials who = {.user = "user@example.com",
				       .password = {TOKEN, sizeof(TOKEN) - 1},
				       .host = "server.example.com",
				       .port = 143};

	CHECK(!sasl_oauthbearer.one_round_trip && sasl_oauthbearer.client_first);
	begin(&sasl_oauthbearer, &who);
	CHECK_INT(respond(""), 0);
	CHECK(IS("n,a=user@example.com,\001host=server.example.com\001port=143\001"
		 "auth=Bearer " TOKEN "\001\001"));
	CHECK_INT(sasl_finish(&x, &error), 0);
	who = (struct sasl_credentials){.user = "a=b,c",
					.password = {TOKEN, sizeof(TOKEN) - 1}};
	begin(&sasl_oauthbearer, &who);
	CHECK_INT(respond(""), 0);
	CHECK(IS("n,a=a=3Db=2Cc,\001auth=Bearer " TOKEN "\001\001"));
	who.identity = "sales";
	begin(&sasl_oauthbearer, &who);
	CHECK_INT(respond(""), 0);
	CHECK(IS("n,a=sales,\001auth=Bearer " TOKEN "\001\001"));
}

/* Section 4.3: the error is answered with one octet, and kept for a person. */
static void oauthbearer_explains(void)
{
	struct sasl_credentials who = {.user = "u", .password = {"t", 1}};

	begin(&sasl_oauthbearer, &who);
	CHECK_INT(respond(""), 0);
	CHECK_INT(respond("{\"status\":\"invalid_token\",\"scope\":\"example_scope\","
			  "\"openid-configuration\":\"https://example.com/.well-known/"
			  "openid-configuration\"}"),
		  0);
	CHECK(IS("\001"));
	CHECK_STR(x.complaint.data,
		  "the access token is expired, revoked or not meant for this relay: get a new "
		  "one (status: invalid_token, scope: example_scope)");
	CHECK_INT(respond(""), -1);
}

/* The example of Google's description of XOAUTH2, whose error has the status of HTTP. */
static void xoauth2(void)
{
	struct sasl_credentials who = {.user = "someuser@example.com",
				       .password = {"ya29." TOKEN, sizeof(TOKEN) + 4}};

	CHECK(!sasl_xoauth2.one_round_trip && sasl_xoauth2.client_first);
	begin(&sasl_xoauth2, &who);
	CHECK_INT(respond(""), 0);
	CHECK(IS("user=someuser@example.com\001auth=Bearer ya29." TOKEN "\001\001"));
	CHECK_INT(respond("{\"status\":\"401\",\"schemes\":\"bearer mac\",\"scope\":"
			  "\"https://mail.google.com/\"}\n"),
		  0);
	CHECK(IS(""));
	CHECK(strstr(x.complaint.data, "(status: 401, scope: https://mail.google.com/)"));
	CHECK_INT(respond(""), -1);
	who.identity = "x";
	CHECK_INT(begin(&sasl_xoauth2, &who), -1);
}

/* Whatever the relay sends as its error, what is shown is bounded and escaped. */
static void oauth_survives_any_error(void)
{
	static const struct {
		const char *json;
		const char *shown;
	} rows[] = {
		{"", "the relay does not accept the access token"},
		{"{", "the relay does not accept the access token: {"},
		{"no\r\njson\x1b",
		 "the relay does not accept the access token: no\\r\\njson\\x1B"},
		{"{\"status\"", "the relay does not accept the access token: {\"status\""},
		{"{\"status\":", "the relay does not accept the access token: {\"status\":"},
		{"{\"status\":\"4",
		 "the relay does not accept the access token: {\"status\":\"4"},
		{"{\"a\\\"status\":\"x\", \"status\" :\t403 }",
		 "the access token does not allow to send mail: get one with the right scope "
		 "(status: 403)"},
		{"{\"x\":\"status\",\"error\":\"invalid_request\",\"error_description\":"
		 "\"\x07\"}",
		 "the relay does not understand how we presented the access token (error: "
		 "invalid_request, error_description: \\x07)"},
		{"{\"status\":\"\\",
		 "the relay does not accept the access token: {\"status\":\"\\"},
	};
	struct sasl_credentials who = {.user = "u", .password = {"t", 1}};
	char *large = malloc(SASL_CHALLENGE_MAX + 1);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(&sasl_xoauth2, &who);
		respond("");
		CHECK_INT(respond(rows[i].json), 0);
		CHECK_STR(x.complaint.data, rows[i].shown);
	}
	memset(large, '\x01', SASL_CHALLENGE_MAX);
	large[SASL_CHALLENGE_MAX] = '\0';
	memcpy(large, "{\"status\":\"", 11);
	memcpy(large + 4000, "\",\"error\":\"", 11);
	memcpy(large + 8000, "\",\"scope\":\"", 11);
	large[SASL_CHALLENGE_MAX - 1] = '"';
	begin(&sasl_xoauth2, &who);
	respond("");
	CHECK_INT(respond(large), 0);
	CHECK(!buf_failed(&x.complaint) && x.complaint.len < SASL_COMPLAINT_MAX);
	free(large);
}

static void tokens_are_checked(void)
{
	static const char *const bad[] = {"", "a b", "a\001b", "a\n", "t\xc3\xb6ken"};
	struct sasl_credentials who = {.user = "u"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		who.password = span_of(bad[i]);
		begin(&sasl_xoauth2, &who);
		CHECK_INT(respond(""), -1);
		CHECK_INT(error.stage, STAGE_CONFIG);
		CHECK_INT(out.len, 0);
		begin(&sasl_oauthbearer, &who);
		CHECK_INT(respond(""), -1);
		CHECK_INT(out.len, 0);
	}
}

static void what_is_needed_is_demanded(void)
{
	struct sasl_credentials who = {.password = {"x", 1}};

	CHECK_INT(begin(&sasl_plain, &who), -1);
	CHECK_INT(error.stage, STAGE_CONFIG);
	CHECK_INT(begin(&sasl_scram_sha_256, &who), -1);
	who.user = "u";
	CHECK_INT(begin(&sasl_scram_sha_256_plus, &who), -1);
	CHECK_INT(error.stage, STAGE_AUTH);
	CHECK_INT(error.class, ERROR_RELAY);
	who.identity = "i";
	CHECK_INT(begin(&sasl_login, &who), -1);
	CHECK_INT(begin(&sasl_cram_md5, &who), -1);
	CHECK_INT(begin(&sasl_plain, &who), 0);
}

static void found_by_name(void)
{
	CHECK(sasl_find(span_of("plain")) == &sasl_plain);
	CHECK(sasl_find(span_of("Login")) == &sasl_login);
	CHECK(sasl_find(span_of("CRAM-MD5")) == &sasl_cram_md5);
	CHECK(sasl_find(span_of("scram-sha-1-plus")) == &sasl_scram_sha_1_plus);
	CHECK(sasl_find(span_of("SCRAM-SHA-256")) == &sasl_scram_sha_256);
	CHECK(sasl_find(span_of("XOAUTH2")) == &sasl_xoauth2);
	CHECK(sasl_find(span_of("EXTERNAL")) == &sasl_external);
	CHECK(sasl_find(span_of("CRAM")) == NULL);
	CHECK(sasl_find((struct span){0}) == NULL);
}

int main(void)
{
	TEST_RUN(plain);
	TEST_RUN(plain_takes_no_nul);
	TEST_RUN(login_answers_in_order);
	TEST_RUN(cram_md5);
	TEST_RUN(external);
	TEST_RUN(oauthbearer);
	TEST_RUN(oauthbearer_explains);
	TEST_RUN(xoauth2);
	TEST_RUN(oauth_survives_any_error);
	TEST_RUN(tokens_are_checked);
	TEST_RUN(what_is_needed_is_demanded);
	TEST_RUN(found_by_name);
	buf_clear(&out);
	sasl_end(&x);
	return test_done();
}
