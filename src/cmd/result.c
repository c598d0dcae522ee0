/* A submission's result: see result.h. */
#include "cmd/result.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "deliver/relay.h"

enum { RESULT_MAX = 256 * 1024 * 1024, RESULT_TEXT_MAX = 16 * 1024 };

/* What became of one recipient, and of all. */
enum result_status {
	RESULT_SENT,
	RESULT_QUEUED,
	RESULT_DEFERRED,
	RESULT_REFUSED,
	RESULT_FAILED,
	RESULT_STATUSES
};

static const char *const result_words[] = {
	[RESULT_SENT] = "sent",         [RESULT_QUEUED] = "queued",
	[RESULT_DEFERRED] = "deferred", [RESULT_REFUSED] = "refused",
	[RESULT_FAILED] = "failed",
};

static const char *const result_steps[] = {
	[STAGE_USAGE] = "usage",
	[STAGE_CONFIG] = "config",
	[STAGE_INPUT] = "input",
	[STAGE_SYNTAX] = "syntax",
	[STAGE_RESOLVE] = "resolve",
	[STAGE_CONNECT] = "connect",
	[STAGE_TLS] = "tls",
	[STAGE_TRUST] = "trust",
	[STAGE_GREETING] = "greeting",
	[STAGE_EHLO] = "ehlo",
	[STAGE_STARTTLS] = "starttls",
	[STAGE_AUTH] = "auth",
	[STAGE_MAIL] = "mail",
	[STAGE_RCPT] = "rcpt",
	[STAGE_DATA] = "data",
	[STAGE_VERDICT] = "verdict",
	[STAGE_COMMAND] = "command",
	[STAGE_PROTOCOL] = "protocol",
	[STAGE_UNAVAILABLE] = "unavailable",
};

static void result_text(struct json *j, const char *name, const char *value)
{
	json_name(j, name);
	if (value)
		json_string(j, span_of(value));
	else
		json_null(j);
}

static void result_number(struct json *j, const char *name, int64_t number)
{
	json_name(j, name);
	json_number(j, number);
}

/* A number that is null where there is none. */
static void result_code(struct json *j, int code)
{
	json_name(j, "code");
	if (code)
		json_number(j, code);
	else
		json_null(j);
}

static void result_enhanced(struct json *j, const int enhanced[3])
{
	char text[40];

	snprintf(text, sizeof(text), "%d.%d.%d", enhanced[0], enhanced[1], enhanced[2]);
	result_text(j, "enhanced", enhanced[0] ? text : NULL);
}

/* The trouble of all of it, or NULL. */
static const struct error *result_trouble(const struct result *r)
{
	const struct error *e = r->attempt ? &r->attempt->transaction.trouble : r->trouble;

	return e && e->class != ERROR_NONE ? e : NULL;
}

/* Whether the relay has refused sender or message for good. */
static bool result_is_refusal(const struct error *e)
{
	return e && e->class == ERROR_MESSAGE && e->code >= 500;
}

static bool result_is_kept(const struct result *r, enum attempt_fate fate)
{
	return r->kept && (r->kept->fates >> fate) & 1;
}

static enum result_status result_status(const struct result *r, size_t i)
{
	enum attempt_fate fate = r->attempt ? attempt_fate(r->attempt, i) : ATTEMPT_WAITS;
	const struct smtp_recipient *to =
		r->attempt ? &r->attempt->transaction.recipients[i] : NULL;

	if (fate != ATTEMPT_FAILED && result_is_kept(r, fate))
		return RESULT_QUEUED;
	if (!r->attempt)
		return RESULT_FAILED;
	switch (fate) {
	case ATTEMPT_SENT: return RESULT_SENT;
	case ATTEMPT_WAITS:
	case ATTEMPT_DOUBTED: return RESULT_DEFERRED;
	case ATTEMPT_FAILED:
		if (to->refused || to->why || result_is_refusal(result_trouble(r)))
			return RESULT_REFUSED;
		break;
	default: break;
	}
	return RESULT_FAILED;
}

