/* Commands out, replies in: slots, groups, and every way for a conversation to end. */
#include "smtp/wire.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "peer.h"
#include "test.h"

static struct wire *w;
static struct error error;
static struct wire_slot a, b, c;
static struct buf heard;

static void listen_in(void *context, char direction, struct span line)
{
	(void)context;
	buf_add_char(&heard, direction);
	buf_add_span(&heard, line);
	buf_add_char(&heard, '\n');
}

static void set_up_on(struct conn *conn, bool pipelining)
{
	error = (struct error){0};
	w = wire_new(conn, 1);
	wire_set_pipelining(w, pipelining);
	wire_set_listener(w, listen_in, NULL);
	buf_init(&heard, 1 << 20);
	wire_slot_init(&a);
	wire_slot_init(&b);
	wire_slot_init(&c);
}

static void set_up(bool pipelining, const char *const *steps)
{
	set_up_on(peer_start(steps), pipelining);
}

static void tear_down(void)
{
	wire_free(w);
	peer_end();
	wire_slot_clear(&a);
	wire_slot_clear(&b);
	wire_slot_clear(&c);
	buf_clear(&heard);
}

static void check_error(enum error_class class, enum error_stage stage, int code)
{
	CHECK_INT(error.class, class);
	CHECK_INT(error.stage, stage);
	CHECK_INT(error.code, code);
	CHECK(error.text[0] != '\0');
}

static void one_after_the_other(void)
{
	set_up(false, STEPS("C: NOOP", "S: 250-a", "S: 250 b", "C: VRFY ann", "S: 550 5.1.1 x",
			    "C: RSET", "S: 250 ok"));
	CHECK_INT(wire_issue(w, &a, WIRE_NOOP, &error, "NOOP"), 0);
	CHECK_INT(wire_owed(w), 1);
	CHECK_INT(wire_issue(w, &b, WIRE_VRFY, &error, "VRFY %s", "ann"), 0);
	CHECK_INT(a.reply.code, 250);
	CHECK_STR(a.reply.text.data, "a\nb");
	CHECK_INT(wire_issue(w, &c, WIRE_RSET, &error, "RSET"), 0);
	CHECK_INT(wire_collect(w, &c, &error), 0);
	CHECK_INT(b.reply.code, 550);
	CHECK_INT(c.reply.code, 250);
	CHECK_INT(wire_owed(w), 0);
	CHECK_INT(wire_collect(w, &c, &error), 0);
	CHECK_STR(heard.data, ">NOOP\n<250-a\n<250 b\n>VRFY ann\n<550 5.1.1 x\n>RSET\n<250 "
			      "ok\n");
	tear_down();
}

static void a_group_leaves_at_once(void)
{
	set_up(true, STEPS("C: MAIL", "C: RCPT", "C: DATA", "S: 250 m", "S: 550 r", "S: 354 d",
			   "C: NOOP", "S: 250 n"));
	CHECK_INT(wire_issue(w, &a, WIRE_MAIL, &error, "MAIL"), 0);
	CHECK_INT(wire_issue(w, &b, WIRE_RCPT, &error, "RCPT"), 0);
	CHECK_INT(wire_issue(w, &c, WIRE_DATA, &error, "DATA"), 0);
	CHECK_INT(wire_owed(w), 3);
	b.brief = true;
	CHECK_INT(wire_collect(w, &b, &error), 0);
	CHECK_INT(a.reply.code, 250);
	CHECK_STR(b.reply.text.data, "r");
	/* DATA may only end a group: what follows waits for its reply. */
	b.brief = true;
	CHECK_INT(wire_issue(w, &b, WIRE_NOOP, &error, "NOOP"), 0);
	CHECK_INT(c.reply.code, 354);
	CHECK_INT(wire_collect(w, &b, &error), 0);
	CHECK_INT(b.reply.code, 250);
	CHECK_STR(b.reply.text.data, "");
	tear_down();
}

static void single_bytes_make_a_reply(void)
{
	set_up(false,
	       STEPS("S+ 2", "!wait 5", "S+ 2", "!wait 5", "S+ 0 hello\r", "!wait 5", "S+ \n"));
	CHECK_INT(wire_expect(w, &a, WIRE_GREETING, &error), 0);
	CHECK_INT(wire_collect(w, &a, &error), 0);
	CHECK_INT(a.reply.code, 220);
	CHECK_STR(a.reply.text.data, "hello");
	tear_down();
}

