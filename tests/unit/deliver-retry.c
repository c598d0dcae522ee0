/* A queued message tried once more: what goes out, and what trouble comes to. */
#include "deliver/retry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "queue/entry_put.h"
#include "queue/schedule.h"
#include "test.h"

enum { NOW = 1700000000, FIRST = 1000000 };

static char folder[] = "/tmp/pennypost-retry-XXXXXX";
static struct spool *spool;
static struct entry e;
static struct error error;
static struct account account;
static const char *text;

static int give(void *context, struct span *piece, struct error *unused)
{
	bool *given = context;

	(void)unused;
	*piece = span_of(text);
	*given = !*given;
	return *given;
}

/* A locked entry to a, b and c that arrived so many seconds ago. */
static void set_up(int64_t age)
{
	const struct spool_place place = {.configured = folder, .uid = getuid()};
	struct entry new;
	bool given = false;

	CHECK_INT(spool_open(&spool, &place, true, &error), 0);
	entry_init(&new);
	new.account = strdup("default");
	new.reverse_path = strdup("me@x");
	new.arrived = (NOW - age) * (int64_t)FIRST;
	new.wishes = (struct wishes){.deliver_by = 600,
				     .deliver_by_mode = 'N',
				     .hold_for = 300,
				     .hold_until = NOW + 50};
	entry_add_recipient(&new, "a@x");
	entry_add_recipient(&new, "b@x");
	entry_add_recipient(&new, "c@x");
	if (!text)
		text = "Subject: hi\nMessage-ID: <1@x>\n\nFrom here\r\non\n";
	CHECK_INT(entry_put(spool, &new, NULL, give, &given, &error), 0);
	CHECK_INT(entry_lock(spool, new.id, &e, &error), 1);
	CHECK_INT(entry_open_message(&e, &error), 0);
	entry_clear(&new);
}

static void tear_down(void)
{
	CHECK_INT(entry_remove(spool, &e, &error), 0);
	entry_clear(&e);
	spool_free(spool);
	text = NULL;
}

/* The message as it goes out. */
static void check_message(const struct retry *r, const char *want)
{
	struct message_reader reader;
	struct span piece;
	struct buf all;

	buf_init(&all, 4 << 20);
	CHECK_INT(message_reader_init(&reader, r->message, &error), 0);
	while (message_reader_next(&reader, &piece, &error) > 0)
		buf_add_span(&all, piece);
	CHECK_INT(all.len, strlen(want));
	CHECK(strcmp(all.data, want) == 0);
	message_reader_clear(&reader);
	buf_clear(&all);
}

static void only_who_is_open_gets_it(void)
{
	struct retry r;

	set_up(0);
	e.recipients[1].outcome = ENTRY_SENT;
	CHECK_INT(retry_init(&r, &e, &account, NOW, &error), 0);
	CHECK_INT(r.submission.envelope.recipients.count, 2);
	CHECK_STR(r.submission.envelope.recipients.items[1].text, "c@x");
	CHECK_STR(r.submission.envelope.sender.text, "me@x");
	CHECK_STR(r.submission.queue_id, e.id);
	check_message(&r, text);
	retry_clear(&r);
	tear_down();
}

/* Behind its envelope, too large for memory: read where it lies. */
static void a_large_message_is_as_it_was(void)
{
	struct buf large;
	struct retry r;

	buf_init(&large, 4 << 20);
	buf_add_string(&large, "Subject: large\n\n");
	while (large.len < 600 * 1024)
		buf_add_string(&large, "a line that is one of many\n");
	text = large.data;
	set_up(0);
	CHECK_INT(retry_init(&r, &e, &account, NOW, &error), 0);
	check_message(&r, text);
	retry_clear(&r);
	tear_down();
	buf_clear(&large);
}

