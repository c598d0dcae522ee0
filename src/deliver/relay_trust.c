/* Trust in a relay: see relay_trust.h. */
#include "deliver/relay_trust.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/resolve.h"
#include "queue/known.h"

enum { TRUST_PINS_MAX = 4096, TRUST_ACCEPT_MAX = 8192, TRUST_SCOPE_MAX = 2048 };

/* The queue of the account's messages, which is where its relays are known. */
static int trust_open_queue(const struct relay_options *o, bool create, struct spool **queue,
			    struct error *error)
{
	struct spool_place place = o->queue;

	place.configured = o->account->queue_dir;
	if (spool_open(queue, &place, create, error) == 0)
		return 0;
	return error_prefix(error, "tls_trust first-use");
}

/* The command that makes another key known, up to that key. */
static void trust_say_accept(const struct relay_options *o, const struct endpoint *e,
			     struct buf *out)
{
	const struct account *a = o->account;
	bool colon = strchr(e->host, ':') != NULL;

	buf_add_string(out, "pennypost ");
	if (o->config) {
		buf_add_string(out, "-C ");
		text_quote(out, o->config);
		buf_add_char(out, ' ');
	}
	if (a->queue_dir && a->name && a->origin && strcmp(a->name, a->origin) != 0)
		buf_printf(out, "-a %s ", a->name);
	buf_printf(out, "--trust-relay=%s%s%s:%d=", colon ? "[" : "", e->host, colon ? "]" : "",
		   e->port);
}

static int trust_find_known(struct relay_trust *t, const struct relay_options *o,
			    const struct endpoint *e, struct tls_policy *policy,
			    struct error *error)
{
	struct spool *queue = NULL;
	int count = 0;

	if (!e->host)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "tls_trust first-use needs a relay with a host name");
	if (trust_open_queue(o, false, &queue, error))
		return -1;
	if (queue)
		count = known_find(queue, e->host, e->port, &t->known, error);
	spool_free(queue);
	if (count < 0)
		return -1;
	trust_say_accept(o, e, &t->accept);
	t->is_first = count == 0;
	policy->trust = TLS_TRUST_KEY;
	policy->known = count > 0 ? t->known.data : NULL;
	policy->accept = t->accept.data;
	return 0;
}

/* Whether the relay comes from an answer that DNSSEC does not prove. */
static bool trust_is_hearsay(const struct route_way *way)
{
	return way->service && !way->proved && account_wants_dane(&way->account);
}

/* Who else the relay may prove to be: the domain that names it, where that is proved, and the
 * name by which we know it, where another one counts. */
static void trust_add_names(struct relay_trust *t, const struct route_way *way,
			    struct tls_policy *policy)
{
	size_t count = 0;

	if (way->proved && !way->account.tls_host_override)
		policy->others[count++] = way->service;
	if (t->zone.count == 0 || strcasecmp(t->zone.base, t->host.data) == 0)
		return;
	policy->others[count] = t->host.data;
	policy->host = t->zone.base;
}

static int trust_look_up(struct relay_trust *t, const struct account *a,
			 const struct endpoint *e, struct error *error)
{
	struct tlsa_query q = {
		.port = e->port,
		.resolver = route_resolver(a, t->deadline),
	};

	/* No zone has a longer name. */
	if (buf_failed(&t->host))
		return 0;
	if (t->host.len > 0 && t->host.data[t->host.len - 1] == '.')
		buf_truncate(&t->host, t->host.len - 1);
	q.host = t->host.data;
	return tlsa_lookup(&q, &t->zone, error) < 0 ? -1 : 0;
}

static int trust_ask_zone(struct relay_trust *t, const struct route_way *way,
			  const struct endpoint *e, struct tls_policy *policy,
			  struct error *error)
{
	const struct account *a = &way->account;
	const char *host = policy->host;
	bool has_zone = host && *host && !endpoint_is_address(host) && !trust_is_hearsay(way);

	if (has_zone &&
	    (resolve_encode(host, &t->host, error) || trust_look_up(t, a, e, error)))
		return -1;
	if (t->zone.count == 0 && a->tls_trust == ACCOUNT_TRUST_DANE_ONLY) {
		if (trust_is_hearsay(way))
			return error_set(
				error, ERROR_RELAY, STAGE_TRUST,
				"the SRV records of \"%s\" are not signed (DNSSEC), and "
				"tls_trust dane-only trusts nothing else: name the "
				"relay itself, or set tls_trust to dane",
				TEXT_SHOW(span_of(way->service)));
		return error_set(error, ERROR_RELAY, STAGE_TRUST,
				 "the zone of %s has no signed TLSA record for port %d that is "
				 "of use, and tls_trust dane-only trusts nothing else",
				 host ? TEXT_SHOW(span_of(host)) : "the relay", e->port);
	}
	trust_add_names(t, way, policy);
	policy->tlsa = t->zone.records;
	policy->tlsa_count = t->zone.count;
	return 0;
}

