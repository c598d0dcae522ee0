/* Relay URLs. */
#include "net/endpoint.h"

#include <stdlib.h>

#include "test.h"

static void good(const char *url, enum endpoint_scheme scheme, const char *user,
		 const char *host, int port, const char *shown)
{
	struct error error = {0};
	struct endpoint e;
	char text[320];

	if (endpoint_parse(&e, span_of(url), &error)) {
		CHECK_STR(error.text, url);
		return;
	}
	CHECK_INT(e.scheme, scheme);
	CHECK_STR(e.user ? e.user : "-", user);
	CHECK_STR(e.host ? e.host : "-", host);
	CHECK_INT(endpoint_port(&e), port);
	CHECK_STR(endpoint_show(&e, text, sizeof(text)), shown);
	endpoint_clear(&e);
}

static void bad(const char *url, const char *says)
{
	struct error error = {0};
	struct endpoint e;

	CHECK_INT(endpoint_parse(&e, span_of(url), &error), -1);
	CHECK_INT(error.class, ERROR_LOCAL);
	CHECK_INT(error.stage, STAGE_CONFIG);
	CHECK(!e.host && !e.user && !e.path);
	if (!strstr(error.text, says))
		CHECK_STR(error.text, says);
	if (strstr(error.text, "s3cret"))
		CHECK_STR(error.text, "a text without the password");
}

static void takes_what_is_documented(void)
{
	good("submissions://mail.example.org", ENDPOINT_SUBMISSIONS, "-", "mail.example.org",
	     465, "mail.example.org:465");
	good("SMTP://localhost", ENDPOINT_SMTP, "-", "localhost", 25, "localhost:25");
	good("submission://ann@mail.example.org:2525/", ENDPOINT_SUBMISSION, "ann",
	     "mail.example.org", 2525, "mail.example.org:2525");
	good("lmtp://127.0.0.1", ENDPOINT_LMTP, "-", "127.0.0.1", 24, "127.0.0.1:24");
	good("smtp://[::1]:1", ENDPOINT_SMTP, "-", "::1", 1, "[::1]:1");
	good("smtp://[::ffff:192.0.2.1]", ENDPOINT_SMTP, "-", "::ffff:192.0.2.1", 25,
	     "[::ffff:192.0.2.1]:25");
	good("submissions://ann@example.org@mail.example.org.", ENDPOINT_SUBMISSIONS,
	     "ann@example.org", "mail.example.org.", 465, "mail.example.org.:465");
	good("submissions://a%40b%3A%2f%C3%A9@h:65535", ENDPOINT_SUBMISSIONS, "a@b:/\xc3\xa9",
	     "h", 65535, "h:65535");
	good("smtp://\xc3\xbc.example", ENDPOINT_SMTP, "-", "\xc3\xbc.example", 25,
	     "\xc3\xbc.example:25");
	good("unix:/run/relay", ENDPOINT_UNIX, "-", "-", 0, "unix:/run/relay");
	good("unix:///run/a@b", ENDPOINT_UNIX, "-", "-", 0, "unix:/run/a@b");
	good("maildir:/home/ann/mail", ENDPOINT_MAILDIR, "-", "-", 0, "maildir:/home/ann/mail");
	good("Maildir:///var/a b/", ENDPOINT_MAILDIR, "-", "-", 0, "maildir:/var/a b");
	good("mbox:/var/mail/ann", ENDPOINT_MBOX, "-", "-", 0, "mbox:/var/mail/ann");
	good("discard:", ENDPOINT_DISCARD, "-", "-", 0, "discard:");
	good("pipe:ssh -W %h:%p gate", ENDPOINT_PIPE, "-", "-", 0, "pipe:ssh");
	good("fd:3", ENDPOINT_FD, "-", "-", 0, "fd:3");
	good("srv://ann@example.org", ENDPOINT_SRV, "ann", "example.org", 0,
	     "srv://example.org");
}

