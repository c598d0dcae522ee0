/*
 * What a server offers: the lines of its EHLO reply (RFC 5321 section 4.1.1.1).
 */
#ifndef SMTP_CAPABILITY_H
#define SMTP_CAPABILITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* One EHLO line behind the first: keyword and parameters as sent. */
struct capability {
	struct span keyword;
	struct span parameters;
};

/* A copy of the lines, cut into keywords. All zero: nothing is offered. */
struct capabilities {
	struct buf text;
	struct capability *items;
	size_t count;
};

/* Reads the text of an EHLO reply (lines joined by LF; the first is the server's name and is
 * not a keyword). Lines that are no ehlo-line are passed over; "AUTH=LOGIN" of old servers
 * counts as AUTH. Returns 0 or -1 without memory. */
int capabilities_parse(struct capabilities *c, struct span text);
void capabilities_clear(struct capabilities *c);
/* Whether keyword is offered (in any case); its parameters into *parameters unless that is
 * NULL. */
bool capabilities_have(const struct capabilities *c, const char *keyword,
		       struct span *parameters);
/* Whether one of AUTH's parameters is the mechanism, in any case. */
bool capabilities_have_auth(const struct capabilities *c, const char *mechanism);
/* The limit of SIZE (RFC 1870), 0 for none or not offered. */
uint64_t capabilities_size(const struct capabilities *c);
/* The limit called name ("RCPTMAX") of LIMITS (RFC 9422), 0 for none, not offered or malformed.
 */
uint64_t capabilities_limit(const struct capabilities *c, const char *name);

#endif
