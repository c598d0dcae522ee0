/* Passes over the queues of one user: see run_own.h. */
#include "cmd/run_own.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/context_load.h"
#include "deliver/runner.h"

enum {
	RUN_LOOK = 5,       /* seconds between looks at a queue while waiting */
	RUN_BUSY = 1,       /* seconds until a queue is tried again that another process has */
	RUN_QUEUES_MAX = 64 /* of one user */
};

/* A configuration that messages were queued with. */
struct run_config {
	char *path; /* NULL: the usual files */
	struct context context;
};

struct run_queue {
	struct spool *spool;
	struct timespec changed; /* before the last pass */
	int64_t due;             /* seconds; 0: nothing is */
	bool waiting;            /* we hold its waiter's lock */
};

struct run {
	struct context *x;
	struct run_own *own;
	struct run_config *configs[RUN_QUEUES_MAX];
	size_t config_count;
	struct run_queue queues[RUN_QUEUES_MAX];
	size_t queue_count;
	int code;
};

static void run_fail(struct run *r, const struct error *error)
{
	int code = context_fail(r->x, error);

	if (r->code == EX_OK)
		r->code = code;
}

/* A configuration of its own, as a new process would have it. */
static int run_load_config(struct run *r, struct run_config *c, const char *path,
			   struct error *error)
{
	struct context *y = &c->context;

	*y = (struct context){.name = r->x->name};
	buf_init(&y->netrc_path, 4096);
	c->path = path ? strdup(path) : NULL;
	y->options.config_file = path ? strdup(path) : NULL;
	if (path && (!c->path || !y->options.config_file))
		return error_set_memory(error);
	return context_load(y, error);
}

static void run_free_config(struct run_config *c)
{
	if (!c)
		return;
	free(c->path);
	options_clear(&c->context.options);
	context_forget(&c->context);
	free(c);
}

/* The context that the path stands for: our own where that was made of the same files. */
static struct context *run_config(struct run *r, const char *path, struct error *error)
{
	struct run_config *c;

	if (!path && !r->x->options.config_file)
		return r->x;
	for (size_t i = 0; i < r->config_count; i++)
		if (string_equals(r->configs[i]->path, path))
			return &r->configs[i]->context;
	if (r->config_count == RUN_QUEUES_MAX) {
		error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			  "messages were queued with more than %d files of configuration",
			  RUN_QUEUES_MAX);
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		error_set_memory(error);
		return NULL;
	}
	if (run_load_config(r, c, path, error)) {
		run_free_config(c);
		return NULL;
	}
	r->configs[r->config_count++] = c;
	return &c->context;
}

/* The account that a message was queued with. One that the environment made has its name. */
static const struct account *run_find(void *context, const char *name, const char *config,
				      struct error *error)
{
	struct context *x = run_config(context, config, error);
	const struct account *a = x ? config_find(&x->config, name) : NULL;

	if (x && !a && x->account && strcmp(x->account->name, name) == 0)
		a = x->account;
	if (x && !a)
		error_set(error, ERROR_RELAY, STAGE_CONFIG,
			  "messages wait for the account \"%s\", which %s does not have%s",
			  TEXT_SHOW(span_of(name)),
			  config ? TEXT_SHOW(span_of(config)) : "the configuration",
			  config ? "" : " (any more)");
	return a && account_check_relay(a, error) == 0 ? a : NULL;
}

static void run_tell(void *context, const char *text)
{
	const struct run *r = context;

	context_tell(r->x, text);
}

static void run_show_progress(void *context, const struct runner_result *so_far)
{
	const struct run *r = context;
	size_t vain = so_far->left + so_far->held_up;
	size_t done = so_far->sent + vain;
	struct buf line;

	buf_init(&line, 256);
	buf_printf(&line, "%zu of %zu: sending", done < so_far->planned ? done + 1 : done,
		   so_far->planned);
	if (vain > 0)
		buf_printf(&line, ", %zu in vain", vain);
	progress_show(r->x->progress, line.data);
	buf_clear(&line);
}

