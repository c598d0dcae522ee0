/* From a mail domain to its relay: see configure_find.h. */
#include "cmd/configure_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cmd/configure_try.h"
#include "net/endpoint.h"
#include "net/srv.h"

enum { FIND_SECONDS = 10, FIND_MAX = SRV_TARGETS_MAX + 8, FIND_URL_MAX = 512 };

/* A relay that it may be. */
struct candidate {
	char url[FIND_URL_MAX];
	char host[SRV_NAME_MAX + 1];
	bool doubtful; /* the DNS alone says so */
};

struct candidates {
	struct candidate items[FIND_MAX];
	size_t count;
};

static void find_add(struct candidates *list, const char *host, int port, enum provider_tls tls,
		     bool doubtful)
{
	static const struct {
		const char *scheme;
		int port;
	} kinds[] = {
		[PROVIDER_IMPLICIT] = {"submissions", 465},
		[PROVIDER_STARTTLS] = {"submission", 587},
		[PROVIDER_CLEAR] = {"smtp", 25},
	};
	struct candidate *one = &list->items[list->count];

	if (list->count == FIND_MAX || strlen(host) > SRV_NAME_MAX)
		return;
	list->count++;
	snprintf(one->host, sizeof(one->host), "%s", host);
	one->doubtful = doubtful;
	if (port == kinds[tls].port)
		snprintf(one->url, sizeof(one->url), "%s://%s", kinds[tls].scheme, host);
	else
		snprintf(one->url, sizeof(one->url), "%s://%s:%d", kinds[tls].scheme, host,
			 port);
}

/* What the DNS says. -1 with *error when that is nothing. */
static int find_in_dns(struct setup *s, struct candidates *list, struct error *error)
{
	const char *own = s->provider ? s->provider->host : NULL;
	struct srv_list found;

	if (srv_look_up(s->domain.data, clock_in(FIND_SECONDS * 1000), &found, error))
		return -1;
	for (size_t i = 0; i < found.count; i++) {
		const struct srv_target *t = &found.items[i];
		bool known = srv_is_below(t->host, s->domain.data) ||
			     (own && span_equals_nocase(span_of(t->host), own));

		if (known || !s->provider)
			find_add(list, t->host, t->port,
				 t->service == SRV_SUBMISSIONS ? PROVIDER_IMPLICIT
							       : PROVIDER_STARTTLS,
				 !known);
		else
			prompt_say("the DNS leads to %s, which is not %s's: that is not used",
				   t->host, s->provider->name);
	}
	return list->count > 0 ? 0
			       : error_set(error, ERROR_RELAY, STAGE_RESOLVE,
					   "the DNS names no relay for it");
}

static void find_at_usual_names(const struct setup *s, struct candidates *list)
{
	static const char *const names[] = {"smtp", "mail"};

	for (int tls = PROVIDER_IMPLICIT; tls <= PROVIDER_STARTTLS; tls++)
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			char host[SRV_NAME_MAX + 16];

			snprintf(host, sizeof(host), "%s.%s", names[i], s->domain.data);
			find_add(list, host, tls == PROVIDER_IMPLICIT ? 465 : 587,
				 (enum provider_tls)tls, false);
		}
}

/* The relay is this one. */
static int find_take(struct setup *s, const struct candidate *one, struct error *error)
{
	s->relay = strdup(one->url);
	if (!s->provider)
		s->provider = provider_of_host(span_of(one->host));
	return s->relay ? 0 : error_set_memory(error);
}

/* Whether it may be the relay, by who has to know. It may not be asked once for all: each name
 * is another. Returns 1, 0, or -1 with *error. */
static int find_confirm(const struct setup *s, const struct candidate *one, struct error *error)
{
	const struct provider *p = provider_of_host(span_of(one->host));
	const struct prompt always = {.terminal = s->prompt.terminal};
	char option[FIND_URL_MAX + 16], question[FIND_URL_MAX * 2];
	int answer;

	if (!one->doubtful || s->x->options.dry_run)
		return 1;
	snprintf(option, sizeof(option), "--relay %s", one->url);
	snprintf(question, sizeof(question),
		 "The DNS says that %s is the relay. It is not below %s%s%s. Is that right?",
		 one->host, s->domain.data, p ? ", but belongs to " : "", p ? p->name : "");
	answer = prompt_consent(&always, option, p != NULL, question, error);
	if (answer < 0)
		error_prefix(error, "the DNS leads to %s, which is not below %s",
			     TEXT_SHOW(span_of(one->host)), TEXT_SHOW(span_of(s->domain.data)));
	return answer;
}

/* An account with this relay and the words of the command line. */
static int find_look(struct setup *s, const struct candidate *one, struct error *error)
{
	struct draft d;
	bool auth = true;
	int failed;

	failed = draft_init(&d, "new", error) ||
		 (one && draft_word(&d, "relay", one->url, error)) ||
		 setup_add_options(s, &d, error) || draft_settle(&d, error) ||
		 (!account_is_store(&d.account) && configure_look(s, &d.account, &auth, error));
	draft_clear(&d);
	s->no_login = !failed && !auth;
	return failed ? -1 : 0;
}

/* Takes the first of them that is there. Returns 1, 0 when none of them is, with the first
 * failure in *error; -1 with *error when somebody has to say something first. */
