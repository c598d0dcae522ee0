/* What is written: see doctor_config.h. */
#include "cmd/doctor_config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/chars.h"
#include "base/dump.h"
#include "base/text.h"
#include "cmd/advice.h"
#include "cmd/context_load.h"
#include "cmd/remedy.h"
#include "conf/aliases.h"

enum {
	DOCTOR_TIMEOUT = 10, /* seconds to connect */
	DOCTOR_SCALE = 10,   /* percent of RFC 5321's timeouts: 30 seconds for most replies */
	DOCTOR_PATH_MAX = 4096
};

/* "FILE:LINE: ..." at the start of an error of the configuration. */
struct doctor_place {
	char file[DOCTOR_PATH_MAX];
	char line[12];
	const char *rest;
};

static bool doctor_find_place(const char *text, struct doctor_place *p)
{
	const char *colon = text[0] == '/' ? strchr(text, ':') : NULL;
	size_t digits;

	while (colon) {
		digits = strspn(colon + 1, "0123456789");
		if (digits > 0 && digits < sizeof(p->line) &&
		    strncmp(colon + 1 + digits, ": ", 2) == 0)
			break;
		colon = strchr(colon + 1, ':');
	}
	if (!colon || (size_t)(colon - text) >= sizeof(p->file))
		return false;
	snprintf(p->file, sizeof(p->file), "%.*s", (int)(colon - text), text);
	snprintf(p->line, sizeof(p->line), "%.*s", (int)digits, colon + 1);
	p->rest = colon + 1 + digits + 2;
	return true;
}

/* The word between the n-th pair of double quotes, if it could be a key; else false. */
static bool doctor_quoted(const char *text, int n, char *word, size_t size)
{
	size_t len = 0;

	for (int i = 0; text && i < 2 * n + 1; i++)
		text = (text = strchr(text, '"')) ? text + 1 : NULL;
	while (text && (chars_is(text[len], CHARS_ALNUM) || text[len] == '_'))
		len++;
	if (len == 0 || len >= size || text[len] != '"')
		return false;
	snprintf(word, size, "%.*s", (int)len, text);
	return true;
}

/* The word that an account's words contradict: "FILE:1: account a: tls off contradicts ...". */
static bool doctor_contradicting(const struct doctor_place *p, char *word, size_t size)
{
	const char *colon = strncmp(p->rest, "account ", 8) == 0 ? strstr(p->rest, ": ") : NULL;
	size_t len = colon ? strcspn(colon + 2, " ") : 0;

	if (len == 0 || len >= size || !strstr(colon, " contradicts "))
		return false;
	snprintf(word, size, "%.*s", (int)len, colon + 2);
	return true;
}

