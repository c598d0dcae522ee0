/* The file: see configure_write.h. */
#include "cmd/configure_write.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/chars.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd/configure_password.h"
#include "cmd/interrupt.h"
#include "conf/section.h"

static const char heading[] = "# The words are explained in pennypost.conf(5); pennypost "
			      "--server-info shows the relay.\n";

/* The user's file, as context_load() looks for it. */
static int place_of_user(struct buf *path, struct error *error)
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (xdg && xdg[0] == '/')
		buf_printf(path, "%s/pennypost/config", xdg);
	else if (home && home[0] == '/')
		buf_printf(path, "%s/.config/pennypost/config", home);
	else
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "HOME is not set: say -C FILE, or --system");
	return 0;
}

static int place_find(struct setup *s, struct error *error)
{
	const struct options *o = &s->x->options;
	struct buf path;
	int failed = 0;

	s->trust = o->system ? CONFIG_SYSTEM : CONFIG_USER;
	buf_init(&path, PATH_MAX);
	if (o->system && o->config_file)
		failed = error_set(error, ERROR_LOCAL, STAGE_USAGE,
				   "--system and -C do not go together");
	else if (o->system && geteuid() != 0 && !o->dry_run)
		failed = error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				   "%s is root's: call it as root, or without --system",
				   PENNYPOST_SYSTEM_CONFIG);
	else if (o->system)
		buf_add_string(&path, PENNYPOST_SYSTEM_CONFIG);
	else if (o->config_file)
		buf_add_string(&path, o->config_file);
	else
		failed = place_of_user(&path, error);
	s->path = buf_take(&path);
	buf_clear(&path);
	if (!failed && !s->path)
		failed = error_set(error, ERROR_LOCAL, STAGE_USAGE,
				   "the name of the configuration is too long");
	return failed;
}

/* What is there. A broken file is none to add to. */
static int place_read(struct setup *s, struct error *error)
{
	if (config_load(&s->there, s->path, s->trust, error) == 0)
		s->exists = true;
	else if (error->number != ENOENT && error->number != ENOTDIR)
		return -1;
	return 0;
}

/* Whether one of the accounts is for the very address: patterns do not count. */
static int place_is_new(const struct setup *s, struct error *error)
{
	for (size_t i = 0; i < s->there.count; i++) {
		const struct account *a = &s->there.accounts[i];

		for (size_t k = 0; !s->x->options.account && k < a->from.count; k++)
			if (strcasecmp(a->from.items[k], s->address.text) == 0)
				return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
						 "%s: account %s is for %s already; -a NAME "
						 "adds another",
						 TEXT_SHOW(span_of(a->origin)),
						 TEXT_SHOW(span_of(a->name)),
						 TEXT_SHOW(span_of(s->address.text)));
	}
	return 0;
}

/* The name that was asked for; "default" for the first account of a file; else the first label
 * of the domain, or the address. */
static int place_name(struct setup *s, struct error *error)
{
	const char *domain = address_domain(&s->address);
	const char *wanted = s->x->options.account;

	if (wanted)
		s->name = strdup(wanted);
	else if (s->there.count == 0)
		s->name = strdup("default");
	else
		s->name = span_dup((struct span){domain, strcspn(domain, ".")});
	if (s->name && !wanted && config_find(&s->there, s->name)) {
		free(s->name);
		s->name = strdup(s->address.text);
	}
	if (!s->name)
		return error_set_memory(error);
	for (const char *c = s->name; *c; c++)
		if (chars_is(*c, CHARS_CONTROL) || strchr(" :,\"/\\#", *c))
			return error_set(error, ERROR_LOCAL, STAGE_USAGE,
					 "\"%s\" cannot be the name of an account: say -a NAME",
					 TEXT_SHOW(span_of(s->name)));
	if (config_find(&s->there, s->name))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s has an account %s already: say -a NAME",
				 TEXT_SHOW(span_of(s->path)), TEXT_SHOW(span_of(s->name)));
	return 0;
}

/* A file for the password: beside the configuration, by the name of the account, absolute, as
 * the configuration wants it, and one that is not there yet. */
