/* Finds the module of DNSSEC: see dnssec.h. */
#include <limits.h>

#include "base/crypto.h"
#include "base/module.h"
#include "base/text.h"
#include "net/dnssec.h"

const struct dnssec_module *dnssec_load(struct error *error)
{
	const char *why = "it belongs to another version of pennypost";
	char path[PATH_MAX];
	const struct dnssec_module *module =
		module_load(module_beside(path, sizeof(path), crypto_module_path, DNSSEC_FILE),
			    DNSSEC_SYMBOL, &why);

	if (module && module->abi == DNSSEC_ABI)
		return module;
	error_set(
		error, ERROR_LOCAL, STAGE_TLS,
		"cannot load the DANE module: %s; reinstall pennypost, or set tls_trust to ca",
		TEXT_SHOW(span_of(why)));
	return NULL;
}
