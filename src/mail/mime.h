/*
 * Text beyond ASCII in header fields: encoded words (RFC 2047), and raw UTF-8 turned into them.
 */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include "base/buf.h"
#include "base/error.h"
#include "mail/header.h"

/* Appends name as the display name before an angle address: an atom sequence as it is, quoted
 * where specials ask for it, encoded words (charset UTF-8, or unknown-8bit when it is not
 * UTF-8) where it is not ASCII. Words are at most 75 bytes, separated by "\n " where several
 * are needed. Control characters become spaces. */
void mime_phrase(struct buf *out, struct span name);
/* Rewrites each field of h that holds raw 8-bit text in an unstructured body (Subject,
 * Comments, and every field unknown to be structured) or in display names and comments of
 * address fields, as encoded words, and in parameters of Content-Type and Content-Disposition
 * as extended ones (mail/parameter.h). What is ASCII stays byte for byte; non-ASCII inside an
 * address is left alone (it needs SMTPUTF8). Returns 0, or -1 without memory. */
int mime_encode_header(struct header *h, struct error *error);

#endif