static int place_password(struct setup *s, struct error *error)
{
	const char *slash = strrchr(s->path, '/');
	const char *base = slash ? slash + 1 : s->path;
	char *here = s->path[0] == '/' ? NULL : getcwd(NULL, 0);
	bool shared = s->trust == CONFIG_SYSTEM || s->x->options.config_file;
	struct buf path;
	int n = 1;

	buf_init(&path, PATH_MAX);
	do {
		buf_reset(&path);
		buf_printf(&path, "%s%s%.*s", here ? here : "", here ? "/" : "",
			   (int)(base - s->path), s->path);
		buf_printf(&path, "%s%s%s", shared ? base : "", shared ? "-" : "", s->name);
		if (n > 1)
			buf_printf(&path, "-%d", n);
		buf_add_string(&path, ".password");
	} while (!buf_failed(&path) && access(path.data, F_OK) == 0 && ++n < 100);
	free(here);
	s->password_path = buf_take(&path);
	buf_clear(&path);
	return s->password_path ? 0
				: error_set(error, ERROR_LOCAL, STAGE_USAGE,
					    "the name of the configuration is too long");
}

int configure_place(struct setup *s, struct error *error)
{
	return place_find(s, error) || place_read(s, error) || place_is_new(s, error) ||
			       place_name(s, error) || place_password(s, error)
		       ? -1
		       : 0;
}

static void write_show(const struct setup *s)
{
	struct span text = buf_span(&s->draft.text);

	prompt_say("%s %s:", s->exists ? "to be added to" : "to be written to", s->path);
	while (text.len > 0) {
		const char *end = memchr(text.data, '\n', text.len);
		size_t len = end ? (size_t)(end - text.data) : text.len;

		prompt_say("    %.*s", (int)len, text.data);
		text.data += len + 1;
		text.len -= end ? len + 1 : len;
	}
}

static int write_consent(const struct setup *s, struct error *error)
{
	char question[512];
	int answer;

	if (s->exists)
		snprintf(question, sizeof(question),
			 "%s has %zu account%s already. Shall %s be added to it?", s->path,
			 s->there.count, s->there.count == 1 ? "" : "s", s->name);
	else
		snprintf(question, sizeof(question), "Shall it be written?");
	answer = prompt_consent(&s->prompt, "--yes", !s->exists, question, error);
	if (answer == 0)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE, "nothing was written");
	return answer < 0 ? -1 : 0;
}

static int write_password(const struct setup *s, struct error *error)
{
	if (file_make_parents(s->password_path, s->trust == CONFIG_USER ? 0700 : 0755))
		return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
				       "cannot create the directory of %s",
				       TEXT_SHOW(span_of(s->password_path)));
	return configure_keep(s, error);
}

/* From here on it is all or nothing: signals wait. */
static int write_files(const struct setup *s, struct error *error)
{
	const struct section section = {
		.path = s->path,
		.trust = s->trust,
		.account = &s->draft.account,
		.heading = span_of(heading),
		.text = buf_span(&s->draft.text),
		.secret = s->draft.secret,
	};
	sigset_t held, before;
	int failed;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGQUIT);
	sigprocmask(SIG_BLOCK, &held, &before);
	failed = s->keep == SETUP_KEEP_FILE && write_password(s, error);
	if (!failed && section_add(&section, error)) {
		if (s->keep == SETUP_KEEP_FILE)
			unlink(s->password_path);
		failed = -1;
	}
	if (!failed)
		setup_is_written();
	sigprocmask(SIG_SETMASK, &before, NULL);
	return failed ? -1 : 0;
}

int configure_write(struct setup *s, struct error *error)
{
	write_show(s);
	if (write_consent(s, error))
		return -1;
	if (s->keep == SETUP_KEEP_DESKTOP || s->keep == SETUP_KEEP_KERNEL)
		interrupt_words("the configuration is not written, but the password may lie in "
				"the keyring");
	if (s->keep != SETUP_KEEP_FILE && configure_keep(s, error))
		return -1;
	return write_files(s, error);
}

int configure_print(const struct setup *s, struct error *error)
{
	const struct buf *text = &s->draft.text;

	if (!s->exists)
		printf("%s\n", heading);
	if (fwrite(text->data, 1, text->len, stdout) != text->len || fflush(stdout) != 0)
		return error_set_errno(error, ERROR_LOCAL, STAGE_INPUT, errno,
				       "cannot write to standard output");
	return 0;
}
