/* Reports on what became of a message: see report.h. */
#include "mail/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/text.h"
#include "mail/date.h"
#include "mail/mime.h"

enum {
	LINE_LENGTH = 76,
	WORD_MAX = 900, /* a longer one is broken: a line has 998 bytes at most */
	PIECE_MAX = 256 * 1024
};

/* What a sender can do, by what went wrong. */
enum advice {
	ADVICE_ADDRESS = 1 << 0,
	ADVICE_FULL = 1 << 1,
	ADVICE_SIZE = 1 << 2,
	ADVICE_POLICY = 1 << 3,
	ADVICE_ROUTE = 1 << 4,
	ADVICE_OTHER = 1 << 5
};

/* "=_" stands in no line of quoted-printable or base64 (RFC 2045 section 6.7). */
void report_draw_boundary(struct report *r)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char random[REPORT_BOUNDARY_LENGTH];

	arc4random_buf(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		r->boundary[i] = letters[random[i] % 32];
	r->boundary[0] = '=';
	r->boundary[1] = '_';
	r->boundary[REPORT_BOUNDARY_LENGTH] = '\0';
}

/*
 * The relay's enhanced code where it said one. A plain one tells little: what RFC 3463 lists
 * for it, or the class alone. A recipient who failed without a refusal was given up: 4.4.7.
 */
