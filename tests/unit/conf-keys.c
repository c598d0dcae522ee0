/* The words of the configuration. */
#include "conf/keys.h"

#include <string.h>
#include <syslog.h>

#include "base/crypto.h"
#include "test.h"

static struct account a;
static struct error e;

static int set(const char *key, const char *value)
{
	e = (struct error){0};
	return keys_set_value(&a, key, value, &e);
}

static void done(void)
{
	account_clear(&a);
}

static void switches_take_their_words(void)
{
	CHECK_INT(set("tls", NULL), 0);
	CHECK_INT(a.tls, SETTING_ON);
	CHECK_INT(set("tls", "off"), 0);
	CHECK_INT(a.tls, SETTING_OFF);
	CHECK_INT(set("tls", "if-offered"), 0);
	CHECK_INT(a.tls, SETTING_AUTO);
	CHECK_INT(set("tls", "maybe"), -1);
	CHECK_STR(e.text, "tls: \"maybe\" is not on, off or auto");
	CHECK_INT(e.class, ERROR_LOCAL);
	CHECK_INT(e.stage, STAGE_CONFIG);
	CHECK_INT(set("tls_starttls", "auto"), -1);
	CHECK_INT(set("set_date_header", "on"), -1);
	CHECK_INT(set("set_date_header", NULL), 0);
	CHECK_INT(a.set_date_header, SETTING_AUTO);
	CHECK_INT(set("add_missing_date_header", "off"), 0);
	CHECK_INT(a.set_date_header, SETTING_OFF);
	CHECK_INT(set("add_missing_from_header", NULL), 0);
	CHECK_INT(a.set_from_header, SETTING_AUTO);
	done();
}

static void numbers_have_bounds(void)
{
	CHECK_INT(set("port", "2525"), 0);
	CHECK_INT(a.relay.port, 2525);
	CHECK_INT(set("port", "0"), -1);
	CHECK_STR(e.text, "port: \"0\" is not a number from 1 to 65535");
	CHECK_INT(set("port", "65536"), -1);
	CHECK_INT(set("port", "25x"), -1);
	CHECK_INT(set("port", NULL), -1);
	CHECK_STR(e.text, "port wants an argument: a number from 1 to 65535");
	CHECK_INT(set("timeout", "off"), 0);
	CHECK_INT(a.timeout, 0);
	CHECK_INT(set("timeout", "30"), 0);
	CHECK_INT(a.timeout, 30);
	CHECK_INT(set("timeout", "-1"), -1);
	CHECK_INT(set("timeout_scale", "50"), 0);
	CHECK_INT(a.timeout_scale, 50);
	CHECK_INT(a.relay.port, 2525);
	done();
}

static void the_relay_is_said_in_any_order(void)
{
	CHECK_INT(set("port", "2525"), 0);
	CHECK_INT(set("host", "[::1]"), 0);
	CHECK_STR(a.relay.host, "::1");
	CHECK_INT(a.relay.port, 2525);
	CHECK_INT(set("relay", "submissions://joe%40example.org@mail.example.org"), 0);
	CHECK_INT(a.relay.scheme, ENDPOINT_SUBMISSIONS);
	CHECK_INT(a.relay.port, 0);
	CHECK_STR(account_user(&a), "joe@example.org");
	CHECK_INT(set("port", "4650"), 0);
	CHECK_INT(account_port(&a), 4650);
	CHECK_INT(set("host", "other.example"), 0);
	CHECK_INT(a.relay.scheme, ENDPOINT_NONE);
	CHECK_INT(a.relay.port, 0);
	CHECK(!a.relay.user);
	CHECK_INT(set("socket", "/run/mail"), 0);
	CHECK_INT(a.relay.scheme, ENDPOINT_UNIX);
	CHECK_STR(a.relay.path, "/run/mail");
	CHECK(!a.relay.host);
	CHECK_INT(set("host", "a b"), -1);
	CHECK_INT(set("host", NULL), -1);
	CHECK_INT(set("socket", "relative"), -1);
	CHECK_INT(set("relay", "gopher://x"), -1);
	CHECK(strncmp(e.text, "relay: ", 7) == 0);
	CHECK_STR(a.relay.path, "/run/mail");
	done();
}

static void from_is_a_list(void)
{
	CHECK_INT(set("from", "a@example.org, *@example.net b@example.org"), 0);
	CHECK_INT(a.from.count, 3);
	CHECK_STR(a.from.items[1], "*@example.net");
	CHECK_INT(set("from", "Joe <joe@example.org>"), -1);
	CHECK_INT(a.from.count, 3);
	CHECK_INT(set("from", "*@x.example y@x.example"), 0);
	CHECK_INT(a.from.count, 2);
	CHECK_STR(account_sender(&a), "y@x.example");
	CHECK_INT(set("from", NULL), 0);
	CHECK(!account_sender(&a));
	done();
}

