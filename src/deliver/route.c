/* The ways to an account's relay: see route.h. */
#include "deliver/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "net/resolve.h"
#include "net/srv.h"

enum { ROUTE_DNSSEC_SECONDS = 30 };

void route_way_free(void *context)
{
	struct route_way *way = context;

	if (!way)
		return;
	endpoint_clear(&way->relay);
	endpoint_clear(&way->domain);
	free(way->service);
	free(way);
}

/* A way by the relay of a view, of which it takes over what it owns. */
static struct route_way *route_way_new(const struct account *view, struct endpoint *owned)
{
	struct route_way *way = calloc(1, sizeof(*way));

	if (!way) {
		endpoint_clear(owned);
		return NULL;
	}
	way->account = *view;
	way->relay = *owned;
	*owned = (struct endpoint){0};
	return way;
}

static void route_name(struct route_way *way)
{
	struct endpoint shown = way->account.relay;

	shown.port = account_port(&way->account);
	endpoint_show(&shown, way->name, sizeof(way->name));
}

/* The account's n-th relay. Returns 1, 0 when there is none, -1 without memory. */
static int route_add(struct route *r, size_t n)
{
	struct endpoint owned;
	struct account view;
	int got = r->count < ROUTE_WAYS_MAX ? account_view(r->account, n, &view, &owned) : 0;

	if (got <= 0)
		return got;
	r->ways[r->count] = route_way_new(&view, &owned);
	if (!r->ways[r->count])
		return -1;
	if (!account_is_simple(r->account))
		route_name(r->ways[r->count]);
	r->count++;
	return 1;
}

/* Puts those that were down lately behind the others, from `from` on, `count` of them. */
static void route_sort(struct route *r, size_t from, size_t count)
{
	struct route_way *down[ROUTE_WAYS_MAX];
	size_t kept = from, put = 0;

	for (size_t i = from; i < from + count; i++)
		if (outages_have(&r->outages, r->ways[i]->name))
			down[put++] = r->ways[i];
		else
			r->ways[kept++] = r->ways[i];
	memcpy(&r->ways[kept], down, put * sizeof(down[0]));
}

static void route_remember(struct route *r)
{
	if (r->remembers)
		return;
	r->remembers = true;
	outages_load(&r->outages, r->memory, time(NULL));
}

int route_init(struct route *r, const struct account *a, const char *memory,
	       struct error *error)
{
	int got;

	*r = (struct route){.account = a, .memory = memory};
	while ((got = route_add(r, r->count)) > 0)
		continue;
	if (got < 0)
		return error_set_memory(error);
	if (r->count > 1) {
		route_remember(r);
		route_sort(r, 0, r->count);
	}
	return 0;
}

void route_clear(struct route *r)
{
	for (size_t i = r->next; i < r->count; i++)
		route_way_free(r->ways[i]);
	if (r->remembers)
		outages_save(&r->outages, r->memory);
	outages_clear(&r->outages);
}

/*
 * A target of srv://. Without DNSSEC anybody on the way may have made the answer up, so its
 * name alone proves nothing (RFC 6186 section 6): one below the domain is believed, because it
 * takes a certificate for a name below the domain to pass for it; any other must have one for
 * the domain itself, or for the name that tls_host_override says. Where DNSSEC proves the
 * answer, the target is as good a name as the domain (RFC 7673 section 4): see relay_trust.c.
 */
static struct route_way *route_way_of(const struct route_way *from, const char *domain,
				      const struct srv_target *target)
{
	struct account view = from->account;
	struct endpoint e = {.scheme = target->service == SRV_SUBMISSIONS ? ENDPOINT_SUBMISSIONS
									  : ENDPOINT_SUBMISSION,
			     .port = target->port};
	struct route_way *way;
	bool below = srv_is_below(target->host, domain);

	e.host = strdup(target->host);
	e.user = from->account.relay.user ? strdup(from->account.relay.user) : NULL;
	if (!e.host || (from->account.relay.user && !e.user)) {
		endpoint_clear(&e);
		return NULL;
	}
	view.relay = e;
	way = route_way_new(&view, &e);
	if (!way || endpoint_copy(&way->domain, &from->account.relay) ||
	    !(way->service = strdup(domain))) {
		route_way_free(way);
		return NULL;
	}
	way->proved = target->proved;
	route_name(way);
	if (!view.tls_host_override && !below && !way->proved)
		way->account.tls_host_override = way->service;
	return way;
}

