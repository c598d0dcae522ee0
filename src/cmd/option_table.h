/*
 * The table of options: one row an option, and what each of them sets. Letters and their arity
 * are those of Sendmail 8.17, with what Postfix, Exim and msmtp add. No value is looked into
 * here beyond what the choice of a mode needs.
 */
#ifndef CMD_OPTION_TABLE_H
#define CMD_OPTION_TABLE_H

#include <stddef.h>

#include "base/error.h"
#include "cmd/option.h"

/* Values of an option. */
enum options_value {
	OPTIONS_VALUE_NONE,
	OPTIONS_VALUE_REQUIRED, /* glued or in the next word; --name=value or --name value */
	OPTIONS_VALUE_OPTIONAL /* glued only; --name=value, or --name value when value is one of
				  the alternatives of value_name */
};

/* Names under which a letter means what its row says. The long name of a letter is never
 * sendmail's. */
enum { OPTIONS_FOR_SENDMAIL = 1, OPTIONS_FOR_PENNYPOST = 2, OPTIONS_FOR_ALL = 3 };

struct options_row {
	char letter;      /* '\0': none */
	const char *name; /* behind "--"; NULL: none */
	enum options_value value;
	unsigned who;
	int (*set)(struct options *o, const struct options_row *row, const char *value,
		   struct error *error);
	size_t where;           /* offset of the member that set fills, if it is that kind */
	const char *value_name; /* for a person: "ADDRESS" */
	const char *help; /* NULL: accepted, without effect. A row without letter and name is
			     the heading of those that follow */
};

/* The n-th row of the table, NULL behind the last: for help and tests. */
const struct options_row *options_row(size_t n);

/* For the parser, and for what it finds outside the table. */

/* Notes a sentence for the log. Returns 0, or -1 with *error without memory. */
int options_note(struct options *o, struct error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* One more word of the configuration, as behind "--": dashes for underscores. value may be
 * NULL. Returns 0, or -1 with *error without memory. */
int options_add_setting(struct options *o, const char *key, const char *value,
			struct error *error);
/* One more message of the queue to be shown or steered: an ID, or "all" where that is allowed.
 * Returns 0, or -1 with *error. */
int options_add_id(struct options *o, const char *word, struct error *error);

#endif
