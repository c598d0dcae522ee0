/*
 * msmtp's aliases file: "name: address[, address...]", "default: address", "#" comments; names
 * are local and compared without regard to case.
 */
#ifndef CONF_ALIASES_H
#define CONF_ALIASES_H

#include "base/error.h"
#include "mail/address.h"

/* Replaces every bare local name in list that the file (or its default) knows, following
 * aliases of aliases 16 deep at most. Addresses with a domain stay. Returns 0, or -1 with
 * *error
 * ("FILE:LINE: ..."). */
int aliases_apply(struct address_list *list, const char *path, struct error *error);
/* The same from text in memory; path is for messages. */
int aliases_apply_text(struct address_list *list, const char *path, struct span text,
		       struct error *error);

#endif
