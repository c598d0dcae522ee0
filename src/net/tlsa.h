/*
 * What the zone of a relay says of its certificate: TLSA records at _PORT._tcp.HOST (RFC 6698;
 * RFC 7673 for services that are not found by MX), believed only when DNSSEC proves them.
 *
 * The validating resolver is libunbound, which is linked with a module of its own, dane.so
 * beside the one of cryptography, loaded when an account demands DANE: tlsa.c loads it and
 * reads the records, tlsa_module.c is the module, and tlsa_absent.c stands for its loading in a
 * build without (-Ddane=disabled).
 */
#ifndef NET_TLSA_H
#define NET_TLSA_H

#include <stdint.h>

#include "base/crypto.h"

enum { TLSA_ABI = 1, TLSA_RECORDS_MAX = 64 };

struct tlsa_query {
	const char *host; /* in A-labels, no address */
	int port;
	const char *resolver;     /* "ADDRESS" or "ADDRESS@PORT"; NULL: those of resolv.conf */
	const char *trust_anchor; /* file; NULL: the root's */
	int64_t deadline;
};

/* Zero it before use. */
struct tlsa_set {
	struct tls_tlsa *records; /* their data is owned, too */
	size_t count;
};

/* The usable records. Returns 1 when there are any, 0 when there is none or the zone is not
 * signed, -1 with *error: temporary (stage trust) when the answer is not what was signed,
 * temporary (stage resolve) when there is none, local (stage config) for what is wrong here. */
int tlsa_lookup(const struct tlsa_query *q, struct tlsa_set *set, struct error *error);
void tlsa_set_clear(struct tlsa_set *set);

/* Reads one (RFC 6698 section 2.1). Returns 0 with out->data borrowed from rdata, or -1 when it
 * is damaged, or of a kind that is not known and so of no use (RFC 7671 section 4.1). */
int tlsa_parse(struct span rdata, struct tls_tlsa *out);

/* What the module exports. */
struct tlsa_module {
	unsigned abi; /* TLSA_ABI */
	/* Hands out the data of every authentic record of that name. Returns 0 (also for none),
	 * or -1 with *error, or when take returns -1 for want of memory. */
	int (*lookup)(const struct tlsa_query *q, const char *name,
		      int (*take)(void *context, struct span rdata), void *context,
		      struct error *error);
};

#define TLSA_FILE   "dane.so"
#define TLSA_SYMBOL "dane_module"

/* The table, or NULL with *error: tlsa_load.c and tlsa_absent.c. */
const struct tlsa_module *tlsa_load(struct error *error);

#endif
