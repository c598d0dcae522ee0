/* A submission made ready: see submission.h. */
#include "deliver/submission.h"

#include <string.h>
#include <time.h>

#include "base/text.h"
#include "conf/aliases.h"
#include "mail/edit.h"
#include "net/hostname.h"

/* A submission in the making. */
struct making {
	struct submission *s;
	const struct submission_request *request;
	struct address_list from; /* of the header's From or Resent-From field */
	struct error *error;
};

static int submission_read_operands(struct making *m)
{
	for (size_t i = 0; i < m->request->recipients->count; i++) {
		const char *operand = m->request->recipients->items[i];

		if (address_list_parse(&m->s->envelope.recipients, span_of(operand),
				       m->error)) {
			m->error->class = ERROR_LOCAL;
			m->error->stage = STAGE_USAGE;
			return error_prefix(m->error, "recipient \"%s\"",
					    TEXT_SHOW(span_of(operand)));
		}
	}
	return 0;
}

static int submission_read_sender(struct making *m)
{
	if (!m->request->sender)
		return 0;
	if (address_parse(&m->s->envelope.sender, span_of(m->request->sender), m->error)) {
		m->error->class = ERROR_LOCAL;
		m->error->stage = STAGE_USAGE;
		return error_prefix(m->error, "sender (-f)");
	}
	return 0;
}

/* The From field, or Resent-From where the reverse-path is asked of the message, chooses an
 * account and may give the reverse-path; a malformed one does neither, because the message is
 * not ours to judge. */
static void submission_read_from(struct making *m)
{
	const struct header *h = message_header(m->s->message);
	const struct header_field *from =
		m->request->sender_from_header ? header_find(h, HEADER_RESENT_FROM) : NULL;
	struct error ignored;

	if (!from)
		from = header_find(h, HEADER_FROM);
	if (from)
		address_list_parse(&m->from, from->body, &ignored);
}

static const struct account *submission_match(const struct config *config,
					      const struct address *a)
{
	return a->text && a->text[0] ? config_match(config, a->text) : NULL;
}

static int submission_choose_account(struct making *m, const struct config *config)
{
	struct submission *s = m->s;

	s->account = m->request->account;
	if (!s->account)
		s->account = submission_match(config, &s->envelope.sender);
	if (!s->account && m->from.count > 0)
		s->account = submission_match(config, &m->from.items[0]);
	if (!s->account)
		s->account = config_default(config);
	if (!s->account)
		return error_set(
			m->error, ERROR_LOCAL, STAGE_CONFIG,
			"no relay is configured: name one in ~/.config/pennypost/config or "
			"%s, for example \"relay submission://user@mail.example.org\" (see "
			"pennypost.conf(5))",
			PENNYPOST_SYSTEM_CONFIG);
	return account_check_relay(s->account, m->error);
}

/* The address of last resort: the account's, else the login name. That is no address to be
 * parsed, because what is syntax there is a character here (winbind's EXAMPLE\ann), unless it
 * is one to the letter, as where logins have a realm (ann@example.org). */
static int submission_own_address(struct making *m, struct address *a)
{
	const char *own = account_sender(m->s->account);
	const char *login = own ? NULL : m->request->user();
	struct error ignored;

	if (own)
		return address_parse(a, span_of(own), m->error);
	if (strchr(login, '@') && address_parse(a, span_of(login), &ignored) == 0) {
		if (strcmp(a->text, login) == 0)
			return 0;
		address_clear(a);
	}
	return address_from_local(a, span_of(login), m->error);
}

/*
 * The reverse-path: -f, unless the account forbids to override its own; else the From field
 * when it was asked for or made us choose the account; else the account's; else the login name.
 * The null path overrides nobody: a bounce that got an answer could go round for ever (RFC 5321
 * section 6.1).
 */
static int submission_settle_sender(struct making *m, const struct config *config)
{
	struct submission *s = m->s;
	struct address *sender = &s->envelope.sender;
	bool fixed =
		account_sender(s->account) && s->account->allow_from_override == SETTING_OFF;
	bool by_from = m->from.count > 0 &&
		       (m->request->sender_from_header ||
			(!m->request->account &&
			 submission_match(config, &m->from.items[0]) == s->account));

	if (sender->text && (!fixed || !sender->text[0]))
		return 0;
	address_clear(sender);
	if (by_from && !fixed)
		return address_parse(sender, span_of(m->from.items[0].text), m->error);
	if (submission_own_address(m, sender))
		return error_prefix(m->error, "sender");
	return 0;
}

static bool submission_has_bare(const struct address_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!address_domain(&list->items[i]))
			return true;
	return false;
}

/* What bare addresses are completed with: the account's domain, else our full name, else our
 * bare one, so that a relay which refuses it names us. Never the domain of `from`: a local
 * "root" must not become somebody else's root at a large provider. */
static void submission_find_domain(struct submission *s, bool needed)
{
	if (s->account->domain)
		buf_add_string(&s->domain, s->account->domain);
	else if (hostname_full(&s->domain, needed) && needed)
		hostname_short(&s->domain);
}

