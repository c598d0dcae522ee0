/* Steering the queue: see queue_steer.h. */
#include "cmd/queue_steer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/queue_walk.h"
#include "cmd/run_queue.h"
#include "queue/entry.h"
#include "queue/entry_note.h"
#include "queue/health.h"
#include "queue/schedule.h"
#include "queue/spool_list.h"

enum {
	STEER_PATIENCE = 5000, /* milliseconds for what is being sent, in one queue */
	STEER_PAUSE = 20
};

/* What it comes to; flat, for queue_walk(). */
struct queue_steer {
	uint64_t done;
	int code;     /* the exit status so far */
	bool found[]; /* of options.ids */
};

/* One queue being steered. */
struct steer {
	struct context *context;
	struct spool *spool;
	struct queue_steer *tally;
	int64_t deadline;
	bool all;
};

/* A temporary failure counts more than the others, of which the first does. */
static void steer_fail(struct steer *s, const struct error *error)
{
	int code = context_fail(s->context, error);

	if (s->tally->code == 0 || code == EX_TEMPFAIL)
		s->tally->code = code;
}

/* Locks the entry; waits for whoever has it. Returns 1, 0 when there is none, -1 with *error
 * (class message: damaged, and locked all the same). */
static int steer_lock(struct steer *s, const char *id, struct entry *e, struct error *error)
{
	const struct timespec pause = {0, STEER_PAUSE * 1000000L};

	for (;;) {
		int locked = entry_lock(s->spool, id, e, error);

		if (locked != 0 || !entry_is_active(s->spool, id))
			return locked;
		if (clock_left(s->deadline) == 0)
			return error_set(error, ERROR_TEMPORARY, STAGE_INPUT,
					 "message %s is being sent right now: try again later",
					 id);
		entry_clear(e);
		nanosleep(&pause, NULL);
	}
}

/* Says what a person should know of an entry besides that it was done. */
static void steer_warn(const struct steer *s, const struct entry *e)
{
	const enum options_steer steer = s->context->options.steer;
	size_t sent = entry_count(e, ENTRY_SENT);
	char text[160] = "";

	if (steer == OPTIONS_CANCEL && e->state == ENTRY_MARKED)
		snprintf(text, sizeof(text),
			 "message %s is cancelled, but may have been delivered already", e->id);
	else if (steer == OPTIONS_CANCEL && sent > 0)
		snprintf(text, sizeof(text),
			 "message %s is cancelled, but %zu of its recipients have it already",
			 e->id, sent);
	else if (steer == OPTIONS_RETRY && e->state == ENTRY_MARKED &&
		 !schedule_is_due(e->marked + SCHEDULE_DOUBT, time(NULL)))
		snprintf(text, sizeof(text),
			 "message %s may have been delivered: it is tried again ten minutes "
			 "after it was",
			 e->id);
	if (text[0])
		context_warn(s->context, text);
}

/* Whether a person keeps it back, who is asked to say so if it is to be sent all the same. */
static bool steer_is_kept(const struct entry *e)
{
	return e->held || e->release > time(NULL);
}

static int steer_retry(struct steer *s, struct entry *e, struct error *error)
{
	if (steer_is_kept(e))
		return error_set(error, ERROR_LOCAL, STAGE_UNAVAILABLE,
				 "message %s is %s: say --release %s", e->id,
				 e->held ? "held" : "for a later time", e->id);
	for (size_t i = 0; e->state == ENTRY_DEAD && i < e->count; i++)
		if (e->recipients[i].outcome == ENTRY_FAILED) {
			e->recipients[i].outcome = ENTRY_OPEN;
			e->recipients[i].reported = false;
		}
	e->next = 0;
	if (entry_note(s->spool, e, true, error))
		return -1;
	return e->state == ENTRY_DEAD ? entry_unmark(s->spool, e, error) : 0;
}

static int steer_act(struct steer *s, struct entry *e, struct error *error)
{
	switch (s->context->options.steer) {
	case OPTIONS_RETRY: return steer_retry(s, e, error);
	case OPTIONS_REMOVE:
	case OPTIONS_CANCEL: return entry_remove(s->spool, e, error);
	case OPTIONS_HOLD: e->held = true; break;
	case OPTIONS_RELEASE:
		e->held = false;
		e->release = 0;
		break;
	}
	return entry_note(s->spool, e, true, error);
}

static const char *steer_word(const struct options *o)
{
	static const char *const words[] = {
		[OPTIONS_RETRY] = "due now",    [OPTIONS_REMOVE] = "removed",
		[OPTIONS_CANCEL] = "cancelled", [OPTIONS_HOLD] = "held",
		[OPTIONS_RELEASE] = "released",
	};

	return words[o->steer];
}

static bool steer_removes(const struct options *o)
{
	return o->steer == OPTIONS_REMOVE || o->steer == OPTIONS_CANCEL;
}

static bool steer_wakes(const struct options *o)
{
	return o->steer == OPTIONS_RETRY || o->steer == OPTIONS_RELEASE;
}

