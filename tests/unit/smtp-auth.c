/* Authentication: what is said, in which order, to whom, and what is never shown. */
#include "smtp/auth.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/crypto.h"
#include "peer.h"
#include "test.h"

static struct smtp *s;
static struct error error;
static struct buf heard;
static struct sasl_credentials who;
static const struct smtp_auth_choice any = {0};
static const struct smtp_auth_choice named = {.mechanism = "login"};

static void listen_in(void *context, char direction, struct span line)
{
	(void)context;
	buf_add_char(&heard, direction);
	buf_add_span(&heard, line);
	buf_add_char(&heard, '\n');
}

static void set_up_on(struct conn *c, bool clear_secret)
{
	struct smtp_options options = {.timeout_scale = 1,
				       .local_name = "me",
				       .clear_secret = clear_secret,
				       .listener = listen_in};

	error = (struct error){0};
	who = (struct sasl_credentials){.user = "tim", .password = {"tanstaaftanstaaf", 16}};
	buf_init(&heard, 1 << 20);
	s = smtp_new(c, &options, &error);
	CHECK(s != NULL);
}

static void set_up(const char *const *steps)
{
	set_up_on(peer_start(steps), false);
}

static void tear_down(void)
{
	CHECK(strstr(heard.data, "tanstaaf") == NULL);
	CHECK(strstr(heard.data, "dGFuc3Rh") == NULL);
	CHECK(strstr(heard.data, "AHRpbQB0") == NULL);
	CHECK(strstr(error.text, "tanstaaf") == NULL);
	CHECK(strstr(error.text, "dGFuc3Rh") == NULL);
	CHECK(strstr(error.text, "AHRpbQB0") == NULL);
	smtp_free(s);
	peer_end();
	buf_clear(&heard);
}

static void check_error(enum error_class class, enum error_stage stage, int code)
{
	CHECK_INT(error.class, class);
	CHECK_INT(error.stage, stage);
	CHECK_INT(error.code, code);
	CHECK(error.text[0] != '\0');
}

#define OFFER(mechanisms) "S: 220 mx", "C: EHLO me", "S: 250-mx", "S: 250 AUTH " mechanisms
#define SAY_PLAIN         "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm"
#define STILL_LEVEL       "C: NOOP", "S: 250 ok"

static void still_level(void)
{
	struct error ignored = {0};

	CHECK_INT(smtp_noop(s, &ignored), 0);
}

static void plain_in_one_step(void)
{
	set_up(STEPS(OFFER("PLAIN"), SAY_PLAIN, "S: 235 welcome", STILL_LEVEL));
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), 0);
	CHECK(strstr(heard.data, ">AUTH PLAIN ***\n<235 welcome\n") != NULL);
	still_level();
	tear_down();
}

static void login_in_three(void)
{
	set_up(STEPS(OFFER("LOGIN"), "C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", "C: dGlt",
		     "S: 334 UGFzc3dvcmQ6", "C: dGFuc3RhYWZ0YW5zdGFhZg==", "S: 235 ok"));
	CHECK_INT(smtp_authenticate(s, &named, &who, &error), 0);
	CHECK(strstr(heard.data, ">AUTH LOGIN\n<334 VXNlcm5hbWU6\n>***\n") != NULL);
	tear_down();
}

static int hmac(enum crypto_digest d, struct span key, struct span data,
		unsigned char digest[CRYPTO_DIGEST_MAX])
{
	(void)key;
	(void)data;
	memset(digest, 0xa5, 16);
	return d == CRYPTO_MD5 ? 16 : -1;
}

/* Without TLS the mechanism that hides the secret comes first. RFC 2195's challenge. */
static void cram_md5_comes_first_in_clear(void)
{
	static const struct crypto fake = {.abi = CRYPTO_ABI, .hmac = hmac};

	crypto_linked = &fake;
	set_up(STEPS(OFFER("PLAIN LOGIN CRAM-MD5"), "C: AUTH CRAM-MD5",
		     "S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+",
		     "C: dGltIGE1YTVhNWE1YTVhNWE1YTVhNWE1YTVhNWE1YTVhNWE1", "S: 235 ok"));
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), 0);
	tear_down();
	crypto_linked = NULL;
}

