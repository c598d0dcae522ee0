/* --help and --version: see help.h. */
#include "cmd/help.h"

#include <errno.h>

#include "base/buf.h"
#include "cmd/option_table.h"

enum { HELP_MAX = 64 * 1024, HELP_COLUMN = 38 };

static int help_write(FILE *out, struct buf *text, struct error *error)
{
	int result = 0;

	if (buf_failed(text))
		result = error_set_memory(error);
	else if (fwrite(text->data, 1, text->len, out) != text->len || fflush(out) != 0)
		result = error_set_errno(error, ERROR_LOCAL, STAGE_INPUT, errno,
					 "cannot write to standard output");
	buf_clear(text);
	return result;
}

/* "-f, --from ADDRESS", "--tls[=on|off|auto]", "-q[TIME]" */
static void help_label(struct buf *text, const struct options_row *row)
{
	if (row->letter)
		buf_printf(text, "-%c", row->letter);
	else
		buf_add_string(text, "   ");
	if (row->name)
		buf_printf(text, "%s --%s", row->letter ? "," : "", row->name);
	if (row->value == OPTIONS_VALUE_REQUIRED)
		buf_printf(text, " %s", row->value_name);
	if (row->value == OPTIONS_VALUE_OPTIONAL)
		buf_printf(text, "[%s%s]", row->name ? "=" : "", row->value_name);
}

static void help_row(struct buf *text, const struct options_row *row)
{
	size_t start = text->len;

	buf_add_string(text, "  ");
	help_label(text, row);
	do
		buf_add_char(text, ' ');
	while (text->len < start + HELP_COLUMN && !buf_failed(text));
	buf_printf(text, "%s\n", row->help);
}

/* What sendmail has and we only accept, and what we refuse, in one paragraph. */
static void help_rest(struct buf *text)
{
	const struct options_row *row;

	buf_add_string(text,
		       "\nAccepted for sendmail's callers, without effect or refused:\n ");
	for (size_t n = 0; (row = options_row(n)) != NULL; n++)
		if (!row->help && row->who & OPTIONS_FOR_PENNYPOST)
			buf_printf(text, " -%c%s%s", row->letter, row->name ? " --" : "",
				   row->name ? row->name : "");
	buf_add_string(text, "\nSee pennypost(1).\n");
}

int cmd_help(FILE *out, struct error *error)
{
	const struct options_row *row;
	struct buf text;

	buf_init(&text, HELP_MAX);
	buf_add_string(&text, "usage: pennypost [option ...] [--] [recipient ...]\n"
			      "Sends the message on standard input through a relay.\n");
	for (size_t n = 0; (row = options_row(n)) != NULL; n++)
		if (!row->letter && !row->name)
			buf_printf(&text, "\n%s\n", row->help);
		else if (row->help)
			help_row(&text, row);
	help_rest(&text);
	return help_write(out, &text, error);
}

int cmd_version(FILE *out, struct error *error)
{
	struct buf text;

	buf_init(&text, HELP_MAX);
	buf_add_string(&text, "pennypost " PENNYPOST_VERSION "\n");
	return help_write(out, &text, error);
}
