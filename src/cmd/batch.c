/*
 * Many messages: see batch.h. A message is read and made ready while the one before it waits,
 * so that it may leave behind that in one flight, and that the last one is known as such and
 * takes QUIT along; no more than two are ever held.
 */
#include "cmd/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "cmd/dispatch.h"
#include "cmd/dry_run.h"
#include "cmd/interrupt.h"
#include "cmd/submit.h"
#include "deliver/channel.h"
#include "mail/mailbox.h"

enum { BATCH_LINE_MAX = 16 * 1024 };

/* A message that waits for its turn. It must not be moved. */
struct batch_message {
	struct message *message; /* NULL: none */
	int fd;                  /* where its body may still be */
	char *path;
	size_t number;
	size_t file; /* of the operands */
	struct submission submission;
	struct attempt attempt;
	int64_t prepared; /* microseconds that it took to read, where --json asks */
	bool failed;      /* it cannot be tried: the error tells why, when it is its turn */
	struct error error;
};

struct batch {
	struct context *x;
	struct submission_request request;
	struct message_options options;
	size_t file;  /* the next operand */
	size_t count; /* messages so far */
	struct mailbox *box;
	struct channels channels;
	const struct account *logged; /* the account whose log is open */
	struct dispatch dispatch;
	const struct batch_message *present; /* the one it is about */
	int code;
};

static void batch_note_code(struct batch *b, int code)
{
	if (b->code == EX_OK || code == EX_TEMPFAIL)
		b->code = code;
}

static void batch_tell(const struct batch *b, const char *path, size_t number, const char *text)
{
	struct buf line;

	buf_init(&line, BATCH_LINE_MAX);
	buf_printf(&line, "%s: message %zu: %s", TEXT_SHOW(span_of(path)), number, text);
	context_tell(b->x, buf_failed(&line) ? text : line.data);
	buf_clear(&line);
}

static void batch_tell_present(void *context, const char *line)
{
	const struct batch *b = context;

	batch_tell(b, b->present->path, b->present->number, line);
}

/* A message that did not get as far as an attempt. */
static void batch_fail(struct batch *b, const char *path, size_t number,
		       const struct submission *s, const struct error *error)
{
	const struct result r = {
		.submission = s,
		.trouble = error,
		.file = path,
		.number = number,
		.code = error_exit_code(error),
	};
	struct error trouble;

	batch_tell(b, path, number, error->text);
	log_line(LOG_LEVEL_ERROR, "%s: message %zu: %s", path, number, error->text);
	batch_note_code(b, r.code);
	if (options_want_result(&b->x->options) && result_print(&r, &trouble))
		context_complain(b->x, trouble.text);
}

/* The next file; one that cannot be opened is told and passed over. Returns 1, 0 at the end. */
static int batch_open(struct batch *b)
{
	const struct strv *files = &b->x->options.files;
	struct error error;

	while (b->file < files->count) {
		const char *path = files->items[b->file++];

		b->box = mailbox_open(path, b->options.temporary_dir, &error);
		if (b->box)
			return 1;
		error_prefix(&error, "%s", TEXT_SHOW(span_of(path)));
		batch_note_code(b, context_fail(b->x, &error));
	}
	return 0;
}

static void batch_forget(struct batch_message *m)
{
	attempt_clear(&m->attempt);
	submission_clear(&m->submission);
	message_free(m->message);
	if (m->fd >= 0)
		close(m->fd);
	free(m->path);
	*m = (struct batch_message){.fd = -1};
}

static struct message *batch_read_message(struct batch *b, int fd, struct error *error)
{
	struct message *m;

	b->options.course = context_reads(b->x, fd);
	m = message_read(fd, &b->options, error);
	context_has_read(b->x);
	return m;
}

/* Reads one message. Returns 0, or -1 when it was told that it cannot be read. */
static int batch_read(struct batch *b, const struct mailbox_item *item, struct batch_message *m)
{
	int64_t before = context_took(b->x);
	struct error error;

	*m = (struct batch_message){
		.fd = item->fd, .number = item->number, .path = span_dup(span_of(item->path))};
	if (m->path)
		m->message = batch_read_message(b, item->fd, &error);
	else
		error_set_memory(&error);
	if (!m->message) {
		batch_fail(b, item->path, item->number, NULL, &error);
		batch_forget(m);
		return -1;
	}
	m->failed = submission_prepare(&m->submission, m->message, &b->x->config, &b->request,
				       &m->error) ||
		    attempt_init(&m->attempt, &m->submission, &m->error);
	m->file = b->file;
	m->prepared = context_took(b->x) - before;
	return 0;
}

/* The next message that can be had; none at the end. */
static void batch_fetch(struct batch *b, struct batch_message *m)
{
	struct mailbox_item item;
	struct error error;

	*m = (struct batch_message){.fd = -1};
	while (b->box || batch_open(b)) {
		int result = mailbox_next(b->box, &item, &error);

		if (result > 0 && batch_read(b, &item, m) == 0)
			return;
		if (result < 0)
			batch_fail(b, item.path, item.number, NULL, &error);
		if (result == 0) {
			mailbox_free(b->box);
			b->box = NULL;
		}
	}
}

