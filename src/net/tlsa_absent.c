/* DANE in a build without it: see tlsa.h. */
#include "net/tlsa.h"

const struct tlsa_module *tlsa_load(struct error *error)
{
	error_set(error, ERROR_LOCAL, STAGE_CONFIG,
		  "this program was built without DANE: set tls_trust to ca or first-use");
	return NULL;
}
