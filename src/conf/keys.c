/*
 * The words of the configuration: see keys.h. A row of the table names a key, the member it
 * sets and how; most rows share a setter. The words and their meaning are msmtp's wherever it
 * has them.
 */
#include "conf/keys.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/chars.h"
#include "base/dump.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/pin.h"
#include "base/text.h"
#include "conf/choice.h"
#include "conf/expand.h"
#include "conf/secret.h"
#include "mail/address.h"
#include "mail/wishes.h"

enum { SWITCH_ON = 1 << 0, SWITCH_OFF = 1 << 1, SWITCH_AUTO = 1 << 2 };

struct key;

/* value is NULL when there is no argument. */
typedef int key_setter(struct account *a, const struct key *key, const char *value,
		       struct error *error);

struct key {
	const char *name;
	key_setter *set;
	size_t offset;
	unsigned flags;
	unsigned accepts;   /* of SWITCH_*, or the largest number */
	const char *advice; /* what to say of the word to who uses it; NULL: nothing */
};

/* The usual complaint: "tls: "maybe" is not on, off or auto". */
static int key_refuse(const struct key *key, const char *value, const char *accepted,
		      struct error *error)
{
	if (!value || !*value)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s wants an argument: %s",
				 key->name, accepted);
	if (key->flags & KEYS_SECRET)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s: the value is not %s",
				 key->name, accepted);
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s: \"%s\" is not %s", key->name,
			 TEXT_SHOW(span_of(value)), accepted);
}

static int string_set(struct account *a, size_t offset, const char *value, struct error *error)
{
	char **member = (char **)(void *)((char *)a + offset);
	char *copy = NULL;

	if (value && *value && !(copy = strdup(value)))
		return error_set_memory(error);
	free(*member);
	*member = copy;
	account_mark(a, offset);
	return 0;
}

static void number_set(struct account *a, size_t offset, int number)
{
	memcpy((char *)a + offset, &number, sizeof(number));
	account_mark(a, offset);
}

static int number_parse(const struct key *key, const char *value, int *number,
			struct error *error)
{
	char accepted[64];
	const char *wrong = "";

	if (value)
		*number = (int)strtonum(value, 1, key->accepts, &wrong);
	if (!wrong)
		return 0;
	snprintf(accepted, sizeof(accepted), "a number from 1 to %u", key->accepts);
	return key_refuse(key, value, accepted, error);
}

/* A text; none or an empty one unsets it. */
static int set_text(struct account *a, const struct key *key, const char *value,
		    struct error *error)
{
	return string_set(a, key->offset, value, error);
}

static int set_switch(struct account *a, const struct key *key, const char *value,
		      struct error *error)
{
	static const char *const accepted[] = {
		[SWITCH_ON | SWITCH_OFF] = "on or off",
		[SWITCH_OFF | SWITCH_AUTO] = "auto or off",
		[SWITCH_ON | SWITCH_OFF | SWITCH_AUTO] = "on, off or auto",
	};

	if (!value || !*value)
		value = key->accepts & SWITCH_ON ? "on" : "auto";
	if (key->accepts & SWITCH_ON && strcmp(value, "on") == 0)
		number_set(a, key->offset, SETTING_ON);
	else if (key->accepts & SWITCH_OFF && strcmp(value, "off") == 0)
		number_set(a, key->offset, SETTING_OFF);
	else if (key->accepts & SWITCH_AUTO && strcmp(value, "auto") == 0)
		number_set(a, key->offset, SETTING_AUTO);
	else
		return key_refuse(key, value, accepted[key->accepts], error);
	return 0;
}

/* `tls if-offered` is `tls auto` by a name that says what it does. */
static int set_tls(struct account *a, const struct key *key, const char *value,
		   struct error *error)
{
	if (value && strcmp(value, "if-offered") == 0)
		value = "auto";
	return set_switch(a, key, value, error);
}

/* msmtp's older add_missing_..._header: on is auto now. */
static int set_missing(struct account *a, const struct key *key, const char *value,
		       struct error *error)
{
	if (value && *value && strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return key_refuse(key, value, "on or off", error);
	number_set(a, key->offset,
		   value && strcmp(value, "off") == 0 ? SETTING_OFF : SETTING_AUTO);
	return 0;
}

static int set_number(struct account *a, const struct key *key, const char *value,
		      struct error *error)
{
	int number = 0;

	if (number_parse(key, value, &number, error))
		return -1;
	number_set(a, key->offset, number);
	return 0;
}

static int set_timeout(struct account *a, const struct key *key, const char *value,
		       struct error *error)
{
	if (!value || strcmp(value, "off") != 0)
		return set_number(a, key, value, error);
	number_set(a, key->offset, 0);
	return 0;
}

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
	account_mark(a, offsetof(struct account, more_relays));
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
	account_mark(a, offsetof(struct account, relay));
	account_mark(a, offsetof(struct account, relay.port));
	return 0;
}

