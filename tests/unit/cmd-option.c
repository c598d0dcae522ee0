/* The command line: sendmail's rules, ours, and the callers of sendmail that we know. */
#include "cmd/option_table.h"

#include "conf/keys.h"

#include "test.h"

static struct options o;
static struct error error;

/* Parses words separated by "|" ("'a b'" needs no quotes). The strings stay until the next
 * call. */
static int parse(const char *line)
{
	static char copy[1024];
	static char *argv[64];
	int argc = 0;
	char *rest = copy;

	options_clear(&o);
	error = (struct error){0};
	snprintf(copy, sizeof(copy), "%s", line);
	while (rest)
		argv[argc++] = strsep(&rest, "|");
	argv[argc] = NULL;
	return options_parse(&o, argc, argv, &error);
}

/* The operands, joined by "|". */
static const char *operands(void)
{
	static char out[1024];

	out[0] = '\0';
	for (size_t i = 0; i < o.recipients.count; i++) {
		size_t len = strlen(out);

		snprintf(out + len, sizeof(out) - len, "%s%s", i > 0 ? "|" : "",
			 o.recipients.items[i]);
	}
	return out;
}

static const char *setting(const char *key)
{
	for (size_t i = 0; i < o.setting_count; i++)
		if (strcmp(o.settings[i].key, key) == 0)
			return o.settings[i].value;
	return NULL;
}

static void what_callers_of_sendmail_say(void)
{
	static const struct {
		const char *line;
		const char *recipients;
		const char *sender;
		bool t, i;
	} callers[] = {
		{"sendmail|-FCronDaemon|-i|-B8BITMIME|-oem|root", "root", NULL, false, true},
		{"sendmail|-FCronDaemon|-i|-odi|-oem|-oi|-t|-f|root", "", "root", true, true},
		{"sendmail|-FCronDaemon|-odi|-oem|-oi|-t", "", NULL, true, true},
		{"sendmail|-FCronDaemon|-odi|-oem|-or0s|root", "root", NULL, false, false},
		{"sendmail|-i|-B8BITMIME|root", "root", NULL, false, true},
		{"sendmail|-ti", "", NULL, true, true},
		{"sendmail|-t|-oem|-i", "", NULL, true, true},
		{"sendmail|-Ffcron|-odi|ann", "ann", NULL, false, false},
		{"sendmail|-FAnacron|-odi|root", "root", NULL, false, false},
		{"sendmail|-F|Atrun Service|-odi|-oem|ann", "ann", NULL, false, false},
		{"sendmail|-f|a@x|-i|b@x|c@x", "b@x|c@x", "a@x", false, true},
		{"sendmail|-i|-f|a@x|b@x", "b@x", "a@x", false, true},
		{"sendmail|-f|a@x|b@x", "b@x", "a@x", false, false},
		{"sendmail|-oem|-oi|-B8BITMIME|-f|a@x|-N|delay|-R|hdrs|--|b@x", "b@x", "a@x",
		 false, true},
		{"sendmail|-i|-t|-f|a@x|-v|-m", "", "a@x", true, true},
		{"sendmail|-i|-m|-v|-F|Ann|-f|a@x|--|b@x|c@x", "b@x|c@x", "a@x", false, true},
		{"sendmail|-oi|-f|a@x|-t", "", "a@x", true, true},
		{"sendmail|-oi|-f|a@x|-oem|-odb|b@x, c@x", "b@x, c@x", "a@x", false, true},
		{"sendmail|-oi|-f|a@x|-oA/etc/aliases|-oem|-odb|-t", "", "a@x", true, true},
		{"sendmail|-m|-t|-i|-v", "", NULL, true, true},
		{"sendmail|-t|-i|-fa@x", "", "a@x", true, true},
		{"sendmail|-oi|-fa@x|-t", "", "a@x", true, true},
		{"sendmail|-fa@x|--|b@x", "b@x", "a@x", false, false},
		{"sendmail|-i|-fa@x|--|b@x", "b@x", "a@x", false, true},
		{"sendmail|-t|-oi|-oem|-fa@x", "", "a@x", true, true},
		{"sendmail|-oi|-t|-f|<>", "", "<>", true, true},
		{"sendmail|-oi|-ODeliveryMode=b|-OErrorMode=m|-t", "", NULL, true, true},
		{"sendmail|-oi|-odi|-oem|-N|success,delay|-V|id1|-f||--|b@x", "b@x", "", false,
		 true},
		{"sendmail|-i|-f|<>|--|b@x", "b@x", "<>", false, true},
		{"sendmail|-eq|-f|<>|-t", "", "<>", true, false},
		{"sendmail|-t", "", NULL, true, false},
	};

	for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++) {
		CHECK_INT(parse(callers[i].line), 0);
		CHECK(o.sendmail);
		CHECK_INT(o.mode, MODE_SUBMIT);
		CHECK_STR(operands(), callers[i].recipients);
		CHECK_INT(o.read_recipients, callers[i].t);
		CHECK_INT(o.dot == OPTIONS_DOT_STAYS, callers[i].i);
		if (callers[i].sender)
			CHECK_STR(o.sender, callers[i].sender);
		else
			CHECK(!o.sender);
		if (test_bad)
			printf("# %s\n", callers[i].line);
	}
}

