/* From an account to a session: see relay.h. */
#include "deliver/relay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/dump.h"
#include "base/log.h"
#include "deliver/relay_trust.h"
#include "deliver/route.h"
#include "net/hostname.h"
#include "smtp/auth.h"

enum {
	RELAY_CONNECT_SECONDS = 60,
	RELAY_CONNECT_FIRST_SECONDS = 15,
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

/* Milliseconds to find the relay and to connect to it; where there are more, fewer. */
static int64_t relay_dial_time(const struct account *a, int64_t deadline, bool more)
{
	int seconds = more ? RELAY_CONNECT_FIRST_SECONDS : RELAY_CONNECT_SECONDS;
	int64_t own = (a->timeout > 0 ? a->timeout : seconds) * (int64_t)1000;
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

void relay_blame(const struct account *a, struct error *error)
{
	char name[RELAY_NAME_MAX];

	if (account_is_simple(a))
		error_prefix(error, "%s", relay_show(a, name, sizeof(name)));
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

void relay_say(const struct relay_options *o, const char *text)
{
	log_line(LOG_LEVEL_NOTICE, "%s", text);
	if (o->listener)
		o->listener(o->listener_context, '*', span_of(text));
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
	buf_init_secret(&secret, SECRET_MAX);
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

/* One attempt to open a session, by one way after the other. */
struct relay_call {
	struct relay_options o;    /* the account is the way's */
	struct relay_login *login; /* or NULL: only dial */
	struct relay_trust *trust; /* of the way */
	bool may_share;            /* AUTH may be left to the flight */
	int64_t deadline;
	struct route route;
	const struct route_way *way;
};

/* TLS is no matter of the offer where the relay is known to have it, so that an offer that is
 * missing was taken away (RFC 7672 section 2.2), or where nobody is to be believed without. */
static void relay_insist(const struct relay_call *call, struct smtp_options *options)
{
	if (options->tls == SMTP_TLS_IF_OFFERED && !call->o.inspect &&
	    (options->tls_policy.tlsa_count > 0 || options->tls_policy.known ||
	     call->o.account->tls_trust == ACCOUNT_TRUST_DANE_ONLY))
		options->tls = SMTP_TLS_REQUIRED;
}

static struct smtp *relay_dial_way(const struct relay_call *call, struct error *error)
{
	const struct relay_options *o = &call->o;
	const struct account *a = o->account;
	const struct endpoint e = relay_endpoint(a);
	struct relay_options listening = *o;
	struct dial_options how = {
		.source_ip = a->source_ip,
		.interface = a->bind_interface,
		.family = relay_family(a),
		.note = o->listener ? relay_note : NULL,
		.note_context = &listening,
		.course = o->course,
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
		.deadline = call->deadline,
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
	options.local_name = relay_local_name(a, &name);
	call->trust->deadline = call->deadline;
	if (relay_trust_prepare(call->trust, o, call->way, &e, &options.tls_policy, error) ==
	    0) {
		how.timeout = relay_dial_time(a, call->deadline, route_has_more(&call->route));
		relay_insist(call, &options);
		s = relay_connect(a, &how, &options, error);
	}
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

/* The secret of whom the configuration names: for srv:// the domain's, whatever host the DNS
 * leads to. */
static int relay_secret(const struct relay_call *call, struct error *error)
{
	struct account named = call->way->account;

	if (call->way->domain.scheme != ENDPOINT_NONE)
		named.relay = call->way->domain;
	return secret_get(&named, call->o.secrets, &call->login->secret, error);
}

/* Proves who we are, or makes ready to do so in the flight to come. The secret is fetched only
 * here. */
static int relay_authenticate(struct smtp *s, const struct relay_call *call,
			      struct error *error)
{
	const struct relay_options *o = &call->o;
	const struct smtp_auth_choice choice = relay_choice(o);
	const struct sasl_mechanism *first;
	struct relay_login *l = call->login;

	l->who = relay_credentials(o->account);
	if (!l->who.user && !choice.mechanism && !choice.certificate)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "account %s asks for authentication but names no user",
				 o->account->name);
	first = smtp_auth_first(s, &choice, &l->who, error);
	dump_forbid();
	course_enter(o->course, COURSE_SECRET);
	if (!first || (first->needs_secret && l->who.user && relay_secret(call, error)))
		return -1;
	course_rest(o->course);
	l->who.password = buf_span(&l->secret);
	l->login = (struct smtp_login){first, &l->who};
	l->is_due = call->may_share && first->one_round_trip && wire_pipelining(smtp_wire(s));
	return l->is_due ? 0 : smtp_authenticate(s, &choice, &l->who, error);
}

/* A session by one way, which is freed with it; after a failure the way stays the caller's. */
static struct smtp *relay_go_once(struct relay_call *call, struct route_way *way,
				  struct error *error)
{
	const struct endpoint e = relay_endpoint(&way->account);
	struct smtp *s;

	call->o.account = &way->account;
	call->way = way;
	relay_trust_clear(call->trust);
	s = relay_dial_way(call, error);
	if (!s) {
		relay_trust_advise(way, error);
		return NULL;
	}
	if (!call->login ||
	    (smtp_ready(s, error) == 0 &&
	     relay_trust_remember(call->trust, &call->o, &e, s, error) == 0 &&
	     (!account_wants_auth(&way->account) || relay_authenticate(s, call, error) == 0))) {
		smtp_keep(s, way, route_way_free);
		return s;
	}
	relay_advise(&way->account, error);
	relay_trust_advise(way, error);
	relay_login_clear(call->login);
	smtp_leave(s);
	smtp_free(s);
	return NULL;
}

/* Some servers end TLS where a session is to go on that they cannot resume, instead of
 * beginning a new one: that costs a connection, and no mail. */
static struct smtp *relay_go(struct relay_call *call, struct route_way *way,
			     struct error *error)
{
	struct smtp *s = relay_go_once(call, way, error);

	if (s || error->stage != STAGE_TLS || !call->trust->resumes)
		return s;
	call->o.no_tickets = true;
	s = relay_go_once(call, way, error);
	call->o.no_tickets = false;
	return s;
}

/* Says that the next way is tried. */
static void relay_tell_next(const struct relay_call *call, const struct route_way *way,
			    const struct error *why)
{
	struct buf line;

	buf_init(&line, 2 * ERROR_TEXT_MAX);
	buf_printf(&line, "%s: %s; trying the next relay", way->name, why->text);
	relay_say(&call->o, line.data);
	buf_clear(&line);
}

/* What all failures come to: one that may pass by itself where there is one, and the texts of
 * all. What no other relay may mend stands for itself. */
static void relay_add_failure(struct error *all, struct buf *texts, const struct route_way *way,
			      const struct error *one)
{
	buf_printf(texts, "%s%s: %s", texts->len > 0 ? "; " : "", way->name, one->text);
	if (all->class == ERROR_NONE || !route_may_go_on(one) ||
	    (one->class == ERROR_TEMPORARY && all->class != ERROR_TEMPORARY))
		*all = *one;
}

/* By when srv:// must have been looked up. */
static int64_t relay_look_up_deadline(const struct relay_call *call)
{
	return clock_in(relay_dial_time(call->route.account, call->deadline, false));
}

static struct smtp *relay_try(struct relay_call *call, struct error *error)
{
	struct error all = {.class = ERROR_NONE}, one;
	struct route_way *way;
	struct smtp *s = NULL;
	struct buf texts;
	int got, tried = 0;

	buf_init(&texts, ERROR_TEXT_MAX - 1);
	while (!s && (got = route_next(&call->route, relay_look_up_deadline(call), &way,
				       &one)) != 0) {
		s = got > 0 ? relay_go(call, way, &one) : NULL;
		if (s) {
			route_worked(&call->route, way);
			break;
		}
		tried++;
		relay_add_failure(&all, &texts, way, &one);
		if (route_may_go_on(&one)) {
			route_failed(&call->route, way);
			if (route_has_more(&call->route))
				relay_tell_next(call, way, &one);
		}
		route_way_free(way);
		if (!route_may_go_on(&one))
			break;
	}
	if (!s) {
		*error = all;
		if (!account_is_simple(call->route.account) && tried > 0)
			snprintf(error->text, sizeof(error->text), "%s", texts.data);
	}
	buf_clear(&texts);
	return s;
}

/* With a login: all that comes before MAIL; without: only dial. */
static struct smtp *relay_call(const struct relay_options *o, struct relay_login *login,
			       struct relay_trust *trust, bool may_share, struct error *error)
{
	struct relay_call call = {.o = *o,
				  .login = login,
				  .trust = trust,
				  .may_share = may_share,
				  .deadline = relay_deadline(o->account)};
	struct smtp *s = NULL;

	relay_tell_account(o);
	if (route_init(&call.route, o->account, o->memory, error) == 0)
		s = relay_try(&call, error);
	route_clear(&call.route);
	return s;
}

struct smtp *relay_dial(const struct relay_options *o, struct relay_trust *trust,
			struct error *error)
{
	return relay_call(o, NULL, trust, false, error);
}

struct smtp *relay_open(const struct relay_options *o, struct relay_login *login,
			struct error *error)
{
	struct relay_trust trust = {.is_first = false};
	struct relay_login own;
	struct relay_login *l = login ? login : &own;
	struct smtp *s;

	*l = (struct relay_login){0};
	buf_init_secret(&l->secret, SECRET_MAX);
	s = relay_call(o, l, &trust, login != NULL, error);
	relay_trust_clear(&trust);
	if (!s || !l->is_due)
		relay_login_clear(l);
	return s;
}
