/* --help and --version: see help.h. */
#include "cmd/help.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "cmd/option_table.h"

enum { HELP_MAX = 64 * 1024, HELP_COLUMN = 36, HELP_WIDTH = 80 };

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

/* Goes on in the right column: of the present line, which began at start, or of a new one where
 * the label is too long for that. Returns where that line begins. */
static size_t help_indent(struct buf *text, size_t start)
{
	if (text->len - start >= HELP_COLUMN) {
		buf_add_char(text, '\n');
		start = text->len;
	}
	while (text->len - start < HELP_COLUMN && !buf_failed(text))
		buf_add_char(text, ' ');
	return start;
}

/* The words of the right column, in as many lines as they need. */
static void help_words(struct buf *text, size_t start, const char *words)
{
	while (*words && !buf_failed(text)) {
		size_t len = strcspn(words, " ");

		if (text->len - start > HELP_COLUMN &&
		    text->len - start + 1 + len > HELP_WIDTH) {
			buf_add_char(text, '\n');
			start = help_indent(text, text->len);
		} else if (text->len - start > HELP_COLUMN) {
			buf_add_char(text, ' ');
		}
		buf_add(text, words, len);
		words += len + (words[len] != '\0');
	}
	buf_add_char(text, '\n');
}

static void help_row(struct buf *text, const struct options_row *row)
{
	size_t start = text->len;

	buf_add_string(text, "  ");
	help_label(text, row);
	help_words(text, help_indent(text, start), row->help);
}

/* What sendmail has and we only accept, and what we refuse, in one paragraph. */
static void help_rest(struct buf *text)
{
	const struct options_row *row;
	size_t start;

	buf_add_string(text, "\nAccepted for sendmail's callers, without effect or refused:\n");
	start = text->len;
	buf_add_char(text, ' ');
	for (size_t n = 0; (row = options_row(n)) != NULL; n++) {
		size_t len = row->name ? strlen(row->name) + 3 : 0;

		if (row->help || !(row->who & OPTIONS_FOR_PENNYPOST))
			continue;
		if (text->len - start + 3 + len > HELP_WIDTH) {
			buf_add_string(text, "\n ");
			start = text->len - 1;
		}
		buf_printf(text, " -%c%s%s", row->letter, row->name ? " --" : "",
			   row->name ? row->name : "");
	}
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