static int submission_qualify(struct making *m)
{
	struct submission *s = m->s;
	struct address *sender = &s->envelope.sender;
	bool bare_sender = sender->text[0] && !address_domain(sender);
	bool bare = submission_has_bare(&s->envelope.recipients) || bare_sender;
	struct address_list one = {.items = sender, .count = 1, .cap = 1};

	submission_find_domain(s, bare);
	if (bare && s->domain.len == 0)
		return error_set(
			m->error, ERROR_LOCAL, STAGE_CONFIG,
			"an address without a domain (\"%s\") and no name of this host to "
			"complete it: set \"domain\", or an alias for it in \"aliases\"",
			TEXT_SHOW(span_of(bare_sender ? sender->text
						      : s->envelope.recipients.items[0].text)));
	if (bare && address_list_qualify(&s->envelope.recipients, s->domain.data, m->error))
		return -1;
	return bare_sender ? address_list_qualify(&one, s->domain.data, m->error) : 0;
}

static int submission_settle_recipients(struct making *m)
{
	struct submission *s = m->s;
	struct address_list *list = &s->envelope.recipients;

	if (m->request->read_recipients &&
	    envelope_from_header(&s->envelope, message_header(s->message), m->error))
		return -1;
	if (list->count == 0)
		return error_set(
			m->error, ERROR_LOCAL, STAGE_USAGE, "no recipients: %s",
			m->request->read_recipients
				? "the header has no To, Cc or Bcc address and none was given"
				: "name them, or let -t read them from the header");
	return 0;
}

/* The From that a message without one gets. */
static int submission_from_address(struct making *m, struct address *from)
{
	const struct submission *s = m->s;
	const char *name =
		m->request->full_name ? m->request->full_name : s->account->from_full_name;
	const char *text = s->envelope.sender.text;
	struct address_list one = {.items = from, .count = 1, .cap = 1};

	if (text[0] ? address_parse(from, span_of(text), m->error)
		    : submission_own_address(m, from))
		return -1;
	if (s->domain.len > 0 && !address_domain(from) &&
	    address_list_qualify(&one, s->domain.data, m->error))
		return -1;
	if (!name)
		return 0;
	from->name = span_dup(span_of(name));
	return from->name ? 0 : error_set_memory(m->error);
}

/* The right side of a new Message-ID: ours, else the sender's. */
static const char *submission_id_domain(const struct submission *s, const struct address *from)
{
	const char *domain = address_domain(from);

	if (s->account->domain || !domain)
		return s->domain.len > 0 ? s->domain.data : "localhost.invalid";
	return domain;
}

static int submission_edit(struct making *m)
{
	const struct account *a = m->s->account;
	struct header *h = message_header(m->s->message);
	struct address from = {0};
	struct edit_options options = {
		.from = &from,
		.now = time(NULL),
		.keep_date = a->set_date_header == SETTING_OFF,
		.keep_message_id = a->set_msgid_header == SETTING_OFF,
		.keep_from = a->set_from_header == SETTING_OFF,
		.undisclosed = a->undisclosed_recipients == SETTING_ON,
	};
	int failed = submission_from_address(m, &from);

	options.domain = failed ? NULL : submission_id_domain(m->s, &from);
	if (a->set_from_header == SETTING_ON)
		header_drop(h, HEADER_FROM);
	if (!failed)
		failed = edit_header(h, &options, m->error);
	address_clear(&from);
	return failed;
}

static int submission_resolve_aliases(struct making *m)
{
	const char *path = m->s->account->aliases;

	return path ? aliases_apply(&m->s->envelope.recipients, path, m->error) : 0;
}

/* What the message wishes, and what the account does for all of its messages. Its words were
 * read before, when they were set. */
static int submission_settle_wishes(struct making *m)
{
	const struct account *a = m->s->account;
	struct wishes *w = &m->s->wishes;

	*w = m->request->wishes;
	if ((a->dsn_notify && !w->notify && wishes_set_notify(w, a->dsn_notify, m->error)) ||
	    (a->dsn_return && !w->ret && wishes_set_return(w, a->dsn_return, m->error)) ||
	    (a->deliver_by && !w->deliver_by &&
	     wishes_set_deliver_by(w, a->deliver_by, m->error)))
		return -1;
	w->require_tls = w->require_tls || a->require_tls == SETTING_ON;
	if (a->submitter && !w->submitter)
		w->submitter = strcmp(a->submitter, "<>") == 0 ? "" : a->submitter;
	return 0;
}

int submission_prepare(struct submission *s, struct message *message,
		       const struct config *config, const struct submission_request *request,
		       struct error *error)
{
	struct making m = {.s = s, .request = request, .error = error};
	int failed;

	*s = (struct submission){.message = message};
	buf_init(&s->domain, 300);
	submission_read_from(&m);
	failed = submission_read_sender(&m) || submission_choose_account(&m, config) ||
		 submission_read_operands(&m) || submission_settle_recipients(&m) ||
		 submission_settle_sender(&m, config) || submission_resolve_aliases(&m) ||
		 submission_qualify(&m) || submission_settle_wishes(&m) || submission_edit(&m);
	if (!failed && address_list_unique(&s->envelope.recipients))
		failed = error_set_memory(error);
	address_list_clear(&m.from);
	return failed ? -1 : 0;
}

void submission_clear(struct submission *s)
{
	envelope_clear(&s->envelope);
	buf_clear(&s->domain);
}

void submission_needs(const struct submission *s, struct smtp_mail_options *needs)
{
	bool header = header_is_8bit(message_header(s->message));

	needs->size = message_size(s->message);
	needs->body_8bit = message_facts(s->message)->has_8bit_body || header;
	needs->header_utf8 = header;
}
