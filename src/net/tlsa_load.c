/* Finds the module of DANE: see tlsa.h. */
#include <limits.h>

#include "base/module.h"
#include "base/text.h"
#include "net/tlsa.h"

const struct tlsa_module *tlsa_load(struct error *error)
{
	const char *why = "it belongs to another version of pennypost";
	char path[PATH_MAX];
	const struct tlsa_module *module =
		module_load(module_beside(path, sizeof(path), crypto_module_path, TLSA_FILE),
			    TLSA_SYMBOL, &why);

	if (module && module->abi == TLSA_ABI)
		return module;
	error_set(
		error, ERROR_LOCAL, STAGE_TLS,
		"cannot load the DANE module: %s; reinstall pennypost, or set tls_trust to ca",
		TEXT_SHOW(span_of(why)));
	return NULL;
}
