/* A pass over the queue: see runner.h. */
#include "deliver/runner.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "deliver/crew.h"
#include "deliver/pass_relay.h"
#include "deliver/plan.h"
#include "deliver/retry.h"
#include "deliver/settle.h"
#include "deliver/worker.h"
#include "queue/entry.h"
#include "queue/health.h"
#include "queue/schedule.h"
#include "queue/spool_list.h"

enum { RUNNER_LOOK = 2000 }; /* milliseconds between looks for new messages */

struct runner {
	const struct runner_options *o;
	struct runner_result *result;
	struct plan plan;
	struct health health;
	struct settle settle;
	struct crew crew;
	struct timespec listed; /* the queue's time of change before the last listing */
	int64_t next_look;
	bool stopping;
};

static void runner_say(const struct runner *r, const char *text)
{
	log_line(LOG_LEVEL_ERROR, "%s", text);
	if (r->o->tell)
		r->o->tell(r->o->context, text);
}

static void runner_note_due(struct runner *r, int64_t when)
{
	if (when > 0 && (r->result->due == 0 || when < r->result->due))
		r->result->due = when;
}

/* What is known of relays. */

static struct health_relay *runner_health(struct runner *r, const struct pass_relay *relay)
{
	return health_relay(&r->health, relay->plan->account, relay->plan->config);
}

/* The relay failed, or asks to be left alone: it is probed later. */
static void runner_rest_relay(struct runner *r, struct pass_relay *relay, const char *text)
{
	struct buf line;

	if (relay->stopped)
		return;
	pass_relay_rest(relay, runner_health(r, relay), text);
	buf_init(&line, ERROR_TEXT_MAX * 2);
	buf_printf(&line, "account %s is left alone for now: %s", relay->plan->account, text);
	runner_say(r, line.data);
	buf_clear(&line);
}

/* A relay that comes into view: its account is looked for once. */
static struct pass_relay *runner_make_relay(struct runner *r, struct plan_relay *plan)
{
	struct pass_relay *relay = pass_relay_new(plan);
	const struct health_relay *health;
	struct error error;

	if (!relay)
		return NULL;
	relay->account = r->o->find(r->o->context, plan->account, plan->config, &error);
	if (!relay->account) {
		runner_say(r, error.text);
		pass_relay_stop(relay, error.text);
		return relay;
	}
	health = runner_health(r, relay);
	pass_relay_recall(relay, health);
	if (health && !r->o->now && !schedule_is_due(health->next, time(NULL))) {
		runner_note_due(r, health->next);
		pass_relay_stop(relay, health->text ? health->text : "the relay is down");
	}
	return relay;
}

static struct pass_relay *runner_relay_of(struct runner *r, const struct entry *e)
{
	struct plan_relay *plan = plan_relay(&r->plan, e->account, e->config);

	if (!plan)
		return NULL;
	return plan->context ? plan->context : runner_make_relay(r, plan);
}

/* Taking stock. */

/* An entry that cannot be read: out of the way with it, if it is damaged. */
static void runner_set_aside(struct runner *r, const char *id, const struct error *why)
{
	struct entry e;
	struct error error;

	runner_say(r, why->text);
	if (why->class != ERROR_MESSAGE)
		return;
	if (entry_lock(r->o->spool, id, &e, &error) < 0 && error.class == ERROR_MESSAGE &&
	    entry_set_aside(r->o->spool, &e, &error))
		runner_say(r, error.text);
	entry_clear(&e);
}

static bool runner_contains(const char *text, const char *part)
{
	return !part || strcasestr(text, part);
}

static bool runner_is_chosen(const struct runner_choice *c, const struct entry *e)
{
	bool found = !c->recipient;

	for (size_t i = 0; !found && i < e->count; i++)
		found = e->recipients[i].outcome == ENTRY_OPEN &&
			runner_contains(e->recipients[i].path, c->recipient);
	return found && runner_contains(e->id, c->id) &&
	       runner_contains(e->reverse_path, c->sender);
}

/* Whether the sender may have to be told something, or the entry is done with. What is tried
 * now is not called late before that was in vain. */
