/* MAIL and RCPT with their parameters: see parameters.h. */
#include "smtp/parameters.h"

#include <inttypes.h>
#include <string.h>

#include "base/chars.h"
#include "base/crypto.h"
#include "base/text.h"
#include "mail/address.h"
#include "mail/date.h"

static const struct wishes no_wishes;

static const struct wishes *parameters_wishes(const struct parameters *p)
{
	return p->wishes ? p->wishes : &no_wishes;
}

static bool parameters_offered(const struct parameters *p, const char *keyword)
{
	return capabilities_have(p->offered, keyword, NULL);
}

static bool parameters_want_dsn(const struct wishes *w)
{
	return w->notify || w->ret || w->envelope_id;
}

/* SIZE, RFC 1870 section 6.1: a message beyond the relay's limit is not worth a try. */
static int parameters_check_size(const struct parameters *p, struct error *error)
{
	uint64_t limit = capabilities_size(p->offered);

	if (limit > 0 && p->needs->size > limit)
		return error_set(
			error, ERROR_MESSAGE, STAGE_MAIL,
			"the message has %llu bytes and the relay takes %llu at the most",
			(unsigned long long)p->needs->size, (unsigned long long)limit);
	return 0;
}

/* The first number of a keyword's parameters, 0 for none. */
static int64_t parameters_number(struct span *text)
{
	int64_t value = 0;

	*text = span_trim(*text);
	while (text->len > 0 && chars_is(text->data[0], CHARS_DIGIT)) {
		value = value < WISHES_SECONDS_MAX ? value * 10 + (text->data[0] - '0') : value;
		*text = (struct span){text->data + 1, text->len - 1};
	}
	return value;
}

/* DELIVERBY, RFC 2852 section 4: the keyword may name the least time that "R" is taken with. */
static int parameters_check_deliver_by(struct parameters *p, struct error *error)
{
	const struct wishes *w = parameters_wishes(p);
	struct span limit = {0};
	bool returns = w->deliver_by_mode == 'R';
	int64_t least;

	if (!w->deliver_by)
		return 0;
	if (!capabilities_have(p->offered, "DELIVERBY", &limit)) {
		if (returns)
			return error_set(
				error, ERROR_MESSAGE, STAGE_MAIL,
				"the relay does not offer DELIVERBY, so the message would not "
				"come back after %d seconds",
				w->deliver_by);
		p->dropped |= PARAMETERS_DROPPED_DELIVERBY;
		return 0;
	}
	least = parameters_number(&limit);
	if (returns && w->deliver_by < least)
		return error_set(error, ERROR_MESSAGE, STAGE_MAIL,
				 "the relay delivers by a deadline of %" PRId64
				 " seconds at the least, and %d are asked for",
				 least, w->deliver_by);
	return 0;
}

/*
 * FUTURERELEASE, RFC 4865 section 3: the keyword's parameters are the most it holds for, in
 * seconds, and the last time it holds until.
 *
 *   future-release-ehlo = "FUTURERELEASE" SP max-interval SP max-date-time
 */
static int parameters_find_hold(const struct parameters *p, struct error *error)
{
	const struct wishes *w = parameters_wishes(p);
	struct span limits = {0};
	int64_t longest, latest = 0;

	if (!w->hold_for && !w->hold_until)
		return 0;
	if (!capabilities_have(p->offered, "FUTURERELEASE", &limits))
		return error_set(error, ERROR_MESSAGE, STAGE_MAIL,
				 "the relay does not offer FUTURERELEASE, so it would not hold "
				 "the message");
	longest = parameters_number(&limits);
	if (w->hold_for && longest > 0 && w->hold_for > longest)
		return error_set(error, ERROR_MESSAGE, STAGE_MAIL,
				 "the relay holds a message for %" PRId64
				 " seconds at the most, and %d are asked for",
				 longest, w->hold_for);
	limits = span_trim(limits);
	if (w->hold_until && date_parse_rfc3339(limits, &latest) == 0 && w->hold_until > latest)
		return error_set(error, ERROR_MESSAGE, STAGE_MAIL,
				 "the relay holds a message until %s at the latest",
				 TEXT_SHOW(limits));
	return 0;
}