static void refuses_the_rest(void)
{
	bad("", "does not begin with");
	bad("mail.example.org", "\"mail.example.org\" does not begin");
	bad("smtps://mail.example.org", "does not begin");
	bad("smtp:mail.example.org", "does not begin");
	bad("smtp://", "names no host");
	bad("smtp://@host", "no user before it");
	bad("smtp://host:", "a port from 1 to 65535 behind \"host:\"");
	bad("smtp://host:0", "port");
	bad("smtp://host:65536", "port");
	bad("smtp://host:99999999999999999999", "port");
	bad("smtp://host:+25", "port");
	bad("smtp://host:25/path", "port");
	bad("smtp://host/path", "no host name");
	bad("smtp://ho st", "\"ho st\" is no host name");
	bad("smtp://host\r\nRCPT", "\"host\\r\\nRCPT\"");
	bad("smtp://-host", "no host name");
	bad("smtp://a..b", "no host name");
	bad("smtp://.", "no host name");
	bad("smtp://127.1", "no host name");
	bad("smtp://0x7f000001", "no host name");
	bad("smtp://256.1.1.1", "no host name");
	bad("smtp://a\xe2\x80\xae"
	    "b",
	    "no host name");
	bad("smtp://a\xff", "no host name");
	bad("smtp://[::1", "no IPv6 address in brackets");
	bad("smtp://[127.0.0.1]", "no IPv6 address in brackets");
	bad("smtp://[::1]x", "goes on behind its host");
	bad("smtp://::1", "no host name");
	bad("smtp://a%0d%0ab@host", "malformed");
	bad("smtp://a%00@host", "malformed");
	bad("smtp://a%4@host", "malformed");
	bad("smtp://a b@host", "malformed");
	bad("smtp://%ff@host", "malformed");
	bad("pipe:", "is empty");
	bad("pipe:ssh 'x", "not closed");
	bad("pipe:a\nb", "control character");
	bad("fd:", "number of a descriptor");
	bad("fd:2", "number of a descriptor");
	bad("fd: 3", "number of a descriptor");
	bad("fd:3x", "number of a descriptor");
	bad("fd:99999999", "number of a descriptor");
	bad("srv://example.org:587", "a domain without a port");
	bad("srv://192.0.2.1", "a domain without a port");
	bad("socks5://proxy", "does not begin");
	bad("unix:", "absolute path");
	bad("unix:relative", "absolute path");
	bad("unix://host/path", "absolute path");
	bad("unix:/a\nb", "control character");
	bad("maildir:", "absolute path behind \"maildir:\"");
	bad("maildir:mail", "absolute path");
	bad("maildir:/", "absolute path");
	bad("maildir:~ann/mail", "absolute path");
	bad("maildir:/a\nb", "control character");
	bad("mbox://host/path", "absolute path behind \"mbox:\"");
	bad("discard:/x", "ends behind its colon");
	bad("discard", "does not begin");
	bad("unix:/"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	    "longer");
}

static void knows_proxies(void)
{
	struct error error;
	struct endpoint e;
	char text[320];

	CHECK_INT(endpoint_parse_proxy(&e, span_of("socks5://ann@[::1]"), &error), 0);
	CHECK_INT(e.scheme, ENDPOINT_SOCKS5);
	CHECK_STR(e.user, "ann");
	CHECK_STR(endpoint_show(&e, text, sizeof(text)), "[::1]:1080");
	endpoint_clear(&e);
	CHECK_INT(endpoint_parse_proxy(&e, span_of("http://proxy"), &error), 0);
	CHECK_STR(endpoint_show(&e, text, sizeof(text)), "proxy:8080");
	endpoint_clear(&e);
	CHECK_INT(endpoint_parse_proxy(&e, span_of("smtp://proxy"), &error), -1);
	CHECK_STR(error.text,
		  "proxy URL \"smtp://proxy\" does not begin with socks5:// or http://");
	CHECK_INT(endpoint_parse_proxy(&e, span_of("http://ann:s3cret@proxy"), &error), -1);
	CHECK(strstr(error.text, "a proxy URL must not hold a password") != NULL);
	CHECK(strstr(error.text, "s3cret") == NULL);
}