/* Returns whether there is such an entry. */
static bool steer_entry(struct steer *s, const char *id)
{
	const struct options *o = &s->context->options;
	struct error error;
	struct entry e;
	int locked;
	int failed;

	entry_init(&e);
	locked = steer_lock(s, id, &e, &error);
	failed = locked < 0 && !(error.class == ERROR_MESSAGE && steer_removes(o));
	if (locked != 0 && !failed)
		failed = steer_act(s, &e, &error);
	if (locked != 0 && failed) {
		steer_fail(s, &error);
	} else if (locked != 0) {
		s->tally->done++;
		steer_warn(s, &e);
		log_about(LOG_LEVEL_NOTICE, id, "status=%s", steer_word(o));
	}
	entry_clear(&e);
	return locked != 0;
}

/* "all" passes over what only a removal is for, and a retry of all over what is kept back. */
static bool steer_wants(const struct steer *s, const struct spool_item *item)
{
	const struct options *o = &s->context->options;
	struct error error;
	struct entry e;
	bool kept;

	if (steer_removes(o))
		return true;
	if (item->state == ENTRY_DEAD || item->state == ENTRY_BAD)
		return false;
	entry_init(&e);
	kept = o->steer == OPTIONS_RETRY && entry_load(s->spool, item->id, &e, &error) > 0 &&
	       steer_is_kept(&e);
	entry_clear(&e);
	return !kept;
}

static int steer_all(struct steer *s, struct error *error)
{
	struct spool_list list = {0};
	int failed = spool_list(s->spool, &list, error);

	for (size_t i = 0; i < list.warnings.count; i++)
		context_warn(s->context, list.warnings.items[i]);
	for (size_t i = 0; !failed && i < list.count; i++)
		if (steer_wants(s, &list.items[i]))
			steer_entry(s, list.items[i].id);
	spool_list_clear(&list);
	return failed;
}

/* A pass that is under way sees by the directory's time that it has to look again; and what a
 * person wants to be tried is tried whatever is known against its relay. */
static void steer_wake(struct steer *s)
{
	struct health health;
	struct error error;

	futimens(spool_fd(s->spool), NULL);
	if (s->context->options.steer != OPTIONS_RETRY)
		return;
	if (spool_lock(s->spool, SPOOL_LOCK_RUN, &error) <= 0)
		return;
	health_load(&health, s->spool);
	for (size_t i = 0; i < health.count; i++)
		health.relays[i].next = 0;
	health_save(&health, s->spool);
	health_clear(&health);
	spool_unlock(s->spool, SPOOL_LOCK_RUN);
}

static int steer_queue(struct context *x, struct spool *spool, void *tally, struct error *error)
{
	struct queue_steer *t = tally;
	struct steer s = {
		.context = x, .spool = spool, .tally = t, .deadline = clock_in(STEER_PATIENCE)};
	uint64_t before = t->done;
	int failed = 0;

	for (size_t i = 0; !failed && i < x->options.ids.count; i++)
		if (strcmp(x->options.ids.items[i], "all") == 0)
			failed = steer_all(&s, error);
		else if (!t->found[i])
			t->found[i] = steer_entry(&s, x->options.ids.items[i]);
	if (t->done > before && steer_wakes(&x->options))
		steer_wake(&s);
	/* One for all: of removals, and of the names of journals. */
	if (t->done > before && !failed)
		failed = spool_sync(spool, error);
	return failed;
}

static void steer_miss(struct steer *s)
{
	const struct options *o = &s->context->options;
	struct error error;

	for (size_t i = 0; i < o->ids.count; i++) {
		if (s->tally->found[i] || strcmp(o->ids.items[i], "all") == 0)
			continue;
		error_set(&error, ERROR_LOCAL, STAGE_UNAVAILABLE,
			  o->steer == OPTIONS_CANCEL
				  ? "message %s is not in the queue: it has been sent already, "
				    "or never was there"
				  : "message %s is not in the queue",
			  o->ids.items[i]);
		steer_fail(s, &error);
	}
}

int cmd_queue_steer(struct context *x)
{
	const struct account *a = x->account ? x->account : config_default(&x->config);
	size_t size = sizeof(struct queue_steer) + x->options.ids.count * sizeof(bool);
	struct queue_steer *tally = calloc(1, size);
	struct steer s = {.context = x, .tally = tally};
	struct error error;
	int code;

	if (!tally) {
		error_set_memory(&error);
		return context_fail(x, &error);
	}
	if (a)
		context_open_log(x, a);
	if (queue_walk(x, steer_queue, tally, size, &error))
		steer_fail(&s, &error);
	else
		steer_miss(&s);
	if (tally->done > 0 || tally->code == 0)
		printf("%" PRIu64 " message%s %s\n", tally->done, tally->done == 1 ? "" : "s",
		       steer_word(&x->options));
	if (tally->done > 0 && steer_wakes(&x->options))
		run_queues_behind(x);
	code = tally->code;
	free(tally);
	if (fflush(stdout) && code == 0)
		code = EX_IOERR;
	return code;
}