/* 504 and 534 speak of the mechanism: the next one may do. 535 speaks of us. */
static void the_next_mechanism(void)
{
	set_up(STEPS(OFFER("PLAIN LOGIN"), SAY_PLAIN, "S: 504 5.5.4 no", "C: AUTH LOGIN",
		     "S: 534 5.7.9 too weak"));
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), -1);
	check_error(ERROR_RELAY, STAGE_AUTH, 534);
	tear_down();
	set_up(STEPS(OFFER("PLAIN LOGIN"), SAY_PLAIN, "S: 535 5.7.8 wrong", STILL_LEVEL));
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), -1);
	check_error(ERROR_RELAY, STAGE_AUTH, 535);
	CHECK_STR(error.text, "the relay refused user name or password: 535 5.7.8 wrong");
	still_level();
	tear_down();
	set_up(STEPS(OFFER("PLAIN LOGIN"), SAY_PLAIN, "S: 454 4.7.0 later", STILL_LEVEL));
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), -1);
	check_error(ERROR_TEMPORARY, STAGE_AUTH, 454);
	still_level();
	tear_down();
}

static void only_235_is_a_success(void)
{
	static const struct {
		const char *said;
		enum error_class class;
		enum error_stage stage;
		int code;
	} rows[] = {
		{"S: 250 ok", ERROR_RELAY, STAGE_PROTOCOL, 250},
		{"S: 354 ok", ERROR_RELAY, STAGE_PROTOCOL, 354},
		{"S: 421 no", ERROR_TEMPORARY, STAGE_AUTH, 421},
		{"S: what", ERROR_RELAY, STAGE_PROTOCOL, 0},
		{"S+ 235 o", ERROR_TEMPORARY, STAGE_AUTH, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_up(STEPS(OFFER("PLAIN"), SAY_PLAIN, rows[i].said, "!hang-up"));
		CHECK_INT(smtp_authenticate(s, &any, &who, &error), -1);
		check_error(rows[i].class, rows[i].stage, rows[i].code);
		tear_down();
	}
}

/* Each is answered with "*", and the session goes on. */
static void challenges_that_make_no_sense(void)
{
	static const char *const said[] = {"S: 334 Username:", "S: 334 VXNlcm5hbWU",
					   "S: 334-VXNl\r\n334 cm5h", "S: 334 V X N l"};

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		set_up(STEPS(OFFER("LOGIN"), "C: AUTH LOGIN", said[i], "C: *",
			     "S: 501 cancelled", STILL_LEVEL));
		CHECK_INT(smtp_authenticate(s, &any, &who, &error), -1);
		check_error(ERROR_RELAY, STAGE_AUTH, 0);
		still_level();
		tear_down();
	}
	set_up(STEPS(OFFER("PLAIN"), SAY_PLAIN, "S: 334 ", "C: *", "S: 501 cancelled",
		     STILL_LEVEL));
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), -1);
	check_error(ERROR_RELAY, STAGE_AUTH, 0);
	still_level();
	tear_down();
	set_up(STEPS(OFFER("LOGIN"), "C: AUTH LOGIN", "S: 334", "C: dGlt", "S: 334 ",
		     "C: dGFuc3RhYWZ0YW5zdGFhZg==", "S: 334 ", "C: *", "S: 235 fooled"));
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), -1);
	check_error(ERROR_RELAY, STAGE_AUTH, 0);
	tear_down();
}

static void the_relay_repeats_us(void)
{
	static const char *const said[] = {
		"S: 535 what is AHRpbQB0YW5zdGFhZnRhbnN0YWFm?",
		"S: 535-5.7.8 no\r\n535 not with tanstaaftanstaaf",
		"S: 421 AHRpbQB0YW5zdGFhZnRhbnN0YWFm",
		"S: what is tanstaaftanstaaf?",
		"S: 235 AHRpbQB0YW5zdGFhZnRhbnN0YWFm",
		"S: 334 AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n421 bye",
	};

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		int want = strncmp(said[i], "S: 235", 6) == 0 ? 0 : -1;

		set_up(STEPS(OFFER("PLAIN"), SAY_PLAIN, said[i], "!hang-up"));
		CHECK_INT(smtp_authenticate(s, &any, &who, &error), want);
		CHECK(strstr(heard.data, "<***\n") != NULL || i == 3);
		tear_down();
	}
}

