/*
 * A parser of our own, because getopt_long(3) knows neither two personalities nor a letter
 * whose value may only be glued to it in a portable way.
 */
#include "cmd/option.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/option_table.h"
#include "queue/spool.h"
#include "sasl/sasl.h"

/* Where the parser stands. */
struct parse {
	struct options *options;
	int argc;
	char *const *argv;
	int next; /* the word to be read next */
	struct error *error;
};

static const struct options_row *find_letter(const struct options *o, char letter)
{
	unsigned who = o->sendmail ? OPTIONS_FOR_SENDMAIL : OPTIONS_FOR_PENNYPOST;
	const struct options_row *row;

	for (size_t n = 0; (row = options_row(n)) != NULL; n++)
		if (row->letter == letter && row->who & who)
			return row;
	return NULL;
}

static const struct options_row *find_name(struct span name)
{
	const struct options_row *row;

	for (size_t n = 0; (row = options_row(n)) != NULL; n++)
		if (row->name && span_equals(name, row->name))
			return row;
	return NULL;
}

/* The value in the next word, NULL at the end of the command line. */
static const char *next_word(struct parse *p)
{
	return p->next < p->argc ? p->argv[p->next++] : NULL;
}

/* The name alone is shown, never what follows "=": it may be a secret. */
static int unknown_name(struct parse *p, struct span name)
{
	if (p->options->sendmail)
		return options_note(p->options, p->error, "the unknown option --%s is ignored",
				    TEXT_SHOW(name));
	if (span_equals(name, "password"))
		return error_set(p->error, ERROR_LOCAL, STAGE_USAGE,
				 "there is no option --password, because every user of this "
				 "machine can read command lines: use --passwordeval or "
				 "--password-file");
	return error_set(p->error, ERROR_LOCAL, STAGE_USAGE,
			 "there is no option --%s (see --help)", TEXT_SHOW(name));
}

/* Whether the next word is one of the alternatives that the row spells out ("on|off|auto";
 * METHOD is any mechanism): nobody who writes "--tls off" means a recipient called off. */
static bool next_is_alternative(const struct parse *p, const struct options_row *row)
{
	const char *word = p->next < p->argc ? p->argv[p->next] : "";
	const char *rest = row->value_name;

	while (rest && *rest && *word) {
		size_t len = strcspn(rest, "|");

		if (span_equals((struct span){rest, len}, word) ||
		    (span_equals((struct span){rest, len}, "METHOD") &&
		     sasl_find(span_of(word))))
			return true;
		rest += len + (rest[len] == '|');
	}
	return false;
}

/* "name", "name=value", or "name" with the value in the next word. */
static int parse_name(struct parse *p, const char *word)
{
	const char *equals = strchr(word, '=');
	struct span name = {word, equals ? (size_t)(equals - word) : strlen(word)};
	const char *value = equals ? equals + 1 : NULL;
	const struct options_row *row = find_name(name);

	if (row && p->options->sendmail && (row->letter || !(row->who & OPTIONS_FOR_SENDMAIL)))
		return error_set(p->error, ERROR_LOCAL, STAGE_USAGE,
				 "option --%s is not sendmail's: call pennypost with it",
				 TEXT_SHOW(name));
	if (!row)
		return unknown_name(p, name);
	if (value && row->value == OPTIONS_VALUE_NONE)
		return error_set(p->error, ERROR_LOCAL, STAGE_USAGE,
				 "option --%s takes no value", row->name);
	if (!value && (row->value == OPTIONS_VALUE_REQUIRED ||
		       (row->value == OPTIONS_VALUE_OPTIONAL && next_is_alternative(p, row))))
		value = next_word(p);
	if (!value && row->value == OPTIONS_VALUE_REQUIRED)
		return error_set(p->error, ERROR_LOCAL, STAGE_USAGE,
				 "option --%s needs a value", row->name);
	return row->set(p->options, row, value, p->error);
}

/* Nobody knows whether what follows an unknown letter is its value or more letters. A value
 * read as letters might turn on -t, so the rest of the word is passed over with it. */
static int unknown_letter(struct parse *p, const char *letters)
{
	size_t len = text_utf8_length(span_of(letters));
	struct span first = {letters, len > 0 ? len : 1};

	if (p->options->sendmail)
		return options_note(p->options, p->error, "the unknown option -%s is ignored",
				    TEXT_SHOW(span_of(letters)));
	return error_set(p->error, ERROR_LOCAL, STAGE_USAGE,
			 "there is no option -%s (see --help)", TEXT_SHOW(first));
}

