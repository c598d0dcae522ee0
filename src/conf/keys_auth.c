/* The keys of AUTHENTICATION: who logs in, how, and where the secret is. */
#include <string.h>
#include <strings.h>

#include "base/dump.h"
#include "conf/key.h"
#include "conf/secret.h"

static int set_auth(struct account *a, const struct key *key, const char *value,
		    struct error *error)
{
	if (!value || !*value)
		value = "on";
	if (strcasecmp(value, "ntlm") == 0 || strcasecmp(value, "digest-md5") == 0)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s: %s is broken and not supported: write \"auth on\"",
				 key->name, value);
	return key_put_choice(
		a, key, choice_find(choice_auth, value, true), value,
		"on, off, strong, plain, login, cram-md5, scram-sha-1, scram-sha-256, one of "
		"these two with -plus, xoauth2, oauthbearer, external or gssapi",
		error);
}

/* The keys that say where the secret is replace each other: the last one said is the only
 * one. */
static void sources_reset(struct account *a)
{
	static const size_t sources[] = {
		KEY_AT(password_file),
		KEY_AT(passwordeval),
		KEY_AT(password_credential),
		KEY_AT(password_keyring),
	};

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		key_put_text(a, sources[i], NULL, NULL);
	buf_wipe(&a->password);
	account_mark(a, KEY_AT(password));
}

/* An empty one unsets itself alone. */
static int set_source(struct account *a, const struct key *key, const char *value,
		      struct error *error)
{
	if (value && *value)
		sources_reset(a);
	return key_put_text(a, key->offset, value, error);
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
	account_mark(a, KEY_AT(password));
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

const struct key keys_auth[] = {
	{"auth", set_auth, KEYS_KIND_AUTH, KEY_AT(auth)},
	{"auth_identity", key_set_text, KEYS_KIND_TEXT, KEY_AT(auth_identity)},
	{"user", key_set_text, KEYS_KIND_TEXT, KEY_AT(user), KEYS_BARE},
	{"passwordeval", set_source, KEYS_KIND_TEXT, KEY_AT(passwordeval),
	 KEYS_REST | KEYS_BARE},
	{"password_file", set_source, KEYS_KIND_TEXT, KEY_AT(password_file), KEYS_FILE},
	{"password_credential", set_credential, KEYS_KIND_TEXT, KEY_AT(password_credential)},
	{"password_keyring", set_keyring, KEYS_KIND_TEXT, KEY_AT(password_keyring)},
	{"password", set_password, KEYS_KIND_SECRET, 0, KEYS_REST | KEYS_SECRET | KEYS_BARE},
	{"ntlmdomain", key_set_nothing, KEYS_KIND_NONE, 0, 0, 0,
	 "has no effect: NTLM is not supported", KEY_ASKS_IF_GIVEN},
	{.name = NULL},
};