static void values_are_glued_or_the_next_word(void)
{
	CHECK_INT(parse("/usr/sbin/sendmail|-fa@x|-FAnn B|-r|c@x"), 0);
	CHECK_STR(o.sender, "c@x");
	CHECK_STR(o.full_name, "Ann B");
	CHECK_INT(parse("sendmail|-f|-t|x"), 0);
	CHECK_STR(o.sender, "-t");
	CHECK(!o.read_recipients);
	CHECK_INT(parse("sendmail|x|-tif|a@x|y"), 0);
	CHECK_STR(o.sender, "a@x");
	CHECK_STR(operands(), "x|y");
	CHECK(o.read_recipients && o.dot == OPTIONS_DOT_STAYS);
	CHECK_INT(parse("sendmail|-tifa@x"), 0);
	CHECK_STR(o.sender, "a@x");
	CHECK_INT(parse("sendmail|-|a|--|-t|--|-x"), 0);
	CHECK_STR(operands(), "-|a|-t|--|-x");
	CHECK(!o.read_recipients);
}

static void some_values_are_glued_only(void)
{
	CHECK_INT(parse("sendmail|-d|a@x|-d0.4|-e|b@x|-em|-J|c@x|-E|d@x"), 0);
	CHECK_STR(operands(), "a@x|b@x|c@x|d@x");
	CHECK_INT(o.mode, MODE_SUBMIT);
	CHECK_INT(parse("sendmail|-A|m|-Ac|-h|9|-L|tag|-p|ESMTP:x|-R|full|a@x"), 0);
	CHECK_STR(operands(), "a@x");
	CHECK_INT(parse("sendmail|-mnUGx|-cs|-T3d|a@x"), 0);
	CHECK_STR(operands(), "a@x");
	CHECK_INT(o.notes.count, 0);
}

static void a_missing_value_is_an_error(void)
{
	CHECK_INT(parse("sendmail|-t|-f"), -1);
	CHECK_INT(error.stage, STAGE_USAGE);
	CHECK_STR(error.text, "option -f needs a value");
	CHECK_INT(error_exit_code(&error), 64);
	CHECK_INT(parse("pennypost|--host"), -1);
	CHECK_STR(error.text, "option --host needs a value");
	CHECK_INT(parse("pennypost|--dry-run=yes"), -1);
	CHECK_STR(error.text, "option --dry-run takes no value");
}

static void old_and_named_options(void)
{
	CHECK_INT(parse("sendmail|-o|i|a"), 0);
	CHECK_INT(o.dot, OPTIONS_DOT_STAYS);
	CHECK_INT(parse("sendmail|-oitrue|-or|a|-o|r|b"), 0);
	CHECK_STR(operands(), "a|b");
	CHECK_INT(o.dot, OPTIONS_DOT_STAYS);
	CHECK_INT(parse("sendmail|-i|-oifalse"), 0);
	CHECK_INT(o.dot, OPTIONS_DOT_ENDS);
	CHECK_INT(parse("sendmail|-O|IgnoreDots|a"), 0);
	CHECK_INT(o.dot, OPTIONS_DOT_STAYS);
	CHECK_STR(operands(), "a");
	CHECK_INT(parse("sendmail|-OIgnoreDots = False|-oiTrue|-Oignoredots=n"), 0);
	CHECK_INT(o.dot, OPTIONS_DOT_ENDS);
	CHECK_INT(o.notes.count, 0);
	CHECK_INT(parse("sendmail|-odq|-O DeliveryMode=d|-odb|-ODeliveryMode=i"), 0);
	CHECK_INT(o.notes.count, 0);
	CHECK_INT(o.setting_count, 4);
	CHECK_STR(o.settings[0].key, "delivery");
	CHECK_STR(o.settings[0].value, "queue");
	CHECK_STR(o.settings[1].value, "queue");
	CHECK_STR(o.settings[2].value, "background");
	CHECK_STR(o.settings[3].value, "interactive");
	CHECK_INT(parse("sendmail|-odx|-O|DeliveryMode=Fast"), 0);
	CHECK_INT(o.setting_count, 0);
	CHECK_STR(o.notes.items[0], "the unknown delivery mode x is ignored");
	CHECK_INT(parse("sendmail|-o"), -1);
}

static void no_option_of_sendmail_names_a_file_or_command(void)
{
	CHECK_INT(parse("sendmail|-X/var/www/x.php|-C|/tmp/c|-D|/tmp/d|-OQueueDirectory=/"
			"tmp|-oQ/tmp|a@x"),
		  0);
	CHECK_STR(operands(), "a@x");
	CHECK(!o.config_file);
	CHECK_INT(o.setting_count, 0);
	CHECK_INT(o.notes.count, 5);
	CHECK_STR(o.notes.items[0], "option -X /var/www/x.php is ignored: it names a file");
	CHECK_STR(o.notes.items[3], "option -O QueueDirectory is ignored");
	CHECK_STR(o.notes.items[4], "option -oQ/tmp is ignored");
	CHECK_INT(parse("sendmail|--passwordeval=id|a@x"), -1);
	CHECK_STR(error.text,
		  "option --passwordeval is not sendmail's: call pennypost with it");
	CHECK_INT(error_exit_code(&error), 64);
	CHECK_INT(parse("sendmail|--file=/tmp/c|a@x"), -1);
	CHECK_INT(parse("sendmail|--logfile|a@x"), -1);
	for (const char *const *name =
		     (const char *const[]){"send-mail", "mailq", "runq", "newaliases", NULL};
	     *name; name++) {
		char line[64];

		snprintf(line, sizeof(line), "/usr/bin/%s|-C/tmp/c|--frob=x", *name);
		CHECK_INT(parse(line), 0);
		CHECK(o.sendmail && !o.config_file && o.setting_count == 0);
	}
}

