/* MAIL, RCPT and BDAT as a server hears them: see command.h. */
#include "smtp/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/text.h"

/* The parameter names of one command: each may be said once. */
struct command_row {
	const char *name;
	bool (*set)(void *command, struct span value); /* false: that is no value for it */
	bool bare;                                     /* takes no value */
};

static int command_hex(char c)
{
	if (chars_is(c, CHARS_DIGIT))
		return c - '0';
	return chars_is(c, CHARS_HEX) ? (chars_lower(c) - 'a') + 10 : -1;
}

/*
 * RFC 3461 section 4, appended to out:
 *
 *   xtext = *( xchar / hexchar )
 *   hexchar = ASCII "+" immediately followed by two upper case hexadecimal digits
 */
static bool command_take_xtext(struct span text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (!chars_is(c, CHARS_GRAPHIC) || c == '=')
			return false;
		if (c == '+') {
			int high = i + 2 < text.len ? command_hex(text.data[i + 1]) : -1;
			int low = high < 0 ? -1 : command_hex(text.data[i + 2]);

			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		buf_add_char(out, c);
	}
	return !buf_failed(out);
}

/* A number of up to 19 digits. */
static bool command_number(struct span digits, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < digits.len; i++) {
		if (!chars_is(digits.data[i], CHARS_DIGIT))
			return false;
		*number = *number * 10 + (uint64_t)(digits.data[i] - '0');
	}
	return digits.len > 0 && digits.len <= 19;
}

/* RFC 1870 section 6: size-value = 1*20DIGIT */
static bool command_set_size(void *command, struct span value)
{
	struct command_mail *m = command;

	return command_number(value, &m->size);
}

/* RFC 6152 section 2, RFC 3030 section 3. What a message really holds is found out from it. */
static bool command_set_body(void *command, struct span value)
{
	struct command_mail *m = command;

	m->binary = span_equals_nocase(value, "BINARYMIME");
	return m->binary || span_equals_nocase(value, "7BIT") ||
	       span_equals_nocase(value, "8BITMIME");
}

static bool command_set_utf8(void *command, struct span value)
{
	struct command_mail *m = command;

	(void)value;
	m->utf8 = true;
	return true;
}

/* RFC 3461 section 4.3. */
static bool command_set_ret(void *command, struct span value)
{
	struct command_mail *m = command;
	bool full = span_equals_nocase(value, "FULL");

	m->ret = full ? WISHES_RETURN_FULL : WISHES_RETURN_HEADERS;
	return full || span_equals_nocase(value, "HDRS");
}

/* RFC 3461 section 4.4. */
static bool command_set_envid(void *command, struct span value)
{
	struct command_mail *m = command;
	struct wishes read = {0};
	struct error ignored;
	struct buf text;
	bool good;

	buf_init(&text, sizeof(m->envelope_id));
	good = command_take_xtext(value, &text) && !memchr(text.data, '\0', text.len) &&
	       wishes_set_envelope_id(&read, text.data, &ignored) == 0;
	if (good)
		memcpy(m->envelope_id, text.data, text.len + 1);
	buf_clear(&text);
	return good;
}

/* RFC 3461 section 4.1. */
static bool command_set_notify(void *command, struct span value)
{
	struct command_rcpt *r = command;
	struct wishes read = {0};
	struct error ignored;
	char *word = span_dup(value);
	bool good = word && !span_equals_nocase(value, "off") &&
		    wishes_set_notify(&read, word, &ignored) == 0;

	r->notify = read.notify;
	free(word);
	return good;
}

/* RFC 3461 section 4.2, RFC 6533 section 3: original-recipient-address = atom ";" xtext. It is
 * looked at and let go: what goes to the relay names the recipient as he was given to us. */
static bool command_set_orcpt(void *command, struct span value)
{
	const char *semicolon = memchr(value.data, ';', value.len);

	(void)command;
	return semicolon && semicolon > value.data && value.len <= COMMAND_ORCPT_MAX;
}

/* Who submitted it first is looked at and let go. */
static bool command_set_auth(void *command, struct span value)
{
	(void)command;
	return value.len > 0;
}

/* AUTH is first, for those to pass over who know no login. */
static const struct command_row command_mail_rows[] = {
	{"AUTH", command_set_auth, false},
	{"SIZE", command_set_size, false},
	{"BODY", command_set_body, false},
	{"SMTPUTF8", command_set_utf8, true},
	{"RET", command_set_ret, false},
	{"ENVID", command_set_envid, false},
	{0},
};

static const struct command_row command_rcpt_rows[] = {
	{"NOTIFY", command_set_notify, false},
	{"ORCPT", command_set_orcpt, false},
	{0},
};

/* The next word, without the blanks before it; len 0 at the end. */
static struct span command_word(struct span *rest)
{
	struct span word;
	size_t len = 0;

	while (rest->len > 0 && chars_is(rest->data[0], CHARS_BLANK))
		*rest = (struct span){rest->data + 1, rest->len - 1};
	while (len < rest->len && !chars_is(rest->data[len], CHARS_BLANK))
		len++;
	word = (struct span){rest->data, len};
	*rest = (struct span){rest->data + len, rest->len - len};
	return word;
}

