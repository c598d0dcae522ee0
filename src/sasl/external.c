/* EXTERNAL: the relay knows us by other means, most often by our TLS certificate; all that is
 * said is as whom we want to act (RFC 4422 appendix A). */
#include "sasl/sasl.h"

/* authz-id-string, empty for the identity that goes with the certificate. A login that is
 * configured counts, as it does with msmtp. */
static int external_respond(struct sasl_exchange *x, struct span challenge, struct buf *out,
			    struct error *error)
{
	const struct sasl_credentials *who = x->who;
	bool named = who->identity && *who->identity;

	(void)challenge;
	if (x->step > 0)
		return sasl_unexpected(x, error);
	if (named || who->user)
		buf_add_string(out, named ? who->identity : who->user);
	return 0;
}

const struct sasl_mechanism sasl_external = {
	.name = "EXTERNAL",
	.proof = "to know us by our certificate",
	.client_first = true,
	.one_round_trip = true,
	.takes_identity = true,
	.respond = external_respond,
};
