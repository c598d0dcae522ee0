/* PLAIN: user name and password as they are (RFC 4616). */
#include <string.h>

#include "sasl/sasl.h"

/* message = [authzid] UTF8NUL authcid UTF8NUL passwd (section 2) */
static int plain_respond(struct sasl_exchange *x, struct span challenge, struct buf *out,
			 struct error *error)
{
	const struct sasl_credentials *who = x->who;

	(void)challenge;
	if (x->step > 0)
		return sasl_unexpected(x, error);
	if (who->password.len > 0 && memchr(who->password.data, '\0', who->password.len))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "the password holds a NUL");
	buf_add_string(out, who->identity ? who->identity : "");
	buf_add_char(out, '\0');
	buf_add_string(out, who->user);
	buf_add_char(out, '\0');
	buf_add_span(out, who->password);
	return 0;
}

const struct sasl_mechanism sasl_plain = {
	.name = "PLAIN",
	.proof = "user name or password",
	.client_first = true,
	.one_round_trip = true,
	.takes_identity = true,
	.needs_user = true,
	.needs_secret = true,
	.respond = plain_respond,
};
