/* What every command starts from: see context.h. */
#include "cmd/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "cmd/context_load.h"
#include "cmd/interrupt.h"
#include "cmd/result.h"
#include "conf/keys.h"

int context_init(struct context *x, int argc, char *argv[], struct error *error)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

	*x = (struct context){.name = "pennypost", .argc = argc, .argv = argv};
	buf_init(&x->netrc_path, 4096);
	buf_init(&x->outages_path, 4096);
	if (argc > 0 && argv[0][0])
		x->name = slash ? slash + 1 : argv[0];
	log_open(NULL, 0, "pennypost");
	return options_parse(&x->options, argc, argv, error);
}

void context_clear(struct context *x)
{
	interrupt_end();
	progress_free(x->progress);
	course_clear(&x->reading);
	course_clear(&x->talk);
	if (x->options.verbose && log_trouble())
		context_tell(x, "the log file cannot be written (a log never stops mail)");
	log_close();
	options_clear(&x->options);
	strv_clear(&x->said);
	context_forget(x);
}

const char *context_path(const char *variable)
{
	const char *value = getenv(variable);

	return value && value[0] == '/' ? value : NULL;
}

const struct account *context_account(struct context *x, struct error *error)
{
	const struct account *a = x->account ? x->account : config_default(&x->config);

	if (a)
		return account_check_relay(a, error) ? NULL : a;
	error_set(error, ERROR_LOCAL, STAGE_CONFIG,
		  "no relay is configured: name one with --relay, in "
		  "~/.config/pennypost/config or in %s",
		  PENNYPOST_SYSTEM_CONFIG);
	return NULL;
}

/* -v: one line of the conversation on standard error, in one write. */
static void context_show_line(void *context, char direction, struct span line)
{
	struct buf shown;

	progress_hide(context);
	buf_init(&shown, 256 * 1024);
	buf_add_char(&shown, direction);
	buf_add_char(&shown, ' ');
	text_escape(&shown, line);
	buf_add_char(&shown, '\n');
	fputs(shown.data, stderr);
	buf_clear(&shown);
}

struct relay_options context_relay(const struct context *x, const struct account *a)
{
	return (struct relay_options){
		.account = a,
		.secrets = &x->secrets,
		.config = a ? context_config_file(x, a) : x->options.config_file,
		.queue = context_spool(x, a),
		.cache_home = context_path("XDG_CACHE_HOME"),
		.memory = x->outages_path.len > 0 && !buf_failed(&x->outages_path)
				  ? x->outages_path.data
				  : NULL,
		.listener = x->options.verbose ? context_show_line : NULL,
		.listener_context = x->progress,
		.watch = x->is_watched ? &x->watch : NULL,
	};
}

const char *context_config_file(const struct context *x, const struct account *a)
{
	const struct account *found = a->name ? config_find(&x->config, a->name) : NULL;
	size_t n = found ? (size_t)(found - x->config.accounts) : SIZE_MAX;

	for (size_t i = 0; i < sizeof(x->other) / sizeof(x->other[0]); i++)
		if (x->other[i].path && n < x->other[i].end)
			return x->other[i].path;
	return NULL;
}

void context_watch(struct context *x)
{
	bool wants_result = options_want_result(&x->options);
	bool terminal = x->secrets.may_prompt && !x->options.dry_run;

	if (wants_result)
		x->started = course_clock();
	if (x->secrets.may_prompt || (!x->options.sendmail && isatty(STDIN_FILENO)))
		interrupt_begin(x->name);
	if (terminal && !options_are_brief(&x->options) && !x->options.quiet)
		x->progress = progress_new();
	x->watch = (struct course_watch){
		.look = x->progress ? progress_look : NULL,
		.context = x->progress,
		.wants_tls = wants_result,
	};
	x->is_watched = wants_result || terminal;
}

void context_attend(struct context *x, const char *words)
{
	if (x->options.sendmail)
		return;
	interrupt_begin(x->name);
	interrupt_words(words);
	if (x->progress || !isatty(STDERR_FILENO) || options_are_brief(&x->options) ||
	    x->options.quiet)
		return;
	x->progress = progress_new();
	course_init(&x->talk,
		    &(struct course_watch){.look = progress_look, .context = x->progress});
}

struct course *context_talk(struct context *x)
{
	return x->progress && x->talk.watch.look ? &x->talk : NULL;
}

struct course *context_reads(struct context *x, int fd)
{
	if (!x->progress || isatty(fd))
		return NULL;
	course_init(&x->reading, &x->watch);
	course_begin(&x->reading);
	course_enter(&x->reading, COURSE_READ);
	return &x->reading;
}

void context_has_read(struct context *x)
{
	if (x->progress)
		course_rest(&x->reading);
}

int64_t context_took(const struct context *x)
{
	return x->started ? course_clock() - x->started : 0;
}

struct spool_place context_spool(const struct context *x, const struct account *a)
{
	if (!a)
		a = x->account ? x->account : config_default(&x->config);
	return (struct spool_place){
		.configured = a ? a->queue_dir : NULL,
		.state_home = context_path("XDG_STATE_HOME"),
		.home = context_path("HOME"),
		.system_dir = SPOOL_SYSTEM_DIR,
		.uid = getuid(),
	};
}

const char *context_passing_word(const struct context *x)
{
	const struct options *o = &x->options;

	for (size_t i = 0; i < o->setting_count; i++)
		if (!(keys_flags(o->settings[i].key) & KEYS_PASSING))
			return o->settings[i].key;
	return NULL;
}

void context_open_log(const struct context *x, const struct account *a)
{
	const char *tag = x->options.log_tag;

	log_open(a->logfile, a->syslog, tag ? tag : "pennypost");
	log_time_format(a->logfile_time_format);
	log_as_json(string_equals(a->log_format, "json"));
	if (x->progress && string_equals(a->logfile, "-"))
		progress_stop(x->progress); /* the log stands there */
	for (size_t i = 0; i < x->options.notes.count; i++)
		log_line(LOG_LEVEL_NOTICE, "%s", x->options.notes.items[i]);
}

void context_tell(const struct context *x, const char *text)
{
	const struct options *o = &x->options;
	char name[64];

	if (o->quiet && o->mode == MODE_SUBMIT && !o->verbose)
		return;
	progress_hide(x->progress);
	text_show(name, sizeof(name), span_of(x->name));
	fprintf(stderr, "%s: %s\n", name, text);
}

void context_complain(const struct context *x, const char *text)
{
	context_tell(x, text);
	log_line(LOG_LEVEL_ERROR, "%s", text);
}

void context_warn(const struct context *x, const char *text)
{
	if (!options_are_brief(&x->options))
		context_tell(x, text);
	log_line(LOG_LEVEL_NOTICE, "%s", text);
}

bool context_is_new(struct context *x, const char *text)
{
	for (size_t i = 0; i < x->said.count; i++)
		if (strcmp(x->said.items[i], text) == 0)
			return false;
	strv_add(&x->said, span_of(text));
	return true;
}

int context_fail(const struct context *x, const struct error *error)
{
	const struct result r = {.trouble = error, .code = error_exit_code(error)};
	struct error trouble;

	context_complain(x, error->text);
	if (options_want_result(&x->options) && result_print(&r, &trouble))
		context_complain(x, trouble.text);
	return r.code;
}