static int parameters_check_hold(struct parameters *p, struct error *error)
{
	if (parameters_find_hold(p, error) == 0)
		return 0;
	p->dropped |= PARAMETERS_LACKS_HOLD;
	return -1;
}

/* REQUIRETLS, RFC 8689 section 4.2.1: only over TLS to a relay that proved its name, and only
 * to one that will ask the same of the next. */
static int parameters_check_require_tls(const struct parameters *p, struct error *error)
{
	if (!parameters_wishes(p)->require_tls)
		return 0;
	if (!p->verified)
		return error_set(error, ERROR_MESSAGE, STAGE_MAIL,
				 "TLS is required all the way, and the relay has not proved "
				 "its name under TLS");
	if (!parameters_offered(p, "REQUIRETLS"))
		return error_set(error, ERROR_MESSAGE, STAGE_MAIL,
				 "TLS is required all the way, and the relay does not offer "
				 "REQUIRETLS");
	return 0;
}

int parameters_check(struct parameters *p, struct error *error)
{
	const struct wishes *w = parameters_wishes(p);

	p->dropped = 0;
	p->utf8 = p->needs->header_utf8 && parameters_offered(p, "SMTPUTF8");
	if (p->needs->utf8 && !parameters_offered(p, "SMTPUTF8"))
		return error_set(
			error, ERROR_MESSAGE, STAGE_MAIL,
			"an address holds characters beyond ASCII and the relay does not offer "
			"SMTPUTF8");
	p->utf8 = p->utf8 || p->needs->utf8;
	if (parameters_want_dsn(w) && !parameters_offered(p, "DSN"))
		p->dropped |= PARAMETERS_DROPPED_DSN;
	if (w->submitter && !parameters_offered(p, "AUTH"))
		p->dropped |= PARAMETERS_DROPPED_AUTH;
	return parameters_check_size(p, error) || parameters_check_require_tls(p, error) ||
			       parameters_check_hold(p, error) ||
			       parameters_check_deliver_by(p, error)
		       ? -1
		       : 0;
}

/*
 * A path that needs no SMTPUTF8, appended to out: where only the domain is beyond ASCII, as
 * A-labels (RFC 5890 section 2.3.2.1), so that every relay behind ours can take it too. 1: done
 * (an ASCII path goes as it is), 0: there is none, -1 with *error.
 */
static int parameters_add_ascii(const char *path, struct buf *out, struct error *error)
{
	const char *at = strrchr(path, '@');
	const struct crypto *crypto;
	struct span local = {path, at ? (size_t)(at + 1 - path) : strlen(path)};
	size_t start = out->len;

	if (text_is_8bit(local))
		return 0;
	buf_add_span(out, local);
	if (!at || !text_is_8bit(span_of(at + 1))) {
		buf_add_string(out, at ? at + 1 : "");
		return 1;
	}
	crypto = crypto_load(error);
	if (!crypto)
		return -1;
	if (crypto->idna(span_of(at + 1), out) == 0)
		return 1;
	buf_truncate(out, start);
	return 0;
}

int parameters_check_path(struct parameters *p, const char *path, struct error *error)
{
	struct buf ascii;
	int found;

	if (!text_is_8bit(span_of(path)))
		return 0;
	buf_init(&ascii, PARAMETERS_LINE_MAX);
	found = parameters_add_ascii(path, &ascii, error);
	buf_clear(&ascii);
	if (found)
		return found < 0 ? -1 : 0;
	if (!parameters_offered(p, "SMTPUTF8"))
		return error_set(
			error, ERROR_MESSAGE, STAGE_MAIL,
			"the address <%s> cannot be written in ASCII and the relay does not "
			"offer SMTPUTF8",
			TEXT_SHOW(span_of(path)));
	p->utf8 = true;
	return 0;
}

