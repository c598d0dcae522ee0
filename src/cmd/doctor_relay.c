/* The way to the relay: see doctor_relay.h. */
#include "cmd/doctor_relay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cmd/remedy.h"
#include "deliver/route.h"
#include "net/resolve.h"

enum {
	DOCTOR_CONNECT = 10 * 1000, /* milliseconds for an address */
	DOCTOR_PROBE = 3 * 1000,    /* and for another port of the host */
	DOCTOR_PROBED = 3           /* of so many of its addresses */
};

/* Whether the way to the relay is no matter of addresses. */
static bool doctor_needs_no_lookup(const struct doctor *d)
{
	const struct endpoint *e = &d->account.relay;

	return e->path || e->command || e->scheme == ENDPOINT_FD;
}

static int doctor_family(const struct account *a)
{
	switch (a->address_family) {
	case ACCOUNT_FAMILY_IPV4: return AF_INET;
	case ACCOUNT_FAMILY_IPV6: return AF_INET6;
	case ACCOUNT_FAMILY_ANY: break;
	}
	return AF_UNSPEC;
}

static void doctor_keep_targets(struct doctor *d, const struct inet_list *list,
				const struct account *a, int port, struct buf *shown)
{
	for (size_t i = 0; i < list->count; i++) {
		struct doctor_target *t = &d->targets[d->target_count];
		struct buf one;

		buf_init(&one, DOCTOR_ADDRESS_MAX);
		inet_show(&list->items[i], &one);
		buf_printf(shown, "%s%s", i > 0 ? ", " : "", one.data);
		if (d->target_count < DOCTOR_TARGETS_MAX) {
			snprintf(t->address, sizeof(t->address), "%s", one.data);
			snprintf(t->host, sizeof(t->host), "%s", a->relay.host);
			t->port = port;
			d->target_count++;
		}
		buf_clear(&one);
	}
}

/* A host that could not be found: perhaps only because its addresses are of the family that is
 * not wanted. Returns -1. */
static int doctor_blame_family(const struct resolve_query *q, struct error *error)
{
	struct resolve_query any = *q;
	bool six = q->family == AF_INET6;
	struct inet_list list;
	struct error ignored;

	any.family = AF_UNSPEC;
	if (q->family == AF_UNSPEC || error->class != ERROR_RELAY ||
	    resolve(&any, clock_in(DOCTOR_CONNECT), &list, &ignored))
		return -1;
	return error_set(error, ERROR_RELAY, STAGE_RESOLVE,
			 "\"%s\" has no %s address, and address_family (or -%d) excludes those "
			 "that it has",
			 TEXT_SHOW(span_of(q->host)), six ? "IPv6" : "IPv4", six ? 6 : 4);
}

/* The addresses of one relay of the account, or of the proxy on the way to it. */
static int doctor_lookup_way(struct doctor *d, const struct account *a, struct error *error)
{
	bool proxied = a->proxy.scheme != ENDPOINT_NONE;
	const struct endpoint *e = proxied ? &a->proxy : &a->relay;
	const struct resolve_query q = {.host = e->host,
					.port = proxied ? endpoint_port(e) : account_port(a),
					.family = doctor_family(a)};
	int64_t begun = clock_now();
	struct inet_list list;
	struct buf shown;

	if (resolve(&q, clock_in(DOCTOR_CONNECT), &list, error))
		return doctor_blame_family(&q, error);
	buf_init(&shown, DOCTOR_TEXT_MAX);
	if (d->target_count == 0)
		d->tls = account_tls_mode(a);
	doctor_keep_targets(d, &list, a, q.port, &shown);
	doctor_ok(d, "%s%s: %s (%" PRId64 " ms)", proxied ? "the proxy " : "", e->host,
		  shown.data, clock_now() - begun);
	buf_clear(&shown);
	return 0;
}

