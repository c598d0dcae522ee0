/* The table of mechanisms and what all their exchanges share: see sasl.h. */
#include "sasl/sasl.h"

#include <stdlib.h>
#include <string.h>

int sasl_begin(struct sasl_exchange *x, const struct sasl_mechanism *m,
	       const struct sasl_credentials *who, struct error *error)
{
	*x = (struct sasl_exchange){.mechanism = m, .who = who};
	buf_init(&x->complaint, SASL_COMPLAINT_MAX);
	if (m->needs_user && !who->user)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s needs a user name",
				 m->name);
	if (who->identity && *who->identity && !m->takes_identity)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s has no place for an auth_identity", m->name);
	if (m->binds && !who->binding_type)
		return error_set(error, ERROR_RELAY, STAGE_AUTH,
				 "%s binds the login to the TLS session, and this connection "
				 "has none that can be bound to",
				 m->name);
	if (m->state_size > 0 && !(x->state = calloc(1, m->state_size)))
		return error_set_memory(error);
	return 0;
}

int sasl_unexpected(const struct sasl_exchange *x, struct error *error)
{
	return error_set(error, ERROR_RELAY, STAGE_AUTH,
			 "the relay asked once more than %s has answers (challenge %u)",
			 x->mechanism->name, x->step + 1);
}

int sasl_respond(struct sasl_exchange *x, struct span challenge, struct buf *out,
		 struct error *error)
{
	/* Who speaks first is asked nothing before (RFC 4954 section 4). */
	if (x->mechanism->client_first && x->step == 0 && challenge.len > 0)
		return sasl_unexpected(x, error);
	if (x->mechanism->respond(x, challenge, out, error))
		return -1;
	x->step++;
	return 0;
}

int sasl_finish(const struct sasl_exchange *x, struct error *error)
{
	return x->mechanism->finish ? x->mechanism->finish(x, error) : 0;
}

void sasl_end(struct sasl_exchange *x)
{
	if (x->state && x->mechanism->clear)
		x->mechanism->clear(x);
	freezero(x->state, x->mechanism->state_size);
	x->state = NULL;
	buf_clear(&x->complaint);
}

const struct sasl_mechanism *sasl_find(struct span name)
{
	static const struct sasl_mechanism *const all[] = {
		&sasl_plain,         &sasl_login,
		&sasl_cram_md5,      &sasl_scram_sha_1,
		&sasl_scram_sha_256, &sasl_scram_sha_1_plus,
		&sasl_xoauth2,       &sasl_scram_sha_256_plus,
		&sasl_oauthbearer,   &sasl_external,
		&sasl_gssapi,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (span_equals_nocase(name, all[i]->name))
			return all[i];
	return NULL;
}

void sasl_add_name(struct buf *out, struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] == ',')
			buf_add_string(out, "=2C");
		else if (name.data[i] == '=')
			buf_add_string(out, "=3D");
		else
			buf_add_char(out, name.data[i]);
	}
}