/* Forgets a URL or socket said before; `port` alone is kept. */
static void relay_reset(struct account *a)
{
	int port = endpoint_is_bare(&a->relay) ? a->relay.port : 0;

	if (!endpoint_is_bare(&a->relay))
		account_mark(a, offsetof(struct account, relay.port));
	endpoint_clear(&a->relay);
	a->relay = (struct endpoint){.port = port};
	account_mark(a, offsetof(struct account, relay));
	strv_clear(&a->more_relays);
	account_mark(a, offsetof(struct account, more_relays));
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
	account_mark(a, offsetof(struct account, relay));
	free(a->relay.host);
	a->relay.host = copy;
	return 0;
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
	account_mark(a, offsetof(struct account, proxy));
	account_mark(a, offsetof(struct account, proxy.port));
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
	account_mark(a, offsetof(struct account, proxy));
	return 0;
}

static int set_proxy_source(struct account *a, const struct key *key, const char *value,
			    struct error *error)
{
	if (value && *value) {
		string_set(a, offsetof(struct account, proxy_passwordeval), NULL, NULL);
		string_set(a, offsetof(struct account, proxy_password_file), NULL, NULL);
	}
	return string_set(a, key->offset, value, error);
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
	number_set(a, key->offset, value[0] == 'l' ? SETTING_ON : SETTING_OFF);
	return 0;
}

static int set_flight(struct account *a, const struct key *key, const char *value,
		      struct error *error)
{
	if (!value || (strcmp(value, "grouped") != 0 && strcmp(value, "careful") != 0))
		return key_refuse(key, value, "grouped or careful", error);
	number_set(a, key->offset,
		   value[0] == 'c' ? ACCOUNT_FLIGHT_CAREFUL : ACCOUNT_FLIGHT_GROUPED);
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
	return string_set(a, key->offset, value, error);
}

static int set_interface(struct account *a, const struct key *key, const char *value,
			 struct error *error)
{
	if (value && (strlen(value) >= IF_NAMESIZE || strchr(value, '/')))
		return key_refuse(key, value, "the name of a network interface", error);
	return string_set(a, key->offset, value, error);
}

static int set_family(struct account *a, const struct key *key, const char *value,
		      struct error *error)
{
	const struct choice *row = value ? choice_find(choice_family, value, false) : NULL;

	if (row) {
		number_set(a, key->offset, row->value);
		return 0;
	}
	return key_refuse(key, value, "any, ipv4 or ipv6", error);
}

static int set_name(struct account *a, const struct key *key, const char *value,
		    struct error *error)
{
	if (value && *value && !endpoint_host_is_sane(span_of(value)))
		return key_refuse(key, value, "a host name", error);
	return string_set(a, key->offset, value, error);
}

/* The name that EHLO says, which knows no UTF-8 before the relay has offered SMTPUTF8 (RFC 6531
 * section 3.1), and that each bare address would drag into SMTPUTF8. */
static int set_domain(struct account *a, const struct key *key, const char *value,
		      struct error *error)
{
	if (value && text_is_8bit(span_of(value)))
		return key_refuse(key, value, "in ASCII: write its A-labels (\"xn--...\")",
				  error);
	return set_name(a, key, value, error);
}

/* One address or pattern of `from`: what cannot stand in either is refused here, the rest where
 * the address is used. */
static int from_add(struct strv *from, const struct key *key, struct span word,
		    struct error *error)
{
	char *copy = span_dup(word);
	int result = 0;

	if (copy && strpbrk(copy, "<>()\";"))
		result = key_refuse(key, copy,
				    "a bare address or pattern, as in joe@example.org", error);
	else if (strv_add(from, word))
		result = error_set_memory(error);
	free(copy);
	return result;
}

static int set_from(struct account *a, const struct key *key, const char *value,
		    struct error *error)
{
	struct strv from = {0};

	while (value && *value) {
		size_t len = strcspn(value, ", \t");

		if (len > 0 && from_add(&from, key, (struct span){value, len}, error)) {
			strv_clear(&from);
			return -1;
		}
		value += len + (value[len] != '\0');
	}
	strv_clear(&a->from);
	a->from = from;
	account_mark(a, offsetof(struct account, from));
	return 0;
}

/* What a domain or a pattern of one is made of. */
static bool is_domain_pattern(struct span word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!chars_is(word.data[i], CHARS_ALNUM | CHARS_UTF8) &&
		    !strchr("-._*?[]!^", word.data[i]))
			return false;
	return word.len > 0;
}

static int set_domains(struct account *a, const struct key *key, const char *value,
		       struct error *error)
{
	struct strv domains = {0};
	int failed = 0;

