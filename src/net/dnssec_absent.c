/* DNSSEC in a build without it: see dnssec.h. */
#include "net/dnssec.h"

const struct dnssec_module *dnssec_load(struct error *error)
{
	error_set(error, ERROR_LOCAL, STAGE_CONFIG,
		  "this program was built without DANE: set tls_trust to ca or first-use");
	return NULL;
}
