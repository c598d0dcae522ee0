/* SRV records: see srv.h. */
#include "net/srv.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "net/endpoint.h"

enum {
	SRV_MESSAGE_MAX = 65535,
	SRV_HEADER = 12,   /* bytes of a message's header */
	SRV_FIXED = 10,    /* bytes of a record between its name and its data */
	SRV_NUMBERS = 6,   /* bytes of priority, weight and port */
	SRV_JUMPS_MAX = 64 /* of compression, in one name */
};

static const char *const srv_names[] = {
	[SRV_SUBMISSIONS] = "_submissions._tcp",
	[SRV_SUBMISSION] = "_submission._tcp",
};

/* A DNS message being read. */
struct srv_reader {
	const unsigned char *data;
	size_t len, at;
};

static unsigned srv_16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* name = *( label / pointer ) (RFC 1035 sections 3.1, 4.1.4) at r->at, which moves behind it.
 * Its text, without a final dot, goes to out where that is not NULL. Returns 0, -1. */
static int srv_read_name(struct srv_reader *r, struct buf *out)
{
	size_t at = r->at;
	int jumps = 0;

	while (at < r->len && r->data[at] != 0) {
		size_t len = r->data[at];

		if (len >= 0xc0) {
			if (at + 2 > r->len || ++jumps > SRV_JUMPS_MAX)
				return -1;
			if (jumps == 1)
				r->at = at + 2;
			at = srv_16(r->data + at) & 0x3fff;
			continue;
		}
		if (len > 63 || at + 1 + len > r->len)
			return -1;
		if (out && out->len > 0)
			buf_add_char(out, '.');
		/* A dot inside a label would read as two. */
		if (out && memchr(r->data + at + 1, '.', len))
			buf_add_char(out, '\0');
		if (out)
			buf_add(out, r->data + at + 1, len);
		at += 1 + len;
	}
	if (at >= r->len)
		return -1;
	if (jumps == 0)
		r->at = at + 1;
	return 0;
}

static void srv_add(struct srv_list *l, const struct srv_target *target, struct span host)
{
	struct srv_target *added = &l->items[l->count];

	if (host.len == 0)
		l->denied[target->service] = true;
	if (host.len == 0 || host.len > SRV_NAME_MAX || target->port == 0 ||
	    l->count == SRV_TARGETS_MAX || !endpoint_host_is_sane(host) || text_is_8bit(host))
		return;
	*added = *target;
	memcpy(added->host, host.data, host.len);
	added->host[host.len] = '\0';
	l->count++;
}

/* The data of one record, which ends at end (RFC 2782). */
static int srv_read_target(struct srv_reader *r, size_t end, enum srv_service service,
			   struct srv_list *out)
{
	const unsigned char *p = r->data + r->at;
	struct srv_target target = {.service = service};
	struct buf host;
	int failed;

	if (end - r->at < SRV_NUMBERS + 1)
		return -1;
	target.priority = (uint16_t)srv_16(p);
	target.weight = (uint16_t)srv_16(p + 2);
	target.port = (uint16_t)srv_16(p + 4);
	r->at += SRV_NUMBERS;
	buf_init(&host, 1024);
	failed = srv_read_name(r, &host);
	if (!failed && !buf_failed(&host))
		srv_add(out, &target, buf_span(&host));
	buf_clear(&host);
	return failed;
}

int srv_parse_target(struct span rdata, enum srv_service service, struct srv_list *out)
{
	struct srv_reader r = {(const unsigned char *)rdata.data, rdata.len, 0};

	return srv_read_target(&r, rdata.len, service, out);
}

