/* Envelope, account and header of a submission, from what a caller says. */
#include "deliver/submission.h"

#include <stdlib.h>
#include <unistd.h>

#include "test.h"

static const char config_text[] = "defaults\n"
				  "domain host.example.org\n"
				  "account one\n"
				  "host 127.0.0.1\n"
				  "from one@example.org\n"
				  "account two\n"
				  "host 127.0.0.2\n"
				  "from *@example.net\n"
				  "account fixed\n"
				  "host 127.0.0.3\n"
				  "from fixed@example.com\n"
				  "allow_from_override off\n"
				  "account aligned\n"
				  "host 127.0.0.4\n"
				  "from out@example.edu, *@lists.example.edu\n"
				  "from_full_name Mailer\n"
				  "align_from on\n"
				  "account mapped\n"
				  "host 127.0.0.5\n"
				  "from shared@example.edu\n";

static struct config config;
static struct submission s;
static struct error error;
static struct message *message;
static bool from_header; /* --read-envelope-from */
static bool as_it_came;

static const char *login_name = "joe";

static const char *login(void)
{
	return login_name;
}

static struct message *message_of(const char *text)
{
	static const struct message_options options = {0};
	struct message *m;
	int ends[2];

	if (pipe(ends))
		return NULL;
	if (write(ends[1], text, strlen(text)) != (ssize_t)strlen(text))
		return NULL;
	close(ends[1]);
	m = message_read(ends[0], &options, &error);
	close(ends[0]);
	return m;
}

/* Prepares a submission; each test clears what the one before left. */
static int prepare(const char *text, const char *operands, const char *sender,
		   const char *account)
{
	struct strv list = {0};
	const struct submission_request request = {
		.recipients = &list,
		.read_recipients = !operands,
		.as_it_came = as_it_came,
		.sender = sender,
		.sender_from_header = from_header,
		.user = login,
		.account = account ? config_find(&config, account) : NULL,
	};
	int failed;

	submission_clear(&s);
	message_free(message);
	if (operands)
		strv_add(&list, span_of(operands));
	message = message_of(text);
	failed = submission_prepare(&s, message, &config, &request, &error);
	strv_clear(&list);
	return failed;
}

static const char *to(size_t i)
{
	return i < s.envelope.recipients.count ? s.envelope.recipients.items[i].text : "(none)";
}

static void operands_are_address_lists(void)
{
	CHECK_INT(prepare("\nhi\n", "Ann <ann@a.org>, root, ann@A.ORG", NULL, NULL), 0);
	CHECK_INT(s.envelope.recipients.count, 2);
	CHECK_STR(to(0), "ann@a.org");
	CHECK_STR(to(1), "root@host.example.org");
	CHECK_STR(s.envelope.sender.text, "one@example.org");
	CHECK_STR(s.account->name, "one");
}

static void what_is_caught_is_not_mended(void)
{
	static const char text[] = "Bcc: c@d.org\nSubject: \xc3\xa4\n\nhi\n";
	struct message_reader r;
	struct span piece;

	as_it_came = true;
	CHECK_INT(prepare(text, "root, bob@a.org", "joe", NULL), 0);
	as_it_came = false;
	CHECK_STR(to(0), "root");
	CHECK_STR(to(1), "bob@a.org");
	CHECK_STR(s.envelope.sender.text, "joe");
	CHECK_INT(message_reader_init(&r, message, &error), 0);
	CHECK_INT(message_reader_next(&r, &piece, &error), 1);
	CHECK(piece.len == strlen(text) - 3 && memcmp(piece.data, text, piece.len) == 0);
	message_reader_clear(&r);
}

static void a_bad_operand_is_usage(void)
{
	CHECK_INT(prepare("\nhi\n", "a@b@c", NULL, NULL), -1);
	CHECK_INT(error_exit_code(&error), 64);
	CHECK_INT(prepare("To: a@b@c\n\nhi\n", NULL, NULL, NULL), -1);
	CHECK_INT(error_exit_code(&error), 65);
	CHECK_INT(prepare("Subject: x\n\nhi\n", NULL, NULL, NULL), -1);
	CHECK_INT(error_exit_code(&error), 64);
	CHECK_INT(prepare("\nhi\n", "a@b.c", "x@y\r\nRSET", NULL), -1);
	CHECK_INT(error_exit_code(&error), 64);
}

static void the_sender_chooses_the_account(void)
{
	CHECK_INT(prepare("\nhi\n", "a@b.c", "bob@example.net", NULL), 0);
	CHECK_STR(s.account->name, "two");
	CHECK_STR(s.envelope.sender.text, "bob@example.net");
	CHECK_INT(prepare("From: Eve <eve@EXAMPLE.NET>\n\nhi\n", "a@b.c", NULL, NULL), 0);
	CHECK_STR(s.account->name, "two");
	CHECK_STR(s.envelope.sender.text, "eve@EXAMPLE.NET");
	CHECK_INT(prepare("From: x@elsewhere.org\n\nhi\n", "a@b.c", NULL, NULL), 0);
	CHECK_STR(s.account->name, "one");
	CHECK_STR(s.envelope.sender.text, "one@example.org");
}

