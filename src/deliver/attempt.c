/* One attempt: see attempt.h. */
#include "deliver/attempt.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/text.h"

enum {
	ATTEMPT_RIDE_MAX = 13 * 1024 /* with its envelope, what TCP sends before it must wait */
};

enum attempt_fate attempt_fate(const struct attempt *a, size_t i)
{
	const struct smtp_transaction *t = &a->transaction;
	const struct smtp_recipient *to = &t->recipients[i];
	bool himself = to->refused || to->why;

	switch (to->outcome) {
	case SMTP_SENT: return ATTEMPT_SENT;
	case SMTP_DEFERRED:
		if (to->refused) /* LMTP: an answer may be none */
			return reply_is_refusal(&to->slot.reply) ? ATTEMPT_WAITS
								 : ATTEMPT_DOUBTED;
		return !himself && to->chosen && t->doubted ? ATTEMPT_DOUBTED : ATTEMPT_WAITS;
	case SMTP_FAILED:
	case SMTP_UNTRIED: break;
	}
	if (himself)
		return ATTEMPT_FAILED;
	if (t->dropped & PARAMETERS_LACKS_HOLD)
		return ATTEMPT_WAITS;
	if (t->trouble.class == ERROR_RELAY ||
	    (t->trouble.class == ERROR_LOCAL && t->trouble.stage != STAGE_INPUT))
		return ATTEMPT_BLOCKED;
	return ATTEMPT_FAILED;
}

size_t attempt_count(const struct attempt *a, unsigned fates)
{
	size_t count = 0;

	for (size_t i = 0; i < a->transaction.count; i++)
		count += (fates >> attempt_fate(a, i)) & 1;
	return count;
}

void attempt_show_reason(const struct attempt *a, size_t i, struct buf *out)
{
	const struct smtp_recipient *to = &a->transaction.recipients[i];

	if (to->why)
		buf_add_string(out, to->why);
	else if (to->refused)
		reply_show(&to->slot.reply, out);
	else
		buf_add_string(out, a->transaction.trouble.text);
}

/* What became of him, in a word. */
static const char *attempt_word(const struct attempt *a, size_t i)
{
	static const char *const words[] = {
		[SMTP_UNTRIED] = "not tried",
		[SMTP_SENT] = "sent",
		[SMTP_DEFERRED] = "deferred",
		[SMTP_FAILED] = "failed",
	};
	const struct smtp_recipient *to = &a->transaction.recipients[i];
	bool himself = to->outcome == SMTP_FAILED && (to->refused || to->why);

	return himself ? "refused" : words[to->outcome];
}

void attempt_show(const struct attempt *a, size_t i, struct buf *out)
{
	buf_add_string(out, attempt_word(a, i));
	if (a->transaction.recipients[i].outcome == SMTP_SENT)
		return;
	buf_add_string(out, ": ");
	attempt_show_reason(a, i, out);
}

/* The reply that settled him: his own, that to the message, or none. */
static const struct reply *attempt_reply(const struct attempt *a, size_t i)
{
	const struct smtp_transaction *t = &a->transaction;
	const struct smtp_recipient *to = &t->recipients[i];

	if (to->outcome == SMTP_SENT && t->verdict.code)
		return &t->verdict;
	/* LMTP: his own, also when it is sent */
	return to->outcome == SMTP_SENT || (to->refused && !to->why) ? &to->slot.reply : NULL;
}

/* What all lines of an attempt have in common. */
struct attempt_line {
	const char *relay;
	char id[256];
	uint64_t size;
};

static void attempt_log_one(const struct attempt *a, const struct attempt_line *l, size_t i)
{
	const struct submission *s = a->submission;
	const struct smtp_transaction *t = &a->transaction;
	const struct reply *reply = attempt_reply(a, i);
	bool sent = t->recipients[i].outcome == SMTP_SENT;
	const int *enhanced = reply ? reply->enhanced : t->trouble.enhanced;
	char digits[40] = "";
	struct buf why;

	buf_init(&why, REPLY_SHOWN_MAX * 4);
	if (sent)
		reply_show(reply, &why);
	else
		attempt_show_reason(a, i, &why);
	if (enhanced[0])
		snprintf(digits, sizeof(digits), "%d.%d.%d", enhanced[0], enhanced[1],
			 enhanced[2]);
	const struct log_field fields[] = {
		{"queue_id", s->queue_id, 0},
		{"message_id", l->id[0] ? l->id : NULL, 0},
		{"sender", t->reverse_path, 0},
		{"to", t->recipients[i].path, 0},
		{"account", s->account->name, 0},
		{"relay", l->relay ? l->relay : "-", 0},
		{"size", NULL, (int64_t)l->size},
		{"status", attempt_word(a, i), 0},
		{"code", NULL, reply ? reply->code : t->trouble.code},
		{"enhanced", digits[0] ? digits : NULL, 0},
		{"reply", why.len > 0 ? why.data : NULL, 0},
	};
	log_record(sent ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, fields,
		   sizeof(fields) / sizeof(fields[0]),
		   "%s%s%sfrom=<%s> to=<%s> relay=%s account=%s size=%llu message-id=%s "
		   "status=%s: %s",
		   s->queue_id ? "queue-id=" : "", s->queue_id ? s->queue_id : "",
		   s->queue_id ? " " : "", t->reverse_path, t->recipients[i].path,
		   l->relay ? l->relay : "-", s->account->name, (unsigned long long)l->size,
		   l->id[0] ? l->id : "-", attempt_word(a, i), why.len > 0 ? why.data : "");
	buf_clear(&why);
}

