/* The configuration, read and chosen from: see context_load.h. */
#include "cmd/context_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/context_files.h"
#include "conf/expand.h"
#include "conf/keys.h"

void context_forget(struct context *x)
{
	config_clear(&x->config);
	for (size_t i = 0; i < sizeof(x->other) / sizeof(x->other[0]); i++)
		free(x->other[i].path);
	account_clear(&x->made);
	buf_clear(&x->netrc_path);
	buf_clear(&x->outages_path);
}

/* Whether the command line says one of these words; the last is NULL. */
static bool context_says(const struct options *o, const char *const keys[])
{
	for (size_t i = 0; i < o->setting_count; i++)
		for (size_t k = 0; keys[k]; k++)
			if (strcmp(o->settings[i].key, keys[k]) == 0)
				return true;
	return false;
}

/* Whether it says where the relay is. */
static bool context_moves_relay(const struct options *o)
{
	static const char *const keys[] = {"host", "relay", "socket", NULL};

	return context_says(o, keys);
}

static bool context_ends_tls(const struct options *o)
{
	for (size_t i = 0; i < o->setting_count; i++)
		if (strcmp(o->settings[i].key, "tls") == 0 &&
		    string_equals(o->settings[i].value, "off"))
			return true;
	return false;
}

/* Whether it leads to another port or through another proxy, and says besides who is to be
 * believed there: that would be another relay by the old name. */
static bool context_swaps_relay(const struct options *o)
{
	static const char *const ways[] = {"port", "proxy", "proxy_host", "proxy_port", NULL};
	static const char *const trust[] = {"tls_trust",         "tls_trust_file",
					    "tls_crl_file",      "tls_fingerprint",
					    "tls_pin",           "tls_priorities",
					    "tls_host_override", "dane_resolver",
					    "dane_trust_anchor", NULL};

	return context_says(o, ways) && (context_says(o, trust) || context_ends_tls(o));
}

/* Whether an account's secret is not meant for where the command line leads. */
static bool context_misleads(const struct options *o)
{
	return context_moves_relay(o) || context_swaps_relay(o);
}

/* Whether it names another proxy, for which the password of the account's is not meant. */
static bool context_moves_proxy(const struct options *o)
{
	static const char *const keys[] = {"proxy", "proxy_host", "proxy_port", NULL};

	return context_says(o, keys);
}

/* Sets a relay, in whose URL "~/" is the home directory. */
static int context_set_relay(const struct context *x, struct account *a, const char *value,
			     struct error *error)
{
	struct buf url;
	int failed;

	buf_init(&url, 8192);
	buf_add_string(&url, value);
	failed = buf_failed(&url) ? keys_set_value(a, "relay", value, error)
				  : expand_home_in_url(&url, x->config.home, error) ||
					    keys_set_value(a, "relay", url.data, error);
	buf_clear(&url);
	return failed ? -1 : 0;
}

static int context_set(const struct context *x, struct account *a,
		       const struct options_setting *s, struct error *error)
{
	if (keys_flags(s->key) & KEYS_URL && s->value)
		return context_set_relay(x, a, s->value, error);
	return keys_set_value(a, s->key, s->value, error);
}

/* Puts the words of the command line on top of an account. Whether they agree with its own is
 * asked of the account that is used. */
static int context_override(const struct context *x, struct account *a, struct error *error)
{
	const struct options *o = &x->options;

	if (context_misleads(o))
		account_forget_secret(a);
	if (context_moves_proxy(o))
		account_forget_proxy_secret(a);
	a->here = (struct account_word){.line = ACCOUNT_SAID_BY_OPTION};
	for (size_t i = 0; i < o->setting_count; i++)
		if (context_set(x, a, &o->settings[i], error)) {
			error->stage = STAGE_USAGE;
			return error_prefix(error, "command line");
		}
	return keys_settle(a, error);
}

/* An account that no file knows: made of the command line or of the environment. */
static int context_make(struct context *x, const char *name, const char *relay,
			struct error *error)
{
	x->made.name = span_dup(span_of(name));
	x->made.origin = span_dup(span_of(name));
	if (!x->made.name || !x->made.origin)
		return error_set_memory(error);
	x->account = &x->made;
	x->made.here = (struct account_word){.line = ACCOUNT_SAID_BY_RELAY};
	if (relay && context_set_relay(x, &x->made, relay, error))
		return error_prefix(error, "PENNYPOST_RELAY");
	return context_override(x, &x->made, error);
}

/* --catch: an account that keeps everything and asks nothing of anybody. What would lead
 * elsewhere is refused. */
