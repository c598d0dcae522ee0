/* What options there are, and what they set: see option_table.h. */
#include "cmd/option_table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/chars.h"
#include "base/duration.h"
#include "base/text.h"
#include "cmd/option_sendmail.h"
#include "mail/address.h"
#include "mail/date.h"
#include "mail/wishes.h"
#include "queue/spool.h"

enum { NOTE_MAX = 1024 };

/* -qp without a time, as Sendmail has it for an empty queue. */
#define QUEUE_PERSISTENT "p5s"

int options_note(struct options *o, struct error *error, const char *format, ...)
{
	struct buf text;
	va_list ap;
	int result;

	buf_init(&text, NOTE_MAX);
	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	result = strv_add(&o->notes, buf_span(&text));
	buf_clear(&text);
	return result < 0 ? error_set_memory(error) : 0;
}

static int set_nothing(struct options *o, const struct options_row *row, const char *value,
		       struct error *error)
{
	(void)o, (void)row, (void)value, (void)error;
	return 0;
}

/* An option that names a file: nobody who calls sendmail through a web application may have it
 * opened. */
static int set_no_file(struct options *o, const struct options_row *row, const char *value,
		       struct error *error)
{
	return options_note(o, error, "option -%c %s is ignored: it names a file", row->letter,
			    TEXT_SHOW(span_of(value)));
}

static int set_flag(struct options *o, const struct options_row *row, const char *value,
		    struct error *error)
{
	(void)value, (void)error;
	*(bool *)((char *)o + row->where) = true;
	return 0;
}

static int set_string(struct options *o, const struct options_row *row, const char *value,
		      struct error *error)
{
	char **member = (char **)(void *)((char *)o + row->where);
	char *copy = strdup(value);

	if (!copy)
		return error_set_memory(error);
	free(*member);
	*member = copy;
	return 0;
}

/* A name becomes part of a header field, so a line end in it could become a field of its own.
 */
static int set_name(struct options *o, const struct options_row *row, const char *value,
		    struct error *error)
{
	for (const char *c = value; *c; c++)
		if (chars_is(*c, CHARS_CONTROL))
			return error_set(
				error, ERROR_LOCAL, STAGE_USAGE,
				"the name \"%s\" of option -%c holds a control character",
				TEXT_SHOW(span_of(value)), row->letter);
	if (strlen(value) > ADDRESS_NAME_MAX)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "the name of option -%c is longer than %d bytes", row->letter,
				 ADDRESS_NAME_MAX);
	return set_string(o, row, value, error);
}

/* A piece of a message. Fields and names of files are made of it, so it holds no line end, nor
 * what a terminal or a mail reader would obey; but text does. */
static int set_piece(struct options *o, const struct options_row *row, const char *value,
		     struct error *error)
{
	struct options_piece *grown;

	for (const char *c = value; c && *c && strcmp(row->name, "body") != 0; c++)
		if (chars_is(*c, CHARS_CONTROL) && *c != '\t')
			return error_set(error, ERROR_LOCAL, STAGE_USAGE,
					 "the value \"%s\" of option --%s holds %s",
					 TEXT_SHOW(span_of(value)), row->name,
					 chars_is(*c, CHARS_NEWLINE) ? "a line end"
								     : "a control character");
	grown = reallocarray(o->pieces, o->piece_count + 1, sizeof(*grown));
	if (!grown)
		return error_set_memory(error);
	o->pieces = grown;
	grown[o->piece_count] = (struct options_piece){.name = row->name};
	if (value && !(grown[o->piece_count].value = strdup(value)))
		return error_set_memory(error);
	o->piece_count++;
	return 0;
}

static int set_dot(struct options *o, const struct options_row *row, const char *value,
		   struct error *error)
{
	(void)row, (void)value, (void)error;
	o->dot = OPTIONS_DOT_STAYS;
	return 0;
}

int options_add_setting(struct options *o, const char *key, const char *value,
			struct error *error)
{
	struct options_setting *grown, *s;

	grown = reallocarray(o->settings, o->setting_count + 1, sizeof(*grown));
	if (!grown)
		return error_set_memory(error);
	o->settings = grown;
	s = &grown[o->setting_count++];
	s->key = strdup(key);
	s->value = value ? strdup(value) : NULL;
	if (!s->key || (value && !s->value))
		return error_set_memory(error);
	for (char *c = s->key; *c; c++)
		if (*c == '-')
			*c = '_';
	return 0;
}

static int set_setting(struct options *o, const struct options_row *row, const char *value,
		       struct error *error)
{
	return options_add_setting(o, row->name, value, error);
}

/* -4 and -6 */
static int set_family(struct options *o, const struct options_row *row, const char *value,
		      struct error *error)
{
	(void)value;
	return options_add_setting(o, "address_family", row->name, error);
}

/* Words of mail/wishes.h, read here so that a wrong one is told as the option's; but sendmail's
 * callers get their mail sent all the same. */
