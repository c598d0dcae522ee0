/* The type of a file by its content: see magic.h. */
#include "mail/magic.h"

#include <limits.h>

#include "base/crypto.h"
#include "base/module.h"

int magic_type(struct span start, char *out, size_t size)
{
	const struct magic *module;
	const char *why;
	char path[PATH_MAX];

	module = module_load(
		module_beside(path, sizeof(path), crypto_module_path, MAGIC_FILE_NAME),
		MAGIC_SYMBOL, &why);
	return module && module->abi == MAGIC_ABI ? module->type(start, out, size) : -1;
}
