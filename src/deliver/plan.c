/* Which message goes next: see plan.h. */
#include "deliver/plan.h"

#include <stdlib.h>
#include <string.h>

enum { PLAN_TABLE_MIN = 64 };

void plan_init(struct plan *p)
{
	*p = (struct plan){0};
	STAILQ_INIT(&p->relays);
}

/* FNV-1a. The keys are our own IDs and the addresses of one user: nobody gains by collisions.
 */
static size_t plan_hash(const char *text, size_t seed)
{
	uint64_t hash = 14695981039346656037U ^ seed;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211U;
	return (size_t)(hash ^ hash >> 32);
}

static size_t plan_group_hash(const struct plan_relay *r, const char *reverse_path)
{
	return plan_hash(reverse_path, (size_t)(uintptr_t)r >> 4);
}

static void plan_free_items(struct plan *p)
{
	for (size_t n = 0; n < p->item_size; n++) {
		struct plan_item *i;

		while ((i = p->items[n]) != NULL) {
			p->items[n] = i->same_hash;
			free(i);
		}
	}
	free(p->items);
}

static void plan_free_groups(struct plan *p)
{
	for (size_t n = 0; n < p->group_size; n++) {
		struct plan_group *g;

		while ((g = p->groups[n]) != NULL) {
			p->groups[n] = g->same_hash;
			free(g->reverse_path);
			free(g);
		}
	}
	free(p->groups);
}

void plan_clear(struct plan *p)
{
	struct plan_relay *r;

	plan_free_items(p);
	plan_free_groups(p);
	while ((r = STAILQ_FIRST(&p->relays)) != NULL) {
		STAILQ_REMOVE_HEAD(&p->relays, next);
		free(r->account);
		free(r->config);
		free(r);
	}
	plan_init(p);
}

bool plan_knows(const struct plan *p, const char *id)
{
	const struct plan_item *i = NULL;

	if (p->item_size > 0)
		i = p->items[plan_hash(id, 0) & (p->item_size - 1)];
	while (i && strcmp(i->id, id) != 0)
		i = i->same_hash;
	return i != NULL;
}

/* Twice the room for items, once it is full. */
static int plan_grow_items(struct plan *p)
{
	size_t size = p->item_size ? p->item_size * 2 : PLAN_TABLE_MIN;
	struct plan_item **table;

	if (p->item_count < p->item_size)
		return 0;
	table = calloc(size, sizeof(struct plan_item *));
	if (!table)
		return -1;
	for (size_t n = 0; n < p->item_size; n++) {
		struct plan_item *i;

		while ((i = p->items[n]) != NULL) {
			size_t place = plan_hash(i->id, 0) & (size - 1);

			p->items[n] = i->same_hash;
			i->same_hash = table[place];
			table[place] = i;
		}
	}
	free(p->items);
	p->items = table;
	p->item_size = size;
	return 0;
}

static struct plan_item *plan_make_item(struct plan *p, const char *id)
{
	struct plan_item *i;
	struct plan_item **place;

	if (plan_grow_items(p))
		return NULL;
	i = calloc(1, sizeof(*i));
	if (!i)
		return NULL;
	strlcpy(i->id, id, sizeof(i->id));
	place = &p->items[plan_hash(id, 0) & (p->item_size - 1)];
	i->same_hash = *place;
	*place = i;
	p->item_count++;
	return i;
}

int plan_note(struct plan *p, const char *id)
{
	return plan_make_item(p, id) ? 0 : -1;
}

struct plan_relay *plan_relay(struct plan *p, const char *account, const char *config)
{
	struct plan_relay *r;

	STAILQ_FOREACH (r, &p->relays, next)
		if (string_equals(r->account, account) && string_equals(r->config, config))
			return r;
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	STAILQ_INIT(&r->ready);
	r->account = strdup(account);
	r->config = config ? strdup(config) : NULL;
	if (r->account && (r->config || !config)) {
		STAILQ_INSERT_TAIL(&p->relays, r, next);
		return r;
	}
	free(r->account);
	free(r->config);
	free(r);
	return NULL;
}

