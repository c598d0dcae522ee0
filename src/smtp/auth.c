/* Authentication: see auth.h. */
#include "smtp/auth.h"

#include <stdio.h>

#include "base/base64.h"
#include "base/text.h"

enum {
	AUTH_CHALLENGES_MAX = 16,
	AUTH_LINE_MAX = SMTP_AUTH_LINE_MAX - 2, /* RFC 5321 section 4.5.3.1.4, without CRLF */
	AUTH_BINDING_MAX = 256,
	AUTH_BEHIND = 1000, /* behind the last mechanism, and the one that was refused */
	AUTH_BUF_MAX = SASL_RESPONSE_MAX * 2
};

/* One exchange under way. */
struct auth {
	struct smtp *smtp;
	struct sasl_credentials who; /* with the channel binding */
	struct sasl_exchange exchange;
	struct buf binding;
	struct wire_slot slot;
};

/* What would let the password go. */
static const char *auth_advise(struct smtp *s)
{
	const struct conn *c = wire_conn(smtp_wire(s));

	if (conn_is_tls(c))
		return "name what to trust with tls_trust_file or tls_fingerprint";
	if (smtp_extension(s, "STARTTLS", NULL))
		return "the relay offers STARTTLS: say \"tls on\"";
	if (conn_is_loopback(c))
		return "for a relay on this machine \"tls off\" allows it";
	return "this relay offers no TLS on this port";
}

static int auth_refuse_clear(struct smtp *s, struct error *error)
{
	if (smtp_may_carry_secret(s))
		return 0;
	return error_set(error, ERROR_RELAY, STAGE_AUTH,
			 "the password is not sent, because the connection is not protected by "
			 "verified TLS; %s",
			 auth_advise(s));
}

static bool auth_offers(const struct smtp *s, const struct sasl_mechanism *m)
{
	return capabilities_have_auth(smtp_capabilities(s), m->name);
}

/* The binding of the TLS session into who, its data into out. */
static void auth_bind(struct smtp *s, struct sasl_credentials *who, struct buf *out)
{
	if (conn_channel_binding(wire_conn(smtp_wire(s)), &who->binding_type, out))
		return;
	who->binding = buf_span(out);
	who->binding_offered = auth_offers(s, &sasl_scram_sha_256_plus) ||
			       auth_offers(s, &sasl_scram_sha_1_plus);
}

/* The next response in base64, appended to line. An empty one is "=" where it is an initial
 * response (RFC 4954 section 4). */
static int auth_respond(struct sasl_exchange *x, struct span challenge, struct buf *line,
			struct error *error)
{
	struct buf response;
	int failed;

	buf_init_secret(&response, SASL_RESPONSE_MAX);
	failed = sasl_respond(x, challenge, &response, error);
	if (!failed && response.len == 0 && line->len > 0)
		buf_add_char(line, '=');
	else if (!failed)
		base64_encode(line, buf_span(&response));
	if (!failed && (buf_failed(&response) || buf_failed(line)))
		failed = error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				   "user name or password is too long");
	buf_wipe(&response);
	return failed;
}

/* The AUTH command, with an initial response where the mechanism has one and the line is not
 * too long for it: else the exchange begins anew, and the relay asks first. */
static int auth_begin(struct auth *a, const struct sasl_mechanism *m, struct error *error)
{
	struct buf line;
	char shown[100];
	int failed = sasl_begin(&a->exchange, m, &a->who, error);

	buf_init_secret(&line, AUTH_BUF_MAX);
	buf_printf(&line, "AUTH %s ", m->name);
	snprintf(shown, sizeof(shown), "AUTH %s ***", m->name);
	if (!failed && m->client_first)
		failed = auth_respond(&a->exchange, (struct span){0}, &line, error);
	if (!failed && (!m->client_first || line.len > AUTH_LINE_MAX)) {
		buf_wipe(&line);
		buf_printf(&line, "AUTH %s", m->name);
		shown[line.len] = '\0';
		sasl_end(&a->exchange);
		failed = sasl_begin(&a->exchange, m, &a->who, error);
	}
	if (!failed)
		failed = wire_issue_secret(smtp_wire(a->smtp), &a->slot, WIRE_AUTH,
					   buf_span(&line), shown, error);
	buf_wipe(&line);
	return failed;
}

/* Tells the relay that we give up (RFC 4954 section 4), and keeps the reason. */
static int auth_cancel(struct auth *a)
{
	struct error ignored;

	if (wire_issue(smtp_wire(a->smtp), &a->slot, WIRE_AUTH_RESPONSE, &ignored, "*") == 0)
		wire_collect(smtp_wire(a->smtp), &a->slot, &ignored);
	return -1;
}

