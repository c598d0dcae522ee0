/* The files of the configuration: see context_files.h. */
#include "cmd/context_files.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/word.h"

/* Where msmtp's configuration of the system is, whoever built it. */
#define CONTEXT_MSMTP_SYSTEM "/etc/msmtprc"

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

int context_read_files(struct context *x, struct error *error)
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

int context_read_named(struct context *x, struct error *error)
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

int context_read_environment(struct context *x, struct error *error)
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
