/*
 * An account as lines of the configuration, for a person and for config.h, which reads the same
 * account from them.
 *
 * Behind each value stands where it comes from. What nobody said stands there as a comment, and
 * so does a secret: that it is set, and where, never its text or its length. A value that no
 * line can hold, or that a terminal would obey, is a comment, too.
 */
#ifndef CONF_SHOW_H
#define CONF_SHOW_H

#include "conf/config.h"

/* Appends the section of a, which must be one of c's or made of such a one. */
void show_account(const struct config *c, const struct account *a, struct buf *out);

#endif
