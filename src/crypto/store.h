/*
 * A store of trusted CAs: a PEM file, or a directory of them, searched for the few that a chain
 * needs.
 *
 * Parsing a system's whole bundle costs more than all the rest of a submission. What decides
 * whether a CA matters is its subject, which is compared byte by byte with the names in the
 * chain, as GnuTLS does itself; only what matches is given to GnuTLS, which then judges.
 */
#ifndef CRYPTO_STORE_H
#define CRYPTO_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

struct store {
	struct buf pem;
};

void store_init(struct store *s);
void store_clear(struct store *s);
/* Reads the file, or the files of a directory: where it has names that are hashes (as openssl
 * rehash makes them) only those, else all but hidden ones. Returns 0, or -1 with errno (EINVAL:
 * neither file nor directory; EFBIG: more than 16 MiB or 4096 files). */
int store_load(struct store *s, const char *path);
/* Whether there is a certificate in it. */
bool store_has_certificate(const struct store *s);

/* Takes one matching certificate (DER). Returns 0, or -1 to end the search. */
typedef int store_take(void *context, struct span der);
/* Calls take for every certificate of the store whose subject is the issuer or the subject of
 * one in the chain (count certificates, DER), and for those that issued what was found, once
 * each. Returns 0, or -1 when take did or there is no memory. */
int store_find(const struct store *s, const struct span *chain, size_t count, store_take *take,
	       void *context);

/* The names in a certificate, as they stand in it (DER). A certificate cut short will do if
 * both are in what is left. Returns 0 or -1. RFC 5280 section 4.1. */
int store_certificate_names(struct span der, struct span *issuer, struct span *subject);

#endif
