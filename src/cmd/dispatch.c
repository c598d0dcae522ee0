/* What becomes of a message: see dispatch.h. */
#include "cmd/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "cmd/interrupt.h"
#include "cmd/remedy.h"
#include "cmd/run_queue.h"
#include "cmd/written.h"
#include "deliver/enqueue.h"
#include "deliver/runner.h"
#include "mail/date.h"
#include "queue/spool_list.h"

enum {
	DISPATCH_LINE_MAX = 16 * 1024,
	DISPATCH_AGAIN = 60 /* seconds between runs for what waited already */
};

void dispatch_init(struct dispatch *d, const struct context *x, dispatch_tell *tell,
		   void *tell_context)
{
	*d = (struct dispatch){.x = x, .tell = tell, .tell_context = tell_context};
}

/* Leaves a queue, to a runner where one has something to do. */
static void dispatch_leave_spool(struct dispatch *d)
{
	if (d->wakes)
		run_queue_behind(d->x, spool_path(d->spool), d->config);
	d->wakes = false;
	spool_free(d->spool);
	d->spool = NULL;
}

void dispatch_finish(struct dispatch *d)
{
	dispatch_leave_spool(d);
	free(d->config);
}

static void dispatch_complain(struct dispatch *d, const char *line)
{
	d->tell(d->tell_context, line);
	log_line(LOG_LEVEL_ERROR, "%s", line);
}

/* Whether the account's secret is one that a person types. */
static bool dispatch_is_typed(const struct dispatch *d, const struct account *a)
{
	return account_wants_auth(a) && account_user(a) && a->auth != ACCOUNT_AUTH_EXTERNAL &&
	       a->auth != ACCOUNT_AUTH_GSSAPI && secret_is_typed(a, &d->x->secrets);
}

/* Whether another process, later, will find the account as it is now. -1 with d->why. */
static int dispatch_check(struct dispatch *d, const struct account *a)
{
	const char *word = context_passing_word(d->x);
	const char *file = context_config_file(d->x, a);

	d->off = a->queue == SETTING_OFF;
	if (d->off)
		return error_set(&d->why, ERROR_LOCAL, STAGE_CONFIG, "the queue is off");
	if (word)
		return error_set(&d->why, ERROR_LOCAL, STAGE_USAGE,
				 "nobody could send it later, because \"%s\" was said on the "
				 "command line alone",
				 word);
	if (dispatch_is_typed(d, a))
		return error_set(&d->why, ERROR_LOCAL, STAGE_CONFIG,
				 "nobody could send it later, because the password is typed");
	free(d->config);
	d->config = NULL;
	if (file && !(d->config = realpath(file, NULL)))
		return error_set_errno(&d->why, ERROR_LOCAL, STAGE_CONFIG, errno,
				       "cannot tell where \"%s\" is", TEXT_SHOW(span_of(file)));
	return 0;
}

/* The queue of an account's messages; NULL with d->why. */
static struct spool *dispatch_spool(struct dispatch *d, const struct account *a)
{
	const struct spool_place place = context_spool(d->x, a);

	if (dispatch_check(d, a))
		return NULL;
	if (d->spool && d->account == a)
		return d->spool;
	dispatch_leave_spool(d);
	d->account = a;
	if (spool_open(&d->spool, &place, true, &d->why))
		return NULL;
	return d->spool;
}

/* Queues the whole message, or what an attempt left over with o->fates. Returns 0, or -1 with
 * d->why. */
static int dispatch_enqueue(struct dispatch *d, const struct submission *s,
			    const struct attempt *a, unsigned fates, struct result_kept *kept)
{
	struct spool *spool = dispatch_spool(d, s->account);
	const struct enqueue_options o = {
		.config = d->config,
		.release = d->x->options.release,
		.fates = fates,
		.failed = a && fates == 1u << ATTEMPT_FAILED,
	};
	struct entry e;
	int failed;

	if (!spool)
		return -1;
	course_enter(d->course, COURSE_QUEUE);
	failed = enqueue(spool, s, a, &o, &e, &d->why);
	for (int i = 0; !failed && i < ATTEMPT_FATES; i++)
		if ((fates >> i) & 1)
			memcpy(kept->ids[i], e.id, sizeof(e.id));
	if (!failed) {
		kept->fates |= fates;
		kept->release = e.release;
		d->wakes |= s->account->runner != SETTING_OFF &&
			    s->account->delivery != ACCOUNT_DELIVERY_QUEUE &&
			    e.release <= time(NULL) + RUNNER_WAIT;
	}
	entry_clear(&e);
	course_rest(d->course);
	return failed;
}

