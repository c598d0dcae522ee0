/* One mail transaction: see send.h. */
#include "smtp/send.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

#include "smtp/auth.h"

enum {
	SEND_QUIT_WAIT = 1000, /* milliseconds that QUIT's reply may take */
	SEND_RIDE_BLOCK = 64 * 1024
};

int smtp_transaction_init(struct smtp_transaction *t, const char *reverse_path, size_t count)
{
	*t = (struct smtp_transaction){.reverse_path = reverse_path, .count = count};
	reply_init(&t->verdict);
	t->recipients = calloc(count ? count : 1, sizeof(*t->recipients));
	if (!t->recipients)
		return -1;
	for (size_t i = 0; i < count; i++)
		wire_slot_init(&t->recipients[i].slot);
	return 0;
}

void smtp_transaction_clear(struct smtp_transaction *t)
{
	for (size_t i = 0; t->recipients && i < t->count; i++)
		wire_slot_clear(&t->recipients[i].slot);
	free(t->recipients);
	t->recipients = NULL;
	reply_clear(&t->verdict);
}

void smtp_transaction_fail(struct smtp_transaction *t, const struct error *trouble)
{
	enum smtp_outcome outcome =
		trouble->class == ERROR_TEMPORARY ? SMTP_DEFERRED : SMTP_FAILED;

	t->trouble = *trouble;
	for (size_t i = 0; i < t->count; i++)
		if (t->recipients[i].outcome == SMTP_UNTRIED)
			t->recipients[i].outcome = outcome;
}

size_t smtp_transaction_untried(const struct smtp_transaction *t)
{
	size_t count = 0;

	for (size_t i = 0; i < t->count; i++)
		count += t->recipients[i].outcome == SMTP_UNTRIED;
	return count;
}

/* The ways in which the message goes. */
enum send_way {
	SEND_DATA,   /* behind 354 */
	SEND_CHUNKS, /* BDAT, once MAIL and RCPT are answered */
	SEND_RIDE    /* BDAT LAST in one flight with them */
};

/* A transaction under way. */
struct send {
	struct smtp *smtp;
	struct wire *wire;
	struct smtp_transaction *t;
	enum send_way way;
	bool shares_auth; /* AUTH leaves in the flight */
	struct buf auth_line, auth_shown;
	struct buf line; /* the RCPT command being written: there may be thousands */
	bool last;       /* QUIT goes with it: nobody is left for another transaction */
	size_t chosen;   /* recipients that take part */
	struct parameters parameters;
	struct buf body; /* a message that rides */
	struct wire_slot auth, mail, data, verdict, quit;
	struct body_chunks chunks;
	bool auth_refused;
	bool senseless; /* a reply was no answer to its command: all may be out of step */
	bool end_left;  /* the end of data has left: the message may have been taken */
	bool closed;    /* the end of data was answered, so nothing is left open at the relay */
	bool judged;    /* and the answer is one to the message */
};

/* A refusal. An answer that makes no sense ends the session: commands and replies are out of
 * step, and what is said next could be read as part of a message. Returns -1. */
static int send_refuse(struct send *x, const struct reply *r, enum error_class permanent,
		       enum error_stage stage, const char *what, struct error *error)
{
	reply_refuse(r, permanent, stage, what, error);
	if (error->stage == STAGE_PROTOCOL) {
		x->senseless = true;
		wire_abandon(x->wire, error);
	}
	return -1;
}

/* Who takes part: as many as the relay takes in one transaction (RFC 9422: RCPTMAX, or what it
 * took when it sent some back), and of one domain where it counts domains (RCPTDOMAINMAX). */
