/* Which domains are this machine. */
#include "conf/local.h"

#include <unistd.h>

#include "test.h"

static bool is_local(struct strv *patterns, const char *domain)
{
	struct local l = {.patterns = patterns};
	bool result = local_is_domain(&l, span_of(domain));

	local_clear(&l);
	return result;
}

static void localhost_is_local(void)
{
	CHECK(is_local(NULL, "localhost"));
	CHECK(is_local(NULL, "LocalHost"));
	CHECK(is_local(NULL, "localhost.localdomain"));
	CHECK(!is_local(NULL, "localhost.example.org"));
	CHECK(!is_local(NULL, "example.org"));
	CHECK(!is_local(NULL, "localhos"));
	CHECK(!is_local(NULL, ""));
	CHECK(!is_local(NULL, "[127.0.0.1]"));
}

static void the_names_of_the_host_are_local(void)
{
	char host[256] = "", longer[300];

	gethostname(host, sizeof(host) - 1);
	CHECK(is_local(NULL, host));
	host[strcspn(host, ".")] = '\0';
	CHECK(is_local(NULL, host));
	snprintf(longer, sizeof(longer), "%sx", host);
	CHECK(!is_local(NULL, longer));
	snprintf(longer, sizeof(longer), "x.%s", host);
	CHECK(!is_local(NULL, longer));
	snprintf(longer, sizeof(longer), "%s.invalid", host);
	CHECK(!is_local(NULL, longer));
}

static void patterns_make_local(void)
{
	struct strv patterns = {0};

	strv_add(&patterns, span_of("mail.example.org"));
	strv_add(&patterns, span_of("*.Lan"));
	strv_add(&patterns, span_of("web[0-9].example.net"));
	CHECK(is_local(&patterns, "Mail.Example.ORG"));
	CHECK(is_local(&patterns, "a.b.LAN"));
	CHECK(is_local(&patterns, "WEB7.example.net"));
	CHECK(is_local(&patterns, "localhost"));
	CHECK(!is_local(&patterns, "lan"));
	CHECK(!is_local(&patterns, "xmail.example.org"));
	CHECK(!is_local(&patterns, "webx.example.net"));
	strv_clear(&patterns);
}

int main(void)
{
	TEST_RUN(localhost_is_local);
	TEST_RUN(the_names_of_the_host_are_local);
	TEST_RUN(patterns_make_local);
	return test_done();
}
