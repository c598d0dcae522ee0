/* A transaction against a scripted relay: every recipient's outcome, the trouble, the bytes. */
#include "smtp/send.h"

#include <stdlib.h>

#include "base/clock.h"
#include "peer.h"
#include "test.h"

enum { RECIPIENTS_MAX = 3 };

static struct smtp *s;
static struct error error;
static struct smtp_options options;
static struct smtp_transaction t;
static const char *message;
static size_t message_repeat;
static bool message_breaks;

static uint64_t message_size;
static size_t unread;

static int open_source(void *context, const struct capabilities *offered, bool chunks,
		       struct smtp_mail_options *needs, struct error *e)
{
	size_t *given = context;

	(void)offered, (void)chunks, (void)e;
	*given = 0;
	needs->size = message_size;
	return 0;
}

static int source(void *context, struct span *piece, struct error *e)
{
	size_t *given = context;

	if (*given == message_repeat)
		return message_breaks ? error_set(e, ERROR_LOCAL, STAGE_INPUT, "disk on fire")
				      : 0;
	++*given;
	*piece = span_of(message);
	return 1;
}

static void set_up(const char *const *steps)
{
	options = (struct smtp_options){.timeout_scale = 1, .local_name = "me"};
	error = (struct error){0};
	message = "Hi\n";
	message_repeat = 1;
	message_breaks = false;
	message_size = 0;
	s = smtp_new(peer_start(steps), &options, &error);
	CHECK(s != NULL);
	CHECK_INT(smtp_open(s, &error), 0);
}

/* One transaction to the first count of three recipients. */
static void run(size_t count, bool last)
{
	static const char *const paths[RECIPIENTS_MAX] = {"a@x", "b@x", "c@x"};
	size_t given = 0;

	CHECK_INT(smtp_transaction_init(&t, "me@x", count), 0);
	for (size_t i = 0; i < count; i++)
		t.recipients[i].path = paths[i];
	t.source = (struct smtp_source){open_source, source, &given};
	t.last = last;
	smtp_send(s, &t);
	CHECK_INT(wire_owed(smtp_wire(s)), 0);
	if (t.again)
		smtp_transaction_fail(&t, &t.trouble);
}

static void tear_down(void)
{
	smtp_transaction_clear(&t);
	smtp_leave(s);
	smtp_free(s);
	peer_end();
}

static void check_outcomes(const char *want)
{
	char got[RECIPIENTS_MAX + 1] = "";

	for (size_t i = 0; i < t.count; i++)
		got[i] = "usdf"[t.recipients[i].outcome];
	CHECK_STR(got, want);
}

static void check_trouble(enum error_class class, enum error_stage stage, int code)
{
	CHECK_INT(t.trouble.class, class);
	CHECK_INT(t.trouble.stage, stage);
	CHECK_INT(t.trouble.code, code);
	CHECK((t.trouble.text[0] != '\0') == (class != ERROR_NONE));
	if (test_bad)
		printf("# %s\n", t.trouble.text);
}

#define PLAIN "S: 220 mx", "C: EHLO me", "S: 250 mx"
#define PIPED "S: 220 mx", "C: EHLO me", "S: 250-mx", "S: 250 PIPELINING"
#define TO_A  "C: MAIL FROM:<me@x>", "C: RCPT TO:<a@x>", "C: DATA"
#define TO_ABC                                                                                 \
	"C: MAIL FROM:<me@x>", "C: RCPT TO:<a@x>", "C: RCPT TO:<b@x>", "C: RCPT TO:<c@x>",     \
		"C: DATA"
#define MAIL_OK "C: MAIL FROM:<me@x>", "S: 250 ok"

static void in_lock_step(void)
{
	set_up(STEPS(PLAIN, MAIL_OK, "C: RCPT TO:<a@x>", "S: 250 ok", "C: DATA", "S: 354 go",
		     "!body Hi\r\n", "S: 250 2.0.0 queued as 1", "C: QUIT", "S: 221 bye"));
	run(1, true);
	check_outcomes("s");
	check_trouble(ERROR_NONE, STAGE_USAGE, 0);
	CHECK_INT(t.verdict.code, 250);
	CHECK_STR(t.verdict.text.data, "2.0.0 queued as 1");
	CHECK_INT(smtp_noop(s, &error), -1);
	CHECK(error.class != ERROR_NONE && error.text[0] != '\0');
	tear_down();
}

