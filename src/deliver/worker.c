/*
 * One channel and its messages: see worker.h.
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

/* A message in hand. */
struct worker_message {
	struct worker *worker;
	struct entry entry;
	struct retry retry;
	struct attempt attempt;
	bool marked; /* the end of data may have left in this attempt */
	struct worker_report *report;
};

static void worker_log(const struct entry *e, const char *text)
{
	log_line(LOG_LEVEL_ERROR, "queue-id=%s %s", e->id, text);
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
		m->report->outcome = WORKER_SENT;
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

/* What the attempt, or the want of one, came to: written down and reported. before: recipients
 * with a final outcome at the start. */
static void worker_conclude(struct worker_message *m, enum retry_cause cause, size_t before)
{
	static const enum worker_outcome outcomes[] = {
		[RETRY_NONE] = WORKER_LEFT,    [RETRY_LATER] = WORKER_LEFT,
		[RETRY_REFUSED] = WORKER_LEFT, [RETRY_DOUBT] = WORKER_LEFT,
		[RETRY_SLOW] = WORKER_SLOW,    [RETRY_RELAY] = WORKER_RELAY,
		[RETRY_LOCAL] = WORKER_LOCAL,
	};
	struct entry *e = &m->entry;
	bool settled = worker_settled(e) > before;
	bool untouched = cause == RETRY_RELAY || cause == RETRY_LOCAL;
	struct error error;

	m->report->outcome = outcomes[cause];
	m->report->next = !untouched && entry_count(e, ENTRY_OPEN) > 0 ? e->next : 0;
	if (!untouched || settled)
		worker_write(m, settled, cause == RETRY_DOUBT);
	else if (m->marked && entry_unmark(m->worker->o->spool, e, &error))
		worker_log(e, error.text);
	m->report->untold = entry_count_unreported(e) > 0 ||
			    ((e->wishes.notify & WISHES_DELAY) && !e->delay_told);
}

/* The same for what was decided here, without a word from the relay. */
static void worker_conclude_alone(struct worker_message *m, size_t before)
{
	worker_conclude(m, RETRY_NONE, before);
	m->report->outcome = WORKER_PASSED;
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
 * down. before: as for worker_conclude(). */
static void worker_finish(struct worker_message *m, enum retry_cause cause, size_t before)
{
	struct worker *w = m->worker;
	bool untried = cause == RETRY_RELAY || cause == RETRY_LOCAL;

	if (untried || cause == RETRY_SLOW)
		w->over = cause == RETRY_LOCAL ? RETRY_LOCAL : RETRY_RELAY;
	if (w->over != RETRY_NONE)
		strlcpy(w->text, m->report->text, sizeof(w->text));
	if (cause != RETRY_DOUBT && entry_count(&m->entry, ENTRY_OPEN) > 0 &&
	    retry_is_expired(&m->entry, w->account, time(NULL)))
		worker_expire(m, untried ? m->report->text : NULL);
	worker_conclude(m, cause, before);
}

static void worker_send(struct worker_message *m, bool last)
{
	struct worker *w = m->worker;
	size_t before = worker_settled(&m->entry);
	const struct smtp_transaction *t = &m->attempt.transaction;
	enum retry_cause cause;
	struct error error;

	m->retry.submission.before_end = worker_before_end;
	m->retry.submission.before_end_context = m;
	if (attempt_init(&m->attempt, &m->retry.submission, &error)) {
		worker_log(&m->entry, error.text);
		return;
	}
	attempt_make(&m->attempt, &w->channel, NULL, last);
	cause = retry_settle(&m->entry, &m->retry, &m->attempt,
			     w->channel.broken.class == ERROR_NONE, time(NULL));
	m->report->broken =
		(cause == RETRY_LATER || cause == RETRY_DOUBT) && t->trouble.code == 0;
	strlcpy(m->report->text, worker_words(m), sizeof(m->report->text));
	worker_finish(m, cause, before);
	attempt_clear(&m->attempt);
}

/* The message cannot be had: damaged files are set aside, and never in the way of others. */
static void worker_refuse(struct worker_message *m, const struct error *why)
{
	struct entry *e = &m->entry;
	struct error error;

	worker_log(e, why->text);
	m->report->outcome = WORKER_PASSED;
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
	size_t before = worker_settled(e);

	if (e->state != ENTRY_MARKED)
		return true;
	if (m->worker->account->duplicates == SETTING_OFF)
		retry_fail(e, enhanced,
			   "the relay's answer to the message was lost, so it may have been "
			   "delivered; it is not sent again, to avoid a duplicate");
	else if (retry_is_expired(e, m->worker->account, now))
		worker_expire(m, NULL);
	else
		log_line(LOG_LEVEL_NOTICE,
			 "queue-id=%s possible duplicate: an earlier answer to the message was "
			 "lost, and it is sent again",
			 e->id);
	if (entry_count(e, ENTRY_OPEN) > 0)
		return true;
	m->marked = true;
	worker_conclude_alone(m, before);
	return false;
}

/* Whether it may be tried now; where only time is lacking, the report says when. */
static bool worker_is_due(struct worker_message *m, int64_t now)
{
	const struct entry *e = &m->entry;
	int64_t doubt = e->state == ENTRY_MARKED ? e->marked + SCHEDULE_DOUBT : 0;

	m->report->outcome = WORKER_PASSED;
	if (e->held || entry_count(e, ENTRY_OPEN) == 0)
		return false;
	if (e->release > now)
		m->report->next = e->release;
	else if (!schedule_is_due(doubt, now))
		m->report->next = doubt;
	else if (!m->worker->o->now && !schedule_is_due(e->next, now))
		m->report->next = e->next;
	return m->report->next == 0;
}

static void worker_try(struct worker_message *m, bool last)
{
	static const int too_late[3] = {5, 4, 7}; /* RFC 2852 section 4.3 */
	struct entry *e = &m->entry;
	size_t before = worker_settled(e);
	int64_t now = time(NULL);
	struct error error;

	if (!worker_is_due(m, now) || !worker_may_repeat(m, now))
		return;
	if (retry_is_too_late(e, now)) {
		retry_fail(e, too_late, "the time within which it was to be delivered is over");
		worker_conclude_alone(m, before);
		return;
	}
	/* What was ordered ahead does not trouble the relay again. */
	if (m->worker->over != RETRY_NONE) {
		strlcpy(m->report->text, m->worker->text, sizeof(m->report->text));
		worker_finish(m, m->worker->over, before);
		return;
	}
	if (entry_open_message(e, &error) ||
	    retry_init(&m->retry, e, m->worker->account, now, &error))
		worker_refuse(m, &error);
	else
		worker_send(m, last);
	retry_clear(&m->retry);
}

static void worker_do(struct worker *w, const struct worker_order *order,
		      struct worker_report *report)
{
	struct worker_message m = {.worker = w, .report = report};
	struct error error;
	int got;

	*report = (struct worker_report){.outcome = WORKER_PASSED};
	strlcpy(report->id, order->id, sizeof(report->id));
	entry_init(&m.entry);
	got = entry_lock(w->o->spool, order->id, &m.entry, &error);
	if (got > 0)
		worker_try(&m, order->last);
	else if (got < 0)
		worker_refuse(&m, &error);
	entry_clear(&m.entry);
}

/* Removals and new journals of a whole connection share one fsync. */
static void worker_sync(struct worker *w)
{
	struct error error;

	if (w->unsynced && spool_sync(w->o->spool, &error))
		log_line(LOG_LEVEL_ERROR, "%s", error.text);
	w->unsynced = false;
}

/* The next order. Returns 1, or 0 when there will be none. */
static int worker_fetch(struct worker *w, struct worker_order *order)
{
	int fd = w->o->fd;
	ssize_t got;

	do {
		if (*w->o->stop)
			return 0;
		got = recv(fd, order, sizeof(*order), MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) &&
		    clock_poll(fd, POLLIN, clock_in(WORKER_IDLE)) == 0)
			worker_sync(w);
	} while (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
	order->id[SPOOL_ID_MAX] = '\0';
	return got == (ssize_t)sizeof(*order);
}

void worker_run(const struct worker_options *o)
{
	struct worker w = {.o = o, .account = o->relay.account};
	struct worker_order order;
	struct worker_report report;

	log_open(w.account->logfile, w.account->syslog, "pennypost");
	channel_init(&w.channel, &o->relay);
	while (worker_fetch(&w, &order)) {
		worker_do(&w, &order, &report);
		/* Nobody who listens any more is no reason to leave things undone. */
		(void)send(o->fd, &report, sizeof(report), MSG_NOSIGNAL);
	}
	channel_close(&w.channel);
	worker_sync(&w);
	log_close();
}
