/* A session, operation by operation. */
#include "smtp/client.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "peer.h"
#include "test.h"

static struct smtp *s;
static struct error error;
static struct smtp_options options;
static struct buf heard;

static void listen_in(void *context, char direction, struct span line)
{
	(void)context;
	buf_add_char(&heard, direction);
	buf_add_span(&heard, line);
	buf_add_char(&heard, '\n');
}

static void set_up(const char *const *steps)
{
	error = (struct error){0};
	buf_init(&heard, 1 << 20);
	options.timeout_scale = 1;
	options.listener = listen_in;
	if (!options.local_name)
		options.local_name = "me.example.org";
	s = smtp_new(peer_start(steps), &options, &error);
	CHECK(s != NULL);
}

static void tear_down(void)
{
	smtp_free(s);
	peer_end();
	buf_clear(&heard);
	options = (struct smtp_options){0};
}

static void check_error(enum error_class class, enum error_stage stage, int code)
{
	CHECK_INT(error.class, class);
	CHECK_INT(error.stage, stage);
	CHECK_INT(error.code, code);
	CHECK(error.text[0] != '\0');
}

#define HELLO "S: 220 mx ESMTP", "C: EHLO me.example.org"

static const struct smtp_mail_options nothing;

static void hello_happens_once_and_by_itself(void)
{
	struct span parameters = {0};

	set_up(STEPS(HELLO, "S: 250-mx", "S: 250-PIPELINING", "S: 250 SIZE 1000", "C: NOOP",
		     "S: 250 ok", "C: RSET", "S: 250 ok", "C: VRFY ann", "S: 252 perhaps",
		     "C: QUIT", "S: 221 bye"));
	CHECK_INT(smtp_noop(s, &error), 0);
	CHECK_INT(smtp_hello(s, &error), 0);
	CHECK_INT(smtp_reset(s, &error), 0);
	CHECK_INT(smtp_verify(s, "ann", &error), 0);
	CHECK_INT(smtp_last_reply(s)->code, 252);
	CHECK_INT(smtp_greeting(s)->code, 220);
	CHECK(smtp_extension(s, "size", &parameters) && span_equals(parameters, "1000"));
	CHECK(!smtp_extension(s, "STARTTLS", NULL));
	CHECK(wire_pipelining(smtp_wire(s)));
	CHECK_INT(smtp_capabilities(s)->count, 2);
	CHECK_INT(smtp_quit(s, &error), 0);
	CHECK_INT(smtp_last_reply(s)->code, 221);
	tear_down();
}

static void helo_where_ehlo_is_unknown(void)
{
	set_up(STEPS(HELLO, "S: 502 what", "C: HELO me.example.org", "S: 250-mx", "S: 250 SIZE",
		     "C: NOOP", "S: 250 ok"));
	CHECK_INT(smtp_noop(s, &error), 0);
	CHECK(!smtp_extension(s, "SIZE", NULL));
	CHECK(!wire_pipelining(smtp_wire(s)));
	tear_down();
}

static void hello_can_be_refused(void)
{
	set_up(STEPS(HELLO, "S: 500 what", "C: HELO me.example.org", "S: 550 not you"));
	CHECK_INT(smtp_hello(s, &error), -1);
	check_error(ERROR_RELAY, STAGE_EHLO, 550);
	tear_down();
	set_up(STEPS(HELLO, "S: 451 later"));
	CHECK_INT(smtp_hello(s, &error), -1);
	check_error(ERROR_TEMPORARY, STAGE_EHLO, 451);
	tear_down();
	set_up(STEPS(HELLO, "S: 421 gone"));
	CHECK_INT(smtp_hello(s, &error), -1);
	check_error(ERROR_TEMPORARY, STAGE_EHLO, 421);
	CHECK_INT(smtp_hello(s, &error), -1);
	tear_down();
	set_up(STEPS(HELLO, "S: 354 well"));
	CHECK_INT(smtp_hello(s, &error), -1);
	check_error(ERROR_RELAY, STAGE_PROTOCOL, 354);
	tear_down();
}

