/*
 * What the zone of a relay says of its certificate: TLSA records at _PORT._tcp.HOST (RFC 6698,
 * RFC 7671; RFC 7673 for services that are found by SRV), believed only when DNSSEC proves them
 * (net/dnssec.h).
 */
#ifndef NET_TLSA_H
#define NET_TLSA_H

#include <stdint.h>

#include "base/crypto.h"
#include "net/dnssec.h"

enum { TLSA_RECORDS_MAX = 64 };

struct tlsa_query {
	const char *host; /* in A-labels, no address */
	int port;
	struct dnssec_resolver resolver;
};

/* Zero it before use. */
struct tlsa_set {
	struct tls_tlsa *records; /* their data is owned, too */
	size_t count;
	char base[DNSSEC_HOST_MAX]; /* whose records they are: the host, or the name that it is
				       an alias of; no final dot */
};

/* The usable records: of the name that the host is an alias of, where every alias on the way is
 * proved and there are any; else of the host itself (RFC 7671 section 7). An unsigned address
 * is not asked further (RFC 7673 section 3.2). Returns 1 when there are any, 0 when there is
 * none or the zone is not signed, -1 with *error as of dnssec_load() and the module. */
int tlsa_lookup(const struct tlsa_query *q, struct tlsa_set *set, struct error *error);
void tlsa_set_clear(struct tlsa_set *set);

/* Reads one (RFC 6698 section 2.1). Returns 0 with out->data borrowed from rdata, or -1 when it
 * is damaged, or of a kind that is not known and so of no use (RFC 7671 section 4.1). */
int tlsa_parse(struct span rdata, struct tls_tlsa *out);

/* Leaves those that count (RFC 7671 section 9): of the digests of one usage and selector only
 * the strongest, and all that are no digests. */
void tlsa_weed(struct tlsa_set *set);

#endif