static void no_mechanism_is_an_error(void)
{
	set_up(STEPS("S: 220 mx", "C: EHLO me", "S: 250 mx", STILL_LEVEL));
	CHECK(smtp_auth_first(s, &any, &who, &error) == NULL);
	check_error(ERROR_RELAY, STAGE_AUTH, 0);
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), -1);
	check_error(ERROR_RELAY, STAGE_AUTH, 0);
	still_level();
	tear_down();
	set_up(STEPS(OFFER("GSSAPI NTLM")));
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), -1);
	check_error(ERROR_RELAY, STAGE_AUTH, 0);
	tear_down();
	set_up(STEPS(OFFER("PLAIN")));
	CHECK_INT(smtp_authenticate(s, &named, &who, &error), -1);
	check_error(ERROR_RELAY, STAGE_AUTH, 0);
	tear_down();
}

/* In clear over TCP a secret goes nowhere, but to a loopback address when that was said. */
static void secrets_stay_here(void)
{
	set_up_on(peer_start_tcp(STEPS(OFFER("PLAIN LOGIN CRAM-MD5"), STILL_LEVEL)), false);
	CHECK(smtp_auth_first(s, &any, &who, &error) == NULL);
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), -1);
	check_error(ERROR_RELAY, STAGE_AUTH, 0);
	CHECK_INT(smtp_auth(s, &sasl_plain, &who, &error), -1);
	check_error(ERROR_RELAY, STAGE_AUTH, 0);
	still_level();
	tear_down();
	set_up_on(peer_start_tcp(STEPS(OFFER("PLAIN"), SAY_PLAIN, "S: 235 ok")), true);
	CHECK(smtp_auth_first(s, &any, &who, &error) != NULL);
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), 0);
	tear_down();
}

/* What does not fit in a command line goes without initial response (RFC 4954 section 4). */
static void a_long_secret(void)
{
	static char password[601];
	static char expected[2000] = "C: ";
	struct buf message, encoded;

	memset(password, 'x', sizeof(password) - 1);
	buf_init(&message, 1000);
	buf_init(&encoded, 2000);
	buf_add(&message, "\0tim\0", 5);
	buf_add(&message, password, 600);
	base64_encode(&encoded, buf_span(&message));
	memcpy(expected + 3, encoded.data, encoded.len);
	set_up(STEPS(OFFER("PLAIN"), "C: AUTH PLAIN", "S: 334 ", expected, "S: 235 ok"));
	who.password = span_of(password);
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), 0);
	CHECK(strstr(heard.data, "eHh4") == NULL);
	CHECK(strstr(heard.data, ">AUTH PLAIN\n") != NULL);
	tear_down();
	buf_clear(&message);
	buf_clear(&encoded);
}

/* A secret beyond all bounds is not sent, and the exchange is called off. */
static void a_secret_without_measure(void)
{
	static char password[32001];

	memset(password, 'x', sizeof(password) - 1);
	set_up(STEPS(OFFER("LOGIN"), "C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", "C: dGlt",
		     "S: 334 UGFzc3dvcmQ6", "C: *", "S: 501 ok", STILL_LEVEL));
	who.password = span_of(password);
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), -1);
	CHECK_INT(error.code, 0);
	still_level();
	tear_down();
}

static void an_unusable_password(void)
{
	set_up(STEPS(OFFER("PLAIN"), STILL_LEVEL));
	who.password = (struct span){"a\0b", 3};
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), -1);
	check_error(ERROR_LOCAL, STAGE_CONFIG, 0);
	still_level();
	tear_down();
}

/* Who is tried first, by what we have and what is offered. */
static void the_choice(void)
{
	static const struct smtp_auth_choice certified = {.certificate = true};
	static const struct smtp_auth_choice strong = {.strong = true};
	static const struct smtp_auth_choice external = {.mechanism = "EXTERNAL"};
	static const struct {
		const struct smtp_auth_choice *choice;
		const char *user;
		const char *identity;
		const struct sasl_mechanism *first;
	} rows[] = {
		{&any, "tim", NULL, &sasl_scram_sha_256},
		{&strong, "tim", NULL, &sasl_scram_sha_256},
		{&any, "tim", "sales", &sasl_scram_sha_256},
		{&any, NULL, NULL, NULL},
		{&certified, NULL, NULL, &sasl_external},
		{&certified, "tim", NULL, &sasl_scram_sha_256},
		{&external, "tim", NULL, &sasl_external},
		{&named, "tim", NULL, &sasl_login},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_up(STEPS(OFFER("XOAUTH2 LOGIN EXTERNAL CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 "
				   "SCRAM-SHA-256-PLUS"),
			     STILL_LEVEL));
		who.user = rows[i].user;
		who.identity = rows[i].identity;
		CHECK(smtp_auth_first(s, rows[i].choice, &who, &error) == rows[i].first);
		still_level();
		tear_down();
	}
}