static int plan_grow_groups(struct plan *p)
{
	size_t size = p->group_size ? p->group_size * 2 : PLAN_TABLE_MIN;
	struct plan_group **table;

	if (p->group_count < p->group_size)
		return 0;
	table = calloc(size, sizeof(struct plan_group *));
	if (!table)
		return -1;
	for (size_t n = 0; n < p->group_size; n++) {
		struct plan_group *g;

		while ((g = p->groups[n]) != NULL) {
			size_t place = plan_group_hash(g->relay, g->reverse_path) & (size - 1);

			p->groups[n] = g->same_hash;
			g->same_hash = table[place];
			table[place] = g;
		}
	}
	free(p->groups);
	p->groups = table;
	p->group_size = size;
	return 0;
}

static struct plan_group *plan_make_group(struct plan *p, struct plan_relay *r,
					  const char *reverse_path)
{
	struct plan_group *g;
	struct plan_group **place;

	if (plan_grow_groups(p))
		return NULL;
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->reverse_path = strdup(reverse_path);
	if (!g->reverse_path) {
		free(g);
		return NULL;
	}
	g->relay = r;
	STAILQ_INIT(&g->items);
	place = &p->groups[plan_group_hash(r, reverse_path) & (p->group_size - 1)];
	g->same_hash = *place;
	*place = g;
	p->group_count++;
	return g;
}

static struct plan_group *plan_group(struct plan *p, struct plan_relay *r,
				     const char *reverse_path)
{
	struct plan_group *g = NULL;

	if (p->group_size > 0)
		g = p->groups[plan_group_hash(r, reverse_path) & (p->group_size - 1)];
	while (g && (g->relay != r || strcmp(g->reverse_path, reverse_path) != 0))
		g = g->same_hash;
	return g ? g : plan_make_group(p, r, reverse_path);
}

/* Puts a group that has something, and that nobody serves, where the next lane finds it. */
static void plan_offer(struct plan_group *g)
{
	if (g->is_ready || g->lane || g->out > 0 || STAILQ_EMPTY(&g->items))
		return;
	g->is_ready = true;
	STAILQ_INSERT_TAIL(&g->relay->ready, g, next);
}

struct plan_item *plan_add(struct plan *p, struct plan_relay *r, const char *id,
			   const char *reverse_path)
{
	struct plan_group *g = plan_group(p, r, reverse_path);
	struct plan_item *i = g ? plan_make_item(p, id) : NULL;

	if (!i)
		return NULL;
	i->group = g;
	STAILQ_INSERT_TAIL(&g->items, i, next);
	r->waiting++;
	plan_offer(g);
	return i;
}

void plan_leave(struct plan_lane *lane)
{
	struct plan_group *g = lane->group;

	*lane = (struct plan_lane){0};
	if (!g)
		return;
	g->lane = NULL;
	plan_offer(g);
}

/* The first group that waits for a lane. */
static void plan_enter(struct plan_relay *r, struct plan_lane *lane)
{
	struct plan_group *g = STAILQ_FIRST(&r->ready);

	if (!g)
		return;
	STAILQ_REMOVE_HEAD(&r->ready, next);
	g->is_ready = false;
	g->lane = lane;
	*lane = (struct plan_lane){.group = g};
}

struct plan_item *plan_next(struct plan_relay *r, struct plan_lane *lane)
{
	struct plan_group *g = lane->group;
	struct plan_item *i;

	if (g &&
	    (STAILQ_EMPTY(&g->items) || (lane->turn >= PLAN_TURN && !STAILQ_EMPTY(&r->ready))))
		plan_leave(lane);
	if (!lane->group)
		plan_enter(r, lane);
	g = lane->group;
	if (!g)
		return NULL;
	i = STAILQ_FIRST(&g->items);
	STAILQ_REMOVE_HEAD(&g->items, next);
	g->out++;
	r->waiting--;
	lane->turn++;
	return i;
}

bool plan_has_ready(const struct plan_relay *r)
{
	return !STAILQ_EMPTY(&r->ready);
}

void plan_done(struct plan_item *i)
{
	i->group->out--;
	plan_offer(i->group);
}

void plan_return(struct plan_item *i)
{
	struct plan_group *g = i->group;

	STAILQ_INSERT_HEAD(&g->items, i, next);
	g->out--;
	g->relay->waiting++;
	plan_offer(g);
}
