/* Addresses in a header put right. */
#include "mail/rewrite.h"

#include <stdlib.h>

#include "test.h"

static struct error e;

/* root is a@x.example, list two addresses, "here" a domain of interest with root@here and
 * list@here alone; nobody stays; all others get a domain. */
static int look_up(void *context, const struct address *a, bool recipient,
		   struct address_list *out, struct error *error)
{
	const char *domain = address_domain(a);
	const char *lead = "";

	(void)context;
	if (recipient && strncmp(a->text, "root", a->local_len) == 0)
		lead = "a@x.example";
	else if (recipient && strncmp(a->text, "list", a->local_len) == 0)
		lead = "b@x.example, c@x.example";
	if (*lead)
		return address_list_parse(out, span_of(lead), error);
	if (domain || strcmp(a->text, "nobody") == 0)
		return 0;
	return address_list_add(out, a) || address_list_qualify(out, "y.example", error);
}

static bool is_here(void *context, struct span domain)
{
	(void)context;
	return span_equals_nocase(domain, "here");
}

static const struct rewrite rewrite = {.is_local = is_here, .look_up = look_up};

/* The body that comes of one; "-" when it stays. */
static const char *body(const char *text)
{
	static char out[8192];
	struct buf b;
	int result;

	buf_init(&b, sizeof(out) - 1);
	result = rewrite_body(&rewrite, true, 3, span_of(text), &b, &e);
	snprintf(out, sizeof(out), "%s", result > 0 ? b.data : result == 0 ? "-" : "error");
	buf_clear(&b);
	return out;
}

static void names_become_addresses(void)
{
	CHECK_STR(body(" root"), " a@x.example");
	CHECK_STR(body("joe"), "joe@y.example");
	CHECK_STR(body(" root, joe ,eve@z.example"),
		  " a@x.example, joe@y.example ,eve@z.example");
	CHECK_STR(body(" root@here, joe@HERE, Joe <root@Here>"), " a@x.example, joe@HERE");
	CHECK_STR(body(" list"), " b@x.example, c@x.example");
	CHECK_STR(body(" \"a b\""), " \"a b\"@y.example");
	CHECK_STR(body(" a . b"), " a.b@y.example");
}

static void what_needs_nothing_stays(void)
{
	CHECK_STR(body(" Ann <ann@x.example>, eve@z.example"), "-");
	CHECK_STR(body(" nobody"), "-");
	CHECK_STR(body(""), "-");
	CHECK_STR(body(" undisclosed-recipients:;"), "-");
	CHECK_STR(body(" two words"), "-");
	CHECK_STR(body(" <>"), "-");
	CHECK_STR(body(" a@b@c"), "-");
	CHECK_STR(body(" |cmd, /file"), "-");
}

static void all_around_a_name_is_kept(void)
{
	CHECK_STR(body(" Root of All <root>"), " Root of All <a@x.example>");
	CHECK_STR(body(" \"Root, too\" < root >"), " \"Root, too\" < a@x.example >");
	CHECK_STR(body(" =?UTF-8?Q?J=C3=B6rg?=\n <joe>"),
		  " =?UTF-8?Q?J=C3=B6rg?=\n <joe@y.example>");
	CHECK_STR(body(" root (the (real) root, yes)"), " a@x.example (the (real) root, yes)");
	CHECK_STR(body(" Team <list> (us), eve@z.example"),
		  " Team <b@x.example> (us), c@x.example, eve@z.example");
	CHECK_STR(body(" team: root, Joe <joe>; , eve"),
		  " team: a@x.example, Joe <joe@y.example>; , eve@y.example");
	CHECK_STR(body(" root,,\n\tann@b.example,\n\tjoe"),
		  " a@x.example,,\n\tann@b.example,\n\tjoe@y.example");
	CHECK_STR(body(" root;joe"), " a@x.example;joe@y.example");
	CHECK_STR(body(" Ann <@gate.example,@b:ann@here>, root"),
		  " Ann <@gate.example,@b:ann@here>, a@x.example");
}

static void what_cannot_be_read_stays(void)
{
	CHECK_STR(body(" root, \"joe"), "-");
	CHECK_STR(body(" =?UTF-8?Q?joe?="), "-");
	CHECK_STR(body(" root, (joe"), "-");
	CHECK_STR(body(" root, joe)"), "-");
	CHECK_STR(body(" root, [x"), "-");
	CHECK_STR(body(" root, joe\x01"), "-");
	CHECK_STR(body(" root, Joe <joe"), " a@x.example, Joe <joe@y.example");
	CHECK_STR(body(" root, <joe> x"), " a@x.example, <joe> x");
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");

		longest = len > longest ? len : longest;
		text += len + (text[len] == '\n');
	}
	return longest;
}