static int set_wish(struct options *o, const struct options_row *row, const char *value,
		    struct error *error)
{
	struct error wrong;
	struct wishes read = {0};
	int failed = row->letter == 'N'   ? wishes_set_notify(&read, value, &wrong)
		     : row->letter == 'R' ? wishes_set_return(&read, value, &wrong)
					  : wishes_set_envelope_id(&read, value, &wrong);

	if (failed && o->sendmail)
		return options_note(o, error, "option -%c is ignored: %s", row->letter,
				    wrong.text);
	if (failed) {
		*error = wrong;
		return error_prefix(error, "option -%c", row->letter);
	}
	return row->letter == 'V' ? set_string(o, row, value, error)
				  : set_setting(o, row, value, error);
}

static int set_hold_for(struct options *o, const struct options_row *row, const char *value,
			struct error *error)
{
	struct wishes read = {0};

	if (wishes_set_hold_for(&read, value, error))
		return error_prefix(error, "option --%s", row->name);
	o->hold_for = read.hold_for;
	o->hold_until = 0;
	return 0;
}

static int set_hold_until(struct options *o, const struct options_row *row, const char *value,
			  struct error *error)
{
	struct wishes read = {0};

	if (wishes_set_hold_until(&read, value, error))
		return error_prefix(error, "option --%s", row->name);
	o->hold_until = read.hold_until;
	o->hold_for = 0;
	return 0;
}

static int set_at(struct options *o, const struct options_row *row, const char *value,
		  struct error *error)
{
	if (date_parse_future(span_of(value), time(NULL), &o->release) == 0)
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_USAGE,
			 "option --%s: \"%s\" is not a time to come, such as 18:30, \"tomorrow "
			 "08:00\", +2h or 2026-12-24T18:00:00+01:00",
			 row->name, TEXT_SHOW(span_of(value)));
}

/* A switch: the bare option means on, or auto where there is no on. */
static int set_switch(struct options *o, const struct options_row *row, const char *value,
		      struct error *error)
{
	const char *bare = row->value_name[0] == 'a' ? "auto" : "on";

	return set_setting(o, row, value ? value : bare, error);
}

/* A mode that we do not have: "-bt (address test)", and what to do instead. Both are kept. */
static void options_set_unavailable(struct options *o, const char *name, const char *instead)
{
	o->mode = MODE_UNAVAILABLE;
	o->mode_name = name;
	o->instead = instead;
}

/* The modes with more to them than their name. */
static int set_mode(struct options *o, char letter, struct error *error)
{
	switch (letter) {
	case 'd':
	case 'l':
	case 'D':
		o->detach = letter != 'D';
		if (o->listen.count == 0 && strv_add(&o->listen, span_of("localhost:25")) < 0)
			return error_set_memory(error);
		return 0;
	case 'P': o->list = OPTIONS_LIST_COUNT; return 0;
	case 'h': o->list = OPTIONS_LIST_RELAYS; return 0;
	case 'q': return options_add_setting(o, "delivery", "queue", error);
	default: return 0;
	}
}

static int set_mode_letter(struct options *o, const struct options_row *row, const char *value,
			   struct error *error)
{
	static const struct {
		char letter;
		enum options_mode mode;
	} built[] = {{'m', MODE_SUBMIT},       {'p', MODE_QUEUE_LIST}, {'s', MODE_SERVE},
		     {'d', MODE_LISTEN},       {'l', MODE_LISTEN},     {'D', MODE_LISTEN},
		     {'C', MODE_CONFIG_CHECK}, {'P', MODE_QUEUE_LIST}, {'h', MODE_QUEUE_LIST},
		     {'q', MODE_SUBMIT},       {'V', MODE_VERSION},    {'i', MODE_NEWALIASES},
		     {'v', MODE_RESOLVE}};
	static const struct {
		char letter;
		const char *name, *instead;
	} modes[] = {
		{'a', "-ba (ARPANET protocol)", "-bs speaks SMTP"},
		{'H', "-bH (purge of the status of hosts)",
		 "-q tries every relay, whatever -bh says of it"},
		{'S', "-bS (batched SMTP)", "-bs speaks SMTP"},
		{'t', "-bt (address test)", "-bv shows where an address leads"},
	};

	(void)row;
	for (size_t i = 0; i < sizeof(built) / sizeof(built[0]); i++)
		if (value[0] == built[i].letter) {
			o->mode = built[i].mode;
			o->list = OPTIONS_LIST_MESSAGES;
			return set_mode(o, value[0], error);
		}
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (value[0] == modes[i].letter) {
			options_set_unavailable(o, modes[i].name, modes[i].instead);
			return 0;
		}
	return error_set(error, ERROR_LOCAL, STAGE_USAGE, "there is no mode -b%s",
			 TEXT_SHOW(span_of(value)));
}

static int set_configure(struct options *o, const struct options_row *row, const char *value,
			 struct error *error)
{
	o->mode = MODE_CONFIGURE;
	return set_string(o, row, value, error);
}

static int set_keyring(struct options *o, const struct options_row *row, const char *value,
		       struct error *error)
{
	if (strcmp(value, "kernel") != 0 && strcmp(value, "desktop") != 0)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "option --%s: \"%s\" is neither kernel nor desktop", row->name,
				 TEXT_SHOW(span_of(value)));
	return set_string(o, row, value, error);
}