static void the_last_source_of_a_secret_wins(void)
{
	CHECK_INT(set("password", "hunter2"), 0);
	CHECK_STR(a.password.data, "hunter2");
	CHECK_INT(set("passwordeval", "echo x"), 0);
	CHECK_INT(a.password.len, 0);
	CHECK_STR(a.passwordeval, "echo x");
	CHECK_INT(set("password_file", "/x"), 0);
	CHECK(!a.passwordeval);
	CHECK_INT(set("password_credential", "mail"), 0);
	CHECK(!a.password_file);
	CHECK_INT(set("password_credential", "../mail"), -1);
	CHECK_INT(set("passwordeval", NULL), 0);
	CHECK_STR(a.password_credential, "mail");
	CHECK_INT(set("password", "a\tb"), 0);
	CHECK_STR(a.password.data, "a\tb");
	CHECK_INT(set("password", "a\nb"), -1);
	CHECK_STR(e.text, "password: the value holds a control character");
	done();
}

static void a_key_takes_no_equals_sign(void)
{
	static const char *const words[] = {"user", "password", "passwordeval"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		CHECK_INT(set(words[i], "= hunter2"), -1);
		CHECK(strstr(e.text, "the value begins with \"= \"") &&
		      !strstr(e.text, "hunter2"));
		CHECK_INT(set(words[i], "=hunter2"), 0);
	}
	done();
}

static void auth_knows_what_is_built(void)
{
	CHECK(!account_wants_auth(&a));
	CHECK_INT(set("auth", NULL), 0);
	CHECK_INT(a.auth, ACCOUNT_AUTH_ON);
	CHECK_INT(set("auth", "CRAM-MD5"), 0);
	CHECK_INT(a.auth, ACCOUNT_AUTH_CRAM_MD5);
	CHECK_INT(set("auth", "scram-sha-256"), 0);
	CHECK_INT(a.auth, ACCOUNT_AUTH_SCRAM_SHA_256);
	CHECK_INT(set("auth", "strong"), 0);
	CHECK_INT(a.auth, ACCOUNT_AUTH_STRONG);
	CHECK(!a.auth_identity);
	CHECK_INT(set("auth_identity", "sales"), 0);
	CHECK_STR(a.auth_identity, "sales");
	CHECK_INT(set("auth", "ntlm"), -1);
	CHECK_INT(set("user", "joe"), 0);
	CHECK_INT(set("auth", "off"), 0);
	CHECK(!account_wants_auth(&a));
	done();
}

