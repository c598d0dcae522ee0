/*
 * Putting a password where secret.h finds it again. None of them ever shows it, and no command
 * gets it but on its standard input.
 */
#ifndef CONF_KEEP_H
#define CONF_KEEP_H

#include "base/buf.h"
#include "base/error.h"
#include "conf/account.h"

/* Into the kernel's keyring, for `password_keyring kernel`; what was there is replaced. Returns
 * 0, or -1 with *error (local, stage config), as do the others. */
int keep_in_kernel(const struct account *a, struct span secret, struct error *error);
/* Into the desktop's, for `password_keyring desktop`, by secret-tool(1). */
int keep_on_desktop(const struct account *a, struct span secret, struct error *error);
/* Whether there is a secret-tool(1) in path, the value of PATH, for the desktop's keyring. */
bool keep_has_tool(const char *path);
/* Into a new file that is closed to others, for `password_file`, on the disk when this returns.
 * A file of that name is an error (number EEXIST). */
int keep_in_file(const char *path, struct span secret, struct error *error);

#endif
