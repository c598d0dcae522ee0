/* What this machine is called. */
#ifndef NET_HOSTNAME_H
#define NET_HOSTNAME_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends the host's full name: gethostname(2) when that has a dot. Otherwise, if look_up, the
 * canonical name that the resolver gives for it within five seconds (by a child: getaddrinfo(3)
 * knows no deadline). Returns 0; -1 with nothing appended when there is none, or it is a
 * "localhost". */
int hostname_full(struct buf *out, bool look_up);
/* Appends gethostname(2) as it is, where it can be a domain; else nothing. */
void hostname_short(struct buf *out);

#endif
