/* -bC: see config_check.h. */
#include "cmd/config_check.h"

/* An account that others are made of needs no relay; but the one that a message without a
 * choice goes to does. */
int cmd_config_check(struct context *x)
{
	const struct config *c = &x->config;
	struct error error;
	int code = 0;

	for (size_t i = 0; i < c->count; i++)
		if (account_check(&c->accounts[i], &error))
			code = context_fail(x, &error);
	if (code == 0 && !context_account(x, &error))
		code = context_fail(x, &error);
	return code;
}
