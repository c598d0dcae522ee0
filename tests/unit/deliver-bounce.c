/* Who is told what of queued messages that failed: over a real spool in a directory of its own.
 */
#include "deliver/bounce.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "queue/entry_note.h"
#include "queue/entry_put.h"
#include "queue/spool_list.h"
#include "test.h"

enum { NOW = 1800000000 };

static char directory[] = "/tmp/deliver-bounce-XXXXXX";
static struct spool *spool;
static struct error error;
static struct health health;
static struct account account;
static char account_name[] = "work", relay_host[] = "mail.example.net",
	    domain[] = "host.example";
static struct bounce_options options = {.account = &account, .health = &health, .now = NOW};

static const char small[] = "From: ann@example.org\nSubject: hello\n"
			    "Message-ID: <1@example.org>\n\nthe body\n";

/* A message of one piece. */
static int next_piece(void *context, struct span *piece, struct error *e)
{
	struct span *text = context;

	(void)e;
	*piece = *text;
	text->len = 0;
	return piece->len > 0;
}

/* Begins a test with an empty spool and nothing said. */
static void begin(void)
{
	struct spool_list list = {0};

	CHECK_INT(spool_list(spool, &list, &error), 0);
	for (size_t i = 0; i < list.count; i++) {
		static const char *const suffixes[] = {"msg", "end", "dead", "bad", "log"};

		for (size_t k = 0; k < sizeof(suffixes) / sizeof(suffixes[0]); k++) {
			char name[40];

			snprintf(name, sizeof(name), "%s.%s", list.items[i].id, suffixes[k]);
			unlinkat(spool_fd(spool), name, 0);
		}
	}
	spool_list_clear(&list);
	health = (struct health){0};
	account = (struct account){
		.name = account_name, .domain = domain, .relay.host = relay_host};
	options.now = NOW;
	options.hook_left = NULL;
}

/* A locked entry from sender to bob and carol, of a message. */
static void put(struct entry *e, const char *sender, struct span text,
		const struct wishes *wishes)
{
	static int64_t moment = (int64_t)(NOW - 100) * 1000000;
	struct entry made;

	entry_init(&made);
	made.account = strdup(account_name);
	made.reverse_path = strdup(sender);
	made.arrived = moment += 1000; /* an ID follows from it */
	if (wishes)
		made.wishes = *wishes;
	if (wishes && wishes->envelope_id)
		made.wishes.envelope_id = made.envelope_id = strdup(wishes->envelope_id);
	CHECK_INT(entry_add_recipient(&made, "bob@example.net"), 0);
	CHECK_INT(entry_add_recipient(&made, "carol@example.net"), 0);
	CHECK_INT(entry_put(spool, &made, NULL, next_piece, &text, &error), 0);
	entry_init(e);
	CHECK_INT(entry_lock(spool, made.id, e, &error), 1);
	entry_clear(&made);
}

/* A recipient fails, and the journal knows it. */
static void fail(struct entry *e, size_t i, int code, const char *text)
{
	struct entry_recipient *to = &e->recipients[i];

	to->outcome = ENTRY_FAILED;
	to->code = code;
	to->text = strdup(text);
	if (strstr(text, "5.1.1"))
		memcpy(to->enhanced, (int[]){5, 1, 1}, sizeof(to->enhanced));
	e->attempts = 1;
	e->tried = options.now;
	CHECK_INT(entry_note(spool, e, true, &error), 0);
}

/* An entry whose recipients both failed. */
static void put_failed(struct entry *e, const char *sender, const struct wishes *wishes)
{
	put(e, sender, span_of(small), wishes);
	fail(e, 0, 550, "550 5.1.1 no such user");
	fail(e, 1, 0, "given up");
}

/* How many entries there are of a state, and the last one's ID. */
static size_t count(enum entry_state state, char id[SPOOL_ID_MAX + 1])
{
	struct spool_list list = {0};
	size_t found = 0;

	CHECK_INT(spool_list(spool, &list, &error), 0);
	for (size_t i = 0; i < list.count; i++)
		if (list.items[i].state == state) {
			found++;
			if (id)
				memcpy(id, list.items[i].id, SPOOL_ID_MAX + 1);
		}
	spool_list_clear(&list);
	return found;
}

/* Loads the report on an entry, or the digest: the one entry from "<>" that waits. Returns its
 * text, "" when there is none or more than one. */
