/* Lines of an import: see import.h. */
#include "conf/import.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf/expand.h"
#include "conf/keys.h"
#include "conf/word.h"
#include "net/endpoint.h"

enum { IMPORT_REMARK_MAX = 4096, IMPORT_VALUE_MAX = 64 * 1024, IMPORT_WIDTH = 22 };

static bool import_is_secret(const struct import_line *l)
{
	return l->kind == IMPORT_WORD && keys_flags(l->word) & KEYS_SECRET;
}

void import_clear(struct import *i)
{
	for (size_t n = 0; n < i->count; n++) {
		struct import_line *l = &i->lines[n];

		if (l->value && import_is_secret(l))
			explicit_bzero(l->value, strlen(l->value));
		free(l->word);
		free(l->value);
	}
	free(i->lines);
	account_clear(&i->trial);
	*i = (struct import){.home = i->home};
}

/* Owns both strings, also on failure. */
static void import_add(struct import *i, enum import_kind kind, char *word, char *value)
{
	struct import_line *lines = i->lines;
	size_t cap = i->cap ? i->cap * 2 : 32;

	if (!i->failed && i->count == i->cap) {
		lines = reallocarray(i->lines, cap, sizeof(*lines));
		i->failed = !lines;
	}
	if (i->failed || (kind == IMPORT_WORD && !word) || (kind == IMPORT_REMARK && !value)) {
		i->failed = true;
		free(word);
		free(value);
		return;
	}
	if (lines != i->lines)
		i->cap = cap;
	i->lines = lines;
	i->lines[i->count++] = (struct import_line){.kind = kind, .word = word, .value = value};
}

void import_blank(struct import *i)
{
	if (i->count > 0 && i->lines[i->count - 1].kind != IMPORT_BLANK)
		import_add(i, IMPORT_BLANK, NULL, NULL);
}

void import_remark(struct import *i, const char *format, ...)
{
	struct buf text;
	va_list ap;

	buf_init(&text, IMPORT_REMARK_MAX);
	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	if (buf_failed(&text)) {
		buf_reset(&text);
		buf_add_string(&text, "(a remark that is too long)");
	}
	import_add(i, IMPORT_REMARK, NULL, buf_take(&text));
}

/* A value is NULL only where the caller's is. */
static void import_add_word(struct import *i, const char *word, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		i->failed = true;
	i->secret = i->secret || (value && *value && keys_flags(word) & KEYS_SECRET);
	import_add(i, IMPORT_WORD, strdup(word), copy);
}

void import_account(struct import *i, const char *name)
{
	import_blank(i);
	account_clear(&i->trial);
	import_add_word(i, "account", name);
}

bool import_has_account(const struct import *i, const char *name)
{
	for (size_t n = 0; n < i->count; n++)
		if (i->lines[n].kind == IMPORT_WORD && i->lines[n].value &&
		    strcmp(i->lines[n].word, "account") == 0 &&
		    strcmp(i->lines[n].value, name) == 0)
			return true;
	return false;
}

void import_defaults(struct import *i)
{
	import_blank(i);
	account_clear(&i->trial);
	import_add_word(i, "defaults", NULL);
}

/* Whether config.c would put something of the machine in place of a part of it. */
static bool import_has_names(const char *value)
{
	for (; (value = strchr(value, '%')) != NULL && value[1]; value += 2)
		if (strchr("UHMC", value[1]))
			return true;
	return false;
}

/* Whether it is a name of a user's file: that was meant to be just so. */
static bool import_has_home(const char *value)
{
	return value[0] == '~' && (value[1] == '/' || value[1] == '\0');
}

/* Whether the line would be read, as what it says; else a remark, which shows no secret. */
static bool import_try(struct import *i, const char *word, const char *value)
{
	struct error error = {0};
	struct buf written;
	bool fits;

	buf_init(&written, IMPORT_VALUE_MAX);
	fits = !value || !*value || word_write(&written, word, span_of(value));
	buf_wipe(&written);
	if (!fits)
		error_set(&error, ERROR_LOCAL, STAGE_CONFIG,
			  "%s: the value is too long or holds a control character", word);
	else if (keys_set_value(&i->trial, word, value, &error))
		fits = false;
	if (!fits)
		import_remark(i, "not taken over: %s", error.text);
	return fits;
}

void import_word(struct import *i, const char *word, const char *value)
{
	unsigned flags = keys_flags(word);

	if (!value || !*value)
		return;
	if ((flags & KEYS_NAMES && import_has_names(value)) ||
	    (flags & KEYS_FILE && import_has_home(value))) {
		import_remark(i, "not taken over, because it would mean something else: %s %s",
			      word, value);
		return;
	}
	if (import_try(i, word, value))
		import_add_word(i, word, value);
}

void import_pattern(struct import *i, const char *word, const char *value)
{
	if (import_try(i, word, value))
		import_add_word(i, word, value);
}

void import_ours(struct import *i, const char *word, const char *value)
{
	unsigned flags = keys_flags(word);

	if (!value || !(flags & KEYS_NAMES) || !import_has_names(value)) {
		if (!import_try(i, word, value))
			return;
	}
	import_add_word(i, word, value);
}

