/*
 * The text that stands beside HTML (mail/html.h), as part of a message.
 */
#ifndef MAIL_PAGE_H
#define MAIL_PAGE_H

#include "base/error.h"
#include "mail/textual.h"

/* Feeds what is made of the HTML in page, which is settled, to text, in UTF-8; in no charset
 * that is known when the page is in none. Returns 0, or -1 with *error. */
int page_to_text(const struct textual *page, struct textual *text, struct error *error);

#endif
