/* The mechanism GSSAPI: see gssapi.h. */
#include "sasl/gssapi.h"

#include <limits.h>

#include "base/crypto.h"
#include "base/module.h"
#include "base/text.h"

struct gssapi_state {
	const struct gssapi *module;
	void *session;
};

static int gssapi_load(struct gssapi_state *s, struct error *error)
{
	const char *why = "it belongs to another version of pennypost";
	char path[PATH_MAX];

	s->module =
		module_load(module_beside(path, sizeof(path), crypto_module_path, GSSAPI_FILE),
			    GSSAPI_SYMBOL, &why);
	if (s->module && s->module->abi == GSSAPI_ABI)
		return 0;
	s->module = NULL;
	return error_set(error, ERROR_LOCAL, STAGE_AUTH,
			 "cannot load the GSSAPI module: %s; reinstall pennypost, or set auth "
			 "to another method",
			 TEXT_SHOW(span_of(why)));
}

static int gssapi_respond(struct sasl_exchange *x, struct span challenge, struct buf *out,
			  struct error *error)
{
	struct gssapi_state *s = x->state;

	if (!s->module && gssapi_load(s, error))
		return -1;
	if (s->module->is_complete(s->session))
		return sasl_unexpected(x, error);
	return s->module->respond(&s->session, x, challenge, out, error);
}

static int gssapi_finish(const struct sasl_exchange *x, struct error *error)
{
	const struct gssapi_state *s = x->state;

	if (s->module && s->module->is_complete(s->session))
		return 0;
	return error_set(error, ERROR_RELAY, STAGE_AUTH,
			 "the relay lets us in without proving who it is");
}

static void gssapi_clear(struct sasl_exchange *x)
{
	struct gssapi_state *s = x->state;

	if (s->module)
		s->module->clear(s->session);
}

const struct sasl_mechanism sasl_gssapi = {
	.name = "GSSAPI",
	.proof = "our Kerberos ticket",
	.client_first = true,
	.hides_secret = true,
	.takes_identity = true,
	.state_size = sizeof(struct gssapi_state),
	.respond = gssapi_respond,
	.finish = gssapi_finish,
	.clear = gssapi_clear,
};