static void send_choose(struct send *x)
{
	const struct capabilities *offered = smtp_capabilities(x->smtp);
	uint64_t most = capabilities_limit(offered, "RCPTMAX");
	bool one_domain = capabilities_limit(offered, "RCPTDOMAINMAX") > 0;
	const char *domain = NULL;

	if (x->t->room > 0 && (most == 0 || most > x->t->room))
		most = x->t->room;
	for (size_t i = 0; i < x->t->count; i++) {
		struct smtp_recipient *to = &x->t->recipients[i];
		const char *at = one_domain ? strrchr(to->path, '@') : NULL;

		to->chosen = to->outcome == SMTP_UNTRIED && (most == 0 || x->chosen < most) &&
			     (!domain || strcasecmp(at ? at : "", domain) == 0);
		x->chosen += to->chosen;
		if (to->chosen && one_domain && !domain)
			domain = at ? at : "";
	}
	x->last = x->t->last && x->chosen == smtp_transaction_untried(x->t);
}

/* Which way the message goes. A small one is loaded, so that it can ride; one that turns out
 * too large, or has a line like a command, begins again and waits for the answer to its
 * envelope. With LMTP the number of verdicts is known only then, and DATA is what every server
 * has. */
static int send_choose_way(struct send *x, struct error *error)
{
	struct smtp_transaction *t = x->t;
	int fits;

	x->way = SEND_DATA;
	if (t->careful || smtp_is_lmtp(x->smtp) || !smtp_extension(x->smtp, "CHUNKING", NULL))
		return 0;
	x->way = SEND_CHUNKS;
	if (!wire_pipelining(x->wire) || t->needs.size > t->ride_max)
		return 0;
	fits = body_load(t->source.next, t->source.context, &x->body, error);
	if (fits > 0)
		x->way = SEND_RIDE;
	else if (fits == 0)
		fits = t->source.open(t->source.context, smtp_capabilities(x->smtp), &t->needs,
				      error);
	return fits < 0 ? -1 : 0;
}

/* AUTH shares the flight where its line says all there is to say; else it comes before. */
static int send_prepare_auth(struct send *x, struct error *error)
{
	const struct smtp_login *login = x->t->login;
	int whole = 0;

	if (wire_pipelining(x->wire))
		whole = smtp_auth_line(x->smtp, login->mechanism, login->who, &x->auth_line,
				       &x->auth_shown, error);
	x->shares_auth = whole > 0;
	x->t->login_said = whole == 0;
	return whole == 0  ? smtp_auth(x->smtp, login->mechanism, login->who, error)
	       : whole < 0 ? -1
			   : 0;
}

/* Leaves out a recipient whom the relay cannot write to, so that the others get the message. -1
 * for trouble that is not his. */
static int send_check_recipient(struct send *x, struct smtp_recipient *to, struct error *error)
{
	if (to->outcome != SMTP_UNTRIED ||
	    parameters_check_path(&x->parameters, to->path, error) == 0)
		return 0;
	if (error->class != ERROR_MESSAGE)
		return -1;
	to->outcome = SMTP_FAILED;
	to->why = "this address cannot be written in ASCII and the relay does not offer "
		  "SMTPUTF8";
	return 0;
}

/* Whether the relay can take message and paths, by what it offers. */
static int send_check(struct send *x, struct error *error)
{
	struct smtp_transaction *t = x->t;
	int failed;

	x->parameters = smtp_parameters(x->smtp, &t->needs, t->wishes);
	failed = parameters_check(&x->parameters, error) ||
		 parameters_check_path(&x->parameters, t->reverse_path, error);
	for (size_t i = 0; !failed && i < t->count; i++)
		failed = send_check_recipient(x, &t->recipients[i], error);
	t->dropped |= x->parameters.dropped;
	return failed ? -1 : 0;
}

static int send_prepare(struct send *x, struct error *error)
{
	struct smtp_transaction *t = x->t;

	if (smtp_ready(x->smtp, error))
		return -1;
	if (t->careful)
		wire_set_pipelining(x->wire, false);
	if (t->source.open(t->source.context, smtp_capabilities(x->smtp), &t->needs, error) ||
	    send_check(x, error))
		return -1;
	send_choose(x);
	if (x->chosen == 0)
		return 0;
	if (t->login && send_prepare_auth(x, error))
		return -1;
	return send_choose_way(x, error);
}

