/* From an account to a session: see relay.h. */
#include "deliver/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/dump.h"
#include "deliver/relay_trust.h"
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

static int relay_family(const struct account *a)
{
	switch (a->address_family) {
	case ACCOUNT_FAMILY_IPV4: return AF_INET;
	case ACCOUNT_FAMILY_IPV6: return AF_INET6;
	case ACCOUNT_FAMILY_ANY: break;
	}
	return AF_UNSPEC;
}

int64_t relay_deadline(const struct account *a)
{
	return a->attempt_timeout > 0 ? clock_in(a->attempt_timeout * (int64_t)1000)
				      : CLOCK_NEVER;
}

/* Milliseconds to find the relay and to connect to it. */
static int64_t relay_dial_time(const struct account *a, int64_t deadline)
{
	int64_t own = (a->timeout > 0 ? a->timeout : RELAY_CONNECT_SECONDS) * (int64_t)1000;
	int64_t left = deadline == CLOCK_NEVER ? own : clock_left(deadline);

	return left < own ? left : own;
}

/* What goes on below, for who listens to the session. */
static void relay_note(void *context, const char *text)
{
	const struct relay_options *o = context;

	o->listener(o->listener_context, '*', span_of(text));
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
	bool url = !endpoint_is_bare(&a->relay);
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

void relay_tell_account(const struct relay_options *o)
{
	struct buf line;

	if (!o->listener)
		return;
	buf_init(&line, 8192);
	buf_add_string(&line, "account ");
	account_show(o->account, &line);
	o->listener(o->listener_context, '*', buf_span(&line));
	buf_clear(&line);
}

/* smtp_dial(), through the account's proxy if it has one. The proxy's password is fetched only
 * here. */
static struct smtp *relay_connect(const struct account *a, struct dial_options *how,
				  const struct smtp_options *options, struct error *error)
{
	const struct endpoint e = relay_endpoint(a);
	struct proxy proxy = {.endpoint = &a->proxy, .clear = a->proxy_cleartext == SETTING_ON};
	struct buf secret;
	struct smtp *s = NULL;

	if (a->proxy.scheme == ENDPOINT_NONE)
		return smtp_dial(&e, how, options, error);
	buf_init(&secret, SECRET_MAX);
	if (a->proxy.user)
		dump_forbid();
	if (!a->proxy.user || secret_get_proxy(a, &secret, error) == 0) {
		proxy.password = buf_span(&secret);
		how->proxy = &proxy;
		s = smtp_dial(&e, how, options, error);
	}
	buf_wipe(&secret);
	return s;
}

struct smtp *relay_dial(const struct relay_options *o, struct relay_trust *trust,
			struct error *error)
{
	const struct account *a = o->account;
	const struct endpoint e = relay_endpoint(a);
	const int64_t deadline = relay_deadline(a);
	struct relay_options listening = *o;
	struct dial_options how = {
		.timeout = relay_dial_time(a, deadline),
		.source_ip = a->source_ip,
		.interface = a->bind_interface,
		.family = relay_family(a),
		.note = o->listener ? relay_note : NULL,
		.note_context = &listening,
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
				.pins = a->tls_pin,
				.minimum = (enum tls_minimum)a->tls_min_version,
			},
		.lmtp = account_is_lmtp(a),
		.clear_secret = a->tls == SETTING_OFF && !o->inspect,
		.timeout_scale = a->timeout_scale,
		.greeting_seconds = relay_is_odd(a) ? RELAY_GREETING_SECONDS : 0,
		.deadline = deadline,
		.listener = o->listener,
		.listener_context = o->listener_context,
	};
	struct smtp *s = NULL;
	struct buf name;

	if (account_is_store(a)) {
		error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			  "the account's messages go there, and there is no server to ask");
		return NULL;
	}
	buf_init(&name, 256);
	relay_tell_account(o);
	options.local_name = relay_local_name(a, &name);
	if (relay_trust_prepare(trust, o, &e, &options.tls_policy, error) == 0)
		s = relay_connect(a, &how, &options, error);
	buf_clear(&name);
	if (!s)
		relay_advise(a, error);
	return s;
}

/* What the account says on the mechanism. */
static struct smtp_auth_choice relay_choice(const struct relay_options *o)
{
	const struct account *a = o->account;
	static const char *const names[] = {
		[ACCOUNT_AUTH_PLAIN] = "PLAIN",
		[ACCOUNT_AUTH_LOGIN] = "LOGIN",
		[ACCOUNT_AUTH_CRAM_MD5] = "CRAM-MD5",
		[ACCOUNT_AUTH_SCRAM_SHA_1] = "SCRAM-SHA-1",
		[ACCOUNT_AUTH_SCRAM_SHA_1_PLUS] = "SCRAM-SHA-1-PLUS",
		[ACCOUNT_AUTH_SCRAM_SHA_256] = "SCRAM-SHA-256",
		[ACCOUNT_AUTH_SCRAM_SHA_256_PLUS] = "SCRAM-SHA-256-PLUS",
		[ACCOUNT_AUTH_XOAUTH2] = "XOAUTH2",
		[ACCOUNT_AUTH_OAUTHBEARER] = "OAUTHBEARER",
		[ACCOUNT_AUTH_EXTERNAL] = "EXTERNAL",
		[ACCOUNT_AUTH_GSSAPI] = "GSSAPI",
	};

	return (struct smtp_auth_choice){
		.mechanism = names[a->auth],
		.strong = a->auth == ACCOUNT_AUTH_STRONG,
		.certificate = a->tls_cert_file != NULL,
		.refused = o->refused,
	};
}

/* Whom the account says we are: all but the secret. */
static struct sasl_credentials relay_credentials(const struct account *a)
{
	return (struct sasl_credentials){
		.identity = a->auth_identity,
		.user = account_user(a),
		.host = a->relay.host,
		.port = account_port(a),
	};
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
	const struct smtp_auth_choice choice = relay_choice(o);
	const struct sasl_mechanism *first;

	l->who = relay_credentials(o->account);
	if (!l->who.user && !choice.mechanism && !choice.certificate)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "account %s asks for authentication but names no user",
				 o->account->name);
	first = smtp_auth_first(s, &choice, &l->who, error);
	dump_forbid();
	if (!first || (first->needs_secret && l->who.user &&
		       secret_get(o->account, o->secrets, &l->secret, error)))
		return -1;
	l->who.password = buf_span(&l->secret);
	l->login = (struct smtp_login){first, &l->who};
	l->is_due = may_share && first->one_round_trip && wire_pipelining(smtp_wire(s));
	return l->is_due ? 0 : smtp_authenticate(s, &choice, &l->who, error);
}

struct smtp *relay_open(const struct relay_options *o, struct relay_login *login,
			struct error *error)
{
	const struct endpoint e = relay_endpoint(o->account);
	struct relay_trust trust = {.is_first = false};
	struct relay_login own;
	struct relay_login *l = login ? login : &own;
	struct smtp *s;

	*l = (struct relay_login){0};
	buf_init_secret(&l->secret, SECRET_MAX);
	s = relay_dial(o, &trust, error);
	if (s && (smtp_ready(s, error) || relay_trust_remember(&trust, o, &e, s, error) ||
		  (account_wants_auth(o->account) &&
		   relay_authenticate(s, o, login != NULL, l, error)))) {
		relay_advise(o->account, error);
		smtp_leave(s);
		smtp_free(s);
		s = NULL;
	}
	relay_trust_clear(&trust);
	if (!s || !l->is_due)
		relay_login_clear(l);
	return s;
}
