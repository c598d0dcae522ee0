/* The keys of THE QUEUE: what is kept, for how long, and what its runs may do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "conf/key.h"

enum { YEAR = 366 * 86400 };

/* An absolute path: a relative one would be another directory for each caller. */
static int set_queue_dir(struct account *a, const struct key *key, const char *value,
			 struct error *error)
{
	if (value && *value && *value != '/')
		return key_refuse(key, value, "an absolute path, or one below ~/", error);
	return key_put_text(a, key->offset, value, error);
}

static int set_delivery(struct account *a, const struct key *key, const char *value,
			struct error *error)
{
	return key_put_choice(a, key, choice_find(choice_delivery, value, false), value,
			      "interactive, background or queue", error);
}

static int set_duration(struct account *a, const struct key *key, const char *value,
			struct error *error)
{
	int seconds = 0;

	if (!value || duration_parse(span_of(value), &seconds) || seconds == 0 ||
	    (unsigned)seconds > key->accepts)
		return key_refuse(key, value,
				  "a time such as 30s, 15m, 4h, 5d or 2w, up to a year", error);
	key_put_number(a, key->offset, seconds);
	return 0;
}

static int set_duplicates(struct account *a, const struct key *key, const char *value,
			  struct error *error)
{
	if (!value || (strcmp(value, "rarely") != 0 && strcmp(value, "never") != 0))
		return key_refuse(key, value, "rarely or never", error);
	key_put_number(a, key->offset, value[0] == 'n' ? SETTING_OFF : SETTING_ON);
	return 0;
}

/* "30/min": a number, and the time it is meant for. */
static int rate_parse(const char *value, int *count, int *seconds)
{
	static const struct {
		const char *name;
		int seconds;
	} units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
	const char *slash = strchr(value, '/');
	char digits[8];
	const char *wrong;

	if (!slash || (size_t)(slash - value) >= sizeof(digits))
		return -1;
	snprintf(digits, sizeof(digits), "%.*s", (int)(slash - value), value);
	*count = (int)strtonum(digits, 1, 1000000, &wrong);
	for (size_t i = 0; !wrong && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(slash + 1, units[i].name) == 0) {
			*seconds = units[i].seconds;
			return 0;
		}
	return -1;
}

static int set_rate(struct account *a, const struct key *key, const char *value,
		    struct error *error)
{
	int count = 0;
	int seconds = 0;

	if (!value || (strcmp(value, "off") != 0 && rate_parse(value, &count, &seconds)))
		return key_refuse(
			key, value,
			"off, or a number of messages for a time: 2/s, 30/min, 500/h or 2000/d",
			error);
	key_put_number(a, KEY_AT(rate_count), count);
	key_put_number(a, KEY_AT(rate_seconds), seconds);
	return 0;
}

/* It runs with a clean environment, without a PATH to look in. */
static int set_command(struct account *a, const struct key *key, const char *value,
		       struct error *error)
{
	if (value && *value && *value != '/')
		return key_refuse(key, value, "a command with its absolute path", error);
	return key_put_text(a, key->offset, value, error);
}

const struct key keys_queue[] = {
	{"queue", key_set_switch, KEYS_KIND_SWITCH, KEY_AT(queue), KEYS_PASSING, KEY_ON_OFF},
	{"queue_dir", set_queue_dir, KEYS_KIND_TEXT, KEY_AT(queue_dir),
	 KEYS_FILE | KEYS_PASSING},
	{"delivery", set_delivery, KEYS_KIND_DELIVERY, KEY_AT(delivery), KEYS_PASSING},
	{"queue_lifetime", set_duration, KEYS_KIND_DURATION, KEY_AT(queue_lifetime),
	 KEYS_PASSING, YEAR},
	{"delay_notice", set_duration, KEYS_KIND_DURATION, KEY_AT(delay_notice), KEYS_PASSING,
	 YEAR},
	{"duplicates", set_duplicates, KEYS_KIND_DUPLICATES, KEY_AT(duplicates), KEYS_PASSING},
	{"connections", key_set_number, KEYS_KIND_NUMBER, KEY_AT(connections), KEYS_PASSING,
	 20},
	{"rate", set_rate, KEYS_KIND_RATE, 0, KEYS_PASSING},
	{"report_limit", key_set_number, KEYS_KIND_NUMBER, KEY_AT(report_limit), KEYS_PASSING,
	 10000},
	{"failure_command", set_command, KEYS_KIND_TEXT, KEY_AT(failure_command)},
	{"runner", key_set_switch, KEYS_KIND_SWITCH, KEY_AT(runner), KEYS_PASSING, KEY_ON_OFF},
	{.name = NULL},
};
