/* Entries of the queue, shown: see queue_format.h. */
#include "cmd/queue_format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "mail/date.h"
#include "queue/schedule.h"

enum {
	QUEUE_WIDTH = 78,     /* columns up to which a reason is moved to the right */
	QUEUE_SIZE_END = 19,  /* columns up to the end of the size */
	QUEUE_RECIPIENT = 41, /* columns left of a recipient */
	QUEUE_TEXT_MAX = 16 * 1024
};

enum queue_kind {
	QUEUE_WAITING,
	QUEUE_DEFERRED,
	QUEUE_ACTIVE,
	QUEUE_HELD,
	QUEUE_SCHEDULED,
	QUEUE_DOUBT,
	QUEUE_DEAD,
	QUEUE_DAMAGED
};

static const struct {
	const char *word;
	char mark;
	const char *meaning;
} queue_kinds[] = {
	[QUEUE_WAITING] = {"waiting", ' ', "waits for its first attempt"},
	[QUEUE_DEFERRED] = {"deferred", ' ', "waits for another attempt"},
	[QUEUE_ACTIVE] = {"active", '*', "is being sent"},
	[QUEUE_HELD] = {"held", '!', "stays until it is released"},
	[QUEUE_SCHEDULED] = {"scheduled", '!', "stays until the time asked for"},
	[QUEUE_DOUBT] = {"doubt", '?', "may have been delivered: the verdict is lost"},
	[QUEUE_DEAD] = {"dead", '#', "cannot be delivered; kept to be looked at"},
	[QUEUE_DAMAGED] = {"damaged", '#', "kept to be looked at"},
};

static enum queue_kind queue_kind(const struct queue_view *v)
{
	const struct entry *e = v->entry;

	if (v->damage || e->state == ENTRY_BAD)
		return QUEUE_DAMAGED;
	if (e->state == ENTRY_DEAD)
		return QUEUE_DEAD;
	if (v->active)
		return QUEUE_ACTIVE;
	if (e->held)
		return QUEUE_HELD;
	if (e->state == ENTRY_MARKED)
		return QUEUE_DOUBT;
	if (e->release > v->now)
		return QUEUE_SCHEDULED;
	return e->attempts > 0 ? QUEUE_DEFERRED : QUEUE_WAITING;
}

const char *queue_state(const struct queue_view *v)
{
	return queue_kinds[queue_kind(v)].word;
}

char queue_mark(const struct queue_view *v)
{
	return queue_kinds[queue_kind(v)].mark;
}

/* The time of the next attempt; 0: with the next run of the queue, -1: never by itself. */
static int64_t queue_next(const struct queue_view *v)
{
	const struct entry *e = v->entry;
	int64_t doubt = e->marked + SCHEDULE_DOUBT;

	switch (queue_kind(v)) {
	case QUEUE_HELD:
	case QUEUE_DEAD:
	case QUEUE_DAMAGED: return -1;
	case QUEUE_ACTIVE: return 0;
	case QUEUE_DOUBT: return e->next > doubt ? e->next : doubt;
	default: break;
	}
	if (v->relay && v->relay_next > e->next && v->relay_next > e->release)
		return v->relay_next;
	return e->release > e->next ? e->release : e->next;
}

/* Why it waits: the trouble of its relay, which is newer than its own last one where that is
 * left alone; but of a doubt nothing else tells. */
static const char *queue_trouble(const struct queue_view *v)
{
	const struct entry *e = v->entry;

	if (v->damage)
		return v->damage;
	return v->relay && !(e->state == ENTRY_MARKED && e->trouble) ? v->relay : e->trouble;
}

static const char *queue_outcome(const struct queue_view *v, const struct entry_recipient *r)
{
	switch (r->outcome) {
	case ENTRY_SENT: return "sent";
	case ENTRY_FAILED: return "failed";
	case ENTRY_OPEN: break;
	}
	return r->text || r->code || v->entry->attempts > 0 ? "deferred" : "waiting";
}

static void queue_pad(struct buf *out, size_t columns)
{
	buf_printf(out, "%*s", (int)columns, "");
}

void queue_format_relay(struct buf *out, const struct health_relay *r, int64_t now)
{
	text_escape(out, span_of(r->account));
	if (r->config) {
		buf_add_string(out, " of ");
		text_escape(out, span_of(r->config));
	}
	buf_printf(out, ": failed %u time%s in a row, ", r->failures,
		   r->failures == 1 ? "" : "s");
	if (r->next > now) {
		buf_add_string(out, "not tried before ");
		date_rfc5322(out, (time_t)r->next);
	} else {
		buf_add_string(out, "tried with the next run");
	}
	buf_add_string(out, r->text ? ": " : "");
	text_escape(out, span_of(r->text ? r->text : ""));
	buf_add_char(out, '\n');
}

