/*
 * Questions to the DNS whose answers are proved by DNSSEC (RFC 4035), or are known not to be.
 *
 * The validating resolver is libunbound, which is linked with a module of its own, dane.so
 * beside the one of cryptography, loaded when an account demands DANE: dnssec_module.c is the
 * module, dnssec_load.c finds it, and dnssec_absent.c stands for that in a build without
 * (-Ddane=disabled).
 */
#ifndef NET_DNSSEC_H
#define NET_DNSSEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum { DNSSEC_ABI = 2, DNSSEC_HOST_MAX = 256, DNSSEC_NAME_MAX = 320, DNSSEC_QUESTIONS_MAX = 4 };
enum dnssec_type { DNSSEC_ADDRESS = 1, DNSSEC_ALIAS = 5, DNSSEC_SRV = 33, DNSSEC_TLSA = 52 };

/* Whom to ask, and until when. */
struct dnssec_resolver {
	const char *address;      /* "ADDRESS" or "ADDRESS@PORT"; NULL: those of resolv.conf */
	const char *trust_anchor; /* file; NULL: the root's */
	int64_t deadline;
};

struct dnssec_question {
	char name[DNSSEC_NAME_MAX]; /* in A-labels */
	enum dnssec_type type;
	/* Is handed the data of each record, decompressed: of an answer that is proved, or of
	 * any if takes_all. Returns 0, or -1 without memory. NULL: they are not wanted. */
	int (*take)(void *context, struct span rdata);
	void *context;
	bool takes_all;
	/* The answer: */
	bool proved; /* it is authentic, every alias on the way included; also that there is no
			such record */
	bool found;  /* there is one */
	char end[DNSSEC_HOST_MAX]; /* where the aliases of name lead, without a final dot; ""
				      when it is none */
};

struct dnssec; /* a resolver at work, which keeps what it has learnt; the module's own */

/* What the module exports. */
struct dnssec_module {
	unsigned abi; /* DNSSEC_ABI */
	/* What r points to is borrowed until close. NULL with *error, local (stage config). */
	struct dnssec *(*open)(const struct dnssec_resolver *r, struct error *error);
	/* Asks all of them at once, DNSSEC_QUESTIONS_MAX at most. Returns 0; or -1 with *error,
	 * temporary: of stage trust when an answer is not what was signed, of stage resolve
	 * when there is none. */
	int (*ask)(struct dnssec *d, struct dnssec_question *questions, size_t count,
		   struct error *error);
	void (*close)(struct dnssec *d);
};

#define DNSSEC_FILE   "dane.so"
#define DNSSEC_SYMBOL "dnssec_module"

/* The table, or NULL with *error (local): dnssec_load.c and dnssec_absent.c. */
const struct dnssec_module *dnssec_load(struct error *error);

#endif
