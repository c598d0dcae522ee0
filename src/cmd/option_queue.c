/* Options that show the queue, steer what is in it, and judge it. */
#include <string.h>
#include <time.h>

#include "base/duration.h"
#include "base/text.h"
#include "cmd/option_row.h"
#include "queue/spool.h"

static int set_queue_list(struct options *o, const struct options_row *row, const char *value,
			  struct error *error)
{
	(void)row, (void)value, (void)error;
	o->mode = MODE_QUEUE_LIST;
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

int options_set_hold(struct options *o, const struct options_row *row, const char *value,
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

static int set_queue_check(struct options *o, const struct options_row *row, const char *value,
			   struct error *error)
{
	(void)row, (void)value, (void)error;
	o->mode = MODE_QUEUE_CHECK;
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

/* clang-format off */
static const struct options_row rows[] = {
	{0, "list-queue", NO, OURS, set_queue_list, 0, NULL, "show what is in the queue"},
	{0, "json", NO, ALL, options_set_flag, AT(json), NULL, "as JSON, an object a line"},
	{0, "show", ONE, OURS, set_show, 0, "ID", "show a message of the queue"},
	{0, "retry", ONE, OURS, set_steer, 0, "ID|all", "try to send it now"},
	{0, "release", ONE, OURS, set_steer, 0, "ID|all", "the opposite of --hold and --at"},
	{0, "remove", ONE, OURS, set_steer, 0, "ID|all", "remove it from the queue"},
	{0, "cancel", ONE, OURS, set_steer, 0, "ID|all", "the same, if it has not been sent"},
	{0, "check-queue", NO, OURS, set_queue_check, 0, NULL, "the queue's state for monitoring"},
	{0, "older-than", ONE, OURS, set_older_than, 0, "TIME[,TIME]",
	 "a wait to warn of, and a critical one"},
};
/* clang-format on */

const struct options_table options_queue = {rows, sizeof(rows) / sizeof(rows[0])};