/*
 * RFC 5321 section 4.1.2:
 *
 *   Mail-parameters = esmtp-param *(SP esmtp-param)
 *   esmtp-param = esmtp-keyword ["=" esmtp-value]
 */
static int command_parse_parameters(void *command, const struct command_row *rows,
				    struct span rest, struct answer *a)
{
	unsigned said = 0;
	struct span word;

	while ((word = command_word(&rest)).len > 0) {
		const char *equals = memchr(word.data, '=', word.len);
		struct span name = {word.data,
				    equals ? (size_t)(equals - word.data) : word.len};
		struct span value = {equals ? equals + 1 : "",
				     equals ? word.len - name.len - 1 : 0};
		unsigned i = 0;

		while (rows[i].name && !span_equals_nocase(name, rows[i].name))
			i++;
		if (!rows[i].name)
			return answer_set(a, 555, "5.5.4", "there is no parameter %s here",
					  TEXT_SHOW(name));
		if (said & 1u << i || rows[i].bare != !equals || !rows[i].set(command, value))
			return answer_set(a, 501, "5.5.4", "the parameter %s is malformed",
					  TEXT_SHOW(word));
		said |= 1u << i;
	}
	return 0;
}

/* Bytes up to the end of the path: behind its ">", which may be in a quoted local part, or up
 * to the first blank of one that has no brackets. */
static size_t command_path_length(struct span text, bool brackets)
{
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '\\' && quoted)
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (brackets ? c == '>' : chars_is(c, CHARS_BLANK)))
			return i + brackets;
	}
	return brackets ? 0 : text.len;
}

/*
 * RFC 5321 section 4.1.2:
 *
 *   Reverse-path = Path / "<>"
 *   Forward-path = Path
 *   Path = "<" [ A-d-l ":" ] Mailbox ">"
 *
 * keyword is what stands before it. *rest is what follows it. */
static int command_parse_path(struct address *path, const char *keyword, struct span *rest,
			      struct answer *a)
{
	bool is_sender = keyword[0] == 'F';
	struct error error = {0};
	bool brackets;
	size_t len;
	struct buf text;
	int failed;

	if (!span_starts_nocase(*rest, keyword))
		return answer_set(a, 501, "5.5.4", "%s:<address> is wanted", keyword);
	*rest = (struct span){rest->data + strlen(keyword), rest->len - strlen(keyword)};
	*rest = span_trim(*rest);
	if (rest->len == 0 || *rest->data != ':')
		return answer_set(a, 501, "5.5.4", "%s:<address> is wanted", keyword);
	*rest = span_trim((struct span){rest->data + 1, rest->len - 1});
	brackets = rest->len > 0 && *rest->data == '<';
	len = command_path_length(*rest, brackets);
	if (len == 0 || (len < rest->len && !chars_is(rest->data[len], CHARS_BLANK)))
		return answer_set(a, 501, is_sender ? "5.1.7" : "5.1.3",
				  "the address is malformed: %s", TEXT_SHOW(*rest));
	buf_init(&text, COMMAND_LINE_MAX + 2);
	buf_printf(&text, "%s%.*s%s", brackets ? "" : "<", (int)len, rest->data,
		   brackets ? "" : ">");
	failed = address_parse(path, buf_span(&text), &error);
	buf_clear(&text);
	*rest = (struct span){rest->data + len, rest->len - len};
	if (failed)
		return answer_set(a, 501, is_sender ? "5.1.7" : "5.1.3", "%s", error.text);
	return 0;
}

int command_parse_mail(struct command_mail *m, struct span argument, struct answer *a)
{
	*m = (struct command_mail){.logins = m->logins};
	if (command_parse_path(&m->sender, "FROM", &argument, a))
		return -1;
	return command_parse_parameters(m, command_mail_rows + !m->logins, argument, a);
}

int command_parse_rcpt(struct command_rcpt *r, struct span argument, struct answer *a)
{
	*r = (struct command_rcpt){0};
	if (command_parse_path(&r->recipient, "TO", &argument, a))
		return -1;
	if (!r->recipient.text[0])
		return answer_set(a, 501, "5.1.3", "nobody receives mail at <>");
	return command_parse_parameters(r, command_rcpt_rows, argument, a);
}

/*
 *   bdat-cmd = "BDAT" SP chunk-size [ SP end-marker ] CR LF
 *   end-marker = "LAST"
 */
int command_parse_bdat(uint64_t *size, bool *last, struct span argument, struct answer *a)
{
	struct span number = command_word(&argument);
	struct span marker = command_word(&argument);

	*last = marker.len > 0;
	if (!command_number(number, size) || (*last && !span_equals_nocase(marker, "LAST")) ||
	    span_trim(argument).len > 0)
		return answer_set(a, 501, "5.5.4",
				  "BDAT wants a number of bytes, and LAST "
				  "behind that of the last chunk");
	return 0;
}
