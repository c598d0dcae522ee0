/* The main job: see submit.h. */
#include "cmd/submit.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/compose.h"
#include "cmd/dispatch.h"
#include "cmd/dry_run.h"
#include "cmd/interrupt.h"
#include "cmd/rmail.h"
#include "cmd/sent_copy.h"
#include "cmd/written.h"
#include "deliver/submission.h"

/* Whether a line that is just a dot ends the message: as it was said; else under sendmail's
 * names it does, and under ours only at a terminal, where a person types. */
static bool submit_ends_at_dot(const struct options *o)
{
	if (o->dot != OPTIONS_DOT_UNSET)
		return o->dot == OPTIONS_DOT_ENDS;
	return o->sendmail || isatty(STDIN_FILENO);
}

struct message_options submit_options(void)
{
	const char *directory = getenv("TMPDIR");

	return (struct message_options){
		.temporary_dir = directory && directory[0] == '/' ? directory : NULL};
}

/* What rmail finds above the message says who sent it. */
static struct message *submit_read(struct context *x, struct error *error)
{
	struct message_options options = submit_options();
	struct message *m;

	if (x->options.rmail)
		return rmail_read(&options, &x->options.sender, error);
	options.end_at_dot = submit_ends_at_dot(&x->options);
	if (isatty(STDIN_FILENO) && !x->options.sendmail) {
		written_begin(options.temporary_dir);
		options.note = written_add;
	}
	options.course = context_reads(x, STDIN_FILENO);
	m = message_read(STDIN_FILENO, &options, error);
	context_has_read(x);
	return m;
}

/* The login name; a uid that nobody knows is its number. */
static const char *submit_user(void)
{
	static char number[16];
	const struct passwd *entry = getpwuid(getuid());

	if (entry && entry->pw_name[0])
		return entry->pw_name;
	snprintf(number, sizeof(number), "uid%u", (unsigned)getuid());
	return number;
}

static void submit_tell(void *context, const char *line)
{
	context_tell(context, line);
}

/* The result of a message that was not tried. */
static void submit_print(struct context *x, const struct submission *s,
			 const struct error *error, int code)
{
	const struct result r = {
		.submission = s,
		.trouble = error,
		.prepared = context_took(x),
		.total = context_took(x),
		.code = code,
	};
	struct error trouble;

	if (options_want_result(&x->options) && result_print(&r, &trouble))
		context_complain(x, trouble.text);
}

/* No attempt was made: the line on standard error, and the result. */
static int submit_fail(struct context *x, const struct submission *s, const struct error *error)
{
	context_complain(x, error->text);
	submit_print(x, s, error, error_exit_code(error));
	return error_exit_code(error);
}

/* *went: somebody has it, or will. */
static int submit_send(struct context *x, const struct submission *s, bool *went)
{
	const struct relay_options relay = context_relay(x, s->account);
	struct dispatch d;
	struct channel channel;
	struct attempt attempt;
	struct error error;
	int code;

	if (attempt_init(&attempt, s, &error))
		return submit_fail(x, s, &error);
	dispatch_init(&d, x, submit_tell, x);
	d.prepared = context_took(x);
	d.hushed = x->options.sendmail && !x->options.verbose;
	channel_init(&channel, &relay);
	progress_begin(x->progress);
	interrupt_subject(&channel.course, s->envelope.recipients.count, "");
	code = dispatch_message(&d, &attempt, &channel, NULL, true);
	*went = code == 0 || attempt_count(&attempt, 1u << ATTEMPT_SENT) > 0;
	channel_close(&channel);
	dispatch_finish(&d);
	interrupt_done();
	channel_clear(&channel);
	attempt_clear(&attempt);
	return code;
}

struct submission_request submit_request(const struct context *x)
{
	const struct options *o = &x->options;

	return (struct submission_request){
		.recipients = &o->recipients,
		.read_recipients = o->read_recipients,
		.as_it_came = o->catch != NULL,
		.no_aliases = o->no_aliases,
		.sender = o->sender,
		.sender_from_header = o->read_envelope_from,
		.full_name = o->full_name,
		.wishes = {.envelope_id = o->envelope_id,
			   .hold_for = o->hold_for,
			   .hold_until = o->hold_until},
		.user = submit_user,
		.account = x->account,
	};
}

/* -h, or what the message says itself. */
static int submit_check_hops(const struct context *x, const struct message *m,
			     struct error *error)
{
	size_t hops = submission_hops(m);

	if (x->options.hops > hops)
		hops = x->options.hops;
	if (hops <= SUBMISSION_HOPS_MAX)
		return 0;
	return error_set(error, ERROR_MESSAGE, STAGE_DATA,
			 "the message came through %zu relays, which is a loop: at most %d are "
			 "allowed",
			 hops, SUBMISSION_HOPS_MAX);
}

