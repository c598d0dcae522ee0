/* What replies come to: see judge.h. */
#include "smtp/judge.h"

#include <errno.h>

#include "base/clock.h"
#include "smtp/auth.h"

enum {
	JUDGE_MARK_WAIT = 1000 /* milliseconds: what comes later does not come at once */
};

int judge_refuse(struct flight *f, const struct reply *r, enum error_class permanent,
		 enum error_stage stage, const char *what, struct error *error)
{
	reply_refuse(r, permanent, stage, what, error);
	if (error->stage == STAGE_PROTOCOL) {
		f->senseless = true;
		wire_abandon(f->wire, error);
	}
	return -1;
}

int judge_auth(struct flight *f, struct error *error)
{
	const struct reply *r = &f->auth.reply;
	struct error ignored;

	if (!f->shares_auth)
		return 0;
	if (wire_collect(f->wire, &f->auth, error))
		return -1;
	f->auth_refused = r->code != 235;
	if (r->code != 334)
		return smtp_auth_judge(r, f->t->login->mechanism, error);
	wire_collect_within(f->wire, &f->mail, JUDGE_MARK_WAIT, &ignored);
	error_set(error, ERROR_RELAY, STAGE_PROTOCOL,
		  "the relay asked on after %s, which had said all it has to say",
		  f->t->login->mechanism->name);
	wire_abandon(f->wire, error);
	return -1;
}

/* Whether r is an answer that MAIL or RCPT may get when it is accepted. */
static bool judge_is_accepted(const struct reply *r)
{
	return r->code >= 250 && r->code <= 252;
}

/* Whether r is one that MAIL or RCPT may get at all. */
static bool judge_is_answer(const struct reply *r)
{
	return judge_is_accepted(r) || reply_is_refusal(r);
}

/* MAIL's answer: 250, or the transaction is refused. 530 is not the sender's fault. */
int judge_mail(struct flight *f, struct error *error)
{
	const struct reply *r = &f->mail.reply;

	if (wire_collect(f->wire, &f->mail, error))
		return -1;
	if (judge_is_accepted(r))
		return 0;
	if (r->code == 530)
		return judge_refuse(f, r, ERROR_RELAY, STAGE_AUTH,
				    "MAIL for want of authentication or TLS", error);
	return judge_refuse(f, r, ERROR_MESSAGE, STAGE_MAIL, "the sender", error);
}

/* Whether a refusal means that the transaction has recipients enough (RFC 5321 section
 * 4.5.3.1.10). */
static bool judge_is_full(const struct reply *r)
{
	if (r->code != 452 && r->code != 552)
		return false;
	return r->enhanced[0] == 0 || (r->enhanced[1] == 5 && r->enhanced[2] == 3);
}

ssize_t judge_envelope(struct flight *f, struct error *error)
{
	ssize_t accepted = 0;

	if (judge_mail(f, error))
		return -1;
	for (size_t i = 0; i < f->t->count; i++) {
		struct smtp_recipient *to = &f->t->recipients[i];

		if (!to->chosen)
			continue;
		if (wire_collect(f->wire, &to->slot, error))
			return -1;
		if (judge_is_accepted(&to->slot.reply))
			accepted++;
		else if (!judge_is_answer(&to->slot.reply))
			return judge_refuse(f, &to->slot.reply, ERROR_RELAY, STAGE_RCPT, "RCPT",
					    error);
	}
	f->mixed = f->way != FLIGHT_DATA && accepted > 0 && (size_t)accepted < f->chosen;
	return accepted;
}

/* What is refused in answer to RCPT becomes the recipient's outcome, once replies and commands
 * are known to be level and we have not been refused ourselves, which is often why. But for
 * want of room, while others are accepted, he is left for another transaction. */