static bool runner_wants_settling(const struct entry *e, int64_t when)
{
	return entry_count_unreported(e) > 0 || entry_count(e, ENTRY_OPEN) == 0 ||
	       (when != 0 && (e->wishes.notify & WISHES_DELAY) && !e->delay_told);
}

/* Puts an entry where it belongs. Returns 0, or -1 without memory. */
static int runner_take(struct runner *r, const struct entry *e)
{
	struct pass_relay *relay = runner_relay_of(r, e);
	int64_t when = retry_when(e, r->o->now, time(NULL));

	if (!relay)
		return -1;
	if (runner_wants_settling(e, when))
		settle_entry(&r->settle, relay, e->id, false);
	if (when == 0 && entry_count(e, ENTRY_OPEN) > 0) {
		struct plan_item *item =
			plan_add(&r->plan, relay->plan, e->id, e->reverse_path);

		r->result->planned += item != NULL;
		if (item)
			item->old = retry_is_expired(e, relay->account, time(NULL));
		relay->given_up = false;
		return item ? 0 : -1;
	}
	runner_note_due(r, when);
	return plan_note(&r->plan, e->id);
}

static int runner_load(struct runner *r, const char *id)
{
	struct entry e;
	struct error error;
	int found = entry_load(r->o->spool, id, &e, &error);
	int failed = 0;

	if (found < 0)
		runner_set_aside(r, id, &error);
	if (found <= 0 || !runner_is_chosen(&r->o->choice, &e))
		failed = plan_note(&r->plan, id);
	else
		failed = runner_take(r, &e);
	entry_clear(&e);
	return failed;
}

/* Lists the queue and takes in what is new. Returns 0 or -1 with *error. */
static int runner_list(struct runner *r, struct error *error)
{
	struct spool_list list = {0};
	int failed = 0;

	if (spool_changed(r->o->spool, &r->listed))
		r->listed = (struct timespec){0};
	failed = spool_list(r->o->spool, &list, error);
	if (r->plan.item_count == 0)
		for (size_t i = 0; !failed && i < list.warnings.count; i++)
			runner_say(r, list.warnings.items[i]);
	for (size_t i = 0; !failed && i < list.count && !*r->o->stop; i++) {
		const struct spool_item *item = &list.items[i];

		if (item->state != ENTRY_WAITING && item->state != ENTRY_MARKED)
			continue;
		if (!plan_knows(&r->plan, item->id) && runner_load(r, item->id))
			failed = error_set_memory(error);
	}
	spool_list_clear(&list);
	r->next_look = clock_in(RUNNER_LOOK);
	return failed ? -1 : 0;
}

/* Whether messages are there that this pass knows nothing of. */
static bool runner_has_new(struct runner *r)
{
	struct spool_list list = {0};
	struct error error;
	bool found = false;

	if (spool_changed(r->o->spool, &r->listed) || spool_list(r->o->spool, &list, &error))
		r->listed = (struct timespec){0};
	for (size_t i = 0; i < list.count && !found; i++)
		found = (list.items[i].state == ENTRY_WAITING ||
			 list.items[i].state == ENTRY_MARKED) &&
			!plan_knows(&r->plan, list.items[i].id);
	spool_list_clear(&list);
	r->result->seen = r->listed;
	return found;
}

/* Orders. */

/* The messages of a relay that is stopped: looked at once, for those whose time is over, unless
 * it is for us that they cannot go. They are out of the plan then. */
static void runner_give_up(struct runner *r, struct pass_relay *relay)
{
	struct plan_lane lane = {0};
	struct plan_item *item;

	if (relay->given_up)
		return;
	relay->given_up = true;
	while ((item = plan_next(relay->plan, &lane)) != NULL) {
		if (item->old && !r->stopping && !r->result->local)
			settle_entry(&r->settle, relay, item->id, true);
		plan_done(item);
		r->result->held_up++;
	}
	plan_leave(&lane);
}

static void runner_dispatch_relay(struct runner *r, struct pass_relay *relay)
{
	crew_feed_relay(&r->crew, relay);
	while (!relay->stopped && plan_has_ready(relay->plan) &&
	       relay->workers < pass_relay_workers_max(relay) &&
	       pass_relay_rate_wait(relay) == 0) {
		struct crew_worker *w = crew_start(&r->crew, relay);

		if (!w && relay->workers == 0 && r->crew.count == 0) {
			r->result->local = true;
			pass_relay_stop(relay, "cannot start a process");
		}
		if (!w)
			break;
		crew_feed(w);
	}
	if (relay->stopped && relay->workers == 0)
		runner_give_up(r, relay);
}

