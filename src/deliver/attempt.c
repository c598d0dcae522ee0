/* One attempt: see attempt.h. */
#include "deliver/attempt.h"

#include <sysexits.h>

#include "base/log.h"
#include "base/text.h"

static int attempt_next_piece(void *context, struct span *piece, struct error *error)
{
	return message_reader_next(context, piece, error);
}

static void attempt_count(struct attempt *a)
{
	for (size_t i = 0; i < a->transaction.count; i++) {
		switch (a->transaction.recipients[i].outcome) {
		case SMTP_SENT: a->sent++; break;
		case SMTP_DEFERRED: a->deferred++; break;
		case SMTP_FAILED:
		case SMTP_UNTRIED: a->failed++; break;
		}
	}
}

void attempt_show(const struct attempt *a, size_t i, struct buf *out)
{
	static const char *const words[] = {
		[SMTP_UNTRIED] = "not tried",
		[SMTP_SENT] = "sent",
		[SMTP_DEFERRED] = "deferred",
		[SMTP_FAILED] = "failed",
	};
	const struct smtp_recipient *to = &a->transaction.recipients[i];
	bool himself = to->outcome == SMTP_FAILED && (to->refused || to->why);

	buf_add_string(out, himself ? "refused" : words[to->outcome]);
	if (to->outcome == SMTP_SENT)
		return;
	buf_add_string(out, ": ");
	if (to->why)
		buf_add_string(out, to->why);
	else if (to->refused)
		reply_show(&to->slot.reply, out);
	else
		buf_add_string(out, a->transaction.trouble.text);
}

static void attempt_log(const struct attempt *a, const struct submission *s, const char *relay)
{
	const struct header_field *id =
		header_find(message_header(s->message), HEADER_MESSAGE_ID);
	const struct smtp_transaction *t = &a->transaction;
	struct buf shown, verdict;

	if (!log_is_open())
		return;
	buf_init(&shown, REPLY_SHOWN_MAX * 4);
	buf_init(&verdict, REPLY_SHOWN_MAX * 4);
	reply_show(&t->verdict, &verdict);
	for (size_t i = 0; i < t->count; i++) {
		const struct smtp_recipient *to = &t->recipients[i];
		bool sent = to->outcome == SMTP_SENT;

		buf_reset(&shown);
		attempt_show(a, i, &shown);
		if (sent)
			buf_add_string(&shown, ": ");
		if (sent && t->verdict.code)
			buf_add_span(&shown, buf_span(&verdict));
		else if (sent) /* LMTP: his own */
			reply_show(&to->slot.reply, &shown);
		log_line(sent ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
			 "from=<%s> to=<%s> relay=%s account=%s size=%llu message-id=%s "
			 "status=%s",
			 t->reverse_path, to->path, relay, s->account->name,
			 (unsigned long long)t->needs.size,
			 id ? TEXT_SHOW(span_trim(id->body)) : "-", shown.data);
	}
	buf_clear(&shown);
	buf_clear(&verdict);
}

/* Leaves out whom the relay cannot write to, so that the others get the message: without
 * SMTPUTF8 (RFC 6531 section 3.2) an address beyond ASCII. A sender beyond ASCII is everybody's
 * trouble. Returns how many are left. */
static size_t attempt_leave_out(struct smtp_transaction *t, const struct smtp *session)
{
	size_t left = t->count;

	if (!t->needs.utf8 || smtp_extension(session, "SMTPUTF8", NULL) ||
	    text_is_8bit(span_of(t->reverse_path)))
		return left;
	t->needs.utf8 = false;
	for (size_t i = 0; i < t->count; i++)
		if (text_is_8bit(span_of(t->recipients[i].path))) {
			t->recipients[i].outcome = SMTP_FAILED;
			t->recipients[i].why = "this address holds characters beyond ASCII and "
					       "the relay does not offer SMTPUTF8";
			left--;
		}
	return left;
}

/* The conversation, with everything that can go wrong on the way to it. Trouble names the
 * relay. */
static void attempt_run(struct attempt *a, const struct submission *s,
			const struct relay_options *relay)
{
	struct smtp_transaction *t = &a->transaction;
	struct message_reader reader;
	struct error trouble;
	struct smtp *session;
	char name[300];

	if (message_reader_init(&reader, s->message, &trouble)) {
		smtp_transaction_fail(t, &trouble);
		return;
	}
	t->source = attempt_next_piece;
	t->source_context = &reader;
	session = relay_open(relay, &trouble);
	if (session) {
		if (attempt_leave_out(t, session) > 0)
			smtp_send(session, t);
		smtp_leave(session);
	} else {
		smtp_transaction_fail(t, &trouble);
	}
	if (t->trouble.class != ERROR_NONE)
		error_prefix(&t->trouble, "%s", relay_show(s->account, name, sizeof(name)));
	smtp_free(session);
	message_reader_clear(&reader);
}

int attempt_make(struct attempt *a, const struct submission *s,
		 const struct relay_options *relay, struct error *error)
{
	const struct address_list *to = &s->envelope.recipients;
	char name[300];

	*a = (struct attempt){0};
	if (smtp_transaction_init(&a->transaction, s->envelope.sender.text, to->count))
		return error_set_memory(error);
	for (size_t i = 0; i < to->count; i++)
		a->transaction.recipients[i].path = to->items[i].text;
	submission_needs(s, &a->transaction.needs);
	a->transaction.last = true;
	attempt_run(a, s, relay);
	attempt_count(a);
	attempt_log(a, s, relay_show(s->account, name, sizeof(name)));
	return 0;
}

void attempt_clear(struct attempt *a)
{
	smtp_transaction_clear(&a->transaction);
}

int attempt_exit_code(const struct attempt *a)
{
	const struct error *trouble = &a->transaction.trouble;

	if (a->deferred > 0)
		return EX_TEMPFAIL;
	if (a->failed == 0)
		return EX_OK;
	return trouble->class != ERROR_NONE ? error_exit_code(trouble) : EX_NOUSER;
}