static int context_make_catch(struct context *x, struct error *error)
{
	const struct options *o = &x->options;
	bool absolute = o->catch[0] == '/' || o->catch[0] == '~';
	char *here = absolute ? NULL : getcwd(NULL, 0);
	struct buf url;
	int failed;

	if (!absolute && !here)
		return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
				       "cannot tell where we are");
	buf_init(&url, 8192);
	buf_printf(&url, "maildir:%s%s%s", here ? here : "", here ? "/" : "", o->catch);
	free(here);
	if (context_moves_relay(o) || o->config_file || o->account || o->queue_every ||
	    o->release)
		failed = error_set(error, ERROR_LOCAL, STAGE_USAGE,
				   "--catch sends nothing and reads no configuration: it does "
				   "not go with a relay, -C, -a, -q or --at");
	else
		failed = context_make(x, "catch", NULL, error) ||
			 context_set_relay(x, &x->made, url.data, error);
	buf_clear(&url);
	if (failed)
		return -1;
	x->made.queue = SETTING_OFF;
	x->made.delivery = ACCOUNT_DELIVERY_INTERACTIVE;
	if (!x->made.logfile && !x->made.syslog)
		x->made.syslog = -1;
	return 0;
}

/* The environment's secrets are for the relay of the configuration or of the environment: when
 * the command line leads elsewhere, only what the command line says itself may follow. */
static void context_keep_secrets(struct context *x)
{
	static const char *const credential[] = {"password_credential", NULL};

	if (!context_misleads(&x->options))
		return;
	x->secrets.password_file = NULL;
	if (!context_says(&x->options, credential))
		x->secrets.credentials_directory = NULL;
}

static int context_choose(struct context *x, struct error *error)
{
	const char *wanted = x->options.account;
	const struct account *found = wanted ? config_find(&x->config, wanted) : NULL;

	if (wanted && !found)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "no account is called \"%s\"", TEXT_SHOW(span_of(wanted)));
	if (found) {
		if (account_copy(&x->made, found))
			return error_set_memory(error);
		x->account = &x->made;
		return context_override(x, &x->made, error);
	}
	for (size_t i = 0; i < x->config.count; i++)
		if (context_override(x, &x->config.accounts[i], error))
			return -1;
	return 0;
}

static void context_find_secrets(struct context *x)
{
	const char *home = context_path("HOME");

	x->secrets.password_file = context_path("PENNYPOST_PASSWORD_FILE");
	x->secrets.credentials_directory = context_path("CREDENTIALS_DIRECTORY");
	x->secrets.may_prompt = !x->options.sendmail && isatty(STDERR_FILENO);
	x->secrets.desktop = getenv("DBUS_SESSION_BUS_ADDRESS") != NULL;
	if (!home)
		return;
	buf_printf(&x->netrc_path, "%s/.netrc", home);
	x->secrets.netrc = buf_failed(&x->netrc_path) ? NULL : x->netrc_path.data;
}

/* Where it is remembered which relays are down, for accounts that have another. */
static void context_find_outages(struct context *x)
{
	bool simple = account_is_simple(&x->made);
	const char *state, *home;

	for (size_t i = 0; simple && i < x->config.count; i++)
		simple = account_is_simple(&x->config.accounts[i]);
	if (simple)
		return;
	state = context_path("XDG_STATE_HOME");
	home = context_path("HOME");
	if (state)
		buf_printf(&x->outages_path, "%s/pennypost/outages", state);
	else if (home)
		buf_printf(&x->outages_path, "%s/.local/state/pennypost/outages", home);
}

static int context_read_all(struct context *x, struct error *error)
{
	const char *relay = getenv("PENNYPOST_RELAY");
	const struct options *o = &x->options;

	context_find_secrets(x);
	x->config.home = context_path("HOME");
	if (o->catch)
		return context_make_catch(x, error);
	if (o->account || (relay && relay[0]) || !context_moves_relay(o))
		context_keep_secrets(x);
	if (!o->account && context_moves_relay(o))
		return context_make(x, "command line", NULL, error);
	if (o->config_file) {
		if (context_read_named(x, error))
			return -1;
	} else if (relay && relay[0] && !o->account) {
		return context_make(x, "environment", relay, error);
	} else if (context_read_files(x, error)) {
		return -1;
	}
	return context_read_environment(x, error) ? -1 : context_choose(x, error);
}

/* What is obsolete among the words of the command line, each once. */
static void context_advise(const struct context *x)
{
	const struct options *o = &x->options;

	for (size_t i = 0; i < o->setting_count; i++) {
		const char *key = o->settings[i].key;
		const char *advice = keys_advice(key, o->settings[i].value);
		char text[256];

		if (!advice)
			continue;
		snprintf(text, sizeof(text), "command line: %s %s", key, advice);
		context_complain(x, text);
	}
}

int context_load_quietly(struct context *x, struct error *error)
{
	return context_read_all(x, error);
}

int context_load(struct context *x, struct error *error)
{
	int failed = context_read_all(x, error);

	context_find_outages(x);
	context_advise(x);
	for (size_t i = 0; i < x->config.warnings.count; i++)
		if (!options_are_brief(&x->options))
			context_complain(x, x->config.warnings.items[i]);
	return failed;
}

int context_reload(struct context *x, struct error *error)
{
	struct context y = {.name = x->name, .options = x->options};

	buf_init(&y.netrc_path, 4096);
	buf_init(&y.outages_path, 4096);
	if (context_read_all(&y, error)) {
		context_forget(&y);
		return -1;
	}
	context_find_outages(&y);
	y.secrets.may_prompt = x->secrets.may_prompt;
	y.progress = x->progress;
	context_forget(x);
	*x = y;
	if (x->account)
		x->account = &x->made;
	return 0;
}