static const char *report(struct entry *mail)
{
	static struct buf text;
	struct spool_list list = {0};
	char found[SPOOL_ID_MAX + 1] = "";
	size_t reports = 0;

	buf_clear(&text);
	buf_init(&text, 16 * 1024 * 1024);
	CHECK_INT(spool_list(spool, &list, &error), 0);
	for (size_t i = 0; i < list.count; i++) {
		struct entry e;

		entry_init(&e);
		if (list.items[i].state == ENTRY_WAITING &&
		    entry_load(spool, list.items[i].id, &e, &error) == 1 &&
		    !e.reverse_path[0]) {
			reports++;
			memcpy(found, e.id, sizeof(found));
		}
		entry_clear(&e);
	}
	spool_list_clear(&list);
	entry_init(mail);
	if (reports != 1 || entry_lock(spool, found, mail, &error) != 1 ||
	    entry_open_message(mail, &error) || file_read_all(mail->fd, &text))
		return "";
	return text.data;
}

#define HAS(text, what)   CHECK(strstr((text), (what)) != NULL)
#define LACKS(text, what) CHECK(strstr((text), (what)) == NULL)

static void a_failure_is_told_once(void)
{
	const struct wishes wishes = {.envelope_id = "QQ1"};
	struct entry e, mail;
	const char *text;

	begin();
	put_failed(&e, "ann@example.org", &wishes);
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	CHECK_INT(entry_count_unreported(&e), 0);
	CHECK_INT(health.reports, 1);
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	CHECK_INT(count(ENTRY_WAITING, NULL), 2);
	text = report(&mail);
	CHECK_STR(mail.account, "work");
	CHECK_STR(mail.reverse_path, "");
	CHECK_INT(mail.count, 1);
	CHECK_STR(mail.recipients[0].path, "ann@example.org");
	CHECK(strncmp(mail.id, e.id, 10) == 0);
	HAS(text, "\nTo: ann@example.org\nSubject: Undelivered mail: hello\n");
	HAS(text, "\nIn-Reply-To: <1@example.org>\n");
	HAS(text, "\nOriginal-Envelope-Id: QQ1\n");
	HAS(text, "\nRemote-MTA: dns; mail.example.net\n");
	HAS(text, "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1\n");
	HAS(text, "Diagnostic-Code: smtp; 550 5.1.1 no such user\n");
	HAS(text, "Final-Recipient: rfc822; carol@example.net\n");
	HAS(text, "\nContent-Type: message/rfc822\n\nFrom: ann@example.org\nSubject: hello\n"
		  "Message-ID: <1@example.org>\n\nthe body\n\n--=_");
	entry_clear(&mail);
	entry_clear(&e);
}

/* Whom the report goes to on what a sender of this machine has sent. */
static const char *told(const char *sender, const char *aliases)
{
	static char out[256], path[80];
	struct entry e, mail;
	const char *to;
	FILE *file;

	begin();
	snprintf(path, sizeof(path), "%s.aliases", directory);
	unlink(path);
	file = aliases ? fopen(path, "w") : NULL;
	if (file)
		CHECK(fputs(aliases, file) >= 0 && fclose(file) == 0);
	CHECK(!aliases || chmod(path, 0600) == 0);
	account.aliases = path;
	put_failed(&e, sender, NULL);
	e.local_sender = true;
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	to = strstr(report(&mail), "\nTo: ");
	snprintf(out, sizeof(out), "%.*s:", to ? (int)strcspn(to + 5, "\n") : 0,
		 to ? to + 5 : "");
	for (size_t i = 0; i < mail.count; i++) {
		strlcat(out, " ", sizeof(out));
		strlcat(out, mail.recipients[i].path, sizeof(out));
	}
	entry_clear(&mail);
	entry_clear(&e);
	unlink(path);
	return out;
}

static void a_local_sender_has_an_alias(void)
{
	static const char self[] = "root@host.example: root@host.example";

	CHECK_STR(told("root@host.example", "root: joe@x.example"),
		  "joe@x.example: joe@x.example");
	CHECK_STR(
		told("root@host.example", "root: joe, ann@x.example, |cmd\njoe: eve, bad\nbad"),
		"root@host.example: eve@host.example ann@x.example");
	CHECK_STR(told("nobody@host.example", "default: joe@x.example"),
		  "joe@x.example: joe@x.example");
	CHECK_STR(told("root@host.example", "ann: joe@x.example"), self);
	CHECK_STR(told("root@host.example", "root: root, ann@x.example"), self);
	CHECK_STR(told("root@host.example", "root: |cmd"), self);
	CHECK_STR(told("root@host.example", NULL), self);
}