void queue_format_heading(struct buf *out)
{
	buf_add_string(out,
		       "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n");
}

void queue_format_total(struct buf *out, uint64_t count, uint64_t bytes)
{
	buf_printf(out, "-- %" PRIu64 " Kbytes in %" PRIu64 " Request%s.\n", bytes / 1024,
		   count, count == 1 ? "" : "s");
}

/* A reason in parentheses, on a line of its own. */
static void queue_reason(struct buf *out, const char *lead, const char *text)
{
	struct buf shown;
	size_t width;

	buf_init(&shown, QUEUE_TEXT_MAX);
	buf_add_string(&shown, lead);
	text_escape(&shown, span_of(text));
	width = shown.len + 2;
	queue_pad(out, width < QUEUE_WIDTH ? QUEUE_WIDTH - width : 0);
	buf_printf(out, "(%s)\n", shown.data);
	buf_clear(&shown);
}

/* What stands below the first line besides recipients. */
static void queue_notes(struct buf *out, const struct queue_view *v, bool verbose)
{
	const struct entry *e = v->entry;
	enum queue_kind kind = queue_kind(v);
	int64_t next = queue_next(v);
	struct buf when;

	buf_init(&when, QUEUE_TEXT_MAX);
	if (kind == QUEUE_SCHEDULED || (verbose && next > 0)) {
		date_rfc5322(&when, (time_t)next);
		queue_reason(out, kind == QUEUE_SCHEDULED ? "not before " : "next attempt ",
			     when.data);
	}
	if (kind == QUEUE_DAMAGED)
		queue_reason(out, "", v->damage ? v->damage : "damaged, and set aside");
	if (kind == QUEUE_DOUBT || kind == QUEUE_DEAD)
		queue_reason(out, "", queue_kinds[kind].meaning);
	if (verbose && e->account)
		queue_reason(out, "account ", e->account);
	buf_clear(&when);
}

/* Recipients with the same reason stand together below it, where they follow each other. Those
 * who have the message are none of the queue's any more. */
static void queue_recipients(struct buf *out, const struct queue_view *v)
{
	const struct entry *e = v->entry;
	const char *told = NULL;

	for (size_t i = 0; i < e->count; i++) {
		const struct entry_recipient *r = &e->recipients[i];
		const char *reason = r->text ? r->text : queue_trouble(v);

		if (r->outcome == ENTRY_SENT)
			continue;
		if (r->outcome == ENTRY_FAILED)
			queue_reason(out, "failed: ", reason);
		else if (reason && (!told || strcmp(told, reason) != 0))
			queue_reason(out, "", reason);
		told = r->outcome == ENTRY_FAILED ? NULL : reason;
		queue_pad(out, QUEUE_RECIPIENT);
		text_escape(out, span_of(r->path));
		buf_add_char(out, '\n');
	}
}

void queue_format_entry(struct buf *out, const struct queue_view *v, bool verbose)
{
	const struct entry *e = v->entry;
	char id[SPOOL_ID_MAX + 2];

	snprintf(id, sizeof(id), "%s%c", e->id, queue_mark(v));
	buf_printf(out, "%s %*" PRIu64 " ", id, QUEUE_SIZE_END - 1 - (int)strlen(id), e->size);
	date_short(out, (time_t)(e->arrived / 1000000));
	buf_add_string(out, "  ");
	if (!e->reverse_path)
		buf_add_char(out, '?');
	else
		text_escape(out,
			    span_of(e->reverse_path[0] ? e->reverse_path : "MAILER-DAEMON"));
	buf_add_char(out, '\n');
	queue_notes(out, v, verbose);
	queue_recipients(out, v);
	buf_add_char(out, '\n');
}

static void json_text(struct json *j, const char *name, const char *value)
{
	json_name(j, name);
	if (value)
		json_string(j, span_of(value));
	else
		json_null(j);
}

/* A time, or null for one that is not there. */
static void json_time(struct json *j, const char *name, int64_t when)
{
	struct buf text;

	buf_init(&text, 64);
	if (when > 0)
		date_rfc3339(&text, when);
	json_text(j, name, when > 0 ? text.data : NULL);
	buf_clear(&text);
}

static void json_recipient(struct json *j, const struct queue_view *v,
			   const struct entry_recipient *r)
{
	char enhanced[40];

	snprintf(enhanced, sizeof(enhanced), "%d.%d.%d", r->enhanced[0], r->enhanced[1],
		 r->enhanced[2]);
	json_open_object(j);
	json_text(j, "address", r->path);
	json_text(j, "status", queue_outcome(v, r));
	json_name(j, "code");
	if (r->code)
		json_number(j, r->code);
	else
		json_null(j);
	json_text(j, "enhanced", r->enhanced[0] ? enhanced : NULL);
	json_text(j, "reply", r->text);
	json_close_object(j);
}

