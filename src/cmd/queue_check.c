/* The queue for monitoring: see queue_check.h. */
#include "cmd/queue_check.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "cmd/queue_look.h"
#include "cmd/queue_walk.h"

enum { QUEUE_CHECK_OLD = 3600 }; /* seconds, when nothing is said */

enum { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };

struct queue_check {
	uint64_t waiting, held, doubt, dead, damaged;
	int64_t oldest; /* seconds that one waits to be sent */
};

static void queue_check_count(struct queue_check *c, const struct queue_view *v)
{
	const struct entry *e = v->entry;
	int64_t since = entry_since(e);

	if (v->damage || e->state == ENTRY_BAD) {
		c->damaged++;
	} else if (e->state == ENTRY_DEAD) {
		c->dead++;
	} else if (e->held || e->release > v->now) {
		c->held++;
	} else {
		c->waiting++;
		c->doubt += e->state == ENTRY_MARKED && !v->active;
		if (v->now - since > c->oldest)
			c->oldest = v->now - since;
	}
}

static int queue_check_one(struct context *x, struct spool *s, void *tally, struct error *error)
{
	struct spool_list list = {0};
	struct queue_look look;
	int failed = spool_list(s, &list, error);

	for (size_t i = 0; !failed && i < list.count; i++) {
		if (queue_look(&look, x, s, &list.items[i]))
			queue_check_count(tally, &look.view);
		queue_look_clear(&look);
	}
	spool_list_clear(&list);
	return failed;
}

static int queue_check_judge(const struct queue_check *c, int64_t warning, int64_t critical)
{
	if (c->damaged > 0 || (critical > 0 && c->oldest > critical))
		return CHECK_CRITICAL;
	return c->dead > 0 || c->oldest > warning ? CHECK_WARNING : CHECK_OK;
}

/* "3d4h", "12m", "40s": the two longest units. */
static void queue_check_age(struct buf *out, int64_t seconds)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
	size_t i = 0;

	while (i < 3 && seconds < units[i].seconds)
		i++;
	buf_printf(out, "%" PRId64 "%c", seconds / units[i].seconds, units[i].letter);
	seconds %= units[i].seconds;
	if (i < 3 && seconds >= units[i + 1].seconds)
		buf_printf(out, "%" PRId64 "%c", seconds / units[i + 1].seconds,
			   units[i + 1].letter);
}

static void queue_check_words(struct buf *out, const struct queue_check *c)
{
	buf_printf(out, "%" PRIu64 " waiting", c->waiting);
	if (c->waiting > 0) {
		buf_add_string(out, ", the oldest for ");
		queue_check_age(out, c->oldest);
	}
	if (c->doubt > 0)
		buf_printf(out, ", %" PRIu64 " in doubt", c->doubt);
	if (c->held > 0)
		buf_printf(out, ", %" PRIu64 " held", c->held);
	if (c->dead > 0)
		buf_printf(out, ", %" PRIu64 " dead", c->dead);
	if (c->damaged > 0)
		buf_printf(out, ", %" PRIu64 " damaged", c->damaged);
}

int cmd_queue_check(struct context *x)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL"};
	const struct options *o = &x->options;
	int warning = o->older_than > 0 ? o->older_than : QUEUE_CHECK_OLD;
	struct queue_check c = {0};
	struct error error;
	char critical[24] = "";
	struct buf text;
	int code;

	if (context_load(x, &error) || queue_walk(x, queue_check_one, &c, sizeof(c), &error)) {
		printf("QUEUE UNKNOWN - %s\n", error.text);
		return CHECK_UNKNOWN;
	}
	buf_init(&text, 1024);
	queue_check_words(&text, &c);
	if (o->older_critical > 0)
		snprintf(critical, sizeof(critical), "%d", o->older_critical);
	code = queue_check_judge(&c, warning, o->older_critical);
	printf("QUEUE %s - %s | waiting=%" PRIu64 " doubt=%" PRIu64 " held=%" PRIu64
	       " dead=%" PRIu64 " damaged=%" PRIu64 " oldest=%" PRId64 "s;%d;%s;0\n",
	       words[code], text.data, c.waiting, c.doubt, c.held, c.dead, c.damaged, c.oldest,
	       warning, critical);
	buf_clear(&text);
	return fflush(stdout) ? CHECK_UNKNOWN : code;
}
