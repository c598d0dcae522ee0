/*
 * TLS session tickets on disk, so that the next run resumes what this one began (RFC 8446
 * section 2.2): a directory, and in it a file for each peer, called by a digest of all that its
 * ticket is bound to, which the caller chooses.
 *
 * A ticket is taken out before it is used and never comes back: used twice it would show who
 * watches the line that both came from here (RFC 8446 appendix C.4). Nothing depends on one:
 * whatever is wrong means that there is none.
 */
#ifndef NET_TICKETS_H
#define NET_TICKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/crypto.h"

enum {
	TICKETS_NAME = 32,            /* bytes of a digest */
	TICKETS_MAX = 16 * 1024,      /* bytes of a ticket, with the peer's certificates */
	TICKETS_LIFETIME = 7 * 86400, /* seconds, the most of RFC 8446 section 4.6.1 */
	TICKETS_FILES = 64            /* about so many are kept */
};

/* The name for all that a policy demands, files by name, size, times, device and inode, the
 * system's store of CAs among them: where any of it is another, so is the name. Returns 0, or
 * -1: then tickets are not to be used. That is so, too, where the system's store is asked and
 * is no file, because a CA that was taken out of it must not be trusted on. */
int tickets_name(const struct crypto *crypto, const struct tls_policy *policy,
		 unsigned char name[TICKETS_NAME]);
/* Takes the ticket of that name out of the directory and appends it to out, which is to hold
 * TICKETS_MAX and a secret. now and *expires, its end, are in seconds since the epoch. Returns
 * whether there was one,
 * in a directory and a file of ours that nobody else can read or write, whole and not too old.
 */
bool tickets_take(const char *directory, const unsigned char name[TICKETS_NAME], int64_t now,
		  struct buf *out, int64_t *expires);
/* Keeps one in the place of any other of its name, until `expires` or for TICKETS_LIFETIME,
 * whichever is less. Makes the directory and two above it (0700) if need be, and clears out
 * old tickets now and then. */
void tickets_keep(const char *directory, const unsigned char name[TICKETS_NAME],
		  struct span ticket, int64_t now, int64_t expires);

#endif
