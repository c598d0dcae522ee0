/* LOGIN: the name, then the password, by an expired draft (draft-murchison-sasl-login) that
 * many servers have. The prompts differ from server to server, so only their order counts. */
#include "sasl/sasl.h"

static int login_respond(struct sasl_exchange *x, struct span challenge, struct buf *out,
			 struct error *error)
{
	(void)challenge;
	if (x->step > 1)
		return sasl_unexpected(x, error);
	if (x->step == 0)
		buf_add_string(out, x->who->user);
	else
		buf_add_span(out, x->who->password);
	return 0;
}

const struct sasl_mechanism sasl_login = {
	.name = "LOGIN",
	.proof = "user name or password",
	.needs_user = true,
	.needs_secret = true,
	.respond = login_respond,
};
