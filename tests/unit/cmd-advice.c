/* What to do about a failure: by stages, codes and the words of providers. */
#include "cmd/advice.h"

#include <errno.h>

#include "test.h"

/* An account like most, and one that has no login at a relay far away on port 25. */
static const struct advice_facts with_login = {
	.port = 587,
	.login = true,
	.host = "smtp.example.org",
	.user = "ann@example.org",
	.from = "ann@example.com",
};
static const struct advice_facts without = {
	.port = 25,
	.host = "smtp.example.org",
	.from = "ann@example.com",
};

/* The error of a reply, as smtp/reply.h makes it. */
static struct error refusal(enum error_stage stage, const char *reply)
{
	struct error e = {0};

	error_set(&e, ERROR_RELAY, stage,
		  "the relay refused MAIL FROM:<spamhaus@x.example>: %s", reply);
	sscanf(reply, "%d %d.%d.%d", &e.code, &e.enhanced[0], &e.enhanced[1], &e.enhanced[2]);
	return e;
}

static const char *name_of(const struct error *e, const struct advice_facts *f)
{
	const struct advice *a = advice_find(e, f);

	return a ? a->name : "(none)";
}

static const char *says(enum error_stage stage, const char *reply)
{
	const struct error e = refusal(stage, reply);

	return name_of(&e, &with_login);
}

static const char *says_to(const struct advice_facts *f, enum error_stage stage,
			   const char *reply)
{
	const struct error e = refusal(stage, reply);

	return name_of(&e, f);
}

/* A failure before the relay said anything. */
static const char *fails_with(const struct advice_facts *f, enum error_stage stage, int number,
			      const char *text)
{
	struct error e = {0};

	error_set(&e, ERROR_TEMPORARY, stage, "%s", text);
	e.number = number;
	return name_of(&e, f);
}

static void logins_are_told_apart(void)
{
	CHECK_STR(says(STAGE_AUTH,
		       "534 5.7.9 Application-specific password required. Learn more"),
		  "application-password");
	CHECK_STR(says(STAGE_AUTH, "535 5.7.0 Use an app password"), "application-password");
	CHECK_STR(says(STAGE_AUTH, "535 5.7.8 Username and Password not accepted"), "password");
	CHECK_STR(says(STAGE_AUTH, "535 5.7.139 Authentication unsuccessful, "
				   "SmtpClientAuthentication is disabled for the Tenant."),
		  "smtp-auth-disabled");
	CHECK_STR(says(STAGE_AUTH, "535 5.7.139 Authentication unsuccessful, basic "
				   "authentication is disabled."),
		  "basic-authentication");
	CHECK_STR(says(STAGE_AUTH, "535 5.7.139 Authentication unsuccessful, user is locked by "
				   "your organization's security defaults policy."),
		  "smtp-auth-disabled");
	CHECK_STR(says(STAGE_AUTH, "535 5.7.3 Basic authentication is disabled"),
		  "basic-authentication");
	CHECK_STR(
		says(STAGE_AUTH, "454 4.7.0 Too many login attempts, please try again later."),
		"rate-limit");
	CHECK_STR(says(STAGE_AUTH, "454 4.7.0 Temporary authentication failure"),
		  "login-later");
	CHECK_STR(says(STAGE_AUTH, "538 5.7.11 encryption required"), "needs-tls");
	CHECK_STR(says(STAGE_AUTH, "530 5.7.0 Must issue a STARTTLS command first"),
		  "needs-tls");
	CHECK_STR(says(STAGE_AUTH, "534 5.7.9 mechanism is too weak"), "application-password");
	CHECK_STR(says(STAGE_AUTH, "534 mechanism is too weak"), "mechanism");
}

static void a_bare_login_may_want_its_domain(void)
{
	struct advice_facts f = with_login;

	f.user = "ann";
	CHECK_STR(says_to(&f, STAGE_AUTH, "535 5.7.8 no"), "bare-user");
	f.from = NULL;
	CHECK_STR(says_to(&f, STAGE_AUTH, "535 5.7.8 no"), "password");
}