/* relay: which one it was; NULL: no attempt was made, and those who failed are news alone. */
static void attempt_log(const struct attempt *a, const struct submission *s, const char *relay)
{
	struct span id = header_body(message_header(s->message), HEADER_MESSAGE_ID);
	struct attempt_line line = {.relay = relay, .size = a->transaction.needs.size};

	if (!log_is_open())
		return;
	if (line.size == 0)
		line.size = message_size(s->message);
	if (id.len > 0)
		text_show(line.id, sizeof(line.id), id);
	for (size_t i = 0; i < a->transaction.count; i++)
		if (relay || a->transaction.recipients[i].outcome == SMTP_FAILED)
			attempt_log_one(a, &line, i);
}

/* The message, from its start, in a form that the relay takes, or a mailbox where none is. */
static int attempt_open_message(void *context, const struct capabilities *offered, bool chunks,
				struct smtp_mail_options *needs, struct error *error)
{
	struct attempt *a = context;
	unsigned takes = OUTGOING_KEPT;
	int failed;

	if (offered)
		takes = capabilities_have(offered, "8BITMIME", NULL) ? OUTGOING_8BIT : 0;
	if (chunks && capabilities_have(offered, "BINARYMIME", NULL))
		takes |= OUTGOING_BINARY;
	submission_needs(a->submission, needs);
	message_watch(a->submission->message, a->course);
	course_enter(a->course, COURSE_WEIGH);
	failed = outgoing_open(&a->outgoing, takes, error);
	course_rest(a->course);
	message_watch(a->submission->message, NULL);
	if (failed)
		return -1;
	needs->size = a->outgoing.size;
	needs->body_binary = a->outgoing.is_binary;
	needs->encoded = a->outgoing.recoded != NULL;
	course_open(a->course,
		    needs->size ? needs->size : message_size(a->submission->message));
	snprintf(a->warning, ATTEMPT_WARNING_MAX, "%s", a->outgoing.warning);
	return 0;
}

static int attempt_next_piece(void *context, struct span *piece, struct error *error)
{
	struct attempt *a = context;
	int more = outgoing_next(&a->outgoing, piece, error);

	if (more > 0)
		course_move(a->course, piece->len);
	return more;
}

/* From here on the relay may have the message. */
static int attempt_before_end(void *context, struct error *error)
{
	struct attempt *a = context;
	const struct submission *s = a->submission;

	if (s->before_end && s->before_end(s->before_end_context, error))
		return -1;
	if (a->course)
		a->course->exposed = 1;
	return 0;
}

static void attempt_note_taken(const struct attempt *a)
{
	if (!a->course)
		return;
	a->course->taken = (sig_atomic_t)attempt_count(a, 1u << ATTEMPT_SENT);
	if (attempt_count(a, 1u << ATTEMPT_DOUBTED) == 0)
		a->course->exposed = 0;
}

/* One transaction after the other on a session, until nobody is left or something is wrong. */
static void attempt_transact(struct attempt *a, struct channel *c)
{
	struct smtp_transaction *t = &a->transaction;
	size_t before = smtp_transaction_untried(t);
	struct error stuck;

	channel_send(c, t);
	attempt_note_taken(a);
	if (t->again || t->lost || t->trouble.class != ERROR_NONE)
		return;
	if (before > 0 && smtp_transaction_untried(t) == before) {
		error_set(&stuck, ERROR_TEMPORARY, STAGE_RCPT,
			  "the relay sends recipients back without taking any");
		smtp_transaction_fail(t, &stuck);
	}
}

/* Transactions, until nobody is left or something is wrong. A flight that the relay did not
 * understand is followed by one careful session, a session that had ended under us by a new
 * one; where none can be had, the first trouble is told, unless it was the login and fails for
 * a better reason now. */
static void attempt_run(struct attempt *a, struct channel *c)
{
	struct smtp_transaction *t = &a->transaction;
	struct error trouble;

	do {
		if (channel_open(c, &trouble) == 0) {
			attempt_transact(a, c);
		} else {
			if (!t->again || trouble.stage == STAGE_AUTH)
				smtp_transaction_fail(t, &trouble);
			break;
		}
	} while (t->again || t->lost ||
		 (t->trouble.class == ERROR_NONE && smtp_transaction_untried(t) > 0));
	if (t->trouble.class != ERROR_NONE)
		smtp_transaction_fail(t, &t->trouble);
}

