/* Names made addresses: see naming.h. */
#include "deliver/naming.h"

#include <errno.h>

#include "base/text.h"
#include "net/hostname.h"

/* A header that is being rewritten. */
struct rewriting {
	struct naming *naming;
	struct submission *submission;
	bool looked; /* for a domain, and there may be none */
};

static struct aliases_use naming_use(struct naming *n, const struct account *a)
{
	return (struct aliases_use){
		.local = &n->local,
		.include = a->aliases_include == SETTING_ON,
	};
}

static bool naming_is_ours(struct naming *n, const struct address *a)
{
	const char *domain = address_domain(a);

	return a->text[0] && (!domain || local_is_domain(&n->local, span_of(domain)));
}

/* A file that is not there has no aliases: that is worth a word, but no mail. */
static struct aliases *naming_none(struct submission *s, struct error *error)
{
	struct buf warning;

	buf_init(&warning, ERROR_TEXT_MAX);
	buf_printf(&warning, "account %s: there is no aliases file %s, so no alias applies",
		   s->account->name, TEXT_SHOW(span_of(s->account->aliases)));
	strv_add(&s->warnings, buf_span(&warning));
	buf_clear(&warning);
	return aliases_new(s->account->aliases, (struct span){"", 0}, NULL, error);
}

int naming_resolve(struct naming *n, struct submission *s,
		   const struct submission_request *request, struct error *error)
{
	const struct account *a = s->account;
	struct aliases_use use = naming_use(n, a);

	n->local.patterns = &a->local_domains;
	if (!a->aliases || request->no_aliases)
		return 0;
	s->local_sender = s->envelope.sender.text && naming_is_ours(n, &s->envelope.sender);
	n->aliases = aliases_open(a->aliases, &s->notes, error);
	if (!n->aliases && error->number == ENOENT)
		n->aliases = naming_none(s, error);
	if (!n->aliases)
		return -1;
	use.warnings = &s->warnings;
	use.failed = &s->refused;
	use.trace = request->trace;
	if (address_list_unique(&s->envelope.recipients))
		return error_set_memory(error);
	return aliases_apply(n->aliases, &use, &s->envelope.recipients, error);
}

/* The name alone that path begins with, which is a canonical address. */
static int naming_add_name(struct address_list *list, const char *path)
{
	struct address whole = {0}, name = {0};
	struct error ignored;
	int failed = address_parse(&whole, span_of(path), &ignored);

	if (!failed) {
		name.local_len = whole.local_len;
		name.text = span_dup((struct span){whole.text, whole.local_len});
		failed = !name.text || address_list_add(list, &name);
	}
	address_clear(&name);
	address_clear(&whole);
	return failed;
}

/* What the aliases make of the name on the list. -1 where that is nothing to go by. */
static int naming_apply(const struct account *a, struct address_list *list)
{
	struct naming n = {.local.patterns = &a->local_domains};
	struct aliases_failed failed = {0};
	struct aliases_use use = naming_use(&n, a);
	struct strv problems = {0};
	struct error ignored;
	int result = -1;

	use.failed = &failed;
	n.aliases = aliases_open(a->aliases, &problems, &ignored);
	if (n.aliases)
		result = aliases_apply(n.aliases, &use, list, &ignored);
	aliases_failed_clear(&failed);
	strv_clear(&problems);
	naming_clear(&n);
	return result;
}

int naming_find_sender(const struct account *a, const char *path, const char *domain,
		       struct address_list *list)
{
	struct address_list found = {0}, self = {0};
	struct error ignored;
	int failed = address_list_parse(list, span_of(path), &ignored);

	if (failed || !a->aliases || naming_add_name(&found, path) ||
	    naming_add_name(&self, path) || naming_apply(a, &found))
		goto out;
	for (size_t i = 0; i < found.count; i++)
		if (address_is_same(&found.items[i], &self.items[0]))
			goto out;
	if (address_list_qualify(&found, domain, &ignored) == 0 &&
	    address_list_unique(&found) == 0) {
		struct address_list old = *list;

		*list = found;
		found = old;
	}
out:
	address_list_clear(&self);
	address_list_clear(&found);
	return failed;
}

void naming_find_domain(struct submission *s, bool needed)
{
	if (s->domain.len > 0)
		return;
	if (s->account->domain)
		buf_add_string(&s->domain, s->account->domain);
	else if (hostname_full(&s->domain, needed) && needed)
		hostname_short(&s->domain);
}

static bool naming_is_local(void *context, struct span domain)
{
	struct rewriting *r = context;

	return local_is_domain(&r->naming->local, domain);
}

/* Completes what has no domain. Returns 0; 1 when there is nothing to do it with. */
static int naming_complete(struct rewriting *r, struct address_list *list, struct error *error)
{
	const struct buf *domain = &r->submission->domain;
	bool bare = false;

	for (size_t i = 0; i < list->count; i++)
		bare = bare || !address_domain(&list->items[i]);
	if (!bare)
		return 0;
	if (!r->looked)
		naming_find_domain(r->submission, true);
	r->looked = true;
	return domain->len == 0 || address_list_qualify(list, domain->data, error);
}

/* What is not to be had leaves the name as it is: the header is no reason to send nothing. */
static int naming_look_up(void *context, const struct address *a, bool recipient,
			  struct address_list *out, struct error *error)
{
	struct rewriting *r = context;
	const struct aliases_use use = naming_use(r->naming, r->submission->account);
	bool found = recipient && r->naming->aliases &&
		     aliases_show(r->naming->aliases, &use, a, out);

	if (!found && address_domain(a))
		return 0;
	if (!found && address_list_add(out, a))
		return error_set_memory(error);
	if (naming_complete(r, out, error))
		address_list_clear(out);
	return 0;
}

int naming_rewrite(struct naming *n, struct submission *s, enum rewrite_part part,
		   struct error *error)
{
	struct rewriting context = {.naming = n, .submission = s};
	const struct rewrite rewrite = {
		.is_local = n->aliases ? naming_is_local : NULL,
		.look_up = naming_look_up,
		.context = &context,
	};

	if (s->account->rewrite_headers == SETTING_OFF)
		return 0;
	return rewrite_header(message_header(s->message), part, &rewrite, error);
}

void naming_clear(struct naming *n)
{
	aliases_free(n->aliases);
	local_clear(&n->local);
	*n = (struct naming){0};
}