/* One record of the answer; those that are no SRV are passed over. */
static int srv_read_record(struct srv_reader *r, enum srv_service service, struct srv_list *out)
{
	const unsigned char *p;
	size_t end;

	if (srv_read_name(r, NULL) || r->len - r->at < SRV_FIXED)
		return -1;
	p = r->data + r->at;
	r->at += SRV_FIXED;
	if (r->len - r->at < srv_16(p + 8))
		return -1;
	end = r->at + srv_16(p + 8);
	if (srv_16(p) == ns_t_srv && srv_16(p + 2) == ns_c_in &&
	    srv_read_target(r, end, service, out))
		return -1;
	r->at = end;
	return 0;
}

int srv_parse(struct span message, enum srv_service service, struct srv_list *out)
{
	struct srv_reader r = {(const unsigned char *)message.data, message.len, SRV_HEADER};
	unsigned questions, answers;

	if (message.len < SRV_HEADER)
		return -1;
	questions = srv_16(r.data + 4);
	answers = srv_16(r.data + 6);
	for (unsigned i = 0; i < questions; i++) {
		if (srv_read_name(&r, NULL) || r.len - r.at < 4)
			return -1;
		r.at += 4;
	}
	for (unsigned i = 0; i < answers; i++)
		if (srv_read_record(&r, service, out))
			return -1;
	return 0;
}

/* Those that are to be tried first, and of equals those without a weight, which RFC 2782 wants
 * at the beginning of the list that is drawn from. */
static int srv_compare(const void *a, const void *b)
{
	const struct srv_target *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->service != y->service)
		return x->service < y->service ? -1 : 1;
	return (x->weight > 0) - (y->weight > 0);
}

/* Draws the first of count equals and puts it in front of the others. */
static void srv_draw(struct srv_target *items, size_t count, uint32_t (*random)(uint32_t bound))
{
	struct srv_target drawn;
	uint32_t sum = 0, mark;
	size_t i = 0;

	for (size_t k = 0; k < count; k++)
		sum += items[k].weight;
	mark = random(sum + 1);
	for (sum = items[0].weight; sum < mark; sum += items[i].weight)
		i++;
	drawn = items[i];
	memmove(items + 1, items, i * sizeof(*items));
	items[0] = drawn;
}

void srv_order(struct srv_list *l, uint32_t (*random)(uint32_t bound))
{
	qsort(l->items, l->count, sizeof(l->items[0]), srv_compare);
	for (size_t i = 0; i < l->count; i++) {
		size_t equals = 1;

		while (i + equals < l->count &&
		       l->items[i + equals].priority == l->items[i].priority &&
		       l->items[i + equals].service == l->items[i].service)
			equals++;
		srv_draw(&l->items[i], equals, random);
	}
}

bool srv_is_below(const char *host, const char *domain)
{
	size_t host_len = strlen(host), len = strlen(domain);

	while (len > 0 && domain[len - 1] == '.')
		len--;
	if (len == 0 || host_len < len || strncasecmp(host + host_len - len, domain, len) != 0)
		return false;
	return host_len == len || host[host_len - len - 1] == '.';
}

/* In the child: the number of h_errno, and the message where that is 0. */
static void srv_work(void *context, int fd)
{
	static unsigned char answer[SRV_MESSAGE_MAX];
	const char *name = context;
	int len = res_query(name, ns_c_in, ns_t_srv, answer, sizeof(answer));
	int status = len < 0 ? h_errno : 0;

	if (len > (int)sizeof(answer))
		len = sizeof(answer);
	if (file_write_all(fd, &status, sizeof(status)) == 0 && len > 0)
		file_write_all(fd, answer, (size_t)len);
}

/* What a child answered. Returns 0; or a number of h_errno's, TRY_AGAIN when it had no answer.
 */
static int srv_take(struct process_question *q, enum srv_service service, struct srv_list *out)
{
	struct buf answer;
	int status = TRY_AGAIN;

	buf_init(&answer, sizeof(status) + SRV_MESSAGE_MAX);
	if (process_answer(q, &answer) == 0 && answer.len >= sizeof(status)) {
		memcpy(&status, answer.data, sizeof(status));
		buf_consume(&answer, sizeof(status));
		if (status == 0 && srv_parse(buf_span(&answer), service, out))
			status = NO_RECOVERY;
	}
	buf_clear(&answer);
	return status;
}

