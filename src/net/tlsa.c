/* TLSA records: see tlsa.h. */
#include "net/tlsa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TLSA_NAME_MAX = 300 };

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

int tlsa_lookup(const struct tlsa_query *q, struct tlsa_set *set, struct error *error)
{
	const struct tlsa_module *module = tlsa_load(error);
	char name[TLSA_NAME_MAX];
	size_t len = strlen(q->host);

	if (!module)
		return -1;
	if (len > 0 && q->host[len - 1] == '.')
		len--;
	snprintf(name, sizeof(name), "_%d._tcp.%.*s.", q->port, (int)len, q->host);
	if (module->lookup(q, name, tlsa_take, set, error)) {
		tlsa_set_clear(set);
		return -1;
	}
	return set->count > 0;
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