static int parameters_add_path(const char *path, struct buf *line, struct error *error)
{
	int found = parameters_add_ascii(path, line, error);

	if (found == 0)
		buf_add_string(line, path);
	buf_add_char(line, '>');
	return found < 0 ? -1 : 0;
}

/*
 * RFC 3461 section 4:
 *
 *   xtext = *( xchar / hexchar )
 *   xchar = any ASCII CHAR between "!" (33) and "~" (126) inclusive, except for "+" and "="
 *   hexchar = ASCII "+" immediately followed by two upper case hexadecimal digits
 */
static void parameters_add_xtext(struct buf *line, const char *text)
{
	for (; *text; text++)
		if (chars_is(*text, CHARS_GRAPHIC) && *text != '+' && *text != '=')
			buf_add_char(line, *text);
		else
			buf_printf(line, "+%02X", (unsigned char)*text);
}

/* The code point of a well-formed character of len bytes. */
static unsigned parameters_code_point(const char *at, size_t len)
{
	unsigned point = len == 1 ? (unsigned char)*at : (unsigned char)*at & (0x7fu >> len);

	for (size_t i = 1; i < len; i++)
		point = point << 6 | ((unsigned char)at[i] & 0x3f);
	return point;
}

/*
 * An address beyond ASCII in ASCII, RFC 6533 section 3; RFC 3461's xtext cannot hold it.
 *
 *   utf-8-addr-xtext = 1*(QCHAR / EmbeddedUnicodeChar)
 *   QCHAR = any of "!" to "~" but "+", "=" and "\"
 *   EmbeddedUnicodeChar = "\x{" HEXPOINT "}"
 */
static void parameters_add_utf8_xtext(struct buf *line, const char *text)
{
	while (*text) {
		size_t len = text_utf8_length(span_of(text));

		len = len ? len : 1;
		if (chars_is(*text, CHARS_GRAPHIC) && !strchr("+=\\", *text))
			buf_add_char(line, *text);
		else
			buf_printf(line, "\\x{%02X}", parameters_code_point(text, len));
		text += len;
	}
}

/* SIZE (RFC 1870), BODY (RFC 6152; RFC 3030 section 3 wants BDAT for BINARYMIME) and SMTPUTF8
 * (RFC 6531 section 3.4). */
static void parameters_add_needs(const struct parameters *p, struct buf *line)
{
	const struct smtp_mail_options *n = p->needs;

	if (n->size > 0 && parameters_offered(p, "SIZE"))
		buf_printf(line, " SIZE=%llu", (unsigned long long)n->size);
	if (n->body_binary && p->chunks && parameters_offered(p, "BINARYMIME"))
		buf_add_string(line, " BODY=BINARYMIME");
	else if ((n->body_8bit || n->body_binary) && parameters_offered(p, "8BITMIME"))
		buf_add_string(line, " BODY=8BITMIME");
	if (p->utf8)
		buf_add_string(line, " SMTPUTF8");
}

/* RET and ENVID, RFC 3461 sections 4.3 and 4.4. */
static void parameters_add_dsn(const struct parameters *p, struct buf *line)
{
	const struct wishes *w = parameters_wishes(p);

	if (!parameters_want_dsn(w) || p->dropped & PARAMETERS_DROPPED_DSN)
		return;
	if (w->ret)
		buf_printf(line, " RET=%s", w->ret == WISHES_RETURN_FULL ? "FULL" : "HDRS");
	if (w->envelope_id) {
		buf_add_string(line, " ENVID=");
		parameters_add_xtext(line, w->envelope_id);
	}
}