	while (!failed && value && *value) {
		struct span word = {value, strcspn(value, ", \t")};

		value += word.len + (value[word.len] != '\0');
		if (word.len == 0)
			continue;
		if (!is_domain_pattern(word))
			failed = error_set(error, ERROR_LOCAL, STAGE_CONFIG,
					   "%s: \"%s\" is not a domain or a pattern, as in "
					   "*.example.org",
					   key->name, TEXT_SHOW(word));
		else if (strv_add(&domains, word))
			failed = error_set_memory(error);
	}
	if (failed) {
		strv_clear(&domains);
		return -1;
	}
	strv_clear(&a->local_domains);
	a->local_domains = domains;
	account_mark(a, offsetof(struct account, local_domains));
	return 0;
}

static int set_full_name(struct account *a, const struct key *key, const char *value,
			 struct error *error)
{
	if (value && strlen(value) > ADDRESS_NAME_MAX)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s: the name is longer than %d bytes", key->name,
				 ADDRESS_NAME_MAX);
	return string_set(a, key->offset, value, error);
}

static int set_auth(struct account *a, const struct key *key, const char *value,
		    struct error *error)
{
	const struct choice *method;

	if (!value || !*value)
		value = "on";
	if (strcasecmp(value, "ntlm") == 0 || strcasecmp(value, "digest-md5") == 0)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s: %s is broken and not supported: write \"auth on\"",
				 key->name, value);
	method = choice_find(choice_auth, value, true);
	if (method) {
		number_set(a, key->offset, method->value);
		return 0;
	}
	return key_refuse(key, value,
			  "on, off, strong, plain, login, cram-md5, scram-sha-1, "
			  "scram-sha-256, one of these two with -plus, xoauth2, oauthbearer, "
			  "external or gssapi",
			  error);
}

/* The keys that say where the secret is replace each other: the last one said is the only
 * one. */
static void sources_reset(struct account *a)
{
	static const size_t sources[] = {
		offsetof(struct account, password_file),
		offsetof(struct account, passwordeval),
		offsetof(struct account, password_credential),
		offsetof(struct account, password_keyring),
	};

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		string_set(a, sources[i], NULL, NULL);
	buf_wipe(&a->password);
	account_mark(a, offsetof(struct account, password));
}

/* An empty one unsets itself alone. */
static int set_source(struct account *a, const struct key *key, const char *value,
		      struct error *error)
{
	if (value && *value)
		sources_reset(a);
	return string_set(a, key->offset, value, error);
}

static int set_password(struct account *a, const struct key *key, const char *value,
			struct error *error)
{
	if (value && strlen(value) > SECRET_MAX)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s is longer than %d bytes",
				 key->name, SECRET_MAX);
	if (value && *value)
		sources_reset(a);
	if (value)
		dump_forbid();
	buf_wipe(&a->password);
	buf_init_secret(&a->password, SECRET_MAX);
	buf_add_string(&a->password, value ? value : "");
	account_mark(a, offsetof(struct account, password));
	return buf_failed(&a->password) ? error_set_memory(error) : 0;
}

/* The name of a file under $CREDENTIALS_DIRECTORY, and no way out of there. */
static int set_credential(struct account *a, const struct key *key, const char *value,
			  struct error *error)
{
	if (value && (strchr(value, '/') || value[0] == '.'))
		return key_refuse(key, value, "the name of a credential, without a slash",
				  error);
	return set_source(a, key, value, error);
}

static int set_keyring(struct account *a, const struct key *key, const char *value,
		       struct error *error)
{
	if (value && *value && strcmp(value, "kernel") != 0 && strcmp(value, "desktop") != 0 &&
	    (strncmp(value, "kernel:", 7) != 0 || !value[7]))
		return key_refuse(key, value, "kernel, kernel:NAME or desktop", error);
	return set_source(a, key, value, error);
}

/* `system` is msmtp's word for the default. */
static int set_trust(struct account *a, const struct key *key, const char *value,
		     struct error *error)
{
	if (value && strcmp(value, "system") == 0)
		value = NULL;
	return string_set(a, key->offset, value, error);
}

/* Whether there is a word in it that only an MD5 fingerprint can be. */
static bool fingerprint_is_md5(const char *value)
{
	size_t digits = 0;

	for (;; value++) {
		digits += chars_is(*value, CHARS_HEX);
		if (*value && !strchr(", \t", *value))
			continue;
		if (digits == 32)
			return true;
		if (!*value)
			return false;
		digits = 0;
	}
}

static int set_fingerprint(struct account *a, const struct key *key, const char *value,
			   struct error *error)
{
	struct pins read = {.count = 0};

	if (!value || !*value || pins_read_fingerprints(&read, span_of(value)) == 0)
		return string_set(a, key->offset, value, error);
	if (fingerprint_is_md5(value))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s: an MD5 fingerprint can be forged, give the SHA-256 one",
				 key->name);
	return key_refuse(key, value,
			  "a fingerprint: 64 hex digits of SHA-256 or 40 of SHA-1, with or "
			  "without colons; or several",
			  error);
}