static void check_wishes(int64_t age, int deliver_by, int hold_for, int64_t hold_until)
{
	struct retry r;

	set_up(age);
	CHECK_INT(retry_init(&r, &e, &account, NOW + (age > 300 ? 60 : 0), &error), 0);
	CHECK_INT(r.submission.wishes.deliver_by, deliver_by);
	CHECK_INT(r.submission.wishes.hold_for, hold_for);
	CHECK_INT(r.submission.wishes.hold_until, hold_until);
	retry_clear(&r);
	tear_down();
}

static void wishes_count_from_the_arrival(void)
{
	check_wishes(0, 600, 300, NOW + 50);
	check_wishes(100, 500, 200, NOW + 50);
	check_wishes(-100, 600, 300, NOW + 50);
	check_wishes(540, -1, 0, 0);
	check_wishes(640, -100, 0, 0);
}

/* What the transaction's trouble is, in error. */
static int judge(bool doubted, bool in_session)
{
	struct smtp_transaction t = {.trouble = error, .doubted = doubted};

	const enum retry_cause cause = retry_cause(&t, in_session);

	return (int)cause;
}

static void check_cause(enum error_class class, enum error_stage stage, int number,
			bool in_session, enum retry_cause want)
{
	error_set(&error, class, stage, "trouble");
	error.number = number;
	CHECK_INT(judge(false, in_session), want);
}

static void what_trouble_means(void)
{
	error = (struct error){0};
	CHECK_INT(judge(false, true), RETRY_NONE);
	check_cause(ERROR_TEMPORARY, STAGE_CONNECT, ECONNREFUSED, false, RETRY_RELAY);
	check_cause(ERROR_TEMPORARY, STAGE_CONNECT, ETIMEDOUT, false, RETRY_RELAY);
	check_cause(ERROR_TEMPORARY, STAGE_CONNECT, ENETUNREACH, false, RETRY_LOCAL);
	check_cause(ERROR_TEMPORARY, STAGE_CONNECT, EPERM, false, RETRY_LOCAL);
	check_cause(ERROR_TEMPORARY, STAGE_CONNECT, EMFILE, false, RETRY_LOCAL);
	check_cause(ERROR_TEMPORARY, STAGE_RESOLVE, 0, false, RETRY_LOCAL);
	check_cause(ERROR_RELAY, STAGE_RESOLVE, 0, false, RETRY_RELAY);
	check_cause(ERROR_RELAY, STAGE_TRUST, 0, false, RETRY_RELAY);
	check_cause(ERROR_RELAY, STAGE_AUTH, 0, false, RETRY_RELAY);
	check_cause(ERROR_TEMPORARY, STAGE_GREETING, 0, false, RETRY_RELAY);
	check_cause(ERROR_LOCAL, STAGE_CONFIG, 0, false, RETRY_RELAY);
	check_cause(ERROR_MESSAGE, STAGE_MAIL, 0, true, RETRY_REFUSED);
	check_cause(ERROR_MESSAGE, STAGE_SYNTAX, 0, true, RETRY_REFUSED);
	check_cause(ERROR_TEMPORARY, STAGE_CONNECT, ECONNRESET, true, RETRY_LATER);
	check_cause(ERROR_TEMPORARY, STAGE_DATA, 0, true, RETRY_LATER);
	check_cause(ERROR_RELAY, STAGE_PROTOCOL, 0, true, RETRY_LATER);
	check_cause(ERROR_LOCAL, STAGE_INPUT, 0, true, RETRY_LATER);
}

static void check_code(int code, int subject, int detail, enum retry_cause want)
{
	error_set(&error, ERROR_TEMPORARY, STAGE_MAIL, "trouble");
	error.code = code;
	error.enhanced[0] = subject ? code / 100 : 0;
	error.enhanced[1] = subject;
	error.enhanced[2] = detail;
	CHECK_INT(judge(false, true), want);
}

