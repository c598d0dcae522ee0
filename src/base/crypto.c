/* The loader of the cryptography module: see crypto.h. */
#include "base/crypto.h"

#include <stdlib.h>

#include "base/module.h"
#include "base/text.h"

const char *crypto_module_path;
const struct crypto *crypto_linked;

const struct crypto *crypto_load(struct error *error)
{
	const struct crypto *table;
	const char *why = "it belongs to another version of pennypost";

	if (crypto_linked)
		return crypto_linked;
	table = module_load(crypto_module_path, CRYPTO_SYMBOL, &why);
	if (!table || table->abi != CRYPTO_ABI) {
		error_set(error, ERROR_LOCAL, STAGE_TLS,
			  "cannot load the TLS module: %s; reinstall pennypost",
			  TEXT_SHOW(span_of(why)));
		return NULL;
	}
	crypto_linked = table;
	return table;
}

void tls_info_clear(struct tls_info *info)
{
	for (size_t i = 0; i < info->chain_length; i++) {
		free(info->chain[i].subject);
		free(info->chain[i].issuer);
		free(info->chain[i].names);
		free(info->chain[i].key);
	}
	free(info->chain);
	free(info->version);
	free(info->cipher);
	free(info->sni);
	free(info->trust);
	*info = (struct tls_info){0};
}
