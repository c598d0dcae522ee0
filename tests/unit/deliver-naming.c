/* Names made addresses, in envelope and header. */
#include "deliver/naming.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static char path[64]; /* of the aliases */
static struct account account;
static struct strv none, trace;
static struct submission_request request = {.recipients = &none, .trace = &trace};
static struct submission s;
static struct error e;
static char header_text[1024];

static int next_piece(void *context, struct span *piece, struct error *error)
{
	const char **text = context;

	(void)error;
	*piece = span_of(*text);
	*text = "";
	return piece->len > 0;
}

static void write_aliases(const char *text)
{
	FILE *file;

	unlink(path);
	file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file) || chmod(path, 0644))
		CHECK(!"the aliases can be written");
}

/* Resolves and rewrites; s and header_text have what came of it. */
static int name(const char *recipients, const char *header)
{
	static const struct message_options options = {0};
	struct naming n = {0};
	struct buf out;
	int failed;

	address_list_clear(&s.envelope.recipients);
	strv_clear(&s.warnings);
	strv_clear(&s.notes);
	aliases_failed_clear(&s.refused);
	strv_clear(&trace);
	buf_clear(&s.domain);
	s.account = &account;
	s.message = message_read_pieces(next_piece, &header, &options, &e);
	failed = !s.message ||
		 address_list_parse(&s.envelope.recipients, span_of(recipients), &e) ||
		 naming_resolve(&n, &s, &request, &e) ||
		 naming_rewrite(&n, &s, REWRITE_RECIPIENTS, &e) ||
		 naming_rewrite(&n, &s, REWRITE_AUTHORS, &e);
	buf_init(&out, sizeof(header_text) - 1);
	if (s.message)
		header_render(message_header(s.message), &out);
	snprintf(header_text, sizeof(header_text), "%s", out.data);
	buf_clear(&out);
	message_free(s.message);
	naming_clear(&n);
	return failed;
}

static const char *to(size_t i)
{
	return i < s.envelope.recipients.count ? s.envelope.recipients.items[i].text : "(none)";
}

static void aliases_hold_for_both(void)
{
	write_aliases("root: joe@example.net, ann, |x\n");
	CHECK_INT(name("root, x@y", "To: Root <root>, x@y\nFrom: root@localhost\n\n"), 0);
	CHECK_STR(to(0), "joe@example.net");
	CHECK_STR(to(1), "ann");
	CHECK_STR(to(2), "x@y");
	CHECK_STR(header_text, "To: Root <root@host.example.org>, x@y\nFrom: root@localhost\n");
	write_aliases("root: joe@example.net, |x\n");
	CHECK_INT(name("root, x@y", "To: Root <root>, x@y\nFrom: root@localhost\n\n"), 0);
	CHECK_STR(header_text, "To: Root <joe@example.net>, x@y\nFrom: root@localhost\n");
	CHECK_INT(s.warnings.count, 1);
	CHECK_INT(trace.count, 1);
}

static void they_can_be_turned_off(void)
{
	write_aliases("root: joe@example.net\n");
	request.no_aliases = true;
	CHECK_INT(name("root", "To: root\nCc: root@localhost\n\n"), 0);
	CHECK_STR(to(0), "root");
	CHECK_STR(header_text, "To: root@host.example.org\nCc: root@localhost\n");
	request.no_aliases = false;
	account.rewrite_headers = SETTING_OFF;
	CHECK_INT(name("root", "To: root\n\n"), 0);
	CHECK_STR(to(0), "joe@example.net");
	CHECK_STR(header_text, "To: root\n");
	account.rewrite_headers = SETTING_UNSET;
}

static void a_bad_line_stops_only_its_own_mail(void)
{
	write_aliases("root joe\nann: a@b\n");
	CHECK_INT(name("root", "\n"), 1);
	CHECK_INT(error_exit_code(&e), 78);
	CHECK_INT(name("x@y, root, ann", "To: root, ann\n\n"), 0);
	CHECK_STR(to(0), "x@y");
	CHECK_STR(to(1), "a@b");
	CHECK_STR(header_text, "To: root@host.example.org, a@b\n");
	CHECK_INT(s.refused.names.count, 1);
	CHECK_INT(s.notes.count, 1);
	CHECK(strstr(s.notes.items[0], ":1: \"name: address\" is expected, and the line is "));
	write_aliases("root: |x\n");
	CHECK_INT(name("x@y", "To: root\n\n"), 0);
	CHECK_STR(header_text, "To: root@host.example.org\n");
	CHECK_INT(s.notes.count, 0);
	CHECK_INT(name("x@y, root, root", "\n"), 0);
	CHECK_INT(s.envelope.recipients.count, 1);
	CHECK_INT(s.refused.names.count, 1);
	CHECK_INT(s.warnings.count, 1);
	CHECK_INT(name("root", "\n"), 1);
	CHECK_INT(error_exit_code(&e), 67);
}

static void the_domain_is_the_accounts(void)
{
	account.domain = NULL;
	write_aliases("");
	CHECK_INT(name("x@y", "To: root@z\n\n"), 0);
	CHECK_INT(s.domain.len, 0);
	CHECK_INT(name("x@y", "To: root\n\n"), 0);
	CHECK(s.domain.len == 0 || strncmp(header_text, "To: root@", 9) == 0);
	account.domain = (char[]){"host.example.org"};
	buf_clear(&s.domain);
	naming_find_domain(&s, false);
	naming_find_domain(&s, true);
	CHECK_STR(s.domain.data, "host.example.org");
}

int main(void)
{
	snprintf(path, sizeof(path), "/tmp/deliver-naming.%ld", (long)getpid());
	account.aliases = path;
	account.domain = (char[]){"host.example.org"};
	buf_init(&s.domain, 300);
	TEST_RUN(aliases_hold_for_both);
	TEST_RUN(they_can_be_turned_off);
	TEST_RUN(a_bad_line_stops_only_its_own_mail);
	TEST_RUN(the_domain_is_the_accounts);
	unlink(path);
	submission_clear(&s);
	strv_clear(&trace);
	return test_done();
}
