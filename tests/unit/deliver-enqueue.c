/* From a submission, and what an attempt left of it, to an entry of the queue. */
#include "deliver/enqueue.h"

#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

#include "queue/schedule.h"
#include "spool.h"

static struct config config;
static struct message *message;
static struct submission s;
static struct attempt a;
static struct entry put, got;
static struct error error;

static const char *login(void)
{
	return "joe";
}

static struct message *message_of(const char *text)
{
	static const struct message_options options = {0};
	struct message *m = NULL;
	int ends[2];

	if (pipe(ends))
		return NULL;
	if (write(ends[1], text, strlen(text)) == (ssize_t)strlen(text)) {
		close(ends[1]);
		m = message_read(ends[0], &options, &error);
	}
	close(ends[0]);
	return m;
}

/* A submission to three, with a few wishes. */
static void begin(void)
{
	static const char text[] = "account work\nhost 127.0.0.1\nfrom me@example.org\n"
				   "dsn_notify failure,delay\nsubmitter boss@example.org\n";
	struct strv to = {0};
	const struct submission_request request = {
		.recipients = &to,
		.user = login,
		.wishes = {.envelope_id = "my id",
			   .deliver_by = 7200,
			   .deliver_by_mode = 'N',
			   .hold_for = 60},
	};

	spool_setup(false);
	CHECK_INT(config_parse(&config, "test", span_of(text), &error), 0);
	message = message_of("To: a@x.org\nBcc: c@x.org\n\nhello\n");
	strv_add(&to, span_of("a@x.org, b@x.org, c@x.org"));
	CHECK_INT(submission_prepare(&s, message, &config, &request, &error), 0);
	strv_clear(&to);
	a = (struct attempt){0};
	CHECK_INT(smtp_transaction_init(&a.transaction, "me@example.org", 3), 0);
	for (size_t i = 0; i < 3; i++)
		a.transaction.recipients[i].path = s.envelope.recipients.items[i].text;
	entry_init(&put);
	entry_init(&got);
}

static void end(void)
{
	entry_clear(&put);
	entry_clear(&got);
	attempt_clear(&a);
	submission_clear(&s);
	message_free(message);
	config_clear(&config);
	spool_empty();
}

static int fate(size_t i)
{
	enum attempt_fate f = attempt_fate(&a, i);

	return (int)f;
}

/* Puts it, and reads it again. */
static int put_and_load(const struct attempt *attempt, unsigned fates, int64_t release)
{
	const struct enqueue_options o = {
		.config = "/etc/other", .release = release, .fates = fates};

	entry_clear(&put);
	entry_clear(&got);
	if (enqueue(spool, &s, attempt, &o, &put, &error))
		return -1;
	return entry_load(spool, put.id, &got, &error) == 1 ? 0 : -1;
}

static void all_of_a_submission_is_kept(void)
{
	int64_t now = time(NULL);

	begin();
	CHECK_INT(put_and_load(NULL, 0, 0), 0);
	CHECK_INT(got.state, ENTRY_WAITING);
	CHECK_STR(got.account, "work");
	CHECK_STR(got.config, "/etc/other");
	CHECK_STR(got.reverse_path, "me@example.org");
	CHECK_INT(got.count, 3);
	CHECK_STR(got.recipients[2].path, "c@x.org");
	CHECK_INT(got.attempts, 0);
	CHECK_INT(got.next, 0);
	CHECK_STR(got.wishes.envelope_id, "my id");
	CHECK_STR(got.wishes.submitter, "boss@example.org");
	CHECK_INT(got.wishes.notify, WISHES_FAILURE | WISHES_DELAY);
	CHECK_INT(got.wishes.deliver_by, 7200);
	CHECK_INT(got.wishes.hold_for, 0);
	CHECK(got.release >= now + 60 && got.release <= now + 70);
	CHECK_INT(put_and_load(NULL, 0, now + 5000), 0);
	CHECK_INT(got.release, now + 5000);
	end();
}

static void only_those_who_are_left_are_kept(void)
{
	struct smtp_recipient *to;

	begin();
	to = a.transaction.recipients;
	to[0].outcome = SMTP_SENT;
	to[1].outcome = SMTP_FAILED;
	to[1].refused = true;
	to[2].outcome = SMTP_DEFERRED;
	to[2].refused = true;
	to[2].slot.reply.code = 451;
	CHECK_INT(fate(0), ATTEMPT_SENT);
	CHECK_INT(fate(1), ATTEMPT_FAILED);
	CHECK_INT(fate(2), ATTEMPT_WAITS);
	CHECK_INT(put_and_load(&a, 1u << ATTEMPT_WAITS, 0), 0);
	CHECK_INT(got.count, 1);
	CHECK_STR(got.recipients[0].path, "c@x.org");
	CHECK_INT(got.attempts, 1);
	CHECK(got.tried > 0 && got.next > got.tried);
	CHECK(got.next < got.tried + 2 * SCHEDULE_FIRST);
	CHECK_INT(attempt_exit_code(&a, 0), EX_TEMPFAIL);
	CHECK_INT(attempt_exit_code(&a, 1u << ATTEMPT_WAITS), EX_NOUSER);
	end();
}

