/* Authentication: see auth.h. */
#include "smtp/auth.h"

#include <string.h>

#include "base/base64.h"
#include "base/text.h"

enum {
	AUTH_CHALLENGES_MAX = 16,
	AUTH_LINE_MAX = 510, /* RFC 5321 section 4.5.3.1.4, without CRLF */
	AUTH_BUF_MAX = SASL_RESPONSE_MAX * 2
};

/* One exchange under way. */
struct auth {
	struct smtp *smtp;
	const struct sasl_mechanism *mechanism;
	const struct sasl_credentials *who;
	struct wire_slot slot;
	unsigned step;
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

/* The next response in base64, appended to line. An empty one is "=" where it is an initial
 * response (RFC 4954 section 4). */
static int auth_respond(struct auth *a, struct span challenge, struct buf *line,
			struct error *error)
{
	struct buf response;
	int failed;

	buf_init(&response, SASL_RESPONSE_MAX);
	failed = a->mechanism->respond(a->who, a->step++, challenge, &response, error);
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
 * too long for it. */
static int auth_begin(struct auth *a, struct error *error)
{
	struct buf line, shown;
	int failed = 0;

	buf_init(&line, AUTH_BUF_MAX);
	buf_init(&shown, 100);
	buf_printf(&line, "AUTH %s", a->mechanism->name);
	buf_add_span(&shown, buf_span(&line));
	if (a->mechanism->client_first) {
		size_t bare = line.len;

		buf_add_char(&line, ' ');
		failed = auth_respond(a, (struct span){0}, &line, error);
		if (!failed && line.len > AUTH_LINE_MAX) {
			explicit_bzero(line.data + bare, line.len - bare);
			buf_truncate(&line, bare);
			a->step = 0;
		} else {
			buf_add_string(&shown, " ***");
		}
	}
	if (!failed)
		failed = wire_issue_secret(smtp_wire(a->smtp), &a->slot, WIRE_AUTH,
					   buf_span(&line), shown.data, error);
	buf_wipe(&line);
	buf_clear(&shown);
	return failed;
}

/* Tells the relay that we give up (RFC 4954 section 4), which ends nothing but the exchange. */
static void auth_cancel(struct auth *a)
{
	struct error ignored;

	if (wire_issue(smtp_wire(a->smtp), &a->slot, WIRE_AUTH_RESPONSE, &ignored, "*") == 0)
		wire_collect(smtp_wire(a->smtp), &a->slot, &ignored);
}

/* Answers one 334. */
static int auth_answer(struct auth *a, struct error *error)
{
	struct buf challenge, line;
	int failed = 0;

	buf_init(&challenge, SASL_CHALLENGE_MAX);
	buf_init(&line, AUTH_BUF_MAX);
	if (a->step >= AUTH_CHALLENGES_MAX)
		failed = error_set(error, ERROR_RELAY, STAGE_AUTH,
				   "the relay never stops asking");
	else if (base64_decode(&challenge, span_trim(buf_span(&a->slot.reply.text))))
		failed = error_set(error, ERROR_RELAY, STAGE_AUTH,
				   "the relay's challenge to %s is not base64",
				   a->mechanism->name);
	else
		failed = auth_respond(a, buf_span(&challenge), &line, error) ||
			 wire_issue_secret(smtp_wire(a->smtp), &a->slot, WIRE_AUTH_RESPONSE,
					   buf_span(&line), "***", error);
	if (failed)
		auth_cancel(a);
	buf_wipe(&line);
	buf_wipe(&challenge);
	return failed;
}

int smtp_auth(struct smtp *s, const struct sasl_mechanism *m,
	      const struct sasl_credentials *who, struct error *error)
{
	struct auth a = {.smtp = s, .mechanism = m, .who = who};
	int failed;

	wire_slot_init(&a.slot);
	wire_hide(smtp_wire(s), who->password);
	failed = smtp_ready(s, error) || auth_refuse_clear(s, error) || auth_begin(&a, error) ||
		 wire_collect(smtp_wire(s), &a.slot, error);
	while (!failed && a.slot.reply.code == 334)
		failed = auth_answer(&a, error) || wire_collect(smtp_wire(s), &a.slot, error);
	if (!failed && a.slot.reply.code != 235) {
		failed = reply_refuse(&a.slot.reply, ERROR_RELAY, STAGE_AUTH,
				      a.slot.reply.code == 535 ? "user name or password"
							       : "to authenticate us",
				      error);
	}
	wire_hide(smtp_wire(s), (struct span){0});
	wire_slot_clear(&a.slot);
	return failed ? -1 : 0;
}

/* Fails for want of a mechanism, and says what would have been there. */
static int auth_none(struct smtp *s, const char *name, struct error *error)
{
	struct span offered = {0};

	if (!smtp_extension(s, "AUTH", &offered))
		return error_set(error, ERROR_RELAY, STAGE_AUTH,
				 "a user is configured, but the relay does not offer AUTH%s",
				 conn_is_tls(wire_conn(smtp_wire(s))) ? "" : " without TLS");
	return error_set(error, ERROR_RELAY, STAGE_AUTH,
			 "the relay offers AUTH %s, none of which %s%s", TEXT_SHOW(offered),
			 name ? "is " : "we have", name ? name : "");
}

/* The i-th mechanism in the order of preference, NULL behind the last. */
static const struct sasl_mechanism *auth_preferred(struct smtp *s, size_t i)
{
	static const struct sasl_mechanism *const under_tls[] = {&sasl_plain, &sasl_login,
								 &sasl_cram_md5, NULL};
	static const struct sasl_mechanism *const in_clear[] = {&sasl_cram_md5, &sasl_plain,
								&sasl_login, NULL};

	return conn_is_tls(wire_conn(smtp_wire(s))) ? under_tls[i] : in_clear[i];
}

static bool auth_usable(struct smtp *s, const struct sasl_mechanism *m, const char *name)
{
	return (!name || span_equals_nocase(span_of(name), m->name)) &&
	       capabilities_have_auth(smtp_capabilities(s), m->name);
}

int smtp_auth_check(struct smtp *s, const char *name, struct error *error)
{
	const struct sasl_mechanism *m;

	if (smtp_ready(s, error) || auth_refuse_clear(s, error))
		return -1;
	for (size_t i = 0; (m = auth_preferred(s, i)); i++)
		if (auth_usable(s, m, name))
			return 0;
	return auth_none(s, name, error);
}

int smtp_authenticate(struct smtp *s, const char *name, const struct sasl_credentials *who,
		      struct error *error)
{
	const struct sasl_mechanism *m;

	if (smtp_auth_check(s, name, error))
		return -1;
	for (size_t i = 0; (m = auth_preferred(s, i)); i++) {
		if (!auth_usable(s, m, name))
			continue;
		if (smtp_auth(s, m, who, error) == 0)
			return 0;
		if (wire_is_over(smtp_wire(s)) || (error->code != 504 && error->code != 534))
			return -1;
	}
	return -1;
}
