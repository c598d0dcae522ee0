/*
 * What the DNS names as a domain's submission servers: SRV records (RFC 2782) of
 * _submissions._tcp, TLS from the first byte (RFC 8314 section 5.1), and _submission._tcp,
 * STARTTLS (RFC 6186).
 */
#ifndef NET_SRV_H
#define NET_SRV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "net/dnssec.h"

enum { SRV_TARGETS_MAX = 32, SRV_NAME_MAX = 253 };

enum srv_service { SRV_SUBMISSIONS, SRV_SUBMISSION, SRV_SERVICES };

struct srv_target {
	enum srv_service service;
	uint16_t priority, weight, port;
	char host[SRV_NAME_MAX + 1]; /* sane (endpoint_host_is_sane()), no final dot */
	bool proved;                 /* DNSSEC proves that the domain names it */
};

struct srv_list {
	struct srv_target items[SRV_TARGETS_MAX]; /* what is beyond that is not used */
	size_t count;
	bool denied[SRV_SERVICES]; /* the target was ".": the service is not offered */
};

/* Asks for both services at once and puts their targets in the order in which to try them.
 * domain is in A-labels. Returns 0 with at least one target; or -1 with *error, stage resolve:
 * relay when there is none, temporary when the name servers do not answer now. */
int srv_look_up(const char *domain, int64_t deadline, struct srv_list *out,
		struct error *error);
/* The same by DNSSEC, which tells of each target whether it is proved (RFC 7673 section 3.1).
 * An answer that is not what was signed, or none to either question, is an error of
 * net/dnssec.h: who can keep one away could lead to the other. */
int srv_look_up_proved(const char *domain, const struct dnssec_resolver *r,
		       struct srv_list *out, struct error *error);
/* Whether host is the domain, or below it. */
bool srv_is_below(const char *host, const char *domain);

/* Adds what a DNS message (RFC 1035 section 4) answers for a service. Targets that are no sane
 * names, and ports of 0, are passed over. Returns 0, or -1 when the message is malformed. */
int srv_parse(struct span message, enum srv_service service, struct srv_list *out);
/* Adds the target that the data of one record names (RFC 2782). Returns as srv_parse(). */
int srv_parse_target(struct span rdata, enum srv_service service, struct srv_list *out);
/* By priority; among equals submissions first, then at random by weight (RFC 2782). random
 * returns a number below its argument. */
void srv_order(struct srv_list *l, uint32_t (*random)(uint32_t bound));

#endif