/* What msmtp does besides. */
static int set_rmqs(struct options *o, const struct options_row *row, const char *value,
		    struct error *error)
{
	(void)row, (void)value, (void)error;
	options_set_unavailable(o, "--rmqs (ETRN, which asks a relay for its queue)",
				"a relay of today has no queue for us");
	return 0;
}

static int set_newaliases(struct options *o, const struct options_row *row, const char *value,
			  struct error *error)
{
	(void)row, (void)value, (void)error;
	o->mode = MODE_NEWALIASES;
	return 0;
}

/* -q15m: Sendmail's bare number is one of minutes. */
static int set_queue_interval(struct options *o, const char *value, struct error *error)
{
	const char *wrong = NULL;
	long long minutes = strtonum(value, 1, 7 * 24 * 60, &wrong);

	if (!wrong) {
		o->queue_every = (int)minutes * 60;
		return 0;
	}
	if (duration_parse(span_of(value), &o->queue_every) == 0 && o->queue_every > 0)
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_USAGE,
			 "option -q%s: a time such as 30s, 15m or 1h is wanted, or I, R or S "
			 "with a part of an ID, a recipient or a sender",
			 TEXT_SHOW(span_of(value)));
}

/* -qIpart, -qRpart, -qSpart. An empty part is in all of them. */
static int set_queue_choice(char **member, const char *part, struct error *error)
{
	free(*member);
	*member = strdup(part);
	return *member ? 0 : error_set_memory(error);
}

static int set_queue_run(struct options *o, const struct options_row *row, const char *value,
			 struct error *error)
{
	(void)row;
	/* -bd -q30m does both, but mailq -qRx is a list */
	if (o->mode == MODE_LISTEN && value && chars_is(value[0], CHARS_DIGIT))
		return set_queue_interval(o, value, error);
	if (o->mode == MODE_UNAVAILABLE || o->mode == MODE_QUEUE_LIST ||
	    o->mode == MODE_NEWALIASES || o->mode == MODE_RESOLVE || o->mode == MODE_SERVE ||
	    o->mode == MODE_LISTEN)
		return 0;
	o->mode = MODE_QUEUE_RUN;
	if (!value || strcmp(value, "f") == 0 || strcmp(value, "ff") == 0)
		return 0;
	if (strcmp(value, "p") == 0)
		value = QUEUE_PERSISTENT;
	switch (value[0]) {
	case 'I': return set_queue_choice(&o->queue_id, value + 1, error);
	case 'R': return set_queue_choice(&o->queue_recipient, value + 1, error);
	case 'S': return set_queue_choice(&o->queue_sender, value + 1, error);
	case 'p': return set_queue_interval(o, value + 1, error);
	default: return set_queue_interval(o, value, error);
	}
}

static int set_quarantine(struct options *o, const struct options_row *row, const char *value,
			  struct error *error)
{
	(void)row, (void)value, (void)error;
	options_set_unavailable(o, "-Q (quarantine)",
				"pennypost --hold and --release are like it");
	return 0;
}

static int set_exim(struct options *o, const struct options_row *row, const char *value,
		    struct error *error)
{
	(void)row, (void)value, (void)error;
	options_set_unavailable(
		o, "-M (Exim's work on the queue)",
		"pennypost --show, --retry, --hold, --release and --remove are like it");
	return 0;
}

static int set_batch(struct options *o, const struct options_row *row, const char *value,
		     struct error *error)
{
	(void)row, (void)value, (void)error;
	o->mode = MODE_BATCH;
	return 0;
}

static int set_listen(struct options *o, const struct options_row *row, const char *value,
		      struct error *error)
{
	(void)row;
	o->mode = MODE_LISTEN;
	return strv_add(&o->listen, span_of(value)) < 0 ? error_set_memory(error) : 0;
}

static int set_catch(struct options *o, const struct options_row *row, const char *value,
		     struct error *error)
{
	if (!*value)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "option --%s needs a directory", row->name);
	o->mode = MODE_LISTEN;
	return set_string(o, row, value, error);
}

static int set_limit(struct options *o, const struct options_row *row, const char *value,
		     struct error *error)
{
	const char *wrong = NULL;
	int *limit = (int *)(void *)((char *)o + row->where);

	*limit = (int)strtonum(value, 1, INT32_MAX, &wrong);
	if (!wrong)
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_USAGE, "option --%s: \"%s\" is %s",
			 row->name, TEXT_SHOW(span_of(value)), wrong);
}

static int set_max_time(struct options *o, const struct options_row *row, const char *value,
			struct error *error)
{
	if (duration_parse(span_of(value), &o->max_time) == 0 && o->max_time > 0)
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_USAGE,
			 "option --%s: a time such as 30s, 15m or 1h is wanted", row->name);
}

static int set_queue_list(struct options *o, const struct options_row *row, const char *value,
			  struct error *error)
{
	(void)row, (void)value, (void)error;
	o->mode = MODE_QUEUE_LIST;
	return 0;
}

