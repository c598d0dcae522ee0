/*
 * msmtp's aliases file, which most of /etc/aliases is too: "name: address[, address...]",
 * "default: address", "#" comments at the start of a line or word; an entry whose line ends
 * with a comma goes on in the next line if that is indented. Names are local and compared
 * without regard to case; twice the same is an error when mail would go there.
 *
 * A name that is its own alias, and one that neither the file nor its default knows, stays
 * bare.
 * "|command", "/file" and ":include:" are no addresses: an entry with one is an error when mail
 * would go there.
 */
#ifndef CONF_ALIASES_H
#define CONF_ALIASES_H

#include "base/error.h"
#include "mail/address.h"

/* Replaces every bare local name in list that the file (or its default) knows, following
 * aliases of aliases 16 deep at most; what was added already is not added again. Addresses with
 * a domain stay. A file that others than root and the user could have written is an error.
 * Returns 0, or -1 with *error (local, stage config: "FILE:LINE: ...") and the
 * list as it was. */
int aliases_apply(struct address_list *list, const char *path, struct error *error);
/* The same from text in memory; path is for messages. */
int aliases_apply_text(struct address_list *list, const char *path, struct span text,
		       struct error *error);

#endif