static void lines_stay_short(void)
{
	char text[3000] = "";
	const char *out;

	for (int i = 0; i < 100; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%sjoe%d",
			 i ? "," : "", i);
	out = body(text);
	CHECK(longest_line(out) < 80);
	CHECK(strncmp(out, "joe0@y.example,", 15) == 0);
	CHECK(strstr(out, "joe99@y.example"));
	strlcpy(text, "root, list", sizeof(text));
	for (int i = 0; i < 100; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ", bob%d", i);
	CHECK(longest_line(body(text)) < 80);
	CHECK(!strstr(body(text), "\n\n"));
	/* What was long before stays so, within the limit of RFC 5322. */
	strlcpy(text, " root", sizeof(text));
	for (int i = 0; i < 90; i++)
		strlcat(text, ",a@b.c.d.e", sizeof(text));
	CHECK(longest_line(body(text)) <= 998);
	snprintf(text, sizeof(text), " %0880d <root>", 0);
	CHECK(longest_line(body(text)) <= 998);
	snprintf(text, sizeof(text), " %0890d <root>", 0);
	out = body(text);
	CHECK(longest_line(out) <= 998);
	CHECK(strstr(out, "<\n a@x.example>"));
}

static void what_stands_there_twice_is_dropped(void)
{
	CHECK_STR(body(" root, Root <root@here>, joe"), " a@x.example, joe@y.example");
	CHECK_STR(body(" root, eve@z.example, a@X.example"), " eve@z.example, a@X.example");
	CHECK_STR(body(" eve@z.example, a@x.example, root"), " eve@z.example, a@x.example");
	CHECK_STR(body(" root, joe,\n root (again)"), " a@x.example, joe@y.example");
	CHECK_STR(body(" us: root, root;, Joe <joe>,\n joe"),
		  " us: a@x.example;, Joe <joe@y.example>");
	CHECK_STR(body(" us: root, joe; them: joe;"),
		  " us: a@x.example, joe@y.example; them:;");
	CHECK_STR(body(" list, c@x.example"), " b@x.example, c@x.example");
	CHECK_STR(body(" A@x.example, root,"), " A@x.example, a@x.example,");
	CHECK_STR(body(" a@x.example,\n ,root"), " a@x.example,\n ,");
	CHECK_STR(body(" a@x.example, a@x.example"), "-");
	CHECK_STR(body(" a@x.example, a@x.example, nobody"), "-");
}

/* Some readers would take it for the end of the header. */
static void no_line_is_blank(void)
{
	char text[3000], wanted[3000];

	snprintf(text, sizeof(text), " root,%950s", "");
	snprintf(wanted, sizeof(wanted), " a@x.example,%950s", "");
	CHECK_STR(body(text), wanted);
	snprintf(text, sizeof(text), " root,%950s\n joe", "");
	snprintf(wanted, sizeof(wanted), " a@x.example,%950s\n joe@y.example", "");
	CHECK_STR(body(text), wanted);
	snprintf(text, sizeof(text), " ann@b.example,\n%950sroot", "");
	snprintf(wanted, sizeof(wanted), " ann@b.example,\n%950sa@x.example", "");
	CHECK_STR(body(text), wanted);
}

/* The header that comes of one. */
static const char *header(const char *text)
{
	static char out[4096];
	struct header h;
	struct buf b;

	buf_init(&b, sizeof(out) - 1);
	if (header_parse(&h, span_of(text), &e) ||
	    rewrite_header(&h, REWRITE_RECIPIENTS, &rewrite, &e) ||
	    rewrite_header(&h, REWRITE_AUTHORS, &rewrite, &e))
		return "error";
	header_render(&h, &b);
	snprintf(out, sizeof(out), "%s", b.data);
	buf_clear(&b);
	header_clear(&h);
	return out;
}

