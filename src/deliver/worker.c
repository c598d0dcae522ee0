/*
 * One channel and its messages: see worker.h. While one is sent the next, where its order is
 * there, is locked and made ready, so that its envelope may leave with the end of the present
 * one.
 *
 * What must be so on disk, in this order: the mark before the end of data may leave; what the
 * relay said, in the journal, before the mark goes; removal only when nobody is left, neither
 * to send to nor to tell. A crash anywhere in between leaves what a later pass understands.
 */
#include "deliver/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "deliver/attempt.h"
#include "deliver/channel.h"
#include "deliver/retry.h"
#include "queue/entry.h"
#include "queue/entry_note.h"
#include "queue/schedule.h"

enum { WORKER_IDLE = 200 /* milliseconds without an order until names are made durable */ };

struct worker {
	const struct worker_options *o;
	const struct account *account;
	struct channel channel;
	enum retry_cause over;      /* why the relay is not asked again; RETRY_NONE: it is */
	char text[WORKER_TEXT_MAX]; /* that in words */
	bool unsynced; /* names came or went, and the directory is not yet synced */
};

/* A message in hand, or the next one. It must not be moved. */
struct worker_message {
	struct worker *worker; /* NULL: there is none */
	bool last;             /* as it was ordered */
	bool ready;            /* to be tried; else the report says what came of it */
	size_t before;         /* recipients with a final outcome when it was read */
	struct entry entry;
	struct retry retry;
	struct attempt attempt;
	bool marked; /* the end of data may have left in this attempt */
	struct worker_report report;
};

static void worker_log(const struct entry *e, const char *text)
{
	log_about(LOG_LEVEL_ERROR, e->id, "%s", text);
}

/* The recipients' outcomes that are not in the journal yet: from an earlier transaction, when
 * the relay takes only so many at once. What it took must not go out again if this one's
 * verdict is never heard. */
static int worker_note_earlier(struct worker_message *m, struct error *error)
{
	const struct smtp_transaction *t = &m->attempt.transaction;
	size_t fresh = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct entry_recipient *to = &m->entry.recipients[m->retry.places[i]];

		if (t->recipients[i].outcome == SMTP_SENT && to->outcome == ENTRY_OPEN) {
			to->outcome = ENTRY_SENT;
			fresh++;
		}
	}
	m->worker->unsynced |= fresh > 0;
	return fresh > 0 ? entry_note(m->worker->o->spool, &m->entry, true, error) : 0;
}

/* Right before the end of data may leave. A mark from an earlier attempt is renewed, because
 * the ten minutes of doubt begin now, and never lifted for that: a kill might come in between.
 */
static int worker_before_end(void *context, struct error *error)
{
	struct worker_message *m = context;
	struct spool *spool = m->worker->o->spool;
	bool durable = m->worker->account->duplicates == SETTING_OFF;

	/* Of several recipients some may get it and others not. */
	if (worker_note_earlier(m, error) ||
	    (m->entry.count > 1 && entry_reserve(spool, &m->entry, error)) ||
	    entry_mark(spool, &m->entry, durable, error))
		return -1;
	m->marked = true;
	return 0;
}

/* Takes the entry away, or writes down what became of it. settled: somebody's outcome is new
 * and final, which must not be forgotten. Where it cannot be written the mark stays: nobody
 * knows then what has been sent. */
static void worker_write(struct worker_message *m, bool settled, bool doubt)
{
	struct spool *spool = m->worker->o->spool;
	struct entry *e = &m->entry;
	struct error error;

	if (entry_count(e, ENTRY_OPEN) == 0 && entry_count_unreported(e) == 0) {
		m->report.outcome = WORKER_SENT;
		m->worker->unsynced = true;
		if (entry_remove(spool, e, &error) == 0)
			return;
		worker_log(e, error.text);
	}
	m->worker->unsynced |= settled;
	if (entry_note(spool, e, settled, &error)) {
		worker_log(e, error.text);
		if (settled)
			return;
	}
	if (m->marked && !doubt && entry_unmark(spool, e, &error))
		worker_log(e, error.text);
}

static size_t worker_settled(const struct entry *e)
{
	return e->count - entry_count(e, ENTRY_OPEN);
}

