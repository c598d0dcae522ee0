/* The list of the queue, its JSON, and the words on one entry: each line of them. */
#include "cmd/queue_format.h"

#include <stdlib.h>

#include "test.h"

static struct entry_recipient recipients[3];
static struct entry entry;
static struct queue_view view;
static struct buf out;

/* A message of Monday, 23 November 2026, 10:40:51 UTC, to two recipients. */
static void begin(void)
{
	static char bob[] = "bob@example.org", cat[] = "\"c d\"@example.org";
	static char ann[] = "ann@example.org", work[] = "work";

	recipients[0] = (struct entry_recipient){.path = bob};
	recipients[1] = (struct entry_recipient){.path = cat};
	entry = (struct entry){
		.id = "a123456789",
		.account = work,
		.arrived = INT64_C(1795430451123456),
		.reverse_path = ann,
		.recipients = recipients,
		.count = 2,
		.size = 603,
		.fd = -1,
		.journal_fd = -1,
	};
	view = (struct queue_view){
		.entry = &entry,
		.now = 1795430500,
		.lifetime = 5 * 86400,
		.uid = 1000,
	};
	buf_init(&out, 1024 * 1024);
}

static void check(const char *want)
{
	CHECK(!buf_failed(&out));
	CHECK_STR(out.data, want);
	buf_clear(&out);
}

static void the_list_is_postfix(void)
{
	begin();
	queue_format_heading(&out);
	queue_format_entry(&out, &view, false);
	queue_format_total(&out, 1, 603);
	queue_format_total(&out, 2, 2048);
	check("-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n"
	      "a123456789      603 Mon Nov 23 10:40:51  ann@example.org\n"
	      "                                         bob@example.org\n"
	      "                                         \"c d\"@example.org\n"
	      "\n"
	      "-- 0 Kbytes in 1 Request.\n"
	      "-- 2 Kbytes in 2 Requests.\n");
}

static void reasons_stand_above_their_recipients(void)
{
	static char away[] = "connect to mail.example.org: Connection refused";
	static char full[] = "452 4.2.2 full";
	static char nobody[] = "";

	begin();
	entry.trouble = away;
	entry.attempts = 3;
	entry.reverse_path = nobody;
	queue_format_entry(&out, &view, false);
	check("a123456789      603 Mon Nov 23 10:40:51  MAILER-DAEMON\n"
	      "                             (connect to mail.example.org: Connection refused)\n"
	      "                                         bob@example.org\n"
	      "                                         \"c d\"@example.org\n"
	      "\n");
	begin();
	recipients[0].outcome = ENTRY_SENT;
	recipients[1].text = full;
	queue_format_entry(&out, &view, false);
	recipients[0].outcome = ENTRY_FAILED;
	recipients[0].text = full;
	queue_format_entry(&out, &view, false);
	check("a123456789      603 Mon Nov 23 10:40:51  ann@example.org\n"
	      "                                                              (452 4.2.2 full)\n"
	      "                                         \"c d\"@example.org\n"
	      "\n"
	      "a123456789      603 Mon Nov 23 10:40:51  ann@example.org\n"
	      "                                                      (failed: 452 4.2.2 full)\n"
	      "                                         bob@example.org\n"
	      "                                                              (452 4.2.2 full)\n"
	      "                                         \"c d\"@example.org\n"
	      "\n");
}

static void a_long_reason_is_not_moved(void)
{
	char reason[101];

	memset(reason, 'x', sizeof(reason) - 1);
	reason[100] = '\0';
	begin();
	entry.count = 1;
	entry.trouble = reason;
	queue_format_entry(&out, &view, false);
	CHECK(strstr(out.data, "\n(xxx"));
	buf_clear(&out);
}

/* What an entry is and what mark it has. */
static void state(const char *word, char mark)
{
	CHECK_STR(queue_state(&view), word);
	CHECK_INT(queue_mark(&view), mark);
}

static void states_have_marks(void)
{
	begin();
	state("waiting", ' ');
	entry.attempts = 1;
	state("deferred", ' ');
	entry.release = view.now + 1;
	state("scheduled", '!');
	entry.state = ENTRY_MARKED;
	state("doubt", '?');
	entry.held = true;
	state("held", '!');
	view.active = true;
	state("active", '*');
	entry.state = ENTRY_DEAD;
	state("dead", '#');
	entry.state = ENTRY_BAD;
	state("damaged", '#');
	entry.state = ENTRY_WAITING;
	view.damage = "torn";
	state("damaged", '#');
	buf_clear(&out);
}

static void a_lifetime_begins_when_it_is_to_be_sent(void)
{
	begin();
	entry.release = 1795430451 + 86400;
	queue_format_json(&out, &view);
	CHECK(strstr(out.data, "\"expires\":\"2026-11-29T10:40:51Z\"") != NULL);
	buf_clear(&out);
}

static void what_is_odd_is_said(void)
{
	begin();
	entry.count = 0;
	entry.release = view.now + 9;
	queue_format_entry(&out, &view, false);
	check("a123456789!     603 Mon Nov 23 10:40:51  ann@example.org\n"
	      "                                  (not before Mon, 23 Nov 2026 10:41:49 +0000)\n"
	      "\n");
	begin();
	entry = (struct entry){.id = "a123456789", .state = ENTRY_BAD, .size = 7};
	view.damage = "its checksum is wrong";
	queue_format_entry(&out, &view, true);
	check("a123456789#       7 Thu Jan  1 00:00:00  ?\n"
	      "                                                       (its checksum is wrong)\n"
	      "\n");
}