static void in_two_flights(void)
{
	set_up(STEPS(PIPED, TO_ABC, "S: 250 m", "S: 250 a", "S: 250 b", "S: 250 c", "S: 354 go",
		     "!body Hi\r\n", "C: QUIT", "S: 250 ok", "S: 221 bye"));
	run(3, true);
	check_outcomes("sss");
	check_trouble(ERROR_NONE, STAGE_USAGE, 0);
	CHECK_INT(t.recipients[0].slot.reply.code, 250);
	CHECK_INT(t.recipients[0].slot.reply.text.len, 0);
	tear_down();
}

/* A loss or silence behind the verdict, and 421, say nothing against it. */
static void quit_need_not_be_answered(void)
{
	static const char *const said[] = {"!close", "!hang-up", "S: 421 bye", "S+ 22",
					   "!wait-line"};

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "!body Hi\r\n",
			     "C: QUIT", "S: 250 ok", said[i]));
		run(1, true);
		check_outcomes("s");
		CHECK_INT(t.verdict.code, 250);
		tear_down();
		set_up(STEPS(PLAIN, MAIL_OK, "C: RCPT TO:<a@x>", "S: 250 ok", "C: DATA",
			     "S: 354 go", "!body Hi\r\n", "S: 250 ok", "C: QUIT", said[i]));
		run(1, true);
		check_outcomes("s");
		tear_down();
	}
}

/* One 250 too many made the verdict's slot lie: the next reply gives it away. */
static void a_verdict_out_of_step_is_a_doubt(void)
{
	static const char *const said[] = {"S: 554 spam", "S: 250 ok", "S: 451 no", "S: 354 go",
					   "S: 220 hi"};

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "!body Hi\r\n",
			     "C: QUIT", "S: 250 too many", said[i]));
		run(1, true);
		check_outcomes("d");
		check_trouble(ERROR_TEMPORARY, STAGE_VERDICT, 0);
		CHECK_INT(t.verdict.code, 0);
		tear_down();
		/* The same without pipelining: behind QUIT, where a yes behind a yes does no
		 * harm, or even before it. */
		set_up(STEPS(PLAIN, MAIL_OK, "C: RCPT TO:<a@x>", "S: 250 ok", "C: DATA",
			     "S: 354 go", "!body Hi\r\n", "S: 250 too many", "C: QUIT", said[i],
			     "S: 221 bye"));
		run(1, true);
		if (strcmp(said[i], "S: 250 ok") == 0) {
			check_outcomes("s");
			tear_down();
			continue;
		}
		check_outcomes("d");
		check_trouble(ERROR_TEMPORARY, STAGE_VERDICT, 0);
		tear_down();
		set_up(STEPS(PLAIN, MAIL_OK, "C: RCPT TO:<a@x>", "S: 250 ok", "C: DATA",
			     "S: 354 go", "!body Hi\r\n", "S: 250 too many", said[i]));
		run(1, true);
		check_outcomes("d");
		check_trouble(ERROR_TEMPORARY, STAGE_VERDICT, 0);
		tear_down();
		/* And in the midst of a session, however late. */
		set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "!body Hi\r\n",
			     "C: RSET", "S: 250 too many", "!wait 50", said[i]));
		run(1, false);
		check_outcomes("d");
		check_trouble(ERROR_TEMPORARY, STAGE_VERDICT, 0);
		CHECK(wire_is_over(smtp_wire(s)));
		tear_down();
	}
}

static void a_reply_too_many_before_the_end_of_data(void)
{
	set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "S: 250 too many"));
	run(1, true);
	check_outcomes("f");
	check_trouble(ERROR_RELAY, STAGE_PROTOCOL, 250);
	tear_down();
}

