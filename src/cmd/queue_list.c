/* The list of the queue: see queue_list.h. */
#include "cmd/queue_list.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/queue_look.h"
#include "cmd/queue_walk.h"

enum {
	QUEUE_LIST_MAX = 256 * 1024 * 1024, /* bytes of one entry, shown */
	QUEUE_LIST_BLOCK = 64 * 1024
};

struct queue_list {
	uint64_t count, bytes;
	int number; /* errno of writing; then nothing more is written */
};

static void queue_list_write(struct queue_list *l, struct buf *out)
{
	if (buf_failed(out) && !l->number)
		l->number = ENOMEM;
	if (!l->number && file_write_all(STDOUT_FILENO, out->data, out->len))
		l->number = errno;
	buf_reset(out);
}

static void queue_list_add(struct queue_list *l, const struct context *x, struct queue_view *v,
			   struct buf *out)
{
	if (x->options.json) {
		v->uid = getuid();
		queue_format_json(out, v);
	} else {
		if (l->count == 0)
			queue_format_heading(out);
		queue_format_entry(out, v, x->options.verbose);
	}
	l->count++;
	l->bytes += v->entry->size;
}

static void queue_list_items(struct queue_list *l, struct context *x, struct spool *s,
			     const struct spool_list *list)
{
	struct queue_look look;
	struct health health;
	struct buf out;

	health_load(&health, s);
	buf_init(&out, QUEUE_LIST_MAX);
	for (size_t i = 0; i < list->count && !l->number; i++) {
		if (queue_look(&look, x, s, &list->items[i])) {
			queue_look_relay(&look, &health);
			queue_list_add(l, x, &look.view, &out);
		}
		queue_look_clear(&look);
		if (out.len >= QUEUE_LIST_BLOCK || buf_failed(&out))
			queue_list_write(l, &out);
	}
	queue_list_write(l, &out);
	buf_clear(&out);
	health_clear(&health);
}

/* The relays that a run of the queue would leave alone. */
static void queue_list_relays(struct queue_list *l, struct spool *s)
{
	struct health health;
	struct buf out;
	int64_t now = (int64_t)time(NULL);

	health_load(&health, s);
	buf_init(&out, QUEUE_LIST_MAX);
	for (size_t i = 0; i < health.count; i++)
		if (health.relays[i].failures > 0) {
			queue_format_relay(&out, &health.relays[i], now);
			l->count++;
		}
	queue_list_write(l, &out);
	buf_clear(&out);
	health_clear(&health);
}

static int queue_list_one(struct context *x, struct spool *s, void *tally, struct error *error)
{
	struct queue_list *l = tally;
	struct spool_list list = {0};
	int failed;

	if (x->options.list == OPTIONS_LIST_RELAYS) {
		queue_list_relays(l, s);
		return 0;
	}
	failed = spool_list(s, &list, error);

	for (size_t i = 0; i < list.warnings.count; i++)
		context_warn(x, list.warnings.items[i]);
	if (!failed && x->options.list == OPTIONS_LIST_COUNT)
		l->count += list.count;
	else if (!failed)
		queue_list_items(l, x, s, &list);
	spool_list_clear(&list);
	return failed;
}

/* Whoever has read enough and went away is no failure. */
static int queue_list_check(const struct queue_list *l, struct error *error)
{
	if (l->number == 0 || l->number == EPIPE)
		return 0;
	return error_set_errno(error, ERROR_LOCAL, STAGE_INPUT, l->number,
			       "cannot write to standard output");
}

/* What stands below it all. */
static void queue_list_end(const struct context *x, const struct queue_list *l, bool failed,
			   struct buf *out)
{
	const char *nothing = "Mail queue is empty\n";

	if (x->options.list == OPTIONS_LIST_RELAYS)
		nothing = "No relay is known to be down\n";
	if (x->options.json || (failed && l->count == 0))
		return;
	if (x->options.list == OPTIONS_LIST_COUNT)
		buf_printf(out, "%" PRIu64 "\n", l->count);
	else if (l->count == 0)
		buf_add_string(out, nothing);
	else if (x->options.list == OPTIONS_LIST_MESSAGES)
		queue_format_total(out, l->count, l->bytes);
}

int cmd_queue_list(struct context *x)
{
	struct queue_list list = {0};
	struct error error;
	struct buf out;
	int failed = queue_walk(x, queue_list_one, &list, sizeof(list), &error);

	buf_init(&out, 256);
	queue_list_end(x, &list, failed, &out);
	queue_list_write(&list, &out);
	buf_clear(&out);
	if (!failed)
		failed = queue_list_check(&list, &error);
	return failed ? context_fail(x, &error) : 0;
}