static int set_pin(struct account *a, const struct key *key, const char *value,
		   struct error *error)
{
	struct pins read = {.count = 0};

	if (value && *value && pins_read_keys(&read, span_of(value)))
		return key_refuse(key, value,
				  "the digest of a key: sha256// and base64, or 64 hex digits; "
				  "or several",
				  error);
	return string_set(a, key->offset, value, error);
}

static int set_tls_trust(struct account *a, const struct key *key, const char *value,
			 struct error *error)
{
	const struct choice *way = value ? choice_find(choice_trust, value, false) : NULL;

	if (!way)
		return key_refuse(key, value, "ca, first-use, dane or dane-only", error);
	number_set(a, key->offset, way->value);
	return 0;
}

static int set_min_version(struct account *a, const struct key *key, const char *value,
			   struct error *error)
{
	const struct choice *version = value ? choice_find(choice_version, value, false) : NULL;

	if (!version)
		return key_refuse(key, value, "1.2 or 1.3", error);
	number_set(a, key->offset, version->value);
	return 0;
}

/* The two that say where the key's password is replace each other. An empty one unsets itself
 * alone. */
static int set_key_source(struct account *a, const struct key *key, const char *value,
			  struct error *error)
{
	if (value && *value) {
		string_set(a, offsetof(struct account, tls_key_password_file), NULL, NULL);
		string_set(a, offsetof(struct account, tls_key_passwordeval), NULL, NULL);
	}
	return string_set(a, key->offset, value, error);
}

/* Our certificate or its key: a file, or a PKCS#11 URI, which shows up in process lists,
 * messages and logs as any URL does (RFC 7512 section 7). */
static int set_identity(struct account *a, const struct key *key, const char *value,
			struct error *error)
{
	if (value && span_starts_nocase(span_of(value), "pkcs11:") &&
	    strcasestr(value, "pin-value="))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s: a PKCS#11 URI must not hold the PIN (pin-value): use "
				 "tls_key_password_file or tls_key_passwordeval",
				 key->name);
	return string_set(a, key->offset, value, error);
}

/* An address, and perhaps "@PORT", as unbound has it. */
static int set_resolver(struct account *a, const struct key *key, const char *value,
			struct error *error)
{
	const char *at = value ? strchr(value, '@') : NULL;
	char *address = NULL;
	const char *wrong = NULL;
	int result;

	if (!value || !*value)
		return string_set(a, key->offset, NULL, error);
	address = span_dup((struct span){value, at ? (size_t)(at - value) : strlen(value)});
	if (!address)
		return error_set_memory(error);
	if (at)
		strtonum(at + 1, 1, 65535, &wrong);
	if (wrong || !endpoint_is_address(address))
		result = key_refuse(key, value, "an IP address, or one with @PORT", error);
	else
		result = string_set(a, key->offset, value, error);
	free(address);
	return result;
}

/* A word that mail/wishes.h reads when it is used: here only whether it can. */
static int set_wish(struct account *a, const struct key *key, const char *value,
		    struct error *error)
{
	struct wishes read = {0};
	int failed = 0;

	if (value && *value)
		failed = key->offset == offsetof(struct account, dsn_notify)
				 ? wishes_set_notify(&read, value, error)
			 : key->offset == offsetof(struct account, dsn_return)
				 ? wishes_set_return(&read, value, error)
				 : wishes_set_deliver_by(&read, value, error);
	if (!failed)
		return string_set(a, key->offset, value, error);
	error->stage = STAGE_CONFIG;
	return error_prefix(error, "%s", key->name);
}

static int set_submitter(struct account *a, const struct key *key, const char *value,
			 struct error *error)
{
	struct address read = {0};
	int failed;

	if (!value || !*value)
		return string_set(a, key->offset, NULL, error);
	if (address_parse(&read, span_of(value), error))
		return key_refuse(key, value, "an address, or <> for none", error);
	failed = string_set(a, key->offset, read.text[0] ? read.text : "<>", error);
	address_clear(&read);
	return failed;
}

/* An absolute path: a relative one would be another directory for each caller. */
static int set_queue_dir(struct account *a, const struct key *key, const char *value,
			 struct error *error)
{
	if (value && *value && *value != '/')
		return key_refuse(key, value, "an absolute path, or one below ~/", error);
	return string_set(a, key->offset, value, error);
}

static int set_delivery(struct account *a, const struct key *key, const char *value,
			struct error *error)
{
	const struct choice *mode = value ? choice_find(choice_delivery, value, false) : NULL;

	if (mode) {
		number_set(a, key->offset, mode->value);
		return 0;
	}
	return key_refuse(key, value, "interactive, background or queue", error);
}

static int set_duration(struct account *a, const struct key *key, const char *value,
			struct error *error)
{
	int seconds = 0;

