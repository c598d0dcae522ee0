/* One mail transaction: see send.h. */
#include "smtp/send.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "mail/wireform.h"

enum {
	SEND_BLOCK = 64 * 1024, /* four full TLS records */
	SEND_SLACK = 64,
	SEND_QUIT_WAIT = 1000 /* milliseconds that QUIT's reply may take */
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

/* A transaction under way. */
struct send {
	struct smtp *smtp;
	struct wire *wire;
	struct smtp_transaction *t;
	struct wire_slot mail, data, verdict, quit;
	bool closed; /* the end of data was answered, so nothing is left open at the relay */
	bool judged; /* and the answer is one to the message */
};

/* A refusal. An answer that makes no sense ends the session: commands and replies are out of
 * step, and what is said next could be read as part of a message. Returns -1. */
static int send_refuse(struct send *x, const struct reply *r, enum error_class permanent,
		       enum error_stage stage, const char *what, struct error *error)
{
	reply_refuse(r, permanent, stage, what, error);
	if (error->stage == STAGE_PROTOCOL)
		wire_abandon(x->wire, error);
	return -1;
}

/* MAIL's answer: 250, or the transaction is refused. 530 is not the sender's fault. */
static int send_judge_mail(struct send *x, struct error *error)
{
	const struct reply *r = &x->mail.reply;

	if (wire_collect(x->wire, &x->mail, error))
		return -1;
	if (reply_is_positive(r))
		return 0;
	if (r->code == 530)
		return send_refuse(x, r, ERROR_RELAY, STAGE_AUTH,
				   "MAIL for want of authentication or TLS", error);
	return send_refuse(x, r, ERROR_MESSAGE, STAGE_MAIL, "the sender", error);
}

/* RCPT's answer becomes the recipient's outcome when it is a refusal. Returns 1 when accepted.
 */
static int send_judge_recipient(struct send *x, struct smtp_recipient *to, struct error *error)
{
	const struct reply *r = &to->slot.reply;

	if (wire_collect(x->wire, &to->slot, error))
		return -1;
	if (reply_is_positive(r))
		return 1;
	if (!reply_is_transient(r) && !reply_is_permanent(r))
		return send_refuse(x, r, ERROR_RELAY, STAGE_RCPT, "RCPT", error);
	to->outcome = reply_is_transient(r) ? SMTP_DEFERRED : SMTP_FAILED;
	to->refused = true;
	return 0;
}

/* MAIL and every RCPT, and DATA behind them where they may share a group. */
static int send_issue_envelope(struct send *x, struct error *error)
{
	struct smtp_transaction *t = x->t;
	struct buf line;
	int failed;

	buf_init(&line, SMTP_PATH_LINE_MAX);
	failed = smtp_mail_line(x->smtp, t->reverse_path, &t->needs, &line, error) ||
		 wire_issue(x->wire, &x->mail, WIRE_MAIL, error, "%s", line.data);
	buf_clear(&line);
	if (!failed && !wire_pipelining(x->wire))
		failed = send_judge_mail(x, error);
	for (size_t i = 0; !failed && i < t->count; i++) {
		if (t->recipients[i].outcome != SMTP_UNTRIED)
			continue;
		t->recipients[i].slot.brief = true;
		failed = wire_issue(x->wire, &t->recipients[i].slot, WIRE_RCPT, error,
				    "RCPT TO:<%s>", t->recipients[i].path);
	}
	if (!failed && wire_pipelining(x->wire))
		failed = wire_issue(x->wire, &x->data, WIRE_DATA, error, "DATA");
	return failed;
}

/* Reads the replies to the envelope. Returns how many recipients were accepted, -1 with *error
 * when MAIL was refused or the session is over. */
static ssize_t send_judge_envelope(struct send *x, struct error *error)
{
	ssize_t accepted = 0;
	int failed = send_judge_mail(x, error);

	for (size_t i = 0; !failed && i < x->t->count; i++) {
		int answer = 0;

		if (x->t->recipients[i].outcome == SMTP_UNTRIED)
			answer = send_judge_recipient(x, &x->t->recipients[i], error);
		failed = answer < 0;
		accepted += answer > 0;
	}
	return failed ? -1 : accepted;
}

/*
 * DATA's answer: 354 to go on. With nobody left to send to, or MAIL refused, a relay that says
 * 354 all the same gets an empty message, which it cannot deliver to anyone (RFC 2920
 * section 3.1). Returns 1 to go on, 0 when all is said, -1.
 */
static int send_judge_data(struct send *x, bool wanted, struct error *error)
{
	struct error ignored;

	if (wire_collect(x->wire, &x->data, wanted ? error : &ignored))
		return wanted ? -1 : 0;
	if (x->data.reply.code != 354) {
		send_refuse(x, &x->data.reply, ERROR_MESSAGE, STAGE_DATA, "DATA",
			    wanted ? error : &ignored);
		return wanted ? -1 : 0;
	}
	/* Over LMTP nobody answers for nobody: such a message is only cut off. */
	if (wanted || smtp_is_lmtp(x->smtp))
		return wanted;
	if (wire_expect(x->wire, &x->verdict, WIRE_VERDICT, &ignored) == 0 &&
	    wire_queue(x->wire, ".\r\n", 3, &ignored) == 0)
		x->closed = wire_collect(x->wire, &x->verdict, &ignored) == 0;
	return 0;
}

/* Blocks of the message on their way out. */
struct send_block {
	char *data; /* SEND_BLOCK + SEND_SLACK bytes */
	size_t filled;
};

/* Puts one piece through the wire form. Only whole blocks leave, so that TLS records are full;
 * the slack lets the wire form stop a little early. */
static int send_piece(struct send *x, struct wireform *form, struct send_block *b,
		      struct span piece, struct error *error)
{
	while (piece.len > 0) {
		b->filled += wireform_feed(form, &piece, b->data + b->filled,
					   SEND_BLOCK + SEND_SLACK - b->filled);
		if (b->filled < SEND_BLOCK)
			continue;
		if (wire_data(x->wire, b->data, SEND_BLOCK, error))
			return -1;
		b->filled -= SEND_BLOCK;
		memmove(b->data, b->data + SEND_BLOCK, b->filled);
	}
	return 0;
}

/* The message; what is left of the last block is queued, so that the end of data and QUIT
 * travel with it. */
static int send_body(struct send *x, struct error *error)
{
	struct send_block b = {.data = malloc(SEND_BLOCK + SEND_SLACK)};
	struct wireform form;
	struct span piece = {0};
	int failed;
	int more = 0;

	if (!b.data)
		return error_set_memory(error);
	wireform_init(&form, true);
	failed = wire_data_begin(x->wire, x->t->needs.size, error);
	while (!failed && (more = x->t->source(x->t->source_context, &piece, error)) > 0)
		failed = send_piece(x, &form, &b, piece, error);
	if (!failed && more == 0) {
		b.filled += wireform_finish(&form, b.data + b.filled);
		failed = wire_queue(x->wire, b.data, b.filled, error);
	}
	free(b.data);
	return failed || more < 0 ? -1 : 0;
}

/* Makes ready for the answer to the end of data. Over LMTP there is one for each accepted
 * recipient, and it takes the place of his answer to RCPT (RFC 2033 section 4.2). */
static int send_expect_verdict(struct send *x, struct error *error)
{
	if (!smtp_is_lmtp(x->smtp))
		return wire_expect(x->wire, &x->verdict, WIRE_VERDICT, error);
	for (size_t i = 0; i < x->t->count; i++) {
		struct smtp_recipient *to = &x->t->recipients[i];

		to->slot.brief = false;
		if (to->outcome == SMTP_UNTRIED &&
		    wire_expect(x->wire, &to->slot, WIRE_VERDICT, error))
			return -1;
	}
	return 0;
}

static int send_collect_verdict(struct send *x, struct error *error)
{
	if (!smtp_is_lmtp(x->smtp))
		return wire_collect(x->wire, &x->verdict, error);
	for (size_t i = 0; i < x->t->count; i++)
		if (x->t->recipients[i].outcome == SMTP_UNTRIED &&
		    wire_collect(x->wire, &x->t->recipients[i].slot, error))
			return -1;
	return 0;
}

/*
 * The end of data, and its verdict. The relay must have said nothing since 354: else its next
 * reply would be taken for the verdict. With pipelining QUIT rides along.
 */
static int send_finish(struct send *x, struct error *error)
{
	bool rides = x->t->last && wire_pipelining(x->wire);

	if (wire_check_level(x->wire, WIRE_DATA, error) ||
	    wire_queue(x->wire, ".\r\n", 3, error) || send_expect_verdict(x, error))
		return -1;
	if (rides && wire_issue(x->wire, &x->quit, WIRE_QUIT, error, "QUIT"))
		return -1;
	if (send_collect_verdict(x, error))
		return -1;
	x->closed = true;
	return 0;
}

/* The code of the reply behind the verdict: QUIT's or, where QUIT goes out only now or not at
 * all, of one that nobody asked for and that lies there already. 0 for silence and loss. */
static int send_look_behind(struct send *x)
{
	struct error why = {0};

	if (wire_is_over(x->wire))
		return x->quit.reply.code;
	if (!x->t->last)
		return wire_check_level(x->wire, WIRE_RSET, &why) ? why.code : 0;
	if (!wire_pipelining(x->wire) && wire_issue(x->wire, &x->quit, WIRE_QUIT, &why, "QUIT"))
		return why.code;
	wire_collect_within(x->wire, &x->quit, SEND_QUIT_WAIT, &why);
	return x->quit.reply.code;
}

/* Whether QUIT's slot tells that replies and commands are level: a whole reply there that is
 * neither 221 nor 421 means that the verdict was the answer to something else. Silence and loss
 * mean nothing. Returns 0; -1 with *error ends the session. */
static int send_check_level(struct send *x, const struct reply *verdict, struct error *error)
{
	int code = send_look_behind(x);

	if (!code || code == 221 || code == 421)
		return 0;
	error_set(error, ERROR_TEMPORARY, STAGE_VERDICT,
		  "the relay's replies are out of step (%d to the end of data, %d behind it), "
		  "so the message may have been delivered",
		  verdict->code, code);
	wire_abandon(x->wire, error);
	return -1;
}

/* What one verdict comes to. One that is neither 250 nor a refusal ends the session. */
static int send_judge_reply(struct send *x, const struct reply *r, struct error *error)
{
	int failed = smtp_judge_verdict(r, error);

	if (failed && !reply_is_transient(r) && !reply_is_permanent(r))
		wire_abandon(x->wire, error);
	return failed;
}

/* What the verdict comes to: 1 when the relay took the message, -1 with *error. */
static int send_judge_verdict(struct send *x, struct error *error)
{
	const struct reply *r = &x->verdict.reply;

	if (send_check_level(x, r, error))
		return -1;
	if (send_judge_reply(x, r, error) == 0) {
		x->judged = true;
		return 1;
	}
	x->judged = reply_is_transient(r) || reply_is_permanent(r);
	return -1;
}

/* The same over LMTP, where each recipient's answer is his own result. Those that came before
 * the line was lost count, too; who has none has that trouble, which *error then holds. */
static int send_judge_each(struct send *x, bool lost, struct error *error)
{
	const struct reply *last = &x->data.reply;
	int result = lost ? -1 : 1;

	for (size_t i = 0; i < x->t->count; i++)
		if (x->t->recipients[i].slot.verb == WIRE_VERDICT)
			last = &x->t->recipients[i].slot.reply;
	if (!lost && send_check_level(x, last, error))
		return -1;
	for (size_t i = 0; i < x->t->count; i++) {
		struct smtp_recipient *to = &x->t->recipients[i];
		const struct reply *r = &to->slot.reply;
		struct error refusal;

		if (to->slot.verb != WIRE_VERDICT || r->code == 0)
			continue;
		if (send_judge_reply(x, r, &refusal) == 0) {
			to->outcome = SMTP_SENT;
			continue;
		}
		to->refused = reply_is_transient(r) || reply_is_permanent(r);
		if (to->refused)
			to->outcome = reply_is_transient(r) ? SMTP_DEFERRED : SMTP_FAILED;
		else if (result > 0) {
			*error = refusal;
			result = -1;
		}
	}
	return result;
}

/* From the envelope to the verdict. 1: the relay took the message; 0: every recipient has been
 * refused; -1 with *error. */
static int send_run(struct send *x, struct error *error)
{
	ssize_t accepted;
	int failed;
	int go;

	if (smtp_ready(x->smtp, error) || smtp_mail_check(x->smtp, &x->t->needs, error))
		return -1;
	if (send_issue_envelope(x, error)) {
		/* What was answered before the line was lost still counts. */
		if (wire_is_over(x->wire))
			send_judge_envelope(x, error);
		return -1;
	}
	accepted = send_judge_envelope(x, error);
	if (accepted > 0 && !wire_pipelining(x->wire) &&
	    wire_issue(x->wire, &x->data, WIRE_DATA, error, "DATA"))
		return -1;
	if (accepted <= 0 && !wire_pipelining(x->wire))
		return accepted < 0 ? -1 : 0;
	go = send_judge_data(x, accepted > 0, error);
	if (accepted <= 0 || go < 0)
		return accepted < 0 || go < 0 ? -1 : 0;
	if (send_body(x, error))
		return -1;
	failed = send_finish(x, error);
	if (smtp_is_lmtp(x->smtp))
		return send_judge_each(x, failed, error);
	return failed ? -1 : send_judge_verdict(x, error);
}

/* What is left of the session. It is over when QUIT was answered, and when a message was begun
 * that has no end; whatever else is open is taken back before the next transaction. */
static void send_leave_open(struct send *x)
{
	struct error over;

	error_set(&over, ERROR_LOCAL, STAGE_COMMAND,
		  "the session was ended with the last message");
	if (wire_is_over(x->wire))
		return;
	if (wire_owed(x->wire) > 0 || x->quit.reply.code ||
	    (x->data.reply.code == 354 && !x->closed))
		wire_abandon(x->wire, &over);
	else if (!x->t->last && !x->closed && reply_is_positive(&x->mail.reply) &&
		 smtp_reset(x->smtp, &over))
		wire_abandon(x->wire, &over);
}

void smtp_send(struct smtp *s, struct smtp_transaction *t)
{
	struct send x = {.smtp = s, .wire = smtp_wire(s), .t = t};
	struct error trouble = {0};
	int taken;

	wire_slot_init(&x.mail);
	wire_slot_init(&x.data);
	wire_slot_init(&x.verdict);
	wire_slot_init(&x.quit);
	taken = send_run(&x, &trouble);
	if (taken < 0)
		smtp_transaction_fail(t, &trouble);
	for (size_t i = 0; taken > 0 && i < t->count; i++)
		if (t->recipients[i].outcome == SMTP_UNTRIED)
			t->recipients[i].outcome = SMTP_SENT;
	send_leave_open(&x);
	if (x.judged) {
		reply_clear(&t->verdict);
		t->verdict = x.verdict.reply;
		wire_slot_init(&x.verdict);
	}
	wire_slot_clear(&x.mail);
	wire_slot_clear(&x.data);
	wire_slot_clear(&x.verdict);
	wire_slot_clear(&x.quit);
}