static void the_unknown_is_noted_or_refused(void)
{
	CHECK_INT(parse("sendmail|-Zt|--frob=secret|a@x|-t"), 0);
	CHECK_STR(operands(), "a@x");
	CHECK(o.read_recipients);
	CHECK_INT(o.notes.count, 2);
	CHECK_STR(o.notes.items[0], "the unknown option -Zt is ignored");
	CHECK_STR(o.notes.items[1], "the unknown option --frob is ignored");
	CHECK_INT(parse("sendmail|-S|-P|-a|x"), 0);
	CHECK_INT(o.mode, MODE_SUBMIT);
	CHECK(!o.dry_run);
	CHECK_STR(o.account, "x");
	CHECK_INT(parse("pennypost|-tZ"), -1);
	CHECK_STR(error.text, "there is no option -Z (see --help)");
	CHECK_INT(error_exit_code(&error), 64);
	CHECK_INT(parse("pennypost|-\303\274\33"), -1);
	CHECK_STR(error.text, "there is no option -\303\274 (see --help)");
	CHECK_INT(parse("pennypost|--dry"), -1);
	CHECK_STR(error.text, "there is no option --dry (see --help)");
	CHECK_INT(parse("pennypost|-z|hello"), -1);
	CHECK_INT(parse("pennypost|-\33"), -1);
	CHECK_STR(error.text, "there is no option -\\x1B (see --help)");
}

static void pieces_of_a_message_are_kept_in_order(void)
{
	CHECK_INT(parse("pennypost|-shi|--attach|a|a@x|--name-attachment=b|--edit|--body=1\n2"),
		  0);
	CHECK_STR(operands(), "a@x");
	CHECK_INT(o.piece_count, 5);
	CHECK_STR(o.pieces[0].name, "subject");
	CHECK_STR(o.pieces[0].value, "hi");
	CHECK_STR(o.pieces[2].name, "name-attachment");
	CHECK_STR(o.pieces[2].value, "b");
	CHECK(o.pieces[3].value == NULL);
	CHECK_STR(o.pieces[4].value, "1\n2");
	CHECK_INT(parse("sendmail|-s|hello|a@x"), 0);
	CHECK_INT(o.piece_count, 0);
	CHECK_STR(operands(), "hello|a@x");
}

static void pieces_of_a_message_are_one_line_each(void)
{
	static const char *const lines[] = {
		"-s|a\nb",      "--cc|a\r",       "--header=X: 1\nBcc: y",
		"--attach=a\n", "--charset=\033", "--html|a\rb"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), "pennypost|%s|a@x", lines[i]);
		CHECK_INT(parse(line), -1);
		CHECK_INT(error_exit_code(&error), 64);
		options_clear(&o);
	}
}

static void pieces_of_a_message_want_one_to_be_sent(void)
{
	CHECK_INT(parse("pennypost|-s|a|-t"), -1);
	CHECK_INT(error_exit_code(&error), 64);
	options_clear(&o);
	CHECK_INT(parse("pennypost|-s|a|--batch|file"), -1);
	CHECK_STR(error.text,
		  "--subject composes a message, and does not go with what else is to be done");
	options_clear(&o);
	CHECK_INT(parse("sendmail|--attach=/etc/passwd|a@x"), -1);
	CHECK_STR(error.text, "option --attach is not sendmail's: call pennypost with it");
}

static void a_password_has_no_place_here(void)
{
	CHECK_INT(parse("pennypost|--password=hunter2"), -1);
	CHECK_INT(error_exit_code(&error), 64);
	CHECK(strstr(error.text, "every user of this machine can read command lines") != NULL);
	CHECK(strstr(error.text, "hunter2") == NULL);
	CHECK_INT(parse("pennypost|--passwort=hunter2"), -1);
	CHECK(strstr(error.text, "hunter2") == NULL);
}

/* The mode of a line that is taken. */
static int mode(const char *line)
{
	CHECK_INT(parse(line), 0);
	return (int)o.mode;
}

static void the_queue_is_listed(void)
{
	CHECK_INT(mode("sendmail|-bp"), MODE_QUEUE_LIST);
	CHECK_INT(mode("mailq"), MODE_QUEUE_LIST);
	CHECK_INT(mode("/usr/bin/mailq|-v|-Ac|-qRx|--frob|x"), MODE_QUEUE_LIST);
	CHECK(o.sendmail && o.verbose);
	CHECK_INT(mode("mailq|--json"), MODE_QUEUE_LIST);
	CHECK(o.sendmail && o.json);
	CHECK_INT(mode("sendmail|-bp|--json"), MODE_QUEUE_LIST);
	CHECK_INT(parse("mailq|--show|b123456789xy"), -1);
	CHECK_STR(error.text, "option --show is not sendmail's: call pennypost with it");
	CHECK_INT(mode("pennypost|-bp"), MODE_QUEUE_LIST);
	CHECK_INT(mode("pennypost|--list-queue|--json"), MODE_QUEUE_LIST);
	CHECK(o.json && !o.sendmail);
	CHECK_INT(parse("pennypost|--list-queue|a@x"), -1);
	CHECK_STR(error.text, "there is no place for \"a@x\" here");
	CHECK_INT(parse("sendmail|--json|a@x"), -1);
	CHECK_STR(error.text,
		  "--json goes with --list-queue, --show, --doctor or a message to send");
	CHECK_INT(mode("pennypost|--json|a@x"), MODE_SUBMIT);
	CHECK(options_want_result(&o));
	CHECK_INT(parse("pennypost|--json|--dry-run|a@x"), -1);
}

