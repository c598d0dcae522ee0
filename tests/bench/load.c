/* Loads the module of cryptography and ends: what a run under TLS costs before it opens its
 * session. "load MODULE" */
#include <stdio.h>

#include "base/crypto.h"

int main(int argc, char *argv[])
{
	struct error error;

	if (argc < 2)
		return 64;
	crypto_module_path = argv[1];
	if (crypto_load(&error))
		return 0;
	fprintf(stderr, "%s\n", error.text);
	return 1;
}
