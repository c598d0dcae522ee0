/*
 * The rows of the table of option_table.h, which is cut by what the options are about:
 * option_message.c, option_mode.c, option_queue.c, option_words.c (of the configuration) and
 * option_sendmail.c, each with the setters that its rows alone have; here is what they share.
 * Who adds an option adds a row there and a paragraph to pennypost(1). Included by those files
 * alone, because it has short words for the columns.
 */
#ifndef CMD_OPTION_ROW_H
#define CMD_OPTION_ROW_H

#include <stddef.h>

#include "base/error.h"
#include "cmd/option.h"
#include "cmd/option_table.h"

struct options_table {
	const struct options_row *rows;
	size_t count;
};

extern const struct options_table options_message;
extern const struct options_table options_mode;
extern const struct options_table options_queue;
extern const struct options_table options_about; /* of option_mode.c: the last of its kind */
extern const struct options_table options_words;
extern const struct options_table options_accepted; /* of option_sendmail.c: without effect */

typedef int options_setter(struct options *o, const struct options_row *row, const char *value,
			   struct error *error);

options_setter options_set_nothing;
/* The member at row->where, a bool, becomes true. */
options_setter options_set_flag;
/* The member at row->where becomes a copy of the value. */
options_setter options_set_string;
/* One more word of the configuration, called as the option is. */
options_setter options_set_setting;
/* --hold, of option_queue.c: how long to keep the message that comes; or which of those in the
 * queue. */
options_setter options_set_hold;

/* A mode that we do not have: "-bt (address test)", and what to do instead. Both are kept. */
void options_set_unavailable(struct options *o, const char *name, const char *instead);

#define AT(member) offsetof(struct options, member)
#define NO         OPTIONS_VALUE_NONE
#define ONE        OPTIONS_VALUE_REQUIRED
#define MAY        OPTIONS_VALUE_OPTIONAL
#define SENDMAIL   OPTIONS_FOR_SENDMAIL
#define OURS       OPTIONS_FOR_PENNYPOST
#define ALL        OPTIONS_FOR_ALL

#endif
