/*
 * esmtprc(5): "keyword = value", the sign optional, values in quotes as strings of C, "#" up to
 * the end of the line. What stands before the first identity is one of its own, and no identity
 * takes anything over from it.
 */
#include "conf/import_esmtp.h"

#include <stdlib.h>
#include <string.h>

#include "base/chars.h"

/* An identity, in the order of the names below. */
struct identity {
	char *hostname, *username, *password, *starttls, *passphrase, *helo, *qualify, *sender,
		*reverse_path, *message_id, *preconnect, *mda, *force_mda;
};

static const char *const esmtp_names[] = {
	"hostname",   "username",      "password",  "starttls",     "certificate_passphrase",
	"helo",       "qualifydomain", "sender",    "reverse_path", "message_id",
	"preconnect", "mda",           "force_mda",
};

enum { ESMTP_COUNT = sizeof(esmtp_names) / sizeof(esmtp_names[0]) };

_Static_assert(sizeof(struct identity) == ESMTP_COUNT * sizeof(char *), "a name a member");

static char **identity_member(struct identity *d, size_t n)
{
	return (char **)(void *)d + n;
}

static void identity_clear(struct identity *d)
{
	if (d->password)
		explicit_bzero(d->password, strlen(d->password));
	for (size_t n = 0; n < ESMTP_COUNT; n++) {
		free(*identity_member(d, n));
		*identity_member(d, n) = NULL;
	}
}

static bool identity_is_empty(struct identity *d)
{
	for (size_t n = 0; n < ESMTP_COUNT; n++)
		if (*identity_member(d, n))
			return false;
	return true;
}

static void text_drop(struct span *text, size_t len)
{
	*text = (struct span){text->data + len, text->len - len};
}

/* Passes over blanks, line ends and comments; with sign also over one "=". */
static void text_skip(struct span *text, bool sign)
{
	while (text->len > 0) {
		char c = text->data[0];

		if (c == '#') {
			const char *end = memchr(text->data, '\n', text->len);

			text_drop(text, end ? (size_t)(end - text->data) : text->len);
		} else if (chars_is(c, CHARS_BLANK) || c == '\n' || c == '\r')
			text_drop(text, 1);
		else if (sign && c == '=') {
			text_drop(text, 1);
			sign = false;
		} else
			return;
	}
}

/* A character behind a backslash. */
static char text_escaped(char c)
{
	static const char from[] = "ntrabfv";
	static const char to[] = "\n\t\r\a\b\f\v";
	const char *at = c ? strchr(from, c) : NULL;

	return at ? to[at - from] : c;
}

/* A word, or a string in quotes: the caller's, NULL without memory. */
static char *text_value(struct span *text)
{
	char quote = text->len > 0 && (text->data[0] == '"' || text->data[0] == '\'')
			     ? text->data[0]
			     : '\0';
	struct buf value;
	char *taken;

	buf_init(&value, IMPORT_TEXT_MAX);
	if (quote)
		text_drop(text, 1);
	while (text->len > 0 && text->data[0] != quote) {
		char c = text->data[0];

		if (!quote && (chars_is(c, CHARS_BLANK) || c == '\n' || c == '\r' || c == '#'))
			break;
		if (quote && c == '\\' && text->len > 1) {
			text_drop(text, 1);
			c = text_escaped(text->data[0]);
		}
		buf_add_char(&value, c);
		text_drop(text, 1);
	}
	if (quote && text->len > 0)
		text_drop(text, 1);
	taken = span_dup(buf_span(&value));
	buf_wipe(&value);
	return taken;
}

static struct span text_keyword(struct span *text)
{
	struct span word = {text->data, 0};

	while (word.len < text->len && !chars_is(word.data[word.len], CHARS_BLANK) &&
	       !strchr("=\n\r#", word.data[word.len]))
		word.len++;
	if (word.len == 0 && text->len > 0)
		word.len = 1;
	text_drop(text, word.len);
	return word;
}

static void identity_relay(struct import *out, const struct identity *d)
{
	struct import_relay relay = {
		.program = "esmtp",
		.host = d->hostname ? d->hostname : "localhost",
		.port = "587",
		.tls = IMPORT_TLS_NONE,
		.login = d->username && *d->username,
	};

	if (d->starttls && strcmp(d->starttls, "enabled") == 0)
		relay.tls = IMPORT_TLS_OFFERED;
	if (d->starttls && strcmp(d->starttls, "required") == 0)
		relay.tls = IMPORT_TLS_STARTTLS;
	import_relay(out, &relay);
	import_word(out, "user", d->username);
	import_word(out, "password", d->password);
	if (d->passphrase)
		import_remark(out,
			      "not taken over: certificate_passphrase: a key file must have "
			      "none here");
}