static void a_verdict_is_no_doubt(void)
{
	error_set(&error, ERROR_TEMPORARY, STAGE_VERDICT, "lost");
	CHECK_INT(judge(true, true), RETRY_DOUBT);
	check_cause(ERROR_MESSAGE, STAGE_VERDICT, 0, true, RETRY_REFUSED);
	check_cause(ERROR_TEMPORARY, STAGE_VERDICT, 0, true, RETRY_LATER);
}

static void who_wants_us_to_slow_down(void)
{
	check_code(421, 0, 0, RETRY_SLOW);
	check_code(421, 3, 2, RETRY_SLOW);
	check_code(450, 7, 1, RETRY_SLOW);
	check_code(451, 7, 0, RETRY_SLOW);
	check_code(454, 7, 0, RETRY_SLOW);
	check_code(451, 0, 0, RETRY_LATER);
	check_code(450, 2, 1, RETRY_LATER);
	check_code(452, 7, 0, RETRY_LATER);
}

/* An attempt at all three, with a reply to each but for code 0, which leaves him to the trouble
 * of all. */
static int settle(const int codes[3], enum error_class class, enum error_stage stage)
{
	struct attempt a = {0};
	struct retry r;
	enum retry_cause cause;

	CHECK_INT(retry_init(&r, &e, &account, NOW, &error), 0);
	CHECK_INT(smtp_transaction_init(&a.transaction, "me@x", 3), 0);
	for (size_t i = 0; i < 3; i++) {
		struct smtp_recipient *to = &a.transaction.recipients[i];

		to->path = "x";
		to->slot.reply.code = codes[i];
		to->refused = codes[i] >= 400;
		to->outcome = codes[i] == 0    ? SMTP_DEFERRED
			      : codes[i] < 400 ? SMTP_SENT
			      : codes[i] < 500 ? SMTP_DEFERRED
					       : SMTP_FAILED;
	}
	a.transaction.verdict.code = class == ERROR_NONE ? 250 : 0;
	a.transaction.doubted = stage == STAGE_VERDICT;
	if (class != ERROR_NONE)
		error_set(&a.transaction.trouble, class, stage, "trouble for all");
	cause = retry_settle(&e, &r, &a, stage != STAGE_CONNECT, NOW);
	smtp_transaction_clear(&a.transaction);
	retry_clear(&r);
	return (int)cause;
}

static void check_outcomes(const char *want)
{
	char got[4] = "";

	for (size_t i = 0; i < 3; i++)
		got[i] = "osf"[e.recipients[i].outcome];
	CHECK_STR(got, want);
}

static void each_has_his_outcome(void)
{
	set_up(0);
	CHECK_INT(settle((const int[]){250, 451, 550}, ERROR_NONE, STAGE_USAGE), RETRY_NONE);
	check_outcomes("sof");
	CHECK_INT(e.attempts, 1);
	CHECK_INT(e.tried, NOW);
	CHECK(e.next > NOW);
	CHECK_INT(e.recipients[1].code, 451);
	CHECK_STR(e.recipients[2].text, "550");
	CHECK_STR(e.trouble, "451");
	tear_down();
}

static void nobody_fails_for_the_relays_trouble(void)
{
	set_up(0);
	CHECK_INT(settle((const int[]){0, 0, 0}, ERROR_RELAY, STAGE_CONNECT), RETRY_RELAY);
	check_outcomes("ooo");
	CHECK_INT(e.attempts, 0);
	CHECK_INT(e.next, 0);
	CHECK(e.trouble == NULL);
	/* ... but what was said to them before it counts. */
	CHECK_INT(settle((const int[]){250, 550, 0}, ERROR_RELAY, STAGE_CONNECT), RETRY_RELAY);
	check_outcomes("sfo");
	CHECK_INT(e.attempts, 0);
	tear_down();
}