static void senders_are_told_apart(void)
{
	CHECK_STR(says(STAGE_MAIL,
		       "553 5.7.1 <a@b.example>: Sender address rejected: not owned "
		       "by user ann@example.org"),
		  "not-owner");
	CHECK_STR(
		says(STAGE_VERDICT, "554 5.2.252 SendAsDenied; ann not allowed to send as bob"),
		"not-owner");
	CHECK_STR(says(STAGE_VERDICT, "554 5.2.252 no"), "not-owner");
	CHECK_STR(
		says_to(&without, STAGE_MAIL, "553 5.7.1 Sender rejected: not owned by user x"),
		"not-owner");
	CHECK_STR(says(STAGE_MAIL, "550 5.1.8 Sender address rejected: Domain not found"),
		  "sender-domain");
	CHECK_STR(says_to(&without, STAGE_MAIL, "530 5.7.0 Authentication Required"),
		  "needs-login");
	CHECK_STR(says_to(&without, STAGE_RCPT, "554 5.7.1 <x@y.example>: Relay access denied"),
		  "relay-denied");
	CHECK_STR(says(STAGE_RCPT, "554 5.7.1 <x@y.example>: Relay access denied"),
		  "relay-denied");
	CHECK_STR(says(STAGE_RCPT, "450 4.2.0 <x@y.example>: Recipient address rejected: "
				   "Greylisted"),
		  "greylisting");
	CHECK_STR(says(STAGE_RCPT, "451 4.7.1 Please try again later"), "greylisting");
	CHECK_STR(says(STAGE_RCPT,
		       "452 4.2.2 The email account that you tried to reach is over "
		       "quota"),
		  "over-quota");
	CHECK_STR(says(STAGE_RCPT, "552 5.2.2 mailbox full"), "over-quota");
	CHECK_STR(says(STAGE_MAIL, "452 4.3.1 Insufficient system storage"), "relay-full");
	CHECK_STR(says(STAGE_MAIL, "421 4.7.0 too many connections from your host"),
		  "rate-limit");
	CHECK_STR(says(STAGE_RCPT, "550 5.1.1 no such user"), "(none)");
}

static void addresses_of_our_own_are_told_apart(void)
{
	CHECK_STR(fails_with(&without, STAGE_SYNTAX, 0, "address \"@x\": it is none"),
		  "no-address");
	CHECK_STR(fails_with(&without, STAGE_MAIL, 0, "<x> cannot be written in ASCII"),
		  "no-smtputf8");
	CHECK_STR(says_to(&without, STAGE_RCPT,
			  "550 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org"),
		  "block-list");
	CHECK_STR(says_to(&without, STAGE_GREETING, "554 5.7.1 your address is on a blocklist"),
		  "block-list");
	CHECK_STR(says_to(&without, STAGE_GREETING, "554 no SMTP service here"), "not-welcome");
	CHECK_STR(says_to(&without, STAGE_RCPT,
			  "450 4.7.25 Client host rejected: cannot find your reverse hostname"),
		  "no-ptr");
	CHECK_STR(says_to(&without, STAGE_RCPT, "550 5.7.25 the IP address has no PTR record"),
		  "no-ptr");
	CHECK_STR(says(STAGE_RCPT, "504 5.5.2 <x>: Helo command rejected: need fully-qualified "
				   "hostname"),
		  "own-name");
	CHECK_STR(says(STAGE_EHLO, "501 5.5.4 invalid name"), "own-name");
}

static void networks_are_told_apart(void)
{
	CHECK_STR(fails_with(&without, STAGE_CONNECT, ETIMEDOUT, "cannot connect"), "port-25");
	CHECK_STR(fails_with(&with_login, STAGE_CONNECT, ETIMEDOUT, "x"), "no-answer");
	CHECK_STR(fails_with(&with_login, STAGE_CONNECT, ECONNREFUSED, "x"), "refused");
	CHECK_STR(fails_with(&with_login, STAGE_CONNECT, ENETUNREACH, "x"), "offline");
	CHECK_STR(fails_with(&with_login, STAGE_CONNECT, EHOSTUNREACH, "x"), "unreachable");
	CHECK_STR(fails_with(&with_login, STAGE_CONNECT, EPERM, "x"), "forbidden");
	CHECK_STR(fails_with(&with_login, STAGE_CONNECT, EACCES, "x"), "forbidden");
	CHECK_STR(fails_with(&with_login, STAGE_CONNECT, ENOENT, "x"), "no-socket");
	CHECK_STR(fails_with(&with_login, STAGE_RESOLVE, 0,
			     "\"x\" says that it offers no submission (its SRV record names "
			     "\".\"): name the relay itself"),
		  "no-submission");
	CHECK_STR(fails_with(&with_login, STAGE_RESOLVE, 0,
			     "\"x\" has no IPv6 address, and address_family (or -6) excludes "
			     "those that it has"),
		  "other-family");
	CHECK_STR(fails_with(&with_login, STAGE_RESOLVE, 0, "no such host: \"x\""),
		  "no-such-host");
	CHECK_STR(fails_with(&with_login, STAGE_RESOLVE, 0, "\"x\" has no SRV record of it"),
		  "no-srv");
	CHECK_STR(fails_with(&with_login, STAGE_RESOLVE, 0, "cannot look up \"x\" now"),
		  "no-dns");
	CHECK_STR(fails_with(&with_login, STAGE_TLS, EPROTOTYPE, "says \"HTTP/1.1 400\""),
		  "captive-portal");
	CHECK_STR(fails_with(&with_login, STAGE_TLS, 0, "it has neither TLS 1.2 nor TLS 1.3"),
		  "old-tls");
	CHECK_STR(fails_with(&without, STAGE_STARTTLS, EPROTOTYPE, "x"), "no-starttls");
}

