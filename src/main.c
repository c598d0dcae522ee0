/* pennypost: options, configuration, one command, exit status. */
#include "base/crypto.h"
#include "cmd/command.h"
#include "cmd/context.h"
#include "cmd/inherit.h"

int main(int argc, char *argv[])
{
	struct context x;
	struct error error;
	int inherited = inherit_descriptors(argc, argv);
	int code;

	crypto_module_path = CRYPTO_MODULE;
	code = context_init(&x, argc, argv, &error) ? context_fail(&x, &error)
						    : cmd_run(&x, inherited);
	context_clear(&x);
	return code;
}
