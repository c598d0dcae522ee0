/* The file that --configure writes: which one, what is in it already, and how it gets there. */
#ifndef CMD_CONFIGURE_WRITE_H
#define CMD_CONFIGURE_WRITE_H

#include "cmd/configure_setup.h"

/* Finds the file, reads what is there, and names the new account. Returns 0, or -1 with *error.
 */
int configure_place(struct setup *s, struct error *error);
/* Shows the new account, and adds it with consent. Where it fails, nothing has changed but for
 * a keyring. Returns 0, or -1 with *error. */
int configure_write(struct setup *s, struct error *error);
/* The same on standard output: nothing is written. */
int configure_print(const struct setup *s, struct error *error);

#endif
