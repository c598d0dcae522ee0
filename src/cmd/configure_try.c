/* A first conversation with the relay: see configure_try.h. */
#include "cmd/configure_try.h"

#include "conf/keys.h"
#include "deliver/relay_trust.h"

enum { TRY_SECONDS = 10, TRY_ALL_SECONDS = 40, TRY_SHOWN_MAX = 300 };

/* A look should not take longer than a person waits. */
static int try_copy(struct account *copy, const struct account *a, struct error *error)
{
	*copy = (struct account){0};
	if (account_copy(copy, a))
		return error_set_memory(error);
	if (copy->timeout <= 0)
		copy->timeout = TRY_SECONDS;
	if (copy->attempt_timeout <= 0)
		copy->attempt_timeout = TRY_ALL_SECONDS;
	return 0;
}

/* What is known once TLS is there. */
static int try_show(const struct account *a, struct smtp *s, const char *shown, bool *auth,
		    struct error *error)
{
	struct tls_info info = {0};
	bool tls = conn_is_tls(wire_conn(smtp_wire(s)));
	struct span methods = {"", 0};
	int result = 0;

	if (tls && smtp_tls_state(s, &info, error))
		return -1;
	*auth = smtp_extension(s, "AUTH", &methods);
	prompt_say("%s: %s, %s; it offers %s%.*s", shown, tls ? info.version : "no TLS",
		   !tls            ? "on this machine"
		   : info.verified ? "trusted"
				   : "not trusted",
		   *auth ? "AUTH " : "no AUTH", (int)methods.len, methods.data);
	if (tls && !info.verified && a->tls_certcheck != SETTING_OFF)
		result = error_set(error, ERROR_RELAY, STAGE_TRUST, "%s", info.trust);
	tls_info_clear(&info);
	return result;
}

int configure_look(const struct setup *s, const struct account *a, bool *auth,
		   struct error *error)
{
	struct relay_trust trust = {.is_first = false};
	struct account copy;
	struct relay_options relay;
	char shown[TRY_SHOWN_MAX];
	struct smtp *session;
	int failed;

	*auth = false;
	if (try_copy(&copy, a, error)) {
		account_clear(&copy);
		return -1;
	}
	relay_show(&copy, shown, sizeof(shown));
	relay = context_relay(s->x, &copy);
	relay.inspect = true;
	relay.memory = NULL;
	relay.course = context_talk(s->x);
	session = relay_dial(&relay, &trust, error);
	failed = !session || smtp_ready(session, error);
	course_rest(relay.course);
	failed = failed || try_show(&copy, session, shown, auth, error);
	if (failed) {
		if (session)
			relay_advise(&copy, error);
		error_prefix(error, "%s", shown);
	}
	if (session)
		smtp_leave(session);
	smtp_free(session);
	relay_trust_clear(&trust);
	account_clear(&copy);
	return failed ? -1 : 0;
}

int configure_login(const struct setup *s, struct error *error)
{
	const struct account *a = &s->draft.account;
	struct account copy;
	struct relay_options relay;
	struct smtp *session = NULL;
	int failed = try_copy(&copy, a, error);

	if (!failed && s->secret.len > 0)
		failed = keys_set_value(&copy, "password", s->secret.data, error);
	relay = context_relay(s->x, &copy);
	relay.memory = NULL;
	relay.course = context_talk(s->x);
	if (!failed) {
		session = relay_open(&relay, NULL, error);
		if (!session)
			relay_blame(&copy, error);
	}
	if (session)
		smtp_leave(session);
	smtp_free(session);
	course_rest(relay.course);
	account_clear(&copy);
	return failed || !session ? -1 : 0;
}
