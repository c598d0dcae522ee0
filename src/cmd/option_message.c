/*
 * Options of the message: whom it is from and goes to, what it is composed of, and what becomes
 * of it on its way.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/chars.h"
#include "base/text.h"
#include "cmd/option_row.h"
#include "cmd/option_sendmail.h"
#include "mail/address.h"
#include "mail/date.h"
#include "mail/wishes.h"

static int set_to(struct options *o, const struct options_row *row, const char *value,
		  struct error *error)
{
	(void)row;
	return strv_add(&o->to, span_of(value)) < 0 ? error_set_memory(error) : 0;
}

/* A name becomes part of a header field, so a line end in it could become a field of its own.
 */
static int set_name(struct options *o, const struct options_row *row, const char *value,
		    struct error *error)
{
	for (const char *c = value; *c; c++)
		if (chars_is(*c, CHARS_CONTROL))
			return error_set(
				error, ERROR_LOCAL, STAGE_USAGE,
				"the name \"%s\" of option -%c holds a control character",
				TEXT_SHOW(span_of(value)), row->letter);
	if (strlen(value) > ADDRESS_NAME_MAX)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "the name of option -%c is longer than %d bytes", row->letter,
				 ADDRESS_NAME_MAX);
	return options_set_string(o, row, value, error);
}

static int set_dot(struct options *o, const struct options_row *row, const char *value,
		   struct error *error)
{
	(void)row, (void)value, (void)error;
	o->dot = OPTIONS_DOT_STAYS;
	return 0;
}

/* A piece of a message. Fields and names of files are made of it, so it holds no line end, nor
 * what a terminal or a mail reader would obey; but text does. */
static int set_piece(struct options *o, const struct options_row *row, const char *value,
		     struct error *error)
{
	struct options_piece *grown;

	for (const char *c = value; c && *c && strcmp(row->name, "body") != 0; c++)
		if (chars_is(*c, CHARS_CONTROL) && *c != '\t')
			return error_set(error, ERROR_LOCAL, STAGE_USAGE,
					 "the value \"%s\" of option --%s holds %s",
					 TEXT_SHOW(span_of(value)), row->name,
					 chars_is(*c, CHARS_NEWLINE) ? "a line end"
								     : "a control character");
	grown = reallocarray(o->pieces, o->piece_count + 1, sizeof(*grown));
	if (!grown)
		return error_set_memory(error);
	o->pieces = grown;
	grown[o->piece_count] = (struct options_piece){.name = row->name};
	if (value && !(grown[o->piece_count].value = strdup(value)))
		return error_set_memory(error);
	o->piece_count++;
	return 0;
}

/* Words of mail/wishes.h, read here so that a wrong one is told as the option's; but sendmail's
 * callers get their mail sent all the same. */
static int set_wish(struct options *o, const struct options_row *row, const char *value,
		    struct error *error)
{
	struct error wrong;
	struct wishes read = {0};
	int failed = row->letter == 'N'   ? wishes_set_notify(&read, value, &wrong)
		     : row->letter == 'R' ? wishes_set_return(&read, value, &wrong)
					  : wishes_set_envelope_id(&read, value, &wrong);

	if (failed && o->sendmail)
		return options_note(o, error, "option -%c is ignored: %s", row->letter,
				    wrong.text);
	if (failed) {
		*error = wrong;
		return error_prefix(error, "option -%c", row->letter);
	}
	return row->letter == 'V' ? options_set_string(o, row, value, error)
				  : options_set_setting(o, row, value, error);
}

static int set_hold_for(struct options *o, const struct options_row *row, const char *value,
			struct error *error)
{
	struct wishes read = {0};

	if (wishes_set_hold_for(&read, value, error))
		return error_prefix(error, "option --%s", row->name);
	o->hold_for = read.hold_for;
	o->hold_until = 0;
	return 0;
}

static int set_hold_until(struct options *o, const struct options_row *row, const char *value,
			  struct error *error)
{
	struct wishes read = {0};

	if (wishes_set_hold_until(&read, value, error))
		return error_prefix(error, "option --%s", row->name);
	o->hold_until = read.hold_until;
	o->hold_for = 0;
	return 0;
}

static int set_at(struct options *o, const struct options_row *row, const char *value,
		  struct error *error)
{
	if (date_parse_future(span_of(value), time(NULL), &o->release) == 0)
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_USAGE,
			 "option --%s: \"%s\" is not a time to come, such as 18:30, \"tomorrow "
			 "08:00\", +2h or 2026-12-24T18:00:00+01:00",
			 row->name, TEXT_SHOW(span_of(value)));
}

