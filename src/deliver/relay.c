/* From an account to a session: see relay.h. */
#include "deliver/relay.h"

#include <errno.h>
#include <stdlib.h>

#include "base/dump.h"
#include "net/hostname.h"
#include "smtp/auth.h"

enum {
	RELAY_CONNECT_SECONDS = 60,
	RELAY_GREETING_SECONDS = 30 /* on port 465 in clear, where none is to be expected */
};

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

/* Whether the port is the one of TLS from the first byte, and that is not what we do. */
static bool relay_is_odd(const struct account *a)
{
	return account_port(a) == 465 && account_tls_mode(a) != ACCOUNT_TLS_IMPLICIT;
}

void relay_advise(const struct account *a, struct error *error)
{
	bool url = a->relay.scheme != ENDPOINT_NONE;
	bool implicit = account_tls_mode(a) == ACCOUNT_TLS_IMPLICIT;
	bool silent = error->stage == STAGE_GREETING && error->number == ETIMEDOUT && !implicit;

	if (error->number != EPROTOTYPE && !silent)
		return;
	if (implicit)
		error_append(error, url ? "; it may want STARTTLS on this port: write "
					  "submission:// instead of submissions://"
					: "; it may want STARTTLS on this port: say "
					  "\"tls_starttls on\", or use port 465");
	else
		error_append(error, url ? "; it may speak TLS from the first byte: write "
					  "submissions:// in the relay's URL"
					: "; it may speak TLS from the first byte: say "
					  "\"tls_starttls off\" (port 465 as a rule)");
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
		.greeting_seconds = relay_is_odd(a) ? RELAY_GREETING_SECONDS : 0,
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
	if (!s)
		relay_advise(a, error);
	return s;
}

/* Proves who we are. The secret is fetched only now, and wiped at once. */
static int relay_authenticate(struct smtp *s, const struct relay_options *o,
			      struct error *error)
{
	static const char *const names[] = {
		[ACCOUNT_AUTH_PLAIN] = "PLAIN",
		[ACCOUNT_AUTH_LOGIN] = "LOGIN",
		[ACCOUNT_AUTH_CRAM_MD5] = "CRAM-MD5",
	};
	struct sasl_credentials who = {.user = account_user(o->account),
				       .host = o->account->relay.host};
	struct buf secret;
	int failed;

	if (!who.user)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "account %s asks for authentication but names no user",
				 o->account->name);
	if (smtp_ready(s, error) || smtp_auth_check(s, names[o->account->auth], error))
		return -1;
	dump_forbid();
	buf_init(&secret, SECRET_MAX);
	failed = secret_get(o->account, o->secrets, &secret, error);
	who.password = buf_span(&secret);
	if (!failed)
		failed = smtp_authenticate(s, names[o->account->auth], &who, error);
	buf_wipe(&secret);
	return failed;
}

struct smtp *relay_open(const struct relay_options *o, struct error *error)
{
	struct smtp *s = relay_dial(o, error);

	if (!s)
		return NULL;
	if (smtp_ready(s, error) == 0 &&
	    (!account_wants_auth(o->account) || relay_authenticate(s, o, error) == 0))
		return s;
	relay_advise(o->account, error);
	smtp_leave(s);
	smtp_free(s);
	return NULL;
}
