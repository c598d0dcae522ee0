/*
 * The ways to an account's relay: its relays in their order, those that srv:// names in the
 * order of the DNS (net/srv.h); but those that were down lately come after the others
 * (deliver/outage.h).
 */
#ifndef DELIVER_ROUTE_H
#define DELIVER_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "conf/account.h"
#include "deliver/outage.h"
#include "net/dnssec.h"

enum { ROUTE_WAYS_MAX = 64 };

/* One way: an account that has no other relay. What it points to is the account's, or the
 * way's. */
struct route_way {
	struct account account;
	struct endpoint relay; /* owned: the account's, where it had to be made */
	struct endpoint
		domain; /* owned: the srv:// that led here; scheme ENDPOINT_NONE: none */
	char *service;  /* owned: the host of domain in A-labels, or NULL */
	bool proved;    /* DNSSEC proves that domain names the relay */
	char name[320]; /* "host:port", for a person and for the outages; "" where there
			   is no other way */
};

struct route {
	const struct account *account;
	const char *memory; /* the outages' file, or NULL */
	struct route_way *ways[ROUTE_WAYS_MAX];
	size_t count, next;
	struct outages outages;
	bool remembers; /* there is more than one way: outages matter, and have been read */
};

/* Returns 0, or -1 without memory; route_clear(), which saves what was learnt, is due either
 * way. Account and memory are borrowed. */
int route_init(struct route *r, const struct account *a, const char *memory,
	       struct error *error);
void route_clear(struct route *r);
/* The next way, which the caller frees. Returns 1, 0 when there is none, -1 with *error when it
 * was srv:// that leads nowhere; *way is the domain itself then, for its name. srv:// is looked
 * up here, by the deadline; by DNSSEC where the account demands DANE. */
int route_next(struct route *r, int64_t deadline, struct route_way **way, struct error *error);
void route_way_free(void *way);
/* The account's resolver for DNSSEC, which has until the deadline, and no longer than the
 * account's timeout. */
struct dnssec_resolver route_resolver(const struct account *a, int64_t deadline);
/* Whether there is another way still. */
bool route_has_more(const struct route *r);
/* What became of a way. */
void route_failed(struct route *r, const struct route_way *way);
void route_worked(struct route *r, const struct route_way *way);
/* Whether the next way may be tried after that: the relay could not be found, reached or
 * trusted, or has no time now; but it did not refuse us. */
bool route_may_go_on(const struct error *error);

#endif