/* What the attempt, or the want of one, came to: written down and reported. */
static void worker_conclude(struct worker_message *m, enum retry_cause cause)
{
	static const enum worker_outcome outcomes[] = {
		[RETRY_NONE] = WORKER_LEFT,    [RETRY_LATER] = WORKER_LEFT,
		[RETRY_REFUSED] = WORKER_LEFT, [RETRY_DOUBT] = WORKER_LEFT,
		[RETRY_SLOW] = WORKER_SLOW,    [RETRY_RELAY] = WORKER_RELAY,
		[RETRY_LOCAL] = WORKER_LOCAL,
	};
	struct entry *e = &m->entry;
	bool settled = worker_settled(e) > m->before;
	bool untouched = cause == RETRY_RELAY || cause == RETRY_LOCAL;
	struct error error;

	m->report.outcome = outcomes[cause];
	m->report.next = !untouched && entry_count(e, ENTRY_OPEN) > 0 ? e->next : 0;
	if (!untouched || settled)
		worker_write(m, settled, cause == RETRY_DOUBT);
	else if (m->marked && entry_unmark(m->worker->o->spool, e, &error))
		worker_log(e, error.text);
	m->report.untold = entry_count_unreported(e) > 0 ||
			   ((e->wishes.notify & WISHES_DELAY) && !e->delay_told);
}

/* The same for what was decided here, without a word from the relay. */
static void worker_conclude_alone(struct worker_message *m)
{
	worker_conclude(m, RETRY_NONE);
	m->report.outcome = WORKER_PASSED;
}

/* Its time is over: what is open has failed. */
static void worker_expire(struct worker_message *m, const char *trouble)
{
	retry_expire(&m->entry, m->worker->account, trouble);
	worker_log(&m->entry, "expired: nothing more is tried");
}

/* The relay's trouble: the transaction's, or what everybody was told. */
static const char *worker_words(const struct worker_message *m)
{
	const struct error *trouble = &m->attempt.transaction.trouble;

	if (trouble->class != ERROR_NONE)
		return trouble->text;
	return m->entry.trouble ? m->entry.trouble : "";
}

/* The attempt is over, or was not worth making: what is old is given up, and all of it written
 * down. */
static void worker_finish(struct worker_message *m, enum retry_cause cause)
{
	struct worker *w = m->worker;
	bool untried = cause == RETRY_RELAY || cause == RETRY_LOCAL;

	if (untried || cause == RETRY_SLOW)
		w->over = cause == RETRY_LOCAL ? RETRY_LOCAL : RETRY_RELAY;
	if (w->over != RETRY_NONE)
		strlcpy(w->text, m->report.text, sizeof(w->text));
	/* Without a network nothing was tried, nor could anybody be told. */
	if (cause != RETRY_DOUBT && cause != RETRY_LOCAL &&
	    entry_count(&m->entry, ENTRY_OPEN) > 0 &&
	    retry_is_expired(&m->entry, w->account, time(NULL)))
		worker_expire(m, untried ? m->report.text : NULL);
	worker_conclude(m, cause);
}

/* What was made ready is sent, with next behind it where that is ready too. What was ordered
 * ahead does not trouble a relay that is not asked again. */
static void worker_send(struct worker_message *m, struct worker_message *next)
{
	struct worker *w = m->worker;
	const struct smtp_transaction *t = &m->attempt.transaction;
	enum retry_cause cause;

	if (w->over != RETRY_NONE) {
		strlcpy(m->report.text, w->text, sizeof(m->report.text));
		worker_finish(m, w->over);
		return;
	}
	attempt_make(&m->attempt, &w->channel, next->ready ? &next->attempt : NULL, m->last);
	cause = retry_settle(&m->entry, &m->retry, &m->attempt,
			     w->channel.broken.class == ERROR_NONE, time(NULL));
	m->report.broken =
		(cause == RETRY_LATER || cause == RETRY_DOUBT) && t->trouble.code == 0;
	strlcpy(m->report.text, worker_words(m), sizeof(m->report.text));
	worker_finish(m, cause);
}

/* The message cannot be had: damaged files are set aside, and never in the way of others. */
static void worker_refuse(struct worker_message *m, const struct error *why)
{
	struct entry *e = &m->entry;
	struct error error;

	worker_log(e, why->text);
	m->report.outcome = WORKER_PASSED;
	if (why->class != ERROR_MESSAGE)
		return;
	if (entry_set_aside(m->worker->o->spool, e, &error))
		worker_log(e, error.text);
	else
		worker_log(e, "the damaged message is set aside");
}

/* An earlier end of data had no answer. Returns whether the message may go out once more. */
static bool worker_may_repeat(struct worker_message *m, int64_t now)
{
	static const int enhanced[3] = {4, 4, 2}; /* RFC 3463: bad connection */
	struct entry *e = &m->entry;

	if (e->state != ENTRY_MARKED)
		return true;
	if (m->worker->account->duplicates == SETTING_OFF)
		retry_fail(e, enhanced,
			   "the relay's answer to the message was lost, so it may have been "
			   "delivered; it is not sent again, to avoid a duplicate");
	else if (retry_is_expired(e, m->worker->account, now))
		worker_expire(m, NULL);
	else
		log_about(LOG_LEVEL_NOTICE, e->id,
			  "possible duplicate: an earlier answer to the message was "
			  "lost, and it is sent again");
	if (entry_count(e, ENTRY_OPEN) > 0)
		return true;
	m->marked = true;
	worker_conclude_alone(m);
	return false;
}