static void fields_differ(void)
{
	CHECK_STR(header("To: root\ncc : joe\nReply-To: root\nResent-To: root\n"
			 "Resent-Cc:root\nSubject: root\n"),
		  "To: a@x.example\ncc : joe@y.example\nReply-To: a@x.example\n"
		  "Resent-To: a@x.example\nResent-Cc:a@x.example\nSubject: root\n");
	CHECK_STR(header("From: root\nSender: Root <root>\nResent-From: root (Cron)\n"
			 "Resent-Sender: root@here\nX-To: root"),
		  "From: root@y.example\nSender: Root <root@y.example>\n"
		  "Resent-From: root@y.example (Cron)\nResent-Sender: root@here\nX-To: root\n");
	CHECK_STR(header("To: root"), "To: a@x.example\n");
}

static void a_field_that_was_set_is_one(void)
{
	struct header h;
	struct address_list list = {0};

	CHECK_INT(header_parse(&h, span_of("To: root\n"), &e), 0);
	CHECK_INT(rewrite_header(&h, REWRITE_RECIPIENTS, &rewrite, &e), 0);
	CHECK_INT(address_list_parse(&list, h.fields[0].body, &e), 0);
	CHECK_STR(list.items[0].text, "a@x.example");
	CHECK_INT(header_set_body(&h.fields[0], span_of(" joe")), 0);
	CHECK_INT(rewrite_header(&h, REWRITE_RECIPIENTS, &rewrite, &e), 0);
	CHECK(span_equals(h.fields[0].raw, "To: joe@y.example\n"));
	address_list_clear(&list);
	header_clear(&h);
}

static void what_was_encoded_is_rewritten_too(void)
{
	struct header h;

	CHECK_INT(header_parse(&h, span_of("From: J\xc3\xb6rg <joe>\nTo: root"), &e), 0);
	h.fields[0].replacement = span_dup(span_of("From: =?UTF-8?Q?J=C3=B6rg?= <joe>\n"));
	CHECK_INT(rewrite_header(&h, REWRITE_AUTHORS, &rewrite, &e), 0);
	CHECK(!h.fields[0].replacement);
	CHECK(span_equals(h.fields[0].raw, "From: =?UTF-8?Q?J=C3=B6rg?= <joe@y.example>\n"));
	CHECK(span_equals(h.fields[1].raw, "To: root"));
	header_clear(&h);
}

static void the_header_stays_readable(void)
{
	struct header h;
	struct buf text;
	size_t size;

	buf_init(&text, 2 * REWRITE_HEADER_MAX);
	buf_add_string(&text, "Cc: joe\nTo: joe");
	while (text.len < REWRITE_HEADER_MAX / 2)
		buf_printf(&text, ",j%zu", text.len);
	buf_add_string(&text, "\nReply-To: joe\n");
	size = text.len;
	CHECK_INT(header_parse(&h, buf_span(&text), &e), 0);
	CHECK_INT(rewrite_header(&h, REWRITE_RECIPIENTS, &rewrite, &e), 0);
	CHECK(span_equals(h.fields[0].raw, "Cc: joe@y.example\n"));
	CHECK(span_equals(h.fields[2].raw, "Reply-To: joe@y.example\n"));
	CHECK(!h.fields[1].text);
	CHECK(h.fields[1].raw.len < size);
	header_clear(&h);
	buf_clear(&text);
}

static void what_is_signed_stays(void)
{
	static const char *const signatures[] = {"DKIM-Signature: v=1\n", "ARC-Seal: i=1\n",
						 "arc-message-signature: i=1\n",
						 "DomainKey-Signature: a=x\n"};
	char text[128];

	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		snprintf(text, sizeof(text), "To: root\n%s", signatures[i]);
		CHECK_STR(header(text), text);
	}
	CHECK_STR(header("To: root\nContent-Type: multipart/signed\n"),
		  "To: a@x.example\nContent-Type: multipart/signed\n");
}

int main(void)
{
	TEST_RUN(names_become_addresses);
	TEST_RUN(what_needs_nothing_stays);
	TEST_RUN(all_around_a_name_is_kept);
	TEST_RUN(what_cannot_be_read_stays);
	TEST_RUN(lines_stay_short);
	TEST_RUN(what_stands_there_twice_is_dropped);
	TEST_RUN(no_line_is_blank);
	TEST_RUN(fields_differ);
	TEST_RUN(a_field_that_was_set_is_one);
	TEST_RUN(what_was_encoded_is_rewritten_too);
	TEST_RUN(the_header_stays_readable);
	TEST_RUN(what_is_signed_stays);
	return test_done();
}
