/* Options within options: see option_sendmail.h. */
#include "cmd/option_sendmail.h"

#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/text.h"
#include "cmd/option_row.h"

enum { HOPS_MAX = 1000000 };

/* Sendmail's idea of a boolean: nothing, t(rue), y(es); we take 1 and "on" too. */
static bool is_true(const char *value)
{
	return value[0] == '\0' || strchr("tTyY1", value[0]) || strcmp(value, "on") == 0;
}

static void ignore_dots(struct options *o, const char *value)
{
	o->dot = is_true(value) ? OPTIONS_DOT_STAYS : OPTIONS_DOT_ENDS;
}

/* Sendmail's modes and LSB's "f" (in the foreground); "d" differs from "q" in what it looks up
 * before it queues, and we look up nothing. */
static int delivery_mode(struct options *o, const char *value, struct error *error)
{
	switch (value[0]) {
	case 'i':
	case 'f': return options_add_setting(o, "delivery", "interactive", error);
	case '\0':
	case 'b': return options_add_setting(o, "delivery", "background", error);
	case 'q':
	case 'd': return options_add_setting(o, "delivery", "queue", error);
	default:
		return options_note(o, error, "the unknown delivery mode %s is ignored",
				    TEXT_SHOW(span_of(value)));
	}
}

/*
 * Who is there is told by lines and the exit status (p), who is gone by mail (m); both are what
 * we always do. Writing to a terminal (w) is for local users, and an exit status of 0 whatever
 * happens (e) would be a lie. So only silence (q) is heard.
 */
static int error_mode(struct options *o, const char *value, struct error *error)
{
	if (!value[0] || !strchr("empqw", value[0]))
		return options_note(o, error, "the unknown error mode %s is ignored",
				    TEXT_SHOW(span_of(value)));
	o->quiet = value[0] == 'q';
	return 0;
}

int options_set_error_mode(struct options *o, const struct options_row *row, const char *value,
			   struct error *error)
{
	(void)row;
	return value ? error_mode(o, value, error) : 0;
}

int options_set_old(struct options *o, const struct options_row *row, const char *value,
		    struct error *error)
{
	static const char harmless[] = "78BcfGgmnorsTtwx"; /* no letter that names a file */

	switch (value[0]) {
	case 'd': return delivery_mode(o, value + 1, error);
	case 'e': return options_set_error_mode(o, row, value[1] ? value + 1 : NULL, error);
	case 'i': ignore_dots(o, value + 1); return 0;
	case 'v': o->verbose = is_true(value + 1); return 0;
	default: break;
	}
	if (value[0] && strchr(harmless, value[0]))
		return 0;
	return options_note(o, error, "option -o%s is ignored", TEXT_SHOW(span_of(value)));
}

int options_set_named(struct options *o, const struct options_row *row, const char *value,
		      struct error *error)
{
	const char *equals = strchr(value, '=');
	struct span name = {value, equals ? (size_t)(equals - value) : strlen(value)};

	(void)row;
	name = span_trim(name);
	value = equals ? equals + 1 : "";
	while (chars_is(*value, CHARS_BLANK))
		value++;
	if (span_equals_nocase(name, "DeliveryMode"))
		return delivery_mode(o, value, error);
	if (span_equals_nocase(name, "ErrorMode"))
		return error_mode(o, value, error);
	if (span_equals_nocase(name, "IgnoreDots"))
		ignore_dots(o, value);
	else if (span_equals_nocase(name, "Verbose"))
		o->verbose = is_true(value);
	else
		return options_note(o, error, "option -O %s is ignored", TEXT_SHOW(name));
	return 0;
}

int options_set_hops(struct options *o, const struct options_row *row, const char *value,
		     struct error *error)
{
	const char *wrong = NULL;
	long long hops = strtonum(value, 0, HOPS_MAX, &wrong);

