/*
 * The module of DANE: see tlsa.h. One question to libunbound, which asks the resolver for all
 * signatures and validates them here, so that nobody between us and the zone is trusted.
 */
#include <errno.h>
#include <poll.h>
#include <unbound.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/tlsa.h"

enum { TLSA_TYPE = 52, TLSA_CLASS_IN = 1, TLSA_NXDOMAIN = 3 };

extern const struct tlsa_module dane_module;

struct answer {
	struct ub_result *result;
	int code;
	bool done;
};

static void answer_take(void *context, int code, struct ub_result *result)
{
	struct answer *a = context;

	a->code = code;
	a->result = result;
	a->done = true;
}

static int dane_fail(const char *what, int code, struct error *error)
{
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "DANE: cannot use %s: %s", what,
			 ub_strerror(code));
}

static int dane_set_up(struct ub_ctx *ctx, const struct tlsa_query *q, struct error *error)
{
	const char *anchor = q->trust_anchor ? q->trust_anchor : PENNYPOST_TRUST_ANCHOR;
	int code;

	ub_ctx_debugout(ctx, NULL);
	/* A resolver on this machine is the best there is. */
	ub_ctx_set_option(ctx, "do-not-query-localhost:", "no");
	code = ub_ctx_add_ta_file(ctx, anchor);
	if (code == 0 && access(anchor, R_OK) < 0)
		code = UB_READFILE;
	if (code)
		return dane_fail(TEXT_SHOW(span_of(anchor)), code, error);
	code = q->resolver ? ub_ctx_set_fwd(ctx, q->resolver) : ub_ctx_resolvconf(ctx, NULL);
	if (code)
		return dane_fail(q->resolver ? q->resolver : "/etc/resolv.conf", code, error);
	/* In a thread; else it would be a process. */
	return ub_ctx_async(ctx, 1) ? error_set_memory(error) : 0;
}

static int dane_ask(struct ub_ctx *ctx, const struct tlsa_query *q, const char *name,
		    struct answer *a, struct error *error)
{
	int id = 0;
	int code = ub_resolve_async(ctx, name, TLSA_TYPE, TLSA_CLASS_IN, a, answer_take, &id);

	while (code == 0 && !a->done) {
		int ready = clock_poll(ub_fd(ctx), POLLIN, q->deadline);

		if (ready == 0)
			return error_set(error, ERROR_TEMPORARY, STAGE_RESOLVE,
					 "nobody answers in time whether there are TLSA "
					 "records for %s",
					 name);
		if (ready > 0)
			code = ub_process(ctx);
		else if (errno != EINTR)
			code = UB_PIPE;
	}
	if (code == 0)
		code = a->code;
	return code == 0 ? 0
			 : error_set(error, ERROR_TEMPORARY, STAGE_RESOLVE,
				     "cannot look for the TLSA records of %s: %s", name,
				     ub_strerror(code));
}

static int dane_judge(const struct ub_result *r, const char *name, struct error *error)
{
	if (r->bogus)
		return error_set(
			error, ERROR_TEMPORARY, STAGE_TRUST,
			"the DNS does not prove what it says of %s: somebody may be in "
			"between, or the zone's signatures are broken (%s)",
			name, TEXT_SHOW(span_of(r->why_bogus)));
	if (r->rcode != 0 && r->rcode != TLSA_NXDOMAIN)
		return error_set(
			error, ERROR_TEMPORARY, STAGE_RESOLVE,
			"the DNS cannot tell now whether there are TLSA records for %s "
			"(code %d)",
			name, r->rcode);
	return 0;
}

static int dane_lookup(const struct tlsa_query *q, const char *name,
		       int (*take)(void *context, struct span rdata), void *context,
		       struct error *error)
{
	struct ub_ctx *ctx = ub_ctx_create();
	struct answer a = {.result = NULL};
	int result = -1;

	if (!ctx)
		return error_set_memory(error);
	if (dane_set_up(ctx, q, error) || dane_ask(ctx, q, name, &a, error) ||
	    dane_judge(a.result, name, error))
		goto out;
	for (int i = 0; a.result->secure && a.result->havedata && a.result->data[i]; i++) {
		struct span rdata = {a.result->data[i], (size_t)a.result->len[i]};

		if (take(context, rdata)) {
			error_set_memory(error);
			goto out;
		}
	}
	result = 0;
out:
	ub_resolve_free(a.result);
	ub_ctx_delete(ctx);
	return result;
}

__attribute__((visibility("default"))) const struct tlsa_module dane_module = {
	.abi = TLSA_ABI,
	.lookup = dane_lookup,
};
