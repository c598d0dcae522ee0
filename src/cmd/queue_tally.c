/* The queue in numbers: see queue_tally.h. */
#include "cmd/queue_tally.h"

#include <inttypes.h>

#include "cmd/queue_look.h"

static void queue_tally_count(struct queue_tally *c, const struct queue_view *v)
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

int queue_tally_take(struct context *x, struct spool *s, void *tally, struct error *error)
{
	struct spool_list list = {0};
	struct queue_look look;
	int failed = spool_list(s, &list, error);

	for (size_t i = 0; !failed && i < list.count; i++) {
		if (queue_look(&look, x, s, &list.items[i]))
			queue_tally_count(tally, &look.view);
		queue_look_clear(&look);
	}
	spool_list_clear(&list);
	return failed;
}

/* "3d4h", "12m", "40s": the two longest units. */
static void queue_tally_age(struct buf *out, int64_t seconds)
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

void queue_tally_words(struct buf *out, const struct queue_tally *t)
{
	buf_printf(out, "%" PRIu64 " waiting", t->waiting);
	if (t->waiting > 0) {
		buf_add_string(out, ", the oldest for ");
		queue_tally_age(out, t->oldest);
	}
	if (t->doubt > 0)
		buf_printf(out, ", %" PRIu64 " in doubt", t->doubt);
	if (t->held > 0)
		buf_printf(out, ", %" PRIu64 " held", t->held);
	if (t->dead > 0)
		buf_printf(out, ", %" PRIu64 " dead", t->dead);
	if (t->damaged > 0)
		buf_printf(out, ", %" PRIu64 " damaged", t->damaged);
}