/* AUTH's answer: 235. A relay that asks on takes MAIL for its answer. */
static int send_judge_auth(struct send *x, struct error *error)
{
	const struct reply *r = &x->auth.reply;
	struct error ignored;

	if (!x->shares_auth)
		return 0;
	if (wire_collect(x->wire, &x->auth, error))
		return -1;
	x->auth_refused = r->code != 235;
	if (r->code != 334)
		return smtp_auth_judge(r, x->t->login->mechanism, error);
	wire_collect_within(x->wire, &x->mail, SEND_QUIT_WAIT, &ignored);
	error_set(error, ERROR_RELAY, STAGE_PROTOCOL,
		  "the relay asked on after %s, which had said all it has to say",
		  x->t->login->mechanism->name);
	wire_abandon(x->wire, error);
	return -1;
}

/* Whether r is an answer that MAIL or RCPT may get when it is accepted. */
static bool send_is_accepted(const struct reply *r)
{
	return r->code >= 250 && r->code <= 252;
}

static bool send_is_refusal(const struct reply *r)
{
	return reply_is_transient(r) || reply_is_permanent(r);
}

/* MAIL's answer: 250, or the transaction is refused. 530 is not the sender's fault. */
static int send_judge_mail(struct send *x, struct error *error)
{
	const struct reply *r = &x->mail.reply;

	if (wire_collect(x->wire, &x->mail, error))
		return -1;
	if (send_is_accepted(r))
		return 0;
	if (r->code == 530)
		return send_refuse(x, r, ERROR_RELAY, STAGE_AUTH,
				   "MAIL for want of authentication or TLS", error);
	return send_refuse(x, r, ERROR_MESSAGE, STAGE_MAIL, "the sender", error);
}

/* Whether a refusal means that the transaction has recipients enough (RFC 5321 section
 * 4.5.3.1.10). */
static bool send_is_full(const struct reply *r)
{
	if (r->code != 452 && r->code != 552)
		return false;
	return r->enhanced[0] == 0 || (r->enhanced[1] == 5 && r->enhanced[2] == 3);
}

/* Reads the replies to MAIL and RCPT. Returns how many recipients were accepted, -1 with *error
 * when MAIL was refused or the session is over. */
static ssize_t send_collect_envelope(struct send *x, struct error *error)
{
	ssize_t accepted = 0;

	if (send_judge_mail(x, error))
		return -1;
	for (size_t i = 0; i < x->t->count; i++) {
		struct smtp_recipient *to = &x->t->recipients[i];

		if (!to->chosen)
			continue;
		if (wire_collect(x->wire, &to->slot, error))
			return -1;
		if (send_is_accepted(&to->slot.reply))
			accepted++;
		else if (!send_is_refusal(&to->slot.reply))
			return send_refuse(x, &to->slot.reply, ERROR_RELAY, STAGE_RCPT, "RCPT",
					   error);
	}
	return accepted;
}

/* What is refused in answer to RCPT becomes the recipient's outcome, once replies and commands
 * are known to be level and we have not been refused ourselves, which is often why. But for
 * want of room, while others are accepted, he is left for another transaction. */
static void send_settle(struct send *x)
{
	struct smtp_transaction *t = x->t;
	size_t accepted = 0;

	if (x->auth_refused || x->senseless || !send_is_accepted(&x->mail.reply))
		return;
	for (size_t i = 0; i < t->count; i++)
		accepted += t->recipients[i].chosen &&
			    send_is_accepted(&t->recipients[i].slot.reply);
	for (size_t i = 0; i < t->count; i++) {
		struct smtp_recipient *to = &t->recipients[i];
		const struct reply *r = &to->slot.reply;

		if (!to->chosen || to->slot.owed || r->code == 421 || !send_is_refusal(r))
			continue;
		to->chosen = false;
		if (accepted > 0 && send_is_full(r)) {
			t->room = accepted;
			continue;
		}
		to->outcome = reply_is_transient(r) ? SMTP_DEFERRED : SMTP_FAILED;
		to->refused = true;
	}
}

