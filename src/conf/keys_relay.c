/* The keys of THE RELAY: where it is, the way there and the time it has. */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/text.h"
#include "conf/key.h"

enum { SECONDS_MAX = 86400 };

/* The next URL of a list that blanks separate. A command and a path may have blanks of their
 * own, so they end the list. */
static struct span relay_next(struct span *rest)
{
	static const char *const whole[] = {"pipe:", "unix:", "maildir:", "mbox:"};
	struct span one = span_trim(*rest);
	size_t len = 0;

	while (len < one.len && !chars_is(one.data[len], CHARS_BLANK))
		len++;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (span_starts_nocase(one, whole[i]))
			len = one.len;
	*rest = (struct span){one.data + len, one.len - len};
	return (struct span){one.data, len};
}

/* The relays behind the first. */
static int set_more_relays(struct account *a, const struct key *key, struct span rest,
			   struct error *error)
{
	struct strv more = {0};
	struct endpoint e;
	struct span one;
	int failed = 0;

	while (!failed && (one = relay_next(&rest)).len > 0) {
		failed = more.count == ACCOUNT_RELAYS_MAX
				 ? error_set(error, ERROR_LOCAL, STAGE_CONFIG,
					     "more than %d relays behind the first",
					     ACCOUNT_RELAYS_MAX)
				 : endpoint_parse(&e, one, error);
		if (!failed && endpoint_is_store(&e)) {
			endpoint_clear(&e);
			failed = error_set(error, ERROR_LOCAL, STAGE_CONFIG,
					   "a mailbox cannot stand in for a relay");
		}
		if (failed)
			error_prefix(error, "%s", key->name);
		else if (strv_add(&more, one))
			failed = error_set_memory(error);
		if (!failed)
			endpoint_clear(&e);
	}
	if (failed) {
		strv_clear(&more);
		return -1;
	}
	strv_clear(&a->more_relays);
	a->more_relays = more;
	account_mark(a, KEY_AT(more_relays));
	return 0;
}

static int set_relay(struct account *a, const struct key *key, const char *value,
		     struct error *error)
{
	struct span rest = span_of(value);
	struct endpoint e = {0};

	if (!value || !*value)
		return key_refuse(key, value, "a URL such as submissions://user@host", error);
	if (endpoint_parse(&e, relay_next(&rest), error))
		return error_prefix(error, "%s", key->name);
	if (set_more_relays(a, key, rest, error)) {
		endpoint_clear(&e);
		return -1;
	}
	/* `host` and `port` say what is behind pipe: and fd:. */
	if (endpoint_is_bare(&e) && endpoint_is_bare(&a->relay)) {
		e.host = a->relay.host;
		e.port = a->relay.port;
		a->relay.host = NULL;
	}
	endpoint_clear(&a->relay);
	a->relay = e;
	account_mark(a, KEY_AT(relay));
	account_mark(a, KEY_AT(relay.port));
	return 0;
}

/* Forgets a URL or socket said before; `port` alone is kept. */
static void relay_reset(struct account *a)
{
	int port = endpoint_is_bare(&a->relay) ? a->relay.port : 0;

	if (!endpoint_is_bare(&a->relay))
		account_mark(a, KEY_AT(relay.port));
	endpoint_clear(&a->relay);
	a->relay = (struct endpoint){.port = port};
	account_mark(a, KEY_AT(relay));
	strv_clear(&a->more_relays);
	account_mark(a, KEY_AT(more_relays));
}

static int set_host(struct account *a, const struct key *key, const char *value,
		    struct error *error)
{
	struct span host = span_of(value);
	char *copy;

	if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
		host = (struct span){host.data + 1, host.len - 2};
	if (value && strchr(value, '@'))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "host: a name or address has no \"@\": the login is a word of "
				 "its own (user), and so is its password");
	if (host.len == 0 || !endpoint_host_is_sane(host))
		return key_refuse(key, value, "a host name or address", error);
	copy = span_dup(host);
	if (!copy)
		return error_set_memory(error);
	if (!endpoint_is_bare(&a->relay))
		relay_reset(a);
	account_mark(a, KEY_AT(relay));
	free(a->relay.host);
	a->relay.host = copy;
	return 0;
}

