/* A submission made ready: see submission.h. */
#include "deliver/submission.h"

#include <string.h>
#include <time.h>

#include "base/text.h"
#include "deliver/identity.h"
#include "deliver/naming.h"
#include "mail/edit.h"

/* A submission in the making. */
struct making {
	struct submission *s;
	const struct submission_request *request;
	struct identity identity;
	struct naming naming;
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

static int submission_choose_account(struct making *m)
{
	int failed = identity_choose_account(&m->identity, m->error);

	m->s->account = m->identity.account;
	return failed;
}

static bool submission_has_bare(const struct address_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!address_domain(&list->items[i]))
			return true;
	return false;
}

static int submission_qualify(struct making *m)
{
	struct submission *s = m->s;
	struct address *sender = &s->envelope.sender;
	bool bare_sender = sender->text[0] && !address_domain(sender);
	bool bare = submission_has_bare(&s->envelope.recipients) || bare_sender;
	bool named = bare || submission_has_bare(&s->refused.names);
	struct address_list one = {.items = sender, .count = 1, .cap = 1};
	struct error ignored;

	naming_find_domain(s, named);
	if (bare && s->domain.len == 0)
		return error_set(
			m->error, ERROR_LOCAL, STAGE_CONFIG,
			"an address without a domain (\"%s\") and no name of this host to "
			"complete it: set \"domain\", or an alias for it in \"aliases\"",
			TEXT_SHOW(span_of(bare_sender ? sender->text
						      : s->envelope.recipients.items[0].text)));
	if (bare && address_list_qualify(&s->envelope.recipients, s->domain.data, m->error))
		return -1;
	if (named && s->domain.len > 0)
		address_list_qualify(&s->refused.names, s->domain.data, &ignored);
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
	bool keep = !m->request->composed;
	struct edit_options options = {
		.from = &from,
		.now = time(NULL),
		.keep_date = keep && a->set_date_header == SETTING_OFF,
		.keep_message_id = keep && a->set_msgid_header == SETTING_OFF,
		.keep_from = keep && a->set_from_header == SETTING_OFF,
		.undisclosed = a->undisclosed_recipients == SETTING_ON,
	};
	const char *domain = m->s->domain.len > 0 ? m->s->domain.data : NULL;
	int failed = identity_author(&m->identity, domain, &from, m->error);

	options.domain = failed ? NULL : submission_id_domain(m->s, &from);
	if (a->set_from_header == SETTING_ON)
		header_drop(h, HEADER_FROM);
	if (!failed)
		failed = edit_header(h, &options, m->error) ||
			 identity_align(&m->identity, domain, m->error) ||
			 naming_rewrite(&m->naming, m->s, REWRITE_AUTHORS, m->error);
	address_clear(&from);
	return failed;
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

static int submission_mend(struct making *m)
{
	return identity_settle_sender(&m->identity, m->error) ||
	       naming_resolve(&m->naming, m->s, m->request, m->error) ||
	       submission_qualify(m) ||
	       naming_rewrite(&m->naming, m->s, REWRITE_RECIPIENTS, m->error) ||
	       submission_edit(m);
}

int submission_prepare(struct submission *s, struct message *message,
		       const struct config *config, const struct submission_request *request,
		       struct error *error)
{
	struct making m = {
		.s = s,
		.request = request,
		.identity = {.request = request,
			     .config = config,
			     .header = message_header(message),
			     .sender = &s->envelope.sender},
		.error = error,
	};
	int failed;

	*s = (struct submission){.message = message};
	buf_init(&s->domain, 300);
	failed = identity_read(&m.identity, error) || submission_choose_account(&m) ||
		 submission_read_operands(&m) || submission_settle_recipients(&m) ||
		 submission_settle_wishes(&m) || (!request->as_it_came && submission_mend(&m));
	if (!failed && address_list_unique(&s->envelope.recipients))
		failed = error_set_memory(error);
	identity_clear(&m.identity);
	naming_clear(&m.naming);
	return failed ? -1 : 0;
}

void submission_clear(struct submission *s)
{
	envelope_clear(&s->envelope);
	buf_clear(&s->domain);
	strv_clear(&s->warnings);
	strv_clear(&s->notes);
	aliases_failed_clear(&s->refused);
}

size_t submission_hops(const struct message *message)
{
	const struct header *h = message_header_view(message);
	size_t hops = 0;

	for (size_t i = 0; i < h->count; i++)
		hops += h->fields[i].id == HEADER_RECEIVED;
	return hops;
}

void submission_needs(const struct submission *s, struct smtp_mail_options *needs)
{
	bool header = header_is_8bit(message_header(s->message));

	needs->size = message_size(s->message);
	needs->body_8bit = message_facts(s->message)->has_8bit_body || header;
	needs->header_utf8 = header;
}
