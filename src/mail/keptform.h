/*
 * A message on its way into a mailbox of this machine: every line ends in LF, and for a file of
 * the mbox format each that begins with "From ", or with that behind any number of ">", gets
 * one ">" more (mboxrd), which readers take off again (mail/mailbox.h does).
 *
 * LF and CRLF are line ends; every other byte is kept, a lone CR, too. Explicit state: the
 * input may be cut anywhere, one byte at a time if need be.
 */
#ifndef MAIL_KEPTFORM_H
#define MAIL_KEPTFORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct keptform {
	bool quotes;     /* mbox */
	bool line_start; /* nothing but ">" of the line has been seen, or nothing at all */
	bool open;       /* the last line has no line end yet */
	bool after_cr;   /* a CR was seen and not yet put out */
	size_t held;     /* bytes of "From " that were seen and not yet put out */
};

void keptform_init(struct keptform *k, bool quotes);
/* Converts from *in until it is used up or out is nearly full; advances *in past what was
 * taken. size must be at least 16. Returns the bytes put in out. */
size_t keptform_feed(struct keptform *k, struct span *in, char *out, size_t size);
/* The end of the message: what is held comes out, and an unfinished last line gets its LF.
 * Returns the bytes put in out, 8 at most. */
size_t keptform_finish(struct keptform *k, char *out);

#endif
