/* A report as an entry: see notice.h. */
#include "deliver/notice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "deliver/naming.h"
#include "deliver/retry.h"
#include "mail/address.h"
#include "mail/header.h"
#include "mail/measure.h"
#include "mail/message.h"
#include "net/hostname.h"
#include "queue/entry_put.h"

enum { BLOCK = 64 * 1024, NAME_MAX_BYTES = 300 };

static int notice_read_error(int number, struct error *error)
{
	return error_set_errno(error, ERROR_TEMPORARY, STAGE_INPUT, number,
			       "cannot read a message of the queue");
}

/* The next block of the message into o->block; what there is of it. Returns 1, 0, -1. */
static int notice_read(struct notice_original *o, struct error *error)
{
	size_t want = BLOCK;
	ssize_t n;

	buf_reset(&o->block);
	if ((uint64_t)(o->end - o->at) < want)
		want = (size_t)(o->end - o->at);
	if (want == 0)
		return 0;
	if (buf_reserve(&o->block, want))
		return error_set_memory(error);
	do
		n = pread(o->fd, o->block.data, want, o->at);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return notice_read_error(n < 0 ? errno : EIO, error);
	o->block.len = (size_t)n;
	o->at += n;
	return 1;
}

/* As report_source. */
static int notice_next(void *context, struct span *piece, struct error *error)
{
	struct notice_original *o = context;
	int more = notice_read(o, error);

	*piece = buf_span(&o->block);
	return more;
}

/* Where the header ends in text, which is looked at from a place known not to be in it: behind
 * the line end of its last field. 0: not yet. */
static size_t notice_header_end(struct span text, size_t from)
{
	for (size_t i = from; i < text.len; i++) {
		if (text.data[i] != '\n')
			continue;
		if (i + 1 < text.len && text.data[i + 1] == '\n')
			return i + 1;
		if (i + 2 < text.len && text.data[i + 1] == '\r' && text.data[i + 2] == '\n')
			return i + 1;
	}
	return 0;
}

static int notice_read_header(struct notice_original *o, struct error *error)
{
	size_t end = 0;
	int more = 1;

	while (end == 0 && (more = notice_read(o, error)) > 0) {
		size_t from = o->header.len > 2 ? o->header.len - 2 : 0;
		size_t room = o->header.max - o->header.len;

		buf_add(&o->header, o->block.data, o->block.len < room ? o->block.len : room);
		end = notice_header_end(buf_span(&o->header), from);
		if (o->header.len == o->header.max)
			break;
	}
	if (end > 0)
		buf_truncate(&o->header, end);
	if (more < 0)
		return -1;
	return buf_failed(&o->header) ? error_set_memory(error) : 0;
}

int notice_original_open(struct notice_original *o, struct entry *e, struct error *error)
{
	off_t start;
	int failed;

	*o = (struct notice_original){.fd = -1};
	buf_init(&o->header, MESSAGE_HEADER_MAX);
	buf_init(&o->block, BLOCK);
	if (entry_open_message(e, error))
		return -1;
	o->fd = e->fd;
	start = lseek(e->fd, 0, SEEK_CUR);
	o->end = lseek(e->fd, 0, SEEK_END);
	if (start < 0 || o->end < start || lseek(e->fd, start, SEEK_SET) != start)
		return notice_read_error(errno, error);
	o->at = start;
	failed = notice_read_header(o, error);
	o->at = start;
	return failed;
}

void notice_original_clear(struct notice_original *o)
{
	buf_clear(&o->header);
	buf_clear(&o->block);
}

/* Whether the sender is to be told of a recipient. */
static bool notice_concerns(const struct entry_recipient *to, enum report_action action)
{
	return action == REPORT_DELAYED ? to->outcome == ENTRY_OPEN
					: to->outcome == ENTRY_FAILED && !to->reported;
}

int notice_message_init(struct report_message *m, const struct entry *e,
			enum report_action action, const struct notice_original *o,
			struct error *error)
{
	*m = (struct report_message){
		.id = e->id,
		.envelope_id = e->wishes.envelope_id,
		.arrived = e->arrived / 1000000,
		.tried = e->tried,
	};
	m->recipients = calloc(e->count + 1, sizeof(*m->recipients));
	if (!m->recipients)
		return error_set_memory(error);
	for (size_t i = 0; i < e->count; i++) {
		const struct entry_recipient *to = &e->recipients[i];
		struct report_recipient *told = &m->recipients[m->count];

		if (!notice_concerns(to, action))
			continue;
		*told = (struct report_recipient){
			.path = to->path,
			.code = to->code,
			.text = to->text || action == REPORT_FAILED ? to->text : e->trouble,
		};
		memcpy(told->enhanced, to->enhanced, sizeof(told->enhanced));
		m->count++;
	}
	return report_fields_read(&m->fields, buf_span(&o->header), error);
}

void notice_message_clear(struct report_message *m)
{
	free(m->recipients);
	report_fields_clear(&m->fields);
	*m = (struct report_message){0};
}

static bool notice_is_size(const struct report_recipient *to)
{
	return to->code == 552 || (to->enhanced[1] == 3 && to->enhanced[2] == 4);
}

static bool notice_is_content(const struct report_recipient *to)
{
	return to->enhanced[1] == 6 || to->enhanced[1] == 7 ||
	       (to->code == 554 && !to->enhanced[0]);
}