static int send_issue_mail(struct send *x, struct error *error)
{
	struct buf line;
	int failed;

	buf_init(&line, PARAMETERS_LINE_MAX);
	x->parameters.chunks = x->way != SEND_DATA;
	failed = parameters_mail(&x->parameters, x->t->reverse_path, &line, error) ||
		 wire_issue(x->wire, &x->mail, WIRE_MAIL, error, "%s", line.data);
	buf_clear(&line);
	return failed;
}

static int send_issue_recipient(struct send *x, struct smtp_recipient *to, struct error *error)
{
	to->slot.brief = !smtp_is_lmtp(x->smtp);
	buf_reset(&x->line);
	if (parameters_rcpt(&x->parameters, to->path, &x->line, error))
		return -1;
	return wire_issue_secret(x->wire, &to->slot, WIRE_RCPT, buf_span(&x->line), NULL,
				 error);
}

/* The whole message behind its envelope; no more of it is queued at a time than the wire holds.
 */
static int send_issue_ride(struct send *x, struct error *error)
{
	struct span rest = buf_span(&x->body);
	int failed = 0;

	if (wire_issue(x->wire, &x->verdict, WIRE_BDAT_LAST, error, "BDAT %zu LAST",
		       x->body.len))
		return -1;
	x->end_left = true;
	while (!failed && rest.len > SEND_RIDE_BLOCK) {
		failed = wire_queue(x->wire, rest.data, SEND_RIDE_BLOCK, error) ||
			 wire_flush(x->wire, error);
		rest.data += SEND_RIDE_BLOCK;
		rest.len -= SEND_RIDE_BLOCK;
	}
	return failed ? -1 : wire_queue(x->wire, rest.data, rest.len, error);
}

/* The flight: AUTH, MAIL and every RCPT, and behind them what may share the group: DATA, or the
 * message and QUIT. */
static int send_issue(struct send *x, struct error *error)
{
	struct smtp_transaction *t = x->t;
	int failed = 0;

	if (x->shares_auth)
		wire_hide(x->wire, t->login->who->password);
	t->login_said = t->login_said || x->shares_auth;
	if (x->shares_auth)
		failed = wire_issue_secret(x->wire, &x->auth, WIRE_AUTH_WHOLE,
					   buf_span(&x->auth_line), x->auth_shown.data, error);
	if (!failed)
		failed = send_issue_mail(x, error);
	if (!failed && !wire_pipelining(x->wire))
		failed = send_judge_mail(x, error);
	for (size_t i = 0; !failed && i < t->count; i++)
		if (t->recipients[i].chosen)
			failed = send_issue_recipient(x, &t->recipients[i], error);
	if (failed || !wire_pipelining(x->wire))
		return failed;
	if (x->way == SEND_DATA)
		return wire_issue(x->wire, &x->data, WIRE_DATA, error, "DATA");
	if (x->way == SEND_RIDE)
		failed = send_issue_ride(x, error) ||
			 (x->last && wire_issue(x->wire, &x->quit, WIRE_QUIT, error, "QUIT"));
	return failed;
}

/* The code of the reply behind the verdict: QUIT's or, where no QUIT goes, of one that nobody
 * asked for and that lies there already. Without pipelining QUIT leaves only now, and its reply
 * is worth the wait: what stands for the verdict may have been said in the midst of the
 * message. 0 for silence and loss. */
static int send_look_behind(struct send *x)
{
	struct error why = {0};

	if (wire_is_over(x->wire))
		return x->quit.reply.code;
	if (!x->last)
		return wire_check_level(x->wire, WIRE_RSET, &why) ? why.code : 0;
	if (x->quit.verb != WIRE_QUIT && wire_issue(x->wire, &x->quit, WIRE_QUIT, &why, "QUIT"))
		return why.code;
	wire_collect_within(x->wire, &x->quit, SEND_QUIT_WAIT, &why);
	return x->quit.reply.code;
}

/* Whether the verdict on a message that rode without QUIT is plainly the answer to something
 * else: x.1.x of RFC 3463 speaks of addresses, as the answers to MAIL and RCPT do. */
static bool send_is_misplaced(const struct send *x)
{
	const struct reply *r = &x->verdict.reply;

	return x->way == SEND_RIDE && !x->last && r->code == 250 && r->enhanced[1] == 1;
}