/* BY (RFC 2852), HOLDFOR and HOLDUNTIL (RFC 4865). */
static void parameters_add_time(const struct parameters *p, struct buf *line)
{
	const struct wishes *w = parameters_wishes(p);

	if (w->deliver_by && !(p->dropped & PARAMETERS_DROPPED_DELIVERBY))
		buf_printf(line, " BY=%d;%c%s", w->deliver_by, w->deliver_by_mode,
			   w->deliver_by_trace ? "T" : "");
	if (w->hold_for)
		buf_printf(line, " HOLDFOR=%d", w->hold_for);
	if (w->hold_until) {
		buf_add_string(line, " HOLDUNTIL=");
		date_rfc3339(line, w->hold_until);
	}
}

/* AUTH, RFC 4954 section 5: the submitter as xtext, "<>" for one who is not known. */
static void parameters_add_submitter(const struct parameters *p, struct buf *line)
{
	const struct wishes *w = parameters_wishes(p);

	if (!w->submitter || p->dropped & PARAMETERS_DROPPED_AUTH)
		return;
	buf_add_string(line, " AUTH=");
	if (*w->submitter)
		parameters_add_xtext(line, w->submitter);
	else
		buf_add_string(line, "<>");
}

static int parameters_finish(const struct buf *line, const char *verb, struct error *error)
{
	if (buf_failed(line))
		return error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
				 "the argument of %s is too long", verb);
	return 0;
}

int parameters_mail(const struct parameters *p, const char *reverse_path, struct buf *line,
		    struct error *error)
{
	buf_add_string(line, "MAIL FROM:<");
	if (parameters_add_path(reverse_path, line, error))
		return -1;
	parameters_add_needs(p, line);
	parameters_add_dsn(p, line);
	parameters_add_time(p, line);
	if (parameters_wishes(p)->require_tls)
		buf_add_string(line, " REQUIRETLS");
	parameters_add_submitter(p, line);
	return parameters_finish(line, "MAIL", error);
}

/*
 * NOTIFY, RFC 3461 section 4.1. A list of conditions, or NEVER.
 */
static void parameters_add_notify(unsigned notify, struct buf *line)
{
	static const char *const names[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
	const char *before = " NOTIFY=";

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(notify & 1u << i))
			continue;
		buf_printf(line, "%s%s", before, names[i]);
		before = ",";
	}
}

/* RCPT, with ORCPT (RFC 3461 section 4.2) as it was given to us: reports name it. */
int parameters_rcpt(const struct parameters *p, const char *forward_path, struct buf *line,
		    struct error *error)
{
	const struct wishes *w = parameters_wishes(p);

	buf_add_string(line, "RCPT TO:<");
	if (parameters_add_path(forward_path, line, error))
		return -1;
	if (parameters_want_dsn(w) && !(p->dropped & PARAMETERS_DROPPED_DSN)) {
		parameters_add_notify(w->notify, line);
		if (text_is_8bit(span_of(forward_path))) {
			buf_add_string(line, " ORCPT=utf-8;");
			parameters_add_utf8_xtext(line, forward_path);
		} else {
			buf_add_string(line, " ORCPT=rfc822;");
			parameters_add_xtext(line, forward_path);
		}
	}
	return parameters_finish(line, "RCPT", error);
}

const char *parameters_warning(unsigned dropped, unsigned n)
{
	static const struct {
		unsigned flag;
		const char *text;
	} warnings[] = {
		{PARAMETERS_DROPPED_DSN, "the relay does not offer DSN, so the wishes for "
					 "delivery reports were not passed on"},
		{PARAMETERS_DROPPED_DELIVERBY, "the relay does not offer DELIVERBY, so nobody "
					       "is told when the message is late"},
		{PARAMETERS_DROPPED_AUTH, "the relay does not offer AUTH, so the submitter was "
					  "not passed on"},
	};

	for (unsigned i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++)
		if (dropped & warnings[i].flag && n-- == 0)
			return warnings[i].text;
	return NULL;
}
