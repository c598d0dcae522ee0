/* Whether a relay is there, is who it says, and takes us. */
#ifndef CMD_CONFIGURE_TRY_H
#define CMD_CONFIGURE_TRY_H

#include "cmd/configure_setup.h"

/* Looks at the relay of an account as --server-info does, says what it offers, and whether it
 * offers AUTH. No secret is sent. Returns 0; -1 with *error when it cannot be reached or its
 * certificate does not prove it. */
int configure_look(const struct setup *s, const struct account *a, bool *auth,
		   struct error *error);
/* Logs in by the draft with s->secret (empty: with what the draft names), and leaves. Returns
 * 0, or -1 with *error. */
int configure_login(const struct setup *s, struct error *error);

#endif