void doctor_lookup(struct doctor *d)
{
	struct remedy m = remedy_do("correct its name; mail goes by another relay");
	struct error first = {.class = ERROR_NONE};
	struct route_way *way;
	struct route route;
	struct error error;
	int found;

	if (doctor_needs_no_lookup(d)) {
		doctor_ok(d, "none is needed: the relay is no host");
		return;
	}
	found = route_init(&route, &d->account, NULL, &error) ? -1 : 1;
	while (found > 0 &&
	       (found = route_next(&route, clock_in(DOCTOR_CONNECT), &way, &error)) != 0) {
		if ((found < 0 || doctor_lookup_way(d, &way->account, &error)) &&
		    first.class == ERROR_NONE)
			first = error;
		route_way_free(way);
		found = 1;
	}
	if (found < 0)
		first = error;
	route_clear(&route);
	if (d->target_count == 0)
		doctor_fail_error(d, &first, NULL);
	else if (first.class != ERROR_NONE)
		doctor_warn(d, &m, "%s", first.text);
}

/* Connects to one address, or to the relay's socket, and leaves. Returns the milliseconds it
 * took, or -1. */
static int64_t doctor_connect_one(const struct doctor *d, const char *address, int port,
				  int64_t timeout, struct error *error)
{
	struct endpoint e = address ? (struct endpoint){.port = port} : d->account.relay;
	const struct dial_options how = {.timeout = timeout,
					 .source_ip = d->account.source_ip,
					 .interface = d->account.bind_interface,
					 .family = doctor_family(&d->account),
					 .course = context_talk(d->x)};
	char *host = address ? span_dup(span_of(address)) : NULL;
	int64_t begun = clock_now();
	struct conn *c;

	if (address)
		e.host = host;
	c = dial(&e, &how, error);
	conn_free(c);
	free(host);
	return c ? clock_now() - begun : -1;
}

/* The port, of those that mail is handed in at, that answers where the configured one does not;
 * 0: none does. */
static int doctor_other_port(const struct doctor *d)
{
	static const int ports[] = {587, 465};
	bool plain = account_is_simple(&d->account) && d->target_count > 0 &&
		     d->account.proxy.scheme == ENDPOINT_NONE;
	struct error ignored;

	for (size_t i = 0; plain && i < sizeof(ports) / sizeof(ports[0]); i++)
		for (size_t k = 0; k < d->target_count && k < DOCTOR_PROBED; k++)
			if (ports[i] != d->targets[k].port &&
			    doctor_connect_one(d, d->targets[k].address, ports[i], DOCTOR_PROBE,
					       &ignored) >= 0)
				return ports[i];
	return 0;
}

static void doctor_fail_connect(struct doctor *d, const struct error *error)
{
	int port = doctor_other_port(d);
	struct remedy m = {.kind = REMEDY_NONE};

	if (port == 0) {
		doctor_fail_error(d, error, NULL);
		return;
	}
	m = remedy_line_port(&d->account, port);
	doctor_fail(d, error_exit_code(error), &m, "%s; port %d of the host answers, so %s",
		    error->text, port,
		    d->targets[0].port == 25 ? "something on the way blocks port 25"
					     : "the relay's port is another");
}

/* What came of the addresses, by family. */
struct doctor_reach {
	unsigned good[2]; /* IPv4, IPv6 */
	bool reached[DOCTOR_TARGETS_MAX];
	struct error first; /* that failed */
};

static bool doctor_is_six(const char *address)
{
	return strchr(address, ':') != NULL;
}

/* An address that is never tried, because `source_ip` is of the other family. */
static bool doctor_is_left_out(const struct doctor *d, const char *address)
{
	const char *source = d->account.source_ip;

	return source && !strchr(source, ',') &&
	       doctor_is_six(source) != doctor_is_six(address);
}

/* "localhost" has two addresses, and most listen at one of them. */
static bool doctor_is_other_loopback(const struct doctor *d, const struct doctor_reach *r,
				     const struct doctor_target *t)
{
	for (size_t i = 0; i < d->target_count; i++)
		if (r->reached[i] && d->targets[i].port == t->port &&
		    strcmp(d->targets[i].host, "localhost") == 0)
			return strcmp(t->host, "localhost") == 0;
	return false;
}

