/* pennypost: options, configuration, one command, exit status. */
#include "base/crypto.h"

int main(void)
{
	crypto_module_path = CRYPTO_MODULE;
	return 69;
}
