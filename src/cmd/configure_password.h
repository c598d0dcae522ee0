/* Where the password of the new account is to lie, and how it gets there. */
#ifndef CMD_CONFIGURE_PASSWORD_H
#define CMD_CONFIGURE_PASSWORD_H

#include "cmd/configure_setup.h"

/* Whether, without a terminal, the command line says all that is known to be asked. Returns 0,
 * or -1 with *error. */
int configure_may_go(const struct setup *s, struct error *error);
/* Adds login and password to the draft, asks for what the command line does not say, and,
 * unless it is a dry run, tries it: s->secret is what is to be kept afterwards. Returns 0, or
 * -1 with *error. */
int configure_password(struct setup *s, struct error *error);
/* Puts the secret where it is to lie, if anywhere. Returns 0, or -1 with *error. */
int configure_keep(const struct setup *s, struct error *error);

#endif