/* What may follow m over the same channel, or NULL. */
static struct attempt *batch_follower(const struct batch_message *m, struct batch_message *next)
{
	bool follows = next->message && !next->failed &&
		       next->submission.account == m->submission.account;

	return follows ? &next->attempt : NULL;
}

/* What a person sees of it, and is told when he stops it. */
static void batch_watch(struct batch *b, const struct batch_message *m, const struct channel *c)
{
	size_t files = b->x->options.files.count;
	struct buf what;

	progress_count(b->x->progress, files > 1 ? m->file : ++b->count, files > 1 ? files : 0);
	if (!b->x->is_watched)
		return;
	buf_init(&what, BATCH_LINE_MAX);
	buf_printf(&what, "%s: message %zu: ", TEXT_SHOW(span_of(m->path)), m->number);
	interrupt_subject(&c->course, m->attempt.transaction.count, what.data);
	buf_clear(&what);
}

static void batch_dispatch(struct batch *b, struct batch_message *m, struct batch_message *next)
{
	const struct account *account = m->submission.account;
	const struct relay_options relay = context_relay(b->x, account);
	struct channel *channel = channels_get(&b->channels, &relay);

	b->present = m;
	if (!channel) {
		m->failed = error_set_memory(&m->error) != 0;
		return;
	}
	batch_watch(b, m, channel);
	b->dispatch.file = m->path;
	b->dispatch.number = m->number;
	b->dispatch.prepared = m->prepared;
	batch_note_code(b, dispatch_message(&b->dispatch, &m->attempt, channel,
					    batch_follower(m, next), !next->message));
}

static void batch_open_log(struct batch *b, const struct account *account)
{
	if (b->logged != account)
		context_open_log(b->x, account);
	b->logged = account;
}

/* What is wrong with the file of aliases, once, and refused of those of its recipients. */
static void batch_warn(const struct batch *b, const struct batch_message *m)
{
	for (size_t i = 0; i < m->submission.notes.count; i++) {
		const char *text = m->submission.notes.items[i];

		if (!context_is_new(b->x, text))
			continue;
		if (b->x->options.dry_run)
			context_tell(b->x, text);
		else
			context_warn(b->x, text);
	}
	for (size_t i = 0; i < m->submission.warnings.count; i++) {
		const char *text = m->submission.warnings.items[i];

		batch_tell(b, m->path, m->number, text);
		if (!b->x->options.dry_run)
			log_line(LOG_LEVEL_NOTICE, "%s: message %zu: %s", m->path, m->number,
				 text);
	}
}

/* --dry-run */
static void batch_show(struct batch *b, struct batch_message *m)
{
	const struct submission *s = &m->submission;

	b->present = m;
	m->failed = cmd_dry_run(s->account, &s->envelope, m->message, stdout, &m->error) != 0;
	if (!m->failed)
		batch_note_code(b, submit_tell_refused(s, batch_tell_present, b));
}

static void batch_send(struct batch *b, struct batch_message *m, struct batch_message *next)
{
	const struct submission *s = &m->submission;

	if (!m->failed && !b->x->options.dry_run)
		batch_open_log(b, s->account);
	batch_warn(b, m);
	if (!m->failed && b->x->options.dry_run)
		batch_show(b, m);
	else if (!m->failed)
		batch_dispatch(b, m, next);
	if (m->failed)
		batch_fail(b, m->path, m->number, &m->submission, &m->error);
}

int cmd_batch(struct context *x)
{
	const struct options *o = &x->options;
	struct batch b = {.x = x, .request = submit_request(x), .options = submit_options()};
	struct batch_message messages[2];
	size_t n = 0;
	struct error error;

	if (o->files.count == 0 || (o->recipients.count == 0 && !o->read_recipients)) {
		error_set(&error, ERROR_LOCAL, STAGE_USAGE, "%s",
			  o->files.count == 0
				  ? "--batch wants files of messages"
				  : "no recipients: name them with --to, or let -t read "
				    "them from each message");
		return context_fail(x, &error);
	}
	context_watch(x);
	STAILQ_INIT(&b.channels);
	dispatch_init(&b.dispatch, x, batch_tell_present, &b);
	b.dispatch.one_line = true;
	batch_fetch(&b, &messages[0]);
	progress_begin(x->progress);
	for (; messages[n].message && !interrupt_came(); n = !n) {
		batch_fetch(&b, &messages[!n]);
		batch_send(&b, &messages[n], &messages[!n]);
		batch_forget(&messages[n]);
	}
	batch_forget(&messages[n]);
	interrupt_done();
	channels_clear(&b.channels);
	dispatch_finish(&b.dispatch);
	interrupt_end();
	return b.code;
}
