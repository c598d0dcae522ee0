/* What a client hands over: see accept.h. */
#include "cmd/accept.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/submit.h"
#include "deliver/attempt.h"
#include "mail/date.h"

enum { ACCEPT_REST = 10000 /* milliseconds after which a runner may look at the queue */ };

/* The message as it is read: our Received field, then what comes. */
struct accept_pieces {
	struct buf trace; /* "": none, or said already */
	bool said;
	server_next *next;
	void *source;
};

static void accept_tell(void *context, const char *line)
{
	struct accept *k = context;

	if (k->told.len + strlen(line) + 1 < k->told.max)
		buf_printf(&k->told, "%s%s", k->told.len > 0 ? "\n" : "", line);
}

void accept_init(struct accept *k, struct context *x, const char *name, const char *peer)
{
	struct error ignored;

	*k = (struct accept){.x = x, .name = name, .peer = peer};
	STAILQ_INIT(&k->channels);
	buf_init(&k->told, ANSWER_TEXT_MAX);
	dispatch_init(&k->dispatch, x, accept_tell, k);
	k->dispatch.one_answer = true;
	k->rested = clock_now();
	k->logged = context_account(x, &ignored);
	if (k->logged)
		context_open_log(x, k->logged);
}

/* Leaves what is queued to a runner, and what is open of the relay. */
static void accept_rest(struct accept *k)
{
	channels_clear(&k->channels);
	STAILQ_INIT(&k->channels);
	dispatch_finish(&k->dispatch);
	dispatch_init(&k->dispatch, k->x, accept_tell, k);
	k->dispatch.one_answer = true;
	k->rested = clock_now();
	while (waitpid(-1, NULL, WNOHANG) > 0)
		; /* runners that are done */
}

void accept_clear(struct accept *k)
{
	channels_clear(&k->channels);
	dispatch_finish(&k->dispatch);
	buf_clear(&k->told);
}

void accept_idle(void *context)
{
	accept_rest(context);
}

static int accept_next(void *context, struct span *piece, struct error *error)
{
	struct accept_pieces *p = context;

	if (p->said || p->trace.len == 0)
		return p->next(p->source, piece, error);
	p->said = true;
	*piece = buf_span(&p->trace);
	return 1;
}

/* RFC 5321 section 4.4: by which a loop through us comes to an end. */
static void accept_trace(const struct accept *k, struct buf *out)
{
	if (!k->peer)
		return;
	buf_printf(out, "Received: from %s by %s with ESMTP;\r\n\t", k->peer, k->name);
	date_rfc5322(out, time(NULL));
	buf_add_string(out, "\r\n");
}

static struct submission_request accept_request(const struct accept *k,
						const struct server_envelope *e)
{
	struct submission_request r = submit_request(k->x);

	r.recipients = &e->recipients;
	r.read_recipients = false;
	r.sender = e->sender.text;
	r.sender_from_header = false;
	if (e->wishes.notify)
		r.wishes.notify = e->wishes.notify;
	if (e->wishes.ret)
		r.wishes.ret = e->wishes.ret;
	if (e->wishes.envelope_id)
		r.wishes.envelope_id = e->wishes.envelope_id;
	return r;
}

/* The words of a reply, without the enhanced codes that its lines begin with. */
static void accept_show_words(const struct reply *r, struct answer *a)
{
	char code[40];
	struct span rest = buf_span(&r->text);
	struct buf text;

	snprintf(code, sizeof(code), "%d.%d.%d ", r->enhanced[0], r->enhanced[1],
		 r->enhanced[2]);
	buf_init(&text, ANSWER_TEXT_MAX);
	while (rest.len > 0) {
		const char *lf = memchr(rest.data, '\n', rest.len);
		struct span line = {rest.data, lf ? (size_t)(lf - rest.data) : rest.len};

		rest.data += line.len + (lf != NULL);
		rest.len -= line.len + (lf != NULL);
		if (span_starts_nocase(line, code))
			line = (struct span){line.data + strlen(code), line.len - strlen(code)};
		if (text.len > 0)
			buf_add_char(&text, '\n');
		buf_add_span(&text, line);
	}
	snprintf(a->text, sizeof(a->text), "%s", text.data);
	buf_clear(&text);
}

/* What a recipient was told by the relay, or all of them; NULL: nothing. */
static const struct reply *accept_reply(const struct attempt *a, size_t i)
{
	const struct smtp_transaction *t = &a->transaction;

	if (t->recipients[i].refused)
		return &t->recipients[i].slot.reply;
	return t->recipients[i].why || !reply_is_refusal(&t->verdict) ? NULL : &t->verdict;
}

/* Whether it may be sent again to him, by the client. */
static bool accept_may_try(const struct attempt *a, size_t i)
{
	enum attempt_fate fate = attempt_fate(a, i);

	return fate != ATTEMPT_FAILED &&
	       (fate != ATTEMPT_DOUBTED || a->submission->account->duplicates != SETTING_OFF);
}