static void the_login_is_the_last_resort(void)
{
	CHECK_INT(prepare("\nhi\n", "a@b.c", NULL, "two"), 0);
	CHECK_STR(s.envelope.sender.text, "joe@host.example.org");
}

static void a_strange_login_stays_what_it_is(void)
{
	login_name = "EXAMPLE\\ann";
	CHECK_INT(prepare("\nhi\n", "a@b.c", NULL, "two"), 0);
	CHECK_STR(s.envelope.sender.text, "\"EXAMPLE\\\\ann\"@host.example.org");
	CHECK_STR(message_header(message)->added.items[1],
		  "From: \"EXAMPLE\\\\ann\"@host.example.org\n");
	login_name = "Ann <root>";
	CHECK_INT(prepare("\nhi\n", "a@b.c", "<>", "two"), 0);
	CHECK_STR(message_header(message)->added.items[1],
		  "From: \"Ann <root>\"@host.example.org\n");
	login_name = "ann@ad.example.org";
	CHECK_INT(prepare("\nhi\n", "a@b.c", NULL, "two"), 0);
	CHECK_STR(s.envelope.sender.text, "ann@ad.example.org");
	login_name = "a\nb";
	CHECK_INT(prepare("\nhi\n", "a@b.c", NULL, "two"), -1);
	CHECK_INT(error_exit_code(&error), 65);
	login_name = "joe";
}

static void null_and_fixed_senders(void)
{
	CHECK_INT(prepare("\nhi\n", "a@b.c", "", NULL), 0);
	CHECK_STR(s.envelope.sender.text, "");
	CHECK_INT(prepare("\nhi\n", "a@b.c", "<>", NULL), 0);
	CHECK_STR(s.envelope.sender.text, "");
	CHECK_INT(prepare("\nhi\n", "a@b.c", "other@b.c", "fixed"), 0);
	CHECK_STR(s.envelope.sender.text, "fixed@example.com");
	CHECK_INT(prepare("\nhi\n", "a@b.c", "", "fixed"), 0);
	CHECK_STR(s.envelope.sender.text, "");
	CHECK_INT(prepare("\nhi\n", "a@b.c", "<>", "fixed"), 0);
	CHECK_STR(s.envelope.sender.text, "");
}

static void the_message_names_the_sender_when_asked(void)
{
	from_header = true;
	CHECK_INT(prepare("From: f@b.c\n\nhi\n", "a@b.c", NULL, NULL), 0);
	CHECK_STR(s.envelope.sender.text, "f@b.c");
	CHECK_INT(prepare("From: f@b.c\nResent-From: r@b.c\n\nhi\n", "a@b.c", NULL, NULL), 0);
	CHECK_STR(s.envelope.sender.text, "r@b.c");
	from_header = false;
	CHECK_INT(prepare("From: f@b.c\nResent-From: r@b.c\n\nhi\n", "a@b.c", NULL, NULL), 0);
	CHECK_STR(s.envelope.sender.text, "one@example.org");
}

static void what_the_message_lacks_is_added(void)
{
	struct header *h;

	CHECK_INT(prepare("To: a@b.c\nBcc: d@e.f\n\nhi\n", NULL, NULL, NULL), 0);
	CHECK_INT(s.envelope.recipients.count, 2);
	h = message_header(message);
	CHECK(header_find(h, HEADER_BCC) == NULL);
	CHECK(strstr(h->added.items[0], ":") != NULL);
	CHECK_INT(h->added.count, 3);
}

/* The header as it leaves, without the fields that differ from run to run. */
static const char *edited(void)
{
	static char out[2048];
	struct header *h = message_header(message);
	struct buf b;

	header_drop(h, HEADER_DATE);
	header_drop(h, HEADER_MESSAGE_ID);
	buf_init(&b, sizeof(out) - 1);
	header_render(h, &b);
	snprintf(out, sizeof(out), "%s", b.data);
	buf_clear(&b);
	return out;
}

#define REST "Date: x\nMessage-ID: <x@y>\n"