static int set_queue_check(struct options *o, const struct options_row *row, const char *value,
			   struct error *error)
{
	(void)row, (void)value, (void)error;
	o->mode = MODE_QUEUE_CHECK;
	return 0;
}

int options_add_id(struct options *o, const char *word, struct error *error)
{
	if (!spool_is_id(word) && (o->mode != MODE_QUEUE_STEER || strcmp(word, "all") != 0))
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "\"%s\" is not the ID of a message in the queue%s",
				 TEXT_SHOW(span_of(word)),
				 o->mode == MODE_QUEUE_STEER && o->steer == OPTIONS_HOLD
					 ? ", and not a time such as 30s, 15m, 4h, 5d or 2w"
					 : "");
	return strv_add(&o->ids, span_of(word)) < 0 ? error_set_memory(error) : 0;
}

static int set_show(struct options *o, const struct options_row *row, const char *value,
		    struct error *error)
{
	(void)row;
	o->mode = MODE_QUEUE_SHOW;
	return options_add_id(o, value, error);
}

/* Of two things to do to the queue nobody knows which comes first, or was meant. */
static int set_steer(struct options *o, const struct options_row *row, const char *value,
		     struct error *error)
{
	static const char *const names[] = {
		[OPTIONS_RETRY] = "retry",     [OPTIONS_REMOVE] = "remove",
		[OPTIONS_CANCEL] = "cancel",   [OPTIONS_HOLD] = "hold",
		[OPTIONS_RELEASE] = "release",
	};
	enum options_steer steer = OPTIONS_RETRY;

	while (strcmp(names[steer], row->name) != 0)
		steer++;
	if (o->mode == MODE_QUEUE_STEER && o->steer != steer)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "--%s and --%s do not go together", names[o->steer],
				 names[steer]);
	o->mode = MODE_QUEUE_STEER;
	o->steer = steer;
	return options_add_id(o, value, error);
}

/* How long to keep the message that comes; or which of those in the queue. */
static int set_hold(struct options *o, const struct options_row *row, const char *value,
		    struct error *error)
{
	int seconds = 0;

	if (duration_parse(span_of(value), &seconds))
		return set_steer(o, row, value, error);
	if (seconds == 0)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "option --%s: \"%s\" is no time at all", row->name,
				 TEXT_SHOW(span_of(value)));
	o->release = time(NULL) + seconds;
	return 0;
}

/* "1h", or "1h,6h": a warning, and what is critical. */
static int set_older_than(struct options *o, const struct options_row *row, const char *value,
			  struct error *error)
{
	size_t len = strcspn(value, ",");
	const char *second = value[len] ? value + len + 1 : NULL;

	o->older_critical = 0;
	if (duration_parse((struct span){value, len}, &o->older_than) || !o->older_than ||
	    (second && duration_parse(span_of(second), &o->older_critical)))
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "option --%s needs a time with its unit, such as 1h, or two "
				 "with a comma between, not \"%s\"",
				 row->name, TEXT_SHOW(span_of(value)));
	return 0;
}

static int set_to(struct options *o, const struct options_row *row, const char *value,
		  struct error *error)
{
	(void)row;
	return strv_add(&o->to, span_of(value)) < 0 ? error_set_memory(error) : 0;
}

static int set_server_info(struct options *o, const struct options_row *row, const char *value,
			   struct error *error)
{
	(void)row, (void)value, (void)error;
	o->mode = MODE_SERVER_INFO;
	return 0;
}

static int set_show_config(struct options *o, const struct options_row *row, const char *value,
			   struct error *error)
{
	(void)row, (void)value, (void)error;
	o->mode = MODE_SHOW_CONFIG;
	return 0;
}

static int set_import(struct options *o, const struct options_row *row, const char *value,
		      struct error *error)
{
	o->mode = MODE_IMPORT;
	return set_string(o, row, value, error);
}

/* msmtp shows what it would use, and looks at no message. */
static int set_pretend(struct options *o, const struct options_row *row, const char *value,
		       struct error *error)
{
	o->one = o->msmtp;
	if (o->msmtp)
		return set_show_config(o, row, value, error);
	o->dry_run = true;
	return 0;
}

static int set_verify(struct options *o, const struct options_row *row, const char *value,
		      struct error *error)
{
	o->mode = MODE_VERIFY_ADDRESS;
	return set_string(o, row, value, error);
}

static int set_trust_relay(struct options *o, const struct options_row *row, const char *value,
			   struct error *error)
{
	o->mode = MODE_TRUST_RELAY;
	return set_string(o, row, value, error);
}

static int set_doctor(struct options *o, const struct options_row *row, const char *value,
		      struct error *error)
{
	(void)row, (void)value, (void)error;
	o->mode = MODE_DOCTOR;
	return 0;
}

static int set_send_test(struct options *o, const struct options_row *row, const char *value,
			 struct error *error)
{
	o->send_test = true;
	return value ? set_string(o, row, value, error) : 0;
}

static int set_version(struct options *o, const struct options_row *row, const char *value,
		       struct error *error)
{
	(void)row, (void)value, (void)error;
	o->mode = MODE_VERSION;
	return 0;
}