static void a_doubt_waits_ten_minutes(void)
{
	set_up(0);
	CHECK_INT(settle((const int[]){0, 550, 0}, ERROR_TEMPORARY, STAGE_VERDICT),
		  RETRY_DOUBT);
	check_outcomes("ofo");
	CHECK_INT(e.next, NOW + SCHEDULE_DOUBT);
	CHECK_STR(e.recipients[0].text, "trouble for all");
	tear_down();
}

static void a_refused_message_fails_for_all(void)
{
	struct attempt a = {0};
	struct retry r;

	set_up(0);
	CHECK_INT(retry_init(&r, &e, &account, NOW, &error), 0);
	CHECK_INT(smtp_transaction_init(&a.transaction, "me@x", 3), 0);
	error_set(&error, ERROR_MESSAGE, STAGE_DATA, "spam");
	smtp_transaction_fail(&a.transaction, &error);
	CHECK(retry_settle(&e, &r, &a, true, NOW) == RETRY_REFUSED);
	check_outcomes("fff");
	CHECK_INT(entry_count_unreported(&e), 3);
	CHECK_INT(e.attempts, 0);
	smtp_transaction_clear(&a.transaction);
	retry_clear(&r);
	tear_down();
}

static void everybody_sent_back_by_policy_is_the_relays_wish(void)
{
	set_up(0);
	CHECK_INT(settle((const int[]){421, 421, 421}, ERROR_NONE, STAGE_USAGE), RETRY_SLOW);
	CHECK_INT(settle((const int[]){250, 421, 421}, ERROR_NONE, STAGE_USAGE), RETRY_NONE);
	tear_down();
}

static void what_was_doubted_goes_with_care(void)
{
	struct retry r;

	set_up(0);
	for (int marked = 0; marked < 2; marked++) {
		e.state = marked ? ENTRY_MARKED : ENTRY_WAITING;
		CHECK_INT(entry_open_message(&e, &error), 0);
		CHECK_INT(retry_init(&r, &e, &account, NOW, &error), 0);
		CHECK_INT(r.submission.careful, marked);
		retry_clear(&r);
	}
	e.state = ENTRY_WAITING;
	tear_down();
}

static void time_is_over(void)
{
	set_up(100);
	CHECK(!retry_is_expired(&e, &account, NOW));
	account.queue_lifetime = 60;
	CHECK(retry_is_expired(&e, &account, NOW));
	e.release = NOW - 10;
	CHECK(!retry_is_expired(&e, &account, NOW));
	CHECK(!retry_is_too_late(&e, NOW + 1000));
	e.wishes.deliver_by_mode = 'R';
	CHECK(retry_is_too_late(&e, NOW + 500));
	CHECK(!retry_is_too_late(&e, NOW + 499));
	e.recipients[0].outcome = ENTRY_SENT;
	account.queue_lifetime = 129600;
	retry_expire(&e, &account, "the relay is away");
	check_outcomes("sff");
	CHECK_STR(e.recipients[1].text,
		  "not delivered within 36 hours; the last trouble was: the relay is away");
	CHECK_INT(e.recipients[1].enhanced[2], 7);
	account.queue_lifetime = 0;
	tear_down();
}

int main(void)
{
	if (!mkdtemp(folder))
		return 1;
	TEST_RUN(only_who_is_open_gets_it);
	TEST_RUN(a_large_message_is_as_it_was);
	TEST_RUN(wishes_count_from_the_arrival);
	TEST_RUN(what_trouble_means);
	TEST_RUN(a_verdict_is_no_doubt);
	TEST_RUN(what_was_doubted_goes_with_care);
	TEST_RUN(who_wants_us_to_slow_down);
	TEST_RUN(each_has_his_outcome);
	TEST_RUN(nobody_fails_for_the_relays_trouble);
	TEST_RUN(a_doubt_waits_ten_minutes);
	TEST_RUN(a_refused_message_fails_for_all);
	TEST_RUN(everybody_sent_back_by_policy_is_the_relays_wish);
	TEST_RUN(time_is_over);
	rmdir(folder);
	return test_done();
}