static void the_queue_is_run(void)
{
	CHECK_INT(mode("sendmail|-q"), MODE_QUEUE_RUN);
	CHECK_INT(o.queue_every, 0);
	CHECK_INT(mode("/usr/sbin/runq"), MODE_QUEUE_RUN);
	CHECK(o.sendmail);
	CHECK_INT(mode("pennypost|-qff"), MODE_QUEUE_RUN);
	CHECK_INT(mode("pennypost|-q1h30m|-v"), MODE_QUEUE_RUN);
	CHECK_INT(o.queue_every, 5400);
	CHECK_INT(mode("sendmail|-q15"), MODE_QUEUE_RUN);
	CHECK_INT(o.queue_every, 900);
	CHECK_INT(mode("sendmail|-qp"), MODE_QUEUE_RUN);
	CHECK_INT(o.queue_every, 5);
	CHECK_INT(mode("sendmail|-qp15s"), MODE_QUEUE_RUN);
	CHECK_INT(o.queue_every, 15);
	CHECK_INT(mode("sendmail|-qIb12|-qRbob|-qSann@|-qRcarl"), MODE_QUEUE_RUN);
	CHECK_STR(o.queue_id, "b12");
	CHECK_STR(o.queue_recipient, "carl");
	CHECK_STR(o.queue_sender, "ann@");
	CHECK_INT(mode("sendmail|-bd|-q30m"), MODE_LISTEN);
	CHECK_INT(o.queue_every, 1800);
	CHECK_INT(mode("sendmail|-q30m|-bd"), MODE_LISTEN);
	CHECK_INT(o.queue_every, 1800);
	CHECK_INT(mode("sendmail|-bs|-q30m"), MODE_SERVE);
	CHECK_INT(o.queue_every, 0);
	CHECK_INT(parse("sendmail|-qXx"), -1);
	CHECK_INT(error_exit_code(&error), 64);
	CHECK_INT(parse("sendmail|-q0s"), -1);
	CHECK_INT(parse("sendmail|-q-5m"), -1);
	/* A message that comes with it would be lost in silence. */
	CHECK_INT(parse("sendmail|-q|a@x"), -1);
	CHECK_INT(parse("sendmail|-q|-t"), -1);
}

static void the_queue_is_checked(void)
{
	CHECK_INT(mode("pennypost|--check-queue"), MODE_QUEUE_CHECK);
	CHECK_INT(o.older_than, 0);
	CHECK_INT(mode("pennypost|--older-than|90m|--check-queue"), MODE_QUEUE_CHECK);
	CHECK_INT(o.older_than, 5400);
	CHECK_INT(o.older_critical, 0);
	CHECK_INT(mode("pennypost|--check-queue|--older-than=1h,1d"), MODE_QUEUE_CHECK);
	CHECK_INT(o.older_than, 3600);
	CHECK_INT(o.older_critical, 86400);
	CHECK_INT(parse("pennypost|--check-queue|--older-than=1"), -1);
	CHECK_INT(parse("pennypost|--check-queue|--older-than=1h,"), -1);
	CHECK_INT(parse("pennypost|--check-queue|--older-than=0s"), -1);
	CHECK_INT(mode("pennypost|-q|--due"), MODE_QUEUE_RUN);
	CHECK(o.due);
	CHECK_INT(parse("pennypost|--due|ann"), -1);
	CHECK_STR(error.text, "--due goes with -q");
	CHECK_INT(parse("pennypost|--older-than=1h"), -1);
	CHECK_STR(error.text, "--older-than goes with --check-queue");
}

static void the_queue_is_steered(void)
{
	CHECK_INT(mode("pennypost|--remove|a123456789xy|b123456789xy"), MODE_QUEUE_STEER);
	CHECK_INT(o.steer, OPTIONS_REMOVE);
	CHECK_INT(o.ids.count, 2);
	CHECK_INT(o.recipients.count, 0);
	CHECK_STR(o.ids.items[1], "b123456789xy");
	CHECK_INT(mode("pennypost|--retry=all"), MODE_QUEUE_STEER);
	CHECK_INT(o.steer, OPTIONS_RETRY);
	CHECK_INT(mode("pennypost|--cancel|a123456789xy"), MODE_QUEUE_STEER);
	CHECK_INT(o.steer, OPTIONS_CANCEL);
	CHECK_INT(mode("pennypost|--release|a123456789xy|--release|all"), MODE_QUEUE_STEER);
	CHECK_INT(o.steer, OPTIONS_RELEASE);
	CHECK_INT(o.ids.count, 2);
	CHECK_INT(mode("pennypost|--hold|a123456789xy"), MODE_QUEUE_STEER);
	CHECK_INT(o.steer, OPTIONS_HOLD);
	CHECK_INT(mode("pennypost|--hold|all"), MODE_QUEUE_STEER);
	CHECK_INT(mode("pennypost|--hold|4h"), MODE_SUBMIT);
	CHECK_INT(mode("pennypost|--show|a123456789xy|b123456789xy|--json"), MODE_QUEUE_SHOW);
	CHECK_INT(o.ids.count, 2);
	CHECK_INT(parse("pennypost|--show|all"), -1);
	CHECK_INT(parse("pennypost|--remove|a123456789xy|--cancel|b123456789xy"), -1);
	CHECK_STR(error.text, "--remove and --cancel do not go together");
	CHECK_INT(parse("pennypost|--remove|ann@example.org"), -1);
	CHECK_STR(error.text, "\"ann@example.org\" is not the ID of a message in the queue");
	CHECK_INT(parse("pennypost|--remove|a123456789xy|../x"), -1);
	CHECK_INT(parse("sendmail|--remove|all"), -1);
}

