/*
 * A message made of its parts (RFC 2045, RFC 2046): text, HTML, and files of any size, which
 * stay where they are until the message is read.
 *
 *     multipart/mixed                 where there are files to go with it
 *         multipart/alternative       where there is HTML
 *             text/plain
 *             multipart/related       where the HTML shows files (RFC 2387)
 *                 text/html
 *                 image/png ...
 *         text/csv ...
 *
 * Of these what is not needed is left out. A boundary is 24 letters chosen at random once all
 * that it divides is known, so that nobody can have put it there, and begins with "=_", which
 * neither base64 nor quoted-printable can hold (RFC 2045 section 6.7).
 */
#ifndef MAIL_COMPOSE_H
#define MAIL_COMPOSE_H

#include <stddef.h>

#include "base/error.h"
#include "mail/attachment.h"
#include "mail/message.h"
#include "mail/textual.h"

struct compose {
	struct span fields;       /* of the header, whole, LF line ends, none of MIME's */
	struct textual *text;     /* settled, or NULL: none; its content is taken over */
	struct textual *html;     /* likewise */
	struct attachment *files; /* opened; their content is taken over */
	size_t count;
};

/* Inline files are the HTML's, or go as the others do where there is none. NULL with *error. */
struct message *compose_message(const struct compose *c, struct error *error);

#endif