/* Why there is no target. */
static int srv_refuse(const char *domain, const struct srv_list *l, const int *status,
		      struct error *error)
{
	const char *shown = TEXT_SHOW(span_of(domain));
	bool known = true;

	for (int i = 0; i < SRV_SERVICES; i++)
		known = known &&
			(status[i] == 0 || status[i] == HOST_NOT_FOUND || status[i] == NO_DATA);
	if (!known)
		return error_set(
			error, ERROR_TEMPORARY, STAGE_RESOLVE,
			"cannot look up the submission servers of \"%s\" now: the name "
			"servers give no answer",
			shown);
	if (l->denied[SRV_SUBMISSIONS] || l->denied[SRV_SUBMISSION])
		return error_set(error, ERROR_RELAY, STAGE_RESOLVE,
				 "\"%s\" says that it offers no submission (its SRV record "
				 "names \".\"): name the relay itself",
				 shown);
	return error_set(error, ERROR_RELAY, STAGE_RESOLVE,
			 "\"%s\" has no SRV record of _submissions._tcp or _submission._tcp: "
			 "name the relay itself",
			 shown);
}

int srv_look_up(const char *domain, int64_t deadline, struct srv_list *out, struct error *error)
{
	struct process_question questions[SRV_SERVICES];
	char names[SRV_SERVICES][DNSSEC_NAME_MAX];
	int status[SRV_SERVICES];

	*out = (struct srv_list){0};
	for (int i = 0; i < SRV_SERVICES; i++) {
		snprintf(names[i], sizeof(names[i]), "%s.%s", srv_names[i], domain);
		status[i] = process_ask(&questions[i], srv_work, names[i], deadline);
	}
	for (int i = 0; i < SRV_SERVICES; i++)
		status[i] = status[i] ? TRY_AGAIN
				      : srv_take(&questions[i], (enum srv_service)i, out);
	if (out->count == 0)
		return srv_refuse(domain, out, status, error);
	srv_order(out, arc4random_uniform);
	return 0;
}

/* Where the answer to one of the two questions goes. */
struct srv_answer {
	struct srv_list *list;
	enum srv_service service;
};

/* One more; those that are malformed are passed over, and so are too many. */
static int srv_take_proved(void *context, struct span rdata)
{
	const struct srv_answer *a = context;

	srv_parse_target(rdata, a->service, a->list);
	return 0;
}

int srv_look_up_proved(const char *domain, const struct dnssec_resolver *r,
		       struct srv_list *out, struct error *error)
{
	const struct dnssec_module *module = dnssec_load(error);
	struct dnssec *dnssec = module ? module->open(r, error) : NULL;
	struct dnssec_question questions[SRV_SERVICES];
	struct srv_answer answers[SRV_SERVICES];
	int status[SRV_SERVICES] = {0};
	int failed;

	*out = (struct srv_list){0};
	if (!dnssec)
		return -1;
	for (int i = 0; i < SRV_SERVICES; i++) {
		answers[i] = (struct srv_answer){out, (enum srv_service)i};
		questions[i] = (struct dnssec_question){.type = DNSSEC_SRV,
							.take = srv_take_proved,
							.context = &answers[i],
							.takes_all = true};
		snprintf(questions[i].name, sizeof(questions[i].name), "%s.%s.", srv_names[i],
			 domain);
	}
	failed = module->ask(dnssec, questions, SRV_SERVICES, error);
	module->close(dnssec);
	if (failed)
		return -1;
	for (size_t i = 0; i < out->count; i++)
		out->items[i].proved = questions[out->items[i].service].proved;
	if (out->count == 0)
		return srv_refuse(domain, out, status, error);
	srv_order(out, arc4random_uniform);
	return 0;
}
