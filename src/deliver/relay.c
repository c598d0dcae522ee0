/* From an account to a session: see relay.h. */
#include "deliver/relay.h"

#include <stdlib.h>

#include "net/hostname.h"
#include "smtp/auth.h"

enum { RELAY_CONNECT_SECONDS = 60 };

static enum smtp_tls relay_tls(const struct account *a)
{
	switch (account_tls_mode(a)) {
	case ACCOUNT_TLS_NEVER: return SMTP_TLS_NEVER;
	case ACCOUNT_TLS_IF_OFFERED: return SMTP_TLS_IF_OFFERED;
	case ACCOUNT_TLS_IMPLICIT: return SMTP_TLS_IMPLICIT;
	case ACCOUNT_TLS_REQUIRED: break;
	}
	return SMTP_TLS_REQUIRED;
}

/* The endpoint with its port settled; the strings stay the account's. */
static struct endpoint relay_endpoint(const struct account *a)
{
	struct endpoint e = a->relay;

	e.port = account_port(a);
	return e;
}

const char *relay_show(const struct account *a, char *out, size_t size)
{
	const struct endpoint e = relay_endpoint(a);

	return endpoint_show(&e, out, size);
}

/* The name for EHLO into name, where the account or the host has one; else the session takes
 * the address literal. */
static const char *relay_local_name(const struct account *a, struct buf *name)
{
	if (a->domain)
		return a->domain;
	return hostname_full(name, false) == 0 ? name->data : NULL;
}

struct smtp *relay_dial(const struct relay_options *o, struct error *error)
{
	const struct account *a = o->account;
	const struct endpoint e = relay_endpoint(a);
	const struct dial_options how = {
		.timeout =
			(a->timeout > 0 ? a->timeout : RELAY_CONNECT_SECONDS) * (int64_t)1000,
		.source_ip = a->source_ip,
	};
	struct smtp_options options = {
		.tls = relay_tls(a),
		.tls_policy =
			{
				.host = a->tls_host_override ? a->tls_host_override
							     : a->relay.host,
				.verify = !o->inspect && a->tls_certcheck != SETTING_OFF,
				.trust_file = a->tls_trust_file,
				.crl_file = a->tls_crl_file,
				.cert_file = a->tls_cert_file,
				.key_file = a->tls_key_file,
				.priorities = a->tls_priorities,
				.fingerprint = a->tls_fingerprint,
			},
		.lmtp = account_is_lmtp(a),
		.clear_secret = a->tls == SETTING_OFF && !o->inspect,
		.timeout_scale = a->timeout_scale,
		.listener = o->listener,
		.listener_context = o->listener_context,
	};
	struct smtp *s;
	struct buf name;

	if (account_check_relay(a, error))
		return NULL;
	buf_init(&name, 256);
	options.local_name = relay_local_name(a, &name);
	s = smtp_dial(&e, &how, &options, error);
	buf_clear(&name);
	return s;
}

void relay_login_clear(struct relay_login *l)
{
	buf_wipe(&l->secret);
	l->is_due = false;
}

/* Proves who we are, or makes ready to do so in the flight to come. The secret is fetched only
 * here. */
static int relay_authenticate(struct smtp *s, const struct relay_options *o, bool may_share,
			      struct relay_login *l, struct error *error)
{
	static const char *const names[] = {
		[ACCOUNT_AUTH_PLAIN] = "PLAIN",
		[ACCOUNT_AUTH_LOGIN] = "LOGIN",
		[ACCOUNT_AUTH_CRAM_MD5] = "CRAM-MD5",
	};
	const char *name = names[o->account->auth];

	l->who = (struct sasl_credentials){.user = account_user(o->account),
					   .host = o->account->relay.host};
	if (!l->who.user)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "account %s asks for authentication but names no user",
				 o->account->name);
	l->login.mechanism = smtp_auth_choose(s, name, error);
	if (!l->login.mechanism || secret_get(o->account, o->secrets, &l->secret, error))
		return -1;
	l->who.password = buf_span(&l->secret);
	l->login.who = &l->who;
	l->is_due = may_share && l->login.mechanism->one_round_trip &&
		    wire_pipelining(smtp_wire(s));
	return l->is_due ? 0 : smtp_authenticate(s, name, &l->who, error);
}

struct smtp *relay_open(const struct relay_options *o, struct relay_login *login,
			struct error *error)
{
	struct relay_login own;
	struct relay_login *l = login ? login : &own;
	struct smtp *s;

	*l = (struct relay_login){0};
	buf_init(&l->secret, SECRET_MAX);
	s = relay_dial(o, error);
	if (s &&
	    (smtp_ready(s, error) || (account_wants_auth(o->account) &&
				      relay_authenticate(s, o, login != NULL, l, error)))) {
		smtp_leave(s);
		smtp_free(s);
		s = NULL;
	}
	if (!s || !l->is_due)
		relay_login_clear(l);
	return s;
}