/* Whether commands and replies are level, as QUIT's slot tells: a whole reply there that is
 * neither 221 nor 421 means that each reply was the answer to something else. Silence and loss
 * mean nothing. Returns 0, or -1 with *error: nobody knows what became of the message. */
static int send_check_level(struct send *x, struct error *error)
{
	int code = send_look_behind(x);

	if (send_is_misplaced(x))
		error_set(error, ERROR_TEMPORARY, STAGE_VERDICT,
			  "the relay's replies are out of step (an address is answered at the "
			  "end of data), so the message may have been delivered");
	else if (!code || code == 221 || code == 421)
		return 0;
	else
		error_set(error, ERROR_TEMPORARY, STAGE_VERDICT,
			  "the relay's replies are out of step (%d to the end of data, %d "
			  "behind it), so the message may have been delivered",
			  x->verdict.reply.code, code);
	wire_abandon(x->wire, error);
	return -1;
}

/* What the verdict comes to. */
static int send_judge_verdict(struct send *x, struct error *error)
{
	const struct reply *r = &x->verdict.reply;
	int failed = smtp_judge_verdict(r, error);

	x->judged = r->code == 250 || reply_is_transient(r) || reply_is_permanent(r);
	if (!x->judged)
		wire_abandon(x->wire, error);
	return failed;
}

/* LMTP: what one recipient's verdict comes to. */
static void send_judge_one(struct smtp_recipient *to)
{
	struct error why;

	to->refused = smtp_judge_verdict(&to->slot.reply, &why) != 0;
	if (!to->refused)
		to->outcome = SMTP_SENT;
	else
		to->outcome = why.class == ERROR_TEMPORARY ? SMTP_DEFERRED : SMTP_FAILED;
}

/* LMTP: one verdict for each recipient that was accepted (RFC 2033 section 4.2). One that is
 * lost is the transaction's trouble; those that came before it count. */
static int send_judge_each(struct send *x, struct error *error)
{
	int failed = 0;

	for (size_t i = 0; !failed && i < x->t->count; i++)
		if (x->t->recipients[i].chosen)
			failed = wire_collect(x->wire, &x->t->recipients[i].slot, error);
	x->closed = !failed;
	if (!failed && send_check_level(x, error))
		return -1;
	for (size_t i = 0; i < x->t->count; i++)
		if (x->t->recipients[i].chosen && x->t->recipients[i].slot.reply.code &&
		    !x->t->recipients[i].slot.owed)
			send_judge_one(&x->t->recipients[i]);
	return failed;
}

/* The verdicts are owed from now on. */
static int send_expect_verdict(struct send *x, struct error *error)
{
	int failed = 0;

	x->end_left = true;
	if (!smtp_is_lmtp(x->smtp))
		return wire_expect(x->wire, &x->verdict, WIRE_VERDICT, error);
	for (size_t i = 0; !failed && i < x->t->count; i++)
		if (x->t->recipients[i].chosen)
			failed = wire_expect(x->wire, &x->t->recipients[i].slot, WIRE_VERDICT,
					     error);
	return failed;
}

/* A chunk that was refused when the last one had left already: its answer is the one to the
 * message. A relay that took the rest has taken something else. */
static int send_judge_chunks(struct send *x, struct error *error)
{
	const struct reply *refusal = body_chunk_refusal(&x->chunks);

	if (!refusal)
		return 0;
	if (x->verdict.reply.code != 250)
		return send_refuse(x, refusal, ERROR_MESSAGE, STAGE_DATA, "the message", error);
	return error_set(error, ERROR_TEMPORARY, STAGE_VERDICT,
			 "the relay refused a part of the message (%d) and accepted the rest",
			 refusal->code);
}