/* Puts the targets in front of the ways that are left. Returns 0, -1 without memory. */
static int route_insert(struct route *r, const struct route_way *from, const char *domain,
			const struct srv_list *list)
{
	size_t room = ROUTE_WAYS_MAX - r->count + r->next;
	size_t count = list->count < room ? list->count : room;
	struct route_way *made[SRV_TARGETS_MAX];

	for (size_t i = 0; i < count; i++) {
		made[i] = route_way_of(from, domain, &list->items[i]);
		if (made[i])
			continue;
		while (i > 0)
			route_way_free(made[--i]);
		return -1;
	}
	memmove(&r->ways[count], &r->ways[r->next], (r->count - r->next) * sizeof(made[0]));
	memcpy(r->ways, made, count * sizeof(made[0]));
	r->count = r->count - r->next + count;
	r->next = 0;
	route_remember(r);
	route_sort(r, 0, count);
	return 0;
}

struct dnssec_resolver route_resolver(const struct account *a, int64_t deadline)
{
	int seconds = a->timeout > 0 && a->timeout < ROUTE_DNSSEC_SECONDS
			      ? a->timeout
			      : ROUTE_DNSSEC_SECONDS;
	int64_t own = clock_in((int64_t)seconds * 1000);

	return (struct dnssec_resolver){
		.address = a->dane_resolver,
		.trust_anchor = a->dane_trust_anchor,
		.deadline = deadline == CLOCK_NEVER || own < deadline ? own : deadline,
	};
}

static int route_ask(const struct account *a, const char *domain, int64_t deadline,
		     struct srv_list *list, struct error *error)
{
	const struct dnssec_resolver resolver = route_resolver(a, deadline);

	return account_wants_dane(a) ? srv_look_up_proved(domain, &resolver, list, error)
				     : srv_look_up(domain, deadline, list, error);
}

static int route_look_up(struct route *r, const struct route_way *from, int64_t deadline,
			 struct error *error)
{
	struct srv_list list;
	struct buf domain;
	int failed;

	buf_init(&domain, SRV_NAME_MAX);
	failed = resolve_encode(from->account.relay.host, &domain, error);
	while (domain.len > 0 && domain.data[domain.len - 1] == '.')
		buf_truncate(&domain, domain.len - 1);
	if (!failed && buf_failed(&domain))
		failed = error_set(error, ERROR_RELAY, STAGE_RESOLVE, "the domain is too long");
	if (!failed)
		failed = route_ask(&from->account, domain.data, deadline, &list, error);
	if (!failed && route_insert(r, from, domain.data, &list))
		failed = error_set_memory(error);
	buf_clear(&domain);
	return failed;
}

int route_next(struct route *r, int64_t deadline, struct route_way **way, struct error *error)
{
	int failed;

	while (r->next < r->count) {
		*way = r->ways[r->next++];
		if ((*way)->account.relay.scheme != ENDPOINT_SRV)
			return 1;
		failed = route_look_up(r, *way, deadline, error);
		if (failed)
			return -1;
		route_way_free(*way);
	}
	return 0;
}

bool route_has_more(const struct route *r)
{
	return r->next < r->count;
}

void route_failed(struct route *r, const struct route_way *way)
{
	if (r->remembers && way->account.relay.scheme != ENDPOINT_SRV)
		outages_add(&r->outages, way->name, time(NULL));
}

void route_worked(struct route *r, const struct route_way *way)
{
	if (r->remembers)
		outages_remove(&r->outages, way->name);
}

bool route_may_go_on(const struct error *error)
{
	if (error->class == ERROR_TEMPORARY)
		return true;
	return error->class == ERROR_RELAY &&
	       (error->stage == STAGE_RESOLVE || error->stage == STAGE_CONNECT ||
		error->stage == STAGE_TLS || error->stage == STAGE_TRUST ||
		error->stage == STAGE_STARTTLS);
}
