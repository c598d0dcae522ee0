/*
 * GSSAPI, which is Kerberos 5 (RFC 4752), on the system's library. That library is linked with
 * a module of its own, gssapi.so beside the one of cryptography, loaded when the mechanism is
 * used: gssapi.c is the mechanism, gssapi_module.c the module, and gssapi_absent.c stands for
 * both in a build without (-Dgssapi=disabled).
 */
#ifndef SASL_GSSAPI_H
#define SASL_GSSAPI_H

#include "sasl/sasl.h"

enum { GSSAPI_ABI = 1 };

/* What the module exports. */
struct gssapi {
	unsigned abi; /* GSSAPI_ABI */
	/* As the member of struct sasl_mechanism; *session is the module's own, NULL at first.
	 */
	int (*respond)(void **session, const struct sasl_exchange *x, struct span challenge,
		       struct buf *out, struct error *error);
	/* Whether the relay has proved who it is and agreed to go on without a security layer.
	 */
	bool (*is_complete)(const void *session);
	void (*clear)(void *session); /* NULL is fine */
};

#define GSSAPI_FILE   "gssapi.so"
#define GSSAPI_SYMBOL "gssapi_module"

#endif
