/*
 * What a value of the configuration may leave to the machine: the home directory and names.
 */
#ifndef CONF_EXPAND_H
#define CONF_EXPAND_H

#include "base/buf.h"
#include "base/error.h"

/* Puts the home directory in place of "~" at the start of a file name, when it stands alone or
 * before a slash. home may be NULL: the passwd entry's. Returns 0 or -1 with *error. */
int expand_home(struct buf *value, const char *home, struct error *error);
/* The same behind "maildir:" and "mbox:". */
int expand_home_in_url(struct buf *url, const char *home, struct error *error);
/* Replaces msmtp's %U (login name of the user), %H (name of the host), %C (its canonical name,
 * for which the resolver may be asked) and %M (first line of /etc/mailname). Returns 0 or -1
 * with *error. */
int expand_names(struct buf *value, struct error *error);

#endif