/* Answers one 334. */
static int auth_answer(struct auth *a, struct error *error)
{
	struct buf challenge, line;
	int failed = 0;

	buf_init(&challenge, SASL_CHALLENGE_MAX);
	buf_init_secret(&line, AUTH_BUF_MAX);
	if (a->exchange.step >= AUTH_CHALLENGES_MAX)
		failed = error_set(error, ERROR_RELAY, STAGE_AUTH,
				   "the relay never stops asking");
	else if (base64_decode(&challenge, span_trim(buf_span(&a->slot.reply.text))))
		failed = error_set(error, ERROR_RELAY, STAGE_AUTH,
				   "the relay's challenge to %s is not base64",
				   a->exchange.mechanism->name);
	else
		failed = auth_respond(&a->exchange, buf_span(&challenge), &line, error);
	if (!failed)
		failed = wire_issue_secret(smtp_wire(a->smtp), &a->slot, WIRE_AUTH_RESPONSE,
					   buf_span(&line), "***", error);
	if (failed)
		auth_cancel(a);
	buf_wipe(&line);
	buf_wipe(&challenge);
	return failed;
}

int smtp_auth_judge(const struct reply *r, const struct sasl_mechanism *m, struct error *error)
{
	if (r->code == 235)
		return 0;
	return reply_refuse(r, ERROR_RELAY, STAGE_AUTH,
			    r->code == 535 ? m->proof : "to authenticate us", error);
}

/* The end of an exchange: what the relay said inside it explains its refusal. */
static int auth_finish(struct auth *a, struct error *error)
{
	const struct buf *complaint = &a->exchange.complaint;

	if (smtp_auth_judge(&a->slot.reply, a->exchange.mechanism, error) == 0)
		return sasl_finish(&a->exchange, error);
	if (complaint->len > 0)
		error_prefix(error, "%s", complaint->data);
	return -1;
}

int smtp_auth(struct smtp *s, const struct sasl_mechanism *m,
	      const struct sasl_credentials *who, struct error *error)
{
	struct auth a = {.smtp = s, .who = *who};
	int failed;

	if (smtp_ready(s, error) || auth_refuse_clear(s, error))
		return -1;
	wire_slot_init(&a.slot);
	buf_init(&a.binding, AUTH_BINDING_MAX);
	auth_bind(s, &a.who, &a.binding);
	wire_hide(smtp_wire(s), who->password);
	failed = auth_begin(&a, m, error) || wire_collect(smtp_wire(s), &a.slot, error);
	while (!failed && a.slot.reply.code == 334)
		failed = auth_answer(&a, error) || wire_collect(smtp_wire(s), &a.slot, error);
	if (!failed)
		failed = auth_finish(&a, error);
	wire_hide(smtp_wire(s), (struct span){0});
	sasl_end(&a.exchange);
	buf_wipe(&a.binding);
	wire_slot_clear(&a.slot);
	return failed ? -1 : 0;
}

int smtp_auth_line(struct smtp *s, const struct sasl_mechanism *m,
		   const struct sasl_credentials *who, struct buf *line, struct buf *shown,
		   struct error *error)
{
	struct sasl_exchange x;
	struct buf whole;
	int result;

	if (!m->one_round_trip)
		return 0;
	if (auth_refuse_clear(s, error))
		return -1;
	buf_init_secret(&whole, AUTH_BUF_MAX);
	buf_printf(&whole, "AUTH %s ", m->name);
	result = sasl_begin(&x, m, who, error) ||
				 auth_respond(&x, (struct span){0}, &whole, error)
			 ? -1
			 : whole.len <= AUTH_LINE_MAX;
	if (result > 0) {
		buf_add_span(line, buf_span(&whole));
		buf_printf(shown, "AUTH %s ***", m->name);
	}
	sasl_end(&x);
	buf_wipe(&whole);
	return result;
}

/* The mechanisms by preference; NULL ends each list. EXTERNAL is last, because who names a user
 * wants to be that user. */
static const struct sasl_mechanism *const *auth_order(struct smtp *s, bool strong)
{
	static const struct sasl_mechanism *const under_tls[] = {
		&sasl_plain,
		&sasl_scram_sha_256_plus,
		&sasl_scram_sha_256,
		&sasl_scram_sha_1_plus,
		&sasl_scram_sha_1,
		&sasl_login,
		&sasl_cram_md5,
		&sasl_external,
		NULL,
	};
	static const struct sasl_mechanism *const strongest[] = {
		&sasl_scram_sha_256_plus,
		&sasl_scram_sha_1_plus,
		&sasl_scram_sha_256,
		&sasl_scram_sha_1,
		&sasl_cram_md5,
		&sasl_plain,
		&sasl_login,
		&sasl_external,
		NULL,
	};

	return conn_is_tls(wire_conn(smtp_wire(s))) && !strong ? under_tls : strongest;
}