void relay_trust_advise(const struct route_way *way, struct error *error)
{
	if (error->stage == STAGE_TRUST && trust_is_hearsay(way) &&
	    way->account.tls_trust == ACCOUNT_TRUST_DANE)
		error_append(error, "; the SRV records that lead there are not signed "
				    "(DNSSEC), so DANE proves nothing either: name the relay "
				    "itself");
}

/* Sessions go on from one to the next for one login at one relay. */
static void trust_allow_tickets(struct relay_trust *t, const struct relay_options *o,
				const struct endpoint *e, struct tls_policy *policy)
{
	const char *user = account_user(o->account);

	if (o->inspect || o->no_tickets || o->account->tls_session_cache == SETTING_OFF ||
	    !e->host || !(o->cache_home || o->queue.home))
		return;
	buf_printf(&t->scope, "%s:%d %s", e->host, e->port, user ? user : "");
	if (o->cache_home)
		buf_printf(&t->tickets, "%s/pennypost/tickets", o->cache_home);
	else
		buf_printf(&t->tickets, "%s/.cache/pennypost/tickets", o->queue.home);
	if (buf_failed(&t->scope) || buf_failed(&t->tickets))
		return;
	policy->tickets = t->tickets.data;
	policy->resumes = &t->resumes;
	policy->scope = t->scope.data;
}

int relay_trust_prepare(struct relay_trust *t, const struct relay_options *o,
			const struct route_way *way, const struct endpoint *e,
			struct tls_policy *policy, struct error *error)
{
	const struct account *a = o->account;

	buf_init_secret(&t->key_password, SECRET_MAX);
	buf_init(&t->known, TRUST_PINS_MAX);
	buf_init(&t->host, DNSSEC_HOST_MAX - 1);
	buf_init(&t->accept, TRUST_ACCEPT_MAX);
	buf_init(&t->scope, TRUST_SCOPE_MAX);
	buf_init(&t->tickets, PATH_MAX);
	if (account_tls_mode(a) == ACCOUNT_TLS_NEVER)
		return 0;
	trust_allow_tickets(t, o, e, policy);
	if (secret_get_key(a, &t->key_password, error))
		return -1;
	policy->key_password = buf_span(&t->key_password);
	switch (a->tls_trust) {
	case ACCOUNT_TRUST_FIRST_USE: return trust_find_known(t, o, e, policy, error);
	case ACCOUNT_TRUST_DANE:
	case ACCOUNT_TRUST_DANE_ONLY: return trust_ask_zone(t, way, e, policy, error);
	case ACCOUNT_TRUST_CA: break;
	}
	return 0;
}

static void trust_tell(const struct relay_options *o, const struct endpoint *e, const char *pin)
{
	struct buf line;

	buf_init(&line, 1024);
	buf_printf(&line, "%s:%d is new here: its key %s is trusted from now on", e->host,
		   e->port, pin);
	relay_say(o, line.data);
	buf_clear(&line);
}

int relay_trust_remember(const struct relay_trust *t, const struct relay_options *o,
			 const struct endpoint *e, struct smtp *s, struct error *error)
{
	struct tls_info info = {0};
	struct spool *queue = NULL;
	int result = -1;

	if (!t->is_first || o->inspect || !conn_is_verified(wire_conn(smtp_wire(s))))
		return 0;
	if (smtp_tls_state(s, &info, error))
		return -1;
	if (info.chain_length == 0 || !info.chain[0].pin[0])
		error_set(error, ERROR_RELAY, STAGE_TRUST, "the relay shows no key");
	else if (trust_open_queue(o, true, &queue, error) == 0 &&
		 known_put(queue, e->host, e->port, info.chain[0].pin, true, error) == 0)
		result = 0;
	if (result == 0)
		trust_tell(o, e, info.chain[0].pin);
	spool_free(queue);
	tls_info_clear(&info);
	return result;
}

void relay_trust_clear(struct relay_trust *t)
{
	buf_wipe(&t->key_password);
	buf_clear(&t->known);
	buf_clear(&t->host);
	buf_clear(&t->accept);
	buf_clear(&t->scope);
	buf_clear(&t->tickets);
	tlsa_set_clear(&t->zone);
	t->is_first = false;
	t->resumes = false;
}