static void fingerprints_are_checked(void)
{
	char sha256[96] = "";

	for (int i = 0; i < 32; i++)
		strlcat(sha256, i ? ":aB" : "aB", sizeof(sha256));
	CHECK_INT(set("tls_fingerprint", sha256), 0);
	CHECK_STR(a.tls_fingerprint, sha256);
	CHECK_INT(set("tls_fingerprint", "0123456789abcdef0123456789abcdef"), -1);
	CHECK(strstr(e.text, "MD5"));
	CHECK_INT(set("tls_fingerprint", "0123456789abcdef0123456789abcdef0123456g"), -1);
	CHECK_INT(set("tls_fingerprint", "0123456789abcdef0123456789abcdef01234567, "
					 "0123456789abcdef0123456789abcdef01234568"),
		  0);
	CHECK_INT(set("tls_fingerprint", "0123456789abcdef0123456789abcdef01234567 "
					 "0123456789abcdef0123456789abcdef"),
		  -1);
	CHECK(strstr(e.text, "MD5"));
	CHECK_INT(set("tls_fingerprint", NULL), 0);
	CHECK(!a.tls_fingerprint);
	CHECK_INT(set("tls_pin", "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), 0);
	CHECK_INT(set("tls_pin", "sha256//AAEC"), -1);
	CHECK_STR(e.text, "tls_pin: \"sha256//AAEC\" is not the digest of a key: sha256// and "
			  "base64, or 64 hex digits; or several");
	done();
}

static void trust_is_checked(void)
{
	CHECK_INT(set("tls_trust", "first-use"), 0);
	CHECK_INT(a.tls_trust, ACCOUNT_TRUST_FIRST_USE);
	CHECK_INT(account_check(&a, &e), 0);
	CHECK_INT(set("tls_trust_file", "/x"), 0);
	CHECK_INT(account_check(&a, &e), -1);
	CHECK_STR(e.text, "tls_trust first-use contradicts tls_trust_file: drop one of them");
	CHECK_INT(set("tls_trust", "dane"), 0);
	CHECK_INT(account_check(&a, &e), 0);
	CHECK_INT(set("tls_certcheck", "off"), 0);
	CHECK_INT(account_check(&a, &e), -1);
	CHECK_STR(e.text, "tls_certcheck off contradicts tls_trust: drop one of them");
	CHECK_INT(set("tls_trust", "everybody"), -1);
	CHECK_INT(set("tls_trust", NULL), -1);
	CHECK_INT(set("tls_min_version", "1.3"), 0);
	CHECK_INT(a.tls_min_version, TLS_MINIMUM_1_3);
	CHECK_INT(set("tls_min_version", "1.1"), -1);
	CHECK_INT(set("tls_key_password_file", "/pin"), 0);
	CHECK_INT(set("tls_key_passwordeval", "cat /pin"), 0);
	CHECK(!a.tls_key_password_file);
	CHECK_INT(set("dane_resolver", "127.0.0.1@5353"), 0);
	CHECK_INT(set("dane_resolver", "::1"), 0);
	CHECK_STR(a.dane_resolver, "::1");
	CHECK_INT(set("dane_resolver", "127.0.0.1@0"), -1);
	CHECK_INT(set("dane_resolver", "dns.example"), -1);
	done();
}

static void the_rest_is_checked_too(void)
{
	CHECK_INT(set("syslog", NULL), 0);
	CHECK_INT(a.syslog, LOG_MAIL);
	CHECK_INT(set("syslog", "LOG_LOCAL3"), 0);
	CHECK_INT(a.syslog, LOG_LOCAL3);
	CHECK_INT(set("syslog", "off"), 0);
	CHECK_INT(a.syslog, -1);
	CHECK_INT(set("syslog", "LOG_KERN"), -1);
	CHECK_INT(set("tls_trust_file", "/ca.pem"), 0);
	CHECK_STR(a.tls_trust_file, "/ca.pem");
	CHECK_INT(set("tls_trust_file", "system"), 0);
	CHECK(!a.tls_trust_file);
	CHECK_INT(set("source_ip", "localhost"), -1);
	CHECK_INT(set("source_ip", "127.0.0.1"), 0);
	CHECK_INT(set("source_ip", "127.0.0.1,::1"), 0);
	CHECK_INT(set("source_ip", "127.0.0.1,127.0.0.2"), -1);
	CHECK_INT(set("source_ip", ",::1"), -1);
	CHECK_INT(set("bind_interface", "wlan0"), 0);
	CHECK_INT(set("bind_interface", "a-name-too-long-for-it"), -1);
	CHECK_INT(set("address_family", "ipv6"), 0);
	CHECK_INT(set("address_family", "6"), -1);
	CHECK_INT(set("attempt_timeout", "90"), 0);
	CHECK_INT(set("attempt_timeout", "off"), 0);
	CHECK_INT(set("domain", "exa mple"), -1);
	CHECK_INT(set("domain", "ex\xc3\xa4mple.org"), -1);
	CHECK_INT(set("domain", "example.org"), 0);
	CHECK_INT(set("protocol", "uucp"), -1);
	CHECK_INT(set("protocol", "lmtp"), 0);
	CHECK(account_is_lmtp(&a));
	CHECK_INT(set("protocol", "smtp"), 0);
	CHECK(!account_is_lmtp(&a));
	CHECK_INT(set("relay", "smtp://a  submissions://b\tpipe:x 'y z' smtp://c"), -1);
	CHECK_INT(set("relay", "smtp://a  submissions://b pipe:x 'y z' smtp://c"), 0);
	CHECK_STR(a.relay.host, "a");
	CHECK_INT(a.more_relays.count, 2);
	CHECK_STR(a.more_relays.items[0], "submissions://b");
	CHECK_STR(a.more_relays.items[1], "pipe:x 'y z' smtp://c");
	CHECK_INT(set("relay", "smtp://a mail.example.org"), -1);
	CHECK_INT(set("relay", "smtp://a maildir:/b"), -1);
	CHECK_STR(e.text, "relay: a mailbox cannot stand in for a relay");
	CHECK_INT(a.more_relays.count, 2);
	CHECK_INT(set("host", "b"), 0);
	CHECK_INT(a.more_relays.count, 0);
	CHECK_INT(set("proxy_port", "9050"), 0);
	CHECK_INT(set("proxy_host", "127.0.0.1"), 0);
	CHECK_INT(a.proxy.scheme, ENDPOINT_SOCKS5);
	CHECK_INT(endpoint_port(&a.proxy), 9050);
	CHECK_INT(set("proxy_host", "a b"), -1);
	CHECK_INT(set("proxy", "http://ann@[::1]"), 0);
	CHECK_INT(endpoint_port(&a.proxy), 8080);
	CHECK_STR(a.proxy.user, "ann");
	CHECK_INT(set("proxy", "smtp://localhost"), -1);
	CHECK_STR(e.text,
		  "proxy: proxy URL \"smtp://localhost\" does not begin with socks5:// or "
		  "http://");
	CHECK_INT(set("proxy_passwordeval", "pass show x"), 0);
	CHECK_INT(set("proxy_password_file", "/x"), 0);
	CHECK(!a.proxy_passwordeval);
	CHECK_INT(set("proxy", "off"), 0);
	CHECK_INT(a.proxy.scheme, ENDPOINT_NONE);
	CHECK_INT(set("proxy_host", NULL), 0);
	CHECK_INT(set("dsn_notify", "off"), 0);
	CHECK_INT(set("dsn_notify", "success,delay"), 0);
	CHECK_STR(a.dsn_notify, "success,delay");
	CHECK_INT(set("dsn_notify", "always"), -1);
	CHECK(strncmp(e.text, "dsn_notify: \"always\" is not \"never\"", 35) == 0);
	CHECK_INT(set("dsn_return", "headers"), 0);
	CHECK_INT(set("dsn_return", "half"), -1);
	CHECK_INT(set("deliver_by", "60,N"), 0);
	CHECK_INT(set("deliver_by", "soon"), -1);
	CHECK_INT(set("require_tls", NULL), 0);
	CHECK_INT(a.require_tls, SETTING_ON);
	CHECK_INT(set("submitter", "<>"), 0);
	CHECK_STR(a.submitter, "<>");
	CHECK_INT(set("submitter", "Joe <joe@example.org>"), 0);
	CHECK_STR(a.submitter, "joe@example.org");
	CHECK_INT(set("submitter", "a@b c@d"), -1);
	CHECK_INT(set("auto_from", "on"), 0);
	CHECK_INT(set("from_full_name", "J\303\266rg \"X\""), 0);
	done();
}

static void a_full_name_has_a_limit(void)
{
	char name[514];

	memset(name, 'a', 513);
	name[513] = '\0';
	CHECK_INT(set("from_full_name", name), -1);
	CHECK_STR(e.text, "from_full_name: the name is longer than 512 bytes");
	CHECK_INT(error_exit_code(&e), 78);
	CHECK_INT(set("from_full_name", name + 1), 0);
	CHECK_STR(a.from_full_name, name + 1);
	done();
}

static void an_unknown_key_shows_itself_alone(void)
{
	CHECK_INT(set("pasword", "hunter2"), -1);
	CHECK_STR(e.text, "unknown key \"pasword\": did you mean \"password\"?");
	CHECK_INT(set("frobnicate", "hunter2"), -1);
	CHECK_STR(e.text, "unknown key \"frobnicate\"");
	CHECK_INT(set("a\33", "x"), -1);
	CHECK_STR(e.text,
		  "unknown key \"a...\": a key and its value are separated by a blank alone");
	CHECK_INT(set("\33", "x"), -1);
	CHECK_STR(e.text, "unknown key \"\\x1B\"");
	CHECK_INT(set("password=hunter2", NULL), -1);
	CHECK(!strstr(e.text, "hunter2"));
	CHECK_INT(set("", "x"), -1);
	done();
}

/* What each key says of itself holds for all of them. */
static void times_have_a_unit(void)
{
	CHECK_INT(set("queue_lifetime", "5d"), 0);
	CHECK_INT(a.queue_lifetime, 5 * 86400);
	CHECK_INT(set("delay_notice", "1h30m"), 0);
	CHECK_INT(a.delay_notice, 5400);
	CHECK_INT(set("queue_lifetime", "5"), -1);
	CHECK_STR(e.text, "queue_lifetime: \"5\" is not a time such as 30s, 15m, 4h, 5d or 2w, "
			  "up to a year");
	CHECK_INT(set("queue_lifetime", "0s"), -1);
	CHECK_INT(set("queue_lifetime", "53w"), -1);
	CHECK_INT(set("queue_lifetime", ""), -1);
	CHECK_INT(a.queue_lifetime, 5 * 86400);
	done();
}

static void a_rate_is_a_number_for_a_time(void)
{
	CHECK_INT(set("rate", "30/min"), 0);
	CHECK_INT(a.rate_count, 30);
	CHECK_INT(a.rate_seconds, 60);
	CHECK_INT(set("rate", "2000/d"), 0);
	CHECK_INT(a.rate_seconds, 86400);
	CHECK_INT(set("rate", "30"), -1);
	CHECK_STR(e.text, "rate: \"30\" is not off, or a number of messages for a time: 2/s, "
			  "30/min, 500/h or 2000/d");
	CHECK_INT(set("rate", "30/m"), -1);
	CHECK_INT(set("rate", "/min"), -1);
	CHECK_INT(set("rate", "0/min"), -1);
	CHECK_INT(set("rate", "-1/min"), -1);
	CHECK_INT(set("rate", "99999999999/min"), -1);
	CHECK_INT(a.rate_count, 2000);
	CHECK_INT(set("rate", "off"), 0);
	CHECK_INT(a.rate_count, 0);
	done();
}

static void the_queue_has_its_words(void)
{
	CHECK_INT(set("queue", "off"), 0);
	CHECK_INT(a.queue, SETTING_OFF);
	CHECK_INT(set("delivery", "background"), 0);
	CHECK_INT(a.delivery, ACCOUNT_DELIVERY_BACKGROUND);
	CHECK_INT(set("delivery", "b"), -1);
	CHECK_STR(e.text, "delivery: \"b\" is not interactive, background or queue");
	CHECK_INT(set("delivery", NULL), -1);
	CHECK_INT(set("duplicates", "never"), 0);
	CHECK_INT(a.duplicates, SETTING_OFF);
	CHECK_INT(set("duplicates", "rarely"), 0);
	CHECK_INT(a.duplicates, SETTING_ON);
	CHECK_INT(set("duplicates", "off"), -1);
	CHECK_INT(set("connections", "20"), 0);
	CHECK_INT(set("connections", "21"), -1);
	CHECK_INT(a.connections, 20);
	CHECK_INT(set("report_limit", "5"), 0);
	CHECK_INT(a.report_limit, 5);
	CHECK_INT(set("runner", "off"), 0);
	CHECK_INT(a.runner, SETTING_OFF);
	CHECK_INT(set("queue_dir", "queue"), -1);
	CHECK_INT(set("queue_dir", "/var/queue"), 0);
	CHECK_STR(a.queue_dir, "/var/queue");
	CHECK_INT(set("failure_command", "notify me"), -1);
	CHECK_INT(set("failure_command", "/bin/notify me"), 0);
	CHECK_STR(a.failure_command, "/bin/notify me");
	done();
}

static void every_key_can_be_set_or_says_why_not(void)
{
	size_t n = 0;

	for (; keys_name(n); n++) {
		for (size_t k = n + 1; keys_name(k); k++)
			CHECK(strcmp(keys_name(n), keys_name(k)) != 0);
		if (set(keys_name(n), "\x01") == 0 ||
		    strncmp(e.text, keys_name(n), strlen(keys_name(n))) != 0)
			test_fail(__FILE__, __LINE__, keys_name(n));
		if (set(keys_name(n), NULL) &&
		    strncmp(e.text, keys_name(n), strlen(keys_name(n))) != 0)
			test_fail(__FILE__, __LINE__, keys_name(n));
	}
	CHECK(n > 40);
	CHECK_INT(keys_flags("passwordeval"), KEYS_REST | KEYS_BARE);
	CHECK_INT(keys_flags("nothing"), 0);
	CHECK_INT(keys_flags("host"), 0);
	CHECK_INT(keys_flags("from_full_name"), KEYS_PASSING);
	done();
}

int main(void)
{
	TEST_RUN(switches_take_their_words);
	TEST_RUN(numbers_have_bounds);
	TEST_RUN(the_relay_is_said_in_any_order);
	TEST_RUN(from_is_a_list);
	TEST_RUN(the_last_source_of_a_secret_wins);
	TEST_RUN(a_key_takes_no_equals_sign);
	TEST_RUN(auth_knows_what_is_built);
	TEST_RUN(fingerprints_are_checked);
	TEST_RUN(trust_is_checked);
	TEST_RUN(the_rest_is_checked_too);
	TEST_RUN(a_full_name_has_a_limit);
	TEST_RUN(an_unknown_key_shows_itself_alone);
	TEST_RUN(times_have_a_unit);
	TEST_RUN(a_rate_is_a_number_for_a_time);
	TEST_RUN(the_queue_has_its_words);
	TEST_RUN(every_key_can_be_set_or_says_why_not);
	return test_done();
}
