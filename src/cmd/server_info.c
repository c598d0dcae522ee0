/* See server_info.h. */
#include "cmd/server_info.h"

int cmd_server_info(struct context *x)
{
	struct error error;

	error_set(&error, ERROR_LOCAL, STAGE_UNAVAILABLE, "this mode is not built yet");
	return context_fail(x, &error);
}