static int set_help(struct options *o, const struct options_row *row, const char *value,
		    struct error *error)
{
	(void)row, (void)value, (void)error;
	o->mode = MODE_HELP;
	return 0;
}

#define AT(member) offsetof(struct options, member)
#define NO         OPTIONS_VALUE_NONE
#define ONE        OPTIONS_VALUE_REQUIRED
#define MAY        OPTIONS_VALUE_OPTIONAL
#define SENDMAIL   OPTIONS_FOR_SENDMAIL
#define OURS       OPTIONS_FOR_PENNYPOST
#define ALL        OPTIONS_FOR_ALL

/* clang-format off */
static const struct options_row rows[] = {
	{.help = "The message"},
	{'t', "read-recipients", NO, ALL, set_flag, AT(read_recipients), NULL,
	 "take recipients from To, Cc and Bcc as well"},
	{0, "to", ONE, OURS, set_to, 0, "ADDRESS", "a recipient"},
	{'f', "from", ONE, ALL, set_string, AT(sender), "ADDRESS", "the envelope's sender"},
	{'r', NULL, ONE, ALL, set_string, AT(sender), "ADDRESS", "the same as -f"},
	{0, "read-envelope-from", NO, OURS, set_flag, AT(read_envelope_from), NULL,
	 "take the envelope's sender from the message"},
	{'F', "from-full-name", ONE, ALL, set_name, AT(full_name), "NAME",
	 "the name in a From field that is added"},
	{'n', NULL, NO, ALL, set_flag, AT(no_aliases), NULL, "apply no aliases"},
	{'i', NULL, NO, ALL, set_dot, 0, NULL, "a line that is just a dot ends nothing"},
	{'o', NULL, ONE, ALL, options_set_old, 0, "OPTION", "an option of old: -oi is -i"},
	{'O', NULL, ONE, ALL, options_set_named, 0, "NAME=VALUE", "the same by name: IgnoreDots, DeliveryMode"},
	{'e', NULL, MAY, ALL, options_set_error_mode, 0, "MODE", "-eq: of errors only the exit status tells"},
	{'h', NULL, ONE, ALL, options_set_hops, 0, "HOPS", "how far it has come: over 50 is refused"},

	{.help = "A message that is composed (standard input is its text)"},
	{'s', "subject", ONE, OURS, set_piece, 0, "TEXT", "its subject"},
	{0, "cc", ONE, OURS, set_piece, 0, "ADDRESS", "a recipient who gets a copy"},
	{0, "bcc", ONE, OURS, set_piece, 0, "ADDRESS", "one of whom the others do not know"},
	{0, "reply-to", ONE, OURS, set_piece, 0, "ADDRESS", "where answers go"},
	{0, "in-reply-to", ONE, OURS, set_piece, 0, "ID", "the message that it answers"},
	{0, "header", ONE, OURS, set_piece, 0, "FIELD", "one more field, as in X-Job: 7"},
	{0, "body", ONE, OURS, set_piece, 0, "TEXT", "its text, instead of standard input"},
	{0, "edit", NO, OURS, set_piece, 0, NULL, "write the text in your editor"},
	{0, "charset", ONE, OURS, set_piece, 0, "NAME", "what the text is in"},
	{0, "html", ONE, OURS, set_piece, 0, "FILE", "the same as HTML"},
	{0, "inline", ONE, OURS, set_piece, 0, "FILE[;type=TYPE]", "a file that the HTML shows, as cid:NAME"},
	{0, "attach", ONE, OURS, set_piece, 0, "FILE[;type=TYPE]", "a file that goes with it"},
	{0, "name-attachment", ONE, OURS, set_piece, 0, "NAME", "what the file before is called"},
	{0, "save-sent", ONE, OURS, set_piece, 0, "maildir:PATH", "keep a copy there when it has gone"},
	{0, "skip-empty", NO, OURS, set_piece, 0, NULL, "send nothing where there is nothing to send"},

	{.help = "Delivery"},
	{'N', "dsn-notify", ONE, ALL, set_wish, 0, "CONDITIONS",
	 "report never, or on success,failure,delay"},
	{'R', "dsn-return", ONE, ALL, set_wish, 0, "full|hdrs", "what comes back with a report"},
	{'V', "envelope-id", ONE, ALL, set_wish, AT(envelope_id), "ID", "what reports call the message"},
	{0, "hold-for", ONE, OURS, set_hold_for, 0, "SECONDS", "let the relay hold it so long"},
	{0, "hold-until", ONE, OURS, set_hold_until, 0, "TIME", "let the relay hold it until then"},
	{0, "at", ONE, OURS, set_at, 0, "TIME", "queue it, and send it then"},
	{0, "hold", ONE, OURS, set_hold, 0, "TIME|ID|all",
	 "queue it, and send it after so long; or hold what is queued"},

	{.help = "What to do"},
	{'b', NULL, ONE, ALL, set_mode_letter, 0, "MODE", "the mode; -bm submits and is the default"},
	{'I', NULL, NO, ALL, set_newaliases, 0, NULL, "check the files of aliases: the same as -bi"},
	{'q', NULL, MAY, ALL, set_queue_run, 0, "TIME|IID|RRCPT|SSENDER",
	 "run the queue: now, every so often, or a part of it"},
	{0, "due", NO, OURS, set_flag, AT(due), NULL, "with -q: only what is due"},
	{0, "listen", ONE, OURS, set_listen, 0, "HOST:PORT|unix:FILE|systemd",
	 "speak SMTP with the programs of this machine"},
	{0, "catch", ONE, OURS, set_catch, AT(catch), "DIR",
	 "listen, and keep what comes in this Maildir"},
	{0, "max-connections", ONE, OURS, set_limit, AT(max_connections), "NUMBER", "of them at once"},
	{0, "max-size", ONE, OURS, set_limit, AT(max_size), "BYTES", "of a message of theirs"},
	{0, "max-recipients", ONE, OURS, set_limit, AT(max_recipients), "NUMBER", "of one"},
	{0, "max-time", ONE, OURS, set_max_time, 0, "TIME", "of a session"},
	{0, "batch", NO, OURS, set_batch, 0, NULL, "send the messages in the files named"},
	{'v', "verbose", NO, ALL, set_flag, AT(verbose), NULL, "show the conversation"},
	{0, "quiet", NO, OURS, set_flag, AT(brief), NULL, "say nothing but what fails"},
	{'d', "debug", MAY, OURS, set_flag, AT(verbose), "LEVEL", "the same as -v"},
	{0, "dry-run", NO, OURS, set_flag, AT(dry_run), NULL,
	 "show envelope, relay and the bytes to be sent"},
	{'P', "pretend", NO, OURS, set_pretend, 0, NULL,
	 "the same as --dry-run; called msmtp: --show-config"},
	{0, "show-config", NO, OURS, set_show_config, 0, NULL,
	 "show the configuration, and where each value comes from"},
	{0, "server-info", NO, OURS, set_server_info, 0, NULL, "show what the relay offers"},
	{'S', "serverinfo", NO, OURS, set_server_info, 0, NULL, "the same as --server-info"},
	{0, "import", ONE, OURS, set_import, AT(import), "msmtp|ssmtp|dma|nullmailer|esmtp",
	 "show the configuration of another program in our words"},
	{0, "with-passwords", NO, OURS, set_flag, AT(with_passwords), NULL,
	 "with --import: into a pipe, too"},
	{0, "configure", ONE, OURS, set_configure, AT(address), "ADDRESS",
	 "find the relay of an address, and set up an account"},
	{0, "keyring", ONE, OURS, set_keyring, AT(keyring), "kernel|desktop",
	 "with --configure: put the password there"},
	{0, "probe", NO, OURS, set_flag, AT(probe), NULL,
	 "with --configure: try the usual names of relays"},
	{0, "system", NO, OURS, set_flag, AT(system), NULL,
	 "with --configure: write the system's file"},
	{0, "yes", NO, OURS, set_flag, AT(yes), NULL, "with --configure: write without asking"},
	{0, "rmqs", ONE, OURS, set_rmqs, 0, "HOST|@DOMAIN|#QUEUE", "not built yet"},
	{0, "verify-address", ONE, OURS, set_verify, AT(address), "ADDRESS",
	 "ask the relay about an address"},
	{0, "trust-relay", ONE, OURS, set_trust_relay, AT(relay_key), "HOST:PORT=PIN",
	 "accept a relay's new key, with tls_trust first-use"},
	{0, "doctor", NO, OURS, set_doctor, 0, NULL, "check whether mail would go, and what mends it"},
	{0, "send-test", MAY, OURS, set_send_test, AT(test_address), "ADDRESS",
	 "with --doctor: send a message, too"},
	{0, "list-queue", NO, OURS, set_queue_list, 0, NULL, "show what is in the queue"},
	{0, "json", NO, ALL, set_flag, AT(json), NULL, "as JSON, an object a line"},
	{0, "show", ONE, OURS, set_show, 0, "ID", "show a message of the queue"},
	{0, "retry", ONE, OURS, set_steer, 0, "ID|all", "try to send it now"},
	{0, "release", ONE, OURS, set_steer, 0, "ID|all", "the opposite of --hold and --at"},
	{0, "remove", ONE, OURS, set_steer, 0, "ID|all", "remove it from the queue"},
	{0, "cancel", ONE, OURS, set_steer, 0, "ID|all", "the same, if it has not been sent"},
	{0, "check-queue", NO, OURS, set_queue_check, 0, NULL, "the queue's state for monitoring"},
	{0, "older-than", ONE, OURS, set_older_than, 0, "TIME[,TIME]",
	 "a wait to warn of, and a critical one"},
	{0, "version", NO, OURS, set_version, 0, NULL, "show the version"},
	{0, "help", NO, OURS, set_help, 0, NULL, "show this list"},

	{.help = "Configuration"},
	{'C', "file", ONE, OURS, set_string, AT(config_file), "FILE", "read this file alone"},
	{'a', "account", ONE, ALL, set_string, AT(account), "NAME", "use this account"},

	{.help = "Words of the configuration, for this run (see pennypost.conf(5))"},
	{0, "relay", ONE, OURS, set_setting, 0, "URL", "the relay"},
	{0, "host", ONE, OURS, set_setting, 0, "HOST", "the relay's name"},
	{0, "port", ONE, OURS, set_setting, 0, "PORT", "its port"},
	{0, "socket", ONE, OURS, set_setting, 0, "FILE", "the relay's unix socket"},
	{0, "protocol", ONE, OURS, set_setting, 0, "smtp|lmtp", "what the relay speaks"},
	{0, "source-ip", ONE, OURS, set_setting, 0, "ADDRESS", "our address"},
	{0, "bind-interface", ONE, OURS, set_setting, 0, "NAME", "the network interface to leave by"},
	{'4', "ipv4", NO, OURS, set_family, 0, NULL, "connect to IPv4 addresses alone"},
	{'6', "ipv6", NO, OURS, set_family, 0, NULL, "connect to IPv6 addresses alone"},
	{0, "proxy", ONE, OURS, set_setting, 0, "URL", "the proxy on the way"},
	{0, "proxy-host", ONE, OURS, set_setting, 0, "HOST", "a SOCKS5 proxy"},
	{0, "proxy-port", ONE, OURS, set_setting, 0, "PORT", "its port"},
	{0, "proxy-passwordeval", ONE, OURS, set_setting, 0, "COMMAND", "it prints the proxy's password"},
	{0, "proxy-password-file", ONE, OURS, set_setting, 0, "FILE", "it holds the proxy's password"},
	{0, "proxy-cleartext", MAY, OURS, set_switch, 0, "on|off", "it may cross the network"},
	{0, "timeout", ONE, OURS, set_setting, 0, "SECONDS", "for connecting"},
	{0, "attempt-timeout", ONE, OURS, set_setting, 0, "SECONDS", "for all of an attempt"},
	{0, "timeout-scale", ONE, OURS, set_setting, 0, "PERCENT", "of the timeouts for replies"},
	{0, "flight", ONE, OURS, set_setting, 0, "grouped|careful", "commands together, or one by one"},
	{0, "flight-size", ONE, OURS, set_setting, 0, "BYTES", "of a message that leaves with its envelope"},
	{0, "domain", ONE, OURS, set_setting, 0, "DOMAIN", "of bare addresses, and our name"},
	{0, "tls", MAY, OURS, set_switch, 0, "on|off|auto", "encrypt"},
	{0, "tls-starttls", MAY, OURS, set_switch, 0, "on|off", "by STARTTLS, or from the first byte"},
	{0, "tls-certcheck", MAY, OURS, set_switch, 0, "on|off", "demand a good certificate"},
	{0, "tls-trust", ONE, OURS, set_setting, 0, "WAY", "whom to believe"},
	{0, "tls-trust-file", ONE, OURS, set_setting, 0, "FILE", "CAs to trust"},
	{0, "tls-crl-file", ONE, OURS, set_setting, 0, "FILE", "revoked certificates"},
	{0, "tls-fingerprint", ONE, OURS, set_setting, 0, "HEX", "the one certificate to trust"},
	{0, "tls-pin", ONE, OURS, set_setting, 0, "PIN", "the key it must have, too"},
	{0, "dane-resolver", ONE, OURS, set_setting, 0, "ADDRESS[@PORT]", "whom to ask, for dane"},
	{0, "dane-trust-anchor", ONE, OURS, set_setting, 0, "FILE", "of DNSSEC, in place of the root's"},
	{0, "tls-cert-file", ONE, OURS, set_setting, 0, "FILE", "our certificate"},
	{0, "tls-key-file", ONE, OURS, set_setting, 0, "FILE", "its key"},
	{0, "tls-key-password-file", ONE, OURS, set_setting, 0, "FILE", "it holds the key's password"},
	{0, "tls-key-passwordeval", ONE, OURS, set_setting, 0, "COMMAND", "it prints the key's password"},
	{0, "tls-min-version", ONE, OURS, set_setting, 0, "1.2|1.3", "of TLS"},
	{0, "tls-priorities", ONE, OURS, set_setting, 0, "STRING", "priorities of GnuTLS"},
	{0, "tls-host-override", ONE, OURS, set_setting, 0, "HOST", "name in the certificate"},
	{0, "tls-session-cache", MAY, OURS, set_switch, 0, "on|off", "resume TLS sessions"},
	{0, "tls-min-dh-prime-bits", ONE, OURS, set_setting, 0, "BITS", "no effect"},
	{0, "auth", MAY, OURS, set_switch, 0, "on|off|strong|METHOD", "authenticate"},
	{0, "auth-identity", ONE, OURS, set_setting, 0, "NAME", "act as somebody else"},
	{0, "user", ONE, OURS, set_setting, 0, "NAME", "the login"},
	{0, "passwordeval", ONE, OURS, set_setting, 0, "COMMAND", "it prints the password"},
	{0, "password-file", ONE, OURS, set_setting, 0, "FILE", "it holds the password"},
	{0, "password-credential", ONE, OURS, set_setting, 0, "NAME", "systemd credential with it"},
	{0, "password-keyring", ONE, OURS, set_setting, 0, "kernel|kernel:NAME|desktop", "keyring that holds it"},
	{0, "aliases", ONE, OURS, set_setting, 0, "FILE", "addresses of local names"},
	{0, "allow-from-override", MAY, OURS, set_switch, 0, "on|off", "let -f override from"},
	{0, "auto-from", MAY, OURS, set_switch, 0, "on|off", "obsolete: from %U@DOMAIN"},
	{0, "maildomain", ONE, OURS, set_setting, 0, "DOMAIN", "obsolete: its domain"},
	{0, "set-from-header", MAY, OURS, set_switch, 0, "on|off|auto", "replace, leave or add From"},
	{0, "add-missing-from-header", MAY, OURS, set_switch, 0, "on|off", "add From"},
	{0, "set-date-header", MAY, OURS, set_switch, 0, "auto|off", "add Date"},
	{0, "add-missing-date-header", MAY, OURS, set_switch, 0, "on|off", "add Date"},
	{0, "set-msgid-header", MAY, OURS, set_switch, 0, "auto|off", "add Message-ID"},
	{0, "remove-bcc-headers", MAY, OURS, set_switch, 0, "on|off", "no effect: Bcc is always removed"},
	{0, "deliver-by", ONE, OURS, set_setting, 0, "SECONDS[,R|N]", "then return it, or tell us"},
	{0, "require-tls", MAY, OURS, set_switch, 0, "on|off", "TLS all the way, or no delivery"},
	{0, "submitter", ONE, OURS, set_setting, 0, "ADDRESS", "for whom it is submitted"},
	{0, "undisclosed-recipients", MAY, OURS, set_switch, 0, "on|off", "hide all recipients"},
	{0, "queue", MAY, OURS, set_switch, 0, "on|off", "keep what cannot be sent now"},
	{0, "queue-dir", ONE, OURS, set_setting, 0, "DIR", "the queue's directory"},
	{0, "delivery", ONE, OURS, set_setting, 0, "interactive|background|queue",
	 "when to send"},
	{0, "queue-lifetime", ONE, OURS, set_setting, 0, "TIME", "then a message is given up"},
	{0, "duplicates", ONE, OURS, set_setting, 0, "rarely|never",
	 "whether what may have arrived is sent again"},
	{0, "connections", ONE, OURS, set_setting, 0, "NUMBER", "to a relay at once"},
	{0, "rate", ONE, OURS, set_setting, 0, "NUMBER/TIME", "of messages to a relay"},
	{0, "runner", MAY, OURS, set_switch, 0, "on|off", "start one for what was queued"},
	{'X', "logfile", ONE, OURS, set_setting, 0, "FILE", "log to this file"},
	{0, "log-format", ONE, OURS, set_setting, 0, "text|json", "of its lines"},
	{0, "logfile-time-format", ONE, OURS, set_setting, 0, "FORMAT", "how its lines begin"},
	{'L', NULL, ONE, ALL, options_set_log_tag, 0, "TAG", "put a tag behind our name in syslog"},
	{0, "syslog", MAY, OURS, set_switch, 0, "on|off|FACILITY", "log to syslog"},

	{'A', NULL, ONE, ALL, set_nothing, 0, "CHARACTER", NULL},
	{'B', NULL, ONE, ALL, set_nothing, 0, "TYPE", NULL},
	{'C', NULL, ONE, SENDMAIL, set_no_file, 0, "FILE", NULL},
	{'c', NULL, NO, SENDMAIL, set_nothing, 0, NULL, NULL},
	{'D', NULL, ONE, ALL, set_no_file, 0, "FILE", NULL},
	{'d', NULL, MAY, SENDMAIL, set_nothing, 0, "LEVEL", NULL},
	{'E', NULL, MAY, ALL, set_nothing, 0, "ID", NULL},
	{'G', NULL, NO, ALL, set_nothing, 0, NULL, NULL},
	{'J', NULL, MAY, ALL, set_nothing, 0, "ID", NULL},
	{'M', NULL, ONE, ALL, set_exim, 0, "ID", NULL},
	{'m', NULL, NO, ALL, set_nothing, 0, NULL, NULL},
	{'p', NULL, ONE, ALL, set_nothing, 0, "PROTOCOL", NULL},
	{'Q', NULL, MAY, ALL, set_quarantine, 0, "REASON", NULL},
	{'s', NULL, NO, SENDMAIL, set_nothing, 0, NULL, NULL},
	{'T', NULL, MAY, SENDMAIL, set_nothing, 0, "TIME", NULL},
	{'U', NULL, NO, ALL, set_nothing, 0, NULL, NULL},
	{'X', NULL, ONE, SENDMAIL, set_no_file, 0, "FILE", NULL},
	{'x', NULL, NO, ALL, set_nothing, 0, NULL, NULL},
};
/* clang-format on */

const struct options_row *options_row(size_t n)
{
	return n < sizeof(rows) / sizeof(rows[0]) ? &rows[n] : NULL;
}