/* When it is given up: a lifetime after it came, or after the time it was to be sent at. 0: not
 * known, or never. */
static int64_t queue_expires(const struct queue_view *v)
{
	const struct entry *e = v->entry;

	if (v->lifetime <= 0 || e->arrived <= 0 || e->state == ENTRY_DEAD)
		return 0;
	return entry_since(e) + v->lifetime;
}

static void json_times(struct json *j, const struct queue_view *v)
{
	const struct entry *e = v->entry;

	json_time(j, "last_attempt", e->tried);
	json_time(j, "next_attempt", queue_next(v));
	json_time(j, "release", e->release);
	json_time(j, "expires", queue_expires(v));
}

void queue_format_json(struct buf *out, const struct queue_view *v)
{
	const struct entry *e = v->entry;
	struct json j;

	json_init(&j, out);
	json_open_object(&j);
	json_text(&j, "id", e->id);
	json_name(&j, "uid");
	json_number(&j, (int64_t)v->uid);
	json_name(&j, "size");
	json_number(&j, (int64_t)e->size);
	json_time(&j, "arrival", e->arrived / 1000000);
	json_text(&j, "sender", e->reverse_path);
	json_text(&j, "account", e->account);
	json_text(&j, "config", e->config);
	json_text(&j, "state", queue_state(v));
	json_name(&j, "held");
	json_bool(&j, e->held);
	json_text(&j, "trouble", queue_trouble(v));
	json_name(&j, "attempts");
	json_number(&j, e->attempts);
	json_times(&j, v);
	json_name(&j, "recipients");
	json_open_array(&j);
	for (size_t i = 0; i < e->count; i++)
		json_recipient(&j, v, &e->recipients[i]);
	json_close_array(&j);
	json_close_object(&j);
	buf_add_char(out, '\n');
}

static void words_text(struct buf *out, const char *label, const char *value)
{
	if (!value)
		return;
	buf_printf(out, "%s: ", label);
	text_escape(out, span_of(value));
	buf_add_char(out, '\n');
}

static void words_time(struct buf *out, const char *label, int64_t when)
{
	if (when <= 0)
		return;
	buf_printf(out, "%s: ", label);
	date_rfc5322(out, (time_t)when);
	buf_add_char(out, '\n');
}

/* "deferred: 450 4.2.0 the relay's words" */
static void words_recipient(struct buf *out, const struct queue_view *v,
			    const struct entry_recipient *r)
{
	buf_add_string(out, "recipient: <");
	text_escape(out, span_of(r->path));
	buf_printf(out, "> %s", queue_outcome(v, r));
	if (r->text) {
		buf_add_string(out, ": ");
		text_escape(out, span_of(r->text));
	}
	buf_add_char(out, '\n');
}

/* What the sender asked for. */
static void words_wishes(struct buf *out, const struct wishes *w)
{
	static const struct {
		unsigned bit;
		const char *word;
	} reports[] = {
		{WISHES_NEVER, " never"},
		{WISHES_SUCCESS, " success"},
		{WISHES_FAILURE, " failure"},
		{WISHES_DELAY, " delay"},
	};

	if (w->notify)
		buf_add_string(out, "report on:");
	for (size_t i = 0; w->notify && i < sizeof(reports) / sizeof(reports[0]); i++)
		if (w->notify & reports[i].bit)
			buf_add_string(out, reports[i].word);
	if (w->notify)
		buf_add_char(out, '\n');
	words_text(out, "envelope id", w->envelope_id);
	words_text(out, "submitter", w->submitter);
	if (w->require_tls)
		buf_add_string(out, "requires: TLS all the way\n");
}

static void words_sender(struct buf *out, const struct entry *e)
{
	if (!e->reverse_path)
		return;
	buf_add_string(out, "sender: <");
	text_escape(out, span_of(e->reverse_path));
	buf_add_string(out, ">\n");
}

void queue_format_words(struct buf *out, const struct queue_view *v)
{
	const struct entry *e = v->entry;
	enum queue_kind kind = queue_kind(v);

	buf_printf(out, "id: %s\nstate: %s: %s\n", e->id, queue_kinds[kind].word,
		   queue_kinds[kind].meaning);
	words_text(out, "trouble", queue_trouble(v));
	words_sender(out, e);
	for (size_t i = 0; i < e->count; i++)
		words_recipient(out, v, &e->recipients[i]);
	words_wishes(out, &e->wishes);
	words_text(out, "account", e->account);
	words_text(out, "configuration", e->config);
	words_time(out, "arrived", e->arrived / 1000000);
	if (e->attempts > 0)
		buf_printf(out, "attempts: %u\n", e->attempts);
	words_time(out, "last attempt", e->tried);
	words_time(out, "next attempt", queue_next(v));
	words_time(out, "given up", queue_expires(v));
	buf_printf(out, "size: %" PRIu64 "\n", e->size);
}