static void runner_dispatch(struct runner *r)
{
	struct plan_relay *plan;

	STAILQ_FOREACH (plan, &r->plan.relays, next)
		runner_dispatch_relay(r, plan->context);
}

/* Reports. */

/* Sessions, or workers, that break again and again are the relay's trouble. */
static void runner_count_broken(struct runner *r, struct pass_relay *relay, const char *text)
{
	if (pass_relay_breaks(relay))
		runner_rest_relay(r, relay, text);
}

static void runner_note_health(struct runner *r, struct pass_relay *relay,
			       const struct worker_report *report)
{
	struct health_relay *health;

	switch (report->outcome) {
	case WORKER_SENT:
	case WORKER_LEFT:
		relay->tested = true;
		if (report->broken) {
			runner_count_broken(r, relay, report->text);
			return;
		}
		relay->broken = 0;
		/* What one session still took takes nothing back of what another was told. */
		health = relay->stopped ? NULL : runner_health(r, relay);
		if (health)
			health_worked(health);
		return;
	case WORKER_SLOW:
	case WORKER_RELAY: runner_rest_relay(r, relay, report->text); return;
	case WORKER_LOCAL:
		if (!r->result->local)
			runner_say(r, report->text);
		r->result->local = true;
		pass_relay_stop(relay, report->text);
		return;
	case WORKER_PASSED: return;
	}
}

static void runner_note_report(struct runner *r, struct crew_worker *w,
			       const struct worker_report *report)
{
	struct pass_relay *relay = w->relay;

	runner_note_health(r, relay, report);
	if (report->outcome == WORKER_SENT)
		r->result->sent++;
	else if (report->outcome == WORKER_LEFT || report->outcome == WORKER_SLOW)
		r->result->left++;
	else if (report->outcome == WORKER_RELAY || report->outcome == WORKER_LOCAL)
		r->result->held_up++;
	runner_note_due(r, report->next);
	if (report->untold)
		settle_entry(&r->settle, relay, report->id, false);
}

/* One report, or the end of the worker. */
static void runner_hear(struct runner *r, struct crew_worker *w)
{
	struct pass_relay *relay = w->relay;
	struct worker_report report;

	if (crew_hear(w, &report) == 0) {
		if (w->count > 0 && !r->stopping)
			runner_count_broken(r, relay, "a worker ended before its time");
		if (crew_end(&r->crew, w))
			r->result->left++;
		runner_dispatch(r);
		return;
	}
	runner_note_report(r, w, &report);
	runner_dispatch_relay(r, relay);
}

/* The pass. */

/* How long nothing can happen, at the most. */
static int64_t runner_patience(const struct runner *r)
{
	int64_t wait = r->next_look - clock_now();
	struct plan_relay *plan;

	STAILQ_FOREACH (plan, &r->plan.relays, next) {
		const struct pass_relay *relay = plan->context;
		int64_t rate =
			relay->stopped || plan->waiting == 0 ? 0 : pass_relay_rate_wait(relay);

		if (rate > 0 && rate < wait)
			wait = rate;
	}
	if (r->o->look && wait > COURSE_WAKE)
		wait = COURSE_WAKE;
	return wait > 0 ? wait : 1;
}

/* Waits for reports, and takes them. */
static void runner_wait(struct runner *r)
{
	struct pollfd fds[CREW_MAX];
	struct crew_worker *of[CREW_MAX];
	nfds_t count = 0;

	for (size_t i = 0; i < CREW_MAX; i++) {
		struct crew_worker *w = &r->crew.workers[i];

		if (w->pid) {
			fds[count] = (struct pollfd){w->fd, POLLIN, 0};
			of[count++] = w;
		}
	}
	if (poll(fds, count, (int)runner_patience(r)) <= 0)
		return;
	for (nfds_t i = 0; i < count; i++)
		if (fds[i].revents && of[i]->pid && of[i]->fd == fds[i].fd)
			runner_hear(r, of[i]);
}

