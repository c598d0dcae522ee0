/* Looking at an entry: see queue_look.h. */
#include "cmd/queue_look.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "deliver/retry.h"
#include "queue/schedule.h"

/* What the file of a damaged entry tells all the same. */
static void queue_look_at_file(struct entry *e, struct spool *s)
{
	char name[SPOOL_NAME_SIZE];
	struct stat st;

	spool_name(name, e->id, e->state);
	if (fstatat(spool_fd(s), name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	e->size = (uint64_t)st.st_size;
	e->arrived = (int64_t)st.st_mtime * 1000000;
}

/* How long it lives, as its account says. What another configuration says is not known. */
static int64_t queue_look_lifetime(const struct context *x, const struct entry *e)
{
	const struct account *a = e->account ? config_find(&x->config, e->account) : NULL;

	if (!a || (e->config && !string_equals(e->config, x->options.config_file)))
		return 0;
	return retry_lifetime(a);
}

int queue_look(struct queue_look *l, const struct context *x, struct spool *s,
	       const struct spool_item *item)
{
	int found;

	entry_init(&l->entry);
	found = entry_load(s, item->id, &l->entry, &l->damage);
	l->view = (struct queue_view){.entry = &l->entry, .now = (int64_t)time(NULL)};
	if (found < 0) {
		entry_clear(&l->entry);
		memcpy(l->entry.id, item->id, sizeof(l->entry.id));
		l->entry.state = item->state;
		l->view.damage = l->damage.text;
		queue_look_at_file(&l->entry, s);
	} else if (found > 0) {
		l->view.active = l->entry.active;
		l->view.lifetime = queue_look_lifetime(x, &l->entry);
	}
	return found != 0;
}

void queue_look_relay(struct queue_look *l, struct health *h)
{
	const struct entry *e = &l->entry;
	const struct health_relay *r =
		e->account && h->count > 0 ? health_relay(h, e->account, e->config) : NULL;

	if (!r || r->failures == 0 || schedule_is_due(r->next, l->view.now))
		return;
	l->view.relay = r->text;
	l->view.relay_next = r->next;
}

void queue_look_clear(struct queue_look *l)
{
	entry_clear(&l->entry);
}