/* With a reply missing QUIT's 221 lands in the verdict's slot. */
static void a_missing_verdict_is_a_doubt(void)
{
	set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "!body Hi\r\n",
		     "C: QUIT", "S: 221 bye", "!hang-up"));
	run(1, true);
	check_outcomes("d");
	check_trouble(ERROR_TEMPORARY, STAGE_VERDICT, 221);
	tear_down();
	set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "!body Hi\r\n",
		     "C: QUIT", "!hang-up"));
	run(1, true);
	check_outcomes("d");
	check_trouble(ERROR_TEMPORARY, STAGE_VERDICT, 0);
	CHECK(strstr(t.trouble.text, "may have been delivered") != NULL);
	tear_down();
	set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "!body Hi\r\n",
		     "C: RSET", "S: 221 bye"));
	run(1, false);
	check_outcomes("d");
	check_trouble(ERROR_TEMPORARY, STAGE_VERDICT, 221);
	CHECK(wire_is_over(smtp_wire(s)));
	tear_down();
}

/* One reply missing in the first flight: 354 lands on a recipient, and nothing is sent. */
static void a_missing_reply_ends_it_at_once(void)
{
	int64_t start = clock_now();

	set_up(STEPS(PIPED, TO_ABC, "S: 250 a", "S: 250 b", "S: 250 c", "S: 354 go"));
	run(3, false);
	check_outcomes("fff");
	check_trouble(ERROR_RELAY, STAGE_PROTOCOL, 354);
	CHECK(wire_is_over(smtp_wire(s)));
	tear_down();
	set_up(STEPS(PIPED, TO_A, "S: 354 go"));
	run(1, true);
	check_outcomes("f");
	check_trouble(ERROR_RELAY, STAGE_PROTOCOL, 354);
	tear_down();
	CHECK(clock_now() - start < 1200);
}

/* One too many: DATA gets a 250, and no QUIT may follow as if it were a command. */
static void a_reply_too_many_in_the_envelope(void)
{
	set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 m", "S: 250 a", "S: 354 go"));
	run(1, true);
	check_outcomes("f");
	check_trouble(ERROR_RELAY, STAGE_PROTOCOL, 250);
	CHECK(wire_is_over(smtp_wire(s)));
	tear_down();
}

static void a_421_in_every_slot(void)
{
	set_up(STEPS(PIPED, TO_A, "S: 421 m"));
	run(1, true);
	check_outcomes("d");
	check_trouble(ERROR_TEMPORARY, STAGE_MAIL, 421);
	tear_down();
	set_up(STEPS(PIPED, TO_ABC, "S: 250 m", "S: 550 a", "S: 421 b"));
	run(3, true);
	check_outcomes("fdd");
	CHECK(t.recipients[0].refused && !t.recipients[1].refused);
	check_trouble(ERROR_TEMPORARY, STAGE_RCPT, 421);
	tear_down();
	set_up(STEPS(PIPED, TO_ABC, "S: 250 m", "S: 550 a", "S: 250 b", "S: 250 c", "S: 421"));
	run(3, true);
	check_outcomes("fdd");
	check_trouble(ERROR_TEMPORARY, STAGE_DATA, 421);
	tear_down();
	set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "!body Hi\r\n",
		     "C: QUIT", "S: 421 v"));
	run(1, true);
	check_outcomes("d");
	check_trouble(ERROR_TEMPORARY, STAGE_VERDICT, 421);
	tear_down();
	set_up(STEPS(PLAIN, MAIL_OK, "C: RCPT TO:<a@x>", "S: 550 a", "C: RCPT TO:<b@x>",
		     "S: 421 b"));
	run(3, true);
	check_outcomes("fdd");
	CHECK(t.recipients[0].refused);
	check_trouble(ERROR_TEMPORARY, STAGE_RCPT, 421);
	tear_down();
}

/* RFC 2920 section 3.1: a relay that says 354 all the same gets an empty message. */
static void mail_refused(void)
{
	set_up(STEPS(PIPED, TO_A, "S: 550 5.7.1 m", "S: 503 a", "S: 503 d", "C: QUIT"));
	run(1, true);
	check_outcomes("f");
	CHECK(!t.recipients[0].refused);
	check_trouble(ERROR_MESSAGE, STAGE_MAIL, 550);
	tear_down();
	set_up(STEPS(PIPED, TO_A, "S: 451 m", "S: 503 a", "S: 354 go", "!body ", "S: 250 eh",
		     "C: QUIT"));
	run(1, true);
	check_outcomes("d");
	check_trouble(ERROR_TEMPORARY, STAGE_MAIL, 451);
	CHECK_INT(t.verdict.code, 0);
	tear_down();
	set_up(STEPS(PLAIN, "C: MAIL FROM:<me@x>", "S: 530 5.7.0 log in", "C: QUIT"));
	run(1, true);
	check_outcomes("f");
	check_trouble(ERROR_RELAY, STAGE_AUTH, 530);
	tear_down();
}