/* What sendmail's letters hold besides: what is wrong in them stops nothing. */
static void options_within_options(void)
{
	CHECK_INT(parse("sendmail|-eq|-h|12|-L|sm-mta.1|a"), 0);
	CHECK_INT(o.quiet, true);
	CHECK_INT(o.hops, 12);
	CHECK_STR(o.log_tag, "pennypost/sm-mta.1");
	CHECK_INT(o.notes.count, 0);
	CHECK_INT(parse("sendmail|-oeq|-oem|-e|a"), 0);
	CHECK_INT(o.quiet, false);
	CHECK_INT(parse("sendmail|-OErrorMode=quiet|-ov|a"), 0);
	CHECK_INT(o.quiet, true);
	CHECK_INT(o.verbose, true);
	CHECK_INT(parse("sendmail|-O|Verbose=t|-ov0|a"), 0);
	CHECK_INT(o.verbose, false);
	CHECK_INT(parse("sendmail|-ez|-h|-1|-L|a b|-h|x|-OErrorMode|a"), 0);
	CHECK_INT(o.notes.count, 5);
	CHECK_STR(o.notes.items[0], "the unknown error mode z is ignored");
	CHECK_STR(o.notes.items[1], "option -h -1 is ignored: that is too small");
	CHECK_STR(o.notes.items[2],
		  "the tag a b is ignored: it is not 1 to 32 letters, digits, dots, dashes and "
		  "underscores");
	CHECK_INT(o.quiet, false);
	CHECK_INT(o.hops, 0);
	CHECK(!o.log_tag);
	CHECK_INT(o.recipients.count, 1);
	CHECK_INT(parse("sendmail|-L|123456789012345678901234567890123|-L|../x|-L|a%s|-L||a"),
		  0);
	CHECK_INT(o.notes.count, 4);
	CHECK_INT(parse("sendmail|-L|a|-L|b|x"), 0);
	CHECK_STR(o.log_tag, "pennypost/b");
}