void judge_settle(struct flight *f)
{
	struct smtp_transaction *t = f->t;
	size_t accepted = 0;

	if (f->auth_refused || f->senseless || !judge_is_accepted(&f->mail.reply))
		return;
	for (size_t i = 0; i < t->count; i++)
		accepted += t->recipients[i].chosen &&
			    judge_is_accepted(&t->recipients[i].slot.reply);
	for (size_t i = 0; i < t->count; i++) {
		struct smtp_recipient *to = &t->recipients[i];
		const struct reply *r = &to->slot.reply;

		if (!to->chosen || to->slot.owed || r->code == 421 || !reply_is_refusal(r))
			continue;
		to->chosen = false;
		if (accepted > 0 && judge_is_full(r)) {
			t->room = accepted;
			continue;
		}
		to->outcome = reply_is_transient(r) ? SMTP_DEFERRED : SMTP_FAILED;
		to->refused = true;
	}
}

/* Whether anybody would be told that the message is sent, if all is what it seems. */
static bool judge_seems_taken(const struct flight *f)
{
	bool taken = f->verdict.reply.code == 250;

	if (smtp_is_lmtp(f->smtp))
		for (size_t i = 0; i < f->t->count; i++)
			taken |= f->t->recipients[i].slot.verb == WIRE_VERDICT &&
				 f->t->recipients[i].slot.reply.code == 250;
	return taken;
}

/*
 * Whether r, in the slot of a mark that should have been answered otherwise, is the mark's own
 * answer all the same, from a relay that does not know the command: else every message would be
 * doubted there, and sent again.
 *
 * Only without pipelining can it be told, because there the mark leaves behind the verdict:
 * nothing that is missing can bring its answer forward. With a reply too many it is the true
 * verdict, which takes nothing back when both are a yes, and behind which the mark's own answer
 * follows or the relay leaves.
 */
static bool judge_is_own(struct flight *f, const struct reply *r)
{
	struct wire_slot behind;
	struct error why = {0};

	if (wire_pipelining(f->wire) || (!reply_is_positive(r) && !reply_is_refusal(r)))
		return false;
	if (r->code == 250 && judge_seems_taken(f) && !smtp_is_lmtp(f->smtp))
		return true;
	wire_slot_init(&behind);
	if (wire_expect(f->wire, &behind, WIRE_QUIT, &why) == 0)
		wire_collect_within(f->wire, &behind, JUDGE_MARK_WAIT, &why);
	wire_slot_clear(&behind);
	return why.number == ETIMEDOUT;
}

/* QUIT's slot: 0 for what says nothing against the verdict (221, 421, silence, loss), else the
 * code of the reply that does. Without pipelining QUIT leaves only now, and its reply is worth
 * the wait: what stands for the verdict may have been said in the midst of the message. */
static int judge_quit(struct flight *f)
{
	struct error why = {0};
	int code;

	if (!wire_is_over(f->wire) && f->quit.verb != WIRE_QUIT &&
	    wire_issue(f->wire, &f->quit, WIRE_QUIT, &why, "QUIT")) {
		code = why.code;
	} else {
		wire_collect_within(f->wire, &f->quit, JUDGE_MARK_WAIT, &why);
		code = f->quit.reply.code;
	}
	return code == 221 || code == 421 || judge_is_own(f, &f->quit.reply) ? 0 : code;
}

/*
 * RSET's slot, where the session goes on: 0, or the code of the reply that speaks against the
 * verdict, -1 for none.
 *
 * With a reply too many the verdict lands here; with one missing nothing does, and RSET's own
 * 250 stands for the verdict: so it is awaited as long as any. What is lost at once says
 * nothing; what is lost later was the relay's patience with a command that it had answered. A
 * 250 too many where all is 250 does not show, and need not: each answer was a yes, whosever.
 * But where recipients differ one would be told another's, so there QUIT tells, and the session
 * is over.
 */