/* No EHLO behind a refusal, however often it is asked for; QUIT is fine. */
static void the_greeting_can_refuse(void)
{
	set_up(STEPS("S: 554 5.7.1 blocked", "C: QUIT", "S: 221 bye"));
	CHECK_INT(smtp_hello(s, &error), -1);
	check_error(ERROR_RELAY, STAGE_GREETING, 554);
	CHECK_INT(smtp_mail(s, "", &nothing, &error), -1);
	check_error(ERROR_RELAY, STAGE_GREETING, 554);
	CHECK_INT(smtp_quit(s, &error), 0);
	tear_down();
	set_up(STEPS("S: 421 busy"));
	CHECK_INT(smtp_hello(s, &error), -1);
	check_error(ERROR_TEMPORARY, STAGE_GREETING, 421);
	CHECK_INT(smtp_hello(s, &error), -1);
	check_error(ERROR_TEMPORARY, STAGE_GREETING, 421);
	CHECK_INT(smtp_quit(s, &error), -1);
	tear_down();
	set_up(STEPS("S: SSH-2.0-OpenSSH"));
	CHECK_INT(smtp_hello(s, &error), -1);
	check_error(ERROR_RELAY, STAGE_PROTOCOL, 0);
	tear_down();
	set_up(STEPS("!close"));
	CHECK_INT(smtp_hello(s, &error), -1);
	check_error(ERROR_TEMPORARY, STAGE_GREETING, 0);
	tear_down();
}

static void a_greeting_may_have_less_time(void)
{
	options.greeting_seconds = 2;
	set_up(STEPS("!wait-line"));
	CHECK_INT(smtp_hello(s, &error), -1);
	check_error(ERROR_TEMPORARY, STAGE_GREETING, 0);
	CHECK_STR(error.text, "while waiting for the greeting: no answer in time: Connection "
			      "timed out");
	tear_down();
}

static void quit_waits_for_the_greeting(void)
{
	set_up(STEPS("!wait 20", "S: 220 hi", "C: QUIT", "S: 221 bye"));
	CHECK_INT(smtp_quit(s, &error), 0);
	tear_down();
}

static void leaves_politely_where_it_can(void)
{
	set_up(STEPS(HELLO, "S: 250 mx", "C: QUIT"));
	CHECK_INT(smtp_hello(s, &error), 0);
	smtp_leave(s);
	tear_down();
	set_up(STEPS("!wait-line"));
	smtp_leave(s);
	tear_down();
}

static void lhlo_has_no_second_try(void)
{
	options.lmtp = true;
	set_up(STEPS("S: 220 mx LMTP", "C: LHLO me.example.org", "S: 250-mx", "S: 250 SIZE"));
	CHECK_INT(smtp_hello(s, &error), 0);
	CHECK(smtp_extension(s, "SIZE", NULL));
	tear_down();
	options.lmtp = true;
	set_up(STEPS("S: 220 mx", "C: LHLO me.example.org", "S: 500 what"));
	CHECK_INT(smtp_hello(s, &error), -1);
	check_error(ERROR_RELAY, STAGE_EHLO, 500);
	tear_down();
}

static void the_local_name_is_checked(void)
{
	char name[400] = "";

	options.local_name = "me\r\nMAIL FROM:<>";
	set_up(STEPS("S: 220 mx"));
	CHECK_INT(smtp_hello(s, &error), -1);
	check_error(ERROR_MESSAGE, STAGE_SYNTAX, 0);
	tear_down();
	memset(name, 'x', sizeof(name) - 1);
	options.local_name = name;
	CHECK(smtp_new(peer_start(STEPS("!wait-line")), &options, &error) == NULL);
	check_error(ERROR_LOCAL, STAGE_CONFIG, 0);
	peer_end();
	options = (struct smtp_options){.timeout_scale = 1};
	s = smtp_new(
		peer_start_tcp(STEPS("S: 220 mx", "C: EHLO [127.0.0.1]", "S: 250 127.0.0.1")),
		&options, &error);
	CHECK_INT(smtp_hello(s, &error), 0);
	CHECK(!smtp_may_carry_secret(s));
	tear_down();
}