/* Whether it may be tried now; where only time is lacking, the report says when. */
static bool worker_is_due(struct worker_message *m, int64_t now)
{
	const struct entry *e = &m->entry;
	int64_t when = retry_when(e, m->worker->o->now, now);

	m->report.outcome = WORKER_PASSED;
	if (when < 0 || entry_count(e, ENTRY_OPEN) == 0)
		return false;
	m->report.next = when;
	return when == 0;
}

/* Makes ready what may be tried now. */
static void worker_prepare(struct worker_message *m)
{
	static const int too_late[3] = {5, 4, 7}; /* RFC 2852 section 4.3 */
	struct entry *e = &m->entry;
	int64_t now = time(NULL);
	struct error error;

	m->before = worker_settled(e);
	if (!worker_is_due(m, now) || !worker_may_repeat(m, now))
		return;
	if (retry_is_too_late(e, now)) {
		retry_fail(e, too_late, "the time within which it was to be delivered is over");
		worker_conclude_alone(m);
		return;
	}
	m->ready = entry_open_message(e, &error) == 0 &&
		   retry_init(&m->retry, e, m->worker->account, now, &error) == 0;
	if (m->ready) {
		m->retry.submission.before_end = worker_before_end;
		m->retry.submission.before_end_context = m;
		m->ready = attempt_init(&m->attempt, &m->retry.submission, &error) == 0;
	}
	if (!m->ready)
		worker_refuse(m, &error);
}

static void worker_begin(struct worker *w, const struct worker_order *order,
			 struct worker_message *m)
{
	struct error error;
	int got;

	*m = (struct worker_message){
		.worker = w, .last = order->last, .report.outcome = WORKER_PASSED};
	strlcpy(m->report.id, order->id, sizeof(m->report.id));
	entry_init(&m->entry);
	got = entry_lock(w->o->spool, order->id, &m->entry, &error);
	if (got > 0)
		worker_prepare(m);
	else if (got < 0)
		worker_refuse(m, &error);
}

static void worker_end(struct worker_message *m)
{
	if (!m->worker)
		return;
	attempt_clear(&m->attempt);
	retry_clear(&m->retry);
	entry_clear(&m->entry);
	m->worker = NULL;
}

/* Removals and new journals of a whole connection share one fsync. */
static void worker_sync(struct worker *w)
{
	struct error error;

	if (w->unsynced && spool_sync(w->o->spool, &error))
		log_line(LOG_LEVEL_ERROR, "%s", error.text);
	w->unsynced = false;
}

/* The next order, where it is there. Returns 1, 0 when there will be none, -1 when there may be
 * one later. */
static int worker_peek(struct worker *w, struct worker_order *order)
{
	ssize_t got = recv(w->o->fd, order, sizeof(*order), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return -1;
	order->id[SPOOL_ID_MAX] = '\0';
	return got == (ssize_t)sizeof(*order);
}

/* The next order. Returns 1, or 0 when there will be none. */
static int worker_fetch(struct worker *w, struct worker_order *order)
{
	int got;

	do {
		if (*w->o->stop)
			return 0;
		got = worker_peek(w, order);
		if (got < 0 && clock_poll(w->o->fd, POLLIN, clock_in(WORKER_IDLE)) == 0)
			worker_sync(w);
	} while (got < 0);
	return got;
}

/* One message, and the preparation of the one behind it. */
static void worker_do(struct worker *w, struct worker_message *m, struct worker_message *next)
{
	struct worker_order order;

	*next = (struct worker_message){0};
	if (!m->last && worker_peek(w, &order) > 0)
		worker_begin(w, &order, next);
	if (m->ready)
		worker_send(m, next);
	/* It is let go before anybody hears of it, who may want to lock it. */
	worker_end(m);
	/* Nobody who listens any more is no reason to leave things undone. */
	(void)send(w->o->fd, &m->report, sizeof(m->report), MSG_NOSIGNAL);
}

void worker_run(const struct worker_options *o)
{
	struct worker w = {.o = o, .account = o->relay.account};
	struct worker_message messages[2] = {0};
	struct worker_order order;
	size_t n = 0;

	log_open(w.account->logfile, w.account->syslog, "pennypost");
	log_time_format(w.account->logfile_time_format);
	log_as_json(string_equals(w.account->log_format, "json"));
	channel_init(&w.channel, &o->relay);
	while (!*o->stop) {
		if (!messages[n].worker) {
			if (worker_fetch(&w, &order) <= 0)
				break;
			worker_begin(&w, &order, &messages[n]);
		}
		worker_do(&w, &messages[n], &messages[!n]);
		n = !n;
	}
	channel_close(&w.channel);
	worker_end(&messages[n]);
	worker_sync(&w);
	log_close();
}