	if (!value || duration_parse(span_of(value), &seconds) || seconds == 0 ||
	    (unsigned)seconds > key->accepts)
		return key_refuse(key, value,
				  "a time such as 30s, 15m, 4h, 5d or 2w, up to a year", error);
	number_set(a, key->offset, seconds);
	return 0;
}

static int set_duplicates(struct account *a, const struct key *key, const char *value,
			  struct error *error)
{
	if (!value || (strcmp(value, "rarely") != 0 && strcmp(value, "never") != 0))
		return key_refuse(key, value, "rarely or never", error);
	number_set(a, key->offset, value[0] == 'n' ? SETTING_OFF : SETTING_ON);
	return 0;
}

/* "30/min": a number, and the time it is meant for. */
static int rate_parse(const char *value, int *count, int *seconds)
{
	static const struct {
		const char *name;
		int seconds;
	} units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
	const char *slash = strchr(value, '/');
	char digits[8];
	const char *wrong;

	if (!slash || (size_t)(slash - value) >= sizeof(digits))
		return -1;
	snprintf(digits, sizeof(digits), "%.*s", (int)(slash - value), value);
	*count = (int)strtonum(digits, 1, 1000000, &wrong);
	for (size_t i = 0; !wrong && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(slash + 1, units[i].name) == 0) {
			*seconds = units[i].seconds;
			return 0;
		}
	return -1;
}

static int set_rate(struct account *a, const struct key *key, const char *value,
		    struct error *error)
{
	int count = 0;
	int seconds = 0;

	if (!value || (strcmp(value, "off") != 0 && rate_parse(value, &count, &seconds)))
		return key_refuse(
			key, value,
			"off, or a number of messages for a time: 2/s, 30/min, 500/h or 2000/d",
			error);
	number_set(a, offsetof(struct account, rate_count), count);
	number_set(a, offsetof(struct account, rate_seconds), seconds);
	return 0;
}

/* It runs with a clean environment, without a PATH to look in. */
static int set_command(struct account *a, const struct key *key, const char *value,
		       struct error *error)
{
	if (value && *value && *value != '/')
		return key_refuse(key, value, "a command with its absolute path", error);
	return string_set(a, key->offset, value, error);
}

static int set_syslog(struct account *a, const struct key *key, const char *value,
		      struct error *error)
{
	const struct choice *facility =
		choice_find(choice_facility, value && *value ? value : "on", false);

	if (facility) {
		number_set(a, key->offset, facility->value);
		return 0;
	}
	return key_refuse(key, value, "on, off, LOG_MAIL, LOG_USER or LOG_LOCAL0 to LOG_LOCAL7",
			  error);
}

