/* What every command starts from: see context.h. */
#include "cmd/context.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "cmd/interrupt.h"
#include "cmd/result.h"
#include "conf/expand.h"
#include "conf/keys.h"
#include "conf/word.h"

/* Where msmtp's configuration of the system is, whoever built it. */
#define CONTEXT_MSMTP_SYSTEM "/etc/msmtprc"

int context_init(struct context *x, int argc, char *argv[], struct error *error)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

	*x = (struct context){.name = "pennypost", .argc = argc, .argv = argv};
	buf_init(&x->netrc_path, 4096);
	buf_init(&x->outages_path, 4096);
	if (argc > 0 && argv[0][0])
		x->name = slash ? slash + 1 : argv[0];
	log_open(NULL, 0, "pennypost");
	return options_parse(&x->options, argc, argv, error);
}

void context_forget(struct context *x)
{
	config_clear(&x->config);
	for (size_t i = 0; i < sizeof(x->other) / sizeof(x->other[0]); i++)
		free(x->other[i].path);
	account_clear(&x->made);
	buf_clear(&x->netrc_path);
	buf_clear(&x->outages_path);
}

void context_clear(struct context *x)
{
	interrupt_end();
	progress_free(x->progress);
	course_clear(&x->reading);
	if (x->options.verbose && log_trouble())
		context_tell(x, "the log file cannot be written (a log never stops mail)");
	log_close();
	options_clear(&x->options);
	strv_clear(&x->said);
	context_forget(x);
}

/* An absolute path out of an environment variable, or NULL. */
static const char *context_path(const char *variable)
{
	const char *value = getenv(variable);

	return value && value[0] == '/' ? value : NULL;
}

/* Who may read a system's file that we may not. */
static void context_name_group(const char *path, struct error *error)
{
	struct stat st;
	const struct group *group = NULL;

	if (stat(path, &st) == 0 && st.st_mode & S_IRGRP)
		group = getgrgid(st.st_gid);
	if (!group)
		return;
	error_append(error, "; only its group may read it and send by it: ");
	error_append(error, group->gr_name);
}

/* Reads a file that need not be there. A system's that may not be read is a warning, because
 * the user's may have all that is wanted, and so is a HOME that is somebody else's; but the
 * user's own file was written to be read. Returns whether there is one, or -1. */
static int context_read(struct context *x, const char *path, enum config_trust trust,
			struct error *error)
{
	struct stat st;

	if (config_load(&x->config, path, trust, error) == 0)
		return 1;
	if (error->number == ENOENT || error->number == ENOTDIR)
		return 0;
	if (error->number == EACCES && trust == CONFIG_SYSTEM)
		context_name_group(path, error);
	if (error->number == EACCES && (trust == CONFIG_SYSTEM || lstat(path, &st)))
		return strv_add(&x->config.warnings, span_of(error->text)) ? -1 : 1;
	return -1;
}

/* The same of a file of the user's, below a directory of his; with other: one that another
 * process would not find by itself. */
static int context_read_below(struct context *x, const char *directory, const char *name,
			      struct context_file *other, struct error *error)
{
	struct buf path;
	int found = 0;

	if (!directory)
		return 0;
	buf_init(&path, 4096);
	buf_printf(&path, "%s/%s", directory, name);
	if (!buf_failed(&path) && path.len > 0)
		found = context_read(x, path.data, CONFIG_USER, error);
	if (found > 0 && other) {
		other->path = buf_take(&path);
		other->end = x->config.count;
	}
	buf_clear(&path);
	return found > 0 && other && !other->path ? error_set_memory(error) : found;
}

static int context_read_msmtp_system(struct context *x, struct error *error)
{
	int found = context_read(x, CONTEXT_MSMTP_SYSTEM, CONFIG_SYSTEM, error);

	if (found <= 0)
		return found;
	x->other[1].path = strdup(CONTEXT_MSMTP_SYSTEM);
	x->other[1].end = x->config.count;
	return x->other[1].path ? found : error_set_memory(error);
}

/* The user's file, then the system's. Called msmtp: msmtp's own in place of one that is not
 * there, but nothing of the system's msmtp for who has come to us already. */