static void modes(void)
{
	static const struct {
		const char *line;
		const char *text;
	} unbuilt[] = {
		{"sendmail|-Mrm|1abc",
		 "there is no mode -M (Exim's work on the queue) here: pennypost --show, "
		 "--retry, --hold, --release and --remove are like it"},
		{"pennypost|-bt",
		 "there is no mode -bt (address test) here: -bv shows where an "
		 "address leads"},
	};

	for (size_t i = 0; i < sizeof(unbuilt) / sizeof(unbuilt[0]); i++) {
		CHECK_INT(parse(unbuilt[i].line), -1);
		CHECK_STR(error.text, unbuilt[i].text);
		CHECK_INT(error_exit_code(&error), 69);
	}
	CHECK_INT(parse("sendmail|-bC"), 0);
	CHECK_INT(o.mode, MODE_CONFIG_CHECK);
	CHECK_INT(parse("sendmail|-bV"), 0);
	CHECK_INT(o.mode, MODE_VERSION);
	CHECK_INT(parse("sendmail|-bP"), 0);
	CHECK_INT(o.mode, MODE_QUEUE_LIST);
	CHECK_INT(o.list, OPTIONS_LIST_COUNT);
	CHECK_INT(parse("sendmail|-bh"), 0);
	CHECK_INT(o.list, OPTIONS_LIST_RELAYS);
	CHECK_INT(parse("sendmail|-bh|-bp"), 0);
	CHECK_INT(o.list, OPTIONS_LIST_MESSAGES);
	CHECK_INT(parse("pennypost|-bP|--json"), -1);
	CHECK_INT(parse("sendmail|-bq|a"), 0);
	CHECK_INT(o.mode, MODE_SUBMIT);
	CHECK_STR(o.settings[0].key, "delivery");
	CHECK_STR(o.settings[0].value, "queue");
	CHECK_INT(parse("sendmail|-bl"), 0);
	CHECK_INT(o.mode, MODE_LISTEN);
	CHECK_INT(o.detach, true);
	CHECK_INT(parse("sendmail|-bm|a"), 0);
	CHECK_INT(o.mode, MODE_SUBMIT);
	CHECK_INT(parse("newaliases|-q"), 0);
	CHECK_INT(o.mode, MODE_NEWALIASES);
	CHECK_INT(parse("sendmail|-I"), 0);
	CHECK_INT(o.mode, MODE_NEWALIASES);
	CHECK_INT(parse("pennypost|-bi"), 0);
	CHECK_INT(o.mode, MODE_NEWALIASES);
	CHECK_INT(parse("sendmail|-bv|-n|a@x"), 0);
	CHECK_INT(o.mode, MODE_RESOLVE);
	CHECK(o.no_aliases);
	CHECK_INT(parse("sendmail|-bv"), -1);
	CHECK_INT(parse("sendmail|-bv|-t|a@x"), -1);
	CHECK_INT(parse("sendmail|-bs"), 0);
	CHECK_INT(o.mode, MODE_SERVE);
	CHECK_INT(parse("pennypost|-bs|-q"), 0);
	CHECK_INT(o.mode, MODE_SERVE);
	CHECK_INT(parse("sendmail|-b|s|-odb|-oem"), 0);
	CHECK_INT(o.mode, MODE_SERVE);
	CHECK_STR(o.settings[0].value, "background");
	CHECK_INT(parse("sendmail|-bd|-q30m"), 0);
	CHECK_INT(o.mode, MODE_LISTEN);
	CHECK_INT(o.detach, true);
	CHECK_STR(o.listen.items[0], "localhost:25");
	CHECK_INT(parse("sendmail|-q|-bD"), 0);
	CHECK_INT(o.mode, MODE_LISTEN);
	CHECK_INT(o.detach, false);
	CHECK_INT(parse("pennypost|--listen|[::1]:2525|--max-size=10|--max-time|1m"), 0);
	CHECK_INT(o.listen.count, 1);
	CHECK_INT(o.max_size, 10);
	CHECK_INT(o.max_time, 60);
	CHECK_INT(parse("pennypost|--catch=dir|--listen|localhost:0"), 0);
	CHECK_INT(o.mode, MODE_LISTEN);
	CHECK_STR(o.catch, "dir");
	CHECK_INT(parse("pennypost|--catch="), -1);
	CHECK_INT(parse("pennypost|--catch=dir|-bs"), -1);
	CHECK_INT(parse("pennypost|--catch=dir|ann@example.org"), -1);
	CHECK_INT(parse("sendmail|--catch=dir"), -1);
	CHECK_INT(parse("pennypost|--max-size=0"), -1);
	CHECK_INT(parse("pennypost|-bs|--dry-run"), -1);
	CHECK_INT(parse("pennypost|-bs|ann@example.org"), -1);
	CHECK_INT(parse("sendmail|-bs|ann@example.org"), 0);
	CHECK_INT(parse("sendmail|-bZ|a"), -1);
	CHECK_STR(error.text, "there is no mode -bZ");
	CHECK_INT(parse("pennypost|--server-info"), 0);
	CHECK_INT(o.mode, MODE_SERVER_INFO);
	CHECK_INT(parse("msmtp|-S|--host=x"), 0);
	CHECK_INT(o.mode, MODE_SERVER_INFO);
	CHECK_INT(parse("pennypost|--verify-address|a@x"), 0);
	CHECK_INT(o.mode, MODE_VERIFY_ADDRESS);
	CHECK_STR(o.address, "a@x");
	CHECK_INT(parse("pennypost|--doctor|work|--json"), 0);
	CHECK_INT(o.mode, MODE_DOCTOR);
	CHECK_STR(o.account, "work");
	CHECK_INT(o.recipients.count, 0);
	CHECK(!o.send_test);
	CHECK_INT(parse("pennypost|--doctor|--send-test=a@x"), 0);
	CHECK(o.send_test && !o.account);
	CHECK_STR(o.test_address, "a@x");
	CHECK_INT(parse("pennypost|--doctor|a|b"), -1);
	CHECK_INT(parse("pennypost|--send-test|a@x"), -1);
	CHECK_STR(error.text, "--send-test goes with --doctor");
	CHECK_INT(parse("sendmail|--doctor"), -1);
	CHECK_INT(parse("pennypost|--show-config|-awork"), 0);
	CHECK_INT(o.mode, MODE_SHOW_CONFIG);
	CHECK_INT(parse("pennypost|--show-config|a@x"), -1);
	CHECK_INT(parse("msmtp|--host=x|-awork|a@x"), -1);
	CHECK_INT(parse("pennypost|--host=x|-awork|a@x"), 0);
	CHECK_INT(parse("msmtp|--set-date-header|--configure=a@x"), 0);
	CHECK_INT(o.mode, MODE_CONFIGURE);
	CHECK_STR(o.address, "a@x");
	CHECK_STR(setting("set_date_header"), "auto");
	CHECK_INT(parse("pennypost|--configure=a@x|--keyring|kernel|--probe|--system|--yes"),
		  0);
	CHECK_STR(o.keyring, "kernel");
	CHECK(o.probe && o.system && o.yes);
	CHECK_INT(parse("pennypost|--configure=a@x|--keyring|file"), -1);
	CHECK_INT(parse("pennypost|--configure=a@x|b@x"), -1);
	CHECK_INT(parse("pennypost|--yes|a@x"), -1);
	CHECK_INT(parse("sendmail|--configure=a@x"), -1);
	CHECK_INT(parse("msmtp|--rmqs|x"), -1);
	CHECK_INT(error_exit_code(&error), 69);
	CHECK_INT(parse("pennypost|--version"), 0);
	CHECK_INT(o.mode, MODE_VERSION);
	CHECK_INT(parse("pennypost|--help"), 0);
	CHECK_INT(o.mode, MODE_HELP);
}

static void rmail_takes_recipients(void)
{
	CHECK_INT(parse("rmail|a@x|b!c"), 0);
	CHECK(o.sendmail && o.rmail);
	CHECK_INT(o.dot, OPTIONS_DOT_STAYS);
	CHECK_INT(parse("/usr/bin/rmail|-Dx.example|-T9|--|-t"), 0);
	CHECK_STR(operands(), "-t");
	CHECK_INT(parse("rmail|-t"), -1);
	CHECK_INT(parse("rmail|a@x|-t"), 0);
	CHECK(!o.read_recipients);
	CHECK_INT(parse("sendmail|-t"), 0);
	CHECK(!o.rmail);
}