static void run_show_result(const struct run *r, const struct run_queue *q,
			    const struct runner_result *result)
{
	struct buf line;

	if (!r->x->options.verbose)
		return;
	buf_init(&line, 8192);
	buf_printf(&line, "%s: %zu sent, %zu in vain, %zu not tried",
		   TEXT_SHOW(span_of(spool_path(q->spool))), result->sent, result->left,
		   result->held_up);
	context_tell(r->x, line.data);
	buf_clear(&line);
}

/* A person who wants all to be tried is told that it may not be. */
static void run_show_other(const struct run *r, const struct run_queue *q)
{
	struct buf line;

	buf_init(&line, 8192);
	buf_printf(&line, "%s: another process runs this queue already, and tries what is due",
		   TEXT_SHOW(span_of(spool_path(q->spool))));
	context_tell(r->x, line.data);
	buf_clear(&line);
}

/* A pass over one queue. now: whatever the times say. */
static void run_pass(struct run *r, struct run_queue *q, bool now)
{
	const struct options *o = &r->x->options;
	struct runner_options options = {
		.spool = q->spool,
		.find = run_find,
		.tell = run_tell,
		.look = r->x->progress ? run_show_progress : NULL,
		.context = r,
		.relay = context_relay(r->x, NULL),
		.now = now,
		.choice = {o->queue_id, o->queue_recipient, o->queue_sender},
		.stop = r->own->stop,
	};
	struct runner_result result = {0};
	struct error error;
	int made;

	spool_changed(q->spool, &q->changed);
	made = runner_run(&options, &result, &error);
	progress_hide(r->x->progress);
	if (made < 0)
		run_fail(r, &error);
	if (made > 0) {
		run_show_result(r, q, &result);
		q->changed = result.seen;
	}
	if (made == 0 && now)
		run_show_other(r, q);
	if (result.local && r->code == EX_OK)
		r->code = EX_TEMPFAIL;
	q->due = made == 0 ? time(NULL) + RUN_BUSY : result.local ? 0 : result.due;
}

/* Whether a queue has its place in the list already. */
static bool run_has(const struct run *r, const char *path)
{
	for (size_t i = 0; i < r->queue_count; i++)
		if (strcmp(spool_path(r->queues[i].spool), path) == 0)
			return true;
	return false;
}

static void run_open(struct run *r, const struct spool_place *place, bool again)
{
	struct spool *s = NULL;
	struct error error;

	if (spool_open(&s, place, false, &error) && !again)
		run_fail(r, &error);
	if (!s || r->queue_count == RUN_QUEUES_MAX || run_has(r, spool_path(s))) {
		spool_free(s);
		return;
	}
	r->queues[r->queue_count++] = (struct run_queue){.spool = s};
}

/* All queues of the user: accounts may have their own. again: those that were made meanwhile;
 * what is wrong with the others was told. */
static void run_open_all(struct run *r, bool again)
{
	const struct config *c = &r->x->config;
	struct spool_place place = context_spool(r->x, NULL);

	if (r->own->spool_dir)
		place.configured = r->own->spool_dir;
	run_open(r, &place, again);
	for (size_t i = 0; !r->own->spool_dir && i < c->count; i++) {
		place = context_spool(r->x, &c->accounts[i]);
		run_open(r, &place, again);
	}
}

static void run_open_log(const struct run *r)
{
	const struct account *a = r->x->account ? r->x->account : config_default(&r->x->config);

	if (a)
		context_open_log(r->x, a);
	else
		log_open(NULL, 0, "pennypost");
}

static void run_forget_configs(struct run *r)
{
	while (r->config_count > 0)
		run_free_config(r->configs[--r->config_count]);
}

/* Who mends his password or his relay need not know that we are there. */
static void run_reload(struct run *r)
{
	struct error error;

	run_forget_configs(r);
	if (context_reload(r->x, &error))
		context_fail(r->x, &error);
	run_open_log(r);
}