static size_t result_count(const struct result *r)
{
	if (r->attempt)
		return r->attempt->transaction.count;
	return r->submission ? r->submission->envelope.recipients.count : 0;
}

/* "partly": the message is on its way to some, and not in one way or not to all. */
static const char *result_outcome(const struct result *r)
{
	size_t counts[RESULT_STATUSES] = {0};
	size_t all = result_count(r);

	for (size_t i = 0; i < all; i++)
		counts[result_status(r, i)]++;
	if (all == 0)
		return r->code ? result_words[RESULT_FAILED] : "skipped";
	for (size_t s = 0; s < RESULT_STATUSES; s++)
		if (counts[s] == all && s != RESULT_DEFERRED)
			return result_words[s];
	return counts[RESULT_SENT] + counts[RESULT_QUEUED] > 0 ? "partly" : "failed";
}

/* The reply that settled a recipient, or NULL: then it is the trouble of all. */
static const struct reply *result_reply(const struct attempt *a, size_t i)
{
	const struct smtp_recipient *to = &a->transaction.recipients[i];

	if (to->outcome == SMTP_SENT && a->transaction.verdict.code)
		return &a->transaction.verdict;
	return (to->outcome == SMTP_SENT || to->refused) && !to->why ? &to->slot.reply : NULL;
}

/* Code, enhanced code and the words, which are those of the lines on standard error. */
static void result_answer(struct json *j, const struct result *r, size_t i)
{
	static const int none[3];
	const struct error *trouble = result_trouble(r);
	const struct reply *reply = r->attempt ? result_reply(r->attempt, i) : NULL;
	bool himself = r->attempt && r->attempt->transaction.recipients[i].why;
	struct buf text;

	if (himself)
		trouble = NULL;
	result_code(j, reply ? reply->code : trouble ? trouble->code : 0);
	result_enhanced(j, reply ? reply->enhanced : trouble ? trouble->enhanced : none);
	buf_init(&text, RESULT_TEXT_MAX);
	if (reply && reply->code)
		reply_show(reply, &text);
	else if (r->attempt)
		attempt_show_reason(r->attempt, i, &text);
	else if (trouble)
		buf_add_string(&text, trouble->text);
	result_text(j, "reply", text.len > 0 ? text.data : NULL);
	buf_clear(&text);
}

static void result_recipient(struct json *j, const struct result *r, size_t i)
{
	enum attempt_fate fate = r->attempt ? attempt_fate(r->attempt, i) : ATTEMPT_WAITS;
	enum result_status status = result_status(r, i);

	json_open_object(j);
	result_text(j, "address",
		    r->attempt ? r->attempt->transaction.recipients[i].path
			       : r->submission->envelope.recipients.items[i].text);
	result_text(j, "status", result_words[status]);
	result_answer(j, r, i);
	result_text(j, "queue_id", status == RESULT_QUEUED ? r->kept->ids[fate] : NULL);
	json_name(j, "doubted");
	json_bool(j, r->attempt && fate == ATTEMPT_DOUBTED);
	json_close_object(j);
}

/* Of the first recipient who is in the queue. */
static const char *result_queue_id(const struct result *r)
{
	for (int fate = 0; fate < ATTEMPT_FAILED; fate++)
		if (result_is_kept(r, (enum attempt_fate)fate))
			return r->kept->ids[fate];
	return NULL;
}

static void result_relay(struct json *j, const struct course *c)
{
	json_name(j, "relay");
	if (!c || !c->host[0]) {
		json_null(j);
		return;
	}
	json_open_object(j);
	result_text(j, "name", c->host);
	result_text(j, "address", c->address[0] ? c->address : NULL);
	json_name(j, "port");
	if (c->port)
		json_number(j, c->port);
	else
		json_null(j);
	json_close_object(j);
}

static void result_tls(struct json *j, const struct course *c)
{
	json_name(j, "tls");
	if (!c || !c->has_tls) {
		json_null(j);
		return;
	}
	json_open_object(j);
	result_text(j, "version", c->tls.version);
	result_text(j, "cipher", c->tls.cipher);
	json_name(j, "verified");
	json_bool(j, c->tls.verified);
	result_text(j, "trust", c->tls.trust);
	json_name(j, "resumed");
	json_bool(j, c->tls.resumed);
	json_close_object(j);
}

