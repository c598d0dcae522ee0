/* From a name to addresses: see resolve.h. */
#include "net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "net/endpoint.h"

enum { RESOLVE_NAME_MAX = 1024 };

/* What a child asks, and what it writes when it knows. */
struct resolve_task {
	const char *name;
	const struct resolve_query *query;
};

struct resolve_answer {
	int status; /* of getaddrinfo(3) */
	int number; /* errno, where that is EAI_SYSTEM */
	struct inet_list list;
};

static int resolve_refuse(const struct resolve_query *q, int status, int number,
			  struct error *error)
{
	const char *host = TEXT_SHOW(span_of(q->host));
	const char *kind = q->family == AF_INET    ? "IPv4 "
			   : q->family == AF_INET6 ? "IPv6 "
						   : "";

	switch (status) {
	case EAI_NONAME:
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		return error_set(error, ERROR_RELAY, STAGE_RESOLVE,
				 "no such host: \"%s\" has no %saddress; check the relay's "
				 "name",
				 host, kind);
	case EAI_SYSTEM:
		return error_set_errno(error, ERROR_TEMPORARY, STAGE_RESOLVE, number,
				       "cannot look up \"%s\"", host);
	case EAI_AGAIN:
		return error_set(error, ERROR_TEMPORARY, STAGE_RESOLVE,
				 "cannot look up \"%s\" now: the name servers give no answer",
				 host);
	default:
		return error_set(error, ERROR_TEMPORARY, STAGE_RESOLVE,
				 "cannot look up \"%s\": %s", host, gai_strerror(status));
	}
}

int resolve_encode(const char *host, struct buf *out, struct error *error)
{
	const struct crypto *crypto;

	if (!text_is_8bit(span_of(host))) {
		buf_add_string(out, host);
		return 0;
	}
	crypto = crypto_load(error);
	if (!crypto)
		return -1;
	if (crypto->idna(span_of(host), out))
		return error_set(error, ERROR_RELAY, STAGE_RESOLVE,
				 "no such host: \"%s\" is no internationalised name (IDNA)",
				 TEXT_SHOW(span_of(host)));
	return 0;
}

/* Of localhost nothing but loopback counts (RFC 6761 section 6.3): without TLS it is trusted to
 * be this machine. */
static void resolve_ask(const char *name, const struct resolve_query *q,
			struct resolve_answer *answer)
{
	bool local = endpoint_is_localhost(name);
	/* Not for localhost: with no other address about, it would hide 127.0.0.1 or ::1. And
	 * who names a family wants to hear why that one does not work. */
	struct addrinfo hints = {
		.ai_family = q->family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = q->family != AF_UNSPEC || local ? 0 : AI_ADDRCONFIG,
	};
	struct addrinfo *found = NULL;
	struct inet_address address;
	bool room = true;

	answer->status = getaddrinfo(name, NULL, &hints, &found);
	answer->number = errno;
	if (answer->status)
		return;
	for (const struct addrinfo *a = found; a && room; a = a->ai_next)
		if (inet_copy(&address, a->ai_addr, a->ai_addrlen, q->port) &&
		    (!local || inet_is_loopback(&address)))
			room = inet_add(&answer->list, &address);
	freeaddrinfo(found);
}

/* In the child. */
static void resolve_work(void *context, int fd)
{
	const struct resolve_task *task = context;
	struct resolve_answer answer = {0};

	resolve_ask(task->name, task->query, &answer);
	file_write_all(fd, &answer, sizeof(answer));
}

/* Returns 0, or -1 with *error when the child came to no answer. */
static int resolve_by_child(const char *name, const struct resolve_query *q, int64_t deadline,
			    struct resolve_answer *answer, struct error *error)
{
	struct resolve_task task = {name, q};
	struct process_question question;
	struct buf out;
	int failed;

	buf_init(&out, sizeof(*answer));
	failed = process_ask(&question, resolve_work, &task, deadline);
	if (!failed) {
		course_await(q->course, question.fd, deadline);
		failed = process_answer(&question, &out);
	}
	if (failed && errno == ETIMEDOUT)
		error_set_errno(error, ERROR_TEMPORARY, STAGE_RESOLVE, ETIMEDOUT,
				"cannot look up \"%s\" now: the name servers give no answer",
				TEXT_SHOW(span_of(q->host)));
	else if (failed)
		error_set_errno(error, ERROR_TEMPORARY, STAGE_RESOLVE, errno,
				"cannot look up \"%s\"", TEXT_SHOW(span_of(q->host)));
	else if (out.len == sizeof(*answer))
		memcpy(answer, out.data, sizeof(*answer));
	else
		failed = error_set(error, ERROR_TEMPORARY, STAGE_RESOLVE,
				   "cannot look up \"%s\": the resolver of this machine broke",
				   TEXT_SHOW(span_of(q->host)));
	buf_clear(&out);
	return failed ? -1 : 0;
}

int resolve(const struct resolve_query *q, int64_t deadline, struct inet_list *out,
	    struct error *error)
{
	struct resolve_answer answer = {0};
	struct buf name;
	int failed;

	*out = (struct inet_list){0};
	if (inet_parse(&out->items[0], q->host, q->port)) {
		out->count = q->family == AF_UNSPEC || q->family == out->items[0].any.sa_family;
		return out->count ? 0 : resolve_refuse(q, EAI_NONAME, 0, error);
	}
	buf_init(&name, RESOLVE_NAME_MAX);
	failed = resolve_encode(q->host, &name, error);
	if (!failed && endpoint_is_localhost(name.data))
		resolve_ask(name.data, q, &answer);
	else if (!failed)
		failed = resolve_by_child(name.data, q, deadline, &answer, error);
	buf_clear(&name);
	if (failed)
		return -1;
	if (answer.status || answer.list.count == 0)
		return resolve_refuse(q, answer.status ? answer.status : EAI_NONAME,
				      answer.number, error);
	*out = answer.list;
	return 0;
}