static void a_crash_before_the_note_makes_no_second_one(void)
{
	struct entry e, mail;
	struct buf before;
	char name[80], id[SPOOL_ID_MAX + 1];
	int fd;

	begin();
	put_failed(&e, "ann@example.org", NULL);
	memcpy(id, e.id, sizeof(id));
	snprintf(name, sizeof(name), "%s/%s.log", directory, id);
	buf_init(&before, 10000);
	CHECK_INT(file_load(name, &before, &error), 0);
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	entry_clear(&e);
	fd = open(name, O_WRONLY | O_TRUNC | O_CLOEXEC);
	CHECK_INT(file_write_all(fd, before.data, before.len), 0);
	close(fd);
	buf_clear(&before);
	CHECK_INT(entry_lock(spool, id, &e, &error), 1);
	CHECK_INT(entry_count_unreported(&e), 2);
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	CHECK_INT(entry_count_unreported(&e), 0);
	CHECK_INT(count(ENTRY_WAITING, NULL), 2);
	HAS(report(&mail), "bob@example.net");
	entry_clear(&mail);
	entry_clear(&e);
}

static void a_later_failure_has_a_report_of_its_own(void)
{
	struct entry e;

	begin();
	put(&e, "ann@example.org", span_of(small), NULL);
	fail(&e, 1, 550, "550 no");
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	fail(&e, 0, 550, "550 no");
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	CHECK_INT(count(ENTRY_WAITING, NULL), 3);
	entry_clear(&e);
}

static void who_wants_no_report_gets_none(void)
{
	static const unsigned unwanted[] = {WISHES_NEVER, WISHES_SUCCESS,
					    WISHES_SUCCESS | WISHES_DELAY};
	const struct wishes wanted = {.notify = WISHES_FAILURE | WISHES_DELAY};
	struct entry e;

	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++) {
		const struct wishes wishes = {.notify = unwanted[i]};

		begin();
		put_failed(&e, "ann@example.org", &wishes);
		CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
		CHECK_INT(entry_count_unreported(&e), 0);
		CHECK_INT(count(ENTRY_WAITING, NULL), 1);
		CHECK_INT(health.reports, 0);
		entry_clear(&e);
	}
	begin();
	put_failed(&e, "ann@example.org", &wanted);
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	CHECK_INT(count(ENTRY_WAITING, NULL), 2);
	entry_clear(&e);
}

static void the_null_path_is_never_answered(void)
{
	const struct wishes wishes = {.notify = WISHES_FAILURE};
	char id[SPOOL_ID_MAX + 1];
	struct entry e;

	begin();
	put(&e, "", span_of(small), &wishes);
	fail(&e, 0, 550, "550 no");
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	CHECK_INT(e.state, ENTRY_WAITING);
	fail(&e, 1, 550, "550 no");
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	CHECK_INT(e.state, ENTRY_DEAD);
	CHECK_INT(count(ENTRY_DEAD, id), 1);
	CHECK_STR(id, e.id);
	CHECK_INT(count(ENTRY_WAITING, NULL), 0);
	entry_clear(&e);
}

static void over_the_limit_they_wait_for_a_digest(void)
{
	struct strv ids = {0};
	struct entry e, mail;
	const char *text;
	struct entry other;

	begin();
	account.report_limit = 2;
	for (int i = 0; i < 4; i++) {
		put_failed(&e, "ann@example.org", NULL);
		CHECK_INT(bounce_settle(spool, &e, &options, &error), i == 0);
		CHECK_INT(strv_add(&ids, span_of(e.id)), 0);
		if (i == 0)
			entry_remove(spool, &e, &error);
		entry_clear(&e);
	}
	put_failed(&other, "eve@example.org", NULL);
	CHECK_INT(bounce_settle(spool, &other, &options, &error), 0);
	CHECK_INT(strv_add(&ids, span_of(other.id)), 0);
	entry_clear(&other);
	report(&mail);
	entry_remove(spool, &mail, &error);
	entry_clear(&mail);
	CHECK_INT(bounce_digest(spool, &ids, &options, &error), 3);
	CHECK_INT(count(ENTRY_WAITING, NULL), 2); /* it, and eve's */
	text = report(&mail);
	CHECK_STR(mail.recipients[0].path, "ann@example.org");
	HAS(text, "\nSubject: Undelivered mail: 3 messages\n");
	HAS(text, "\nX-Original-Message-ID: <1@example.org>\n");
	LACKS(text, "message/rfc822");
	entry_remove(spool, &mail, &error);
	entry_clear(&mail);
	CHECK_INT(bounce_due(&options), NOW + 3600);
	CHECK_INT(bounce_digest(spool, &ids, &options, &error), 0);
	CHECK_INT(count(ENTRY_WAITING, NULL), 1);
	options.now += 3600;
	CHECK_INT(bounce_due(&options), options.now);
	CHECK_INT(entry_lock(spool, ids.items[4], &other, &error), 1);
	CHECK_INT(bounce_settle(spool, &other, &options, &error), 0); /* it waits for a digest
								       */
	entry_clear(&other);
	CHECK_INT(bounce_digest(spool, &ids, &options, &error), 1);
	text = report(&mail);
	CHECK_STR(mail.recipients[0].path, "eve@example.org");
	HAS(text, "message/rfc822"); /* one alone is an ordinary report */
	entry_clear(&mail);
	CHECK_INT(count(ENTRY_WAITING, NULL), 1);
	strv_clear(&ids);
}

