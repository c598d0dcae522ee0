/*
 * Finding the relay of a mail domain: in the DNS (SRV, RFC 6186 and RFC 8314), in the table of
 * providers, and at the usual names, if that is allowed.
 *
 * Nothing says that the DNS tells the truth, so a name that it gives is believed by itself only
 * below the domain, for which nobody else has a certificate, or when the table has the same
 * (RFC 6186 section 6); of any other a person is asked. For a provider of the table the table
 * has the last word.
 */
#ifndef CMD_CONFIGURE_FIND_H
#define CMD_CONFIGURE_FIND_H

#include "cmd/configure_setup.h"

/* Fills s->relay and s->found, and s->provider when the relay is one's. Unless it is a dry run
 * the relay has been looked at, and s->no_login says that it offers no AUTH. Returns 0, or -1
 * with *error. */
int configure_find(struct setup *s, struct error *error);
/* The same from the DNS and the table alone, without a question or a connection: trusted tells
 * whether the name may be believed by itself. */
int configure_guess(struct setup *s, bool *trusted, struct error *error);

#endif
