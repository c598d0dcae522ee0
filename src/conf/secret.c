/*
 * Where passwords come from: see secret.h. Every buffer that held one is wiped, and no error
 * ever shows what was read.
 */
#include "conf/secret.h"

#include <errno.h>
#include <limits.h>
#include <readpassphrase.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/chars.h"
#include "base/dump.h"
#include "base/file.h"
#include "base/keyring.h"
#include "base/process.h"
#include "base/text.h"
#include "conf/netrc.h"

enum {
	NETRC_MAX = 1024 * 1024,
	PROMPT_MAX = 256,
	/* With the line end that is removed. */
	SECRET_READ_MAX = SECRET_MAX + 2
};

const char *const secret_environment[] = {"PENNYPOST_PASSWORD", NULL};

static int secret_error(struct error *error, const char *source, const char *text)
{
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s: %s", source, text);
}

/* Moves what was read to out, less one line end, if it can be a password. */
static int secret_take(const struct buf *read, const char *source, struct buf *out,
		       struct error *error)
{
	bool evaluated = strstr(source, "eval") != NULL;
	struct span s = buf_span(read);

	if (s.len > 0 && s.data[s.len - 1] == '\n')
		s.len--;
	if (s.len > 0 && s.data[s.len - 1] == '\r')
		s.len--;
	if (s.len == 0)
		return secret_error(error, source, "the password is empty");
	if (memchr(s.data, '\0', s.len))
		return secret_error(error, source, "the password holds a NUL byte");
	if (memchr(s.data, '\n', s.len) || memchr(s.data, '\r', s.len))
		return secret_error(
			error, source,
			evaluated ? "there is more than one line: end the command "
				    "with \"| head -n 1\" if the first is the password"
				  : "there is more than one line: a password is a "
				    "single line");
	buf_add_span(out, s);
	if (buf_failed(out))
		return secret_error(error, source, "the password is too long");
	return 0;
}

static int secret_eval(const char *source, const char *command, struct buf *out,
		       struct error *error)
{
	struct buf read;
	int result = -1;

	buf_init_secret(&read, SECRET_READ_MAX);
	if (process_capture(command, secret_environment, SECRET_COMMAND_TIME, &read, error))
		error_prefix(error, "%s", source);
	else
		result = secret_take(&read, source, out, error);
	buf_wipe(&read);
	return result;
}

/* Whether the opened file could have been written, or if closed read, by somebody else. */
static int secret_file_check(const char *path, const struct stat *st, bool closed,
			     struct error *error)
{
	mode_t bad = closed ? S_IRWXG | S_IRWXO : S_IWGRP | S_IWOTH;

	if (st->st_uid != 0 && st->st_uid != geteuid())
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"%s holds a password and is owned by user %ld, not by you or root",
			TEXT_SHOW(span_of(path)), (long)st->st_uid);
	if (st->st_mode & bad)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s holds a password and is open to others: chmod %s %s",
				 TEXT_SHOW(span_of(path)), closed ? "600" : "go-w",
				 TEXT_SHOW(span_of(path)));
	return 0;
}

/* Opens, checks and reads. A missing file is ENOENT in error->number. */
static int secret_load(const char *path, bool closed, struct buf *read, struct error *error)
{
	struct stat st = {0};
	int fd = file_open(path, &st);
	int result;

	if (fd < 0)
		return file_open_error(path, error);
	result = secret_file_check(path, &st, closed, error);
	if (result == 0 && file_read_all(fd, read))
		result = error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
					 "cannot read %s", TEXT_SHOW(span_of(path)));
	close(fd);
	return result;
}

static int secret_file(const char *source, const char *path, bool closed, struct buf *out,
		       struct error *error)
{
	struct buf read;
	int result = -1;

	buf_init_secret(&read, SECRET_READ_MAX);
	if (secret_load(path, closed, &read, error))
		error_prefix(error, "%s", source);
	else
		result = secret_take(&read, source, out, error);
	buf_wipe(&read);
	return result;
}

/* 1 found, 0 no such file, -1 error. */
static int secret_credential(const char *directory, const char *name, struct buf *out,
			     struct error *error)
{
	struct error trouble = {0};
	struct buf path;
	int result;

	buf_init(&path, PATH_MAX);
	buf_printf(&path, "%s/%s", directory, name);
	if (buf_failed(&path))
		return secret_error(error, "password_credential", "the path is too long");
	result = secret_file("password_credential", path.data, false, out, &trouble);
	buf_clear(&path);
	if (result == 0)
		return 1;
	if (trouble.number == ENOENT)
		return 0;
	*error = trouble;
	return -1;
}

