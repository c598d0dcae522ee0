/* GSSAPI in a build without it: see gssapi.h. */
#include "sasl/sasl.h"

static int gssapi_respond(struct sasl_exchange *x, struct span challenge, struct buf *out,
			  struct error *error)
{
	(void)x, (void)challenge, (void)out;
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			 "this program was built without GSSAPI: set auth to another method");
}

const struct sasl_mechanism sasl_gssapi = {
	.name = "GSSAPI",
	.proof = "our Kerberos ticket",
	.client_first = true,
	.takes_identity = true,
	.respond = gssapi_respond,
};