/* msmtp's words of old that turned something off by being there. */
static int set_not(struct account *a, const struct key *key, const char *value,
		   struct error *error)
{
	if (value && *value && strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return key_refuse(key, value, "on or off", error);
	number_set(a, key->offset,
		   value && strcmp(value, "off") == 0 ? SETTING_ON : SETTING_OFF);
	return 0;
}

static int set_log_format(struct account *a, const struct key *key, const char *value,
			  struct error *error)
{
	if (!value || (strcmp(value, "text") != 0 && strcmp(value, "json") != 0))
		return key_refuse(key, value, "text or json", error);
	return string_set(a, key->offset, value, error);
}

static int set_time_format(struct account *a, const struct key *key, const char *value,
			   struct error *error)
{
	if (value && *value && !log_time_format_fits(value))
		return key_refuse(key, value,
				  "a format of strftime(3) that comes to 1 to 200 bytes",
				  error);
	return string_set(a, key->offset, value, error);
}

/* msmtp's words whose meaning changes nothing that matters here: checked by nobody. */
static int set_ignored(struct account *a, const struct key *key, const char *value,
		       struct error *error)
{
	(void)a, (void)key, (void)value, (void)error;
	return 0;
}

/* Whether Bcc is kept, which it never is. */
static int set_bcc(struct account *a, const struct key *key, const char *value,
		   struct error *error)
{
	(void)a;
	if (value && *value && strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return key_refuse(key, value, "on or off", error);
	return 0;
}

#define AT(member)  offsetof(struct account, member)
#define ON_OFF      (SWITCH_ON | SWITCH_OFF)
#define AUTO_OFF    (SWITCH_AUTO | SWITCH_OFF)
#define ON_OFF_AUTO (SWITCH_ON | SWITCH_OFF | SWITCH_AUTO)
#define SECONDS_MAX 86400
#define YEAR        (366 * 86400)

/* In the order of the manual page. */
static const struct key keys[] = {
	{"relay", set_relay, 0, KEYS_URL, 0},
	{"host", set_host, 0, 0, 0},
	{"port", set_number, AT(relay.port), 0, 65535},
	{"socket", set_socket, 0, KEYS_FILE, 0},
	{"protocol", set_protocol, AT(lmtp), 0, 0},
	{"source_ip", set_address, AT(source_ip), 0, 0},
	{"bind_interface", set_interface, AT(bind_interface), 0, 0},
	{"address_family", set_family, AT(address_family), 0, 0},
	{"proxy", set_proxy, AT(proxy), 0, 0},
	{"proxy_host", set_proxy_host, AT(proxy), 0, 0},
	{"proxy_port", set_number, AT(proxy.port), 0, 65535},
	{"proxy_passwordeval", set_proxy_source, AT(proxy_passwordeval), KEYS_REST | KEYS_BARE,
	 0},
	{"proxy_password_file", set_proxy_source, AT(proxy_password_file), KEYS_FILE, 0},
	{"proxy_cleartext", set_switch, AT(proxy_cleartext), 0, ON_OFF},
	{"timeout", set_timeout, AT(timeout), 0, SECONDS_MAX},
	{"connect_timeout", set_timeout, AT(timeout), 0, SECONDS_MAX,
	 "is obsolete: write \"timeout\""},
	{"attempt_timeout", set_timeout, AT(attempt_timeout), 0, SECONDS_MAX},
	{"timeout_scale", set_number, AT(timeout_scale), 0, 10000},
	{"flight", set_flight, AT(flight), 0, 0},
	{"flight_size", set_number, AT(flight_size), 0, 1024 * 1024},
	{"domain", set_domain, AT(domain), KEYS_NAMES, 0},

	{"auth", set_auth, AT(auth), 0, 0},
	{"auth_identity", set_text, AT(auth_identity), 0, 0},
	{"user", set_text, AT(user), KEYS_BARE, 0},
	{"password", set_password, 0, KEYS_REST | KEYS_SECRET | KEYS_BARE, 0},
	{"passwordeval", set_source, AT(passwordeval), KEYS_REST | KEYS_BARE, 0},
	{"password_file", set_source, AT(password_file), KEYS_FILE, 0},
	{"password_credential", set_credential, AT(password_credential), 0, 0},
	{"password_keyring", set_keyring, AT(password_keyring), 0, 0},
	{"ntlmdomain", set_ignored, 0, 0, 0, "has no effect: NTLM is not supported"},

	{"tls", set_tls, AT(tls), 0, ON_OFF_AUTO},
	{"tls_starttls", set_switch, AT(tls_starttls), 0, ON_OFF},
	{"tls_certcheck", set_switch, AT(tls_certcheck), 0, ON_OFF},
	{"tls_trust", set_tls_trust, AT(tls_trust), 0, 0},
	{"tls_trust_file", set_trust, AT(tls_trust_file), KEYS_FILE, 0},
	{"tls_crl_file", set_text, AT(tls_crl_file), KEYS_FILE, 0},
	{"tls_fingerprint", set_fingerprint, AT(tls_fingerprint), 0, 0},
	{"tls_pin", set_pin, AT(tls_pin), 0, 0},
	{"dane_resolver", set_resolver, AT(dane_resolver), 0, 0},
	{"dane_trust_anchor", set_text, AT(dane_trust_anchor), KEYS_FILE, 0},
	{"tls_cert_file", set_identity, AT(tls_cert_file), KEYS_FILE, 0},
	{"tls_key_file", set_identity, AT(tls_key_file), KEYS_FILE, 0},
	{"tls_key_password_file", set_key_source, AT(tls_key_password_file), KEYS_FILE, 0},
	{"tls_key_passwordeval", set_key_source, AT(tls_key_passwordeval),
	 KEYS_REST | KEYS_BARE, 0},
	{"tls_min_version", set_min_version, AT(tls_min_version), 0, 0},
	{"tls_priorities", set_text, AT(tls_priorities), 0, 0},
	{"tls_session_cache", set_switch, AT(tls_session_cache), 0, ON_OFF},
	{"tls_host_override", set_name, AT(tls_host_override), 0, 0},
	{"tls_min_dh_prime_bits", set_ignored, 0, 0, 0,
	 "is obsolete and has no effect: tls_priorities says what is allowed, 2048 bits if "
	 "unset"},
	{"tls_nocertcheck", set_not, AT(tls_certcheck), 0, 0,
	 "is obsolete: write \"tls_certcheck off\""},
	{"tls_nostarttls", set_not, AT(tls_starttls), 0, 0,
	 "is obsolete: write \"tls_starttls off\""},

	{"from", set_from, AT(from), KEYS_NAMES | KEYS_PASSING, 0},
	{"from_full_name", set_full_name, AT(from_full_name), KEYS_PASSING, 0},
	{"sender_map", set_text, AT(sender_map), KEYS_FILE | KEYS_PASSING, 0},
	{"align_from", set_switch, AT(align_from), KEYS_PASSING, ON_OFF},
	{"allow_from_override", set_switch, AT(allow_from_override), KEYS_PASSING, ON_OFF},
	{"auto_from", set_switch, AT(auto_from), KEYS_PASSING, ON_OFF,
	 "is obsolete: write \"from %U@example.org\", with your own domain"},
	{"maildomain", set_name, AT(maildomain), KEYS_PASSING, 0,
	 "is obsolete: write \"from %U@example.org\", with your own domain"},
	{"set_from_header", set_switch, AT(set_from_header), KEYS_PASSING, ON_OFF_AUTO},
	{"add_missing_from_header", set_missing, AT(set_from_header), KEYS_PASSING, 0,
	 "is obsolete: write \"set_from_header auto\", or off"},
	{"set_date_header", set_switch, AT(set_date_header), KEYS_PASSING, AUTO_OFF},
	{"add_missing_date_header", set_missing, AT(set_date_header), KEYS_PASSING, 0,
	 "is obsolete: write \"set_date_header auto\", or off"},
	{"set_msgid_header", set_switch, AT(set_msgid_header), KEYS_PASSING, AUTO_OFF},
	{"remove_bcc_headers", set_bcc, 0, KEYS_PASSING, SETTING_OFF,
	 "is not followed: Bcc fields are removed, because every recipient could read them"},
	{"keepbcc", set_bcc, 0, KEYS_PASSING, SETTING_ON,
	 "is not followed: Bcc fields are removed, because every recipient could read them"},
	{"undisclosed_recipients", set_switch, AT(undisclosed_recipients), KEYS_PASSING,
	 ON_OFF},
	{"dsn_notify", set_wish, AT(dsn_notify), KEYS_PASSING, 0},
	{"dsn_return", set_wish, AT(dsn_return), KEYS_PASSING, 0},
	{"deliver_by", set_wish, AT(deliver_by), KEYS_PASSING, 0},
	{"require_tls", set_switch, AT(require_tls), KEYS_PASSING, ON_OFF},
	{"submitter", set_submitter, AT(submitter), KEYS_PASSING, 0},
	{"aliases", set_text, AT(aliases), KEYS_FILE | KEYS_PASSING, 0},
	{"aliases_include", set_switch, AT(aliases_include), KEYS_PASSING, ON_OFF},
	{"local_domains", set_domains, AT(local_domains), KEYS_NAMES | KEYS_PASSING, 0},
	{"rewrite_headers", set_switch, AT(rewrite_headers), KEYS_PASSING, ON_OFF},

	{"queue", set_switch, AT(queue), KEYS_PASSING, ON_OFF},
	{"queue_dir", set_queue_dir, AT(queue_dir), KEYS_FILE | KEYS_PASSING, 0},
	{"delivery", set_delivery, AT(delivery), KEYS_PASSING, 0},
	{"queue_lifetime", set_duration, AT(queue_lifetime), KEYS_PASSING, YEAR},
	{"delay_notice", set_duration, AT(delay_notice), KEYS_PASSING, YEAR},
	{"duplicates", set_duplicates, AT(duplicates), KEYS_PASSING, 0},
	{"connections", set_number, AT(connections), KEYS_PASSING, 20},
	{"rate", set_rate, 0, KEYS_PASSING, 0},
	{"report_limit", set_number, AT(report_limit), KEYS_PASSING, 10000},
	{"failure_command", set_command, AT(failure_command), 0, 0},
	{"runner", set_switch, AT(runner), KEYS_PASSING, ON_OFF},

	{"logfile", set_text, AT(logfile), KEYS_FILE | KEYS_PASSING, 0},
	{"log_format", set_log_format, AT(log_format), KEYS_PASSING, 0},
	{"logfile_time_format", set_time_format, AT(logfile_time_format), KEYS_PASSING, 0},
	{"syslog", set_syslog, AT(syslog), KEYS_PASSING, 0},
};

enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]), NEAR_MAX = 2 };