/* No other than SCRAM and PLAIN can say "as sales". */
static void an_identity_narrows_the_choice(void)
{
	set_up(STEPS(OFFER("LOGIN CRAM-MD5 PLAIN"),
		     "C: AUTH PLAIN c2FsZXMAdGltAHNlY3JldA==", "S: 235 welcome"));
	who.identity = "sales";
	who.password = span_of("secret");
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), 0);
	tear_down();
	set_up(STEPS(OFFER("LOGIN CRAM-MD5"), STILL_LEVEL));
	who.identity = "sales";
	CHECK_INT(smtp_authenticate(s, &any, &who, &error), -1);
	CHECK(strstr(error.text, "takes an auth_identity") != NULL);
	check_error(ERROR_RELAY, STAGE_AUTH, 0);
	CHECK_INT(smtp_authenticate(s, &named, &who, &error), -1);
	check_error(ERROR_LOCAL, STAGE_CONFIG, 0);
	still_level();
	tear_down();
}

static int line_of(const struct sasl_mechanism *m, struct buf *line, struct buf *shown)
{
	buf_reset(line);
	buf_reset(shown);
	return smtp_auth_line(s, m, &who, line, shown, &error);
}

static void the_line_for_a_flight(void)
{
	char secret[SMTP_AUTH_LINE_MAX];
	struct buf line, shown;

	buf_init(&line, SMTP_AUTH_LINE_MAX);
	buf_init(&shown, 100);
	set_up(STEPS(OFFER("PLAIN"), STILL_LEVEL));
	still_level();
	CHECK_INT(line_of(&sasl_plain, &line, &shown), 1);
	CHECK_STR(line.data, "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
	CHECK_STR(shown.data, "AUTH PLAIN ***");
	CHECK_INT(line_of(&sasl_login, &line, &shown), 0);
	CHECK_INT(line_of(&sasl_scram_sha_256, &line, &shown), 0);
	CHECK_INT(line_of(&sasl_xoauth2, &line, &shown), 0);
	CHECK_INT(line.len, 0);
	who.identity = "sales";
	CHECK_INT(line_of(&sasl_external, &line, &shown), 1);
	CHECK_STR(line.data, "AUTH EXTERNAL c2FsZXM=");
	/* 510 octets with the command are 496 of base64, which are 372. */
	memset(secret, 'x', sizeof(secret));
	who.identity = NULL;
	who.password = (struct span){secret, 372 - 5};
	CHECK_INT(line_of(&sasl_plain, &line, &shown), 1);
	CHECK(line.len <= SMTP_AUTH_LINE_MAX - 2);
	who.password.len++;
	CHECK_INT(line_of(&sasl_plain, &line, &shown), 0);
	CHECK_INT(line.len, 0);
	tear_down();
	buf_wipe(&line);
	buf_clear(&shown);
}

int main(void)
{
	TEST_RUN(plain_in_one_step);
	TEST_RUN(login_in_three);
	TEST_RUN(cram_md5_comes_first_in_clear);
	TEST_RUN(the_next_mechanism);
	TEST_RUN(only_235_is_a_success);
	TEST_RUN(challenges_that_make_no_sense);
	TEST_RUN(the_relay_repeats_us);
	TEST_RUN(no_mechanism_is_an_error);
	TEST_RUN(secrets_stay_here);
	TEST_RUN(a_long_secret);
	TEST_RUN(a_secret_without_measure);
	TEST_RUN(an_unusable_password);
	TEST_RUN(the_choice);
	TEST_RUN(an_identity_narrows_the_choice);
	TEST_RUN(the_line_for_a_flight);
	return test_done();
}