static void all_recipients_refused(void)
{
	set_up(STEPS(PIPED, TO_ABC, "S: 250 m", "S: 550 a", "S: 450 b", "S: 553 c", "S: 554 d",
		     "C: QUIT"));
	run(3, true);
	check_outcomes("fdf");
	CHECK(t.recipients[1].refused);
	check_trouble(ERROR_NONE, STAGE_USAGE, 0);
	tear_down();
	set_up(STEPS(PIPED, TO_ABC, "S: 250 m", "S: 550 a", "S: 450 b", "S: 553 c", "S: 354 d",
		     "!body ", "S: 250 eh", "C: QUIT"));
	run(3, true);
	check_outcomes("fdf");
	check_trouble(ERROR_NONE, STAGE_USAGE, 0);
	CHECK_INT(t.verdict.code, 0);
	tear_down();
	set_up(STEPS(PLAIN, MAIL_OK, "C: RCPT TO:<a@x>", "S: 550 a", "C: QUIT"));
	run(1, true);
	check_outcomes("f");
	tear_down();
}

static void one_of_three_refused(void)
{
	set_up(STEPS(PIPED, TO_ABC, "S: 250 m", "S: 250 a", "S: 550 5.1.1 b", "S: 251 c",
		     "S: 354 go", "!body Hi\r\n", "C: QUIT", "S: 250 ok", "S: 221 bye"));
	run(3, true);
	check_outcomes("sfs");
	CHECK_INT(t.recipients[1].slot.reply.code, 550);
	CHECK_STR(t.recipients[1].slot.reply.text.data, "5.1.1 b");
	check_trouble(ERROR_NONE, STAGE_USAGE, 0);
	tear_down();
}

static void data_or_the_message_refused(void)
{
	set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 451 d", "C: QUIT"));
	run(1, true);
	check_outcomes("d");
	check_trouble(ERROR_TEMPORARY, STAGE_DATA, 451);
	tear_down();
	set_up(STEPS(PIPED, TO_ABC, "S: 250 m", "S: 250 a", "S: 550 b", "S: 250 c", "S: 354 go",
		     "!body Hi\r\n", "C: QUIT", "S: 554 5.7.1 spam", "S: 221 bye"));
	run(3, true);
	check_outcomes("fff");
	CHECK(!t.recipients[0].refused && t.recipients[1].refused);
	check_trouble(ERROR_MESSAGE, STAGE_VERDICT, 554);
	CHECK_INT(t.verdict.code, 554);
	tear_down();
	set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "!body Hi\r\n",
		     "C: QUIT", "S: 452 full", "S: 221 bye"));
	run(1, true);
	check_outcomes("d");
	check_trouble(ERROR_TEMPORARY, STAGE_VERDICT, 452);
	tear_down();
}

static void next(const char *want)
{
	smtp_transaction_clear(&t);
	run(1, true);
	check_outcomes(want);
}

#define NEXT                                                                                   \
	TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "!body Hi\r\n", "C: QUIT", "S: 250 ok",     \
		"S: 221 bye"

/* A message's failure does not end the session, and leaves nothing open for the next. */
static void a_second_transaction(void)
{
	set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "!body Hi\r\n",
		     "C: RSET", "S: 250 ok", "S: 250 reset", NEXT));
	run(1, false);
	check_outcomes("s");
	next("s");
	tear_down();
	set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "!body Hi\r\n",
		     "C: RSET", "S: 554 spam", "S: 250 reset", NEXT));
	run(1, false);
	check_outcomes("f");
	next("s");
	tear_down();
	set_up(STEPS(PIPED, TO_A, "S: 550 m", "S: 503 a", "S: 503 d", NEXT));
	run(1, false);
	check_outcomes("f");
	next("s");
	tear_down();
	set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 550 a", "S: 503 d", "C: RSET", "S: 250 ok",
		     NEXT));
	run(1, false);
	check_outcomes("f");
	next("s");
	tear_down();
	set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 451 d", "C: RSET", "S: 250 ok",
		     NEXT));
	run(1, false);
	check_outcomes("d");
	next("s");
	tear_down();
}

