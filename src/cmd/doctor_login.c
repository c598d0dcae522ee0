/* What the relay lets us do: see doctor_login.h. */
#include "cmd/doctor_login.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cmd/interrupt.h"
#include "cmd/remedy.h"
#include "cmd/submit.h"
#include "deliver/submission.h"
#include "mail/address.h"
#include "mail/date.h"

/* The AUTH of the look: the relay's names for its mechanisms. */
static const char *doctor_offered(const struct doctor *d)
{
	const char *auth = strstr(d->look.before.data, "AUTH ");

	return auth ? auth : "AUTH is not offered";
}

/* A login that failed before a reply to it: nothing fits. */
static void doctor_fail_mechanism(struct doctor *d, const struct error *error)
{
	const struct account *a = &d->account;
	struct remedy m = remedy_line("auth on");
	bool offered = strncmp(doctor_offered(d), "AUTH ", 5) == 0 &&
		       strcmp(doctor_offered(d), "AUTH is not offered") != 0;

	if (!account_user(a))
		m = remedy_line("user %s", account_sender(a) ? account_sender(a) : "NAME");
	else if (!offered && strstr(d->look.before.data, "STARTTLS"))
		m = remedy_line("tls on");
	else if (!offered)
		m = remedy_line("auth off");
	doctor_fail(d, error_exit_code(error), &m, "%s (%s)", error->text, doctor_offered(d));
}

/* A secret that may not cross this connection. */
static bool doctor_is_clear(const struct doctor *d)
{
	return d->tls == ACCOUNT_TLS_NEVER && d->account.tls != SETTING_OFF;
}

void doctor_login(struct doctor *d)
{
	const struct account *a = &d->account;
	struct relay_options relay = context_relay(d->x, a);
	struct remedy m = remedy_line("tls off");
	struct error error;

	relay.course = context_talk(d->x);
	if (a->relay.scheme == ENDPOINT_FD) {
		doctor_unchecked(d, "the descriptor, which serves once");
		return;
	}
	d->session = relay_open(&relay, NULL, &error);
	if (!d->session && error.stage == STAGE_AUTH && error.code == 0 && doctor_is_clear(d) &&
	    endpoint_is_local(&a->relay) && account_user(a))
		doctor_fail_error(d, &error, &m);
	else if (!d->session && error.code == 0 &&
		 (error.stage == STAGE_AUTH || !account_user(a)))
		doctor_fail_mechanism(d, &error);
	else if (!d->session)
		doctor_fail_error(d, &error, NULL);
	else if (account_wants_auth(a))
		doctor_ok(d, "%s is let in (%s)",
			  account_user(a) ? account_user(a) : "the certificate",
			  doctor_offered(d));
	else
		doctor_ok(d, "none: the account names no user, or says \"auth off\"");
}

static int doctor_no_piece(void *context, struct span *piece, struct error *error)
{
	(void)context, (void)piece, (void)error;
	return 0;
}

/* What mail is from that says nothing else: a message without content is made ready, as one
 * that is submitted would be, and thrown away. */
static int doctor_find_sender(struct doctor *d, struct error *error)
{
	const struct message_options options = submit_options();
	struct submission_request request = submit_request(d->x);
	struct strv recipients = {0};
	struct submission s = {0};
	struct message *m = message_read_pieces(doctor_no_piece, NULL, &options, error);
	int failed = m ? 0 : -1;

	if (m && strv_add(&recipients, span_of("postmaster@example.org")))
		failed = error_set_memory(error);
	request.recipients = &recipients;
	request.read_recipients = false;
	request.account = &d->account;
	if (!failed)
		failed = submission_prepare(&s, m, &d->x->config, &request, error);
	if (!failed && s.envelope.sender.text)
		buf_add_string(&d->sender, s.envelope.sender.text);
	submission_clear(&s);
	strv_clear(&recipients);
	message_free(m);
	return failed;
}

/* The sender in canonical form, so that nothing of it becomes another command. */
static int doctor_check_address(const char *text, struct buf *out, struct error *error)
{
	struct address address = {0};
	int failed = address_parse(&address, span_of(text), error);

	if (!failed) {
		buf_reset(out);
		buf_add_string(out, address.text);
	}
	address_clear(&address);
	return failed;
}

void doctor_sender(struct doctor *d)
{
	const struct account *a = &d->account;
	const struct smtp_mail_options needs = {0};
	struct remedy m = {.kind = REMEDY_NONE};
	struct error error;

	if (account_user(a) && strchr(account_user(a), '@'))
		m = remedy_line("from %s", account_user(a));
	if (doctor_find_sender(d, &error))
		doctor_fail_error(d, &error, &m);
	else if (smtp_mail(d->session, d->sender.data, &needs, &error))
		doctor_fail_error(d, &error, NULL);
	else if (!account_sender(a) && account_wants_auth(a) && m.kind != REMEDY_NONE &&
		 strcmp(account_user(a), d->sender.data) != 0)
		doctor_warn(d, &m,
			    "mail is from <%s>, unless it says otherwise, and not from the "
			    "login's address",
			    d->sender.data);
	else
		doctor_ok(d, "<%s> may send", d->sender.data);
}

static const char *doctor_recipient_address(const struct doctor *d)
{
	return d->x->options.test_address ? d->x->options.test_address : d->sender.data;
}

void doctor_recipient(struct doctor *d)
{
	struct buf path;
	struct error error;

	buf_init(&path, 1024);
	if (doctor_check_address(doctor_recipient_address(d), &path, &error) ||
	    smtp_rcpt(d->session, path.data, &error))
		doctor_fail_error(d, &error, NULL);
	else
		doctor_ok(d, "<%s> is taken%s", path.data,
			  d->x->options.send_test ? "" : " (nothing is sent: RSET)");
	buf_clear(&path);
	if (d->passed && d->x->options.send_test)
		return;
	smtp_reset(d->session, &error);
	smtp_leave(d->session);
}

static void doctor_write_test(const struct doctor *d, struct buf *out)
{
	const char *at = strrchr(d->sender.data, '@');

	buf_printf(out,
		   "From: <%s>\r\nTo: <%s>\r\nSubject: a test by pennypost --doctor\r\nDate: ",
		   d->sender.data, doctor_recipient_address(d));
	date_rfc5322(out, time(NULL));
	buf_add_string(out, "\r\nMessage-ID: ");
	date_message_id(out, time(NULL), at ? at + 1 : "localhost");
	buf_add_string(out, "\r\nAuto-Submitted: auto-generated\r\n\r\n"
			    "This is a test. Mail leaves this machine.\r\n");
}

void doctor_send_test(struct doctor *d)
{
	const struct remedy m =
		remedy_do("send one by hand: pennypost -s test --body test ADDRESS");
	struct error error;
	struct buf text;

	if (!d->x->options.send_test) {
		doctor_ok(d, "nothing was sent: --send-test sends a message");
		return;
	}
	if (endpoint_is_store(&d->account.relay)) {
		doctor_warn(d, &m, "nothing was sent: messages stay on this machine");
		return;
	}
	buf_init(&text, 8192);
	doctor_write_test(d, &text);
	interrupt_words("the test message may have been sent");
	if (smtp_data_open(d->session, &error) ||
	    smtp_data_write(d->session, buf_span(&text), &error) ||
	    smtp_data_close(d->session, &error))
		doctor_fail_error(d, &error, NULL);
	else
		doctor_ok(d, "the relay has taken a message for <%s>",
			  doctor_recipient_address(d));
	smtp_leave(d->session);
	buf_clear(&text);
}