/* From the end of data to what it comes to. Where commands are grouped, QUIT rides along. */
static int send_finish(struct send *x, struct error *error)
{
	if (x->last && wire_pipelining(x->wire) &&
	    wire_issue(x->wire, &x->quit, WIRE_QUIT, error, "QUIT"))
		return -1;
	if (smtp_is_lmtp(x->smtp))
		return send_judge_each(x, error);
	if (wire_collect(x->wire, &x->verdict, error))
		return -1;
	x->closed = true;
	return send_check_level(x, error) ||
			       (x->way == SEND_CHUNKS && send_judge_chunks(x, error)) ||
			       send_judge_verdict(x, error)
		       ? -1
		       : 0;
}

/* Whether the relay, against all sense, has accepted a recipient of a refused transaction. */
static bool send_has_accepted(const struct send *x)
{
	for (size_t i = 0; i < x->t->count; i++)
		if (x->t->recipients[i].chosen &&
		    reply_is_positive(&x->t->recipients[i].slot.reply))
			return true;
	return false;
}

/* 354 though nobody is left to send to: an empty message, which cannot be delivered to anyone
 * (RFC 2920 section 3.1); but never when a recipient was accepted. */
static void send_end_empty(struct send *x)
{
	struct error ignored;

	if (x->data.reply.code != 354 || send_has_accepted(x))
		return;
	if (wire_expect(x->wire, &x->verdict, WIRE_VERDICT, &ignored) == 0 &&
	    wire_queue(x->wire, ".\r\n", 3, &ignored) == 0 &&
	    wire_collect(x->wire, &x->verdict, &ignored) == 0)
		x->closed = true;
}

/* The message as DATA takes it. The relay must have said nothing since 354: else its next reply
 * would be taken for the verdict. */
static int send_data(struct send *x, struct error *error)
{
	struct smtp_transaction *t = x->t;

	if (body_send_data(x->wire, t->source.next, t->source.context, t->needs.size, error) ||
	    wire_check_level(x->wire, WIRE_DATA, error) ||
	    wire_queue(x->wire, ".\r\n", 3, error) || send_expect_verdict(x, error))
		return -1;
	return send_finish(x, error);
}

/* The message in chunks. A refused chunk ends it: the relay drops what it has (RFC 3030 section
 * 2), and the refusal is the verdict. */
static int send_chunks(struct send *x, struct error *error)
{
	struct smtp_transaction *t = x->t;
	int result = body_send_chunks(x->wire, t->source.next, t->source.context, &x->chunks,
				      &x->verdict, error);

	x->end_left = x->verdict.verb == WIRE_BDAT_LAST;
	if (result < 0)
		return -1;
	if (result > 0)
		return send_refuse(x, body_chunk_refusal(&x->chunks), ERROR_MESSAGE, STAGE_DATA,
				   "the message", error);
	return send_finish(x, error);
}

/* The answers to the envelope are in, and the message goes in chunks: level is what nothing
 * lies behind. Returns as send_run(). */
static int send_go_on_chunks(struct send *x, ssize_t accepted, struct error *error)
{
	if (accepted < 0)
		return -1;
	if (wire_check_level(x->wire, WIRE_BDAT, error))
		return -1;
	send_settle(x);
	return accepted == 0 ? 0 : send_chunks(x, error) ? -1 : 1;
}

/* The same with DATA, whose answer shows that the others are level: 354, or a refusal. Where
 * nobody is left to send to, what it is does not matter. */
static int send_go_on_data(struct send *x, ssize_t accepted, struct error *error)
{
	const struct reply *r = &x->data.reply;
	struct error why;
	int lost = 0;

	if (accepted > 0 && !wire_pipelining(x->wire))
		lost = wire_issue(x->wire, &x->data, WIRE_DATA, error, "DATA");
	if (!lost && x->data.verb == WIRE_DATA)
		lost = wire_collect(x->wire, &x->data, accepted > 0 ? error : &why);
	if (!lost && r->code && r->code != 354 && !send_is_refusal(r))
		lost = send_refuse(x, r, ERROR_MESSAGE, STAGE_DATA, "DATA",
				   accepted >= 0 ? error : &why);
	else
		send_settle(x);
	if (accepted == 0 && x->senseless)
		return -1;
	if (accepted <= 0) {
		send_end_empty(x);
		return accepted < 0 ? -1 : 0;
	}
	if (lost)
		return -1;
	if (r->code != 354)
		return send_refuse(x, r, ERROR_MESSAGE, STAGE_DATA, "DATA", error);
	return send_data(x, error) ? -1 : 1;
}

