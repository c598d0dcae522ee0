/* The keys of TLS: whether there is any, who is believed, and who we are. */
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/pin.h"
#include "conf/key.h"

/* `tls if-offered` is `tls auto` by a name that says what it does. */
static int set_tls(struct account *a, const struct key *key, const char *value,
		   struct error *error)
{
	if (value && strcmp(value, "if-offered") == 0)
		value = "auto";
	return key_set_switch(a, key, value, error);
}

/* msmtp's words of old that turned something off by being there. */
static int set_not(struct account *a, const struct key *key, const char *value,
		   struct error *error)
{
	if (value && *value && strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return key_refuse(key, value, "on or off", error);
	key_put_number(a, key->offset,
		       value && strcmp(value, "off") == 0 ? SETTING_ON : SETTING_OFF);
	return 0;
}

static int set_tls_trust(struct account *a, const struct key *key, const char *value,
			 struct error *error)
{
	return key_put_choice(a, key, choice_find(choice_trust, value, false), value,
			      "ca, first-use, dane or dane-only", error);
}

/* `system` is msmtp's word for the default. */
static int set_trust(struct account *a, const struct key *key, const char *value,
		     struct error *error)
{
	if (value && strcmp(value, "system") == 0)
		value = NULL;
	return key_put_text(a, key->offset, value, error);
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
		return key_put_text(a, key->offset, value, error);
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
	return key_put_text(a, key->offset, value, error);
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
		return key_put_text(a, key->offset, NULL, error);
	address = span_dup((struct span){value, at ? (size_t)(at - value) : strlen(value)});
	if (!address)
		return error_set_memory(error);
	if (at)
		strtonum(at + 1, 1, 65535, &wrong);
	if (wrong || !endpoint_is_address(address))
		result = key_refuse(key, value, "an IP address, or one with @PORT", error);
	else
		result = key_put_text(a, key->offset, value, error);
	free(address);
	return result;
}

/* The two that say where the key's password is replace each other. An empty one unsets itself
 * alone. */
static int set_key_source(struct account *a, const struct key *key, const char *value,
			  struct error *error)
{
	if (value && *value) {
		key_put_text(a, KEY_AT(tls_key_password_file), NULL, NULL);
		key_put_text(a, KEY_AT(tls_key_passwordeval), NULL, NULL);
	}
	return key_put_text(a, key->offset, value, error);
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
	return key_put_text(a, key->offset, value, error);
}

static int set_min_version(struct account *a, const struct key *key, const char *value,
			   struct error *error)
{
	return key_put_choice(a, key, choice_find(choice_version, value, false), value,
			      "1.2 or 1.3", error);
}

const struct key keys_tls[] = {
	{"tls", set_tls, KEYS_KIND_SWITCH, KEY_AT(tls), 0, KEY_ON_OFF_AUTO},
	{"tls_starttls", key_set_switch, KEYS_KIND_SWITCH, KEY_AT(tls_starttls), 0, KEY_ON_OFF},
	{"tls_certcheck", key_set_switch, KEYS_KIND_SWITCH, KEY_AT(tls_certcheck), 0,
	 KEY_ON_OFF},
	{"tls_trust", set_tls_trust, KEYS_KIND_TRUST, KEY_AT(tls_trust)},
	{"tls_trust_file", set_trust, KEYS_KIND_TEXT, KEY_AT(tls_trust_file), KEYS_FILE},
	{"tls_crl_file", key_set_text, KEYS_KIND_TEXT, KEY_AT(tls_crl_file), KEYS_FILE},
	{"tls_fingerprint", set_fingerprint, KEYS_KIND_TEXT, KEY_AT(tls_fingerprint)},
	{"tls_pin", set_pin, KEYS_KIND_TEXT, KEY_AT(tls_pin)},
	{"dane_resolver", set_resolver, KEYS_KIND_TEXT, KEY_AT(dane_resolver)},
	{"dane_trust_anchor", key_set_text, KEYS_KIND_TEXT, KEY_AT(dane_trust_anchor),
	 KEYS_FILE},
	{"tls_cert_file", set_identity, KEYS_KIND_TEXT, KEY_AT(tls_cert_file), KEYS_FILE},
	{"tls_key_file", set_identity, KEYS_KIND_TEXT, KEY_AT(tls_key_file), KEYS_FILE},
	{"tls_key_password_file", set_key_source, KEYS_KIND_TEXT, KEY_AT(tls_key_password_file),
	 KEYS_FILE},
	{"tls_key_passwordeval", set_key_source, KEYS_KIND_TEXT, KEY_AT(tls_key_passwordeval),
	 KEYS_REST | KEYS_BARE},
	{"tls_min_version", set_min_version, KEYS_KIND_VERSION, KEY_AT(tls_min_version)},
	{"tls_priorities", key_set_text, KEYS_KIND_TEXT, KEY_AT(tls_priorities)},
	{"tls_session_cache", key_set_switch, KEYS_KIND_SWITCH, KEY_AT(tls_session_cache), 0,
	 KEY_ON_OFF},
	{"tls_host_override", key_set_host_name, KEYS_KIND_TEXT, KEY_AT(tls_host_override)},
	{"tls_min_dh_prime_bits", key_set_nothing, KEYS_KIND_NONE, 0, 0, 0,
	 "is obsolete and has no effect: tls_priorities says what is allowed, 2048 bits if "
	 "unset",
	 KEY_ASKS_IF_GIVEN},
	{"tls_nocertcheck", set_not, KEYS_KIND_NONE, KEY_AT(tls_certcheck), 0, 0,
	 "is obsolete: write \"tls_certcheck off\""},
	{"tls_nostarttls", set_not, KEYS_KIND_NONE, KEY_AT(tls_starttls), 0, 0,
	 "is obsolete: write \"tls_starttls off\""},
	{.name = NULL},
};