static void dispatch_show_kept(const struct result_kept *kept, enum attempt_fate fate,
			       struct buf *out)
{
	buf_printf(out, "queued as %s", kept->ids[fate]);
	if (kept->release > time(NULL)) {
		buf_add_string(out, ", to be sent at ");
		date_rfc5322(out, (time_t)kept->release);
	}
}

/* All of it into the queue, without an attempt. Returns 0, or -1 with d->why. */
static int dispatch_queue(struct dispatch *d, const struct submission *s)
{
	struct buf line;

	if (dispatch_enqueue(d, s, NULL, 1u << ATTEMPT_WAITS, &d->kept))
		return -1;
	if (d->hushed || options_are_brief(&d->x->options))
		return 0;
	buf_init(&line, DISPATCH_LINE_MAX);
	dispatch_show_kept(&d->kept, ATTEMPT_WAITS, &line);
	d->tell(d->tell_context, line.data);
	buf_clear(&line);
	return 0;
}

/* What is queued of what can be sent later. */
static unsigned dispatch_waits(const struct dispatch *d, const struct attempt *a)
{
	unsigned waits = 1u << ATTEMPT_WAITS;

	if (d->x->options.sendmail ||
	    (d->one_answer && attempt_count(a, 1u << ATTEMPT_SENT) > 0))
		waits |= 1u << ATTEMPT_BLOCKED;
	return waits;
}

/* Some have it, or will, and the others were refused: their sender is told by a report. */
static void dispatch_keep_failed(struct dispatch *d, const struct attempt *a,
				 struct result_kept *kept)
{
	unsigned failed = 1u << ATTEMPT_FAILED;
	size_t lost = attempt_count(a, failed);
	size_t cared = attempt_count(a, 1u << ATTEMPT_SENT | kept->fates);

	if (lost > 0 && cared > 0 && lost + cared == a->transaction.count)
		dispatch_enqueue(d, a->submission, a, failed, kept);
}

/* Queues what may be sent later. The doubted are an entry of their own, because only they may
 * get the message twice. */
static void dispatch_keep(struct dispatch *d, const struct submission *s,
			  const struct attempt *a, struct result_kept *kept)
{
	unsigned waits = dispatch_waits(d, a);

	if (attempt_count(a, waits) > 0)
		dispatch_enqueue(d, s, a, waits, kept);
	if (attempt_count(a, 1u << ATTEMPT_DOUBTED) == 0)
		return;
	if (s->account->duplicates == SETTING_OFF)
		error_set(&d->why, ERROR_LOCAL, STAGE_VERDICT,
			  "it is never sent twice (duplicates never)");
	else
		dispatch_enqueue(d, s, a, 1u << ATTEMPT_DOUBTED, kept);
}

/* "not queued: ..." behind what was told, once; nothing where all is queued that may be, or the
 * queue is off. A relay that has to be mended first is waited for only under sendmail's name.
 */
static void dispatch_show_why(struct dispatch *d, const struct attempt *a, unsigned kept,
			      struct buf *out)
{
	unsigned blocked = 1u << ATTEMPT_BLOCKED & ~kept;
	unsigned all = dispatch_waits(d, a) | 1u << ATTEMPT_DOUBTED;

	if (d->why_told || d->off)
		return;
	if (attempt_count(a, all & ~kept) == 0) {
		if (attempt_count(a, blocked) > 0)
			buf_printf(out, "%snot queued", out->len > 0 ? "; " : "");
		return;
	}
	buf_printf(out, "%snot queued: %s", out->len > 0 ? "; " : "", d->why.text);
	d->why_told = true;
}

/* Whether the same befell all, so that one line tells it. */
static bool dispatch_is_uniform(const struct attempt *a, const struct result_kept *kept)
{
	for (size_t i = 1; i < a->transaction.count; i++)
		if (attempt_fate(a, i) != attempt_fate(a, 0) && kept->fates)
			return false;
	return attempt_is_uniform(a);
}

static void dispatch_show_recipient(const struct attempt *a, size_t i,
				    const struct result_kept *kept, struct buf *out)
{
	enum attempt_fate fate = attempt_fate(a, i);

	buf_printf(out, "<%s> ", a->transaction.recipients[i].path);
	if (!((kept->fates >> fate) & 1)) {
		attempt_show(a, i, out);
		return;
	}
	dispatch_show_kept(kept, fate, out);
	if (a->transaction.trouble.class == ERROR_NONE && !a->transaction.recipients[i].refused)
		return;
	buf_add_string(out, ": ");
	attempt_show_reason(a, i, out);
}