static void breaks_are_refused_at_the_sink(void)
{
	static const char nul[] = "NOOP\0X";

	set_up(false, STEPS("C: NOOP", "S: 250 ok"));
	CHECK_INT(wire_issue(w, &a, WIRE_RCPT, &error, "RCPT TO:<%s>", "a\r\nRSET"), -1);
	check_error(ERROR_MESSAGE, STAGE_SYNTAX, 0);
	CHECK_INT(wire_issue(w, &a, WIRE_RCPT, &error, "RCPT TO:<%s>", "a\nb"), -1);
	CHECK_INT(wire_issue(w, &a, WIRE_RCPT, &error, "RCPT TO:<%s>", "a\rb"), -1);
	CHECK_INT(wire_issue_secret(w, &a, WIRE_NOOP, (struct span){nul, 6}, NULL, &error), -1);
	CHECK_INT(wire_issue(w, &a, WIRE_NOOP, &error, "NOOP %060000d", 1), -1);
	check_error(ERROR_MESSAGE, STAGE_SYNTAX, 0);
	CHECK_INT(wire_owed(w), 0);
	CHECK(!wire_is_over(w));
	CHECK_STR(heard.data, "");
	CHECK_INT(wire_issue(w, &a, WIRE_NOOP, &error, "NOOP"), 0);
	CHECK_INT(wire_collect(w, &a, &error), 0);
	tear_down();
}

static void secrets_are_not_heard(void)
{
	set_up(false, STEPS("C: AUTH PLAIN c2VjcmV0", "S: 235 ok"));
	CHECK_INT(wire_issue_secret(w, &a, WIRE_AUTH, span_of("AUTH PLAIN c2VjcmV0"),
				    "AUTH PLAIN ***", &error),
		  0);
	CHECK_INT(wire_collect(w, &a, &error), 0);
	CHECK_STR(heard.data, ">AUTH PLAIN ***\n<235 ok\n");
	tear_down();
}

/* The group MAIL, RCPT, DATA against one way of answering; collects all three. */
static void group(const char *const *steps, int codes[3], int results[3])
{
	set_up(true, steps);
	CHECK_INT(wire_issue(w, &a, WIRE_MAIL, &error, "MAIL"), 0);
	CHECK_INT(wire_issue(w, &b, WIRE_RCPT, &error, "RCPT"), 0);
	CHECK_INT(wire_issue(w, &c, WIRE_DATA, &error, "DATA"), 0);
	results[0] = wire_collect(w, &a, &error);
	results[1] = wire_collect(w, &b, &error);
	results[2] = wire_collect(w, &c, &error);
	codes[0] = a.reply.code;
	codes[1] = b.reply.code;
	codes[2] = c.reply.code;
}

static void check_over(void)
{
	CHECK(wire_is_over(w));
	CHECK_INT(wire_owed(w), 0);
	CHECK_INT(wire_issue(w, &a, WIRE_NOOP, &error, "NOOP"), -1);
	CHECK_INT(wire_expect(w, &a, WIRE_VERDICT, &error), -1);
	CHECK_INT(wire_queue(w, "x", 1, &error), -1);
	CHECK_INT(wire_data(w, "x", 1, &error), -1);
	CHECK_INT(wire_flush(w, &error), -1);
	CHECK_INT(wire_check_level(w, WIRE_NOOP, &error), -1);
	CHECK_INT(wire_collect_within(w, &a, 1, &error), -1);
	CHECK_INT(wire_start_tls(w, &(struct tls_policy){0}, &error), -1);
}

#define GROUP "C: MAIL", "C: RCPT", "C: DATA"

static void a_421_ends_it_in_every_slot(void)
{
	int codes[3], results[3];

	group(STEPS(GROUP, "S: 421 4.3.2 closing"), codes, results);
	CHECK(results[0] == -1 && results[1] == -1 && results[2] == -1);
	CHECK(codes[0] == 421 && codes[1] == 0 && codes[2] == 0);
	check_error(ERROR_TEMPORARY, STAGE_MAIL, 421);
	CHECK_INT(error.enhanced[0], 4);
	check_over();
	check_error(ERROR_TEMPORARY, STAGE_MAIL, 421);
	tear_down();
	group(STEPS(GROUP, "S: 250 m", "S: 421 closing", "S: 354 never"), codes, results);
	CHECK(results[0] == 0 && results[1] == -1 && results[2] == -1);
	CHECK(codes[0] == 250 && codes[1] == 421 && codes[2] == 0);
	check_error(ERROR_TEMPORARY, STAGE_RCPT, 421);
	tear_down();
	group(STEPS(GROUP, "S: 250 m", "S: 550 r", "S: 421 closing"), codes, results);
	CHECK(results[0] == 0 && results[1] == 0 && results[2] == -1);
	check_error(ERROR_TEMPORARY, STAGE_DATA, 421);
	tear_down();
}

