/* Tables of words: see choice.h. */
#include "conf/choice.h"

#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "base/crypto.h"
#include "conf/account.h"

const struct choice choice_auth[] = {
	{"on", ACCOUNT_AUTH_ON},
	{"off", ACCOUNT_AUTH_OFF},
	{"strong", ACCOUNT_AUTH_STRONG},
	{"plain", ACCOUNT_AUTH_PLAIN},
	{"login", ACCOUNT_AUTH_LOGIN},
	{"cram-md5", ACCOUNT_AUTH_CRAM_MD5},
	{"scram-sha-1", ACCOUNT_AUTH_SCRAM_SHA_1},
	{"scram-sha-1-plus", ACCOUNT_AUTH_SCRAM_SHA_1_PLUS},
	{"scram-sha-256", ACCOUNT_AUTH_SCRAM_SHA_256},
	{"scram-sha-256-plus", ACCOUNT_AUTH_SCRAM_SHA_256_PLUS},
	{"xoauth2", ACCOUNT_AUTH_XOAUTH2},
	{"oauthbearer", ACCOUNT_AUTH_OAUTHBEARER},
	{"external", ACCOUNT_AUTH_EXTERNAL},
	{"gssapi", ACCOUNT_AUTH_GSSAPI},
	{NULL, 0},
};

const struct choice choice_delivery[] = {
	{"interactive", ACCOUNT_DELIVERY_INTERACTIVE},
	{"background", ACCOUNT_DELIVERY_BACKGROUND},
	{"queue", ACCOUNT_DELIVERY_QUEUE},
	{NULL, 0},
};

const struct choice choice_trust[] = {
	{"ca", ACCOUNT_TRUST_CA},
	{"first-use", ACCOUNT_TRUST_FIRST_USE},
	{"dane", ACCOUNT_TRUST_DANE},
	{"dane-only", ACCOUNT_TRUST_DANE_ONLY},
	{NULL, 0},
};

const struct choice choice_version[] = {
	{"1.2", TLS_MINIMUM_1_2},
	{"1.3", TLS_MINIMUM_1_3},
	{NULL, 0},
};

const struct choice choice_family[] = {
	{"any", ACCOUNT_FAMILY_ANY},
	{"ipv4", ACCOUNT_FAMILY_IPV4},
	{"ipv6", ACCOUNT_FAMILY_IPV6},
	{NULL, 0},
};

const struct choice choice_facility[] = {
	{"LOG_MAIL", LOG_MAIL},
	{"on", LOG_MAIL},
	{"off", -1},
	{"LOG_USER", LOG_USER},
	{"LOG_LOCAL0", LOG_LOCAL0},
	{"LOG_LOCAL1", LOG_LOCAL1},
	{"LOG_LOCAL2", LOG_LOCAL2},
	{"LOG_LOCAL3", LOG_LOCAL3},
	{"LOG_LOCAL4", LOG_LOCAL4},
	{"LOG_LOCAL5", LOG_LOCAL5},
	{"LOG_LOCAL6", LOG_LOCAL6},
	{"LOG_LOCAL7", LOG_LOCAL7},
	{NULL, 0},
};

const struct choice *choice_find(const struct choice *table, const char *name, bool nocase)
{
	for (; name && table->name; table++)
		if ((nocase ? strcasecmp : strcmp)(table->name, name) == 0)
			return table;
	return NULL;
}

const char *choice_name(const struct choice *table, int value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table->name;
	return NULL;
}
