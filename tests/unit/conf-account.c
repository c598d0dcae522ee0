/* What the words of an account come to. */
#include "conf/account.h"

#include <string.h>

#include "conf/keys.h"
#include "test.h"

static struct account a;
static struct error e;

/* Sets "key value" pairs, up to NULL, in a new account. */
static void make(const char *const words[])
{
	account_clear(&a);
	for (; words[0]; words += 2)
		if (keys_set_value(&a, words[0], words[1], &e))
			test_fail(__FILE__, __LINE__, e.text);
}

#define MAKE(...) make((const char *const[]){__VA_ARGS__, NULL})

static void tls_is_on_unless_the_relay_is_here(void)
{
	static const struct {
		const char *words[9];
		enum account_tls tls;
		int port;
	} cases[] = {
		{{"relay", "submissions://x.example"}, ACCOUNT_TLS_IMPLICIT, 465},
		{{"relay", "submissions://localhost"}, ACCOUNT_TLS_IMPLICIT, 465},
		{{"relay", "submissions://x.example:587"}, ACCOUNT_TLS_IMPLICIT, 587},
		{{"relay", "submission://x.example"}, ACCOUNT_TLS_REQUIRED, 587},
		{{"relay", "submission://x.example:465"}, ACCOUNT_TLS_REQUIRED, 465},
		{{"relay", "submission://127.0.0.1"}, ACCOUNT_TLS_REQUIRED, 587},
		{{"relay", "submission://x.example", "tls", "off"}, ACCOUNT_TLS_NEVER, 587},
		{{"relay", "smtp://x.example"}, ACCOUNT_TLS_REQUIRED, 25},
		{{"relay", "smtp://x.example", "tls", "auto"}, ACCOUNT_TLS_IF_OFFERED, 25},
		{{"relay", "smtp://x.example", "tls", "off"}, ACCOUNT_TLS_NEVER, 25},
		{{"relay", "smtp://127.0.0.1"}, ACCOUNT_TLS_NEVER, 25},
		{{"relay", "smtp://[::1]", "tls", "on"}, ACCOUNT_TLS_REQUIRED, 25},
		{{"relay", "smtp://localhost", "tls", "auto"}, ACCOUNT_TLS_IF_OFFERED, 25},
		{{"socket", "/run/mail"}, ACCOUNT_TLS_NEVER, 0},
		{{"host", "x.example"}, ACCOUNT_TLS_REQUIRED, 25},
		{{"host", "x.example", "user", "joe"}, ACCOUNT_TLS_REQUIRED, 587},
		{{"host", "x.example", "auth", "on"}, ACCOUNT_TLS_REQUIRED, 587},
		{{"host", "x.example", "port", "465"}, ACCOUNT_TLS_IMPLICIT, 465},
		{{"host", "x.example", "port", "465", "tls_starttls", "on"},
		 ACCOUNT_TLS_REQUIRED,
		 465},
		{{"host", "x.example", "tls_starttls", "off"}, ACCOUNT_TLS_IMPLICIT, 465},
		{{"host", "x.example", "tls_starttls", "off", "user", "joe"},
		 ACCOUNT_TLS_IMPLICIT,
		 465},
		{{"host", "x.example", "tls_starttls", "off", "tls", "off"},
		 ACCOUNT_TLS_NEVER,
		 25},
		{{"host", "x.example", "port", "465", "tls", "auto"},
		 ACCOUNT_TLS_IF_OFFERED,
		 465},
		{{"relay", "lmtp://x.example"}, ACCOUNT_TLS_REQUIRED, 24},
		{{"protocol", "lmtp", "host", "localhost"}, ACCOUNT_TLS_NEVER, 24},
		{{"socket", "/run/lmtp", "protocol", "lmtp"}, ACCOUNT_TLS_NEVER, 0},
		{{"host", "localhost"}, ACCOUNT_TLS_NEVER, 25},
		{{"host", "localhost", "tls", "on", "port", "465"}, ACCOUNT_TLS_IMPLICIT, 465},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(cases[i].words);
		CHECK_INT(account_check(&a, &e), 0);
		CHECK(account_tls_mode(&a) == cases[i].tls);
		if (cases[i].port)
			CHECK_INT(account_port(&a), cases[i].port);
	}
}