static int context_read_files(struct context *x, struct error *error)
{
	const char *xdg = context_path("XDG_CONFIG_HOME");
	const char *home = context_path("HOME");
	bool msmtp = x->options.msmtp;
	int user, found;

	user = xdg ? context_read_below(x, xdg, "pennypost/config", NULL, error)
		   : context_read_below(x, home, ".config/pennypost/config", NULL, error);
	found = user;
	if (msmtp && !found)
		found = context_read_below(x, home, ".msmtprc", &x->other[0], error);
	if (msmtp && !found)
		found = xdg ? context_read_below(x, xdg, "msmtp/config", &x->other[0], error)
			    : context_read_below(x, home, ".config/msmtp/config", &x->other[0],
						 error);
	if (found >= 0)
		found = context_read(x, PENNYPOST_SYSTEM_CONFIG, CONFIG_SYSTEM, error);
	if (msmtp && !user && !found)
		found = context_read_msmtp_system(x, error);
	return found < 0 ? -1 : 0;
}

/* The file of -C. Where it is the system's, its passwords are meant to be read by others. */
static int context_read_named(struct context *x, struct error *error)
{
	const char *path = x->options.config_file;
	bool system = strcmp(path, CONTEXT_MSMTP_SYSTEM) == 0;

	if (config_load(&x->config, path, system ? CONFIG_SYSTEM : CONFIG_USER, error))
		return -1;
	x->other[0].path = strdup(path);
	x->other[0].end = x->config.count;
	if (!x->other[0].path)
		return error_set_memory(error);
	return x->options.msmtp && context_read_msmtp_system(x, error) < 0 ? -1 : 0;
}

/* What msmtp does without any account called default. Nobody could send it later: the next
 * process may have another environment. */
static int context_read_environment(struct context *x, struct error *error)
{
	const char *server = getenv("SMTPSERVER");
	const char *sender = getenv("EMAIL");
	struct buf text;
	int failed = 0;

	if (!x->options.msmtp || x->options.account || !server || !server[0] ||
	    config_find(&x->config, "default"))
		return 0;
	buf_init(&text, 4096);
	buf_add_string(&text, "account default\nqueue off\nhost ");
	if (!word_write(&text, "host", span_of(server)))
		buf_add_char(&text, '?');
	buf_add_string(&text, "\nfrom ");
	if (sender && !strchr(sender, '%'))
		word_write(&text, "from", span_of(sender));
	failed = buf_failed(&text)
			 ? error_set_memory(error)
			 : config_parse(&x->config, "SMTPSERVER and EMAIL in the environment",
					buf_span(&text), error);
	buf_clear(&text);
	return failed;
}

/* Whether the command line has one of the words; NULL ends them. */
static bool context_says(const struct options *o, const char *const *keys)
{
	for (size_t i = 0; i < o->setting_count; i++)
		for (const char *const *key = keys; *key; key++)
			if (strcmp(o->settings[i].key, *key) == 0)
				return true;
	return false;
}

/* Whether the command line says where the relay is. */
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