void import_raw(struct import *i, const char *word, const char *value)
{
	import_add_word(i, word, value);
}

/* Takes "name:port" apart; an address of many colons has none. Both are the caller's. */
static void import_split_host(const char *text, char **host, char **port)
{
	const char *colon = strrchr(text, ':');
	const char *bracket = strrchr(text, ']');

	if (colon && ((bracket && colon < bracket) || (!bracket && strchr(text, ':') != colon)))
		colon = NULL;
	*host = span_dup((struct span){text, colon ? (size_t)(colon - text) : strlen(text)});
	*port = colon ? strdup(colon + 1) : NULL;
}

/* Why is what the other program did, in one half sentence. */
static void import_tls_words(struct import *i, const struct import_relay *r)
{
	bool local = i->trial.relay.host && endpoint_is_local(&i->trial.relay);

	switch (r->tls) {
	case IMPORT_TLS_NONE:
		if (local) {
			if (r->login)
				import_word(i, "tls", "off");
		} else if (r->login) {
			import_remark(i,
				      "UNSAFE: %s sent the password without TLS. Here TLS by "
				      "STARTTLS is demanded;",
				      r->program);
			import_remark(i, "if the relay has none on this port, try port 587, or "
					 "port 465 with tls_starttls off.");
			import_word(i, "tls", "on");
		} else {
			import_remark(i,
				      "UNSAFE: %s used no TLS: mail can be read and changed on "
				      "its way.",
				      r->program);
			import_remark(i, "Try \"tls on\" here.");
			import_word(i, "tls", "off");
		}
		break;
	case IMPORT_TLS_OFFERED:
		if (r->login)
			import_remark(
				i,
				"UNSAFE: %s sent the password without TLS where the relay "
				"did not offer it. Here TLS is demanded.",
				r->program);
		import_word(i, "tls", r->login ? "on" : "if-offered");
		break;
	case IMPORT_TLS_STARTTLS:
	case IMPORT_TLS_IMPLICIT:
		import_word(i, "tls", "on");
		import_word(i, "tls_starttls", r->tls == IMPORT_TLS_STARTTLS ? "on" : "off");
		break;
	}
	if (r->tls == IMPORT_TLS_NONE || r->verified)
		return;
	import_remark(i,
		      "UNSAFE: %s did not check whose certificate the relay has. Here it must "
		      "prove its name;",
		      r->program);
	import_remark(i,
		      "for a certificate of your own say tls_trust_file or tls_fingerprint.");
}

void import_relay(struct import *i, const struct import_relay *r)
{
	char *host, *port;

	import_split_host(r->host, &host, &port);
	if (!host) {
		i->failed = true;
		return;
	}
	import_word(i, "host", host);
	import_word(i, "port", port ? port : r->port);
	import_tls_words(i, r);
	free(host);
	free(port);
}

void import_judge(struct import *i, const struct import_source *source, bool secret)
{
	if (source->there && source->written_by_others)
		import_remark(i, "UNSAFE: %s can be written by others. Look at each line.",
			      source->path);
	if (source->there && source->read_by_others && secret && i->secret)
		import_remark(i,
			      "UNSAFE: %s can be read by others, with its password: get a "
			      "new one.",
			      source->path);
}

void import_unknown(struct import *i, const struct import_source *source, const char *at)
{
	int line = 1;

	for (const char *c = source->text.data; c < at; c++)
		line += *c == '\n';
	import_remark(i, "not taken over, because it is not known: %s, line %d", source->path,
		      line);
}

bool import_next_line(struct span *text, struct span *line)
{
	const char *end;

	if (text->len == 0)
		return false;
	end = memchr(text->data, '\n', text->len);
	*line = (struct span){text->data, end ? (size_t)(end - text->data) : text->len};
	*text = (struct span){text->data + line->len + (end != NULL),
			      text->len - line->len - (end != NULL)};
	*line = span_trim(*line);
	return true;
}

char *import_first_line(const struct import_source *source)
{
	struct span text = source->text;
	struct span line;

	if (!source->there || !import_next_line(&text, &line) || line.len == 0)
		return NULL;
	return span_dup(line);
}

static void import_write_word(const struct import_line *l, struct buf *out)
{
	size_t start = out->len;

	buf_add_string(out, l->word);
	if (l->value && *l->value) {
		do
			buf_add_char(out, ' ');
		while (out->len - start < IMPORT_WIDTH && !buf_failed(out));
		word_write(out, l->word, span_of(l->value));
	}
	buf_add_char(out, '\n');
}

void import_write(const struct import *i, bool secrets, struct buf *out)
{
	for (size_t n = 0; n < i->count; n++) {
		const struct import_line *l = &i->lines[n];

		if (l->kind == IMPORT_BLANK)
			buf_add_char(out, '\n');
		else if (l->kind == IMPORT_REMARK)
			word_remark(out, l->value);
		else if (l->value && *l->value && import_is_secret(l) && !secrets) {
			word_remark(out,
				    "its password is left out: put it on the one line of a "
				    "file of your own,");
			word_remark(out, "closed by chmod 600, and name it here:");
			word_remark(out, "password_file ~/.config/pennypost/password");
		} else
			import_write_word(l, out);
	}
}
