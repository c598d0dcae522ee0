/*
 * Letters of sendmail that hold options of their own, or something that must be looked into:
 * -o, -O, -e, -h and -L. Setters for rows of option_row.h, which they are like. Beside them
 * stand the rows of all that we only accept.
 *
 * What is unknown or malformed in them is noted for the log and stops nothing, because whoever
 * says it wants his mail sent.
 */
#ifndef CMD_OPTION_SENDMAIL_H
#define CMD_OPTION_SENDMAIL_H

#include "base/error.h"
#include "cmd/option.h"
#include "cmd/option_table.h"

/* Bytes of the tag that -L puts behind our name in syslog. */
enum { OPTIONS_LOG_TAG_MAX = 32 };

/* -oXvalue: options of Sendmail before it had names for them. */
int options_set_old(struct options *o, const struct options_row *row, const char *value,
		    struct error *error);
/* -O Name=value */
int options_set_named(struct options *o, const struct options_row *row, const char *value,
		      struct error *error);
/* -e MODE, glued: what is done about errors. NULL says nothing. */
int options_set_error_mode(struct options *o, const struct options_row *row, const char *value,
			   struct error *error);
/* -h HOPS */
int options_set_hops(struct options *o, const struct options_row *row, const char *value,
		     struct error *error);
/* -L TAG */
int options_set_log_tag(struct options *o, const struct options_row *row, const char *value,
			struct error *error);

#endif
