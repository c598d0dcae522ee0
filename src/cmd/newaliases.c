/* Aliases checked: see newaliases.h. */
#include "cmd/newaliases.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "conf/aliases.h"

static const char usual[] = "/etc/aliases";

static void newaliases_tell(const struct context *x, const struct aliases_report *r)
{
	for (size_t i = 0; i < r->warnings.count; i++)
		context_tell(x, r->warnings.items[i]);
	for (size_t i = 0; i < r->errors.count; i++)
		context_tell(x, r->errors.items[i]);
}

/* One file. note: what else there is to say of it. */
static int newaliases_check(const struct context *x, const char *path,
			    const struct aliases_use *use, const char *note)
{
	struct aliases_report report = {0};
	struct error error;
	int code = EX_OK;

	if (aliases_check(path, use, &report, &error)) {
		context_tell(x, error.text);
		code = error_exit_code(&error);
	}
	newaliases_tell(x, &report);
	if (report.errors.count > 0)
		code = EX_CONFIG;
	if (code == EX_OK)
		printf("%s: %zu alias%s, longest %zu bytes, %zu bytes total%s\n",
		       TEXT_SHOW(span_of(path)), report.entries,
		       report.entries == 1 ? "" : "es", report.longest, report.bytes, note);
	aliases_report_clear(&report);
	return code;
}

static bool newaliases_is_same(const struct account *a, const struct account *b)
{
	return string_equals(a->aliases, b->aliases) &&
	       a->aliases_include == b->aliases_include;
}

static int newaliases_account(const struct context *x, const struct account *a)
{
	struct local local = {.patterns = &a->local_domains};
	const struct aliases_use use = {.local = &local,
					.include = a->aliases_include == SETTING_ON};
	int code = newaliases_check(x, a->aliases, &use, "");

	local_clear(&local);
	return code;
}

/* A file that several accounts share is checked once. */
static int newaliases_accounts(const struct context *x, const struct account *accounts,
			       size_t count, size_t *checked)
{
	int code = EX_OK;

	for (size_t i = 0; i < count; i++) {
		size_t k = 0;
		int result;

		if (!accounts[i].aliases)
			continue;
		while (!newaliases_is_same(&accounts[k], &accounts[i]))
			k++;
		if (k < i)
			continue;
		result = newaliases_account(x, &accounts[i]);
		code = result == EX_OK ? code : result;
		++*checked;
	}
	return code;
}

/* Packages call newaliases wherever there is one. */
static int newaliases_usual(const struct context *x)
{
	struct local local = {0};
	const struct aliases_use use = {.local = &local};
	int code = EX_OK;

	if (access(usual, F_OK) == 0)
		code = newaliases_check(x, usual, &use, " (not in use: no account names it)");
	else
		printf("no account has aliases, and there is no %s\n", usual);
	local_clear(&local);
	return code;
}

int cmd_newaliases(struct context *x)
{
	const struct config *c = &x->config;
	size_t checked = 0;
	struct error error;
	int code = x->account ? newaliases_accounts(x, x->account, 1, &checked)
			      : newaliases_accounts(x, c->accounts, c->count, &checked);

	if (checked == 0)
		code = newaliases_usual(x);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		error_set_errno(&error, ERROR_LOCAL, STAGE_INPUT, errno,
				"cannot write to standard output");
		return context_fail(x, &error);
	}
	return code;
}