	(void)row;
	if (wrong)
		return options_note(o, error, "option -h %s is ignored: that is %s",
				    TEXT_SHOW(span_of(value)), wrong);
	o->hops = (unsigned)hops;
	return 0;
}

/* Our own name stays in front, so that nobody passes for another program by ours. */
int options_set_log_tag(struct options *o, const struct options_row *row, const char *value,
			struct error *error)
{
	size_t len = strlen(value);
	char *copy;

	(void)row;
	for (size_t i = 0; i < len; i++)
		if (!chars_is(value[i], CHARS_ALNUM) && !strchr("-._", value[i]))
			len = 0;
	if (len == 0 || len > OPTIONS_LOG_TAG_MAX)
		return options_note(o, error,
				    "the tag %s is ignored: it is not 1 to %d letters, digits, "
				    "dots, dashes and underscores",
				    TEXT_SHOW(span_of(value)), OPTIONS_LOG_TAG_MAX);
	if (asprintf(&copy, "pennypost/%s", value) < 0)
		return error_set_memory(error);
	free(o->log_tag);
	o->log_tag = copy;
	return 0;
}

/* An option that names a file: nobody who calls sendmail through a web application may have it
 * opened. */
static int set_no_file(struct options *o, const struct options_row *row, const char *value,
		       struct error *error)
{
	return options_note(o, error, "option -%c %s is ignored: it names a file", row->letter,
			    TEXT_SHOW(span_of(value)));
}

static int set_quarantine(struct options *o, const struct options_row *row, const char *value,
			  struct error *error)
{
	(void)row, (void)value, (void)error;
	options_set_unavailable(o, "-Q (quarantine)",
				"pennypost --hold and --release are like it");
	return 0;
}

static int set_exim(struct options *o, const struct options_row *row, const char *value,
		    struct error *error)
{
	(void)row, (void)value, (void)error;
	options_set_unavailable(
		o, "-M (Exim's work on the queue)",
		"pennypost --show, --retry, --hold, --release and --remove are like it");
	return 0;
}

/* clang-format off */
static const struct options_row rows[] = {
	{'A', NULL, ONE, ALL, options_set_nothing, 0, "CHARACTER", NULL},
	{'B', NULL, ONE, ALL, options_set_nothing, 0, "TYPE", NULL},
	{'C', NULL, ONE, SENDMAIL, set_no_file, 0, "FILE", NULL},
	{'c', NULL, NO, SENDMAIL, options_set_nothing, 0, NULL, NULL},
	{'D', NULL, ONE, ALL, set_no_file, 0, "FILE", NULL},
	{'d', NULL, MAY, SENDMAIL, options_set_nothing, 0, "LEVEL", NULL},
	{'E', NULL, MAY, ALL, options_set_nothing, 0, "ID", NULL},
	{'G', NULL, NO, ALL, options_set_nothing, 0, NULL, NULL},
	{'J', NULL, MAY, ALL, options_set_nothing, 0, "ID", NULL},
	{'M', NULL, ONE, ALL, set_exim, 0, "ID", NULL},
	{'m', NULL, NO, ALL, options_set_nothing, 0, NULL, NULL},
	{'p', NULL, ONE, ALL, options_set_nothing, 0, "PROTOCOL", NULL},
	{'Q', NULL, MAY, ALL, set_quarantine, 0, "REASON", NULL},
	{'s', NULL, NO, SENDMAIL, options_set_nothing, 0, NULL, NULL},
	{'T', NULL, MAY, SENDMAIL, options_set_nothing, 0, "TIME", NULL},
	{'U', NULL, NO, ALL, options_set_nothing, 0, NULL, NULL},
	{'X', NULL, ONE, SENDMAIL, set_no_file, 0, "FILE", NULL},
	{'x', NULL, NO, ALL, options_set_nothing, 0, NULL, NULL},
};
/* clang-format on */

const struct options_table options_accepted = {rows, sizeof(rows) / sizeof(rows[0])};