/* The follower: another message, to its own recipient. */
static struct smtp_transaction follower;
static size_t follower_given;
static size_t follower_asked;

static int note_end(void *context, struct error *e)
{
	size_t *asked = context;

	(void)e;
	++*asked;
	return 0;
}

/* The first of the two, with the follower in sight. */
static void run_before_follower(const char *from, const char *to)
{
	size_t given = 0;

	CHECK_INT(smtp_transaction_init(&t, "me@x", 1), 0);
	CHECK_INT(smtp_transaction_init(&follower, from, 1), 0);
	t.recipients[0].path = "a@x";
	t.source = (struct smtp_source){open_source, source, &given};
	t.follower = &follower;
	follower_asked = 0;
	follower.recipients[0].path = to;
	follower.source = (struct smtp_source){open_source, source, &follower_given};
	follower.before_end = note_end;
	follower.before_end_context = &follower_asked;
	follower.last = follower.reused = true;
	smtp_send(s, &t);
	CHECK_INT(follower_asked, 0);
	CHECK_INT(follower.recipients[0].outcome, SMTP_UNTRIED);
}

static void tear_down_both(void)
{
	smtp_transaction_clear(&follower);
	tear_down();
}

#define FIRST_OK  PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "!body Hi\r\n", "C: RSET"
#define AHEAD     "C: MAIL FROM:<you@x>", "C: RCPT TO:<b@x>", "C: DATA"
#define AHEAD_OK  "S: 250 taken", "S: 250 reset", "S: 250 m", "S: 250 b", "S: 354 go"
#define ALONE_OK  "S: 250 taken", "S: 250 reset"
#define FOLLOWING "!body Hi\r\n", "C: QUIT", "S: 250 taken", "S: 221 bye"

static void a_follower_leaves_with_the_end(void)
{
	set_up(STEPS(FIRST_OK, AHEAD, AHEAD_OK, FOLLOWING));
	run_before_follower("you@x", "b@x");
	check_outcomes("s");
	CHECK(follower.begun);
	smtp_send(s, &follower);
	CHECK_INT(follower.recipients[0].outcome, SMTP_SENT);
	CHECK_INT(follower_asked, 1);
	tear_down_both();
	/* Both refused, each in its own words. */
	set_up(STEPS(FIRST_OK, AHEAD, "S: 554 spam", "S: 250 reset", "S: 250 m", "S: 550 b",
		     "S: 503 d", "C: QUIT"));
	run_before_follower("you@x", "b@x");
	check_outcomes("f");
	CHECK_INT(t.verdict.code, 554);
	smtp_send(s, &follower);
	CHECK_INT(follower.recipients[0].outcome, SMTP_FAILED);
	CHECK_INT(follower.recipients[0].slot.reply.code, 550);
	CHECK_INT(follower_asked, 0);
	tear_down_both();
}

/* A relay that waits for a message takes whatever is said for a part of it. */
static void a_follower_that_does_not_follow(void)
{
	set_up(STEPS(FIRST_OK, AHEAD, AHEAD_OK));
	run_before_follower("you@x", "b@x");
	tear_down_both();
	/* Another comes: nothing of it leaves, and it may go on a new session. */
	set_up(STEPS(FIRST_OK, AHEAD, AHEAD_OK));
	run_before_follower("you@x", "b@x");
	smtp_transaction_clear(&t);
	CHECK_INT(smtp_transaction_init(&t, "me@x", 1), 0);
	t.recipients[0].path = "c@x";
	t.source = (struct smtp_source){open_source, source, &follower_given};
	t.reused = true;
	smtp_send(s, &t);
	check_outcomes("u");
	CHECK(t.lost);
	CHECK(wire_is_over(smtp_wire(s)));
	tear_down_both();
	/* Nor when it stands where the follower stood. */
	set_up(STEPS(FIRST_OK, AHEAD, AHEAD_OK));
	run_before_follower("you@x", "b@x");
	smtp_transaction_clear(&follower);
	CHECK_INT(smtp_transaction_init(&follower, "me@x", 1), 0);
	follower.source = (struct smtp_source){open_source, source, &follower_given};
	follower.recipients[0].path = "c@x";
	follower.reused = true;
	smtp_send(s, &follower);
	CHECK(follower.lost);
	tear_down_both();
}

