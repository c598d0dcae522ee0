/* The main job: see submit.h. */
#include "cmd/submit.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/dispatch.h"
#include "cmd/dry_run.h"
#include "cmd/rmail.h"
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

	if (x->options.rmail)
		return rmail_read(&options, &x->options.sender, error);
	options.end_at_dot = submit_ends_at_dot(&x->options);
	return message_read(STDIN_FILENO, &options, error);
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

static int submit_send(struct context *x, const struct submission *s)
{
	const struct relay_options relay = context_relay(x, s->account);
	struct dispatch d;
	struct channel channel;
	struct attempt attempt;
	struct error error;
	int code;

	if (attempt_init(&attempt, s, &error))
		return context_fail(x, &error);
	dispatch_init(&d, x, submit_tell, x);
	d.hushed = x->options.sendmail && !x->options.verbose;
	channel_init(&channel, &relay);
	code = dispatch_message(&d, &attempt, &channel, NULL, true);
	channel_close(&channel);
	dispatch_finish(&d);
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

static int submit_prepare(struct context *x, struct submission *s, struct message **m,
			  struct error *error)
{
	struct submission_request request;

	if (x->options.recipients.count == 0 && !x->options.read_recipients)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "no recipients: name them, or let -t read them from the "
				 "header");
	*m = submit_read(x, error);
	request = submit_request(x);
	if (!*m || submission_prepare(s, *m, &x->config, &request, error))
		return -1;
	return submit_check_hops(x, *m, error);
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

/* Members of aliases that are refused: a dry run has nobody but its caller to tell. */
static void submit_warn(const struct context *x, const struct submission *s)
{
	for (size_t i = 0; i < s->warnings.count; i++)
		if (x->options.dry_run)
			context_tell(x, s->warnings.items[i]);
		else
			context_warn(x, s->warnings.items[i]);
}

static void submit_note_rest(const struct message *m)
{
	if (message_facts(m)->drained > 0)
		log_line(LOG_LEVEL_NOTICE,
			 "%llu bytes of input behind the line with a dot were not sent",
			 (unsigned long long)message_facts(m)->drained);
}

int cmd_submit(struct context *x)
{
	struct submission s = {0};
	struct message *m = NULL;
	struct error error;
	int failed = submit_prepare(x, &s, &m, &error);
	int code;

	if (failed || !x->options.dry_run)
		submit_open_log(x, &s);
	submit_warn(x, &s);
	if (!failed && x->options.dry_run)
		failed = cmd_dry_run(s.account, &s.envelope, m, stdout, &error);
	else if (!failed)
		submit_note_rest(m);
	if (failed)
		code = context_fail(x, &error);
	else
		code = x->options.dry_run ? 0 : submit_send(x, &s);
	submission_clear(&s);
	message_free(m);
	return code;
}