static void the_doubted_are_marked(void)
{
	begin();
	for (size_t i = 0; i < 2; i++)
		a.transaction.recipients[i].chosen = true;
	error_set(&error, ERROR_TEMPORARY, STAGE_VERDICT, "nobody knows");
	smtp_transaction_fail(&a.transaction, &error);
	CHECK_INT(fate(0), ATTEMPT_WAITS);
	a.transaction.doubted = true;
	CHECK_INT(fate(0), ATTEMPT_DOUBTED);
	CHECK_INT(fate(1), ATTEMPT_DOUBTED);
	CHECK_INT(fate(2), ATTEMPT_WAITS);
	CHECK_INT(put_and_load(&a, 1u << ATTEMPT_DOUBTED, 0), 0);
	CHECK_INT(got.state, ENTRY_MARKED);
	CHECK_INT(got.count, 2);
	CHECK_INT(got.next, got.tried + SCHEDULE_DOUBT);
	CHECK_STR(got.trouble, "nobody knows");
	CHECK_INT(attempt_exit_code(&a, 1u << ATTEMPT_DOUBTED), EX_TEMPFAIL);
	CHECK_INT(attempt_exit_code(&a, 1u << ATTEMPT_DOUBTED | 1u << ATTEMPT_WAITS), EX_OK);
	end();
}

static void whose_trouble_it_is_decides(void)
{
	static const struct {
		enum error_class class;
		enum error_stage stage;
		enum attempt_fate fate;
		int code;
	} cases[] = {
		{ERROR_TEMPORARY, STAGE_CONNECT, ATTEMPT_WAITS, EX_TEMPFAIL},
		{ERROR_TEMPORARY, STAGE_RESOLVE, ATTEMPT_WAITS, EX_TEMPFAIL},
		{ERROR_TEMPORARY, STAGE_AUTH, ATTEMPT_WAITS, EX_TEMPFAIL},
		{ERROR_RELAY, STAGE_RESOLVE, ATTEMPT_BLOCKED, EX_NOHOST},
		{ERROR_RELAY, STAGE_TRUST, ATTEMPT_BLOCKED, EX_UNAVAILABLE},
		{ERROR_RELAY, STAGE_GREETING, ATTEMPT_BLOCKED, EX_PROTOCOL},
		{ERROR_RELAY, STAGE_AUTH, ATTEMPT_BLOCKED, EX_NOPERM},
		{ERROR_LOCAL, STAGE_CONFIG, ATTEMPT_BLOCKED, EX_CONFIG},
		{ERROR_LOCAL, STAGE_INPUT, ATTEMPT_FAILED, EX_IOERR},
		{ERROR_MESSAGE, STAGE_MAIL, ATTEMPT_FAILED, EX_UNAVAILABLE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin();
		error_set(&error, cases[i].class, cases[i].stage, "trouble");
		smtp_transaction_fail(&a.transaction, &error);
		CHECK_INT(fate(0), cases[i].fate);
		CHECK_INT(attempt_exit_code(&a, 0), cases[i].code);
		CHECK_INT(attempt_exit_code(&a, 1u << cases[i].fate), EX_OK);
		CHECK_INT(attempt_count(&a, 1u << cases[i].fate), 3);
		end();
	}
}

static void a_relay_that_cannot_hold_has_not_failed_it(void)
{
	begin();
	error_set(&error, ERROR_MESSAGE, STAGE_MAIL, "no FUTURERELEASE");
	smtp_transaction_fail(&a.transaction, &error);
	a.transaction.dropped = PARAMETERS_LACKS_HOLD;
	CHECK_INT(fate(0), ATTEMPT_WAITS);
	CHECK_INT(attempt_exit_code(&a, 0), EX_UNAVAILABLE);
	CHECK_INT(attempt_exit_code(&a, 1u << ATTEMPT_WAITS), EX_OK);
	end();
}

int main(void)
{
	TEST_RUN(all_of_a_submission_is_kept);
	TEST_RUN(only_those_who_are_left_are_kept);
	TEST_RUN(the_doubted_are_marked);
	TEST_RUN(whose_trouble_it_is_decides);
	TEST_RUN(a_relay_that_cannot_hold_has_not_failed_it);
	spool_teardown();
	return test_done();
}
