/*
 * Addresses in a header put right: names without a domain, and those of this machine, become
 * addresses that mean something elsewhere, because relays refuse "To: root".
 *
 * In To, Cc, Reply-To, Resent-To and Resent-Cc an address becomes what it leads to; in From,
 * Sender, Resent-From and Resent-Sender it is only completed, as the caller's look-up sees fit.
 * A message that is signed (DKIM-Signature, DomainKey-Signature, ARC-*) stays as it is: a
 * change would break the signature. S/MIME and OpenPGP sign the body, and are no reason.
 *
 * An address that a name becomes and that stands in the field anyway is left out with all of
 * its member, among the first REWRITE_SEEN_MAX.
 *
 * Only the address itself is replaced; display names, comments, groups, encoded words and other
 * addresses stay byte for byte. A field is folded where a new address would make a line too
 * long, at a comma or before the address. One that cannot be read as tokens
 * stays, and so does one by which the header would grow beyond REWRITE_HEADER_MAX: the queue
 * has to read it again (MESSAGE_HEADER_MAX).
 */
#ifndef MAIL_REWRITE_H
#define MAIL_REWRITE_H

#include <stdbool.h>

#include "mail/address.h"
#include "mail/header.h"

struct rewrite {
	/* Whether look_up wants to see addresses of this domain; NULL: only bare names. */
	bool (*is_local)(void *context, struct span domain);
	/* Appends to out, which is empty, what a is to become; nothing: it stays. recipient: it
	 * is in one of the fields that recipients are named in. Returns 0, or -1 with *error.
	 */
	int (*look_up)(void *context, const struct address *a, bool recipient,
		       struct address_list *out, struct error *error);
	void *context;
};

enum { REWRITE_HEADER_MAX = 1024 * 1024, REWRITE_SEEN_MAX = 100 };

/* Which fields. */
enum rewrite_part {
	REWRITE_RECIPIENTS, /* those with recipients, and all that are Resent-: before
			       edit_header() */
	REWRITE_AUTHORS     /* From and Sender, also once they were encoded */
};

/* Rewrites the fields of a part of h. Time is linear but for what look_up takes. Returns 0, or
 * -1 with *error and a header that may be rewritten in part. */
int rewrite_header(struct header *h, enum rewrite_part part, const struct rewrite *r,
		   struct error *error);
/* Appends the body of one field, which begins in that column of its line, to out as it is to
 * be. Returns 1; 0 when nothing is to be changed, it cannot be read or out has no room for
 * it; or -1 with *error. */
int rewrite_body(const struct rewrite *r, bool recipient, size_t column, struct span body,
		 struct buf *out, struct error *error);

#endif