static enum report_quote notice_choose(const struct report *r, const struct entry *e,
				       const struct notice_original *o)
{
	const struct report_message *m = &r->messages[0];
	bool size = false, content = false;
	bool small = o->end - o->at <= NOTICE_FULL_MAX;

	for (size_t i = 0; i < m->count; i++) {
		size = size || notice_is_size(&m->recipients[i]);
		content = content || notice_is_content(&m->recipients[i]);
	}
	if (r->action == REPORT_DELAYED || e->wishes.require_tls || size ||
	    e->wishes.ret == WISHES_RETURN_HEADERS)
		return REPORT_QUOTE_HEADER;
	return e->wishes.ret == WISHES_RETURN_FULL || (small && !content) ? REPORT_QUOTE_MESSAGE
									  : REPORT_QUOTE_HEADER;
}

int notice_quote(struct report *r, const struct entry *e, struct notice_original *o,
		 struct error *error)
{
	struct measure measure = {0};
	off_t start = o->at;
	int more = 1;

	r->quote = notice_choose(r, e, o);
	r->is_utf8 = r->is_8bit = text_is_8bit(buf_span(&o->header));
	while (r->quote == REPORT_QUOTE_MESSAGE && (more = notice_read(o, error)) > 0)
		measure_feed(&measure, buf_span(&o->block));
	measure_finish(&measure);
	o->at = start;
	if (measure.has_nul || measure.has_lone_cr)
		r->quote = REPORT_QUOTE_HEADER;
	if (r->quote == REPORT_QUOTE_HEADER)
		o->end = start + (off_t)o->header.len;
	else
		r->is_8bit = measure.has_8bit;
	r->source = notice_next;
	r->context = o;
	return more < 0 ? -1 : 0;
}

/* What this machine is called, for a person and in Reporting-MTA. */
static void notice_host(const struct account *a, struct buf *out)
{
	if (hostname_full(out, false) == 0)
		return;
	if (a->domain)
		buf_add_string(out, a->domain);
	else
		hostname_short(out);
	if (out->len == 0)
		buf_add_string(out, "localhost");
}

/* The address of the From field: the account's own, because some relays demand one that belongs
 * to the login; else the mailer's. */
static int notice_from(const struct account *a, const char *host, struct buf *out)
{
	const char *domain = a->domain ? a->domain : host;
	const char *own = account_sender(a);
	struct address from = {0};
	struct error ignored;

	if (own && address_parse(&from, span_of(own), &ignored) == 0 && from.text[0]) {
		buf_add_string(out, from.text);
		if (!address_domain(&from))
			buf_printf(out, "@%s", domain);
	}
	address_clear(&from);
	if (out->len == 0)
		buf_printf(out, "MAILER-DAEMON@%s", domain);
	return buf_failed(out) ? -1 : 0;
}

/* Whom the report goes to: the sender, or who stands behind his name on this machine. *to is
 * what its header says. */
static int notice_recipients(struct entry *mail, const struct entry *about,
			     const struct account *a, const char *host, struct buf *to)
{
	struct address_list list = {0};
	int failed = 0;

	if (!about->local_sender) {
		buf_add_string(to, about->reverse_path);
		return buf_failed(to) || entry_add_recipient(mail, about->reverse_path);
	}
	failed =
		naming_find_sender(a, about->reverse_path, a->domain ? a->domain : host, &list);
	for (size_t i = 0; !failed && i < list.count; i++)
		failed = entry_add_recipient(mail, list.items[i].text);
	buf_add_string(to, list.count == 1 ? list.items[0].text : about->reverse_path);
	address_list_clear(&list);
	return failed || buf_failed(to);
}

/* The rest of its envelope. */
static int notice_envelope(struct entry *mail, const struct entry *about)
{
	mail->account = strdup(about->account);
	mail->config = about->config ? strdup(about->config) : NULL;
	mail->reverse_path = strdup("");
	return !mail->account || (about->config && !mail->config) || !mail->reverse_path;
}

int notice_put(struct spool *spool, const char *id, const struct entry *about,
	       struct report *report, const struct notice_sender *sender, struct error *error)
{
	const struct account *a = sender->account;
	struct report_reader reader;
	struct buf host, from, to;
	struct entry mail;
	int failed;

	buf_init(&host, NAME_MAX_BYTES);
	buf_init(&from, 2 * NAME_MAX_BYTES);
	buf_init(&to, 2 * NAME_MAX_BYTES);
	entry_init(&mail);
	notice_host(a, &host);
	failed = notice_from(a, host.data, &from) || notice_envelope(&mail, about) ||
		 notice_recipients(&mail, about, a, host.data, &to);
	report->host = host.data;
	report->from = from.data;
	report->to = to.data;
	report->relay = a->relay.host;
	report->now = sender->now;
	report->retry_until = entry_since(about) + retry_lifetime(a);
	report_draw_boundary(report);
	report_reader_init(&reader, report);
	if (failed)
		error_set_memory(error);
	else
		failed = entry_put(spool, &mail, id, report_reader_next, &reader, error);
	report_reader_clear(&reader);
	entry_clear(&mail);
	buf_clear(&host);
	buf_clear(&from);
	buf_clear(&to);
	return failed ? -1 : 0;
}