static void never_repeats_a_password(void)
{
	bad("submissions://ann:s3cret@mail.example.org", "must not hold a password");
	bad("submissions://ann:s3cret%zz@mail", "must not hold a password");
	bad("submissions://ann:s3cret/x@mail.example.org:1", "must not hold a password");
	bad("submissions://ann:x@s3cret@mail.example.org", "must not hold a password");
	bad("submissions://:s3cret@mail", "must not hold a password");
	bad("submissions://ann:s3cret@", "must not hold a password");
	bad("submissions://ann:s3cret", "port");
	bad("smtps://ann:s3cret@mail", "does not begin");
	bad("ann:s3cret@mail", "does not begin");
}

static void knows_hosts(void)
{
	char label[70] = "", name[300] = "";

	memset(label, 'a', 64);
	CHECK(!endpoint_host_is_sane(span_of(label)));
	CHECK(endpoint_host_is_sane((struct span){label, 63}));
	for (int i = 0; i < 127; i++)
		memcpy(name + 2 * i, "a.", 3);
	CHECK(!endpoint_host_is_sane(span_of(name)));
	CHECK(endpoint_host_is_sane((struct span){name, 253}));
	CHECK(endpoint_host_is_sane(span_of("_smtp.example.org")));
	CHECK(endpoint_host_is_sane(span_of("::1")));
	CHECK(endpoint_host_is_sane(span_of("123.example")));
	CHECK(!endpoint_host_is_sane((struct span){"a\0b", 3}));
	CHECK(!endpoint_host_is_sane((struct span){"127.0.0.1\0", 10}));
	CHECK(!endpoint_host_is_sane((struct span){0}));
	CHECK(endpoint_is_address("192.0.2.1"));
	CHECK(endpoint_is_address("2001:db8::1"));
	CHECK(!endpoint_is_address("[::1]"));
	CHECK(!endpoint_is_address("a.b"));
}

static bool is_local(const char *url)
{
	struct error error;
	struct endpoint e;
	bool local = endpoint_parse(&e, span_of(url), &error) == 0 && endpoint_is_local(&e);

	endpoint_clear(&e);
	return local;
}

static void knows_what_is_local(void)
{
	CHECK(is_local("smtp://localhost"));
	CHECK(is_local("smtp://LocalHost."));
	CHECK(is_local("smtp://127.3.2.1"));
	CHECK(is_local("smtp://[::1]"));
	CHECK(is_local("unix:/x"));
	CHECK(is_local("maildir:/x"));
	CHECK(is_local("discard:"));
	CHECK(!is_local("smtp://localhost.example.org"));
	CHECK(!is_local("smtp://128.0.0.1"));
	CHECK(!is_local("smtp://[::2]"));
}

static void what_is_written_parses_as_the_same(void)
{
	static const char *const urls[] = {
		"submissions://ann%40x@h.example",
		"submission://h:99",
		"smtp://[::1]:25",
		"lmtp://a.b-c_d~@h",
		"unix:/a b",
	};
	struct error error;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct endpoint e;
		struct buf out;

		buf_init(&out, 1000);
		CHECK_INT(endpoint_parse(&e, span_of(urls[i]), &error), 0);
		endpoint_write(&e, &out);
		CHECK_STR(out.data, urls[i]);
		endpoint_clear(&e);
		buf_clear(&out);
	}
}

int main(void)
{
	TEST_RUN(takes_what_is_documented);
	TEST_RUN(refuses_the_rest);
	TEST_RUN(knows_proxies);
	TEST_RUN(never_repeats_a_password);
	TEST_RUN(knows_hosts);
	TEST_RUN(knows_what_is_local);
	TEST_RUN(what_is_written_parses_as_the_same);
	return test_done();
}