/* One that is dead while others live makes mail wait for it. */
static void doctor_warn_of_address(struct doctor *d, const struct doctor_reach *r,
				   const struct doctor_target *t, const struct error *error)
{
	struct remedy m = remedy_do("tell its operator; mail goes by another address");

	if (doctor_is_other_loopback(d, r, t)) {
		doctor_ok(d, "%s port %d: %s; mail goes by another address", t->address,
			  t->port, error->text);
		return;
	}
	if (doctor_is_six(t->address) && r->good[1] == 0 && r->good[0] > 0)
		m = remedy_line("address_family ipv4");
	doctor_warn(d, &m, "%s port %d: %s%s", t->address, t->port, error->text,
		    m.kind == REMEDY_LINE ? "; IPv6 does not work here, IPv4 does" : "");
}

static void doctor_connect_all(struct doctor *d)
{
	struct error errors[DOCTOR_TARGETS_MAX] = {0};
	struct doctor_reach r = {0};

	for (size_t i = 0; i < d->target_count; i++) {
		const struct doctor_target *t = &d->targets[i];
		int64_t took;

		if (doctor_is_left_out(d, t->address))
			continue;
		took = doctor_connect_one(d, t->address, t->port, DOCTOR_CONNECT, &errors[i]);
		r.reached[i] = took >= 0;
		if (took >= 0)
			doctor_ok(d, "%s port %d in %" PRId64 " ms", t->address, t->port, took);
		else if (r.first.class == ERROR_NONE)
			r.first = errors[i];
		r.good[doctor_is_six(t->address)] += took >= 0;
	}
	if (r.good[0] + r.good[1] == 0) {
		doctor_fail_connect(d, &r.first);
		return;
	}
	for (size_t i = 0; i < d->target_count; i++)
		if (errors[i].class != ERROR_NONE)
			doctor_warn_of_address(d, &r, &d->targets[i], &errors[i]);
}

void doctor_connect(struct doctor *d)
{
	const struct endpoint *e = &d->account.relay;
	struct error error;
	int64_t took;

	if (!doctor_needs_no_lookup(d)) {
		doctor_connect_all(d);
	} else if (!e->path) {
		doctor_ok(d, "by a command, or a descriptor that was there");
	} else {
		took = doctor_connect_one(d, NULL, 0, DOCTOR_CONNECT, &error);
		if (took < 0)
			doctor_fail_error(d, &error, NULL);
		else
			doctor_ok(d, "%s in %" PRId64 " ms", e->path, took);
	}
}

/* The look. */

static void doctor_note_offer(struct doctor *d)
{
	const struct capabilities *c = smtp_capabilities(d->look.session);

	buf_reset(&d->look.before);
	for (size_t i = 0; i < c->count; i++) {
		buf_add_string(&d->look.before, i > 0 ? ", " : "");
		buf_add_span(&d->look.before, c->items[i].keyword);
		if (c->items[i].parameters.len > 0)
			buf_add_char(&d->look.before, ' ');
		buf_add_span(&d->look.before, c->items[i].parameters);
	}
}

static int doctor_fail_look(struct doctor *d, enum doctor_step step)
{
	d->look.step = step;
	return -1;
}

/* At which step a failed STARTTLS and what follows it have failed. */
static enum doctor_step doctor_step_of(const struct doctor *d)
{
	enum error_stage stage = d->look.error.stage;

	if (stage == STAGE_TLS || stage == STAGE_TRUST || stage == STAGE_CONFIG)
		return DOCTOR_STEP_TLS;
	return conn_is_tls(wire_conn(smtp_wire(d->look.session))) ? DOCTOR_STEP_INSIDE
								  : DOCTOR_STEP_STARTTLS;
}

static int doctor_look_inside(struct doctor *d)
{
	struct doctor_look *l = &d->look;
	struct conn *c = wire_conn(smtp_wire(l->session));
	bool implicit = conn_is_tls(c);
	struct error ignored;

	if (implicit)
		l->tls = smtp_tls_state(l->session, &l->info, &ignored) == 0;
	if (smtp_hello(l->session, &l->error))
		return doctor_fail_look(
			d, smtp_greeting(l->session)->code == 220
				   ? (implicit ? DOCTOR_STEP_INSIDE : DOCTOR_STEP_HELLO)
				   : DOCTOR_STEP_GREETING);
	doctor_note_offer(d);
	if (smtp_open(l->session, &l->error))
		return doctor_fail_look(d, doctor_step_of(d));
	if (!implicit && conn_is_tls(c))
		l->tls = smtp_tls_state(l->session, &l->info, &ignored) == 0;
	l->step = DOCTOR_STEP_DONE;
	return 0;
}