static void mail_uses_what_is_offered(void)
{
	struct smtp_mail_options needs = {.size = 900, .body_8bit = true, .utf8 = true};

	set_up(STEPS(HELLO, "S: 250-mx", "S: 250-SIZE 1000", "S: 250-8BITMIME",
		     "S: 250 SMTPUTF8", "C: MAIL FROM:<a@b> SIZE=900 BODY=8BITMIME SMTPUTF8",
		     "S: 250 ok", "C: RCPT TO:<c@d>", "S: 251 ok", "C: RCPT TO:<e@f>",
		     "S: 550 5.1.1 no", "C: RCPT TO:<g@h>", "S: 452 full"));
	CHECK_INT(smtp_mail(s, "a@b", &needs, &error), 0);
	CHECK_INT(smtp_rcpt(s, "c@d", &error), 0);
	CHECK_INT(smtp_rcpt(s, "e@f", &error), -1);
	check_error(ERROR_RECIPIENT, STAGE_RCPT, 550);
	CHECK_INT(error.enhanced[1], 1);
	CHECK_INT(smtp_rcpt(s, "g@h", &error), -1);
	check_error(ERROR_TEMPORARY, STAGE_RCPT, 452);
	tear_down();
}

static void mail_knows_what_is_missing(void)
{
	struct smtp_mail_options needs = {.size = 1001, .body_8bit = true};

	set_up(STEPS(HELLO, "S: 250-mx", "S: 250 SIZE 1000", "C: MAIL FROM:<> SIZE=1000",
		     "S: 550 no"));
	CHECK_INT(smtp_mail(s, "", &needs, &error), -1);
	check_error(ERROR_MESSAGE, STAGE_MAIL, 0);
	needs.size = 1000;
	needs.utf8 = true;
	CHECK_INT(smtp_mail(s, "", &needs, &error), -1);
	check_error(ERROR_MESSAGE, STAGE_MAIL, 0);
	needs.utf8 = false;
	CHECK_INT(smtp_mail(s, "", &needs, &error), -1);
	check_error(ERROR_MESSAGE, STAGE_MAIL, 550);
	tear_down();
}

static void arguments_are_checked(void)
{
	char path[3000];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	set_up(STEPS(HELLO, "S: 250 mx", "C: NOOP", "S: 250 ok"));
	CHECK_INT(smtp_mail(s, "a>\r\nRCPT TO:<b", &nothing, &error), -1);
	check_error(ERROR_MESSAGE, STAGE_SYNTAX, 0);
	CHECK_INT(smtp_rcpt(s, "a\nb", &error), -1);
	CHECK_INT(smtp_verify(s, "a\rb", &error), -1);
	CHECK_INT(smtp_mail(s, path, &nothing, &error), -1);
	check_error(ERROR_MESSAGE, STAGE_SYNTAX, 0);
	CHECK_INT(smtp_rcpt(s, path, &error), -1);
	check_error(ERROR_MESSAGE, STAGE_SYNTAX, 0);
	CHECK_INT(smtp_verify(s, path, &error), -1);
	check_error(ERROR_MESSAGE, STAGE_SYNTAX, 0);
	CHECK_INT(smtp_noop(s, &error), 0);
	tear_down();
}

/* Neither our own argument nor the relay's words reach a terminal as they are. */
static void what_is_shown_is_harmless(void)
{
	set_up(STEPS(HELLO, "S: 250 mx", "C: VRFY \x1b[31m", "S: 550 \x1b[2J"));
	CHECK_INT(smtp_verify(s, "\x1b[31m", &error), -1);
	check_error(ERROR_RECIPIENT, STAGE_COMMAND, 550);
	CHECK_STR(error.text, "the relay refused VRFY \\x1B[31m: 550 \\x1B[2J");
	tear_down();
}

#define TO_DATA HELLO, "S: 250 mx", "C: DATA", "S: 354 go"

static void data_open(void)
{
	CHECK_INT(smtp_hello(s, &error), 0);
	CHECK_INT(smtp_data_open(s, &error), 0);
}

