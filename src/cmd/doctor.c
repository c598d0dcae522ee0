/*
 * The walk: see doctor.h. A check runs when those that it depends on have passed and it makes
 * sense for the account's kind of relay; what it finds it says itself (cmd/doctor_report.h).
 */
#include "cmd/doctor.h"

#include <errno.h>

#include "cmd/doctor_config.h"
#include "cmd/doctor_login.h"
#include "cmd/doctor_queue.h"
#include "cmd/doctor_relay.h"
#include "cmd/doctor_report.h"
#include "cmd/doctor_system.h"
#include "cmd/doctor_tls.h"

enum doctor_id {
	CONFIGURATION,
	ACCOUNT,
	ALIASES,
	LOG,
	SECRET,
	NAME,
	SANDBOX,
	MAILBOX,
	LOOKUP,
	CONNECT,
	TRUST,
	GREETING,
	HELLO,
	STARTTLS,
	TLS,
	CLOCK,
	CERTIFICATE,
	INSIDE_GREETING,
	CAPABILITIES,
	LOGIN,
	SENDER,
	RECIPIENT,
	SEND_TEST,
	QUEUE,
	BACKLOG,
	RUNNER,
	SENDMAIL,
	DOCTOR_CHECKS
};

/* Kinds of relay. */
enum {
	CLEAR = 1 << 0,
	BY_STARTTLS = 1 << 1,
	IMPLICIT = 1 << 2,
	KEPT = 1 << 3, /* no relay: messages stay on this machine */
	FAR = CLEAR | BY_STARTTLS | IMPLICIT,
	ALL = FAR | KEPT
};

#define ON(check) (1U << (check))

static const struct doctor_check {
	const char *name;
	void (*run)(struct doctor *d);
	unsigned kinds;
	unsigned needs; /* which must have passed */
} checks[] = {
	[CONFIGURATION] = {"configuration", doctor_configuration, ALL, 0},
	[ACCOUNT] = {"account", doctor_account, ALL, ON(CONFIGURATION)},
	[ALIASES] = {"aliases", doctor_aliases, ALL, ON(ACCOUNT)},
	[LOG] = {"log", doctor_log, ALL, ON(ACCOUNT)},
	[SECRET] = {"secret", doctor_secret, FAR, ON(ACCOUNT)},
	[NAME] = {"own name", doctor_name, FAR, ON(ACCOUNT)},
	[SANDBOX] = {"sandbox", doctor_sandbox, ALL, ON(ACCOUNT)},
	[MAILBOX] = {"mailbox", doctor_mailbox, KEPT, ON(SANDBOX)},
	[LOOKUP] = {"lookup", doctor_lookup, FAR, ON(ACCOUNT) | ON(SANDBOX)},
	[CONNECT] = {"connect", doctor_connect, FAR, ON(LOOKUP)},
	[TRUST] = {"trust", doctor_trust, BY_STARTTLS | IMPLICIT, ON(CONNECT)},
	[GREETING] = {"greeting", doctor_greeting, CLEAR | BY_STARTTLS,
		      ON(CONNECT) | ON(TRUST)},
	[HELLO] = {"hello", doctor_hello, BY_STARTTLS, ON(GREETING)},
	[STARTTLS] = {"starttls", doctor_starttls, BY_STARTTLS, ON(HELLO)},
	[TLS] = {"tls", doctor_tls, BY_STARTTLS | IMPLICIT, ON(TRUST) | ON(STARTTLS)},
	[CLOCK] = {"clock", doctor_clock, BY_STARTTLS | IMPLICIT, ON(TLS)},
	[CERTIFICATE] = {"certificate", doctor_certificate, BY_STARTTLS | IMPLICIT, ON(CLOCK)},
	[INSIDE_GREETING] = {"greeting", doctor_greeting, IMPLICIT, ON(CERTIFICATE)},
	[CAPABILITIES] = {"capabilities", doctor_capabilities, FAR,
			  ON(GREETING) | ON(CERTIFICATE) | ON(INSIDE_GREETING)},
	[LOGIN] = {"login", doctor_login, FAR, ON(CAPABILITIES) | ON(SECRET)},
	[SENDER] = {"sender", doctor_sender, FAR, ON(LOGIN)},
	[RECIPIENT] = {"recipient", doctor_recipient, FAR, ON(SENDER)},
	[SEND_TEST] = {"send test", doctor_send_test, ALL, ON(RECIPIENT) | ON(MAILBOX)},
	[QUEUE] = {"queue", doctor_queue, ALL, ON(ACCOUNT)},
	[BACKLOG] = {"backlog", doctor_backlog, ALL, ON(QUEUE)},
	[RUNNER] = {"runner", doctor_runner, ALL, ON(QUEUE)},
	[SENDMAIL] = {"sendmail", doctor_sendmail, ALL, 0},
};

static unsigned doctor_kind(const struct doctor *d)
{
	if (!d->has_account)
		return BY_STARTTLS;
	if (endpoint_is_store(&d->account.relay))
		return KEPT;
	switch (d->tls) {
	case ACCOUNT_TLS_NEVER: return CLEAR;
	case ACCOUNT_TLS_IMPLICIT: return IMPLICIT;
	default: return BY_STARTTLS;
	}
}

/* The first of the checks that one needs and that has not passed; NULL: it may run. */
static const char *doctor_obstacle(const struct doctor_check *c, unsigned failed)
{
	for (size_t i = 0; i < DOCTOR_CHECKS; i++)
		if (c->needs & failed & ON(i))
			return checks[i].name;
	return NULL;
}

static void doctor_walk(struct doctor *d)
{
	unsigned failed = 0;

	for (size_t i = 0; i < DOCTOR_CHECKS; i++) {
		const struct doctor_check *c = &checks[i];
		const char *obstacle = doctor_obstacle(c, failed);

		if (!(c->kinds & doctor_kind(d)))
			continue;
		d->check = c->name;
		d->passed = true;
		if (obstacle)
			doctor_unchecked(d, obstacle);
		else
			c->run(d);
		if (!d->passed)
			failed |= ON(i);
	}
}

int cmd_doctor(struct context *x)
{
	struct doctor d;
	struct error error;
	int code;

	context_attend(x, "nothing was sent");
	doctor_init(&d, x);
	doctor_walk(&d);
	code = d.code;
	if (doctor_conclude(&d)) {
		error_set_errno(&error, ERROR_LOCAL, STAGE_INPUT, errno,
				"cannot write to standard output");
		code = context_fail(x, &error);
	}
	doctor_clear(&d);
	return code;
}
