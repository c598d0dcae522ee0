/*
 * Addresses: the whole of RFC 5322 section 3.4 with the obsolete forms of section 4.4, UTF-8 by
 * RFC 6532, read leniently and written strictly.
 *
 * What comes out is canonical: comments, folding and blanks are gone, the local part is quoted
 * only where it must be, a source route and the dot at a domain's end are dropped, the domain
 * is as written otherwise. It is well-formed UTF-8, holds no control character and fits the
 * limits of RFC 5321 section 4.5.3.1, so that it can stand in a path. A local name alone is
 * refused when it begins like a file, a command, an include or an option ("/", "|", ":", "-").
 *
 * Lenient beyond the RFC: dots anywhere in a local part (written in quotes then), "@" in a
 * display name, a ";" for a comma, a group without its ";", a backslash in an atom. A line
 * break counts as a blank only where it folds, that is, where a blank follows it.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

enum {
	ADDRESS_LOCAL_MAX =
		252, /* bytes; RFC 5321 section 4.5.3.1.1 has a relay take 64 at least,
			and return paths of lists and forwarders are longer */
	ADDRESS_DOMAIN_MAX = 255, /* section 4.5.3.1.2 */
	ADDRESS_PATH_MAX = 254,   /* section 4.5.3.1.3: 256 with the angle brackets */
	ADDRESS_NAME_MAX = 512    /* of a display name that we write ourselves */
};

/* One mailbox. A bare local name ("root") has no domain. */
struct address {
	char *text;       /* canonical: local part, then "@" and the domain if there is one */
	size_t local_len; /* bytes of the local part as it stands in text */
	char *name;    /* display name, unquoted and unfolded UTF-8 (or raw bytes); or NULL */
	bool verbatim; /* a bare local name written "\name": no alias is to replace it */
};

/* Addresses in order. All zero is the empty list. */
struct address_list {
	struct address *items;
	size_t count;
	size_t cap;
};

/* The domain of an address, or NULL for a bare local name. */
const char *address_domain(const struct address *a);
void address_clear(struct address *a);
void address_list_clear(struct address_list *list);

/* Parses an address list (header field body or command-line operand: commas, groups, comments,
 * display names, empty members) and appends its mailboxes. Time is linear. Returns 0; on
 * failure -1, the list as it was, and *error (class message, stage syntax) that shows the
 * offender and says what is wrong with it. An empty list is no error. */
int address_list_parse(struct address_list *list, struct span text, struct error *error);
/* Exactly one mailbox, as for -f: "a@b", "<a@b>", "Name <a@b>". The null reverse-path, written
 * "" or "<>", gives an address whose text is "". Returns 0 or -1 as above. */
int address_parse(struct address *a, struct span text, struct error *error);
/* A bare local name of raw text, such as a login name: no character in it is syntax, it is
 * quoted where it must be. Returns 0, or -1 with *error as above when it cannot be a local
 * part. */
int address_from_local(struct address *a, struct span text, struct error *error);
/* Gives every bare local name the domain. Returns 0, or -1 when a path becomes too long. */
int address_list_qualify(struct address_list *list, const char *domain, struct error *error);
/* Removes what stands in the list already (the domain compared without regard to case, the
 * local part exactly: RFC 5321 section 2.4), keeping the first of each. Time is linear. Returns
 * 0, or -1 without memory. */
int address_list_unique(struct address_list *list);
/* Whether two are the same, compared like that. */
bool address_is_same(const struct address *a, const struct address *b);
/* Appends what the local part means: without quotes and backslashes. */
void address_local_value(const struct address *a, struct buf *out);
/* Appends a copy. Returns 0, or -1 without memory. */
int address_list_add(struct address_list *list, const struct address *a);

#endif