static void data_is_written_in_pieces(void)
{
	static const char text[] = "a\r\n.b\n\n.\n.\r\nc\rd";

	for (size_t step = 1; step < sizeof(text); step++) {
		set_up(STEPS(TO_DATA, "!body a\r\n..b\r\n\r\n..\r\n..\r\nc d\r\n",
			     "S: 250 2.0.0 taken"));
		data_open();
		for (size_t at = 0; at < sizeof(text) - 1; at += step) {
			size_t left = sizeof(text) - 1 - at;
			struct span piece = {text + at, left < step ? left : step};

			CHECK_INT(smtp_data_write(s, piece, &error), 0);
		}
		CHECK_INT(smtp_data_close(s, &error), 0);
		CHECK_STR(smtp_last_reply(s)->text.data, "2.0.0 taken");
		tear_down();
	}
	set_up(STEPS(TO_DATA, "!body ", "S: 250 ok"));
	data_open();
	CHECK_INT(smtp_data_close(s, &error), 0);
	tear_down();
}

static void only_250_is_a_success(void)
{
	static const struct {
		const char *said;
		enum error_class class;
		enum error_stage stage;
		int code;
	} rows[] = {
		{"S: 554 5.6.0 spam", ERROR_MESSAGE, STAGE_VERDICT, 554},
		{"S: 451 later", ERROR_TEMPORARY, STAGE_VERDICT, 451},
		{"S: 421 later", ERROR_TEMPORARY, STAGE_VERDICT, 421},
		{"S: 221 bye", ERROR_TEMPORARY, STAGE_VERDICT, 221},
		{"S: 251 hm", ERROR_TEMPORARY, STAGE_VERDICT, 251},
		{"S: 354 hm", ERROR_TEMPORARY, STAGE_VERDICT, 354},
		{"S: hm", ERROR_TEMPORARY, STAGE_VERDICT, 0},
		{"S+ 250 o", ERROR_TEMPORARY, STAGE_VERDICT, 0},
		{"S: 250-o", ERROR_TEMPORARY, STAGE_VERDICT, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_up(STEPS(TO_DATA, "!body x\r\n", rows[i].said, "!hang-up"));
		data_open();
		CHECK_INT(smtp_data_write(s, span_of("x"), &error), 0);
		CHECK_INT(smtp_data_close(s, &error), -1);
		check_error(rows[i].class, rows[i].stage, rows[i].code);
		tear_down();
	}
}

static void data_can_be_refused(void)
{
	set_up(STEPS(HELLO, "S: 250 mx", "C: DATA", "S: 503 no recipients"));
	CHECK_INT(smtp_hello(s, &error), 0);
	CHECK_INT(smtp_data_open(s, &error), -1);
	check_error(ERROR_MESSAGE, STAGE_DATA, 503);
	tear_down();
	set_up(STEPS(HELLO, "S: 250 mx", "C: DATA", "S: 250 ok"));
	CHECK_INT(smtp_hello(s, &error), 0);
	CHECK_INT(smtp_data_open(s, &error), -1);
	check_error(ERROR_RELAY, STAGE_PROTOCOL, 250);
	tear_down();
	set_up(STEPS(TO_DATA, "S: 250 already"));
	CHECK_INT(smtp_hello(s, &error), 0);
	if (smtp_data_open(s, &error) == 0)
		CHECK_INT(smtp_data_close(s, &error), -1);
	check_error(ERROR_RELAY, STAGE_PROTOCOL, 250);
	tear_down();
}

/* A table that plays TLS in clear, for what comes before and after it. */
struct tls {
	int fd;
};

static bool fake_trust;

static struct tls *fake_new(int fd, const struct tls_policy *policy, struct error *e)
{
	struct tls *tls = malloc(sizeof(*tls));

	(void)policy;
	(void)e;
	tls->fd = fd;
	return tls;
}

static enum tls_step fake_handshake(struct tls *tls, struct error *e)
{
	(void)tls;
	if (!fake_trust)
		error_set(e, ERROR_RELAY, STAGE_TRUST, "not to be trusted");
	return fake_trust ? TLS_DONE : TLS_FAILED;
}

static ssize_t fake_read(struct tls *tls, void *data, size_t size, struct error *e)
{
	ssize_t n = recv(tls->fd, data, size, MSG_DONTWAIT);

	(void)e;
	return n < 0 ? TLS_WANT_READ : n;
}

static ssize_t fake_write(struct tls *tls, const void *data, size_t len, struct error *e)
{
	(void)e;
	return send(tls->fd, data, len, MSG_NOSIGNAL);
}

static size_t fake_pending(struct tls *tls)
{
	(void)tls;
	return 0;
}

static void fake_close(struct tls *tls)
{
	(void)tls;
}

static void fake_free(struct tls *tls)
{
	free(tls);
}

static bool fake_verified(struct tls *tls)
{
	(void)tls;
	return true;
}

static int fake_describe(struct tls *tls, struct tls_info *info, struct error *e)
{
	(void)tls, (void)e;
	*info = (struct tls_info){.version = strdup("TLS1.3"), .trust = strdup("as told")};
	return 0;
}

static const struct crypto fake = {
	.abi = CRYPTO_ABI,
	.tls_new = fake_new,
	.tls_handshake = fake_handshake,
	.tls_read = fake_read,
	.tls_write = fake_write,
	.tls_pending = fake_pending,
	.tls_close = fake_close,
	.tls_free = fake_free,
	.tls_verified = fake_verified,
	.tls_describe = fake_describe,
};

static void set_up_tls(enum smtp_tls tls, bool trusted, const char *const *steps)
{
	crypto_linked = &fake;
	fake_trust = trusted;
	options.tls = tls;
	set_up(steps);
}

#define STARTTLS HELLO, "S: 250-mx", "S: 250-SIZE 10", "S: 250 STARTTLS", "C: STARTTLS"

/* What was known in clear is forgotten: the limit of SIZE, and that STARTTLS was there. */
static void starttls_forgets(void)
{
	set_up_tls(SMTP_TLS_REQUIRED, true,
		   STEPS(STARTTLS, "S: 220 go", "C: EHLO me.example.org", "S: 250-mx",
			 "S: 250 PIPELINING", "C: MAIL FROM:<a@b>", "S: 250 ok"));
	CHECK_INT(smtp_mail(s, "a@b", &(struct smtp_mail_options){.size = 100}, &error), 0);
	CHECK(!smtp_extension(s, "SIZE", NULL) && !smtp_extension(s, "STARTTLS", NULL));
	CHECK(wire_pipelining(smtp_wire(s)));
	CHECK(smtp_may_carry_secret(s));
	CHECK(strstr(heard.data, "*TLS is on, TLS1.") != NULL);
	tear_down();
}

static void a_second_hello_can_fail(void)
{
	set_up_tls(SMTP_TLS_REQUIRED, true,
		   STEPS(STARTTLS, "S: 220 go", "C: EHLO me.example.org", "S: 451 later",
			 "C: EHLO me.example.org", "S: 250 mx", "C: NOOP", "S: 250 ok"));
	CHECK_INT(smtp_ready(s, &error), -1);
	check_error(ERROR_TEMPORARY, STAGE_EHLO, 451);
	CHECK_INT(smtp_noop(s, &error), 0);
	tear_down();
}

static void starttls_is_refused(void)
{
	static const struct {
		const char *said;
		enum error_class class;
		enum error_stage stage;
		int code;
	} rows[] = {
		{"S: 454 4.7.0 no certificate", ERROR_TEMPORARY, STAGE_STARTTLS, 454},
		{"S: 502 no", ERROR_RELAY, STAGE_STARTTLS, 502},
		{"S: 421 no", ERROR_TEMPORARY, STAGE_STARTTLS, 421},
		{"S: 250 sure", ERROR_RELAY, STAGE_PROTOCOL, 250},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_up_tls(SMTP_TLS_REQUIRED, true, STEPS(STARTTLS, rows[i].said));
		CHECK_INT(smtp_open(s, &error), -1);
		check_error(rows[i].class, rows[i].stage, rows[i].code);
		CHECK(!smtp_may_carry_secret(s) || !conn_is_tls(wire_conn(smtp_wire(s))));
		tear_down();
	}
}

static void tls_that_is_required_and_not_there(void)
{
	set_up_tls(SMTP_TLS_REQUIRED, true, STEPS(HELLO, "S: 250 mx"));
	CHECK_INT(smtp_mail(s, "a@b", &nothing, &error), -1);
	check_error(ERROR_RELAY, STAGE_STARTTLS, 0);
	CHECK_INT(smtp_verify(s, "a@b", &error), -1);
	tear_down();
	set_up_tls(SMTP_TLS_IF_OFFERED, true,
		   STEPS(HELLO, "S: 250 mx", "C: MAIL FROM:<a@b>", "S: 250 ok"));
	CHECK_INT(smtp_mail(s, "a@b", &nothing, &error), 0);
	tear_down();
	set_up_tls(SMTP_TLS_NEVER, true,
		   STEPS(HELLO, "S: 250-mx", "S: 250 STARTTLS", "C: MAIL FROM:<a@b>",
			 "S: 250 ok"));
	CHECK_INT(smtp_mail(s, "a@b", &nothing, &error), 0);
	tear_down();
}

static void a_peer_that_is_not_trusted(void)
{
	set_up_tls(SMTP_TLS_IF_OFFERED, false, STEPS(STARTTLS, "S: 220 go"));
	CHECK_INT(smtp_ready(s, &error), -1);
	check_error(ERROR_RELAY, STAGE_TRUST, 0);
	CHECK_INT(smtp_mail(s, "a@b", &nothing, &error), -1);
	CHECK(wire_is_over(smtp_wire(s)));
	tear_down();
}

static void words_injected_behind_starttls(void)
{
	set_up_tls(SMTP_TLS_REQUIRED, true, STEPS(STARTTLS, "S: 220 go", "S: 250 SIZE 1"));
	CHECK_INT(smtp_ready(s, &error), -1);
	check_error(ERROR_RELAY, STAGE_STARTTLS, 0);
	tear_down();
}

/* DATA has 1.2 seconds at scale 1. */
static void silence_ends_it(void)
{
	int64_t start = clock_now();

	set_up(STEPS(HELLO, "S: 250 mx", "C: DATA"));
	CHECK_INT(smtp_hello(s, &error), 0);
	CHECK_INT(smtp_data_open(s, &error), -1);
	CHECK(clock_now() - start >= 1200 && clock_now() - start < 2500);
	check_error(ERROR_TEMPORARY, STAGE_DATA, 0);
	tear_down();
}

int main(void)
{
	TEST_RUN(hello_happens_once_and_by_itself);
	TEST_RUN(helo_where_ehlo_is_unknown);
	TEST_RUN(hello_can_be_refused);
	TEST_RUN(the_greeting_can_refuse);
	TEST_RUN(a_greeting_may_have_less_time);
	TEST_RUN(quit_waits_for_the_greeting);
	TEST_RUN(leaves_politely_where_it_can);
	TEST_RUN(lhlo_has_no_second_try);
	TEST_RUN(the_local_name_is_checked);
	TEST_RUN(mail_uses_what_is_offered);
	TEST_RUN(mail_knows_what_is_missing);
	TEST_RUN(arguments_are_checked);
	TEST_RUN(what_is_shown_is_harmless);
	TEST_RUN(data_is_written_in_pieces);
	TEST_RUN(only_250_is_a_success);
	TEST_RUN(data_can_be_refused);
	TEST_RUN(starttls_forgets);
	TEST_RUN(a_second_hello_can_fail);
	TEST_RUN(starttls_is_refused);
	TEST_RUN(tls_that_is_required_and_not_there);
	TEST_RUN(a_peer_that_is_not_trusted);
	TEST_RUN(words_injected_behind_starttls);
	TEST_RUN(silence_ends_it);
	return test_done();
}