static int secret_named_credential(const struct account *a,
				   const struct secret_sources *sources, struct buf *out,
				   struct error *error)
{
	int result;

	if (!sources->credentials_directory)
		return secret_error(
			error, "password_credential",
			"CREDENTIALS_DIRECTORY is not set: systemd sets it for a unit "
			"with LoadCredential=");
	result = secret_credential(sources->credentials_directory, a->password_credential, out,
				   error);
	if (result == 0)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "password_credential: there is no %s in %s",
				 TEXT_SHOW(span_of(a->password_credential)),
				 TEXT_SHOW(span_of(sources->credentials_directory)));
	return result < 0 ? -1 : 0;
}

/* What a person calls the relay, and netrc. */
const char *secret_host(const struct account *a)
{
	if (a->relay.host)
		return a->relay.host;
	return a->relay.path ? a->relay.path : "";
}

/* 1 found, 0 not, -1 error. One that cannot be opened is none; who else can read it matters
 * only when it holds our password. */
static int secret_netrc(const struct account *a, const char *path, struct buf *out,
			struct error *error)
{
	struct error trouble = {0};
	struct stat st = {0};
	struct buf text;
	int result = -1;
	int fd = file_open(path, &st);

	if (fd < 0)
		return 0;
	buf_init_secret(&text, NETRC_MAX);
	if (file_read_all(fd, &text))
		error_set_errno(&trouble, ERROR_LOCAL, STAGE_CONFIG, errno, "cannot read it");
	else
		result = netrc_find(buf_span(&text), secret_host(a), account_user(a), out,
				    &trouble);
	if (result < 0) {
		*error = trouble;
		error_prefix(error, "%s", TEXT_SHOW(span_of(path)));
	}
	if (result == 1 && secret_file_check(path, &st, true, error)) {
		buf_wipe(out);
		result = -1;
	}
	close(fd);
	buf_wipe(&text);
	return result;
}

void secret_key_name(const struct account *a, struct buf *out)
{
	buf_printf(out, "pennypost:%s@%s", account_user(a) ? account_user(a) : "",
		   secret_host(a));
}

/* The key of the kernel that is called so. */
static int secret_kernel(const struct account *a, const char *name, struct buf *out,
			 struct error *error)
{
	struct buf description, read;
	int result;

	buf_init(&description, SECRET_NAME_MAX);
	buf_init_secret(&read, SECRET_READ_MAX);
	if (name)
		buf_add_string(&description, name);
	else
		secret_key_name(a, &description);
	if (buf_failed(&description))
		result = secret_error(error, "password_keyring", "the name is too long");
	else if ((result = keyring_read(description.data, &read, error)) < 0)
		error_prefix(error, "password_keyring: %s", TEXT_SHOW(buf_span(&description)));
	else if (result > 0)
		result = secret_take(&read, "password_keyring", out, error);
	else
		result = error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				   "password_keyring: the kernel's keyring has no key \"%s\": "
				   "keyctl padd user '%s' @u adds it",
				   TEXT_SHOW(buf_span(&description)),
				   TEXT_SHOW(buf_span(&description)));
	buf_clear(&description);
	buf_wipe(&read);
	return result;
}

/* The keyring of the desktop, by the attributes that msmtp uses, too. It may ask a person to
 * unlock it. */
static int secret_desktop(const struct account *a, struct buf *out, struct error *error)
{
	const char *user = account_user(a) ? account_user(a) : "";
	const char *const words[] = {"secret-tool",  "lookup", "service", "smtp", "host",
				     secret_host(a), "user",   user,      NULL};
	struct buf read;
	int result = -1;

	buf_init_secret(&read, SECRET_READ_MAX);
	if (process_capture_words(words, secret_environment, SECRET_COMMAND_TIME, &read, error))
		error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"password_keyring: secret-tool found no password for %s at %s: "
			"secret-tool store --label=pennypost service smtp host %s user %s adds "
			"it",
			TEXT_SHOW(span_of(user)), TEXT_SHOW(span_of(secret_host(a))),
			TEXT_SHOW(span_of(secret_host(a))), TEXT_SHOW(span_of(user)));
	else
		result = secret_take(&read, "password_keyring", out, error);
	buf_wipe(&read);
	return result;
}

static int secret_keyring(const struct account *a, struct buf *out, struct error *error)
{
	const char *name = strchr(a->password_keyring, ':');

	if (a->password_keyring[0] == 'd')
		return secret_desktop(a, out, error);
	return secret_kernel(a, name ? name + 1 : NULL, out, error);
}

