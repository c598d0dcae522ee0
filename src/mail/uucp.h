/*
 * The lines that rmail(8) finds above a message: "From USER DATE remote from HOST", one a host
 * that the message came through, the last host first, each but the first with a ">" before it
 * (RFC 976 section 2.3). What they come to is its reverse-path:
 *
 *     the user of the last line, if that is an address with a domain, or "<>"
 *     USER@HOST, if the host of the last line has a full name
 *     HOST!HOST!USER, a path for the relay to know, else
 */
#ifndef MAIL_UUCP_H
#define MAIL_UUCP_H

#include <stdbool.h>

#include "base/buf.h"

enum { UUCP_PATH_MAX = 1024 };

struct uucp {
	struct buf hosts; /* "a!b!", in the order of the lines */
	struct buf host;  /* of the last line; empty: it has none */
	struct buf user;  /* likewise */
};

void uucp_init(struct uucp *u);
void uucp_clear(struct uucp *u);
/* Takes a line, without its end. Returns whether it is such a line. */
bool uucp_feed(struct uucp *u, struct span line);
/* Whether there was such a line that names a user. */
bool uucp_any(const struct uucp *u);
/* Appends the reverse-path to out. Returns false when there is none, or it is too long. */
bool uucp_path(const struct uucp *u, struct buf *out);

#endif
