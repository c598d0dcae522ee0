/* MAIL and RCPT: what is said of what is wished, and what is refused before it is said. */
#include "smtp/parameters.h"

#include "base/crypto.h"
#include "test.h"

static struct capabilities offered;
static struct smtp_mail_options needs;
static struct wishes wishes;
static struct parameters p;
static struct error error;
static char line[PARAMETERS_LINE_MAX + 1];

/* A new transaction with a relay that offers these, one a line. */
static void begin(const char *keywords)
{
	struct buf text;

	buf_init(&text, 4096);
	buf_printf(&text, "relay.example\n%s", keywords);
	capabilities_clear(&offered);
	capabilities_parse(&offered, buf_span(&text));
	buf_clear(&text);
	needs = (struct smtp_mail_options){0};
	wishes = (struct wishes){0};
	p = (struct parameters){.offered = &offered, .needs = &needs, .wishes = &wishes};
	error = (struct error){0};
}

static const char *keep(struct buf *b, int failed)
{
	snprintf(line, sizeof(line), "%s", failed ? "(failed)" : b->data);
	buf_clear(b);
	return line;
}

static const char *mail(const char *path)
{
	struct buf b;

	buf_init(&b, PARAMETERS_LINE_MAX);
	return keep(&b, parameters_check(&p, &error) ||
				parameters_check_path(&p, path, &error) ||
				parameters_mail(&p, path, &b, &error));
}

static const char *rcpt(const char *path)
{
	struct buf b;

	buf_init(&b, PARAMETERS_LINE_MAX);
	return keep(&b, parameters_check(&p, &error) ||
				parameters_check_path(&p, path, &error) ||
				parameters_rcpt(&p, path, &b, &error));
}

static void check_refused(const char *why)
{
	CHECK_STR(mail("a@b"), "(failed)");
	CHECK_INT(error.class, ERROR_MESSAGE);
	CHECK_INT(error.stage, STAGE_MAIL);
	CHECK(strstr(error.text, why) != NULL);
}

static void nothing_wished_is_nothing_said(void)
{
	begin("SIZE 1000\n8BITMIME\nSMTPUTF8\nDSN\nAUTH PLAIN\nDELIVERBY\nREQUIRETLS");
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b>");
	CHECK_STR(mail(""), "MAIL FROM:<>");
	CHECK_STR(rcpt("c@d"), "RCPT TO:<c@d>");
	p.wishes = NULL;
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b>");
	CHECK_STR(rcpt("c@d"), "RCPT TO:<c@d>");
	CHECK_INT(p.dropped, 0);
}

static void the_message_s_needs_are_said_where_offered(void)
{
	begin("SIZE\n8BITMIME");
	needs = (struct smtp_mail_options){.size = 900, .body_8bit = true};
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> SIZE=900 BODY=8BITMIME");
	begin("");
	needs = (struct smtp_mail_options){.size = 900, .body_8bit = true};
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b>");
	begin("SIZE 899");
	needs = (struct smtp_mail_options){.size = 900};
	check_refused("900 bytes and the relay takes 899");
}

static void binarymime_goes_by_bdat_alone(void)
{
	begin("8BITMIME\nBINARYMIME\nCHUNKING");
	needs.body_binary = true;
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> BODY=8BITMIME");
	p.chunks = true;
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> BODY=BINARYMIME");
}

static void smtputf8_is_for_addresses_that_need_it(void)
{
	begin("SMTPUTF8");
	CHECK_STR(mail("gr\303\274n@b"), "MAIL FROM:<gr\303\274n@b> SMTPUTF8");
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b>");
	needs.header_utf8 = true;
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> SMTPUTF8");
	needs = (struct smtp_mail_options){.utf8 = true};
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> SMTPUTF8");
	CHECK_INT(parameters_check_path(&p, "gr\303\274n@b", &error), 0);
	begin("");
	needs.header_utf8 = true;
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b>");
	CHECK_STR(mail("gr\303\274n@b"), "(failed)");
	CHECK(strstr(error.text, "<gr\303\274n@b> cannot be written in ASCII") != NULL);
	begin("");
	needs.utf8 = true;
	check_refused("SMTPUTF8");
}

/* Stands for the module: anything beyond ASCII is one label. */
static int fake_idna(struct span domain, struct buf *out)
{
	if (memchr(domain.data, '!', domain.len))
		return -1;
	buf_add_string(out, "xn--grn-ioa.example");
	return 0;
}

static void a_domain_alone_becomes_a_labels(void)
{
	static const struct crypto fake = {.abi = CRYPTO_ABI, .idna = fake_idna};

	crypto_linked = &fake;
	begin("");
	CHECK_STR(mail("a@gr\303\274n.example"), "MAIL FROM:<a@xn--grn-ioa.example>");
	CHECK_STR(rcpt("\"a@b\"@gr\303\274n.example"), "RCPT TO:<\"a@b\"@xn--grn-ioa.example>");
	CHECK_STR(rcpt("a@gr\303\274n!"), "(failed)");
	begin("SMTPUTF8");
	CHECK_STR(mail("a@gr\303\274n.example"), "MAIL FROM:<a@xn--grn-ioa.example>");
	CHECK_STR(rcpt("a@gr\303\274n!"), "RCPT TO:<a@gr\303\274n!>");
	CHECK(p.utf8);
	crypto_linked = NULL;
}

