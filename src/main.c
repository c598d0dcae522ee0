/* pennypost: options, configuration, one command, exit status. */
#include "base/crypto.h"
#include "base/process.h"
#include "cmd/command.h"
#include "cmd/context.h"
#include "cmd/listen.h"

int main(int argc, char *argv[])
{
	struct context x;
	struct error error;
	int inherited = listen_inherited();
	int code;

	crypto_module_path = CRYPTO_MODULE;
	process_clean(3 + inherited);
	code = context_init(&x, argc, argv, &error) ? context_fail(&x, &error)
						    : cmd_run(&x, inherited);
	context_clear(&x);
	return code;
}
