/*
 * A message that leaves under another author's address than it was written with, because its
 * relay takes no other: who wrote it stays to be seen, and gets the answers.
 */
#ifndef MAIL_ALIGN_H
#define MAIL_ALIGN_H

#include "base/error.h"
#include "mail/address.h"
#include "mail/header.h"

/* Puts author in place of the From field, with the display name that its first mailbox has, if
 * it has one, else with author's own. Returns 0, or -1 without memory. */
int align_replace_from(struct header *h, const struct address *author, struct error *error);
/* The same for an author who did not write the message. What From said becomes Reply-To (RFC
 * 5322 section 3.6.2), unless there is one, or it is malformed or a bare local name, to which
 * no answer could go: then X-Original-From. A Sender, which would say that somebody else sent
 * it, becomes X-Original-Sender. */
int align_from(struct header *h, const struct address *author, struct error *error);

#endif