static void a_delay_is_told_once_when_wanted(void)
{
	const struct wishes wishes = {.notify = WISHES_DELAY};
	struct entry e, mail;
	const char *text;

	begin();
	put(&e, "ann@example.org", span_of(small), NULL);
	options.now = NOW + 5 * 3600;
	CHECK_INT(bounce_delay(spool, &e, &options, &error), 1);
	CHECK_INT(count(ENTRY_WAITING, NULL), 1);
	entry_clear(&e);
	begin();
	put(&e, "ann@example.org", span_of(small), &wishes);
	e.trouble = strdup("cannot connect");
	options.now = NOW + 3 * 3600;
	CHECK_INT(bounce_delay(spool, &e, &options, &error), 1);
	CHECK_INT(count(ENTRY_WAITING, NULL), 1);
	options.now = NOW + 4 * 3600;
	CHECK_INT(bounce_delay(spool, &e, &options, &error), 1);
	CHECK(e.delay_told);
	CHECK_INT(bounce_delay(spool, &e, &options, &error), 1);
	CHECK_INT(count(ENTRY_WAITING, NULL), 2);
	text = report(&mail);
	HAS(text, "\nSubject: Delayed mail: hello\n");
	HAS(text, "\n        cannot connect\n");
	HAS(text, "\nAction: delayed\n");
	HAS(text, "\nWill-Retry-Until: ");
	HAS(text, "\nContent-Type: text/rfc822-headers\n");
	LACKS(text, "the body");
	entry_clear(&mail);
	entry_clear(&e);
}

/* The type of the last part of the report on a message with these wishes and words. */
static const char *quoted(struct span message, const struct wishes *wishes, const char *words)
{
	static char type[100];
	struct entry e, mail;
	const char *text, *at;

	begin();
	put(&e, "ann@example.org", message, wishes);
	fail(&e, 0, 550, words);
	if (strstr(words, "5.3.4"))
		memcpy(e.recipients[0].enhanced, (int[]){5, 3, 4}, sizeof(int[3]));
	if (strstr(words, "5.7.1"))
		memcpy(e.recipients[0].enhanced, (int[]){5, 7, 1}, sizeof(int[3]));
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	text = report(&mail);
	at = strstr(text, "delivery-status\n\n");
	at = at ? strstr(at, "Content-Type: ") : NULL;
	snprintf(type, sizeof(type), "%.*s", at ? (int)strcspn(at + 14, "\n") : 0,
		 at ? at + 14 : "");
	if (at && strstr(at, "\nContent-Transfer-Encoding: 8bit\n\n"))
		strlcat(type, " 8bit", sizeof(type));
	entry_clear(&mail);
	entry_clear(&e);
	return type;
}

static void what_comes_back_is_chosen(void)
{
	const struct wishes full = {.ret = WISHES_RETURN_FULL},
			    headers = {.ret = WISHES_RETURN_HEADERS},
			    private = {.ret = WISHES_RETURN_FULL, .require_tls = true};
	enum { LARGE = 60000 };
	char *large = malloc(LARGE);

	memset(large, 'x', LARGE);
	memcpy(large, "A: b\r\n\r\n", 8);
	CHECK_STR(quoted(span_of(small), NULL, "550 no"), "message/rfc822");
	CHECK_STR(quoted(span_of(small), &headers, "550 no"), "text/rfc822-headers");
	CHECK_STR(quoted(span_of(small), &private, "550 no"), "text/rfc822-headers");
	CHECK_STR(quoted(span_of(small), NULL, "550 5.7.1 spam"), "text/rfc822-headers");
	CHECK_STR(quoted(span_of(small), &full, "550 5.7.1 spam"), "message/rfc822");
	CHECK_STR(quoted(span_of(small), &full, "550 5.3.4 large"), "text/rfc822-headers");
	CHECK_STR(quoted((struct span){large, LARGE}, NULL, "550 no"), "text/rfc822-headers");
	CHECK_STR(quoted((struct span){large, LARGE}, &full, "550 no"), "message/rfc822");
	free(large);
	CHECK_STR(quoted(span_of("A: b\n\n\303\274\n"), NULL, "550 no"), "message/rfc822 8bit");
	CHECK_STR(quoted(span_of("A: \303\274\n\nb\n"), NULL, "550 no"), "message/global 8bit");
	CHECK_STR(quoted(span_of("A: \303\274\n\nb\n"), &headers, "550 no"),
		  "message/global-headers 8bit");
	CHECK_STR(quoted((struct span){"A: b\n\nc\0d\n", 10}, &full, "550 no"),
		  "text/rfc822-headers");
	CHECK_STR(quoted(span_of("\nno header\n"), NULL, "550 no"), "message/rfc822");
}