/* clang-format off */
static const struct options_row rows[] = {
	{.help = "The message"},
	{'t', "read-recipients", NO, ALL, options_set_flag, AT(read_recipients), NULL,
	 "take recipients from To, Cc and Bcc as well"},
	{0, "to", ONE, OURS, set_to, 0, "ADDRESS", "a recipient"},
	{'f', "from", ONE, ALL, options_set_string, AT(sender), "ADDRESS", "the envelope's sender"},
	{'r', NULL, ONE, ALL, options_set_string, AT(sender), "ADDRESS", "the same as -f"},
	{0, "read-envelope-from", NO, OURS, options_set_flag, AT(read_envelope_from), NULL,
	 "take the envelope's sender from the message"},
	{'F', "from-full-name", ONE, ALL, set_name, AT(full_name), "NAME",
	 "the name in a From field that is added"},
	{'n', NULL, NO, ALL, options_set_flag, AT(no_aliases), NULL, "apply no aliases"},
	{'i', NULL, NO, ALL, set_dot, 0, NULL, "a line that is just a dot ends nothing"},
	{'o', NULL, ONE, ALL, options_set_old, 0, "OPTION", "an option of old: -oi is -i"},
	{'O', NULL, ONE, ALL, options_set_named, 0, "NAME=VALUE", "the same by name: IgnoreDots, DeliveryMode"},
	{'e', NULL, MAY, ALL, options_set_error_mode, 0, "MODE", "-eq: of errors only the exit status tells"},
	{'h', NULL, ONE, ALL, options_set_hops, 0, "HOPS", "how far it has come: over 50 is refused"},

	{.help = "A message that is composed (standard input is its text)"},
	{'s', "subject", ONE, OURS, set_piece, 0, "TEXT", "its subject"},
	{0, "cc", ONE, OURS, set_piece, 0, "ADDRESS", "a recipient who gets a copy"},
	{0, "bcc", ONE, OURS, set_piece, 0, "ADDRESS", "one of whom the others do not know"},
	{0, "reply-to", ONE, OURS, set_piece, 0, "ADDRESS", "where answers go"},
	{0, "in-reply-to", ONE, OURS, set_piece, 0, "ID", "the message that it answers"},
	{0, "header", ONE, OURS, set_piece, 0, "FIELD", "one more field, as in X-Job: 7"},
	{0, "body", ONE, OURS, set_piece, 0, "TEXT", "its text, instead of standard input"},
	{0, "edit", NO, OURS, set_piece, 0, NULL, "write the text in your editor"},
	{0, "charset", ONE, OURS, set_piece, 0, "NAME", "what the text is in"},
	{0, "html", ONE, OURS, set_piece, 0, "FILE", "the same as HTML"},
	{0, "inline", ONE, OURS, set_piece, 0, "FILE[;type=TYPE]", "a file that the HTML shows, as cid:NAME"},
	{0, "attach", ONE, OURS, set_piece, 0, "FILE[;type=TYPE]", "a file that goes with it"},
	{0, "name-attachment", ONE, OURS, set_piece, 0, "NAME", "what the file before is called"},
	{0, "save-sent", ONE, OURS, set_piece, 0, "maildir:PATH", "keep a copy there when it has gone"},
	{0, "skip-empty", NO, OURS, set_piece, 0, NULL, "send nothing where there is nothing to send"},

	{.help = "Delivery"},
	{'N', "dsn-notify", ONE, ALL, set_wish, 0, "CONDITIONS",
	 "report never, or on success,failure,delay"},
	{'R', "dsn-return", ONE, ALL, set_wish, 0, "full|hdrs", "what comes back with a report"},
	{'V', "envelope-id", ONE, ALL, set_wish, AT(envelope_id), "ID", "what reports call the message"},
	{0, "hold-for", ONE, OURS, set_hold_for, 0, "SECONDS", "let the relay hold it so long"},
	{0, "hold-until", ONE, OURS, set_hold_until, 0, "TIME", "let the relay hold it until then"},
	{0, "at", ONE, OURS, set_at, 0, "TIME", "queue it, and send it then"},
	{0, "hold", ONE, OURS, options_set_hold, 0, "TIME|ID|all",
	 "queue it, and send it after so long; or hold what is queued"},
};
/* clang-format on */

const struct options_table options_message = {rows, sizeof(rows) / sizeof(rows[0])};
