/* --show-config: see show_config.h. */
#include "cmd/show_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/show.h"
#include "conf/word.h"

enum { SHOW_CONFIG_MAX = 64 * 1024 * 1024 };

/* The account that is meant, NULL: all of them. Returns 0, or -1 with *error. */
static int show_config_choose(const struct context *x, const struct account **a,
			      struct error *error)
{
	const struct options *o = &x->options;
	struct address sender = {0};

	*a = x->account;
	if (!*a && o->sender) {
		if (address_parse(&sender, span_of(o->sender), error))
			return -1;
		*a = sender.text[0] ? config_match(&x->config, sender.text) : NULL;
		address_clear(&sender);
		if (!*a)
			*a = config_default(&x->config);
	}
	if (!*a && o->one)
		*a = config_default(&x->config);
	return 0;
}

/* The system's account of a name that the user's file has, too, is nobody's. */
static void show_config_all(const struct config *c, struct buf *out)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct account *a = &c->accounts[i];

		if (i > 0)
			buf_add_char(out, '\n');
		if (config_find(c, a->name) == a) {
			show_account(c, a, out);
			continue;
		}
		buf_printf(out,
			   "# an account of the name %s is above: that of %s is not used\n",
			   a->name, a->origin);
	}
}

/* What the environment has for accounts without a source of a password. */
static void show_config_environment(const struct context *x, struct buf *out)
{
	if (x->secrets.password_file)
		word_remark(out, "PENNYPOST_PASSWORD_FILE has the password of an account that "
				 "names none (environment)");
}

int cmd_show_config(struct context *x)
{
	const struct account *a = NULL;
	struct error error;
	struct buf text;
	int result = 0;

	if (show_config_choose(x, &a, &error))
		return context_fail(x, &error);
	if (!a && x->config.count == 0) {
		error_set(&error, ERROR_LOCAL, STAGE_CONFIG,
			  "nothing is configured: write ~/.config/pennypost/config or %s (see "
			  "pennypost.conf(5)), or try --import",
			  PENNYPOST_SYSTEM_CONFIG);
		return context_fail(x, &error);
	}
	buf_init(&text, SHOW_CONFIG_MAX);
	show_config_environment(x, &text);
	if (a)
		show_account(&x->config, a, &text);
	else
		show_config_all(&x->config, &text);
	if (buf_failed(&text))
		result = error_set_memory(&error);
	else if (fwrite(text.data, 1, text.len, stdout) != text.len || fflush(stdout) != 0)
		result = error_set_errno(&error, ERROR_LOCAL, STAGE_INPUT, errno,
					 "cannot write to standard output");
	else if (a)
		result = account_check_relay(a, &error);
	buf_clear(&text);
	return result ? context_fail(x, &error) : 0;
}
