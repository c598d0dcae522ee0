/* Options that say what to do instead of sending a message, or besides, and what goes with
 * them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/duration.h"
#include "base/text.h"
#include "cmd/option_row.h"

/* -qp without a time, as Sendmail has it for an empty queue. */
#define QUEUE_PERSISTENT "p5s"

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
	return options_set_string(o, row, value, error);
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

static int set_batch(struct options *o, const struct options_row *row, const char *value,
		     struct error *error)
{
	(void)row, (void)value, (void)error;
	o->mode = MODE_BATCH;
	return 0;
}

static int set_show_config(struct options *o, const struct options_row *row, const char *value,
			   struct error *error)
{
	(void)row, (void)value, (void)error;
	o->mode = MODE_SHOW_CONFIG;
	return 0;
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

static int set_server_info(struct options *o, const struct options_row *row, const char *value,
			   struct error *error)
{
	(void)row, (void)value, (void)error;
	o->mode = MODE_SERVER_INFO;
	return 0;
}

static int set_import(struct options *o, const struct options_row *row, const char *value,
		      struct error *error)
{
	o->mode = MODE_IMPORT;
	return options_set_string(o, row, value, error);
}

static int set_configure(struct options *o, const struct options_row *row, const char *value,
			 struct error *error)
{
	o->mode = MODE_CONFIGURE;
	return options_set_string(o, row, value, error);
}

static int set_keyring(struct options *o, const struct options_row *row, const char *value,
		       struct error *error)
{
	if (strcmp(value, "kernel") != 0 && strcmp(value, "desktop") != 0)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "option --%s: \"%s\" is neither kernel nor desktop", row->name,
				 TEXT_SHOW(span_of(value)));
	return options_set_string(o, row, value, error);
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

static int set_verify(struct options *o, const struct options_row *row, const char *value,
		      struct error *error)
{
	o->mode = MODE_VERIFY_ADDRESS;
	return options_set_string(o, row, value, error);
}

static int set_trust_relay(struct options *o, const struct options_row *row, const char *value,
			   struct error *error)
{
	o->mode = MODE_TRUST_RELAY;
	return options_set_string(o, row, value, error);
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
	return value ? options_set_string(o, row, value, error) : 0;
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

/* clang-format off */
static const struct options_row rows[] = {
	{.help = "What to do"},
	{'b', NULL, ONE, ALL, set_mode_letter, 0, "MODE", "the mode; -bm submits and is the default"},
	{'I', NULL, NO, ALL, set_newaliases, 0, NULL, "check the files of aliases: the same as -bi"},
	{'q', NULL, MAY, ALL, set_queue_run, 0, "TIME|IID|RRCPT|SSENDER",
	 "run the queue: now, every so often, or a part of it"},
	{0, "due", NO, OURS, options_set_flag, AT(due), NULL, "with -q: only what is due"},
	{0, "listen", ONE, OURS, set_listen, 0, "HOST:PORT|unix:FILE|systemd",
	 "speak SMTP with the programs of this machine"},
	{0, "catch", ONE, OURS, set_catch, AT(catch), "DIR",
	 "listen, and keep what comes in this Maildir"},
	{0, "max-connections", ONE, OURS, set_limit, AT(max_connections), "NUMBER", "of them at once"},
	{0, "max-size", ONE, OURS, set_limit, AT(max_size), "BYTES", "of a message of theirs"},
	{0, "max-recipients", ONE, OURS, set_limit, AT(max_recipients), "NUMBER", "of one"},
	{0, "max-time", ONE, OURS, set_max_time, 0, "TIME", "of a session"},
	{0, "batch", NO, OURS, set_batch, 0, NULL, "send the messages in the files named"},
	{'v', "verbose", NO, ALL, options_set_flag, AT(verbose), NULL, "show the conversation"},
	{0, "quiet", NO, OURS, options_set_flag, AT(brief), NULL, "say nothing but what fails"},
	{'d', "debug", MAY, OURS, options_set_flag, AT(verbose), "LEVEL", "the same as -v"},
	{0, "dry-run", NO, OURS, options_set_flag, AT(dry_run), NULL,
	 "show envelope, relay and the bytes to be sent"},
	{'P', "pretend", NO, OURS, set_pretend, 0, NULL,
	 "the same as --dry-run; called msmtp: --show-config"},
	{0, "show-config", NO, OURS, set_show_config, 0, NULL,
	 "show the configuration, and where each value comes from"},
	{0, "server-info", NO, OURS, set_server_info, 0, NULL, "show what the relay offers"},
	{'S', "serverinfo", NO, OURS, set_server_info, 0, NULL, "the same as --server-info"},
	{0, "import", ONE, OURS, set_import, AT(import), "msmtp|ssmtp|dma|nullmailer|esmtp",
	 "show the configuration of another program in our words"},
	{0, "with-passwords", NO, OURS, options_set_flag, AT(with_passwords), NULL,
	 "with --import: into a pipe, too"},
	{0, "configure", ONE, OURS, set_configure, AT(address), "ADDRESS",
	 "find the relay of an address, and set up an account"},
	{0, "keyring", ONE, OURS, set_keyring, AT(keyring), "kernel|desktop",
	 "with --configure: put the password there"},
	{0, "probe", NO, OURS, options_set_flag, AT(probe), NULL,
	 "with --configure: try the usual names of relays"},
	{0, "system", NO, OURS, options_set_flag, AT(system), NULL,
	 "with --configure: write the system's file"},
	{0, "yes", NO, OURS, options_set_flag, AT(yes), NULL, "with --configure: write without asking"},
	{0, "rmqs", ONE, OURS, set_rmqs, 0, "HOST|@DOMAIN|#QUEUE", "not built yet"},
	{0, "verify-address", ONE, OURS, set_verify, AT(address), "ADDRESS",
	 "ask the relay about an address"},
	{0, "trust-relay", ONE, OURS, set_trust_relay, AT(relay_key), "HOST:PORT=PIN",
	 "accept a relay's new key, with tls_trust first-use"},
	{0, "doctor", NO, OURS, set_doctor, 0, NULL, "check whether mail would go, and what mends it"},
	{0, "send-test", MAY, OURS, set_send_test, AT(test_address), "ADDRESS",
	 "with --doctor: send a message, too"},
};
/* clang-format on */

const struct options_table options_mode = {rows, sizeof(rows) / sizeof(rows[0])};

/* clang-format off */
static const struct options_row last_rows[] = {
	{0, "version", NO, OURS, set_version, 0, NULL, "show the version"},
	{0, "help", NO, OURS, set_help, 0, NULL, "show this list"},
};
/* clang-format on */

const struct options_table options_about = {last_rows,
					    sizeof(last_rows) / sizeof(last_rows[0])};