/* Behind what the relay said, what mends it, where that is known and waiting does not; once a
 * message. What failed before the relay spoke says it itself; and who hands messages over in a
 * session, or many at once, does not want it in his way. */
static void dispatch_show_remedy(struct dispatch *d, const struct account *a,
				 const struct error *e, struct buf *out)
{
	struct remedy r;
	struct buf meaning;
	bool waits;

	if (e->code == 0 || d->remedy_told || d->one_answer || d->one_line)
		return;
	buf_init(&meaning, REMEDY_MAX);
	if (remedy_find(a, &d->x->secrets, e, &r, &meaning, &waits) && !waits) {
		buf_printf(out, "%s; ", meaning.data);
		remedy_show(&r, a, out);
		d->remedy_told = true;
	}
	buf_clear(&meaning);
}

/* Why a recipient alone was refused, as an error; class none: he was not. */
static struct error dispatch_refusal(const struct attempt *a, size_t i)
{
	const struct smtp_recipient *to = &a->transaction.recipients[i];
	struct error e = {.class = ERROR_NONE};

	if (to->refused && !to->why)
		reply_refuse(&to->slot.reply, ERROR_RECIPIENT, STAGE_RCPT, "RCPT", &e);
	return e;
}

/* One line a recipient, the sent ones too, so that nobody sends again; or all in one. What does
 * not fit is in the log. */
static void dispatch_tell_each(struct dispatch *d, const struct attempt *a,
			       const struct result_kept *kept)
{
	struct buf line, one;

	buf_init(&line, DISPATCH_LINE_MAX);
	buf_init(&one, DISPATCH_LINE_MAX);
	for (size_t i = 0; i < a->transaction.count; i++) {
		const struct error refusal = dispatch_refusal(a, i);

		buf_reset(&one);
		dispatch_show_recipient(a, i, kept, &one);
		if (refusal.class != ERROR_NONE)
			dispatch_show_remedy(d, a->submission->account, &refusal, &one);
		if (!d->one_line)
			d->tell(d->tell_context, one.data);
		else if (line.len + one.len < DISPATCH_LINE_MAX / 2)
			buf_printf(&line, "%s%s", i > 0 ? "; " : "", one.data);
	}
	dispatch_show_why(d, a, kept->fates, &line);
	if (line.len > 0)
		d->tell(d->tell_context, line.data);
	buf_clear(&one);
	buf_clear(&line);
}

/* The same trouble for all, in one line. */
static void dispatch_tell_all(struct dispatch *d, const struct attempt *a,
			      const struct result_kept *kept)
{
	enum attempt_fate fate = attempt_fate(a, 0);
	struct buf line;

	buf_init(&line, DISPATCH_LINE_MAX);
	if ((kept->fates >> fate) & 1) {
		dispatch_show_kept(kept, fate, &line);
		buf_add_string(&line, ": ");
	}
	buf_add_string(&line, a->transaction.trouble.text);
	dispatch_show_why(d, a, kept->fates, &line);
	dispatch_show_remedy(d, a->submission->account, &a->transaction.trouble, &line);
	d->tell(d->tell_context, line.data);
	buf_clear(&line);
}

/* What the relay may not like, which is in the log already, and which of the wishes it knows
 * nothing of. */
static void dispatch_warn(struct dispatch *d, const struct attempt *a)
{
	bool brief = options_are_brief(&d->x->options);
	const char *text;

	if (a->warning[0] && !brief)
		d->tell(d->tell_context, a->warning);
	for (unsigned n = 0; (text = parameters_warning(a->transaction.dropped, n)) != NULL;
	     n++) {
		if (!brief)
			d->tell(d->tell_context, text);
		log_line(LOG_LEVEL_NOTICE, "%s", text);
	}
}

/* 75 would have the caller send again what must never be sent twice. */
static int dispatch_code(const struct submission *s, const struct attempt *a,
			 const struct result_kept *kept)
{
	if (s->account->duplicates == SETTING_OFF &&
	    attempt_count(a, 1u << ATTEMPT_DOUBTED) > 0)
		return EX_UNAVAILABLE;
	return attempt_exit_code(a, kept->fates);
}

/* The relay takes mail: what waits in the queue may want to know. */
static void dispatch_look(struct dispatch *d, const struct account *a)
{
	const struct spool_place place = context_spool(d->x, a);
	struct error ignored;

	if (d->wakes || d->looked == a || a->runner == SETTING_OFF || a->queue == SETTING_OFF ||
	    context_passing_word(d->x))
		return;
	d->looked = a;
	if (d->account != a) {
		dispatch_leave_spool(d);
		d->account = a;
	}
	if (!d->spool && spool_open(&d->spool, &place, false, &ignored))
		return;
	d->wakes = d->spool && spool_wants_run(d->spool, DISPATCH_AGAIN) &&
		   dispatch_check(d, a) == 0;
}

