/*
 * The keyring of the kernel (keyrings(7)), where a password can lie without a file. What a
 * system without one does is in a file that Meson chooses.
 */
#ifndef BASE_KEYRING_H
#define BASE_KEYRING_H

#include "base/buf.h"
#include "base/error.h"

/* Appends what the key of type "user" with that description holds to out. It is looked for in
 * the keyrings of the process and its session, in the user's own and in his persistent one,
 * which outlives his sessions. Returns 1 when it was found, 0 when there is none, -1 with
 * *error (local, stage config) when it may not be read, has expired, or there are no keyrings
 * here. */
int keyring_read(const char *description, struct buf *out, struct error *error);
/* Puts the secret into the user's own keyring, in place of what the key holds already. It stays
 * there until the machine restarts. Returns 0, or -1 with *error (local, stage config). */
int keyring_write(const char *description, struct span secret, struct error *error);

#endif
