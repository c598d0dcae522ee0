/*
 * The netrc file of ftp(1): logins by machine.
 *
 * Tokens stand between blanks and line ends; one in double quotes may hold blanks, and \" and
 * \\ inside. "machine NAME" and "default" begin an entry, in which login, password and account
 * each take a value; "macdef NAME" begins a macro that ends with an empty line and is passed
 * over; "#" where a keyword could stand begins a comment.
 */
#ifndef CONF_NETRC_H
#define CONF_NETRC_H

#include "base/buf.h"
#include "base/error.h"

/* Appends the password for host and user (NULL: any user). The first entry counts that is for
 * the host, or the default, and whose login is the user or is not said. Returns 1 found, 0 not,
 * -1 with *error that names the line and shows no value. */
int netrc_find(struct span text, const char *host, const char *user, struct buf *out,
	       struct error *error);

#endif