static void a_lost_line_fails_what_is_owed(void)
{
	int codes[3], results[3];

	group(STEPS(GROUP, "S: 250 m", "S+ 550 half", "!close"), codes, results);
	CHECK(results[0] == 0 && results[1] == -1 && results[2] == -1);
	CHECK(codes[0] == 250 && codes[1] == 0 && codes[2] == 0);
	check_error(ERROR_TEMPORARY, STAGE_RCPT, 0);
	check_over();
	tear_down();
	group(STEPS(GROUP, "S: 250-m", "!close"), codes, results);
	CHECK(results[0] == -1 && codes[0] == 0);
	check_error(ERROR_TEMPORARY, STAGE_MAIL, 0);
	tear_down();
}

static void nonsense_fails_what_is_owed(void)
{
	int codes[3], results[3];

	group(STEPS(GROUP, "S: 250 m", "S: hello\x1b[2J", "S: 354 d"), codes, results);
	CHECK(results[0] == 0 && results[1] == -1 && results[2] == -1);
	CHECK(codes[1] == 0 && codes[2] == 0);
	check_error(ERROR_RELAY, STAGE_PROTOCOL, 0);
	CHECK(strchr(error.text, '\x1b') == NULL);
	tear_down();
	group(STEPS(GROUP, "S: 250-m", "S: 251 m", "S: 250 r", "S: 354 d"), codes, results);
	CHECK(results[0] == -1 && codes[0] == 0);
	check_error(ERROR_RELAY, STAGE_PROTOCOL, 0);
	tear_down();
}

/* Scale 1 gives DATA 1.2 seconds: for the whole reply, however it drips. */
static void the_deadline_is_for_the_whole_reply(void)
{
	int64_t start = clock_now();
	int64_t took;

	set_up(false, STEPS("C: DATA", "S+ 3", "!wait 500", "S+ 5", "!wait 500", "S+ 4",
			    "!wait 500", "S+ ", "!wait 10"));
	CHECK_INT(wire_issue(w, &a, WIRE_DATA, &error, "DATA"), 0);
	CHECK_INT(wire_collect(w, &a, &error), -1);
	took = clock_now() - start;
	CHECK(took >= 1200 && took < 2400);
	check_error(ERROR_TEMPORARY, STAGE_DATA, 0);
	CHECK_INT(error.number, ETIMEDOUT);
	CHECK_INT(a.reply.code, 0);
	CHECK(wire_is_over(w));
	tear_down();
}