/* The codes for one who will not get it, or has to wait with nobody to see to it. */
static void accept_codes(const struct attempt *a, size_t i, struct answer *answer)
{
	const struct error *trouble = &a->transaction.trouble;
	const struct reply *reply = accept_reply(a, i);
	bool may = accept_may_try(a, i);
	int code = reply ? reply->code : trouble->code;

	if (attempt_fate(a, i) == ATTEMPT_BLOCKED || code / 100 != (may ? 4 : 5))
		answer_set_codes(answer, may ? 451 : 554, (int[3]){0});
	else
		answer_set_codes(answer, code, reply ? reply->enhanced : trouble->enhanced);
}

/* Nobody has it, or not all of them and the queue cannot take the rest. When any of them may
 * yet get it, the answer is that of the first of these; else, of the first. */
static void accept_refuse(const struct accept *k, const struct attempt *a,
			  struct answer *answer)
{
	const struct reply *reply = NULL;
	bool may = false;

	answer_set_codes(answer, 451, (int[3]){0}); /* it was to be queued, and not tried */
	for (size_t i = a->transaction.count; i-- > 0;) {
		enum attempt_fate fate = attempt_fate(a, i);

		if (a->transaction.recipients[i].outcome == SMTP_UNTRIED ||
		    fate == ATTEMPT_SENT || (k->dispatch.kept.fates >> fate) & 1 ||
		    (may && !accept_may_try(a, i)))
			continue;
		may = accept_may_try(a, i);
		accept_codes(a, i, answer);
		reply = accept_reply(a, i);
	}
	if (a->transaction.count == 1 && reply)
		accept_show_words(reply, answer);
	else
		snprintf(answer->text, sizeof(answer->text), "%s", k->told.data);
}

static void accept_answer(const struct accept *k, const struct attempt *a, int status,
			  struct answer *answer)
{
	const struct reply *verdict = &a->transaction.verdict;

	if (status != EX_OK) {
		accept_refuse(k, a, answer);
		return;
	}
	answer_set(answer, 250, "2.0.0", "%s", k->told.len > 0 ? k->told.data : "sent");
	if (k->told.len == 0 && verdict->text.len > 0)
		accept_show_words(verdict, answer);
}

static void accept_send(struct accept *k, const struct submission *s, struct answer *answer)
{
	const struct relay_options relay = context_relay(k->x, s->account);
	struct channel *channel = channels_get(&k->channels, &relay);
	struct attempt attempt;
	struct error error;
	bool broken;

	if (!channel) {
		answer_set(answer, 451, "4.3.0", "not enough memory");
		return;
	}
	if (attempt_init(&attempt, s, &error)) {
		answer_from_error(answer, &error);
		return;
	}
	accept_answer(k, &attempt,
		      dispatch_message(&k->dispatch, &attempt, channel, NULL, false), answer);
	attempt_clear(&attempt);
	broken = channel->broken.class != ERROR_NONE;
	if (broken || clock_now() - k->rested > ACCEPT_REST)
		accept_rest(k);
}

/* The log of the account that the message chose; before, and where it comes to no choice, it is
 * that of the likely one. */
static void accept_open_log(struct accept *k, const struct submission *s)
{
	if (s->account && s->account != k->logged)
		context_open_log(k->x, s->account);
	if (s->account)
		k->logged = s->account;
}

static void accept_fail(const struct error *error, struct answer *answer)
{
	log_line(LOG_LEVEL_ERROR, "%s", error->text);
	answer_from_error(answer, error);
	if (error->class == ERROR_LOCAL && error->stage == STAGE_USAGE)
		answer_set(answer, 553, "5.1.3", "%s", error->text);
}

static void accept_refuse_loop(struct answer *answer)
{
	answer_set(answer, 554, "5.4.6", "too many hops: is our relay ourselves?");
	log_line(LOG_LEVEL_ERROR, "a message with more than %d Received fields is refused",
		 SUBMISSION_HOPS_MAX);
}

static void accept_read(struct accept *k, struct message *m, const struct server_envelope *e,
			struct answer *answer)
{
	const struct submission_request request = accept_request(k, e);
	struct submission s;
	struct error error;
	int failed = submission_prepare(&s, m, &k->x->config, &request, &error);

	accept_open_log(k, &s);
	for (size_t i = 0; i < s.notes.count; i++)
		if (context_is_new(k->x, s.notes.items[i]))
			log_line(LOG_LEVEL_NOTICE, "%s", s.notes.items[i]);
	for (size_t i = 0; i < s.warnings.count; i++)
		log_line(LOG_LEVEL_NOTICE, "%s", s.warnings.items[i]);
	if (failed)
		accept_fail(&error, answer);
	else if (submission_hops(m) > SUBMISSION_HOPS_MAX)
		accept_refuse_loop(answer);
	else
		accept_send(k, &s, answer);
	submission_clear(&s);
}

void accept_message(void *context, const struct server_envelope *e, server_next *next,
		    void *source, struct answer *answer)
{
	struct accept *k = context;
	struct accept_pieces pieces = {.next = next, .source = source};
	const struct message_options options = submit_options();
	struct message *m;
	struct error error = {0};

	buf_reset(&k->told);
	buf_init(&pieces.trace, 1024);
	accept_trace(k, &pieces.trace);
	m = message_read_pieces(accept_next, &pieces, &options, &error);
	buf_clear(&pieces.trace);
	if (m)
		accept_read(k, m, e, answer);
	else
		accept_fail(&error, answer);
	message_free(m);
}