/* Not all of them have it: what can be is queued, and the caller is told. */
static int dispatch_settle(struct dispatch *d, const struct attempt *a)
{
	struct result_kept *kept = &d->kept;
	int code;

	dispatch_keep(d, a->submission, a, kept);
	if (d->one_answer)
		dispatch_keep_failed(d, a, kept);
	code = dispatch_code(a->submission, a, kept);
	if (code == EX_OK && options_are_brief(&d->x->options))
		return code;
	if (dispatch_is_uniform(a, kept))
		dispatch_tell_all(d, a, kept);
	else
		dispatch_tell_each(d, a, kept);
	return code;
}

static int dispatch_attempt(struct dispatch *d, struct attempt *a, struct channel *c,
			    struct attempt *follower, bool last)
{
	size_t sent;
	int code = EX_OK;

	d->tried = true;
	attempt_make(a, c, follower, last);
	dispatch_warn(d, a);
	d->kept = (struct result_kept){0};
	sent = attempt_count(a, 1u << ATTEMPT_SENT);
	interrupt_hold(sent < a->transaction.count);
	if (sent < a->transaction.count)
		code = dispatch_settle(d, a);
	if (sent > 0)
		dispatch_look(d, a->submission->account);
	return code;
}

/* Nothing could be queued, and so nothing is done. */
static int dispatch_give_up(struct dispatch *d)
{
	error_prefix(&d->why, "not queued");
	dispatch_complain(d, d->why.text);
	return EX_TEMPFAIL;
}

/* The queue has the message. Who is refused by the aliases is told of now. */
static int dispatch_queued(struct dispatch *d, struct attempt *a)
{
	if (a->submission->refused.names.count == 0)
		return EX_OK;
	d->waited = true;
	attempt_wait(a);
	if (d->one_answer)
		dispatch_keep_failed(d, a, &d->kept);
	if (attempt_exit_code(a, d->kept.fates) != EX_OK)
		dispatch_tell_each(d, a, &d->kept);
	return attempt_exit_code(a, d->kept.fates);
}

static int dispatch_decide(struct dispatch *d, struct attempt *a, struct channel *c,
			   struct attempt *follower, bool last)
{
	const struct submission *s = a->submission;
	enum account_delivery delivery = s->account->delivery;
	bool waits = delivery == ACCOUNT_DELIVERY_QUEUE || d->x->options.release;

	interrupt_hold(waits || delivery == ACCOUNT_DELIVERY_BACKGROUND);
	if (waits)
		return dispatch_queue(d, s) ? dispatch_give_up(d) : dispatch_queued(d, a);
	if (delivery != ACCOUNT_DELIVERY_BACKGROUND)
		return dispatch_attempt(d, a, c, follower, last);
	if (dispatch_queue(d, s) == 0)
		return dispatch_queued(d, a);
	if (!d->off) {
		struct error why = d->why;

		error_prefix(&why, "not sent in the background");
		dispatch_complain(d, why.text);
		d->why_told = true;
	}
	interrupt_hold(false);
	/* The follower will find its place in the queue, perhaps. */
	return dispatch_attempt(d, a, c, NULL, last);
}

/* --json. It takes the place of no line on standard error, and changes no exit status. */
static void dispatch_print(struct dispatch *d, const struct attempt *a, const struct channel *c,
			   int64_t begun, int code)
{
	const struct result r = {
		.submission = a->submission,
		.attempt = d->tried || d->waited ? a : NULL,
		.untried = d->waited,
		.kept = &d->kept,
		.course = c->relay.course,
		.trouble = d->tried ? NULL : &d->why,
		.file = d->file,
		.number = d->number,
		.prepared = d->prepared,
		.total = d->prepared + course_clock() - begun,
		.code = code,
	};
	struct error error;

	if (result_print(&r, &error))
		dispatch_complain(d, error.text);
}

int dispatch_message(struct dispatch *d, struct attempt *a, struct channel *c,
		     struct attempt *follower, bool last)
{
	bool json = d->x->options.json;
	int64_t begun = json ? course_clock() : 0;
	int code;

	d->why_told = d->tried = d->waited = false;
	d->kept = (struct result_kept){0};
	d->why.class = ERROR_NONE;
	d->course = c->relay.course;
	course_begin(d->course);
	code = dispatch_decide(d, a, c, follower, last);
	if (json)
		dispatch_print(d, a, c, begun, code);
	if (code == EX_OK)
		written_drop();
	interrupt_told();
	return code;
}