void report_status(const struct report_recipient *to, enum report_action action, int status[3])
{
	static const int known[][4] = {
		{521, 5, 3, 2}, {551, 5, 1, 6}, {552, 5, 3, 4}, {553, 5, 1, 3}, {556, 5, 1, 10},
	};
	bool transient = to->code / 100 == 4;
	int made[3] = {action == REPORT_DELAYED || transient ? 4 : 5, 0, 0};

	if (action == REPORT_FAILED && transient) {
		made[1] = 4;
		made[2] = 7;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (to->code == known[i][0])
			memcpy(made, &known[i][1], sizeof(made));
	memcpy(status, to->enhanced[0] ? to->enhanced : made, sizeof(made));
}

/* What is left of a word for this line: all of it, or where it must be broken. */
static size_t part_of_word(struct span word)
{
	size_t len = WORD_MAX;

	if (word.len <= WORD_MAX)
		return word.len;
	while (len > 1 && ((unsigned char)word.data[len] & 0xc0) == 0x80)
		len--;
	return len;
}

/* Appends text behind what the line has already, broken at blanks; further lines begin with
 * indent. */
static void add_folded(struct buf *out, struct span text, const char *indent)
{
	const char *line = memrchr(out->data, '\n', out->len);
	size_t column = out->len - (line ? (size_t)(line + 1 - out->data) : 0);
	bool first = true;

	while (text.len > 0) {
		const char *blank = memchr(text.data, ' ', text.len);
		struct span word = {text.data, blank ? (size_t)(blank - text.data) : text.len};
		size_t len = part_of_word(word);

		if (column + 1 + len > LINE_LENGTH && column > strlen(indent) &&
		    (!first || column > LINE_LENGTH / 2)) {
			buf_printf(out, "\n%s", indent);
			column = strlen(indent);
		} else if (!first) {
			buf_add_char(out, ' ');
			column++;
		}
		buf_add(out, word.data, len);
		column += len;
		len += len == word.len && blank;
		text = (struct span){text.data + len, text.len - len};
		first = false;
	}
}

/* Appends foreign text, escaped, cut and folded. */
static void add_words(struct buf *out, const char *text, const char *indent)
{
	struct span cut = span_of(text);
	struct buf shown;

	if (cut.len > REPORT_TEXT_MAX)
		cut.len = REPORT_TEXT_MAX;
	buf_init(&shown, REPORT_TEXT_MAX * 4 + 1);
	text_escape(&shown, cut);
	add_folded(out, buf_span(&shown), indent);
	buf_clear(&shown);
}

/* The character at the start of s, which is well-formed, or the byte. */
static unsigned long code_point(struct span s, size_t len)
{
	const unsigned char *c = (const unsigned char *)s.data;
	unsigned long point = len < 2 ? c[0] : c[0] & (0x7fU >> len);

	for (size_t i = 1; i < len; i++)
		point = point << 6 | (c[i] & 0x3fU);
	return point;
}

/*
 * Appends text in ASCII, as RFC 6533 section 3 writes an address:
 *
 *   utf-8-addr-xtext = 1*(QCHAR / EmbeddedUnicodeChar)
 *   QCHAR = %x21-2a / %x2c-3c / %x3e-5b / %x5d-7e       ; all but "+", "=" and "\"
 *   EmbeddedUnicodeChar = %x5C.78 "{" HEXPOINT "}"      ; \x{HEX}
 *
 * In what is no address (keep), the characters of ASCII stay.
 */
static void add_ascii(struct buf *out, struct span text, bool keep)
{
	while (text.len > 0) {
		size_t len = text_utf8_length(text);
		char c = text.data[0];

		len = len > 0 ? len : 1;
		if (chars_is(c, CHARS_GRAPHIC) ? keep || !memchr("+=\\", c, 3)
					       : keep && c == ' ')
			buf_add_char(out, c);
		else
			buf_printf(out, "\\x{%lX}", code_point(text, len));
		text = (struct span){text.data + len, text.len - len};
	}
}

static void add_date_field(struct buf *out, const char *name, int64_t when)
{
	buf_printf(out, "%s: ", name);
	date_rfc5322(out, (time_t)when);
	buf_add_char(out, '\n');
}

static bool is_8bit(const char *string)
{
	return text_is_8bit(span_of(string));
}

/* Whether the words for a person go beyond ASCII. */
static bool words_are_8bit(const struct report *r)
{
	bool found = is_8bit(r->host) || is_8bit(r->relay);

	for (size_t i = 0; i < r->count && !found; i++) {
		const struct report_message *m = &r->messages[i];

		found = is_8bit(m->fields.title) || is_8bit(m->fields.date);
		for (size_t k = 0; k < m->count && k < REPORT_NAMED_MAX && !found; k++)
			found = is_8bit(m->recipients[k].path) ||
				is_8bit(m->recipients[k].text);
	}
	return found;
}

static void add_subject(struct buf *out, const struct report *r)
{
	const char *subject = r->messages[0].fields.subject;

	buf_add_string(out, "Subject: ");
	if (r->count > 1)
		buf_printf(out, "Undelivered mail: %zu messages", r->count);
	else
		buf_add_string(out, r->action == REPORT_DELAYED ? "Delayed mail"
								: "Undelivered mail");
	if (r->count == 1 && subject && *subject && !is_8bit(subject)) {
		buf_add_string(out, ": ");
		add_folded(out, span_of(subject), " ");
	}
	buf_add_char(out, '\n');
}

/* The mail's own header. */
static void add_header(struct buf *out, const struct report *r)
{
	const char *domain = strrchr(r->from, '@');
	const char *id = r->count == 1 ? r->messages[0].fields.message_id : NULL;
	struct buf name;

	buf_init(&name, 512);
	buf_printf(&name, "Mail delivery on %s", r->host);
	buf_add_string(out, "From: ");
	mime_phrase(out, buf_span(&name));
	buf_clear(&name);
	buf_printf(out, "\n <%s>\nTo: %s\n", r->from, r->to);
	add_subject(out, r);
	add_date_field(out, "Date", r->now);
	buf_add_string(out, "Message-ID: ");
	date_message_id(out, (time_t)r->now, domain ? domain + 1 : r->host);
	if (id)
		buf_printf(out, "\nIn-Reply-To: %s\nReferences: %s", id, id);
	buf_printf(out,
		   "\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
		   "Content-Type: multipart/report; report-type=delivery-status;\n"
		   " boundary=\"%s\"\n",
		   r->boundary);
	if (r->is_8bit || words_are_8bit(r))
		buf_add_string(out, "Content-Transfer-Encoding: 8bit\n");
}

static bool render_head(struct report_reader *reader)
{
	const struct report *r = reader->report;
	struct buf *out = &reader->text;

	add_header(out, r);
	buf_printf(out, "\n--%s\nContent-Type: text/plain; charset=%s\n", r->boundary,
		   words_are_8bit(r) ? "utf-8\nContent-Transfer-Encoding: 8bit" : "us-ascii");
	buf_add_string(out, "\nThis is the mail system of ");
	add_words(out, r->host, "");
	buf_add_string(out, " (pennypost).\n");
	if (r->count > 1)
		buf_printf(out,
			   "\nMore of your messages failed than reports may leave in an hour, "
			   "so this one\nis on %zu of them.\n",
			   r->count);
	return true;
}

static void add_labelled(struct buf *out, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	buf_printf(out, "    %-12s", label);
	add_words(out, text, "                ");
	buf_add_char(out, '\n');
}

/* How the words on a message begin. */
static void add_opening(struct buf *out, const struct report *r, const struct report_message *m)
{
	buf_add_string(out, "\nYour message\n\n");
	add_labelled(out, "Subject:", m->fields.title);
	add_labelled(out, "Date:", m->fields.date);
	add_labelled(out, "Message-ID:", m->fields.message_id);
	add_labelled(out, "Queue ID:", m->id);
	buf_printf(out, "\n%s ",
		   r->action == REPORT_DELAYED ? "has not been delivered yet to"
					       : "could not be delivered to");
	if (m->count == 1)
		buf_add_string(out, "this recipient:\n");
	else
		buf_printf(out, "these %zu recipients:\n", m->count);
}

/* The code as text; "" when there is none. */
static void show_code(const struct report_recipient *to, char code[4])
{
	code[0] = '\0';
	if (to->code > 0 && to->code < 1000)
		snprintf(code, 4, "%d", to->code);
}

/* Whether the text is a reply as it came, not words of ours around one. */
static bool is_quoted(const struct report_recipient *to)
{
	char code[4];

	show_code(to, code);
	return code[0] && span_starts_nocase(span_of(to->text), code);
}

static void add_recipient(struct buf *out, const struct report *r,
			  const struct report_recipient *to)
{
	buf_add_string(out, "\n    ");
	add_words(out, to->path, "    ");
	buf_add_string(out, "\n        ");
	if (is_quoted(to) && r->relay) {
		buf_add_string(out, "The relay ");
		add_words(out, r->relay, "        ");
		buf_add_string(out, " said: ");
	}
	add_words(out, to->text ? to->text : "No reason is known.", "        ");
	buf_add_char(out, '\n');
}

/* One recipient a call. */
static bool render_words(struct report_reader *reader)
{
	const struct report *r = reader->report;
	const struct report_message *m = &r->messages[reader->message];
	struct buf *out = &reader->text;

	if (reader->recipient == 0)
		add_opening(out, r, m);
	if (reader->recipient < m->count && reader->recipient < REPORT_NAMED_MAX)
		add_recipient(out, r, &m->recipients[reader->recipient++]);
	if (reader->recipient < m->count && reader->recipient < REPORT_NAMED_MAX)
		return false;
	if (reader->recipient < m->count)
		buf_printf(out, "\n    ... and %zu more, all named in the next part.\n",
			   m->count - reader->recipient);
	reader->recipient = 0;
	return ++reader->message == r->count;
}

static unsigned advice_for(const struct report_recipient *to)
{
	int status[3];

	report_status(to, REPORT_FAILED, status);
	if (status[1] == 1)
		return ADVICE_ADDRESS;
	if (status[1] == 2 && status[2] == 2)
		return ADVICE_FULL;
	if (status[1] == 3 && status[2] == 4)
		return ADVICE_SIZE;
	if (status[1] == 7)
		return ADVICE_POLICY;
	return status[1] == 4 ? ADVICE_ROUTE : ADVICE_OTHER;
}

static void add_advice(struct buf *out, unsigned wanted)
{
	static const struct {
		unsigned advice;
		const char *words;
	} all[] = {
		{ADVICE_ADDRESS, "Look for a mistake in the address, and ask its owner for the "
				 "present one."},
		{ADVICE_FULL, "Where the mailbox is full, try again later."},
		{ADVICE_SIZE, "Where the message is too large, send it smaller or in parts."},
		{ADVICE_POLICY, "Where the relay does not want the message or its sender, its "
				"words may say what to change; its postmaster can say more."},
		{ADVICE_ROUTE, "Where the relay could not be reached or did not take the "
			       "message in time, see that it works and send again."},
		{ADVICE_OTHER, "Where the words above do not tell enough, ask the postmaster "
			       "of the relay."},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (wanted & all[i].advice) {
			buf_add_string(out, "  - ");
			add_folded(out, span_of(all[i].words), "    ");
			buf_add_char(out, '\n');
		}
}

static bool render_advice(struct report_reader *reader)
{
	const struct report *r = reader->report;
	struct buf *out = &reader->text;
	unsigned advice = 0;

	if (r->action == REPORT_DELAYED) {
		buf_add_string(out, "\nThere is nothing that you must do: it is tried again "
				    "until\n\n    ");
		date_rfc5322(out, (time_t)r->retry_until);
		buf_add_string(out, "\n\nand you will be told if that fails, too.\n");
		return true;
	}
	for (size_t i = 0; i < r->count; i++)
		for (size_t k = 0; k < r->messages[i].count; k++)
			advice |= advice_for(&r->messages[i].recipients[k]);
	buf_add_string(out, "\nNothing more is tried for them. What you can do:\n\n");
	add_advice(out, advice);
	return true;
}

static bool render_status_head(struct report_reader *reader)
{
	const struct report *r = reader->report;
	const struct report_message *m = &r->messages[0];
	struct buf *out = &reader->text;

	buf_printf(out, "\n--%s\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; ",
		   r->boundary);
	add_ascii(out, span_of(r->host), true);
	buf_add_char(out, '\n');
	if (r->count == 1 && m->envelope_id) {
		buf_add_string(out, "Original-Envelope-Id: ");
		add_ascii(out, span_of(m->envelope_id), true);
		buf_add_char(out, '\n');
	}
	if (r->count == 1)
		add_date_field(out, "Arrival-Date", m->arrived);
	reader->message = 0;
	return true;
}

/* Final-Recipient (RFC 3464 section 2.3.2; RFC 6533 section 3). */
static void add_final_recipient(struct buf *out, const char *path)
{
	bool utf8 = is_8bit(path);

	buf_printf(out, "Final-Recipient: %s; ", utf8 ? "utf-8" : "rfc822");
	add_ascii(out, span_of(path), !utf8);
	buf_add_char(out, '\n');
}

/* Diagnostic-Code (RFC 3464 section 2.3.6), the whole reply of the relay or words of ours. */
static void add_diagnostic(struct buf *out, const struct report_recipient *to)
{
	struct span text = span_of(to->text);
	struct buf ascii;
	char code[4];

	if (text.len == 0)
		return;
	if (text.len > REPORT_TEXT_MAX)
		text.len = REPORT_TEXT_MAX;
	buf_init(&ascii, REPORT_TEXT_MAX * 8);
	show_code(to, code);
	if (code[0] && !is_quoted(to))
		buf_printf(&ascii, "%s ", code);
	add_ascii(&ascii, text, true);
	buf_printf(out, "Diagnostic-Code: %s; ", to->code ? "smtp" : "x-pennypost");
	add_folded(out, buf_span(&ascii), " ");
	buf_add_char(out, '\n');
	buf_clear(&ascii);
}

/* The fields of a recipient (RFC 3464 section 2.3). */
static void add_status(struct buf *out, const struct report *r, const struct report_message *m,
		       const struct report_recipient *to)
{
	int status[3];

	report_status(to, r->action, status);
	buf_add_char(out, '\n');
	add_final_recipient(out, to->path);
	buf_printf(out, "Action: %s\nStatus: %d.%d.%d\n",
		   r->action == REPORT_DELAYED ? "delayed" : "failed", status[0], status[1],
		   status[2]);
	if (to->code && r->relay) {
		buf_add_string(out, "Remote-MTA: dns; ");
		add_ascii(out, span_of(r->relay), true);
		buf_add_char(out, '\n');
	}
	add_diagnostic(out, to);
	if (m->tried)
		add_date_field(out, "Last-Attempt-Date", m->tried);
	if (r->action == REPORT_DELAYED)
		add_date_field(out, "Will-Retry-Until", r->retry_until);
	if (r->count > 1 && m->fields.message_id)
		buf_printf(out, "X-Original-Message-ID: %s\n", m->fields.message_id);
}

/* One recipient a call. */
static bool render_status(struct report_reader *reader)
{
	const struct report *r = reader->report;
	const struct report_message *m = &r->messages[reader->message];

	if (reader->recipient < m->count)
		add_status(&reader->text, r, m, &m->recipients[reader->recipient++]);
	if (reader->recipient < m->count)
		return false;
	reader->recipient = 0;
	return ++reader->message == r->count;
}

static bool render_quote_head(struct report_reader *reader)
{
	static const char *const types[][2] = {
		[REPORT_QUOTE_NOTHING] = {"", ""},
		[REPORT_QUOTE_HEADER] = {"text/rfc822-headers", "message/global-headers"},
		[REPORT_QUOTE_MESSAGE] = {"message/rfc822", "message/global"},
	};
	const struct report *r = reader->report;
	bool is_8bit = r->is_utf8 || (r->is_8bit && r->quote == REPORT_QUOTE_MESSAGE);

	if (r->quote != REPORT_QUOTE_NOTHING)
		buf_printf(&reader->text, "\n--%s\nContent-Type: %s\n%s\n", r->boundary,
			   types[r->quote][r->is_utf8],
			   is_8bit ? "Content-Transfer-Encoding: 8bit\n" : "");
	return true;
}

static bool render_tail(struct report_reader *reader)
{
	buf_printf(&reader->text, "\n--%s--\n", reader->report->boundary);
	return true;
}

/* What is written by us in turn; NULL stands for what the source gives. A step returns whether
 * it has said all. */
static bool (*const steps[])(struct report_reader *reader) = {
	render_head,   render_words,      render_advice, render_status_head,
	render_status, render_quote_head, NULL,          render_tail,
};

void report_reader_init(struct report_reader *r, const struct report *report)
{
	*r = (struct report_reader){.report = report};
	buf_init(&r->text, PIECE_MAX);
}

int report_reader_next(void *reader, struct span *piece, struct error *error)
{
	struct report_reader *r = reader;

	buf_reset(&r->text);
	while (r->stage < sizeof(steps) / sizeof(steps[0])) {
		bool quotes = r->report->quote != REPORT_QUOTE_NOTHING;
		int more = 0;

		if (!steps[r->stage] && quotes)
			more = r->report->source(r->report->context, piece, error);
		if (more != 0)
			return more;
		if (!steps[r->stage] || steps[r->stage](r))
			r->stage++;
		if (buf_failed(&r->text))
			return error_set_memory(error);
		*piece = buf_span(&r->text);
		if (piece->len > 0)
			return 1;
	}
	return 0;
}

void report_reader_clear(struct report_reader *r)
{
	buf_clear(&r->text);
}
