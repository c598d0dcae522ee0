/* One mail transaction: see send.h. */
#include "smtp/send.h"

#include <stdlib.h>
#include <sys/types.h>

#include "smtp/flight.h"
#include "smtp/judge.h"

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

/* Tells the caller that the message is about to end, and lets him stop it. */
static int send_before_end(const struct flight *f, struct error *error)
{
	const struct smtp_transaction *t = f->t;

	return t->before_end ? t->before_end(t->before_end_context, error) : 0;
}

/* From the end of data to what it comes to. Where the line is lost before the follower's
 * envelope is whole, the answers may be there all the same. */
static int send_finish(struct flight *f, struct error *error)
{
	if (flight_issue_mark(f, error))
		return -1;
	if (f->ahead &&
	    (flight_issue_mail(f->ahead, error) || flight_issue_rest(f->ahead, error)) &&
	    !wire_is_over(f->wire))
		return -1;
	if (smtp_is_lmtp(f->smtp))
		return judge_each(f, error);
	if (wire_collect(f->wire, &f->verdict, error))
		return -1;
	f->closed = true;
	return judge_level(f, error) || (f->way == FLIGHT_CHUNKS && judge_chunks(f, error)) ||
			       judge_verdict(f, error)
		       ? -1
		       : 0;
}

/* 354 though nobody is left to send to: an empty message, which cannot be delivered to anyone
 * (RFC 2920 section 3.1); but never when a recipient was accepted. */
static void send_end_empty(struct flight *f)
{
	struct error ignored;

	if (f->data.reply.code != 354 || judge_has_accepted(f))
		return;
	if (wire_expect(f->wire, &f->verdict, WIRE_VERDICT, &ignored) == 0 &&
	    wire_queue(f->wire, ".\r\n", 3, &ignored) == 0 &&
	    wire_collect(f->wire, &f->verdict, &ignored) == 0)
		f->closed = true;
}

/* Whether recipients are left for another transaction. */
static bool send_leaves_some(const struct flight *f)
{
	for (size_t i = 0; i < f->t->count; i++)
		if (f->t->recipients[i].outcome == SMTP_UNTRIED && !f->t->recipients[i].chosen)
			return true;
	return false;
}

/* The message as DATA takes it. The relay must have said nothing since 354: else its next reply
 * would be taken for the verdict. */
static int send_data(struct flight *f, struct error *error)
{
	struct body_source source = flight_source(f);

	if (!send_leaves_some(f))
		f->ahead = flight_prepare_ahead(f);
	if (body_send_data(f->wire, &source, f->t->needs.size, error) ||
	    send_before_end(f, error) || wire_check_level(f->wire, WIRE_DATA, error) ||
	    wire_queue(f->wire, ".\r\n", 3, error) || flight_expect_verdict(f, error))
		return -1;
	return send_finish(f, error);
}

/* The message in chunks. A refused chunk ends it: the relay drops what it has (RFC 3030 section
 * 2), and the refusal is the verdict. */
static int send_chunks(struct flight *f, struct error *error)
{
	struct body_source source = flight_source(f);
	int result;

	f->chunks.before_last = f->t->before_end;
	f->chunks.before_last_context = f->t->before_end_context;
	result = body_send_chunks(f->wire, &source, &f->chunks, &f->verdict, error);
	f->end_left = f->verdict.verb == WIRE_BDAT_LAST;
	if (result < 0)
		return -1;
	if (result > 0)
		return judge_refuse(f, body_chunk_refusal(&f->chunks), ERROR_MESSAGE,
				    STAGE_DATA, "the message", error);
	return send_finish(f, error);
}

/* The answers to the envelope are in, and the message goes in chunks: level is what nothing
 * lies behind. Returns as send_run(). */
static int send_go_on_chunks(struct flight *f, ssize_t accepted, struct error *error)
{
	if (accepted < 0)
		return -1;
	if (wire_check_level(f->wire, WIRE_BDAT, error))
		return -1;
	judge_settle(f);
	return accepted == 0 ? 0 : send_chunks(f, error) ? -1 : 1;
}

/* The same with DATA, whose answer shows that the others are level: 354, or a refusal. Where
 * nobody is left to send to, what it is does not matter. */
