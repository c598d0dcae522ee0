/* See verify_address.h. */
#include "cmd/verify_address.h"

int cmd_verify_address(struct context *x)
{
	struct error error;

	error_set(&error, ERROR_LOCAL, STAGE_UNAVAILABLE, "this mode is not built yet");
	return context_fail(x, &error);
}