static void reports_are_asked_for(void)
{
	begin("DSN");
	wishes.notify = WISHES_SUCCESS | WISHES_DELAY;
	wishes.ret = WISHES_RETURN_HEADERS;
	wishes.envelope_id = "a+b=c d";
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> RET=HDRS ENVID=a+2Bb+3Dc+20d");
	CHECK_STR(rcpt("x+y@b"), "RCPT TO:<x+y@b> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2By@b");
	wishes = (struct wishes){.notify = WISHES_NEVER, .ret = WISHES_RETURN_FULL};
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> RET=FULL");
	CHECK_STR(rcpt("c@b"), "RCPT TO:<c@b> NOTIFY=NEVER ORCPT=rfc822;c@b");
	wishes.notify = WISHES_SUCCESS | WISHES_FAILURE | WISHES_DELAY;
	CHECK_STR(rcpt("c@b"), "RCPT TO:<c@b> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;c@b");
}

static void original_recipients_beyond_ascii_are_embedded(void)
{
	begin("DSN\nSMTPUTF8");
	wishes.notify = WISHES_FAILURE;
	CHECK_STR(rcpt("gr\303\274+=\\\360\237\230\200@b"),
		  "RCPT TO:<gr\303\274+=\\\360\237\230\200@b> NOTIFY=FAILURE "
		  "ORCPT=utf-8;gr\\x{FC}\\x{2B}\\x{3D}\\x{5C}\\x{1F600}@b");
}

static void reports_are_dropped_where_not_offered(void)
{
	begin("");
	wishes = (struct wishes){
		.notify = WISHES_NEVER, .ret = WISHES_RETURN_FULL, .envelope_id = "x"};
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b>");
	CHECK_STR(rcpt("c@d"), "RCPT TO:<c@d>");
	CHECK_INT(p.dropped, PARAMETERS_DROPPED_DSN);
	CHECK(strstr(parameters_warning(p.dropped, 0), "DSN") != NULL);
	CHECK(parameters_warning(p.dropped, 1) == NULL);
}

static void a_deadline_is_said_refused_or_dropped(void)
{
	begin("DELIVERBY 60");
	wishes.deliver_by = 60;
	wishes.deliver_by_mode = 'R';
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> BY=60;R");
	wishes.deliver_by_trace = true;
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> BY=60;RT");
	wishes.deliver_by = 59;
	check_refused("60 seconds at the least, and 59");
	wishes.deliver_by_mode = 'N';
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> BY=59;NT");
	begin("");
	wishes.deliver_by = 60;
	wishes.deliver_by_mode = 'N';
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b>");
	CHECK_INT(p.dropped, PARAMETERS_DROPPED_DELIVERBY);
	wishes.deliver_by_mode = 'R';
	check_refused("DELIVERBY");
}

static void the_relay_holds_within_its_limits(void)
{
	begin("FUTURERELEASE 3600 2026-12-24T00:00:00Z");
	wishes.hold_for = 3600;
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> HOLDFOR=3600");
	wishes.hold_for = 3601;
	check_refused("3600 seconds at the most, and 3601");
	wishes.hold_for = 0;
	wishes.hold_until = 1798070400; /* the limit itself */
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> HOLDUNTIL=2026-12-24T00:00:00Z");
	wishes.hold_until++;
	check_refused("until 2026-12-24T00:00:00Z at the latest");
	begin("");
	wishes.hold_for = 1;
	check_refused("FUTURERELEASE");
}

static void requiretls_wants_a_proof(void)
{
	begin("REQUIRETLS");
	wishes.require_tls = true;
	check_refused("has not proved");
	p.verified = true;
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> REQUIRETLS");
	begin("");
	wishes.require_tls = true;
	p.verified = true;
	check_refused("REQUIRETLS");
}

static void the_submitter_is_xtext(void)
{
	begin("AUTH PLAIN");
	wishes.submitter = "e+mc2=x@example.org";
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> AUTH=e+2Bmc2+3Dx@example.org");
	wishes.submitter = "";
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b> AUTH=<>");
	begin("");
	wishes.submitter = "";
	CHECK_STR(mail("a@b"), "MAIL FROM:<a@b>");
	CHECK_INT(p.dropped, PARAMETERS_DROPPED_AUTH);
}

static void a_line_beyond_its_bounds_is_refused(void)
{
	static char path[PARAMETERS_LINE_MAX];

	memset(path, 'a', sizeof(path) - 1);
	begin("");
	CHECK_STR(mail(path), "(failed)");
	CHECK_STR(error.text, "the argument of MAIL is too long");
	CHECK_STR(rcpt(path), "(failed)");
	CHECK_STR(error.text, "the argument of RCPT is too long");
}

int main(void)
{
	TEST_RUN(nothing_wished_is_nothing_said);
	TEST_RUN(the_message_s_needs_are_said_where_offered);
	TEST_RUN(binarymime_goes_by_bdat_alone);
	TEST_RUN(smtputf8_is_for_addresses_that_need_it);
	TEST_RUN(a_domain_alone_becomes_a_labels);
	TEST_RUN(reports_are_asked_for);
	TEST_RUN(original_recipients_beyond_ascii_are_embedded);
	TEST_RUN(reports_are_dropped_where_not_offered);
	TEST_RUN(a_deadline_is_said_refused_or_dropped);
	TEST_RUN(the_relay_holds_within_its_limits);
	TEST_RUN(requiretls_wants_a_proof);
	TEST_RUN(the_submitter_is_xtext);
	TEST_RUN(a_line_beyond_its_bounds_is_refused);
	capabilities_clear(&offered);
	return test_done();
}