/* "%u" is the login name, "%%" a percent sign. */
static void identity_reverse_path(struct import *out, const char *text)
{
	struct buf from;
	bool fits = true;

	buf_init(&from, 4096);
	for (; *text && fits; text++) {
		if (text[0] != '%')
			buf_add_char(&from, text[0]);
		else if (*++text == 'u')
			buf_add_string(&from, "%U");
		else
			fits = false;
		if (!fits)
			break;
	}
	if (fits && !buf_failed(&from) && from.len > 0) {
		import_pattern(out, "from", from.data);
		import_word(out, "allow_from_override", "off");
	} else
		import_remark(out, "not taken over: force reverse_path");
	buf_clear(&from);
}

static void identity_rest(struct import *out, const struct identity *d)
{
	import_word(out, "domain", d->qualify ? d->qualify : d->helo);
	if (d->qualify && d->helo && strcmp(d->qualify, d->helo) != 0)
		import_remark(out, "esmtp called itself %s in EHLO; \"domain\" is both here.",
			      d->helo);
	if (d->message_id && strcmp(d->message_id, "disabled") == 0)
		import_word(out, "set_msgid_header", "off");
	if (d->sender)
		import_remark(out, "not taken over: force sender %s", d->sender);
	if (d->preconnect)
		import_remark(out, "not taken over: preconnect %s", d->preconnect);
	if (d->mda)
		import_remark(out,
			      "not taken over: mda %s: mail for local names goes to the "
			      "relay",
			      d->mda);
	if (d->force_mda)
		import_remark(out, "not taken over: force_mda %s", d->force_mda);
}

/* Account names hold neither blanks nor what has a meaning in their line. */
static bool identity_is_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if (chars_is(*c, CHARS_CONTROL | CHARS_BLANK) || strchr(":,\"#", *c))
			return false;
	return *name;
}

static void identity_write(struct import *out, struct identity *d, const char *name)
{
	if (name && (!identity_is_name(name) || import_has_account(out, name)))
		import_remark(out, "not taken over: the identity %s", name);
	else {
		import_account(out, name ? name : "default");
		identity_relay(out, d);
		if (d->reverse_path)
			identity_reverse_path(out, d->reverse_path);
		else if (name)
			import_word(out, "from", name);
		identity_rest(out, d);
	}
	identity_clear(d);
}

/* One "keyword = value" into *d; begins with an identity: its name, the caller's. */
static char *esmtp_read(struct import *out, const struct import_source *source,
			struct span *text, struct identity *d)
{
	struct span keyword = text_keyword(text);
	char *value;

	if (span_equals(keyword, "force")) {
		text_skip(text, false);
		keyword = text_keyword(text);
	}
	text_skip(text, true);
	value = text_value(text);
	if (!value)
		out->failed = true;
	else if (span_equals(keyword, "identity"))
		return value;
	for (size_t n = 0; value && n < ESMTP_COUNT; n++)
		if (span_equals(keyword, esmtp_names[n])) {
			if (*identity_member(d, n))
				freezero(*identity_member(d, n),
					 strlen(*identity_member(d, n)));
			*identity_member(d, n) = value;
			return NULL;
		}
	import_unknown(out, source, keyword.data);
	if (value)
		freezero(value, strlen(value));
	return NULL;
}

void import_esmtp(struct import *out, const struct import_source *files)
{
	struct span text = files[0].text;
	struct identity d = {0};
	char *name = NULL;
	char *first = NULL;
	bool default_too = false;

	for (text_skip(&text, false); text.len > 0; text_skip(&text, false)) {
		char *next = esmtp_read(out, &files[0], &text, &d);

		if (!next)
			continue;
		if (name || !identity_is_empty(&d)) {
			default_too = default_too || !name;
			identity_write(out, &d, name);
		}
		if (!first)
			first = strdup(next);
		free(name);
		name = next;
	}
	if (name || !identity_is_empty(&d))
		identity_write(out, &d, name);
	if (first && !default_too && import_has_account(out, first) &&
	    !import_has_account(out, "default")) {
		struct buf account;

		buf_init(&account, 4096);
		buf_printf(&account, "default : %s", first);
		if (!buf_failed(&account))
			import_account(out, account.data);
		buf_clear(&account);
	}
	import_judge(out, &files[0], true);
	free(name);
	free(first);
}