static const struct key *key_find(const char *name)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

/* How many letters must be put in, left out or changed to make b of a: Levenshtein's distance,
 * in one row of his table. Words beyond its width are far from everything. */
static size_t word_distance(const char *a, const char *b)
{
	size_t row[33];
	size_t width = strlen(b);

	if (width >= sizeof(row) / sizeof(row[0]) || strlen(a) > width + NEAR_MAX)
		return SIZE_MAX;
	for (size_t k = 0; k <= width; k++)
		row[k] = k;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0]++;

		for (size_t k = 1; k <= width; k++) {
			size_t best = diagonal + (a[i] != b[k - 1]);

			diagonal = row[k];
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			if (row[k] + 1 < best)
				best = row[k] + 1;
			row[k] = best;
		}
	}
	return row[width];
}

size_t keys_name_length(const char *word)
{
	size_t len = 0;

	while (chars_is(word[len], CHARS_ALNUM) || word[len] == '_' || word[len] == '-')
		len++;
	return len;
}

/* What was typed as the key is the only thing shown: the argument may be a secret, also where
 * it is glued to it, as in "password=secret". */
static int key_unknown(const char *name, struct error *error)
{
	size_t len = keys_name_length(name);
	const char *near = NULL;
	size_t least = NEAR_MAX + 1;

	if (len > 0 && name[len])
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"unknown key \"%.*s...\": a key and its value are separated by "
			"a blank alone",
			(int)len, name);
	for (size_t i = 0; i < KEY_COUNT; i++) {
		size_t distance = word_distance(name, keys[i].name);

		if (distance < least) {
			least = distance;
			near = keys[i].name;
		}
	}
	if (!near)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "unknown key \"%s\"",
				 TEXT_SHOW(span_of(name)));
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			 "unknown key \"%s\": did you mean \"%s\"?", TEXT_SHOW(span_of(name)),
			 near);
}

