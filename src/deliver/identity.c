/* Whom a message is from: see identity.h. */
#include "deliver/identity.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "conf/aliases.h"
#include "deliver/submission.h"
#include "mail/align.h"

static int identity_read_sender(struct identity *i, struct error *error)
{
	if (!i->request->sender)
		return 0;
	if (address_parse(i->sender, span_of(i->request->sender), error)) {
		error->class = ERROR_LOCAL;
		error->stage = STAGE_USAGE;
		return error_prefix(error, "sender (-f)");
	}
	return 0;
}

int identity_read(struct identity *i, struct error *error)
{
	const struct header_field *from = i->request->sender_from_header
						  ? header_find(i->header, HEADER_RESENT_FROM)
						  : NULL;
	struct error ignored;

	if (!from)
		from = header_find(i->header, HEADER_FROM);
	if (from)
		address_list_parse(&i->from, from->body, &ignored);
	return identity_read_sender(i, error);
}

static const struct account *identity_match(const struct identity *i, const struct address *a)
{
	return a->text && a->text[0] ? config_match(i->config, a->text) : NULL;
}

int identity_choose_account(struct identity *i, struct error *error)
{
	i->account = i->request->account;
	if (!i->account)
		i->account = identity_match(i, i->sender);
	if (!i->account && i->from.count > 0)
		i->account = identity_match(i, &i->from.items[0]);
	if (!i->account)
		i->account = config_default(i->config);
	if (!i->account)
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"no relay is configured: name one in ~/.config/pennypost/config or "
			"%s, for example \"relay submission://user@mail.example.org\" (see "
			"pennypost.conf(5))",
			PENNYPOST_SYSTEM_CONFIG);
	return account_check_relay(i->account, error);
}

static int identity_apply_map(const char *map, struct address_list *list, struct error *error)
{
	const struct aliases_use use = {0};
	struct aliases *aliases = aliases_open(map, NULL, error);
	int result = aliases ? aliases_apply(aliases, &use, list, error) : -1;

	if (result && error->class == ERROR_RECIPIENT)
		error->class = ERROR_LOCAL;
	aliases_free(aliases);
	return result;
}

/* What `sender_map` makes of a local name: puts it in *a, unless it does not know it. */
static int identity_map(const struct identity *i, struct address *a, struct error *error)
{
	const char *map = i->account->sender_map;
	struct address_list list = {0};
	int result = 0;

	if (!map || !a->text[0] || address_domain(a))
		return 0;
	if (address_list_add(&list, a))
		return error_set_memory(error);
	result = identity_apply_map(map, &list, error);
	if (result == 0 && list.count != 1)
		result = error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				   "%s: %s has no address of its own, but %zu",
				   TEXT_SHOW(span_of(map)), TEXT_SHOW(span_of(a->text)),
				   list.count);
	if (result == 0) {
		struct address mapped = list.items[0];

		list.items[0] = *a;
		*a = mapped;
	}
	address_list_clear(&list);
	return result ? error_prefix(error, "sender_map") : 0;
}

/* The login name is no address to be parsed, because what is syntax there is a character here
 * (winbind's EXAMPLE\ann), unless it is one to the letter, as where logins have a realm
 * (ann@example.org). */
static int identity_login(const struct identity *i, struct address *a, struct error *error)
{
	const char *login = i->request->user();
	struct error ignored;

	if (strchr(login, '@') && address_parse(a, span_of(login), &ignored) == 0) {
		if (strcmp(a->text, login) == 0)
			return 0;
		address_clear(a);
	}
	return address_from_local(a, span_of(login), error);
}

/* Who we are: what `sender_map` has for the login name; else the account's address; with
 * `align_from` its login, if that is one; else the login name. */
static int identity_own(const struct identity *i, struct address *a, struct error *error)
{
	const struct account *account = i->account;
	const char *own = account_sender(account);

	if (!own && account->align_from == SETTING_ON)
		own = account_user(account);
	if (own && !account->sender_map)
		return address_parse(a, span_of(own), error);
	if (identity_login(i, a, error) || identity_map(i, a, error))
		return -1;
	if (!own || address_domain(a))
		return 0;
	address_clear(a);
	return address_parse(a, span_of(own), error);
}

/* Whether the account may write as this address. */
static bool identity_is_ours(const struct identity *i, const struct address *a,
			     const struct address *own)
{
	return account_has_address(i->account, a->text) || strcasecmp(a->text, own->text) == 0;
}