/* Whether the line begins an account: without it, what follows would belong to another. */
static bool doctor_begins_account(const struct doctor_place *p)
{
	FILE *file = fopen(p->file, "re");
	char *line = NULL;
	size_t size = 0, blanks = 0;
	const char *wrong = NULL;
	bool found = false;
	long long wanted = strtonum(p->line, 1, INT_MAX, &wrong), n = 0;

	while (file && n < wanted && getline(&line, &size, file) >= 0)
		n++;
	if (line && n == wanted) {
		blanks = strspn(line, " \t");
		found = strncmp(line + blanks, "account", 7) == 0 ||
			strncmp(line + blanks, "defaults", 8) == 0;
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

/* A wrong line is corrected, or taken out; never one that begins an account. */
static struct remedy doctor_line_of_remedy(const char *text, struct buf *file)
{
	struct remedy none = {.kind = REMEDY_NONE};
	struct doctor_place p;
	char wrong[64], right[64];

	if (!doctor_find_place(text, &p))
		return none;
	remedy_quote(file, p.file);
	if (doctor_contradicting(&p, wrong, sizeof(wrong)))
		return remedy_command("sed -i '%s,/^[[:blank:]]*account[[:blank:]]/"
				      "{/^[[:blank:]]*%s[[:blank:]]/d;}' %s",
				      p.line, wrong, file->data);
	if (strncmp(p.rest, "account ", 8) == 0)
		return none;
	if (strstr(p.rest, "did you mean") && doctor_quoted(p.rest, 0, wrong, sizeof(wrong)) &&
	    doctor_quoted(p.rest, 1, right, sizeof(right)))
		return remedy_command("sed -i '%ss/%s/%s/' %s", p.line, wrong, right,
				      file->data);
	if (strstr(p.rest, " was defined at "))
		return remedy_do("give one of the two accounts another name");
	if (doctor_begins_account(&p))
		return remedy_do("correct line %s of the file, by pennypost.conf(5)", p.line);
	return remedy_command("sed -i '%ss/^/# /' %s", p.line, file->data);
}

/* A file that belongs to somebody else. */
static struct remedy doctor_owner_remedy(const char *text, struct buf *file)
{
	const char *owned = strstr(text, " is owned by user ");
	char path[DOCTOR_PATH_MAX];

	if (!owned || text[0] != '/' || (size_t)(owned - text) >= sizeof(path))
		return (struct remedy){.kind = REMEDY_NONE};
	snprintf(path, sizeof(path), "%.*s", (int)(owned - text), text);
	return remedy_command("chown %lu %s", (unsigned long)geteuid(),
			      remedy_quote(file, path));
}

/* What mends an error of reading a file. */
static struct remedy doctor_file_error_remedy(const struct error *error)
{
	struct remedy m;
	struct buf file;

	buf_init(&file, DOCTOR_PATH_MAX * 4);
	m = doctor_owner_remedy(error->text, &file);
	if (m.kind == REMEDY_NONE)
		m = doctor_line_of_remedy(error->text, &file);
	buf_clear(&file);
	return m;
}

/* Whether all that is wrong is that nobody is called so. */
static bool doctor_lacks_account(const struct context *x)
{
	return x->options.account && x->config.count > 0 &&
	       !config_find(&x->config, x->options.account);
}

static void doctor_warn_of_words(struct doctor *d)
{
	const struct strv *warnings = &d->x->config.warnings;
	struct remedy m;
	struct buf command;

	for (size_t i = 0; i < warnings->count; i++) {
		const char *blank = strchr(warnings->items[i], ' ');
		char path[DOCTOR_PATH_MAX];

		buf_init(&command, DOCTOR_PATH_MAX * 4);
		m = remedy_do("see pennypost.conf(5)");
		if (blank && strstr(blank, "chmod o-r it")) {
			snprintf(path, sizeof(path), "%.*s", (int)(blank - warnings->items[i]),
				 warnings->items[i]);
			m = remedy_command("chmod o-r %s", remedy_quote(&command, path));
		}
		doctor_warn(d, &m, "%s", warnings->items[i]);
		buf_clear(&command);
	}
}

/* A file that was read, and who can read it besides. */
static void doctor_show_file(struct doctor *d, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		doctor_ok(d, "%s", path);
	else
		doctor_ok(d, "%s, of user %lu, mode %o", path, (unsigned long)st.st_uid,
			  (unsigned)st.st_mode & 07777);
}

void doctor_configuration(struct doctor *d)
{
	struct context *x = d->x;
	struct remedy m;
	struct error error;

	if (context_load_quietly(x, &error) && !doctor_lacks_account(x)) {
		m = doctor_file_error_remedy(&error);
		doctor_fail_error(d, &error, &m);
		return;
	}
	doctor_warn_of_words(d);
	for (size_t i = 0; i < x->config.files.count; i++)
		doctor_show_file(d, x->config.files.items[i]);
	if (x->config.files.count > 0)
		return;
	if (x->account)
		doctor_ok(d, "none is read: the %s says it all", x->account->name);
	else
		doctor_ok(d, "no account is defined");
}

static const char *doctor_why(const struct context *x, const struct account *a)
{
	if (x->options.account)
		return "it was asked for";
	if (x->account)
		return "it says where the relay is";
	if (strcmp(a->name, "default") == 0)
		return "it is the default";
	return x->config.count == 1 ? "it is the only one"
				    : "it is the first, and none is default";
}

static void doctor_fail_account(struct doctor *d, const struct error *error)
{
	const struct context *x = d->x;
	struct remedy m = {.kind = REMEDY_NONE};
	struct buf name;

	buf_init(&name, REMEDY_MAX);
	if (doctor_lacks_account(x))
		m = remedy_command("pennypost --doctor %s",
				   remedy_quote(&name, x->config.accounts[0].name));
	else if (x->account)
		m = remedy_do("correct what the %s says, by pennypost.conf(5)",
			      x->account->name);
	else if (x->config.count == 0)
		m = remedy_do("write into ~/.config/pennypost/config: relay "
			      "submissions://USER@HOST, with what your provider names");
	else
		m = remedy_line("relay submissions://USER@HOST");
	doctor_fail_error(d, error, &m);
	buf_clear(&name);
}

/* The account as the doctor uses it: nobody is waited for long. */
static int doctor_take_account(struct doctor *d, const struct account *a, struct error *error)
{
	if (account_copy(&d->account, a))
		return error_set_memory(error);
	d->has_account = true;
	d->tls = account_tls_mode(a);
	if (d->account.timeout <= 0 || d->account.timeout > DOCTOR_TIMEOUT)
		d->account.timeout = DOCTOR_TIMEOUT;
	if (d->account.timeout_scale <= 0 || d->account.timeout_scale > DOCTOR_SCALE)
		d->account.timeout_scale = DOCTOR_SCALE;
	return 0;
}

void doctor_account(struct doctor *d)
{
	struct context *x = d->x;
	struct error error;
	const struct account *a;
	struct buf shown;
	char relay[300];

	if (doctor_lacks_account(x)) {
		error_set(&error, ERROR_LOCAL, STAGE_CONFIG, "no account is called \"%s\"",
			  TEXT_SHOW(span_of(x->options.account)));
		doctor_fail_account(d, &error);
		return;
	}
	a = context_account(x, &error);
	if (!a && x->config.count > 0)
		doctor_take_account(d, config_default(&x->config), &(struct error){0});
	if (!a || doctor_take_account(d, a, &error)) {
		doctor_fail_account(d, &error);
		return;
	}
	context_open_log(x, a);
	buf_init(&shown, DOCTOR_TEXT_MAX);
	account_show(a, &shown);
	doctor_ok(d, "%s (%s), by %s", shown.data, doctor_why(x, a),
		  relay_show(a, relay, sizeof(relay)));
	buf_clear(&shown);
}

/* A file that is not there stops no mail, but nobody meant it so. */
static void doctor_warn_of_aliases(struct doctor *d)
{
	struct remedy m;
	struct buf path;

	buf_init(&path, DOCTOR_PATH_MAX * 4);
	m = remedy_command("touch %s", remedy_quote(&path, d->account.aliases));
	doctor_warn(d, &m, "%s is not there, so local names have no other address",
		    d->account.aliases);
	buf_clear(&path);
}

void doctor_aliases(struct doctor *d)
{
	const struct account *a = &d->account;
	struct local local = {.patterns = &a->local_domains};
	const struct aliases_use use = {.local = &local,
					.include = a->aliases_include == SETTING_ON};
	struct aliases_report report = {0};
	struct remedy m;
	struct error error;
	bool failed;

	if (!a->aliases) {
		doctor_ok(d, "none are configured");
		return;
	}
	failed = aliases_check(a->aliases, &use, &report, &error) != 0;
	if (failed && error.number == ENOENT) {
		doctor_warn_of_aliases(d);
		goto out;
	}
	if (!failed && report.errors.count > 0) {
		error_set(&error, ERROR_LOCAL, STAGE_CONFIG, "%s", report.errors.items[0]);
		failed = true;
	}
	m = failed ? doctor_file_error_remedy(&error) : remedy_command("newaliases");
	if (failed)
		doctor_fail_error(d, &error, &m);
	for (size_t i = 0; i < report.warnings.count; i++)
		doctor_warn(d, &m, "%s", report.warnings.items[i]);
	if (!failed)
		doctor_ok(d, "%zu in %s", report.entries, a->aliases);
out:
	aliases_report_clear(&report);
	local_clear(&local);
}

/* Whether a file can be appended to, or made: 0, or an errno. */
static int doctor_try_append(const char *path)
{
	char directory[DOCTOR_PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? EISDIR : access(path, W_OK) ? errno : 0;
	if (errno != ENOENT)
		return errno;
	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) : 1,
		 slash ? path : ".");
	if (slash == path)
		snprintf(directory, sizeof(directory), "/");
	return access(directory, W_OK | X_OK) ? errno : 0;
}

void doctor_log(struct doctor *d)
{
	const struct account *a = &d->account;
	struct remedy m = remedy_line("syslog on");
	const char *slash = a->logfile ? strrchr(a->logfile, '/') : NULL;
	struct buf directory;
	char *parent;
	int number;

	if (!a->logfile || strcmp(a->logfile, "-") == 0) {
		doctor_ok(d, a->logfile        ? "standard error"
			     : a->syslog == -1 ? "none is wanted"
					       : "syslog");
		return;
	}
	number = doctor_try_append(a->logfile);
	if (number == 0) {
		doctor_ok(d, "%s", a->logfile);
		return;
	}
	parent = slash ? span_dup((struct span){a->logfile, (size_t)(slash - a->logfile)})
		       : NULL;
	buf_init(&directory, REMEDY_MAX);
	if (parent && number == ENOENT)
		m = remedy_command("mkdir -p %s", remedy_quote(&directory, parent));
	doctor_warn(d, &m, "%s cannot be written, so what was sent is not noted there: %s",
		    a->logfile, strerror(number));
	buf_clear(&directory);
	free(parent);
}

/* Where a secret comes from: the words of conf/secret.h, in its order. */
static const char *doctor_secret_source(const struct doctor *d)
{
	const struct account *a = &d->account;
	const struct secret_sources *s = &d->x->secrets;

	if (a->password.len > 0)
		return "password";
	if (a->passwordeval)
		return "passwordeval";
	if (a->password_file)
		return "password_file";
	if (a->password_credential)
		return "password_credential";
	if (a->password_keyring)
		return "password_keyring";
	if (s->password_file)
		return "PENNYPOST_PASSWORD_FILE";
	return "a credential of systemd, netrc or the desktop";
}

static struct remedy doctor_secret_remedy(const struct doctor *d, const struct error *error)
{
	struct remedy m = {.kind = REMEDY_NONE};
	struct buf word;

	buf_init(&word, DOCTOR_PATH_MAX * 4);
	if (advice_command(error, &word))
		m = remedy_command("%s", word.data);
	else if (d->account.password_file && strstr(error->text, " is owned by user "))
		m = remedy_command("chown %lu %s", (unsigned long)geteuid(),
				   remedy_quote(&word, d->account.password_file));
	else if (d->account.passwordeval)
		m = remedy_do("run the command of passwordeval by hand: it must write the "
			      "password, one line, and exit 0");
	else if (strcmp(doctor_secret_source(d), "a credential of systemd, netrc or the "
						 "desktop") == 0)
		m = remedy_line("password_file ~/.config/pennypost/password");
	else
		m = remedy_password(&d->account, &d->x->secrets);
	buf_clear(&word);
	return m;
}

/* What was pasted in with blanks is wrong far more often than right. */
static void doctor_warn_of_blanks(struct doctor *d, struct span secret)
{
	struct remedy m = remedy_password(&d->account, &d->x->secrets);
	struct buf word;

	buf_init(&word, DOCTOR_PATH_MAX * 4);
	if (d->account.password_file)
		m = remedy_command("sed -i 's/^[[:blank:]]*//; s/[[:blank:]]*$//' %s",
				   remedy_quote(&word, d->account.password_file));
	if (span_trim(secret).len != secret.len)
		doctor_warn(d, &m,
			    "the password begins or ends with a blank, as one does that "
			    "was pasted");
	buf_clear(&word);
}

void doctor_secret(struct doctor *d)
{
	struct account *a = &d->account;
	const char *source = doctor_secret_source(d);
	struct secret_sources quiet = d->x->secrets;
	struct remedy m;
	struct error error;
	struct buf secret;

	if (!account_wants_auth(a)) {
		doctor_ok(d, "none is needed: no login is configured");
		return;
	}
	if (!account_user(a) || a->auth == ACCOUNT_AUTH_EXTERNAL ||
	    a->auth == ACCOUNT_AUTH_GSSAPI) {
		doctor_ok(d, "none is needed");
		return;
	}
	dump_forbid();
	buf_init_secret(&secret, SECRET_MAX);
	if (secret_is_typed(a, &quiet)) {
		m = remedy_line("password_file ~/.config/pennypost/password");
		doctor_warn(d, &m, "a person must type it, so nothing can be sent later");
		source = "the terminal";
	}
	if (secret_get(a, &quiet, &secret, &error)) {
		m = doctor_secret_remedy(d, &error);
		doctor_fail_error(d, &error, &m);
	} else {
		doctor_warn_of_blanks(d, buf_span(&secret));
		doctor_ok(d, "there is one, from %s", source);
		buf_wipe(&a->password);
		buf_init_secret(&a->password, SECRET_MAX);
		buf_add_span(&a->password, buf_span(&secret));
	}
	buf_wipe(&secret);
}