static int judge_reset(struct flight *f)
{
	const struct reply *r = &f->reset.reply;
	bool taken = judge_seems_taken(f);
	int64_t soon = clock_in(JUDGE_MARK_WAIT);
	struct error why = {0};
	bool failed = (f->reset.verb != WIRE_RSET &&
		       wire_issue(f->wire, &f->reset, WIRE_RSET, &why, "RSET")) ||
		      wire_collect(f->wire, &f->reset, &why);
	bool level = !failed && r->code == 250;
	int code = r->code;

	if (level && wire_check_level(f->wire, WIRE_RSET, &why) == 0)
		return taken && f->mixed ? judge_quit(f) : 0;
	if (failed || level)
		code = why.code;
	if (!code || code == 421)
		return level || !taken || clock_now() <= soon ? 0 : -1;
	return (!taken && reply_is_refusal(r)) || (!level && judge_is_own(f, r)) ? 0 : code;
}

/* Whether the end of data got an answer that is none, so that there is nothing to look behind
 * for. */
static bool judge_is_doubted(const struct flight *f)
{
	const struct reply *r = &f->verdict.reply;

	return r->code && r->code != 250 && !reply_is_refusal(r);
}

/*
 * The answers to the envelope that left behind the mark, as far as they speak for the message
 * before it: 0, or as judge_reset(). 354 can only be DATA's own, so where it is in DATA's slot
 * all before it are whose they seem. Any reply too many has shown already, or shows there; with
 * one missing 354 comes too early, or, where DATA is refused, nothing is left for its slot: so
 * that is awaited as RSET's is. A relay that leaves before that has left out more than one.
 */
static int judge_ahead(struct flight *f)
{
	const struct smtp_transaction *t = f->ahead->t;
	const struct reply *data = &f->ahead->data.reply;
	struct error why = {0};
	int64_t soon;

	if (wire_collect(f->wire, &f->ahead->mail, &why))
		return 0;
	if (!judge_is_answer(&f->ahead->mail.reply))
		return f->ahead->mail.reply.code;
	for (size_t i = 0; i < t->count; i++) {
		struct wire_slot *slot = &t->recipients[i].slot;

		if (wire_collect(f->wire, slot, &why))
			return 0;
		if (!judge_is_answer(&slot->reply))
			return slot->reply.code;
	}
	soon = clock_in(JUDGE_MARK_WAIT);
	if (wire_collect(f->wire, &f->ahead->data, &why))
		return clock_now() <= soon ? 0 : -1;
	return data->code == 354 || reply_is_refusal(data) ? 0 : data->code;
}

/* The mark where the session goes on: RSET, and what has left behind it. A refusal needs no
 * more than itself, and what is amiss behind it the next transaction finds. */
static int judge_going_on(struct flight *f)
{
	int code = judge_reset(f);

	if (code || !f->ahead || f->reset.reply.code != 250)
		return code;
	code = judge_ahead(f);
	return judge_seems_taken(f) ? code : 0;
}

int judge_level(struct flight *f, struct error *error)
{
	int code = f->last ? judge_quit(f) : judge_is_doubted(f) ? 0 : judge_going_on(f);

	if (!code)
		return 0;
	if (code < 0)
		error_set(error, ERROR_TEMPORARY, STAGE_VERDICT,
			  "the relay owes a reply, so its replies may be out of step and the "
			  "message may have been delivered");
	else
		error_set(error, ERROR_TEMPORARY, STAGE_VERDICT,
			  "the relay's replies are out of step (%d to the end of data, %d "
			  "behind it), so the message may have been delivered",
			  f->verdict.reply.code, code);
	wire_abandon(f->wire, error);
	return -1;
}

int judge_verdict(struct flight *f, struct error *error)
{
	const struct reply *r = &f->verdict.reply;
	int failed = smtp_judge_verdict(r, error);

	f->judged = r->code == 250 || reply_is_refusal(r);
	if (!f->judged)
		wire_abandon(f->wire, error);
	return failed;
}

/* LMTP: what one recipient's verdict comes to. */
static void judge_one(struct smtp_recipient *to)
{
	struct error why;

	to->refused = smtp_judge_verdict(&to->slot.reply, &why) != 0;
	if (!to->refused)
		to->outcome = SMTP_SENT;
	else
		to->outcome = why.class == ERROR_TEMPORARY ? SMTP_DEFERRED : SMTP_FAILED;
}

