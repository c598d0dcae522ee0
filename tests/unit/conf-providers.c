/* The table of providers: found by domain and by host, and sound in itself. */
#include "conf/providers.h"

#include <string.h>

#include "net/endpoint.h"
#include "test.h"

static const char *name_of(const char *domain)
{
	const struct provider *p = provider_find(span_of(domain));

	return p ? p->name : "none";
}

static void domains_are_found(void)
{
	CHECK_STR(name_of("gmail.com"), "Gmail");
	CHECK_STR(name_of("GoogleMail.COM"), "Gmail");
	CHECK_STR(name_of("hotmail.co.uk"), "Outlook.com");
	CHECK_STR(name_of("tenant.onmicrosoft.com"), "Microsoft 365");
	CHECK_STR(name_of("posteo.net"), "Posteo");
	CHECK_STR(name_of("pm.me"), "Proton Mail Bridge");
}

static void others_are_not(void)
{
	CHECK_STR(name_of(""), "none");
	CHECK_STR(name_of("example.org"), "none");
	CHECK_STR(name_of("gmail.com.example.org"), "none");
	CHECK_STR(name_of("notgmail.com"), "none");
	CHECK_STR(name_of("gmail"), "none");
	CHECK_STR(name_of("sub.gmail.com"), "none");
	CHECK_STR(name_of(".onmicrosoft.com"), "none");
	CHECK_STR(name_of("onmicrosoft.com"), "none");
	CHECK_STR(name_of("evilonmicrosoft.com"), "none");
}

static void hosts_are_found(void)
{
	CHECK_STR(provider_of_host(span_of("SMTP.gmail.com"))->name, "Gmail");
	CHECK(!provider_of_host(span_of("smtp.gmail.com.example.org")));
	CHECK(!provider_of_host(span_of("")));
}

/* What a configuration, a terminal and a person can be given. */
static void rows_are_sound(void)
{
	const struct provider *p;

	for (size_t n = 0; (p = provider_row(n)) != NULL; n++) {
		CHECK(p->name && p->domains && *p->domains);
		CHECK(!strstr(p->domains, "  "));
		CHECK(p->domains[strlen(p->domains) - 1] != ' ');
		CHECK(p->host ? endpoint_host_is_sane(span_of(p->host)) && p->port > 0
			      : p->hint != NULL);
		CHECK(p->tls != PROVIDER_CLEAR || endpoint_is_localhost(p->host));
		CHECK(p->tls != PROVIDER_IMPLICIT || !p->host || p->port == 465);
		CHECK(p->password == PROVIDER_PASSWORD || p->hint);
		CHECK(!p->hint ||
		      (strlen(p->hint) > 10 && p->hint[strlen(p->hint) - 1] != '.'));
	}
}

/* Nobody finds a row whose domain stands in one above it. */
static void no_domain_is_there_twice(void)
{
	const struct provider *p;

	for (size_t n = 0; (p = provider_row(n)) != NULL; n++)
		for (const char *word = p->domains; *word;) {
			size_t len = strcspn(word, " ");

			if (word[0] != '.')
				CHECK(provider_find((struct span){word, len}) == p);
			word += len + (word[len] == ' ');
		}
}

int main(void)
{
	TEST_RUN(domains_are_found);
	TEST_RUN(others_are_not);
	TEST_RUN(hosts_are_found);
	TEST_RUN(rows_are_sound);
	TEST_RUN(no_domain_is_there_twice);
	return test_done();
}
