/* The keys of LOGGING. */
#include <string.h>

#include "base/log.h"
#include "conf/key.h"

static int set_log_format(struct account *a, const struct key *key, const char *value,
			  struct error *error)
{
	if (!value || (strcmp(value, "text") != 0 && strcmp(value, "json") != 0))
		return key_refuse(key, value, "text or json", error);
	return key_put_text(a, key->offset, value, error);
}

static int set_time_format(struct account *a, const struct key *key, const char *value,
			   struct error *error)
{
	if (value && *value && !log_time_format_fits(value))
		return key_refuse(key, value,
				  "a format of strftime(3) that comes to 1 to 200 bytes",
				  error);
	return key_put_text(a, key->offset, value, error);
}

static int set_syslog(struct account *a, const struct key *key, const char *value,
		      struct error *error)
{
	return key_put_choice(
		a, key, choice_find(choice_facility, value && *value ? value : "on", false),
		value, "on, off, LOG_MAIL, LOG_USER or LOG_LOCAL0 to LOG_LOCAL7", error);
}

const struct key keys_log[] = {
	{"logfile", key_set_text, KEYS_KIND_TEXT, KEY_AT(logfile), KEYS_FILE | KEYS_PASSING},
	{"log_format", set_log_format, KEYS_KIND_TEXT, KEY_AT(log_format), KEYS_PASSING},
	{"logfile_time_format", set_time_format, KEYS_KIND_TEXT, KEY_AT(logfile_time_format),
	 KEYS_PASSING},
	{"syslog", set_syslog, KEYS_KIND_FACILITY, KEY_AT(syslog), KEYS_PASSING},
	{.name = NULL},
};
