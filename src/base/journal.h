/*
 * The journal of systemd, in its native protocol: an entry is a datagram of fields, so that one
 * can ask for what concerns a message or a recipient. No library is needed.
 */
#ifndef BASE_JOURNAL_H
#define BASE_JOURNAL_H

#include "base/buf.h"

/* Where its socket is; for tests. */
extern const char *journal_socket;

/* Appends a field. name is upper case letters, digits and underscores; value may hold any
 * bytes. */
void journal_field(struct buf *out, const char *name, struct span value);
/* A socket connected to the journal, or -1 where there is none. */
int journal_open(void);
/* Sends an entry; waits milliseconds at the most where the journal is slow. Returns 0, or -1
 * with errno: EAGAIN when it was too slow. */
int journal_send(int fd, const struct buf *entry, int milliseconds);

#endif