/* With `align_from` the sender is one that the account may use. */
static int identity_align_sender(struct identity *i, struct error *error)
{
	struct address own = {0};

	if (i->account->align_from != SETTING_ON || !i->sender->text[0])
		return 0;
	if (identity_own(i, &own, error)) {
		address_clear(&own);
		return error_prefix(error, "sender");
	}
	if (!identity_is_ours(i, i->sender, &own)) {
		struct address old = *i->sender;

		*i->sender = own;
		own = old;
	}
	address_clear(&own);
	return 0;
}

int identity_settle_sender(struct identity *i, struct error *error)
{
	struct address *sender = i->sender;
	bool fixed =
		account_sender(i->account) && i->account->allow_from_override == SETTING_OFF;
	bool by_from =
		i->from.count > 0 &&
		(i->request->sender_from_header ||
		 (!i->request->account && identity_match(i, &i->from.items[0]) == i->account));

	if (sender->text && (!fixed || !sender->text[0])) {
		if (identity_map(i, sender, error))
			return -1;
		return identity_align_sender(i, error);
	}
	address_clear(sender);
	if (by_from && !fixed) {
		if (address_parse(sender, span_of(i->from.items[0].text), error) ||
		    identity_map(i, sender, error))
			return -1;
		return identity_align_sender(i, error);
	}
	return identity_own(i, sender, error) ? error_prefix(error, "sender") : 0;
}

static int identity_complete(struct address *a, const char *domain, struct error *error)
{
	struct address_list one = {.items = a, .count = 1, .cap = 1};

	if (!domain || address_domain(a))
		return 0;
	return address_list_qualify(&one, domain, error);
}

/* The account's name for a mailbox that has none. */
static int identity_name(const struct identity *i, struct address *a, struct error *error)
{
	const char *name =
		i->request->full_name ? i->request->full_name : i->account->from_full_name;

	if (!name || a->name)
		return 0;
	a->name = span_dup(span_of(name));
	return a->name ? 0 : error_set_memory(error);
}

int identity_author(const struct identity *i, const char *domain, struct address *author,
		    struct error *error)
{
	const char *text = i->sender->text;

	if (text[0] ? address_parse(author, span_of(text), error)
		    : identity_own(i, author, error))
		return -1;
	return identity_complete(author, domain, error) || identity_name(i, author, error) ? -1
											   : 0;
}

/* Who the header says wrote it, as edited; none when that is malformed. */
static void identity_read_authors(const struct identity *i, struct address_list *authors)
{
	struct error ignored;

	address_list_parse(authors, header_body(i->header, HEADER_FROM), &ignored);
}

/* One bare name of the From field that the map knows becomes its address: nobody's answers are
 * led elsewhere by that. Returns 1 when it did. */
static int identity_map_author(const struct identity *i, struct error *error)
{
	struct address_list authors = {0};
	int result = 0;

	if (!i->account->sender_map)
		return 0;
	identity_read_authors(i, &authors);
	if (authors.count == 1 && !address_domain(&authors.items[0])) {
		if (identity_map(i, &authors.items[0], error))
			result = -1;
		else if (address_domain(&authors.items[0]))
			result = align_replace_from(i->header, &authors.items[0], error) ? -1
											 : 1;
	}
	address_list_clear(&authors);
	return result;
}

int identity_align(const struct identity *i, const char *domain, struct error *error)
{
	struct address own = {0};
	struct address_list authors = {0};
	size_t ours = 0;
	int result;

	if (!header_find(i->header, HEADER_FROM) ||
	    header_find(i->header, HEADER_DKIM_SIGNATURE))
		return 0;
	result = identity_map_author(i, error);
	if (result != 0 || i->account->align_from != SETTING_ON)
		return result < 0 ? -1 : 0;
	result = identity_own(i, &own, error) || identity_complete(&own, domain, error);
	identity_read_authors(i, &authors);
	for (size_t k = 0; result == 0 && k < authors.count; k++)
		ours += identity_is_ours(i, &authors.items[k], &own);
	if (result == 0 && (ours == 0 || ours < authors.count))
		result = identity_name(i, &own, error) || align_from(i->header, &own, error);
	address_list_clear(&authors);
	address_clear(&own);
	return result ? -1 : 0;
}

void identity_clear(struct identity *i)
{
	address_list_clear(&i->from);
}
