/* The words that some keys choose from: one table a key, read by keys_*.c, shown by show.c. */
#ifndef CONF_CHOICE_H
#define CONF_CHOICE_H

#include <stdbool.h>

struct choice {
	const char *name; /* NULL ends a table */
	int value;
};

extern const struct choice choice_auth[];     /* of enum account_auth */
extern const struct choice choice_delivery[]; /* of enum account_delivery */
extern const struct choice choice_trust[];    /* of enum account_trust */
extern const struct choice choice_version[];  /* of enum tls_minimum */
extern const struct choice choice_family[];   /* of enum account_family */
extern const struct choice choice_facility[]; /* of syslog(3), -1: off */

/* The row called name, letters of either case if nocase; NULL when there is none, or
 * name is NULL. */
const struct choice *choice_find(const struct choice *table, const char *name, bool nocase);
/* The first name of the value, or NULL. */
const char *choice_name(const struct choice *table, int value);

#endif