/* Whether it names another proxy, for which the password of the account's is not meant. */
static bool context_moves_proxy(const struct options *o)
{
	static const char *const keys[] = {"proxy", "proxy_host", "proxy_port", NULL};

	return context_says(o, keys);
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

const struct account *context_account(struct context *x, struct error *error)
{
	const struct account *a = x->account ? x->account : config_default(&x->config);

	if (a)
		return account_check_relay(a, error) ? NULL : a;
	error_set(error, ERROR_LOCAL, STAGE_CONFIG,
		  "no relay is configured: name one with --relay, in "
		  "~/.config/pennypost/config or in %s",
		  PENNYPOST_SYSTEM_CONFIG);
	return NULL;
}

/* -v: one line of the conversation on standard error, in one write. */
static void context_show_line(void *context, char direction, struct span line)
{
	struct buf shown;

	progress_hide(context);
	buf_init(&shown, 256 * 1024);
	buf_add_char(&shown, direction);
	buf_add_char(&shown, ' ');
	text_escape(&shown, line);
	buf_add_char(&shown, '\n');
	fputs(shown.data, stderr);
	buf_clear(&shown);
}

struct relay_options context_relay(const struct context *x, const struct account *a)
{
	return (struct relay_options){
		.account = a,
		.secrets = &x->secrets,
		.queue = context_spool(x, a),
		.cache_home = context_path("XDG_CACHE_HOME"),
		.memory = x->outages_path.len > 0 && !buf_failed(&x->outages_path)
				  ? x->outages_path.data
				  : NULL,
		.listener = x->options.verbose ? context_show_line : NULL,
		.listener_context = x->progress,
		.watch = x->is_watched ? &x->watch : NULL,
	};
}

const char *context_config_file(const struct context *x, const struct account *a)
{
	const struct account *found = a->name ? config_find(&x->config, a->name) : NULL;
	size_t n = found ? (size_t)(found - x->config.accounts) : SIZE_MAX;

	for (size_t i = 0; i < sizeof(x->other) / sizeof(x->other[0]); i++)
		if (x->other[i].path && n < x->other[i].end)
			return x->other[i].path;
	return NULL;
}

void context_watch(struct context *x)
{
	bool wants_result = options_want_result(&x->options);
	bool terminal = x->secrets.may_prompt && !x->options.dry_run;

	if (wants_result)
		x->started = course_clock();
	if (terminal)
		interrupt_begin(x->name);
	if (terminal && !options_are_brief(&x->options) && !x->options.quiet)
		x->progress = progress_new();
	x->watch = (struct course_watch){
		.look = x->progress ? progress_look : NULL,
		.context = x->progress,
		.wants_tls = wants_result,
	};
	x->is_watched = wants_result || terminal;
}

struct course *context_reads(struct context *x, int fd)
{
	if (!x->progress || isatty(fd))
		return NULL;
	course_init(&x->reading, &x->watch);
	course_begin(&x->reading);
	course_enter(&x->reading, COURSE_READ);
	return &x->reading;
}

void context_has_read(struct context *x)
{
	if (x->progress)
		course_rest(&x->reading);
}

int64_t context_took(const struct context *x)
{
	return x->started ? course_clock() - x->started : 0;
}

struct spool_place context_spool(const struct context *x, const struct account *a)
{
	if (!a)
		a = x->account ? x->account : config_default(&x->config);
	return (struct spool_place){
		.configured = a ? a->queue_dir : NULL,
		.state_home = context_path("XDG_STATE_HOME"),
		.home = context_path("HOME"),
		.system_dir = SPOOL_SYSTEM_DIR,
		.uid = getuid(),
	};
}

const char *context_passing_word(const struct context *x)
{
	const struct options *o = &x->options;

	for (size_t i = 0; i < o->setting_count; i++)
		if (!(keys_flags(o->settings[i].key) & KEYS_PASSING))
			return o->settings[i].key;
	return NULL;
}

void context_open_log(const struct context *x, const struct account *a)
{
	const char *tag = x->options.log_tag;

	log_open(a->logfile, a->syslog, tag ? tag : "pennypost");
	log_time_format(a->logfile_time_format);
	log_as_json(string_equals(a->log_format, "json"));
	if (x->progress && string_equals(a->logfile, "-"))
		progress_stop(x->progress); /* the log stands there */
	for (size_t i = 0; i < x->options.notes.count; i++)
		log_line(LOG_LEVEL_NOTICE, "%s", x->options.notes.items[i]);
}

void context_tell(const struct context *x, const char *text)
{
	const struct options *o = &x->options;
	char name[64];

	if (o->quiet && o->mode == MODE_SUBMIT && !o->verbose)
		return;
	progress_hide(x->progress);
	text_show(name, sizeof(name), span_of(x->name));
	fprintf(stderr, "%s: %s\n", name, text);
}

void context_complain(const struct context *x, const char *text)
{
	context_tell(x, text);
	log_line(LOG_LEVEL_ERROR, "%s", text);
}

void context_warn(const struct context *x, const char *text)
{
	if (!options_are_brief(&x->options))
		context_tell(x, text);
	log_line(LOG_LEVEL_NOTICE, "%s", text);
}

bool context_is_new(struct context *x, const char *text)
{
	for (size_t i = 0; i < x->said.count; i++)
		if (strcmp(x->said.items[i], text) == 0)
			return false;
	strv_add(&x->said, span_of(text));
	return true;
}

int context_fail(const struct context *x, const struct error *error)
{
	const struct result r = {.trouble = error, .code = error_exit_code(error)};
	struct error trouble;

	context_complain(x, error->text);
	if (options_want_result(&x->options) && result_print(&r, &trouble))
		context_complain(x, trouble.text);
	return r.code;
}