static int set_socket(struct account *a, const struct key *key, const char *value,
		      struct error *error)
{
	char *copy;

	if ((!value || !*value) && a->relay.scheme != ENDPOINT_UNIX)
		return 0;
	if (!value || !*value) {
		relay_reset(a);
		return 0;
	}
	if (*value != '/')
		return key_refuse(key, value, "the absolute path of a unix socket", error);
	copy = strdup(value);
	if (!copy)
		return error_set_memory(error);
	relay_reset(a);
	a->relay.scheme = ENDPOINT_UNIX;
	a->relay.path = copy;
	return 0;
}

static int set_protocol(struct account *a, const struct key *key, const char *value,
			struct error *error)
{
	if (!value || (strcmp(value, "smtp") != 0 && strcmp(value, "lmtp") != 0))
		return key_refuse(key, value, "smtp or lmtp", error);
	key_put_number(a, key->offset, value[0] == 'l' ? SETTING_ON : SETTING_OFF);
	return 0;
}

static int set_address(struct account *a, const struct key *key, const char *value,
		       struct error *error)
{
	const char *comma = value ? strchr(value, ',') : NULL;
	struct span first = {value, comma ? (size_t)(comma - value) : span_of(value).len};
	char *one = span_dup(first);
	bool good = one && ((first.len == 0 && !comma) || endpoint_is_address(one));

	if (good && comma)
		good = endpoint_is_address(comma + 1) &&
		       (strchr(one, ':') == NULL) != (strchr(comma + 1, ':') == NULL);
	free(one);
	if (!good)
		return key_refuse(key, value,
				  "an IP address, or one of IPv4 and one of IPv6 with a comma "
				  "between",
				  error);
	return key_put_text(a, key->offset, value, error);
}

static int set_interface(struct account *a, const struct key *key, const char *value,
			 struct error *error)
{
	if (value && (strlen(value) >= IF_NAMESIZE || strchr(value, '/')))
		return key_refuse(key, value, "the name of a network interface", error);
	return key_put_text(a, key->offset, value, error);
}

static int set_family(struct account *a, const struct key *key, const char *value,
		      struct error *error)
{
	return key_put_choice(a, key, choice_find(choice_family, value, false), value,
			      "any, ipv4 or ipv6", error);
}

/* Without a value, or `off`: none. */
static int set_proxy(struct account *a, const struct key *key, const char *value,
		     struct error *error)
{
	struct endpoint e = {0};

	if (value && *value && strcmp(value, "off") != 0 &&
	    endpoint_parse_proxy(&e, span_of(value), error))
		return error_prefix(error, "%s", key->name);
	endpoint_clear(&a->proxy);
	a->proxy = e;
	account_mark(a, KEY_AT(proxy));
	account_mark(a, KEY_AT(proxy.port));
	return 0;
}

/* msmtp's: SOCKS5, with a port of its own. */
static int set_proxy_host(struct account *a, const struct key *key, const char *value,
			  struct error *error)
{
	int port = a->proxy.scheme == ENDPOINT_HTTP ? 0 : a->proxy.port;
	char *copy = NULL;

	if (value && *value && !endpoint_host_is_sane(span_of(value)))
		return key_refuse(key, value, "a host name or address", error);
	if (value && *value && !(copy = strdup(value)))
		return error_set_memory(error);
	endpoint_clear(&a->proxy);
	a->proxy = (struct endpoint){.host = copy, .port = port};
	a->proxy.scheme = copy ? ENDPOINT_SOCKS5 : ENDPOINT_NONE;
	account_mark(a, KEY_AT(proxy));
	return 0;
}

static int set_proxy_source(struct account *a, const struct key *key, const char *value,
			    struct error *error)
{
	if (value && *value) {
		key_put_text(a, KEY_AT(proxy_passwordeval), NULL, NULL);
		key_put_text(a, KEY_AT(proxy_password_file), NULL, NULL);
	}
	return key_put_text(a, key->offset, value, error);
}