/* Whether a message can still go: a worker is at it, or the rate will allow it. */
static bool runner_has_work(const struct runner *r)
{
	const struct plan_relay *plan;

	if (r->crew.count > 0)
		return true;
	STAILQ_FOREACH (plan, &r->plan.relays, next)
		if (!r->stopping && pass_relay_is_paused(plan->context))
			return true;
	return false;
}

/* Relays whose rate lets another message go by now. */
static void runner_resume(struct runner *r)
{
	struct plan_relay *plan;

	STAILQ_FOREACH (plan, &r->plan.relays, next) {
		struct pass_relay *relay = plan->context;

		if (relay->sends && plan->waiting > 0 && !pass_relay_is_paused(relay))
			runner_dispatch_relay(r, relay);
	}
}

/* New messages, if it is time to look for them. */
static void runner_look(struct runner *r)
{
	struct error error;

	if (clock_now() < r->next_look)
		return;
	if (spool_is_changed(r->o->spool, r->listed) && !r->result->local &&
	    runner_list(r, &error))
		runner_say(r, error.text);
	r->next_look = clock_in(RUNNER_LOOK);
	runner_dispatch(r);
}

/* Works until nothing is left that can go. */
static void runner_work(struct runner *r)
{
	runner_dispatch(r);
	while (runner_has_work(r)) {
		runner_wait(r);
		if (r->o->look)
			r->o->look(r->o->context, r->result);
		if (*r->o->stop && !r->stopping) {
			r->stopping = true;
			crew_stop(&r->crew);
		}
		if (r->stopping)
			continue;
		runner_resume(r);
		runner_look(r);
	}
}

/* What waits for a digest; and when relays that are down are due. */
static void runner_finish_relay(struct runner *r, struct pass_relay *relay)
{
	struct health_relay *health = runner_health(r, relay);
	int64_t wait = pass_relay_rate_wait(relay);
	int64_t now = time(NULL), due;
	struct error error;

	if (settle_digest(&r->settle, relay, &due, &error))
		runner_say(r, error.text);
	runner_note_due(r, due);
	if (relay->stopped && health)
		runner_note_due(r, health->next);
	if (!relay->stopped && relay->plan->waiting > 0)
		runner_note_due(r, now + (wait > 0 ? wait / 1000 + 1 : RUNNER_WAIT));
	if (relay->account && health)
		pass_relay_keep(relay, health);
}

/* A pass with the lock held. */
static int runner_pass(struct runner *r, struct error *error)
{
	struct plan_relay *plan;

	if (runner_list(r, error))
		return -1;
	runner_work(r);
	STAILQ_FOREACH (plan, &r->plan.relays, next)
		runner_finish_relay(r, plan->context);
	r->result->seen = r->listed;
	health_save(&r->health, r->o->spool);
	return 0;
}

static void runner_clear(struct runner *r)
{
	struct plan_relay *plan;

	STAILQ_FOREACH (plan, &r->plan.relays, next)
		pass_relay_free(plan->context);
	plan_clear(&r->plan);
	health_clear(&r->health);
}

int runner_run(const struct runner_options *o, struct runner_result *result,
	       struct error *error)
{
	struct runner r = {
		.o = o,
		.result = result,
		.crew.o = {.spool = o->spool,
			   .relay = o->relay,
			   .now = o->now,
			   .stop = o->stop},
		.settle = {.spool = o->spool, .health = &r.health, .hook_left = SETTLE_HOOK},
	};
	bool again = false;
	int made = 0;
	int got;

	*result = (struct runner_result){0};
	plan_init(&r.plan);
	do {
		got = spool_lock(o->spool, SPOOL_LOCK_RUN, error);
		if (got <= 0)
			break;
		health_clear(&r.health);
		health_load(&r.health, o->spool);
		if (!again)
			spool_clean(o->spool);
		made = runner_pass(&r, error) ? -1 : 1;
		spool_unlock(o->spool, SPOOL_LOCK_RUN);
		/* Who came meanwhile did not get the lock, and left it to us. */
		again = made > 0 && !*o->stop && !result->local && runner_has_new(&r);
	} while (again);
	runner_clear(&r);
	return got < 0 && made == 0 ? -1 : made;
}