int keys_set_value(struct account *a, const char *key, const char *value, struct error *error)
{
	const struct key *k = key_find(key);

	if (!k)
		return key_unknown(key, error);
	for (const char *p = value; p && *p; p++)
		if (chars_is(*p, CHARS_CONTROL) && !(*p == '\t' && k->flags & KEYS_REST))
			return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
					 "%s: the value holds a control character", key);
	if (k->flags & KEYS_BARE && value && strncmp(value, "= ", 2) == 0)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s: the value begins with \"= \": a key and its value are "
				 "separated by a blank alone",
				 key);
	return k->set(a, k, value, error);
}

/* Of a word that asks for nothing unusual nothing is said. */
const char *keys_advice(const char *key, const char *value)
{
	const struct key *k = key_find(key);
	bool off = value && strcmp(value, "off") == 0;

	if (!k || (k->set == set_bcc && off != (k->accepts == SETTING_OFF)) ||
	    (k->set == set_ignored && (!value || !*value)) ||
	    (k->offset == AT(auto_from) && off))
		return NULL;
	return k->advice;
}

int keys_settle(struct account *a, struct error *error)
{
	struct key from = {.name = "auto_from"};
	struct buf address;
	int failed;

	if (a->auto_from != SETTING_ON)
		return 0;
	buf_init(&address, ADDRESS_NAME_MAX);
	buf_printf(&address, "%%U%s%s", a->maildomain ? "@" : "",
		   a->maildomain ? a->maildomain : "");
	a->here = account_word(a, offsetof(struct account, auto_from));
	failed = expand_names(&address, error) || set_from(a, &from, address.data, error);
	buf_clear(&address);
	return failed ? -1 : 0;
}

unsigned keys_flags(const char *key)
{
	const struct key *k = key_find(key);

	return k ? k->flags : 0;
}

const char *keys_name(size_t n)
{
	return n < KEY_COUNT ? keys[n].name : NULL;
}

/* What a setter leaves in the account. */
static enum keys_kind key_kind(const struct key *key)
{
	static const struct {
		key_setter *set;
		enum keys_kind kind;
	} kinds[] = {
		{set_switch, KEYS_KIND_SWITCH},
		{set_tls, KEYS_KIND_SWITCH},
		{set_number, KEYS_KIND_NUMBER},
		{set_timeout, KEYS_KIND_NUMBER},
		{set_duration, KEYS_KIND_DURATION},
		{set_relay, KEYS_KIND_RELAY},
		{set_host, KEYS_KIND_HOST},
		{set_protocol, KEYS_KIND_PROTOCOL},
		{set_flight, KEYS_KIND_FLIGHT},
		{set_auth, KEYS_KIND_AUTH},
		{set_password, KEYS_KIND_SECRET},
		{set_delivery, KEYS_KIND_DELIVERY},
		{set_duplicates, KEYS_KIND_DUPLICATES},
		{set_rate, KEYS_KIND_RATE},
		{set_syslog, KEYS_KIND_FACILITY},
		{set_socket, KEYS_KIND_SOCKET},
		{set_ignored, KEYS_KIND_NONE},
		{set_bcc, KEYS_KIND_NONE},
		{set_tls_trust, KEYS_KIND_TRUST},
		{set_min_version, KEYS_KIND_VERSION},
		{set_family, KEYS_KIND_FAMILY},
		{set_proxy, KEYS_KIND_PROXY},
		{set_proxy_host, KEYS_KIND_NONE},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].set == key->set)
			return kinds[i].kind;
	return account_is_list(key->offset) ? KEYS_KIND_LIST : KEYS_KIND_TEXT;
}

int keys_look(size_t n, struct keys_look *look)
{
	if (n >= KEY_COUNT)
		return 0;
	*look = (struct keys_look){
		.name = keys[n].name,
		.kind = keys[n].advice ? KEYS_KIND_NONE : key_kind(&keys[n]),
		.offset = keys[n].offset,
	};
	return 1;
}