static int set_timeout(struct account *a, const struct key *key, const char *value,
		       struct error *error)
{
	if (!value || strcmp(value, "off") != 0)
		return key_set_number(a, key, value, error);
	key_put_number(a, key->offset, 0);
	return 0;
}

static int set_flight(struct account *a, const struct key *key, const char *value,
		      struct error *error)
{
	if (!value || (strcmp(value, "grouped") != 0 && strcmp(value, "careful") != 0))
		return key_refuse(key, value, "grouped or careful", error);
	key_put_number(a, key->offset,
		       value[0] == 'c' ? ACCOUNT_FLIGHT_CAREFUL : ACCOUNT_FLIGHT_GROUPED);
	return 0;
}

/* The name that EHLO says, which knows no UTF-8 before the relay has offered SMTPUTF8 (RFC 6531
 * section 3.1), and that each bare address would drag into SMTPUTF8. */
static int set_domain(struct account *a, const struct key *key, const char *value,
		      struct error *error)
{
	if (value && text_is_8bit(span_of(value)))
		return key_refuse(key, value, "in ASCII: write its A-labels (\"xn--...\")",
				  error);
	return key_set_host_name(a, key, value, error);
}

const struct key keys_relay[] = {
	{"relay", set_relay, KEYS_KIND_RELAY, 0, KEYS_URL},
	{"host", set_host, KEYS_KIND_HOST, 0},
	{"port", key_set_number, KEYS_KIND_NUMBER, KEY_AT(relay.port), 0, 65535},
	{"socket", set_socket, KEYS_KIND_SOCKET, 0, KEYS_FILE},
	{"protocol", set_protocol, KEYS_KIND_PROTOCOL, KEY_AT(lmtp)},
	{"source_ip", set_address, KEYS_KIND_TEXT, KEY_AT(source_ip)},
	{"bind_interface", set_interface, KEYS_KIND_TEXT, KEY_AT(bind_interface)},
	{"address_family", set_family, KEYS_KIND_FAMILY, KEY_AT(address_family)},
	{"proxy", set_proxy, KEYS_KIND_PROXY, KEY_AT(proxy)},
	{"proxy_host", set_proxy_host, KEYS_KIND_NONE, KEY_AT(proxy)},
	{"proxy_port", key_set_number, KEYS_KIND_NUMBER, KEY_AT(proxy.port), 0, 65535},
	{"proxy_passwordeval", set_proxy_source, KEYS_KIND_TEXT, KEY_AT(proxy_passwordeval),
	 KEYS_REST | KEYS_BARE},
	{"proxy_password_file", set_proxy_source, KEYS_KIND_TEXT, KEY_AT(proxy_password_file),
	 KEYS_FILE},
	{"proxy_cleartext", key_set_switch, KEYS_KIND_SWITCH, KEY_AT(proxy_cleartext), 0,
	 KEY_ON_OFF},
	{"timeout", set_timeout, KEYS_KIND_NUMBER, KEY_AT(timeout), 0, SECONDS_MAX},
	{"connect_timeout", set_timeout, KEYS_KIND_NONE, KEY_AT(timeout), 0, SECONDS_MAX,
	 "is obsolete: write \"timeout\""},
	{"attempt_timeout", set_timeout, KEYS_KIND_NUMBER, KEY_AT(attempt_timeout), 0,
	 SECONDS_MAX},
	{"timeout_scale", key_set_number, KEYS_KIND_NUMBER, KEY_AT(timeout_scale), 0, 10000},
	{"flight", set_flight, KEYS_KIND_FLIGHT, KEY_AT(flight)},
	{"flight_size", key_set_number, KEYS_KIND_NUMBER, KEY_AT(flight_size), 0, 1024 * 1024},
	{"domain", set_domain, KEYS_KIND_TEXT, KEY_AT(domain), KEYS_NAMES},
	{.name = NULL},
};
