/* TLSA records: see tlsa.h. */
#include "net/tlsa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/endpoint.h"

int tlsa_parse(struct span rdata, struct tls_tlsa *out)
{
	static const size_t lengths[] = {
		[TLS_TLSA_EXACT] = 0, [TLS_TLSA_SHA256] = 32, [TLS_TLSA_SHA512] = 64};
	const unsigned char *p = (const unsigned char *)rdata.data;

	if (rdata.len < 4 || p[0] > TLS_TLSA_DANE_EE || p[1] > TLS_TLSA_KEY ||
	    p[2] > TLS_TLSA_SHA512 || (lengths[p[2]] != 0 && rdata.len - 3 != lengths[p[2]]))
		return -1;
	*out = (struct tls_tlsa){
		.usage = (enum tls_tlsa_usage)p[0],
		.selector = (enum tls_tlsa_selector)p[1],
		.matching = (enum tls_tlsa_matching)p[2],
		.data = {rdata.data + 3, rdata.len - 3},
	};
	return 0;
}

/* One more; those of no use are passed over, and so are too many. */
static int tlsa_take(void *context, struct span rdata)
{
	struct tlsa_set *set = context;
	struct tls_tlsa record;
	struct tls_tlsa *grown;
	char *copy;

	if (tlsa_parse(rdata, &record) || set->count == TLSA_RECORDS_MAX)
		return 0;
	grown = reallocarray(set->records, set->count + 1, sizeof(*grown));
	if (!grown)
		return -1;
	set->records = grown;
	copy = span_dup(record.data);
	if (!copy)
		return -1;
	record.data.data = copy;
	grown[set->count++] = record;
	return 0;
}

static void tlsa_drop(struct tlsa_set *set, size_t which)
{
	char *copy;

	memcpy(&copy, &set->records[which].data.data, sizeof(copy));
	free(copy);
	set->count--;
	memmove(&set->records[which], &set->records[which + 1],
		(set->count - which) * sizeof(set->records[0]));
}

/* Whether there is a stronger digest that says the same sort of thing. */
static bool tlsa_is_outdone(const struct tlsa_set *set, const struct tls_tlsa *one)
{
	if (one->matching == TLS_TLSA_EXACT)
		return false;
	for (size_t i = 0; i < set->count; i++)
		if (set->records[i].usage == one->usage &&
		    set->records[i].selector == one->selector &&
		    set->records[i].matching > one->matching)
			return true;
	return false;
}

void tlsa_weed(struct tlsa_set *set)
{
	for (size_t i = set->count; i-- > 0;)
		if (tlsa_is_outdone(set, &set->records[i]))
			tlsa_drop(set, i);
}

/* One look-up. */
struct tlsa_search {
	const struct dnssec_module *module;
	struct dnssec *dnssec;
	char host[DNSSEC_HOST_MAX]; /* no final dot */
	int port;
};

/* Asks for the address of the host, or whether it is an alias. */
static int tlsa_ask_host(const struct tlsa_search *s, enum dnssec_type type,
			 struct dnssec_question *out, struct error *error)
{
	*out = (struct dnssec_question){.type = type};
	snprintf(out->name, sizeof(out->name), "%s.", s->host);
	return s->module->ask(s->dnssec, out, 1, error);
}

/* Asks for the records of a name. Returns 1 when there are any, of use or not; 0, -1. */
static int tlsa_ask(const struct tlsa_search *s, const char *base, struct tlsa_set *set,
		    struct error *error)
{
	struct dnssec_question q = {.type = DNSSEC_TLSA, .take = tlsa_take, .context = set};

	snprintf(q.name, sizeof(q.name), "_%d._tcp.%s.", s->port, base);
	snprintf(set->base, sizeof(set->base), "%s", base);
	if (s->module->ask(s->dnssec, &q, 1, error))
		return -1;
	return q.proved && q.found;
}

static int tlsa_search(const struct tlsa_search *s, struct tlsa_set *set, struct error *error)
{
	struct dnssec_question host;
	bool is_alias;
	int found = 0;

	if (tlsa_ask_host(s, DNSSEC_ADDRESS, &host, error))
		return -1;
	is_alias = host.end[0] && endpoint_host_is_sane(span_of(host.end));
	if (host.proved && is_alias)
		found = tlsa_ask(s, host.end, set, error);
	if (found)
		return found;
	/* What an alias leads to may be unsigned, and yet the alias be proved. */
	if (!host.proved && is_alias && tlsa_ask_host(s, DNSSEC_ALIAS, &host, error))
		return -1;
	return host.proved ? tlsa_ask(s, s->host, set, error) : 0;
}

int tlsa_lookup(const struct tlsa_query *q, struct tlsa_set *set, struct error *error)
{
	struct tlsa_search search = {.module = dnssec_load(error), .port = q->port};
	size_t len = strlen(q->host);
	int found = -1;

	if (len > 0 && q->host[len - 1] == '.')
		len--;
	/* No zone has such a name. */
	if (len >= sizeof(search.host))
		return 0;
	snprintf(search.host, sizeof(search.host), "%.*s", (int)len, q->host);
	if (search.module)
		search.dnssec = search.module->open(&q->resolver, error);
	if (!search.dnssec)
		return -1;
	found = tlsa_search(&search, set, error);
	search.module->close(search.dnssec);
	if (found < 0)
		tlsa_set_clear(set);
	else
		tlsa_weed(set);
	return found < 0 ? -1 : set->count > 0;
}

void tlsa_set_clear(struct tlsa_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		char *copy;

		memcpy(&copy, &set->records[i].data.data, sizeof(copy));
		free(copy);
	}
	free(set->records);
	*set = (struct tlsa_set){0};
}