static int send_go_on_data(struct flight *f, ssize_t accepted, struct error *error)
{
	const struct reply *r = &f->data.reply;
	struct error why;
	int lost = 0;

	if (accepted > 0 && !wire_pipelining(f->wire))
		lost = wire_issue(f->wire, &f->data, WIRE_DATA, error, "DATA");
	if (!lost && f->data.verb == WIRE_DATA)
		lost = wire_collect(f->wire, &f->data, accepted > 0 ? error : &why);
	if (!lost && r->code && r->code != 354 && !reply_is_refusal(r))
		lost = judge_refuse(f, r, ERROR_MESSAGE, STAGE_DATA, "DATA",
				    accepted >= 0 ? error : &why);
	else
		judge_settle(f);
	if (accepted == 0 && f->senseless)
		return -1;
	if (accepted <= 0) {
		send_end_empty(f);
		return accepted < 0 ? -1 : 0;
	}
	if (lost)
		return -1;
	if (r->code != 354)
		return judge_refuse(f, r, ERROR_MESSAGE, STAGE_DATA, "DATA", error);
	return send_data(f, error) ? -1 : 1;
}

/*
 * The message rode with its envelope. Whatever was refused, the verdict is read, and the mark
 * behind it tells whether it is one: a relay may take a message from a client that failed to
 * log in, and then the message has been sent. refused: *error says why. Returns as send_run().
 */
static int send_go_on_ride(struct flight *f, bool refused, ssize_t accepted,
			   struct error *error)
{
	struct error why;

	if (wire_collect(f->wire, &f->verdict, refused || accepted == 0 ? &why : error)) {
		judge_settle(f);
		return !refused && accepted == 0 ? 0 : -1;
	}
	f->closed = true;
	if (judge_level(f, error))
		return -1;
	/* With a reply missing QUIT's lands here, and each one before it was another's. */
	if (f->verdict.reply.code != 250 && !reply_is_refusal(&f->verdict.reply))
		return judge_verdict(f, error);
	if (f->auth_refused && accepted > 0 && f->verdict.reply.code == 250) {
		wire_note(f->wire, "the relay refused us and took the message all the same");
		f->auth_refused = refused = false;
	}
	judge_settle(f);
	if (refused || accepted == 0)
		return refused ? -1 : 0;
	return judge_verdict(f, error) == 0 ? 1 : -1;
}

/* After the flight: its answers, and the message where it has not gone along. 1: the relay took
 * the message; 0: every recipient has been refused; -1 with *error. */
static int send_go_on(struct flight *f, struct error *error)
{
	struct error why;
	bool refused = judge_auth(f, error) != 0;
	ssize_t accepted = judge_envelope(f, refused ? &why : error);

	if (f->way == FLIGHT_RIDE)
		return send_go_on_ride(f, refused || accepted < 0, accepted, error);
	if (refused)
		accepted = -1;
	return f->way == FLIGHT_DATA ? send_go_on_data(f, accepted, error)
				     : send_go_on_chunks(f, accepted, error);
}

/* The flight leaves; without pipelining MAIL is answered before anybody is named. */
static int send_issue(struct flight *f, struct error *error)
{
	if (flight_issue_mail(f, error) || (!wire_pipelining(f->wire) && judge_mail(f, error)))
		return -1;
	return flight_issue_rest(f, error);
}

static int send_run(struct flight *f, struct error *error)
{
	if (f->t->begun)
		return send_go_on(f, error);
	if (flight_prepare(f, error))
		return -1;
	if (f->chosen == 0)
		return 0;
	if (f->way == FLIGHT_RIDE && send_before_end(f, error))
		return -1;
	/* What was answered before the line was lost still counts. */
	if (send_issue(f, error) == 0 || wire_is_over(f->wire))
		return send_go_on(f, error);
	return -1;
}

/* Whether the relay refused the mechanism and not us (RFC 4954 section 6). */
static bool send_wants_other_mechanism(const struct flight *f, const struct error *trouble)
{
	return f->t->login && trouble->stage == STAGE_AUTH &&
	       (trouble->code == 504 || trouble->code == 534);
}

/* Whether trouble behind the end of data leaves it open what the relay did: no answer to the
 * message, or one that is none. */
static bool send_is_doubted(const struct flight *f, const struct error *trouble)
{
	return trouble->stage == STAGE_VERDICT && trouble->class == ERROR_TEMPORARY &&
	       !f->judged && f->verdict.reply.code != 421;
}

/* Trouble of the transaction. A line lost after the end of data has left is a doubt, wherever
 * in the flight the answers stopped; a relay that did not understand a flight, and has nothing
 * of it, may be tried again with care. */