static void run_close(struct run *r)
{
	for (size_t i = 0; i < r->queue_count; i++)
		spool_free(r->queues[i].spool);
	run_forget_configs(r);
}

/* Whether there is something to wait for in the queue, with nobody else at it. */
static bool run_may_wait(struct run *r, struct run_queue *q, int64_t until)
{
	struct error error;

	if (!r->own->every && (q->due == 0 || q->due > until)) {
		spool_unlock(q->spool, SPOOL_LOCK_WAIT);
		q->waiting = false;
		return false;
	}
	if (!q->waiting)
		q->waiting = spool_lock(q->spool, SPOOL_LOCK_WAIT, &error) > 0;
	return q->waiting || r->own->every;
}

/* Sleeps for a few seconds, less if a signal comes or something is due. */
static void run_sleep(const struct run *r, int64_t wake)
{
	int64_t now = time(NULL);
	struct timespec pause = {RUN_LOOK, 0};

	for (size_t i = 0; i < r->queue_count; i++)
		if (r->queues[i].due > 0 && r->queues[i].due < wake)
			wake = r->queues[i].due;
	if (wake - now < RUN_LOOK)
		pause.tv_sec = wake > now ? wake - now : 0;
	if (pause.tv_sec == 0)
		pause.tv_nsec = 100 * 1000 * 1000;
	if (!*r->own->stop)
		nanosleep(&pause, NULL);
}

/* Another pass over a queue if something is due in it or new. Returns whether it was new. */
static bool run_look(struct run *r, struct run_queue *q)
{
	bool changed = spool_is_changed(q->spool, q->changed);

	if (!changed && (q->due == 0 || q->due > time(NULL)))
		return false;
	/* Beside a process that stays for ever nobody need wait. */
	if (!r->own->every) {
		spool_unlock(q->spool, SPOOL_LOCK_WAIT);
		q->waiting = false;
	}
	run_reload(r);
	run_pass(r, q, false);
	return changed;
}

/* Passes when their time comes: until the next round, or for what is due soon. */
static void run_wait(struct run *r)
{
	int every = r->own->every;
	int length = every ? every : RUNNER_WAIT;
	int64_t until = time(NULL) + length;
	int64_t limit = clock_in(length * INT64_C(1000)); /* should the time of day go back */
	bool any = true;

	while (any && !*r->own->stop && time(NULL) < until && clock_left(limit) > 0) {
		any = every > 0;
		for (size_t i = 0; i < r->queue_count; i++)
			any |= run_may_wait(r, &r->queues[i], until);
		if (any)
			run_sleep(r, until);
		if (every)
			run_open_all(r, true);
		for (size_t i = 0; any && i < r->queue_count && !*r->own->stop; i++)
			/* Who left his messages to us may rely on us for as long again. */
			if (run_look(r, &r->queues[i]) && !every) {
				until = time(NULL) + length;
				limit = clock_in(length * INT64_C(1000));
			}
	}
}

int run_own(struct context *x, struct run_own *own)
{
	struct run r = {.x = x, .own = own};
	struct error error;

	if (context_load(x, &error))
		return context_fail(x, &error);
	if (own->watched && x->secrets.may_prompt && !options_are_brief(&x->options))
		x->progress = progress_new();
	x->secrets.may_prompt = false;
	run_open_log(&r);
	run_open_all(&r, false);
	for (size_t i = 0; i < r.queue_count && !*own->stop; i++)
		run_pass(&r, &r.queues[i], own->now);
	if (own->behind || own->every)
		run_wait(&r);
	own->due = 0;
	for (size_t i = 0; i < r.queue_count; i++)
		if (r.queues[i].due > 0 && (own->due == 0 || r.queues[i].due < own->due))
			own->due = r.queues[i].due;
	run_close(&r);
	return r.code;
}