/* Milliseconds. */
static void result_time(struct json *j, const char *name, int64_t microseconds)
{
	result_number(j, name, (microseconds + 500) / 1000);
}

static void result_timings(struct json *j, const struct result *r)
{
	static const int64_t none[COURSE_STEPS];
	const int64_t *spent = r->course ? r->course->spent : none;

	json_name(j, "timings");
	json_open_object(j);
	result_time(j, "prepare", r->prepared + spent[COURSE_WEIGH]);
	result_time(j, "resolve", spent[COURSE_RESOLVE]);
	result_time(j, "connect", spent[COURSE_CONNECT] + spent[COURSE_PROXY]);
	result_time(j, "tls", spent[COURSE_TLS]);
	result_time(j, "hello", spent[COURSE_HELLO]);
	result_time(j, "auth", spent[COURSE_SECRET] + spent[COURSE_AUTH]);
	result_time(j, "envelope", spent[COURSE_ENVELOPE]);
	result_time(j, "data", spent[COURSE_DATA]);
	result_time(j, "verdict", spent[COURSE_VERDICT]);
	result_time(j, "queue", spent[COURSE_QUEUE]);
	result_time(j, "total", r->total);
	json_close_object(j);
}

static void result_message(struct json *j, const struct result *r)
{
	const struct submission *s = r->submission;
	const struct message *m = s ? s->message : NULL;
	struct span id = {0};

	if (m)
		id = header_body(message_header_view(m), HEADER_MESSAGE_ID);
	json_name(j, "message_id");
	if (id.len > 0)
		json_string(j, id);
	else
		json_null(j);
	result_text(j, "queue_id", result_queue_id(r));
	result_text(j, "account", s && s->account ? s->account->name : NULL);
	result_text(j, "sender", s ? s->envelope.sender.text : NULL);
	result_number(j, "size", m ? (int64_t)message_size(m) : 0);
}

static void result_end(struct json *j, const struct result *r)
{
	const struct error *trouble = result_trouble(r);

	result_text(j, "outcome", result_outcome(r));
	result_number(j, "exit_code", r->code);
	result_text(j, "trouble", trouble ? trouble->text : NULL);
	result_text(j, "step", trouble ? result_steps[trouble->stage] : NULL);
	result_number(j, "attempt", r->attempt && !r->untried ? 1 : 0);
}

void result_format(struct buf *out, const struct result *r)
{
	struct json j;

	json_init(&j, out);
	json_open_object(&j);
	if (r->file) {
		result_text(&j, "file", r->file);
		result_number(&j, "number", (int64_t)r->number);
	}
	result_message(&j, r);
	result_end(&j, r);
	json_name(&j, "recipients");
	json_open_array(&j);
	for (size_t i = 0; i < result_count(r); i++)
		result_recipient(&j, r, i);
	json_close_array(&j);
	result_relay(&j, r->course);
	result_tls(&j, r->course);
	result_timings(&j, r);
	result_number(&j, "bytes_sent", r->course ? (int64_t)r->course->sent : 0);
	result_number(&j, "bytes_received", r->course ? (int64_t)r->course->received : 0);
	result_number(&j, "round_trips", r->course ? r->course->round_trips : 0);
	json_close_object(&j);
	buf_add_char(out, '\n');
}

int result_print(const struct result *r, struct error *error)
{
	struct buf out;
	int failed = 0;

	buf_init(&out, RESULT_MAX);
	result_format(&out, r);
	errno = ENOMEM;
	if (buf_failed(&out) || fwrite(out.data, 1, out.len, stdout) != out.len ||
	    fflush(stdout))
		failed = error_set_errno(error, ERROR_LOCAL, STAGE_INPUT, errno,
					 "cannot write the result as JSON");
	buf_clear(&out);
	return failed;
}