static void our_options(void)
{
	CHECK_INT(parse("pennypost|-C|/c|--account=work|-P|-v|--read-envelope-from|-t|a@x"), 0);
	CHECK(!o.sendmail && o.dry_run && o.verbose && o.read_envelope_from &&
	      o.read_recipients);
	CHECK_STR(o.config_file, "/c");
	CHECK_STR(o.account, "work");
	CHECK_STR(operands(), "a@x");
	CHECK_INT(o.dot, OPTIONS_DOT_UNSET);
	CHECK_INT(parse("msmtp|--file=/d|-aother|--read-recipients|--from|b@x|-d|--pretend"),
		  0);
	CHECK(!o.sendmail && o.one && !o.dry_run && o.verbose && o.read_recipients);
	CHECK_INT(o.mode, MODE_SHOW_CONFIG);
	CHECK_STR(o.config_file, "/d");
	CHECK_STR(o.account, "other");
	CHECK_STR(o.sender, "b@x");
	CHECK_INT(parse("pennypost|-f|"), 0);
	CHECK_STR(o.sender, "");
	CHECK_INT(parse("pennypost|--from="), 0);
	CHECK_STR(o.sender, "");
	CHECK_INT(parse("pennypost|-F|Ann\nBcc: x@y"), -1);
	CHECK_INT(error_exit_code(&error), 64);
	CHECK_STR(error.text,
		  "the name \"Ann\\nBcc: x@y\" of option -F holds a control character");
}

static void words_of_the_configuration(void)
{
	CHECK_INT(parse("pennypost|--host|h|--port=25|--tls|--tls-starttls=off|--auth|a@x|--"
			"user=u|"
			"--tls-trust-file|/t|--passwordeval=echo a=b|--relay=|-X/log"),
		  0);
	CHECK_STR(operands(), "a@x");
	CHECK_INT(o.setting_count, 10);
	CHECK_STR(o.settings[0].key, "host");
	CHECK_STR(setting("host"), "h");
	CHECK_STR(setting("port"), "25");
	CHECK_STR(setting("tls"), "on");
	CHECK_STR(setting("tls_starttls"), "off");
	CHECK_STR(setting("auth"), "on");
	CHECK_STR(setting("tls_trust_file"), "/t");
	CHECK_STR(setting("passwordeval"), "echo a=b");
	CHECK_STR(setting("relay"), "");
	CHECK_STR(setting("logfile"), "/log");
}

static void a_switch_takes_its_alternatives_from_the_next_word(void)
{
	CHECK_INT(
		parse("pennypost|--tls|off|--auth|cram-md5|a@x|--tls-starttls|maybe|--syslog"),
		0);
	CHECK_STR(operands(), "a@x|maybe");
	CHECK_STR(setting("tls"), "off");
	CHECK_STR(setting("auth"), "cram-md5");
	CHECK_STR(setting("tls_starttls"), "on");
	CHECK_STR(setting("syslog"), "on");
}

static bool is_key(const char *key)
{
	for (size_t n = 0; keys_name(n); n++)
		if (strcmp(keys_name(n), key) == 0)
			return true;
	return false;
}

/* A value that the option takes: most take any. */
static const char *some_value(const char *name)
{
	if (strncmp(name, "dsn-", 4) == 0)
		return "=off";
	if (strcmp(name, "hold-for") == 0)
		return "=1";
	for (const char *const *id = (const char *const[]){"show", "retry", "release", "remove",
							   "cancel", NULL};
	     *id; id++)
		if (strcmp(name, *id) == 0)
			return "=a123456789xy";
	if (strcmp(name, "older-than") == 0)
		return "=1h|--check-queue";
	if (strcmp(name, "due") == 0)
		return "|-q";
	if (strcmp(name, "json") == 0)
		return "|--list-queue";
	if (strcmp(name, "with-passwords") == 0)
		return "|--import=msmtp";
	if (strcmp(name, "at") == 0)
		return "=+1h";
	if (strcmp(name, "hold") == 0)
		return "=1h";
	if (strcmp(name, "keyring") == 0)
		return "=kernel|--configure=a@x";
	if (strcmp(name, "probe") == 0 || strcmp(name, "system") == 0 ||
	    strcmp(name, "yes") == 0)
		return "|--configure=a@x";
	if (strncmp(name, "max-", 4) == 0)
		return strcmp(name, "max-time") == 0 ? "=1h" : "=10";
	return strcmp(name, "hold-until") == 0 ? "=2026-12-24T00:00:00Z" : "=on";
}

static void every_setting_is_a_word_of_the_configuration(void)
{
	const struct options_row *row;
	int settings = 0;

	for (size_t n = 0; (row = options_row(n)) != NULL; n++) {
		char line[64];

		if (!row->name || strcmp(row->name, "rmqs") == 0 ||
		    strcmp(row->name, "send-test") == 0)
			continue;
		snprintf(line, sizeof(line), "pennypost|--%s%s", row->name,
			 row->value == OPTIONS_VALUE_NONE && strcmp(row->name, "json") != 0 &&
					 strcmp(row->name, "due") != 0 &&
					 strcmp(row->name, "with-passwords") != 0 &&
					 strcmp(row->name, "probe") != 0 &&
					 strcmp(row->name, "system") != 0 &&
					 strcmp(row->name, "yes") != 0
				 ? ""
				 : some_value(row->name));
		CHECK_INT(parse(line), 0);
		settings += (int)o.setting_count;
		if (o.setting_count > 0 && !is_key(o.settings[0].key))
			test_fail(__FILE__, __LINE__, row->name);
	}
	CHECK(settings > 20);
}