static void what_does_not_ride(void)
{
	static char lines[10000];

	/* A line that would break in two. */
	set_up(STEPS(FIRST_OK, ALONE_OK, "C: QUIT"));
	run_before_follower("you@x", "b@x>\r\nDATA");
	check_outcomes("s");
	CHECK(!follower.begun);
	tear_down_both();
	/* One that is longer than any. */
	memset(lines, 'b', sizeof(lines) - 1);
	set_up(STEPS(FIRST_OK, ALONE_OK, "C: QUIT"));
	run_before_follower("you@x", lines);
	CHECK(!follower.begun);
	tear_down_both();
	/* A relay that hears one command at a time. */
	set_up(STEPS(PLAIN, MAIL_OK, "C: RCPT TO:<a@x>", "S: 250 ok", "C: DATA", "S: 354 go",
		     "!body Hi\r\n", "S: 250 taken", "C: RSET", "S: 250 reset", "C: QUIT"));
	run_before_follower("you@x", "b@x");
	check_outcomes("s");
	CHECK(!follower.begun);
	tear_down_both();
}

/* A message that breaks off must never look whole: no end of data, no command behind it. */
static void the_source_fails(void)
{
	for (int last = 0; last < 2; last++) {
		set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go"));
		message_breaks = true;
		run(1, last);
		check_outcomes("f");
		check_trouble(ERROR_LOCAL, STAGE_INPUT, 0);
		CHECK(wire_is_over(smtp_wire(s)));
		tear_down();
	}
}

/* Counts, and stops the transaction where told to. */
struct gate {
	int asked;
	bool shut;
};

static int ask_gate(void *context, struct error *e)
{
	struct gate *gate = context;

	gate->asked++;
	return gate->shut ? error_set(e, ERROR_LOCAL, STAGE_INPUT, "the disk is full") : 0;
}

#define CHUNKED           PIPED_WITHOUT_END, "S: 250 CHUNKING"
#define PIPED_WITHOUT_END "S: 220 mx", "C: EHLO me", "S: 250-mx", "S: 250-PIPELINING"

/* The caller is asked right before the end of data, in each way that the message goes: what he
 * stops has no end, and where nothing of the message has left, the session goes on. */
static void the_caller_stops_the_end(void)
{
	const char *const *const plays[] = {
		STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go"),
		STEPS(CHUNKED, "C: MAIL FROM:<me@x>", "C: RCPT TO:<a@x>", "S: 250 m",
		      "S: 250 a", "C: RSET", "S: 250 ok", "C: QUIT"),
		STEPS(CHUNKED, "C: QUIT"),
	};
	static const size_t ride[] = {0, 0, 100};
	struct gate gate;

	for (size_t way = 0; way < 3; way++) {
		set_up(plays[way]);
		gate = (struct gate){.shut = true};
		CHECK_INT(smtp_transaction_init(&t, "me@x", 1), 0);
		t.source = (struct smtp_source){open_source, source, &unread};
		t.recipients[0].path = "a@x";
		t.before_end = ask_gate;
		t.before_end_context = &gate;
		message_size = 10;
		t.ride_max = ride[way];
		smtp_send(s, &t);
		check_outcomes("f");
		check_trouble(ERROR_LOCAL, STAGE_INPUT, 0);
		CHECK_INT(gate.asked, 1);
		CHECK(wire_is_over(smtp_wire(s)) == (way == 0));
		tear_down();
	}
}