static void send_fail(struct flight *f, struct error *trouble)
{
	bool nonsense = trouble->stage == STAGE_PROTOCOL;

	if (wire_is_over(f->wire) && judge_may_be_taken(f) && trouble->stage != STAGE_VERDICT) {
		trouble->class = ERROR_TEMPORARY;
		trouble->stage = STAGE_VERDICT;
		error_prefix(trouble,
			     "no clear answer to the end of data, so the message may have "
			     "been delivered");
	}
	f->t->trouble = *trouble;
	f->t->doubted = send_is_doubted(f, trouble);
	f->t->again = (nonsense || send_wants_other_mechanism(f, trouble)) && !f->t->careful &&
		      !judge_may_be_taken(f);
	f->t->lost = f->t->reused && wire_is_over(f->wire) && !f->closed &&
		     !judge_may_be_taken(f) && trouble->class == ERROR_TEMPORARY;
	if (f->t->again || f->t->lost)
		return;
	for (size_t i = 0; i < f->t->count; i++) {
		struct smtp_recipient *to = &f->t->recipients[i];

		if (to->outcome == SMTP_UNTRIED && (to->chosen || f->chosen == 0))
			to->outcome =
				trouble->class == ERROR_TEMPORARY ? SMTP_DEFERRED : SMTP_FAILED;
	}
}

/* What is left of the session. It is over when QUIT has been said, when RSET was not followed,
 * and when a message was begun that has no end; whatever else is open is taken back before the
 * next transaction. */
static void send_leave_open(struct flight *f)
{
	bool begun = f->data.reply.code == 354 ||
		     (f->way == FLIGHT_CHUNKS && f->chunks.slots[0].verb == WIRE_BDAT);
	struct error over;

	error_set(&over, ERROR_LOCAL, STAGE_COMMAND,
		  "the session was ended with the last message");
	if (wire_is_over(f->wire))
		return;
	if (wire_owed(f->wire) > 0 || f->quit.reply.code ||
	    (f->reset.verb == WIRE_RSET && f->reset.reply.code != 250) || (begun && !f->closed))
		wire_abandon(f->wire, &over);
	else if (!f->last && !f->closed && reply_is_positive(&f->mail.reply) &&
		 smtp_reset(f->smtp, &over))
		wire_abandon(f->wire, &over);
}

/* The flight of t: the one that was begun, or a new one. Where another transaction was begun,
 * the relay waits for its message. NULL without memory. */
static struct flight *send_take_flight(struct smtp *s, struct smtp_transaction *t)
{
	struct flight *f = smtp_begun(s);
	struct error over;

	smtp_set_begun(s, NULL);
	if (f && f->t == t && t->begun) {
		f->last = t->last;
		return f;
	}
	t->begun = false;
	if (f) {
		error_set(&over, ERROR_TEMPORARY, STAGE_COMMAND,
			  "another message was begun in this session");
		wire_abandon(smtp_wire(s), &over);
		flight_free(f);
	}
	return flight_new(s, t);
}

/* The follower's flight belongs to the session, where that goes on. */
static void send_hand_over(struct flight *f)
{
	bool begun = f->ahead && !wire_is_over(f->wire);

	if (f->ahead)
		f->ahead->t->begun = begun;
	if (begun)
		smtp_set_begun(f->smtp, f->ahead);
	else
		flight_free(f->ahead);
}

void smtp_send(struct smtp *s, struct smtp_transaction *t)
{
	struct error trouble = {0};
	struct flight *f = send_take_flight(s, t);
	int taken;

	t->trouble = trouble;
	t->again = t->lost = t->login_said = t->doubted = false;
	if (!f) {
		error_set_memory(&trouble);
		smtp_transaction_fail(t, &trouble);
		return;
	}
	taken = send_run(f, &trouble);
	t->begun = false;
	if (taken < 0)
		send_fail(f, &trouble);
	for (size_t i = 0; taken > 0 && i < t->count; i++)
		if (t->recipients[i].chosen && t->recipients[i].outcome == SMTP_UNTRIED)
			t->recipients[i].outcome = SMTP_SENT;
	send_leave_open(f);
	send_hand_over(f);
	wire_hide(f->wire, (struct span){0});
	if (f->judged) {
		reply_clear(&t->verdict);
		t->verdict = f->verdict.reply;
		wire_slot_init(&f->verdict);
	}
	flight_free(f);
}