static void who_is_not_ours_becomes_us(void)
{
	static const struct {
		const char *header, *sender, *left, *reverse;
	} rows[] = {
		{"From: Cron <root@host.b>\n", "root@host.b",
		 "Reply-To: Cron <root@host.b>\nFrom: Cron <out@example.edu>\n",
		 "out@example.edu"},
		{"From: root@host.b (Cron Daemon)\n", NULL,
		 "Reply-To: root@host.b (Cron Daemon)\nFrom: Cron Daemon <out@example.edu>\n",
		 "out@example.edu"},
		{"From: root@host.b\n", "<>",
		 "Reply-To: root@host.b\nFrom: Mailer <out@example.edu>\n", ""},
		{"From: root\n", NULL,
		 "X-Original-From: root\nFrom: Mailer <out@example.edu>\n", "out@example.edu"},
		{"From: a@b.c\nReply-To: d@e.f\nSender: s@b.c\n", NULL,
		 "Reply-To: d@e.f\nX-Original-Sender: s@b.c\nX-Original-From: a@b.c\n"
		 "From: Mailer <out@example.edu>\n",
		 "out@example.edu"},
		{"From: a@b.c, out@example.edu\n", NULL,
		 "Reply-To: a@b.c, out@example.edu\nFrom: Mailer <out@example.edu>\n",
		 "out@example.edu"},
		{"From: <<<\n", NULL, "X-Original-From: <<<\nFrom: Mailer <out@example.edu>\n",
		 "out@example.edu"},
		{"From: J\303\274rg <j@b.c>\n", NULL,
		 "Reply-To: =?UTF-8?B?SsO8cmc=?= <j@b.c>\n"
		 "From: =?UTF-8?B?SsO8cmc=?= <out@example.edu>\n",
		 "out@example.edu"},
		{"From: List <x@lists.example.edu>\n", "y@lists.example.edu",
		 "From: List <x@lists.example.edu>\n", "y@lists.example.edu"},
		{"From: out+cron@example.edu\n", "out+cron@example.edu",
		 "From: out+cron@example.edu\n", "out+cron@example.edu"},
		{"From: a@b.c\nDKIM-Signature: v=1\n", NULL,
		 "From: a@b.c\nDKIM-Signature: v=1\n", "out@example.edu"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text), "%s%s\nhi\n", rows[i].header, REST);
		CHECK_INT(prepare(text, "a@b.c", rows[i].sender, "aligned"), 0);
		CHECK_STR(edited(), rows[i].left);
		CHECK_STR(s.envelope.sender.text, rows[i].reverse);
	}
}

static void a_map_gives_users_their_addresses(void)
{
	char path[] = "/tmp/pennypost-map-XXXXXX";
	int fd = mkstemp(path);
	struct account *mapped = &config.accounts[config.count - 1];

	CHECK(fd >= 0);
	dprintf(fd, "joe: joe@example.edu\nroot: joe\ntwo: a@b.c, d@e.f\n");
	close(fd);
	mapped->sender_map = strdup(path);
	CHECK_INT(prepare("\nhi\n", "a@b.c", NULL, "mapped"), 0);
	CHECK_STR(s.envelope.sender.text, "joe@example.edu");
	CHECK_INT(prepare("From: root (Cron)\n" REST "\nhi\n", "a@b.c", "root", "mapped"), 0);
	CHECK_STR(s.envelope.sender.text, "joe@example.edu");
	CHECK_STR(edited(), "From: Cron <joe@example.edu>\n");
	CHECK_INT(prepare("From: x\n" REST "\nhi\n", "a@b.c", "o@p.q", "mapped"), 0);
	CHECK_STR(edited(), "From: x@host.example.org\n");
	CHECK_STR(s.envelope.sender.text, "o@p.q");
	login_name = "nobody";
	CHECK_INT(prepare("\nhi\n", "a@b.c", NULL, "mapped"), 0);
	CHECK_STR(s.envelope.sender.text, "shared@example.edu");
	login_name = "joe";
	CHECK_INT(prepare("\nhi\n", "a@b.c", "two", "mapped"), -1);
	CHECK_INT(error_exit_code(&error), 78);
	unlink(path);
	CHECK_INT(prepare("\nhi\n", "a@b.c", NULL, "mapped"), -1);
}

static void a_detail_is_the_same_mailbox(void)
{
	CHECK_INT(prepare("\nhi\n", "a@b.c", "fixed+x@example.com", NULL), 0);
	CHECK_STR(s.account->name, "fixed");
	CHECK_INT(prepare("\nhi\n", "a@b.c", "+x@example.com", NULL), 0);
	CHECK_STR(s.account->name, "one");
}

static void received_fields_are_hops(void)
{
	message_free(message);
	message = message_of(
		"Received: by a\nX: Received: no\nRECEIVED :\n by b\n\nReceived: no\n");
	CHECK_INT(submission_hops(message), 2);
	message_free(message);
	message = message_of("Subject: x\n\nx\n");
	CHECK_INT(submission_hops(message), 0);
}

int main(void)
{
	if (config_parse(&config, "test", span_of(config_text), &error)) {
		printf("# %s\n", error.text);
		return 1;
	}
	TEST_RUN(operands_are_address_lists);
	TEST_RUN(what_is_caught_is_not_mended);
	TEST_RUN(a_bad_operand_is_usage);
	TEST_RUN(the_sender_chooses_the_account);
	TEST_RUN(the_login_is_the_last_resort);
	TEST_RUN(a_strange_login_stays_what_it_is);
	TEST_RUN(null_and_fixed_senders);
	TEST_RUN(the_message_names_the_sender_when_asked);
	TEST_RUN(what_the_message_lacks_is_added);
	TEST_RUN(who_is_not_ours_becomes_us);
	TEST_RUN(a_map_gives_users_their_addresses);
	TEST_RUN(a_detail_is_the_same_mailbox);
	TEST_RUN(received_fields_are_hops);
	submission_clear(&s);
	message_free(message);
	config_clear(&config);
	return test_done();
}