/* One word of letters; the first that takes a value takes the rest of it. */
static int parse_letters(struct parse *p, const char *letters)
{
	for (; *letters; letters++) {
		const struct options_row *row = find_letter(p->options, *letters);
		const char *value = letters[1] ? letters + 1 : NULL;

		if (!row)
			return unknown_letter(p, letters);
		if (row->value == OPTIONS_VALUE_NONE) {
			if (row->set(p->options, row, NULL, p->error) < 0)
				return -1;
			continue;
		}
		if (!value && row->value == OPTIONS_VALUE_REQUIRED)
			value = next_word(p);
		if (!value && row->value == OPTIONS_VALUE_REQUIRED)
			return error_set(p->error, ERROR_LOCAL, STAGE_USAGE,
					 "option -%c needs a value", row->letter);
		return row->set(p->options, row, value, p->error);
	}
	return 0;
}

static int parse_operand(struct parse *p, const char *word)
{
	if (strv_add(&p->options->recipients, span_of(word)) < 0)
		return error_set_memory(p->error);
	return 0;
}

static int parse_words(struct parse *p)
{
	bool options_over = false;
	const char *word;

	while ((word = next_word(p)) != NULL) {
		int result = 0;

		if (options_over || word[0] != '-' || word[1] == '\0') {
			options_over = options_over || p->options->rmail;
			result = parse_operand(p, word);
		} else if (p->options->rmail && !strchr("-DT", word[1]))
			result = error_set(p->error, ERROR_LOCAL, STAGE_USAGE,
					   "rmail takes recipients alone");
		else if (word[1] != '-')
			result = parse_letters(p, word + 1);
		else if (word[2] != '\0')
			result = parse_name(p, word + 2);
		else
			options_over = true;
		if (result < 0)
			return -1;
	}
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool options_is_sendmail(const char *path)
{
	static const char *const names[] = {"sendmail", "send-mail",  "mailq",
					    "runq",     "newaliases", "rmail"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(base_name(path), names[i]) == 0)
			return true;
	return false;
}

/* What the name we were called by says. */
static void set_personality(struct options *o, const char *path)
{
	const char *name = base_name(path);

	o->sendmail = options_is_sendmail(path);
	if (strcmp(name, "mailq") == 0)
		o->mode = MODE_QUEUE_LIST;
	else if (strcmp(name, "runq") == 0)
		o->mode = MODE_QUEUE_RUN;
	else if (strcmp(name, "newaliases") == 0)
		o->mode = MODE_NEWALIASES;
	o->msmtp = strcmp(name, "msmtp") == 0;
	o->rmail = strcmp(name, "rmail") == 0;
	if (o->rmail)
		o->dot = OPTIONS_DOT_STAYS;
}

static int refuse_mode(const struct options *o, struct error *error)
{
	return error_set(error, ERROR_LOCAL, STAGE_UNAVAILABLE, "there is no mode %s here: %s",
			 o->mode_name, o->instead);
}

/* msmtp's callers are told that one of the two is not followed. */
static int settle_msmtp(const struct options *o, struct error *error)
{
	for (size_t i = 0; o->msmtp && o->account && i < o->setting_count; i++)
		if (strcmp(o->settings[i].key, "host") == 0)
			return error_set(
				error, ERROR_LOCAL, STAGE_USAGE,
				"--host and --account do not go together: a host needs "
				"no account");
	return 0;
}

bool options_are_brief(const struct options *o)
{
	return o->brief && !o->verbose;
}

bool options_want_result(const struct options *o)
{
	return o->json && !o->sendmail && !o->dry_run &&
	       (o->mode == MODE_SUBMIT || o->mode == MODE_BATCH);
}

/* What is meant for another mode would be passed over in silence. */
static int settle_mode(const struct options *o, struct error *error)
{
	if (o->mode == MODE_UNAVAILABLE)
		return refuse_mode(o, error);
	if (o->json && !options_want_result(o) && o->mode != MODE_QUEUE_SHOW &&
	    o->mode != MODE_DOCTOR &&
	    (o->mode != MODE_QUEUE_LIST || o->list != OPTIONS_LIST_MESSAGES))
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "--json goes with --list-queue, --show, --doctor or a message "
				 "to send");
	if (o->mode == MODE_QUEUE_RUN && (o->recipients.count > 0 || o->read_recipients))
		return error_set(
			error, ERROR_LOCAL, STAGE_USAGE,
			"-q runs the queue and submits nothing, so it takes no recipients");
	if (o->due && o->mode != MODE_QUEUE_RUN)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE, "--due goes with -q");
	if (o->dry_run && (o->mode == MODE_SERVE || o->mode == MODE_LISTEN))
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "--dry-run goes with a message on standard input");
	if ((o->keyring || o->probe || o->system || o->yes) && o->mode != MODE_CONFIGURE)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE, "%s goes with --configure",
				 o->keyring  ? "--keyring"
				 : o->probe  ? "--probe"
				 : o->system ? "--system"
					     : "--yes");
	if (o->catch && o->mode != MODE_LISTEN)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "--catch listens, and does nothing else");
	if (o->mode == MODE_RESOLVE && (o->recipients.count == 0 || o->read_recipients))
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "-bv reads no message: name the addresses to look at");
	if (o->with_passwords && o->mode != MODE_IMPORT)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "--with-passwords goes with --import");
	if (o->mode == MODE_IMPORT && o->recipients.count > 1)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "--import reads one file or directory");
	if (o->piece_count > 0 && (o->mode != MODE_SUBMIT || o->read_recipients))
		return error_set(
			error, ERROR_LOCAL, STAGE_USAGE,
			"--%s composes a message, and does not go with %s", o->pieces[0].name,
			o->mode == MODE_SUBMIT ? "-t, which reads one from standard input"
					       : "what else is to be done");
	if (o->older_than && o->mode != MODE_QUEUE_CHECK)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "--older-than goes with --check-queue");
	if (o->send_test && o->mode != MODE_DOCTOR)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "--send-test goes with --doctor");
	if (!o->sendmail && o->recipients.count > 0 &&
	    (o->mode == MODE_QUEUE_LIST || o->mode == MODE_QUEUE_CHECK ||
	     o->mode == MODE_SERVE || o->mode == MODE_LISTEN || o->mode == MODE_CONFIGURE ||
	     o->mode == MODE_CONFIG_CHECK || (o->mode == MODE_SHOW_CONFIG && !o->one)))
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "there is no place for \"%s\" here",
				 TEXT_SHOW(span_of(o->recipients.items[0])));
	return 0;
}