static void what_the_relay_cannot_take(void)
{
	set_up(STEPS("S: 220 mx", "C: EHLO me", "S: 250-mx", "S: 250 SIZE 10", "C: QUIT"));
	CHECK_INT(smtp_transaction_init(&t, "me@x", 1), 0);
	t.source = (struct smtp_source){open_source, source, &unread};
	t.recipients[0].path = "a@x";
	message_size = 11;
	smtp_send(s, &t);
	check_outcomes("f");
	check_trouble(ERROR_MESSAGE, STAGE_MAIL, 0);
	tear_down();
}

/* Nothing of a group leaves in which one command is refused at the sink. */
static void a_path_that_breaks_the_line(void)
{
	static char long_path[3000];

	memset(long_path, 'x', sizeof(long_path) - 1);
	set_up(STEPS(PIPED));
	CHECK_INT(smtp_transaction_init(&t, "me@x", 2), 0);
	t.source = (struct smtp_source){open_source, source, &unread};
	t.recipients[0].path = "a@x";
	t.recipients[1].path = "b@x>\r\nRCPT TO:<c@x";
	smtp_send(s, &t);
	check_outcomes("ff");
	check_trouble(ERROR_MESSAGE, STAGE_SYNTAX, 0);
	tear_down();
	set_up(STEPS(PIPED, "C: QUIT"));
	CHECK_INT(smtp_transaction_init(&t, long_path, 1), 0);
	t.source = (struct smtp_source){open_source, source, &unread};
	t.recipients[0].path = "a@x";
	smtp_send(s, &t);
	check_outcomes("f");
	check_trouble(ERROR_MESSAGE, STAGE_SYNTAX, 0);
	tear_down();
}

/* The last look: without the TLS that was asked for no MAIL leaves. */
static void tls_is_asked_for_again(void)
{
	options = (struct smtp_options){
		.timeout_scale = 1, .local_name = "me", .tls = SMTP_TLS_REQUIRED};
	s = smtp_new(peer_start(STEPS(PLAIN, "C: QUIT")), &options, &error);
	CHECK_INT(smtp_hello(s, &error), 0);
	run(1, true);
	check_outcomes("f");
	check_trouble(ERROR_RELAY, STAGE_STARTTLS, 0);
	tear_down();
}

static void the_connection_is_lost_in_the_message(void)
{
	set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "!close"));
	message = "a line of a message that is long enough to fill the buffers\n";
	message_repeat = 100000;
	run(1, true);
	check_outcomes("d");
	CHECK_INT(t.trouble.class, ERROR_TEMPORARY);
	CHECK_INT(t.trouble.stage, STAGE_DATA);
	tear_down();
}

static void silence_at_the_verdict(void)
{
	int64_t start = clock_now();

	set_up(STEPS(PIPED, TO_A, "S: 250 m", "S: 250 a", "S: 354 go", "!body Hi\r\n",
		     "C: QUIT"));
	run(1, true);
	check_outcomes("d");
	check_trouble(ERROR_TEMPORARY, STAGE_VERDICT, 0);
	CHECK(clock_now() - start >= 6000 && clock_now() - start < 8000);
	tear_down();
}

enum { MANY = 10000 };

/* Answers each command as soon as it has come, with many words, and reads nothing while it
 * cannot write. Every tenth recipient is refused. */
static void play_many(struct peer *p, const void *context)
{
	(void)context;
	peer_play(p, STEPS(PIPED, MAIL_OK), false);
	for (int i = 0; i < MANY; i++) {
		buf_consume(&p->in, peer_until(p, "\r\n"));
		buf_printf(&p->out, "%d a reply of some length to recipient number %d\r\n",
			   i % 10 == 9 ? 550 : 250, i);
		peer_flush(p);
	}
	peer_play(p,
		  STEPS("C: DATA", "S: 354 go", "!body Hi\r\n", "C: QUIT", "S: 250 ok",
			"S: 221 bye"),
		  true);
}

