/*
 * The module of DNSSEC: see dnssec.h. The questions go to libunbound, which asks the resolver
 * for all signatures and validates them here, so that nobody between us and the zone is
 * trusted.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unbound.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/dnssec.h"

enum { CLASS_IN = 1, NXDOMAIN = 3 };

extern const struct dnssec_module dnssec_module;

struct dnssec {
	struct ub_ctx *ctx;
	int64_t deadline;
};

struct answer {
	struct ub_result *result;
	int code;
	bool done;
};

static const char *type_name(enum dnssec_type type)
{
	switch (type) {
	case DNSSEC_ADDRESS: return "address";
	case DNSSEC_ALIAS: return "CNAME record";
	case DNSSEC_SRV: return "SRV records";
	case DNSSEC_TLSA: return "TLSA records";
	}
	return "records";
}

static void answer_take(void *context, int code, struct ub_result *result)
{
	struct answer *a = context;

	a->code = code;
	a->result = result;
	a->done = true;
}

static int dnssec_fail(const char *what, int code, struct error *error)
{
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "DANE: cannot use %s: %s", what,
			 ub_strerror(code));
}

static int dnssec_set_up(struct ub_ctx *ctx, const struct dnssec_resolver *r,
			 struct error *error)
{
	const char *anchor = r->trust_anchor ? r->trust_anchor : PENNYPOST_TRUST_ANCHOR;
	int code;

	ub_ctx_debugout(ctx, NULL);
	/* A resolver on this machine is the best there is. */
	ub_ctx_set_option(ctx, "do-not-query-localhost:", "no");
	code = ub_ctx_add_ta_file(ctx, anchor);
	if (code == 0 && access(anchor, R_OK) < 0)
		code = UB_READFILE;
	if (code)
		return dnssec_fail(TEXT_SHOW(span_of(anchor)), code, error);
	code = r->address ? ub_ctx_set_fwd(ctx, r->address) : ub_ctx_resolvconf(ctx, NULL);
	if (code)
		return dnssec_fail(r->address ? r->address : "/etc/resolv.conf", code, error);
	/* In a thread; else it would be a process. */
	return ub_ctx_async(ctx, 1) ? error_set_memory(error) : 0;
}

static int dnssec_refuse(const struct dnssec_question *q, int code, struct error *error)
{
	return error_set(error, ERROR_TEMPORARY, STAGE_RESOLVE,
			 "cannot look for the %s of %s: %s", type_name(q->type), q->name,
			 ub_strerror(code));
}

/* Waits for the answer to one question; others may come before it. */
static int dnssec_wait(struct dnssec *d, const struct dnssec_question *q,
		       const struct answer *a, struct error *error)
{
	int code = 0;

	while (code == 0 && !a->done) {
		int ready = clock_poll(ub_fd(d->ctx), POLLIN, d->deadline);

		if (ready == 0)
			return error_set(error, ERROR_TEMPORARY, STAGE_RESOLVE,
					 "nobody answers in time what the %s of %s %s",
					 type_name(q->type), q->name,
					 q->type == DNSSEC_ADDRESS ? "is" : "say");
		if (ready > 0)
			code = ub_process(d->ctx);
		else if (errno != EINTR)
			code = UB_PIPE;
	}
	if (code == 0)
		code = a->code;
	return code == 0 ? 0 : dnssec_refuse(q, code, error);
}

static int dnssec_judge(const struct dnssec_question *q, const struct ub_result *r,
			struct error *error)
{
	if (r->bogus)
		return error_set(
			error, ERROR_TEMPORARY, STAGE_TRUST,
			"the DNS does not prove what it says of %s: somebody may be in "
			"between, or the zone's signatures are broken (%s)",
			q->name, TEXT_SHOW(span_of(r->why_bogus)));
	if (r->rcode != 0 && r->rcode != NXDOMAIN)
		return error_set(error, ERROR_TEMPORARY, STAGE_RESOLVE,
				 "the DNS cannot tell now the %s of %s (code %d)",
				 type_name(q->type), q->name, r->rcode);
	return 0;
}

static bool dnssec_is_name(const struct dnssec_question *q, const char *name, size_t len)
{
	size_t asked = strlen(q->name);

	if (asked > 0 && q->name[asked - 1] == '.')
		asked--;
	return len == 0 || (len == asked && strncasecmp(name, q->name, len) == 0);
}

static void dnssec_take_end(struct dnssec_question *q, const char *canonical)
{
	size_t len = canonical ? strlen(canonical) : 0;

	if (len > 0 && canonical[len - 1] == '.')
		len--;
	q->end[0] = '\0';
	if (len < sizeof(q->end) && !dnssec_is_name(q, canonical, len))
		snprintf(q->end, sizeof(q->end), "%.*s", (int)len, canonical);
}

static int dnssec_take(struct dnssec_question *q, const struct ub_result *r,
		       struct error *error)
{
	if (dnssec_judge(q, r, error))
		return -1;
	q->proved = r->secure;
	q->found = r->havedata;
	dnssec_take_end(q, r->canonname);
	if (!q->take || !r->havedata || !(r->secure || q->takes_all))
		return 0;
	for (int i = 0; r->data[i]; i++) {
		struct span rdata = {r->data[i], (size_t)r->len[i]};

		if (q->take(q->context, rdata))
			return error_set_memory(error);
	}
	return 0;
}

static int dnssec_ask(struct dnssec *d, struct dnssec_question *questions, size_t count,
		      struct error *error)
{
	struct answer answers[DNSSEC_QUESTIONS_MAX] = {0};
	int ids[DNSSEC_QUESTIONS_MAX];
	int failed = 0;

	for (size_t i = 0; !failed && i < count; i++) {
		int code = ub_resolve_async(d->ctx, questions[i].name, (int)questions[i].type,
					    CLASS_IN, &answers[i], answer_take, &ids[i]);

		if (code)
			failed = dnssec_refuse(&questions[i], code, error);
		if (code)
			count = i;
	}
	for (size_t i = 0; !failed && i < count; i++)
		failed = dnssec_wait(d, &questions[i], &answers[i], error) ||
			 dnssec_take(&questions[i], answers[i].result, error);
	for (size_t i = 0; i < count; i++) {
		if (!answers[i].done)
			ub_cancel(d->ctx, ids[i]);
		ub_resolve_free(answers[i].result);
	}
	return failed ? -1 : 0;
}

static void dnssec_close(struct dnssec *d)
{
	if (!d)
		return;
	ub_ctx_delete(d->ctx);
	free(d);
}

static struct dnssec *dnssec_open(const struct dnssec_resolver *r, struct error *error)
{
	struct dnssec *d = calloc(1, sizeof(*d));

	if (d) {
		d->deadline = r->deadline;
		d->ctx = ub_ctx_create();
	}
	if (d && d->ctx && dnssec_set_up(d->ctx, r, error) == 0)
		return d;
	if (!d || !d->ctx)
		error_set_memory(error);
	dnssec_close(d);
	return NULL;
}

__attribute__((visibility("default"))) const struct dnssec_module dnssec_module = {
	.abi = DNSSEC_ABI,
	.open = dnssec_open,
	.ask = dnssec_ask,
	.close = dnssec_close,
};
