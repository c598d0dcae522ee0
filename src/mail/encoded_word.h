/*
 * Encoded words (RFC 2047) read, for a person: the other way round is mail/mime.h.
 */
#ifndef MAIL_ENCODED_WORD_H
#define MAIL_ENCODED_WORD_H

#include "base/buf.h"

/* Appends text, an unfolded field of words, with its encoded words read: those in UTF-8,
 * US-ASCII and ISO-8859-1. Others, and what is malformed, stay as they are; the blanks between
 * two that were read go (section 6.2). What comes out may be any bytes: escape it before it is
 * shown. Time is linear. */
void encoded_word_read(struct buf *out, struct span text);

#endif
