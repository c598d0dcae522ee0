/* No keyring: see keyring.h. */
#include "base/keyring.h"

int keyring_read(const char *description, struct buf *out, struct error *error)
{
	(void)description, (void)out;
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			 "the kernel of this system has no keyring");
}

int keyring_write(const char *description, struct span secret, struct error *error)
{
	(void)secret;
	return keyring_read(description, NULL, error);
}