static void ten_thousand_recipients(void)
{
	int fds[2];
	int size = 1;
	size_t given = 0;
	size_t sent = 0;
	size_t failed = 0;

	peer_pair(fds);
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	options = (struct smtp_options){.timeout_scale = 10, .local_name = "me"};
	message = "Hi\n";
	message_repeat = 1;
	s = smtp_new(peer_start_with(fds, play_many, NULL), &options, &error);
	CHECK_INT(smtp_open(s, &error), 0);
	CHECK_INT(smtp_transaction_init(&t, "me@x", MANY), 0);
	for (int i = 0; i < MANY; i++)
		t.recipients[i].path = "somebody@somewhere.example.org";
	t.source = (struct smtp_source){open_source, source, &given};
	t.last = true;
	smtp_send(s, &t);
	for (int i = 0; i < MANY; i++) {
		sent += t.recipients[i].outcome == SMTP_SENT;
		failed += t.recipients[i].outcome == SMTP_FAILED;
	}
	CHECK_INT(sent, MANY / 10 * 9);
	CHECK_INT(failed, MANY / 10);
	check_trouble(ERROR_NONE, STAGE_USAGE, 0);
	tear_down();
}

/* Refuses MAIL and leaves in the middle of a long group. */
static void play_many_refused(struct peer *p, const void *said)
{
	peer_play(p, STEPS(PIPED, "C: MAIL FROM:<me@x>", said), false);
	usleep(50000);
}

static void many_recipients_and_mail_refused(void)
{
	int fds[2];
	int size = 1;

	peer_pair(fds);
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	options = (struct smtp_options){.timeout_scale = 10, .local_name = "me"};
	s = smtp_new(peer_start_with(fds, play_many_refused, "S: 550 5.7.1 blocked"), &options,
		     &error);
	CHECK_INT(smtp_open(s, &error), 0);
	CHECK_INT(smtp_transaction_init(&t, "me@x", MANY), 0);
	for (int i = 0; i < MANY; i++)
		t.recipients[i].path = "somebody@somewhere.example.org";
	t.source = (struct smtp_source){open_source, source, &unread};
	t.last = true;
	smtp_send(s, &t);
	CHECK_INT(t.recipients[0].outcome, SMTP_FAILED);
	CHECK_INT(t.recipients[MANY - 1].outcome, SMTP_FAILED);
	check_trouble(ERROR_MESSAGE, STAGE_MAIL, 550);
	tear_down();
}

static void trouble_before_it(void)
{
	CHECK_INT(smtp_transaction_init(&t, "", 2), 0);
	t.recipients[1].outcome = SMTP_SENT;
	error_set(&error, ERROR_TEMPORARY, STAGE_CONNECT, "no route");
	smtp_transaction_fail(&t, &error);
	check_outcomes("ds");
	check_trouble(ERROR_TEMPORARY, STAGE_CONNECT, 0);
	smtp_transaction_clear(&t);
	smtp_transaction_clear(&t);
}

int main(void)
{
	TEST_RUN(in_lock_step);
	TEST_RUN(in_two_flights);
	TEST_RUN(quit_need_not_be_answered);
	TEST_RUN(a_verdict_out_of_step_is_a_doubt);
	TEST_RUN(a_reply_too_many_before_the_end_of_data);
	TEST_RUN(a_missing_verdict_is_a_doubt);
	TEST_RUN(a_missing_reply_ends_it_at_once);
	TEST_RUN(a_reply_too_many_in_the_envelope);
	TEST_RUN(a_421_in_every_slot);
	TEST_RUN(mail_refused);
	TEST_RUN(all_recipients_refused);
	TEST_RUN(one_of_three_refused);
	TEST_RUN(data_or_the_message_refused);
	TEST_RUN(a_second_transaction);
	TEST_RUN(a_follower_leaves_with_the_end);
	TEST_RUN(a_follower_that_does_not_follow);
	TEST_RUN(what_does_not_ride);
	TEST_RUN(the_source_fails);
	TEST_RUN(the_caller_stops_the_end);
	TEST_RUN(what_the_relay_cannot_take);
	TEST_RUN(a_path_that_breaks_the_line);
	TEST_RUN(tls_is_asked_for_again);
	TEST_RUN(the_connection_is_lost_in_the_message);
	TEST_RUN(silence_at_the_verdict);
	TEST_RUN(ten_thousand_recipients);
	TEST_RUN(many_recipients_and_mail_refused);
	TEST_RUN(trouble_before_it);
	return test_done();
}