/*
 * The message rode with its envelope. Whatever was refused, the verdict is read, and QUIT's
 * slot tells whether it is one: a relay may take a message from a client that failed to log in,
 * and then the message has been sent. refused: *error says why. Returns as send_run().
 */
static int send_go_on_ride(struct send *x, bool refused, ssize_t accepted, struct error *error)
{
	struct error why;

	if (wire_collect(x->wire, &x->verdict, refused || accepted == 0 ? &why : error)) {
		send_settle(x);
		return !refused && accepted == 0 ? 0 : -1;
	}
	x->closed = true;
	if (send_check_level(x, error))
		return -1;
	/* With a reply missing QUIT's lands here, and each one before it was another's. */
	if (x->verdict.reply.code != 250 && !send_is_refusal(&x->verdict.reply))
		return send_judge_verdict(x, error);
	if (x->auth_refused && accepted > 0 && x->verdict.reply.code == 250) {
		wire_note(x->wire, "the relay refused us and took the message all the same");
		x->auth_refused = refused = false;
	}
	send_settle(x);
	if (refused || accepted == 0)
		return refused ? -1 : 0;
	return send_judge_verdict(x, error) == 0 ? 1 : -1;
}

/* After the flight: its answers, and the message where it has not gone along. 1: the relay took
 * the message; 0: every recipient has been refused; -1 with *error. */
static int send_go_on(struct send *x, struct error *error)
{
	struct error why;
	bool refused = send_judge_auth(x, error) != 0;
	ssize_t accepted = send_collect_envelope(x, refused ? &why : error);

	if (x->way == SEND_RIDE)
		return send_go_on_ride(x, refused || accepted < 0, accepted, error);
	if (refused)
		accepted = -1;
	return x->way == SEND_DATA ? send_go_on_data(x, accepted, error)
				   : send_go_on_chunks(x, accepted, error);
}

static int send_run(struct send *x, struct error *error)
{
	if (send_prepare(x, error))
		return -1;
	if (x->chosen == 0)
		return 0;
	/* What was answered before the line was lost still counts. */
	if (send_issue(x, error) == 0 || wire_is_over(x->wire))
		return send_go_on(x, error);
	return -1;
}

/* Whether the relay may have taken the message, for all that is known. One that refuses us, or
 * closes the service, and hangs up has not; but where AUTH's reply makes no sense none is known
 * to be what it seems. */
static bool send_may_be_taken(const struct send *x)
{
	int auth = x->auth.reply.code;
	bool anyone = false;

	if (auth && auth != 235 && auth != 334 && !send_is_refusal(&x->auth.reply))
		return x->end_left;
	if (!x->end_left || send_is_refusal(&x->verdict.reply) ||
	    send_is_refusal(&x->mail.reply) ||
	    (send_is_refusal(&x->auth.reply) && x->mail.reply.code == 0))
		return false;
	for (size_t i = 0; i < x->t->count; i++) {
		const struct smtp_recipient *to = &x->t->recipients[i];
		bool is_answer = to->slot.verb == WIRE_RCPT && !to->slot.owed;

		if (to->chosen && is_answer && to->slot.reply.code == 421)
			return false;
		anyone |= to->chosen && !(is_answer && send_is_refusal(&to->slot.reply));
	}
	return anyone;
}

/* Whether the relay refused the mechanism and not us (RFC 4954 section 6). */
static bool send_wants_other_mechanism(const struct send *x, const struct error *trouble)
{
	return x->shares_auth && trouble->stage == STAGE_AUTH &&
	       (trouble->code == 504 || trouble->code == 534);
}

/* Trouble of the transaction. A line lost after the end of data has left is a doubt, wherever
 * in the flight the answers stopped; a relay that did not understand a flight, and has nothing
 * of it, may be tried again with care. */