/* The report comes from the account's address where it has one. */
static void the_sender_is_the_accounts(void)
{
	char from[] = "Ann <me@example.org>", *froms[] = {from};
	struct entry e, mail;

	begin();
	put_failed(&e, "ann@example.org", NULL);
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	HAS(report(&mail), "\n <MAILER-DAEMON@host.example>\n");
	entry_clear(&mail);
	entry_clear(&e);
	begin();
	account.from = (struct strv){.items = froms, .count = 1};
	put_failed(&e, "ann@example.org", NULL);
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	HAS(report(&mail), "\n <me@example.org>\n");
	entry_clear(&mail);
	entry_clear(&e);
}

static void the_command_gets_the_message(void)
{
	char script[100], command[120], out[120];
	struct entry e;
	struct buf got;
	int64_t left = 10000;
	FILE *f;

	begin();
	snprintf(script, sizeof(script), "%s/../%s.sh", directory, strrchr(directory, '/') + 1);
	snprintf(out, sizeof(out), "%s.out", script);
	f = fopen(script, "w");
	fprintf(f, "{ echo \"$PENNYPOST_ID $1 $SECRET\"; cat; } >%s\n", out);
	fclose(f);
	snprintf(command, sizeof(command), "sh %s $x", script);
	setenv("SECRET", "s", 1);
	account.failure_command = command;
	options.hook_left = &left;
	put_failed(&e, "ann@example.org", NULL);
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	buf_init(&got, 10000);
	CHECK_INT(file_load(out, &got, &error), 0);
	CHECK(strncmp(got.data, e.id, strlen(e.id)) == 0);
	CHECK_STR(got.data + strlen(e.id), " $x \nFrom: ann@example.org\nSubject: hello\n"
					   "Message-ID: <1@example.org>\n\nthe body\n");
	CHECK(left > 0 && left <= 10000);
	buf_clear(&got);
	unlink(out);
	unlink(script);
	entry_clear(&e);
}

static void a_bad_command_stops_nothing(void)
{
	char slow[] = "sleep 60", missing[] = "/nowhere/x";
	int64_t left = 200;
	struct entry e;

	begin();
	account.failure_command = slow;
	options.hook_left = &left;
	put_failed(&e, "ann@example.org", NULL);
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	CHECK(left <= 0);
	entry_clear(&e);
	put_failed(&e, "ann@example.org", NULL);
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	CHECK_INT(entry_count_unreported(&e), 0);
	entry_clear(&e);
	account.failure_command = missing;
	options.hook_left = NULL;
	put_failed(&e, "", NULL);
	CHECK_INT(bounce_settle(spool, &e, &options, &error), 1);
	CHECK_INT(e.state, ENTRY_DEAD);
	entry_clear(&e);
}

int main(void)
{
	struct spool_place place = {.configured = directory, .uid = getuid()};

	setenv("TZ", "UTC0", 1);
	if (!mkdtemp(directory) || spool_open(&spool, &place, true, &error)) {
		printf("Bail out! %s\n", error.text);
		return 1;
	}
	TEST_RUN(a_failure_is_told_once);
	TEST_RUN(a_local_sender_has_an_alias);
	TEST_RUN(a_crash_before_the_note_makes_no_second_one);
	TEST_RUN(a_later_failure_has_a_report_of_its_own);
	TEST_RUN(who_wants_no_report_gets_none);
	TEST_RUN(the_null_path_is_never_answered);
	TEST_RUN(over_the_limit_they_wait_for_a_digest);
	TEST_RUN(a_delay_is_told_once_when_wanted);
	TEST_RUN(what_comes_back_is_chosen);
	TEST_RUN(the_sender_is_the_accounts);
	TEST_RUN(the_command_gets_the_message);
	TEST_RUN(a_bad_command_stops_nothing);
	begin();
	spool_free(spool);
	rmdir(directory);
	return test_done();
}