static void words_that_contradict_each_other_are_refused(void)
{
	static const char *const cases[][7] = {
		{"relay", "submissions://x", "tls", "off"},
		{"relay", "submissions://x", "tls", "auto"},
		{"tls_starttls", "on", "relay", "submissions://x"},
		{"relay", "submission://x", "tls_starttls", "off"},
		{"relay", "smtp://x", "tls", "on", "tls_starttls", "off"},
		{"protocol", "lmtp", "relay", "smtp://x"},
		{"protocol", "smtp", "relay", "lmtp://x"},
		{"host", "x", "tls", "auto", "tls_starttls", "off"},
		{"relay", "maildir:/x", "tls", "on"},
		{"relay", "maildir:/x", "tls", "auto"},
		{"relay", "mbox:/x", "auth", "on"},
		{"relay", "mbox:/x", "auth", "plain"},
		{"relay", "discard:", "user", "ann"},
		{"relay", "discard:", "auth_identity", "ann"},
		{"relay", "maildir:/x", "password", "secret"},
		{"relay", "maildir:/x", "password_file", "/x"},
		{"relay", "maildir:/x", "passwordeval", "echo"},
		{"relay", "maildir:/x", "password_credential", "x"},
		{"relay", "maildir:/x", "password_keyring", "kernel"},
		{"relay", "maildir:/x", "protocol", "smtp"},
		{"relay", "maildir:/x", "require_tls", "on"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(cases[i]);
		e = (struct error){0};
		CHECK_INT(account_check(&a, &e), -1);
		CHECK(strstr(e.text, "contradicts"));
		CHECK_INT(e.stage, STAGE_CONFIG);
	}
	MAKE("relay", "smtp://x", "tls", "off", "tls_starttls", "off");
	CHECK_INT(account_check(&a, &e), 0);
	MAKE("relay", "submissions://x", "tls", "on", "tls_starttls", "off");
	CHECK_INT(account_check(&a, &e), 0);
	MAKE("tls", "on", "auth", "on", "user", "ann", "relay", "maildir:/x", "tls", "off",
	     "auth", "off", "user", "", "require_tls", "off", "timeout", "5");
	CHECK_INT(account_check_relay(&a, &e), 0);
	MAKE("relay", "discard:");
	CHECK_INT(account_check_relay(&a, &e), 0);
	CHECK(account_is_store(&a) && account_tls_mode(&a) == ACCOUNT_TLS_NEVER &&
	      !account_wants_auth(&a));
	account_clear(&a);
	CHECK_INT(account_check(&a, &e), 0);
}

static void a_user_means_auth(void)
{
	MAKE("relay", "submission://joe@x.example");
	CHECK(account_wants_auth(&a));
	CHECK_STR(account_user(&a), "joe");
	MAKE("relay", "submission://joe@x.example", "user", "ann");
	CHECK_STR(account_user(&a), "ann");
	MAKE("host", "x.example");
	CHECK(!account_wants_auth(&a));
	CHECK(!account_user(&a));
	MAKE("user", "joe", "auth", "off");
	CHECK(!account_wants_auth(&a));
	MAKE("auth", "plain");
	CHECK(account_wants_auth(&a));
}

static void a_copy_is_deep(void)
{
	struct account copy = {0};

	MAKE("relay", "submission://joe@x.example:1", "password", "hunter2", "from", "a@b,*@c",
	     "tls", "on", "syslog", "on");
	a.name = strdup("one");
	a.origin = strdup("conf:1");
	CHECK_INT(account_copy(&copy, &a), 0);
	account_clear(&a);
	CHECK(!a.name && a.password.len == 0 && a.from.count == 0 && a.tls == SETTING_UNSET);
	CHECK_STR(copy.name, "one");
	CHECK_STR(copy.origin, "conf:1");
	CHECK_STR(copy.relay.host, "x.example");
	CHECK_STR(copy.relay.user, "joe");
	CHECK_INT(copy.relay.port, 1);
	CHECK_STR(copy.password.data, "hunter2");
	CHECK_STR(copy.from.items[1], "*@c");
	CHECK_INT(copy.tls, SETTING_ON);
	CHECK_INT(keys_set_value(&copy, "password", "longer than before", &e), 0);
	CHECK_STR(copy.password.data, "longer than before");
	account_clear(&copy);
}

static void what_was_not_said_is_not_inherited(void)
{
	struct account base = {0};

	MAKE("port", "26", "user", "joe", "password", "x");
	CHECK_INT(keys_set_value(&base, "host", "x.example", &e), 0);
	CHECK_INT(keys_set_value(&base, "user", NULL, &e), 0);
	CHECK_INT(keys_set_value(&base, "password_file", "/x", &e), 0);
	CHECK_INT(account_inherit(&a, &base), 0);
	CHECK_STR(a.relay.host, "x.example");
	CHECK_INT(a.relay.port, 26);
	CHECK(!a.user);
	CHECK_INT(a.password.len, 0);
	CHECK_STR(a.password_file, "/x");
	account_clear(&base);
}

int main(void)
{
	TEST_RUN(tls_is_on_unless_the_relay_is_here);
	TEST_RUN(words_that_contradict_each_other_are_refused);
	TEST_RUN(a_user_means_auth);
	TEST_RUN(a_copy_is_deep);
	TEST_RUN(what_was_not_said_is_not_inherited);
	account_clear(&a);
	return test_done();
}