static void send_fail(struct send *x, struct error *trouble)
{
	bool nonsense = trouble->stage == STAGE_PROTOCOL;

	if (wire_is_over(x->wire) && send_may_be_taken(x) && trouble->stage != STAGE_VERDICT) {
		trouble->class = ERROR_TEMPORARY;
		trouble->stage = STAGE_VERDICT;
		error_prefix(trouble,
			     "no clear answer to the end of data, so the message may have "
			     "been delivered");
	}
	x->t->trouble = *trouble;
	x->t->again = (nonsense || send_wants_other_mechanism(x, trouble)) && !x->t->careful &&
		      !send_may_be_taken(x);
	x->t->lost = x->t->reused && wire_is_over(x->wire) && !send_may_be_taken(x) &&
		     trouble->class == ERROR_TEMPORARY;
	if (x->t->again || x->t->lost)
		return;
	for (size_t i = 0; i < x->t->count; i++) {
		struct smtp_recipient *to = &x->t->recipients[i];

		if (to->outcome == SMTP_UNTRIED && (to->chosen || x->chosen == 0))
			to->outcome =
				trouble->class == ERROR_TEMPORARY ? SMTP_DEFERRED : SMTP_FAILED;
	}
}

/* What is left of the session. It is over when QUIT was answered, and when a message was begun
 * that has no end; whatever else is open is taken back before the next transaction. */
static void send_leave_open(struct send *x)
{
	bool begun = x->data.reply.code == 354 ||
		     (x->way == SEND_CHUNKS && x->chunks.slots[0].verb == WIRE_BDAT);
	struct error over;

	error_set(&over, ERROR_LOCAL, STAGE_COMMAND,
		  "the session was ended with the last message");
	if (wire_is_over(x->wire))
		return;
	if (wire_owed(x->wire) > 0 || x->quit.reply.code || (begun && !x->closed))
		wire_abandon(x->wire, &over);
	else if (!x->last && !x->closed && reply_is_positive(&x->mail.reply) &&
		 smtp_reset(x->smtp, &over))
		wire_abandon(x->wire, &over);
}

static void send_init(struct send *x, struct smtp *s, struct smtp_transaction *t)
{
	*x = (struct send){.smtp = s, .wire = smtp_wire(s), .t = t};
	buf_init(&x->body, t->ride_max);
	buf_init(&x->line, PARAMETERS_LINE_MAX);
	buf_init(&x->auth_line, SMTP_AUTH_LINE_MAX);
	buf_init(&x->auth_shown, PARAMETERS_LINE_MAX);
	wire_slot_init(&x->auth);
	wire_slot_init(&x->mail);
	wire_slot_init(&x->data);
	wire_slot_init(&x->verdict);
	wire_slot_init(&x->quit);
	body_chunks_init(&x->chunks);
}

static void send_clear(struct send *x)
{
	buf_clear(&x->body);
	buf_clear(&x->line);
	buf_wipe(&x->auth_line);
	buf_clear(&x->auth_shown);
	wire_slot_clear(&x->auth);
	wire_slot_clear(&x->mail);
	wire_slot_clear(&x->data);
	wire_slot_clear(&x->verdict);
	wire_slot_clear(&x->quit);
	body_chunks_clear(&x->chunks);
}

void smtp_send(struct smtp *s, struct smtp_transaction *t)
{
	struct error trouble = {0};
	struct send x;
	int taken;

	send_init(&x, s, t);
	t->trouble = trouble;
	t->again = t->lost = t->login_said = false;
	taken = send_run(&x, &trouble);
	if (taken < 0)
		send_fail(&x, &trouble);
	for (size_t i = 0; taken > 0 && i < t->count; i++)
		if (t->recipients[i].chosen && t->recipients[i].outcome == SMTP_UNTRIED)
			t->recipients[i].outcome = SMTP_SENT;
	send_leave_open(&x);
	wire_hide(x.wire, (struct span){0});
	if (x.judged) {
		reply_clear(&t->verdict);
		t->verdict = x.verdict.reply;
		wire_slot_init(&x.verdict);
	}
	send_clear(&x);
}