static bool auth_can_bind(struct smtp *s)
{
	struct sasl_credentials who = {0};
	struct buf data;

	buf_init(&data, AUTH_BINDING_MAX);
	auth_bind(s, &who, &data);
	buf_wipe(&data);
	return who.binding_type != NULL;
}

/* Whether m can be tried without having been asked for by name. */
static bool auth_suits(struct smtp *s, const struct sasl_mechanism *m,
		       const struct smtp_auth_choice *choice,
		       const struct sasl_credentials *who)
{
	if ((m->needs_user && !who->user) || (m == &sasl_external && !choice->certificate) ||
	    (!m->takes_identity && who->identity && *who->identity))
		return false;
	return !m->binds || auth_can_bind(s);
}

/* The i-th mechanism to try, NULL behind the last. *i is moved on behind it. */
static const struct sasl_mechanism *auth_next(struct smtp *s,
					      const struct smtp_auth_choice *choice,
					      const struct sasl_credentials *who, size_t *i)
{
	const struct sasl_mechanism *const *order = auth_order(s, choice->strong);
	const struct sasl_mechanism *m;

	if (choice->mechanism) {
		m = *i == 0 ? sasl_find(span_of(choice->mechanism)) : NULL;
		*i = 1;
		return m && auth_offers(s, m) ? m : NULL;
	}
	while (*i != AUTH_BEHIND && (m = order[*i])) {
		++*i;
		if (m != choice->refused && auth_offers(s, m) && auth_suits(s, m, choice, who))
			return m;
	}
	m = *i != AUTH_BEHIND ? choice->refused : NULL;
	*i = AUTH_BEHIND;
	return m && auth_offers(s, m) && auth_suits(s, m, choice, who) ? m : NULL;
}

/* Fails for want of a mechanism, and says what would have been there. */
static void auth_none(struct smtp *s, const struct smtp_auth_choice *choice,
		      const struct sasl_credentials *who, struct error *error)
{
	struct span offered = {0};
	const char *name = choice->mechanism;
	const char *lack = "we have";

	if (!smtp_extension(s, "AUTH", &offered)) {
		error_set(error, ERROR_RELAY, STAGE_AUTH,
			  "a user is configured, but the relay does not offer AUTH%s",
			  conn_is_tls(wire_conn(smtp_wire(s))) ? "" : " without TLS");
		return;
	}
	if (!name && !who->user)
		lack = "works without a user name (set user)";
	else if (!name && who->identity && *who->identity)
		lack = "we have and takes an auth_identity";
	error_set(error, ERROR_RELAY, STAGE_AUTH,
		  "the relay offers AUTH %s, none of which %s%s", TEXT_SHOW(offered),
		  name ? "is " : lack, name ? name : "");
}

const struct sasl_mechanism *smtp_auth_first(struct smtp *s,
					     const struct smtp_auth_choice *choice,
					     const struct sasl_credentials *who,
					     struct error *error)
{
	const struct sasl_mechanism *m;
	size_t i = 0;

	if (smtp_ready(s, error) || auth_refuse_clear(s, error))
		return NULL;
	m = auth_next(s, choice, who, &i);
	if (!m)
		auth_none(s, choice, who, error);
	return m;
}

/* Whether a refusal of m may only mean that the relay keeps no form of the password that m
 * could be checked with. */
static bool auth_may_try_plain(struct smtp *s, const struct sasl_mechanism *m,
			       const struct smtp_auth_choice *choice)
{
	return !choice->mechanism && choice->refused != &sasl_plain && m->hides_secret &&
	       !m->binds && auth_offers(s, &sasl_plain) &&
	       conn_is_verified(wire_conn(smtp_wire(s)));
}

int smtp_authenticate(struct smtp *s, const struct smtp_auth_choice *choice,
		      const struct sasl_credentials *who, struct error *error)
{
	const struct sasl_mechanism *m = smtp_auth_first(s, choice, who, error);
	bool tried_plain = false;
	size_t i = 0;

	if (!m)
		return -1;
	while ((m = auth_next(s, choice, who, &i))) {
		if (smtp_auth(s, m, who, error) == 0)
			return 0;
		tried_plain |= m == &sasl_plain;
		if (wire_is_over(smtp_wire(s)))
			return -1;
		if (error->code == 535 && !tried_plain && auth_may_try_plain(s, m, choice))
			return smtp_auth(s, &sasl_plain, who, error);
		if (error->code != 504 && error->code != 534)
			return -1;
	}
	return -1;
}
