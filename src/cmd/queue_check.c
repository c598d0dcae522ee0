/* The queue for monitoring: see queue_check.h. */
#include "cmd/queue_check.h"

#include <inttypes.h>
#include <stdio.h>

#include "cmd/context_load.h"
#include "cmd/queue_tally.h"
#include "cmd/queue_walk.h"

enum { QUEUE_CHECK_OLD = 3600 }; /* seconds, when nothing is said */

enum { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };

static int queue_check_judge(const struct queue_tally *c, int64_t warning, int64_t critical)
{
	if (c->damaged > 0 || (critical > 0 && c->oldest > critical))
		return CHECK_CRITICAL;
	return c->dead > 0 || c->oldest > warning ? CHECK_WARNING : CHECK_OK;
}

int cmd_queue_check(struct context *x)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL"};
	const struct options *o = &x->options;
	int warning = o->older_than > 0 ? o->older_than : QUEUE_CHECK_OLD;
	struct queue_tally c = {0};
	struct error error;
	char critical[24] = "";
	struct buf text;
	int code;

	if (context_load(x, &error) || queue_walk(x, queue_tally_take, &c, sizeof(c), &error)) {
		printf("QUEUE UNKNOWN - %s\n", error.text);
		return CHECK_UNKNOWN;
	}
	buf_init(&text, 1024);
	queue_tally_words(&text, &c);
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