static int secret_prompt(const struct account *a, struct buf *out, struct error *error)
{
	char prompt[PROMPT_MAX * 3];
	char answer[PROMPT_MAX] = "";
	char user[PROMPT_MAX];
	char host[PROMPT_MAX];
	struct buf read;
	int result;

	snprintf(prompt, sizeof(prompt), "password for %s at %s: ",
		 text_show(user, sizeof(user), span_of(account_user(a))),
		 text_show(host, sizeof(host), span_of(secret_host(a))));
	if (!readpassphrase(prompt, answer, sizeof(answer), RPP_REQUIRE_TTY))
		return secret_error(error, "password", "none was typed");
	buf_init_secret(&read, SECRET_READ_MAX);
	buf_add_string(&read, answer);
	explicit_bzero(answer, sizeof(answer));
	result = secret_take(&read, "password", out, error);
	buf_wipe(&read);
	return result;
}

static int secret_nowhere(const struct account *a, const struct secret_sources *sources,
			  struct error *error)
{
	return error_set(
		error, ERROR_LOCAL, STAGE_CONFIG,
		"no password for %s at %s: the account%s, PENNYPOST_PASSWORD_FILE is not set "
		"for it, %s has none, and there is no terminal to ask on",
		account_user(a) ? TEXT_SHOW(span_of(account_user(a))) : "(no user)",
		TEXT_SHOW(span_of(secret_host(a))),
		a->secret_withheld ? "'s own is withheld, because the command line changed "
				     "the relay, or whom to take for it (say --password-file "
				     "or --passwordeval with it)"
				   : " names none (password_file, passwordeval, "
				     "password_credential, password_keyring)",
		sources->netrc ? TEXT_SHOW(span_of(sources->netrc)) : "~/.netrc");
}

/* The sources around the account, when it names none itself. */
static int secret_around(const struct account *a, const struct secret_sources *sources,
			 struct buf *out, struct error *error)
{
	int found = 0;

	if (sources->password_file)
		return secret_file("PENNYPOST_PASSWORD_FILE", sources->password_file, false,
				   out, error);
	if (sources->credentials_directory)
		found = secret_credential(sources->credentials_directory, SECRET_CREDENTIAL,
					  out, error);
	if (found == 0 && sources->netrc)
		found = secret_netrc(a, sources->netrc, out, error);
	if (found != 0)
		return found < 0 ? -1 : 0;
	/* Nobody said that it is there: what is wrong with it is no error. */
	if (sources->desktop && secret_desktop(a, out, error) == 0)
		return 0;
	if (sources->may_prompt)
		return secret_prompt(a, out, error);
	return secret_nowhere(a, sources, error);
}

int secret_get(const struct account *a, const struct secret_sources *sources, struct buf *out,
	       struct error *error)
{
	if (a->password.len > 0)
		return secret_take(&a->password, "password", out, error);
	if (a->passwordeval)
		return secret_eval("passwordeval", a->passwordeval, out, error);
	if (a->password_file)
		return secret_file("password_file", a->password_file, true, out, error);
	if (a->password_credential)
		return secret_named_credential(a, sources, out, error);
	if (a->password_keyring)
		return secret_keyring(a, out, error);
	return secret_around(a, sources, out, error);
}

int secret_get_key(const struct account *a, struct buf *out, struct error *error)
{
	if (!a->tls_key_passwordeval && !a->tls_key_password_file)
		return 0;
	dump_forbid();
	if (a->tls_key_passwordeval)
		return secret_eval("tls_key_passwordeval", a->tls_key_passwordeval, out, error);
	return secret_file("tls_key_password_file", a->tls_key_password_file, true, out, error);
}

int secret_get_proxy(const struct account *a, struct buf *out, struct error *error)
{
	if (a->proxy_passwordeval)
		return secret_eval("proxy_passwordeval", a->proxy_passwordeval, out, error);
	if (a->proxy_password_file)
		return secret_file("proxy_password_file", a->proxy_password_file, true, out,
				   error);
	return secret_error(error, "proxy",
			    "its user has no password: add proxy_passwordeval or "
			    "proxy_password_file");
}

bool secret_is_typed(const struct account *a, const struct secret_sources *sources)
{
	struct secret_sources others = *sources;
	struct error error;
	struct buf found;
	bool typed;

	if (!sources->may_prompt || a->password.len > 0 || a->passwordeval ||
	    a->password_file || a->password_credential || a->password_keyring)
		return false;
	others.may_prompt = false;
	buf_init_secret(&found, SECRET_MAX);
	dump_forbid();
	typed = secret_around(a, &others, &found, &error) != 0;
	buf_wipe(&found);
	return typed;
}