static void verbose_tells_account_and_time(void)
{
	begin();
	entry.count = 0;
	entry.attempts = 1;
	entry.next = 1795430600;
	queue_format_entry(&out, &view, true);
	check("a123456789      603 Mon Nov 23 10:40:51  ann@example.org\n"
	      "                                (next attempt Mon, 23 Nov 2026 10:43:20 +0000)\n"
	      "                                                                (account work)\n"
	      "\n");
}

static void the_relay_may_be_the_trouble(void)
{
	static char older[] = "lost";

	begin();
	entry.count = 1;
	view.relay = "no route to mail.example.org";
	view.relay_next = 1795430600;
	queue_format_entry(&out, &view, false);
	check("a123456789      603 Mon Nov 23 10:40:51  ann@example.org\n"
	      "                                                (no route to mail.example.org)\n"
	      "                                         bob@example.org\n"
	      "\n");
	queue_format_json(&out, &view);
	CHECK(strstr(out.data, "\"trouble\":\"no route to mail.example.org\""));
	CHECK(strstr(out.data, "\"next_attempt\":\"2026-11-23T10:43:20Z\""));
	buf_clear(&out);
	entry.trouble = older;
	queue_format_json(&out, &view);
	CHECK(strstr(out.data, "\"trouble\":\"no route to mail.example.org\""));
	buf_clear(&out);
	entry.state = ENTRY_MARKED;
	queue_format_json(&out, &view);
	CHECK(strstr(out.data, "\"trouble\":\"lost\""));
	buf_clear(&out);
}

static void what_came_from_outside_is_escaped(void)
{
	static char bad[] = "\x1b[2J\n(x)";

	begin();
	entry.reverse_path = bad;
	entry.trouble = bad;
	entry.count = 1;
	recipients[0].path = bad;
	queue_format_entry(&out, &view, true);
	queue_format_json(&out, &view);
	queue_format_words(&out, &view);
	CHECK(!strchr(out.data, 0x1b));
	CHECK(!strstr(out.data, "\n(x)"));
	buf_clear(&out);
}

static void json_is_one_line(void)
{
	static char full[] = "452 4.2.2 \"full\"";

	begin();
	entry.attempts = 2;
	entry.tried = 1795430460;
	entry.next = 1795430600;
	recipients[0].code = 452;
	recipients[0].enhanced[0] = 4;
	recipients[0].enhanced[1] = 2;
	recipients[0].enhanced[2] = 2;
	recipients[0].text = full;
	queue_format_json(&out, &view);
	check("{\"id\":\"a123456789\",\"uid\":1000,\"size\":603,"
	      "\"arrival\":\"2026-11-23T10:40:51Z\",\"sender\":\"ann@example.org\","
	      "\"account\":\"work\",\"config\":null,\"state\":\"deferred\",\"held\":false,"
	      "\"trouble\":null,\"attempts\":2,\"last_attempt\":\"2026-11-23T10:41:00Z\","
	      "\"next_attempt\":\"2026-11-23T10:43:20Z\",\"release\":null,"
	      "\"expires\":\"2026-11-28T10:40:51Z\",\"recipients\":["
	      "{\"address\":\"bob@example.org\",\"status\":\"deferred\",\"code\":452,"
	      "\"enhanced\":\"4.2.2\",\"reply\":\"452 4.2.2 \\\"full\\\"\"},"
	      "{\"address\":\"\\\"c d\\\"@example.org\",\"status\":\"deferred\",\"code\":null,"
	      "\"enhanced\":null,\"reply\":null}]}\n");
}

static void words_say_all(void)
{
	begin();
	entry.wishes.notify = WISHES_FAILURE | WISHES_DELAY;
	entry.wishes.require_tls = true;
	queue_format_words(&out, &view);
	check("id: a123456789\n"
	      "state: waiting: waits for its first attempt\n"
	      "sender: <ann@example.org>\n"
	      "recipient: <bob@example.org> waiting\n"
	      "recipient: <\"c d\"@example.org> waiting\n"
	      "report on: failure delay\n"
	      "requires: TLS all the way\n"
	      "account: work\n"
	      "arrived: Mon, 23 Nov 2026 10:40:51 +0000\n"
	      "given up: Sat, 28 Nov 2026 10:40:51 +0000\n"
	      "size: 603\n");
}

static void relays_stand_in_a_line_each(void)
{
	static char account[] = "wo\nrk", file[] = "/etc/\033", text[] = "mail.example.org: no";
	struct health_relay relay = {.account = account, .failures = 1, .next = 1795430600};

	begin();
	queue_format_relay(&out, &relay, 1795430500);
	check("wo\\nrk: failed 1 time in a row, not tried before Mon, 23 Nov 2026 10:43:20 "
	      "+0000\n");
	begin();
	relay = (struct health_relay){
		.account = account, .config = file, .failures = 2, .next = 1795430500};
	relay.text = text;
	queue_format_relay(&out, &relay, 1795430500);
	check("wo\\nrk of /etc/\\x1B: failed 2 times in a row, tried with the next run: "
	      "mail.example.org: no\n");
}

int main(void)
{
	setenv("TZ", "UTC0", 1);
	TEST_RUN(the_list_is_postfix);
	TEST_RUN(reasons_stand_above_their_recipients);
	TEST_RUN(a_long_reason_is_not_moved);
	TEST_RUN(states_have_marks);
	TEST_RUN(a_lifetime_begins_when_it_is_to_be_sent);
	TEST_RUN(what_is_odd_is_said);
	TEST_RUN(verbose_tells_account_and_time);
	TEST_RUN(the_relay_may_be_the_trouble);
	TEST_RUN(what_came_from_outside_is_escaped);
	TEST_RUN(json_is_one_line);
	TEST_RUN(words_say_all);
	TEST_RUN(relays_stand_in_a_line_each);
	return test_done();
}