/* The message, read or composed. Returns 1, 0 when there is nothing to send, -1 with *error. */
static int submit_get(struct context *x, struct composed *c, struct error *error)
{
	if (x->options.piece_count > 0)
		return compose(x, c, error);
	if (x->options.recipients.count == 0 && !x->options.read_recipients)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "no recipients: name them, or let -t read them from the "
				 "header");
	c->message = submit_read(x, error);
	return c->message ? 1 : -1;
}

static int submit_prepare(const struct context *x, const struct composed *c,
			  struct submission *s, struct error *error)
{
	struct submission_request request = submit_request(x);

	if (x->options.piece_count > 0) {
		request.recipients = &c->recipients;
		request.composed = true;
	}
	if (submission_prepare(s, c->message, &x->config, &request, error))
		return -1;
	return submit_check_hops(x, c->message, error);
}

/* The log of the account that the message chose; of the likely one when it came to no choice.
 */
static void submit_open_log(struct context *x, const struct submission *s)
{
	struct error ignored;
	const struct account *a = s->account ? s->account : context_account(x, &ignored);

	if (a)
		context_open_log(x, a);
}

/* What is wrong with aliases: a dry run has nobody but its caller to tell. */
static void submit_warn(const struct context *x, const struct strv *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		if (x->options.dry_run)
			context_tell(x, lines->items[i]);
		else
			context_warn(x, lines->items[i]);
}

int submit_tell_refused(const struct submission *s, dispatch_tell *tell, void *context)
{
	const struct aliases_failed *refused = &s->refused;
	struct buf line;

	buf_init(&line, ERROR_TEXT_MAX + ADDRESS_PATH_MAX);
	for (size_t i = 0; i < refused->names.count; i++) {
		buf_reset(&line);
		buf_printf(&line, "<%s> refused: %s", refused->names.items[i].text,
			   refused->reasons.items[i]);
		tell(context, line.data);
	}
	buf_clear(&line);
	return refused->names.count > 0 ? EX_NOUSER : EX_OK;
}

static void submit_note_rest(const struct message *m)
{
	if (message_facts(m)->drained > 0)
		log_line(LOG_LEVEL_NOTICE,
			 "%llu bytes of input behind the line with a dot were not sent",
			 (unsigned long long)message_facts(m)->drained);
}

/* Sends it, and keeps a copy where one was asked for. */
static int submit_with_copy(struct context *x, const struct composed *c,
			    const struct submission *s)
{
	struct sent_copy copy = {0};
	struct error error;
	bool went = false;
	int code;

	if (c->save_sent && sent_copy_begin(&copy, c->save_sent, s->message, &error))
		code = submit_fail(x, s, &error);
	else
		code = submit_send(x, s, &went);
	if (went && sent_copy_finish(&copy, &error))
		context_complain(x, error.text);
	sent_copy_end(&copy);
	return code;
}

/* The message is ready: it goes, or is shown. */
static int submit_message(struct context *x, const struct composed *c,
			  const struct submission *s, struct error *error)
{
	if (!x->options.dry_run) {
		submit_note_rest(s->message);
		return submit_with_copy(x, c, s);
	}
	if (cmd_dry_run(s->account, &s->envelope, s->message, stdout, error))
		return context_fail(x, error);
	return submit_tell_refused(s, submit_tell, x);
}

/* What was typed or edited is of no more use, or it is said where it is kept. */
static void submit_end_written(const struct context *x, int code)
{
	char line[4096 + 64];
	const char *path;

	if (code == 0) {
		written_drop();
	} else if ((path = written_keep()) != NULL) {
		snprintf(line, sizeof(line), "what you wrote is kept in %s", path);
		context_tell(x, line);
	}
	written_clear();
}

int cmd_submit(struct context *x)
{
	struct submission s = {0};
	struct composed c = {0};
	struct error error;
	int code = 0;
	int got, failed;

	context_watch(x);
	got = submit_get(x, &c, &error);
	failed = got > 0 ? submit_prepare(x, &c, &s, &error) : got;
	if (failed || (got > 0 && !x->options.dry_run))
		submit_open_log(x, &s);
	submit_warn(x, &s.notes);
	submit_warn(x, &s.warnings);
	if (failed)
		code = submit_fail(x, &s, &error);
	else if (got > 0)
		code = submit_message(x, &c, &s, &error);
	else
		submit_print(x, &s, NULL, code);
	submission_clear(&s);
	submit_end_written(x, code);
	compose_clear(&c);
	return code;
}