static int find_first(struct setup *s, const struct candidates *list, struct error *error)
{
	struct error first = {.class = ERROR_NONE}, one;

	for (size_t i = 0; i < list->count; i++) {
		int allowed = find_confirm(s, &list->items[i], error);

		if (allowed < 0)
			return -1;
		if (allowed == 0)
			continue;
		if (s->x->options.dry_run || find_look(s, &list->items[i], &one) == 0) {
			if (list->items[i].doubtful)
				buf_printf(&s->found, " It is not below %s.", s->domain.data);
			return find_take(s, &list->items[i], error) ? -1 : 1;
		}
		prompt_say("%s", one.text);
		/* That a name is not there says the least. */
		if (first.class == ERROR_NONE || first.stage == STAGE_RESOLVE)
			first = one;
	}
	if (first.class != ERROR_NONE)
		*error = first;
	return 0;
}

/* Whether the usual names may be tried. Returns 1, 0, or -1 with *error. */
static int find_may_probe(const struct setup *s, struct error *error)
{
	char question[FIND_URL_MAX];

	if (s->x->options.probe)
		return 1;
	if (!s->prompt.terminal)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "neither the DNS nor the table of providers has a relay for "
				 "\"%s\": --relay is missing, or --probe to try the usual "
				 "names",
				 TEXT_SHOW(span_of(s->domain.data)));
	snprintf(question, sizeof(question),
		 "Shall smtp.%s and mail.%s be tried, on the ports 465 and 587?",
		 s->domain.data, s->domain.data);
	return prompt_offer(&(struct prompt){.terminal = true}, question, error);
}

/* Whoever is at the terminal says where it is. Returns as find_first(). */
static int find_by_hand(struct setup *s, struct error *error)
{
	struct candidates list = {.count = 0};
	struct endpoint e = {0};
	struct buf typed;
	int result = -1;

	buf_init(&typed, FIND_URL_MAX);
	if (prompt_line(&s->prompt, "--relay", NULL,
			"Relay, such as mail.example.org or submission://mail.example.org:",
			&typed, error) == 0) {
		if (!memmem(typed.data, typed.len, ":", 1))
			find_add(&list, typed.data, 465, PROVIDER_IMPLICIT, false);
		else
			snprintf(list.items[list.count++].url, FIND_URL_MAX, "%s", typed.data);
		result = 0;
		if (endpoint_parse(&e, span_of(list.items[0].url), error))
			prompt_say("%s", error->text);
		else
			result = find_first(s, &list, error);
		if (result > 0 && e.host && !s->provider)
			s->provider = provider_of_host(span_of(e.host));
		endpoint_clear(&e);
	}
	buf_clear(&typed);
	return result;
}

/* The DNS and the table. Returns as find_first(). */
static int find_known(struct setup *s, struct candidates *list, struct error *error)
{
	const struct provider *p = s->provider;
	int dns = -1;

	if (p && !p->host)
		return error_set(error, ERROR_RELAY, STAGE_RESOLVE, "%s: %s", p->name, p->hint);
	if (!p || p->tls != PROVIDER_CLEAR) {
		prompt_say("looking for the relay of %s in the DNS", s->domain.data);
		dns = find_in_dns(s, list, error);
		if (dns < 0)
			prompt_say("%s", error->text);
	}
	if (dns == 0)
		buf_add_string(&s->found, "The relay that the domain names in the DNS.");
	else if (p)
		buf_printf(&s->found, "The relay of %s.", p->name);
	if (dns < 0 && p)
		find_add(list, p->host, p->port, p->tls, false);
	return list->count > 0;
}

int configure_guess(struct setup *s, bool *trusted, struct error *error)
{
	struct candidates list = {.count = 0};
	int found = find_known(s, &list, error);

	if (found <= 0)
		return -1;
	*trusted = !list.items[0].doubtful;
	return find_take(s, &list.items[0], error);
}

/* Where the command line says. What cannot be looked at is taken all the same if a person wants
 * it so. */
static int find_said(struct setup *s, struct error *error)
{
	struct error ended;
	struct draft d;
	int failed = draft_init(&d, "new", error) || setup_add_options(s, &d, error) ||
		     draft_settle(&d, error);

	if (!failed && d.account.relay.host && !s->provider)
		s->provider = provider_of_host(span_of(d.account.relay.host));
	draft_clear(&d);
	if (failed)
		return -1;
	if (s->x->options.dry_run || find_look(s, NULL, error) == 0)
		return 0;
	if (!prompt_may_ask(&s->prompt))
		return -1;
	prompt_say("%s", error->text);
	return prompt_offer(&s->prompt, "Go on all the same?", &ended) > 0 ? 0 : -1;
}

/* The usual names, if they may be tried. Returns as find_first(). */
static int find_by_probing(struct setup *s, struct error *error)
{
	struct candidates list = {.count = 0};
	int found = find_may_probe(s, error);

	if (found <= 0)
		return found;
	find_at_usual_names(s, &list);
	buf_reset(&s->found);
	buf_add_string(&s->found, "The relay that answered at a usual name.");
	return find_first(s, &list, error);
}

int configure_find(struct setup *s, struct error *error)
{
	struct candidates list = {.count = 0};
	int found;

	if (setup_has_relay(s))
		return find_said(s, error);
	found = find_known(s, &list, error);
	if (found > 0)
		found = find_first(s, &list, error);
	/* What is known and does not work is said; nobody guesses another for a provider's. */
	if (found == 0 && list.count > 0 &&
	    (s->provider || !(s->prompt.terminal || s->x->options.probe)))
		return -1;
	if (found == 0)
		found = find_by_probing(s, error);
	while (found == 0 && s->prompt.terminal) {
		buf_reset(&s->found);
		found = find_by_hand(s, error);
	}
	return found > 0 ? 0 : -1;
}