/* The operand of --doctor is the account, as -a has it. */
static int settle_account(struct parse *p)
{
	struct options *o = p->options;

	if (o->recipients.count > (o->account ? 0 : 1) || o->to.count > 0)
		return error_set(p->error, ERROR_LOCAL, STAGE_USAGE,
				 "--doctor takes one account, and no recipients");
	if (o->recipients.count > 0) {
		o->account = o->recipients.items[0];
		o->recipients.items[0] = NULL;
		strv_clear(&o->recipients);
	}
	return 0;
}

/* Operands are recipients like those of --to, but with --batch files, and IDs with --show,
 * --remove and their like, and the account with --doctor. */
static int settle_operands(struct parse *p)
{
	struct options *o = p->options;

	if (settle_mode(o, p->error) || settle_msmtp(o, p->error))
		return -1;
	if (o->mode == MODE_QUEUE_SHOW || o->mode == MODE_QUEUE_STEER) {
		for (size_t i = 0; i < o->recipients.count; i++)
			if (options_add_id(o, o->recipients.items[i], p->error))
				return -1;
		strv_clear(&o->recipients);
	}
	if (o->mode == MODE_DOCTOR)
		return settle_account(p);
	if (o->mode == MODE_BATCH) {
		o->files = o->recipients;
		o->recipients = o->to;
		o->to = (struct strv){0};
	}
	for (size_t i = 0; i < o->to.count; i++)
		if (strv_add(&o->recipients, span_of(o->to.items[i])) < 0)
			return error_set_memory(p->error);
	return 0;
}

/* Behind a word that is wrong nothing is parsed, but how it is to be said counts. */
static void note_json(struct options *o, const struct parse *p)
{
	for (int i = p->next; i < p->argc && strcmp(p->argv[i], "--") != 0; i++)
		o->json = o->json || strcmp(p->argv[i], "--json") == 0;
}

int options_parse(struct options *o, int argc, char *const argv[], struct error *error)
{
	struct parse p = {.options = o, .argc = argc, .argv = argv, .next = 1, .error = error};

	*o = (struct options){0};
	if (argc > 0)
		set_personality(o, argv[0]);
	if (parse_words(&p) == 0)
		return settle_operands(&p);
	note_json(o, &p);
	return -1;
}

void options_clear(struct options *o)
{
	strv_clear(&o->recipients);
	strv_clear(&o->files);
	strv_clear(&o->to);
	strv_clear(&o->notes);
	strv_clear(&o->ids);
	strv_clear(&o->listen);
	for (size_t i = 0; i < o->setting_count; i++) {
		free(o->settings[i].key);
		free(o->settings[i].value);
	}
	free(o->settings);
	for (size_t i = 0; i < o->piece_count; i++)
		free(o->pieces[i].value);
	free(o->pieces);
	free(o->sender);
	free(o->full_name);
	free(o->config_file);
	free(o->account);
	free(o->address);
	free(o->keyring);
	free(o->import);
	free(o->relay_key);
	free(o->test_address);
	free(o->envelope_id);
	free(o->queue_id);
	free(o->queue_recipient);
	free(o->queue_sender);
	free(o->log_tag);
	free(o->catch);
	*o = (struct options){0};
}