/* LMTP: whether some verdicts are 250, and some are not. */
static bool judge_differ(const struct flight *f)
{
	size_t chosen = 0;
	size_t taken = 0;

	for (size_t i = 0; i < f->t->count; i++) {
		chosen += f->t->recipients[i].chosen;
		taken += f->t->recipients[i].chosen &&
			 f->t->recipients[i].slot.reply.code == 250;
	}
	return taken > 0 && taken < chosen;
}

/* LMTP: reads the verdicts. -1 with *error for one that is lost, and *doubted when those before
 * it may have been the others': without a mark behind them a missing one shows only by the end
 * of a wait. */
static int judge_collect_each(struct flight *f, bool *doubted, struct error *error)
{
	int64_t soon = CLOCK_NEVER;

	for (size_t i = 0; i < f->t->count; i++) {
		struct smtp_recipient *to = &f->t->recipients[i];

		if (!to->chosen)
			continue;
		if (wire_collect(f->wire, &to->slot, error)) {
			*doubted = !wire_pipelining(f->wire) && clock_now() > soon;
			return -1;
		}
		soon = clock_in(JUDGE_MARK_WAIT);
		if (to->slot.reply.code != 250 && !reply_is_refusal(&to->slot.reply)) {
			*doubted = true;
			smtp_judge_verdict(&to->slot.reply, error);
			wire_abandon(f->wire, error);
			return -1;
		}
	}
	return 0;
}

int judge_each(struct flight *f, struct error *error)
{
	bool doubted = false;
	int failed = judge_collect_each(f, &doubted, error);

	f->closed = !failed;
	f->mixed = judge_differ(f);
	if (doubted || (!failed && judge_level(f, error)))
		return -1;
	for (size_t i = 0; i < f->t->count; i++)
		if (f->t->recipients[i].chosen && f->t->recipients[i].slot.reply.code &&
		    !f->t->recipients[i].slot.owed)
			judge_one(&f->t->recipients[i]);
	return failed;
}

/* A chunk that was refused when the last one had left already: its answer is the one to the
 * message. A relay that took the rest has taken something else. */
int judge_chunks(struct flight *f, struct error *error)
{
	const struct reply *refusal = body_chunk_refusal(&f->chunks);

	if (!refusal)
		return 0;
	if (f->verdict.reply.code != 250)
		return judge_refuse(f, refusal, ERROR_MESSAGE, STAGE_DATA, "the message",
				    error);
	return error_set(error, ERROR_TEMPORARY, STAGE_VERDICT,
			 "the relay refused a part of the message (%d) and accepted the rest",
			 refusal->code);
}

bool judge_has_accepted(const struct flight *f)
{
	for (size_t i = 0; i < f->t->count; i++)
		if (f->t->recipients[i].chosen &&
		    reply_is_positive(&f->t->recipients[i].slot.reply))
			return true;
	return false;
}

/* Whether the relay may have taken the message, for all that is known. One that refuses us, or
 * closes the service, and hangs up has not; but where AUTH's reply makes no sense none is known
 * to be what it seems. */
bool judge_may_be_taken(const struct flight *f)
{
	int auth = f->auth.reply.code;
	bool anyone = false;

	if (auth && auth != 235 && auth != 334 && !reply_is_refusal(&f->auth.reply))
		return f->end_left;
	if (!f->end_left || reply_is_refusal(&f->verdict.reply) ||
	    reply_is_refusal(&f->mail.reply) ||
	    (reply_is_refusal(&f->auth.reply) && f->mail.reply.code == 0))
		return false;
	for (size_t i = 0; i < f->t->count; i++) {
		const struct smtp_recipient *to = &f->t->recipients[i];
		bool is_answer = to->slot.verb == WIRE_RCPT && !to->slot.owed;

		if (to->chosen && is_answer && to->slot.reply.code == 421)
			return false;
		anyone |= to->chosen && !(is_answer && reply_is_refusal(&to->slot.reply));
	}
	return anyone;
}