/* Without TLS only what holds no password may go. */
static void tls_is_never_turned_off_under_a_login(void)
{
	for (size_t i = 0; advice_row(i); i++) {
		struct error e = {.stage = STAGE_STARTTLS, .number = EPROTOTYPE};
		const struct advice *a = advice_find(&e, &with_login);

		CHECK(a && strcmp(a->mend, "tls off") != 0);
		if (strcmp(advice_row(i)->mend, "tls off") == 0)
			CHECK_STR(advice_row(i)->name, "no-starttls");
	}
}

static void what_a_command_said_is_no_word_of_the_relay(void)
{
	/* The address in refusal() has the name of a list. */
	CHECK_STR(says(STAGE_MAIL, "550 5.0.0 no"), "(none)");
}

static void facts_take_their_places(void)
{
	struct error e = refusal(STAGE_MAIL, "553 5.7.1 not owned by user");
	const struct advice *a = advice_find(&e, &with_login);
	struct buf out;

	buf_init(&out, 200);
	if (a)
		advice_fill(a, &with_login, &out);
	CHECK_STR(out.data, "from ann@example.org");
	buf_reset(&out);
	e = refusal(STAGE_EHLO, "501 no");
	a = advice_find(&e, &with_login);
	if (a)
		advice_fill(a, &with_login, &out);
	CHECK_STR(out.data, "domain example.com");
	buf_clear(&out);
}

/* "" when there is none. */
static void command(const char *text, const char *want)
{
	struct error e = {0};
	struct buf out;

	error_set(&e, ERROR_LOCAL, STAGE_CONFIG, "%s", text);
	buf_init(&out, 500);
	CHECK(advice_command(&e, &out) == (want[0] != '\0'));
	CHECK_STR(out.data, want);
	buf_clear(&out);
}

static void commands_are_found_at_the_end(void)
{
	command("/x/f holds a password and is open to others: chmod 600 /x/f",
		"chmod 600 /x/f");
	command("cannot use the queue /q: it is a link: rm /q, or say the directory itself "
		"with "
		"queue_dir",
		"rm /q");
	command("there is no place: as root, install -d -m 1733 /var/q, or say another",
		"install -d -m 1733 /var/q");
	command("no key \"a\": keyctl padd user 'pennypost:a@b' @u adds it",
		"keyctl padd user 'pennypost:a@b' @u");
	command("cannot connect: Connection refused", "");
}

static void commands_that_a_shell_would_read_otherwise_are_none(void)
{
	command("open to others: chmod 600 /x;rm -r /", "");
	command("open to others: chmod 600 $(id)", "");
	command("open to others: chmod 600 /a|b", "");
	command("open to others: chmod 600 /a\\nb", "");
}

/* Whoever answers in the place of a relay would choose what a person runs. */
static void no_relay_chooses_a_command(void)
{
	struct error e = refusal(STAGE_RCPT, "550 5.1.1 no such user: rm -r /home");
	struct buf out;

	buf_init(&out, 500);
	CHECK(!advice_command(&e, &out));
	error_set(&e, ERROR_RELAY, STAGE_TLS, "not a greeting: rm -r /home");
	CHECK(!advice_command(&e, &out));
	error_set(&e, ERROR_LOCAL, STAGE_AUTH, "the relay said: rm -r /home");
	CHECK(!advice_command(&e, &out));
	CHECK_INT(out.len, 0);
	buf_clear(&out);
}

int main(void)
{
	TEST_RUN(logins_are_told_apart);
	TEST_RUN(a_bare_login_may_want_its_domain);
	TEST_RUN(senders_are_told_apart);
	TEST_RUN(addresses_of_our_own_are_told_apart);
	TEST_RUN(networks_are_told_apart);
	TEST_RUN(tls_is_never_turned_off_under_a_login);
	TEST_RUN(what_a_command_said_is_no_word_of_the_relay);
	TEST_RUN(facts_take_their_places);
	TEST_RUN(commands_are_found_at_the_end);
	TEST_RUN(no_relay_chooses_a_command);
	TEST_RUN(commands_that_a_shell_would_read_otherwise_are_none);
	return test_done();
}