/* What waits in the queue does not fail for what is wrong with the relay or with us. */
static void attempt_spare(struct smtp_transaction *t)
{
	bool ours = t->trouble.class == ERROR_RELAY || t->trouble.class == ERROR_LOCAL;

	for (size_t i = 0; ours && i < t->count; i++)
		if (t->recipients[i].outcome == SMTP_FAILED && !t->recipients[i].refused &&
		    !t->recipients[i].why)
			t->recipients[i].outcome = SMTP_DEFERRED;
}

/* Who is refused by the aliases, behind those who are tried. */
static void attempt_add_refused(struct smtp_recipient *to, const struct aliases_failed *refused)
{
	for (size_t i = 0; i < refused->names.count; i++) {
		to[i].path = refused->names.items[i].text;
		to[i].outcome = SMTP_FAILED;
		to[i].why = refused->reasons.items[i];
	}
}

int attempt_init(struct attempt *a, const struct submission *s, struct error *error)
{
	const struct address_list *to = &s->envelope.recipients;
	struct smtp_transaction *t = &a->transaction;

	*a = (struct attempt){.submission = s, .outgoing.message = s->message};
	if (smtp_transaction_init(t, s->envelope.sender.text,
				  to->count + s->refused.names.count))
		return error_set_memory(error);
	for (size_t i = 0; i < to->count; i++)
		t->recipients[i].path = to->items[i].text;
	attempt_add_refused(t->recipients + to->count, &s->refused);
	t->source = (struct smtp_source){attempt_open_message, attempt_next_piece, a};
	t->wishes = &s->wishes;
	t->before_end = attempt_before_end;
	t->before_end_context = a;
	t->ride_max = s->account->flight_size > 0 ? (size_t)s->account->flight_size
						  : ATTEMPT_RIDE_MAX;
	t->careful = s->careful || s->account->flight == ACCOUNT_FLIGHT_CAREFUL;
	return 0;
}

void attempt_make(struct attempt *a, struct channel *c, struct attempt *follower, bool last)
{
	const struct submission *s = a->submission;
	char name[RELAY_NAME_MAX];

	a->course = c->relay.course;
	course_begin(a->course);
	a->transaction.last = last;
	a->transaction.follower = follower ? &follower->transaction : NULL;
	attempt_run(a, c);
	course_rest(a->course);
	if (s->queue_id)
		attempt_spare(&a->transaction);
	outgoing_clear(&a->outgoing);
	if (a->warning[0])
		log_line(LOG_LEVEL_NOTICE, "%s", a->warning);
	if (a->transaction.trouble.class != ERROR_NONE && c->where[0])
		error_prefix(&a->transaction.trouble, "%s", c->where);
	else if (a->transaction.trouble.class != ERROR_NONE)
		relay_blame(s->account, &a->transaction.trouble);
	attempt_log(a, s, c->where[0] ? c->where : relay_show(s->account, name, sizeof(name)));
}

void attempt_wait(struct attempt *a)
{
	struct smtp_transaction *t = &a->transaction;

	for (size_t i = 0; i < t->count; i++)
		if (t->recipients[i].outcome == SMTP_UNTRIED)
			t->recipients[i].outcome = SMTP_DEFERRED;
	attempt_log(a, a->submission, NULL);
}

bool attempt_is_uniform(const struct attempt *a)
{
	const struct smtp_transaction *t = &a->transaction;
	bool uniform = t->trouble.class != ERROR_NONE;

	for (size_t i = 0; uniform && i < t->count; i++)
		uniform = !t->recipients[i].refused && !t->recipients[i].why &&
			  t->recipients[i].outcome != SMTP_SENT;
	return uniform;
}

void attempt_clear(struct attempt *a)
{
	smtp_transaction_clear(&a->transaction);
	outgoing_clear(&a->outgoing);
}

/* The exit status of one recipient's fate. */
static int attempt_exit_code_of(const struct attempt *a, size_t i)
{
	const struct smtp_transaction *t = &a->transaction;
	bool himself = t->recipients[i].refused || t->recipients[i].why;

	switch (attempt_fate(a, i)) {
	case ATTEMPT_SENT: return EX_OK;
	case ATTEMPT_DOUBTED: return EX_TEMPFAIL;
	case ATTEMPT_WAITS:
		return himself || t->trouble.class == ERROR_NONE ? EX_TEMPFAIL
								 : error_exit_code(&t->trouble);
	default: break;
	}
	return himself || t->trouble.class == ERROR_NONE ? EX_NOUSER
							 : error_exit_code(&t->trouble);
}

/* 75 beats all, because a caller who is told anything else does not come again; a trouble of
 * the message beats that of a recipient. */
int attempt_exit_code(const struct attempt *a, unsigned kept)
{
	int code = EX_OK;

	for (size_t i = 0; i < a->transaction.count; i++) {
		int one = (kept >> attempt_fate(a, i)) & 1 ? EX_OK : attempt_exit_code_of(a, i);

		if (one == EX_TEMPFAIL)
			return one;
		if (one != EX_OK && (code == EX_OK || code == EX_NOUSER))
			code = one;
	}
	return code;
}