static void words_out_of_turn_end_it(void)
{
	static const struct {
		const char *said;
		enum error_class class;
		enum error_stage stage;
		int code;
	} rows[] = {
		{"S: 250 again", ERROR_RELAY, STAGE_PROTOCOL, 250},
		{"S: 421 idle too long", ERROR_TEMPORARY, STAGE_MAIL, 421},
		{"S: 451 later", ERROR_TEMPORARY, STAGE_PROTOCOL, 451},
		{"S: 554 go away", ERROR_RELAY, STAGE_MAIL, 554},
		{"S: rubbish", ERROR_RELAY, STAGE_PROTOCOL, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_up(true, STEPS("S: 220 hi", rows[i].said));
		CHECK_INT(wire_expect(w, &a, WIRE_GREETING, &error), 0);
		CHECK_INT(wire_collect(w, &a, &error), 0);
		CHECK_INT(wire_issue(w, &b, WIRE_MAIL, &error, "MAIL"), -1);
		check_error(rows[i].class, rows[i].stage, rows[i].code);
		CHECK_INT(b.reply.code, 0);
		CHECK_INT(wire_owed(w), 0);
		check_over();
		tear_down();
	}
}

static void half_a_word_out_of_turn_ends_it_too(void)
{
	set_up(true, STEPS("S: 220 hi", "S+ 2"));
	CHECK_INT(wire_expect(w, &a, WIRE_GREETING, &error), 0);
	CHECK_INT(wire_collect(w, &a, &error), 0);
	CHECK_INT(wire_check_level(w, WIRE_MAIL, &error), -1);
	check_error(ERROR_TEMPORARY, STAGE_MAIL, 0);
	tear_down();
}

static void a_verdict_that_never_comes_is_a_doubt(void)
{
	set_up(true, STEPS("!body hello\r\n", "S+ 250 o", "!close"));
	CHECK_INT(wire_data_begin(w, 5, &error), 0);
	CHECK_INT(wire_data(w, "hello\r\n", 7, &error), 0);
	CHECK_INT(wire_queue(w, ".\r\n", 3, &error), 0);
	CHECK_INT(wire_expect(w, &a, WIRE_VERDICT, &error), 0);
	CHECK_INT(wire_collect(w, &a, &error), -1);
	check_error(ERROR_TEMPORARY, STAGE_VERDICT, 0);
	CHECK(strstr(error.text, "may have been delivered") != NULL);
	CHECK_INT(a.reply.code, 0);
	tear_down();
}

static void quit_waits_only_so_long(void)
{
	int64_t start = clock_now();

	set_up(true, STEPS("C: QUIT", "!wait-line"));
	CHECK_INT(wire_issue(w, &a, WIRE_QUIT, &error, "QUIT"), 0);
	CHECK_INT(wire_collect_within(w, &a, 60, &error), -1);
	CHECK(clock_now() - start >= 60 && clock_now() - start < 1000);
	CHECK_INT(a.reply.code, 0);
	CHECK(wire_is_over(w));
	CHECK_INT(wire_owed(w), 0);
	tear_down();
}

static void forgotten_slots_may_go(void)
{
	struct error why;

	set_up(true, STEPS("C: NOOP"));
	error_set(&why, ERROR_LOCAL, STAGE_INPUT, "gone");
	CHECK_INT(wire_issue(w, &a, WIRE_NOOP, &error, "NOOP"), 0);
	CHECK_INT(wire_flush(w, &error), 0);
	wire_abandon(w, &why);
	CHECK_INT(wire_owed(w), 0);
	CHECK_INT(wire_collect(w, &a, &error), -1);
	check_error(ERROR_LOCAL, STAGE_INPUT, 0);
	tear_down();
}

/* A connection with the smallest buffers that the system has. */
static struct conn *start_small(void (*play)(struct peer *, const void *), const void *context)
{
	int fds[2];
	int size = 1;

	peer_pair(fds);
	for (int i = 0; i < 2; i++) {
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	}
	return peer_start_with(fds, play, context);
}

/* The relay refuses, and closes with our group half written: its reason must not be lost. */
static void play_refusal(struct peer *p, const void *said)
{
	peer_until(p, "\r\n");
	buf_printf(&p->out, "%s\r\n", (const char *)said);
	peer_flush(p);
	usleep(50000);
}

static void a_refusal_before_a_broken_write_counts(void)
{
	static char long_argument[30000];

	memset(long_argument, 'x', sizeof(long_argument) - 1);
	set_up_on(start_small(play_refusal, "554 5.7.1 blocked"), true);
	CHECK_INT(wire_issue(w, &a, WIRE_MAIL, &error, "MAIL"), 0);
	CHECK_INT(wire_issue(w, &b, WIRE_RCPT, &error, "%s", long_argument), 0);
	CHECK_INT(wire_collect(w, &a, &error), 0);
	CHECK_INT(a.reply.code, 554);
	CHECK_INT(wire_collect(w, &b, &error), -1);
	check_error(ERROR_TEMPORARY, STAGE_RCPT, 0);
	tear_down();
	set_up_on(start_small(play_refusal, "421 4.3.2 down"), true);
	CHECK_INT(wire_issue(w, &a, WIRE_MAIL, &error, "MAIL"), 0);
	CHECK_INT(wire_issue(w, &b, WIRE_RCPT, &error, "%s", long_argument), 0);
	CHECK_INT(wire_collect(w, &a, &error), -1);
	check_error(ERROR_TEMPORARY, STAGE_MAIL, 421);
	tear_down();
}

/* Success, in contrast, cannot be the answer to what was not sent whole. */
static void a_success_before_a_broken_write_does_not(void)
{
	static char block[30000];

	memset(block, 'x', sizeof(block));
	memcpy(block, "\r\n", 2);
	set_up_on(start_small(play_refusal, "250 already?"), true);
	CHECK_INT(wire_queue(w, block, sizeof(block), &error), 0);
	CHECK_INT(wire_expect(w, &a, WIRE_VERDICT, &error), 0);
	CHECK_INT(wire_collect(w, &a, &error), -1);
	check_error(ERROR_TEMPORARY, STAGE_VERDICT, 0);
	tear_down();
}

static void play_data(struct peer *p, const void *said)
{
	peer_until(p, "\r\n");
	buf_add_string(&p->out, "354 go\r\n");
	peer_flush(p);
	buf_reset(&p->in);
	play_refusal(p, said);
}

static void the_body_stops_at_a_refusal(void)
{
	static char block[30000];

	memset(block, 'x', sizeof(block));
	memcpy(block, "\r\n", 2);
	set_up_on(start_small(play_data, "552 5.3.4 too big"), true);
	CHECK_INT(wire_issue(w, &a, WIRE_DATA, &error, "DATA"), 0);
	CHECK_INT(wire_collect(w, &a, &error), 0);
	CHECK_INT(wire_data_begin(w, 0, &error), 0);
	CHECK_INT(wire_data(w, block, sizeof(block), &error), -1);
	check_error(ERROR_MESSAGE, STAGE_DATA, 552);
	CHECK(strstr(error.text, "552 5.3.4 too big") != NULL);
	tear_down();
}

enum { SLOW_BLOCK = 200000 };

static void play_slowly(struct peer *p, const void *context)
{
	(void)context;
	for (size_t want = SLOW_BLOCK; want <= 2 * SLOW_BLOCK; want += SLOW_BLOCK) {
		usleep(1200000);
		while (p->in.len < want && peer_fill(p))
			continue;
	}
}

/* Scale 1 gives the data phase 1.8 seconds and what its bytes are worth, known beforehand or
 * not. */
static void the_data_phase_has_time_for_its_size(void)
{
	static char block[SLOW_BLOCK];
	int64_t start = clock_now();

	set_up_on(start_small(play_slowly, NULL), true);
	CHECK_INT(wire_data_begin(w, 0, &error), 0);
	CHECK_INT(wire_data(w, block, sizeof(block), &error), 0);
	CHECK_INT(wire_data(w, block, sizeof(block), &error), 0);
	CHECK(clock_now() - start > 2000);
	tear_down();
	start = clock_now();
	set_up_on(start_small(play_slowly, NULL), true);
	CHECK_INT(wire_data_begin(w, 1, &error), 0);
	CHECK_INT(wire_data(w, block, sizeof(block), &error), 0);
	CHECK_INT(wire_data(w, block, sizeof(block), &error), -1);
	CHECK(clock_now() - start < 10000);
	CHECK_INT(error.class, ERROR_TEMPORARY);
	CHECK_INT(error.number, ETIMEDOUT);
	wire_free(w);
	w = NULL;
	peer_end();
	buf_clear(&heard);
}

int main(void)
{
	TEST_RUN(one_after_the_other);
	TEST_RUN(a_group_leaves_at_once);
	TEST_RUN(single_bytes_make_a_reply);
	TEST_RUN(breaks_are_refused_at_the_sink);
	TEST_RUN(secrets_are_not_heard);
	TEST_RUN(a_421_ends_it_in_every_slot);
	TEST_RUN(a_lost_line_fails_what_is_owed);
	TEST_RUN(nonsense_fails_what_is_owed);
	TEST_RUN(the_deadline_is_for_the_whole_reply);
	TEST_RUN(words_out_of_turn_end_it);
	TEST_RUN(half_a_word_out_of_turn_ends_it_too);
	TEST_RUN(a_verdict_that_never_comes_is_a_doubt);
	TEST_RUN(quit_waits_only_so_long);
	TEST_RUN(forgotten_slots_may_go);
	TEST_RUN(a_refusal_before_a_broken_write_counts);
	TEST_RUN(a_success_before_a_broken_write_does_not);
	TEST_RUN(the_body_stops_at_a_refusal);
	TEST_RUN(the_data_phase_has_time_for_its_size);
	return test_done();
}
