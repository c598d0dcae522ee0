/* An account in the making: what it says is what it comes to. */
#include "cmd/configure_draft.h"

#include "conf/config.h"
#include "test.h"

static struct draft d;
static struct error e;

static void begin(const char *name)
{
	draft_clear(&d);
	CHECK_INT(draft_init(&d, name, &e), 0);
}

static void words_and_remarks_become_lines(void)
{
	begin("work");
	draft_remark(&d, "found by %s\n\x1b", "luck");
	CHECK_INT(draft_word(&d, "relay", "submissions://mail.example.org", &e), 0);
	CHECK_INT(draft_word(&d, "from", "ann@example.org", &e), 0);
	CHECK_INT(draft_word(&d, "user", "# ann", &e), 0);
	CHECK_INT(draft_settle(&d, &e), 0);
	CHECK_STR(
		d.text.data,
		"account work\n# found by luck\\n\\x1B\nrelay submissions://mail.example.org\n"
		"from ann@example.org\nuser \"# ann\"\n");
	CHECK_STR(account_user(&d.account), "# ann");
	CHECK(!d.secret);
}

static void it_reads_as_the_same(void)
{
	struct config c = {0};

	CHECK_INT(config_parse(&c, "draft", buf_span(&d.text), &e), 0);
	CHECK_INT(c.count, 1);
	CHECK_STR(c.accounts[0].name, "work");
	CHECK_STR(c.accounts[0].user, "# ann");
	CHECK_STR(c.accounts[0].relay.host, "mail.example.org");
	config_clear(&c);
}

static void a_command_may_hold_a_secret(void)
{
	begin("a");
	CHECK_INT(draft_word(&d, "passwordeval", "echo hunter2", &e), 0);
	CHECK(d.secret);
}

static void what_no_line_can_hold_is_refused(void)
{
	begin("a");
	CHECK_INT(draft_word(&d, "user", "ann\nrelay smtp://evil.example", &e), -1);
	CHECK_INT(error_exit_code(&e), 64);
	CHECK_INT(draft_word(&d, "nonsense", "x", &e), -1);
	CHECK_INT(draft_word(&d, "relay", "submissions://-\n", &e), -1);
	CHECK_INT(error_exit_code(&e), 64);
	draft_clear(&d);
	CHECK_INT(draft_init(&d, "a\nb", &e), -1);
	begin("a");
	CHECK_INT(draft_settle(&d, &e), -1);
	CHECK_INT(draft_word(&d, "relay", "submissions://mail.example.org", &e), 0);
	CHECK_INT(draft_word(&d, "tls", "off", &e), 0);
	CHECK_INT(draft_settle(&d, &e), -1);
	CHECK(strstr(e.text, "tls off"));
}

int main(void)
{
	TEST_RUN(words_and_remarks_become_lines);
	TEST_RUN(it_reads_as_the_same);
	TEST_RUN(a_command_may_hold_a_secret);
	TEST_RUN(what_no_line_can_hold_is_refused);
	draft_clear(&d);
	return test_done();
}
