/*
 * Digests that stand for one certificate or one public key, as people write them down.
 */
#ifndef BASE_PIN_H
#define BASE_PIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum { PIN_DIGEST_MAX = 32, PINS_MAX = 16, PIN_TEXT_SIZE = 8 + 44 + 1 };

struct pin {
	unsigned char digest[PIN_DIGEST_MAX];
	size_t length; /* 32: SHA-256, 20: SHA-1 */
};

/* Any one of them will do. Zero it before use. */
struct pins {
	struct pin list[PINS_MAX];
	size_t count;
};

/* Adds those of certificates: SHA-256 (64 hex digits) or SHA-1 (40), colons allowed; several
 * with commas or blanks between them. Returns 0, or -1 when it is not that, or too many. */
int pins_read_fingerprints(struct pins *p, struct span text);
/* Adds those of public keys, which are SHA-256 of the SubjectPublicKeyInfo (RFC 7469 section
 * 2.4): "sha256//" and base64, as curl has it, or 64 hex digits; several with commas,
 * semicolons or blanks between them. Returns 0 or -1. */
int pins_read_keys(struct pins *p, struct span text);
/* Whether this digest is one of them. */
bool pins_have(const struct pins *p, const void *digest, size_t length);
/* A SHA-256 digest as "sha256//BASE64". */
void pin_show(char out[PIN_TEXT_SIZE], const unsigned char digest[PIN_DIGEST_MAX]);

#endif
