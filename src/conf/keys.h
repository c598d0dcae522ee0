/*
 * The words of the configuration: one table, one row a key, with its setter and whether it
 * makes sense in an account. `account`, `defaults`, `include` and `eval` are the grammar's own.
 */
#ifndef CONF_KEYS_H
#define CONF_KEYS_H

#include "base/buf.h"
#include "base/error.h"
#include "conf/account.h"

/* Sets one key from its arguments (msmtp's grammar: a single argument for most; booleans are on
 * and off; `auth` and `tls` without argument mean on). Unknown key, wrong number of arguments
 * or bad value: -1 with *error (local, stage config) that names key and value and lists what is
 * accepted; the caller prefixes file and line. */
int keys_set(struct account *a, const char *key, const struct strv *arguments,
	     struct error *error);
/* The same with one argument, NULL for none: for --key=value on the command line. */
int keys_set_value(struct account *a, const char *key, const char *value, struct error *error);
/* The n-th key's name in the order of the table, NULL behind the last: for tests against the
 * manual page. */
const char *keys_name(size_t n);

#endif