static void wishes_are_read_at_once(void)
{
	CHECK_INT(parse("sendmail|-N|success,delay|-R|hdrs|-V|id 1|b@x"), 0);
	CHECK_STR(setting("dsn_notify"), "success,delay");
	CHECK_STR(setting("dsn_return"), "hdrs");
	CHECK_STR(o.envelope_id, "id 1");
	CHECK_INT(o.notes.count, 0);
	CHECK_INT(parse("sendmail|-N|always|-Rall|-V|gr\303\274n|b@x"), 0);
	CHECK_STR(operands(), "b@x");
	CHECK_INT(o.setting_count, 0);
	CHECK(!o.envelope_id);
	CHECK_INT(o.notes.count, 3);
	CHECK_INT(parse("pennypost|-N|always|b@x"), -1);
	CHECK_INT(parse("pennypost|--dsn-return=all|b@x"), -1);
	CHECK_INT(parse("pennypost|--hold-for|soon|b@x"), -1);
	CHECK_INT(parse("pennypost|--hold-for|60|--hold-until|2026-12-24T00:00:00Z|b@x"), 0);
	CHECK_INT(o.hold_for, 0);
	CHECK_INT(o.hold_until, 1798070400);
	CHECK_INT(parse("pennypost|--at|tomorrow|b@x"), -1);
	CHECK_STR(error.text,
		  "option --at: \"tomorrow\" is not a time to come, such as 18:30, \"tomorrow "
		  "08:00\", +2h or 2026-12-24T18:00:00+01:00");
	CHECK_INT(parse("pennypost|--at|2999-12-24T00:00:00Z|b@x"), 0);
	CHECK_INT(o.release, 32502988800);
	CHECK_INT(parse("pennypost|--hold|2h|b@x"), 0);
	CHECK_INT(o.mode, MODE_SUBMIT);
	CHECK(o.release > 7200);
	CHECK_INT(parse("pennypost|--hold|0s|b@x"), -1);
	CHECK_INT(parse("pennypost|--hold|a123456789xy"), 0);
	CHECK_INT(o.mode, MODE_QUEUE_STEER);
	CHECK_INT(o.steer, OPTIONS_HOLD);
	CHECK_INT(o.release, 0);
	CHECK_INT(parse("pennypost|--hold|2"), -1);
	CHECK_STR(error.text,
		  "\"2\" is not the ID of a message in the queue, and not a time such "
		  "as 30s, 15m, 4h, 5d or 2w");
}

static void operands_of_a_batch_are_files(void)
{
	CHECK_INT(parse("pennypost|a@x|--to|b@x|--to=c@x"), 0);
	CHECK_INT(o.mode, MODE_SUBMIT);
	CHECK_STR(operands(), "a@x|b@x|c@x");
	CHECK_INT(parse("pennypost|one|--to|b@x|--batch|two"), 0);
	CHECK_INT(o.mode, MODE_BATCH);
	CHECK_STR(operands(), "b@x");
	CHECK_INT(o.files.count, 2);
	CHECK_STR(o.files.items[1], "two");
	CHECK_INT(parse("sendmail|--batch|a@x"), -1);
}

static void the_table_is_sound(void)
{
	const struct options_row *a, *b;

	for (size_t i = 0; (a = options_row(i)) != NULL; i++) {
		CHECK(a->set || (!a->letter && !a->name && a->help));
		CHECK((a->value == OPTIONS_VALUE_NONE) == (a->value_name == NULL));
		CHECK(!a->help || strlen(a->help) <= 70);
		for (size_t k = i + 1; (b = options_row(k)) != NULL; k++) {
			CHECK(!a->letter || a->letter != b->letter || !(a->who & b->who));
			CHECK(!a->name || !b->name || strcmp(a->name, b->name) != 0);
		}
	}
	options_clear(&o);
	CHECK_INT(options_parse(&o, 0, (char *[]){NULL}, &error), 0);
	CHECK(!o.sendmail);
}

int main(void)
{
	TEST_RUN(what_callers_of_sendmail_say);
	TEST_RUN(values_are_glued_or_the_next_word);
	TEST_RUN(some_values_are_glued_only);
	TEST_RUN(a_missing_value_is_an_error);
	TEST_RUN(old_and_named_options);
	TEST_RUN(no_option_of_sendmail_names_a_file_or_command);
	TEST_RUN(the_unknown_is_noted_or_refused);
	TEST_RUN(pieces_of_a_message_are_kept_in_order);
	TEST_RUN(pieces_of_a_message_are_one_line_each);
	TEST_RUN(pieces_of_a_message_want_one_to_be_sent);
	TEST_RUN(a_password_has_no_place_here);
	TEST_RUN(the_queue_is_listed);
	TEST_RUN(the_queue_is_run);
	TEST_RUN(the_queue_is_checked);
	TEST_RUN(the_queue_is_steered);
	TEST_RUN(options_within_options);
	TEST_RUN(modes);
	TEST_RUN(rmail_takes_recipients);
	TEST_RUN(our_options);
	TEST_RUN(words_of_the_configuration);
	TEST_RUN(a_switch_takes_its_alternatives_from_the_next_word);
	TEST_RUN(every_setting_is_a_word_of_the_configuration);
	TEST_RUN(wishes_are_read_at_once);
	TEST_RUN(operands_of_a_batch_are_files);
	TEST_RUN(the_table_is_sound);
	options_clear(&o);
	return test_done();
}