void doctor_look(struct doctor *d)
{
	struct doctor_look *l = &d->look;
	struct relay_options relay = context_relay(d->x, &d->account);

	if (l->done)
		return;
	l->done = true;
	relay.inspect = true;
	relay.course = context_talk(d->x);
	l->session = relay_dial(&relay, &l->trust, &l->error);
	if (!l->session)
		l->step = d->tls == ACCOUNT_TLS_IMPLICIT ? DOCTOR_STEP_TLS : DOCTOR_STEP_DIAL;
	else
		doctor_look_inside(d);
}

/* Whether the relay speaks TLS from the first byte at this port. */
static bool doctor_speaks_tls(const struct doctor *d)
{
	struct account other = d->account;
	struct relay_options relay = context_relay(d->x, &other);
	struct relay_trust trust = {.is_first = false};
	struct error ignored;
	struct smtp *s = NULL;

	/* A copy of the record; its strings are d's. */
	other.relay.port = account_port(&d->account);
	if (other.relay.scheme == ENDPOINT_NONE || other.relay.scheme == ENDPOINT_LMTP)
		other.tls_starttls = SETTING_OFF;
	else
		other.relay.scheme = ENDPOINT_SUBMISSIONS;
	other.tls = SETTING_ON;
	relay.inspect = true;
	relay.course = context_talk(d->x);
	if (!doctor_needs_no_lookup(d) && account_is_simple(&d->account))
		s = relay_dial(&relay, &trust, &ignored);
	if (s)
		smtp_leave(s);
	smtp_free(s);
	relay_trust_clear(&trust);
	return s != NULL;
}

void doctor_greeting(struct doctor *d)
{
	struct remedy m = {.kind = REMEDY_NONE};
	struct doctor_look *l = &d->look;
	struct buf shown;

	doctor_look(d);
	if (l->step > DOCTOR_STEP_GREETING) {
		buf_init(&shown, REPLY_SHOWN_MAX * 4);
		reply_show(smtp_greeting(l->session), &shown);
		doctor_ok(d, "%s", shown.data);
		buf_clear(&shown);
		return;
	}
	if (l->error.code == 0 && d->tls != ACCOUNT_TLS_IMPLICIT && doctor_speaks_tls(d)) {
		m = remedy_line_tls(&d->account, true);
		doctor_fail(d, error_exit_code(&l->error), &m,
			    "the relay speaks TLS from the first byte at port %d, and the "
			    "account waits for a greeting in clear",
			    account_port(&d->account));
		return;
	}
	doctor_fail_error(d, &l->error, NULL);
}

void doctor_hello(struct doctor *d)
{
	if (d->look.step <= DOCTOR_STEP_HELLO)
		doctor_fail_error(d, &d->look.error, NULL);
	else
		doctor_ok(d, "before TLS it offers: %s", d->look.before.data);
}

void doctor_starttls(struct doctor *d)
{
	struct doctor_look *l = &d->look;
	struct remedy m = remedy_line("tls on");

	if (l->step == DOCTOR_STEP_STARTTLS)
		doctor_fail_error(d, &l->error, NULL);
	else if (l->step == DOCTOR_STEP_DONE && !l->tls)
		doctor_warn(d, &m,
			    "it is not offered, so everybody on the way can read the mail "
			    "(\"tls auto\" allows it)");
	else
		doctor_ok(d, "it is offered");
}

void doctor_capabilities(struct doctor *d)
{
	struct span size = {0};

	if (d->look.step != DOCTOR_STEP_DONE) {
		doctor_fail_error(d, &d->look.error, NULL);
		return;
	}
	doctor_note_offer(d);
	smtp_extension(d->look.session, "SIZE", &size);
	doctor_ok(d, "%s; messages of %.*s bytes", d->look.before.data,
		  size.len > 0 ? (int)size.len : 3, size.len > 0 ? size.data : "any");
	smtp_leave(d->look.session);
	smtp_free(d->look.session);
	d->look.session = NULL;
}
