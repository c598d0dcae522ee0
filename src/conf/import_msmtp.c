/*
 * msmtp's words are ours, so its lines are kept as they are, and only words of old are put into
 * new ones. auto_from and maildomain make up the `from` of a section together, so what each
 * section says of them is kept until its end, and for those that inherit from it; a `from` that
 * they beat becomes a remark.
 */
#include "conf/import_msmtp.h"

#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "conf/config.h"
#include "conf/keys.h"

/* A section: what it says itself, and what its bases did. */
struct section {
	char *name;
	enum setting auto_from;
	char *maildomain; /* NULL: not said */
	size_t first;     /* its lines begin here */
};

struct msmtp {
	struct import *out;
	struct section defaults, present;
	struct section *done; /* accounts */
	size_t count, cap;
	bool in_defaults;
};

static void section_clear(struct section *s)
{
	free(s->name);
	free(s->maildomain);
	*s = (struct section){0};
}

/* What a base said, and its bases. */
static void section_inherit(struct msmtp *m, const struct section *base)
{
	struct section *s = &m->present;

	if (base->auto_from)
		s->auto_from = base->auto_from;
	if (!base->maildomain)
		return;
	free(s->maildomain);
	s->maildomain = strdup(base->maildomain);
	m->out->failed = m->out->failed || !s->maildomain;
}

/* Makes remarks of the lines of `from` that do not count, and brings the one that does, which
 * is the last line of all, up to the other words. */
static void section_place_from(struct import *out, size_t first)
{
	struct import_line line = out->lines[out->count - 1];
	size_t at = first;

	for (size_t n = first; n + 1 < out->count; n++) {
		struct import_line *l = &out->lines[n];

		if (l->kind != IMPORT_WORD)
			continue;
		at = n + 1;
		if (strcmp(l->word, "from") == 0 && l->value)
			l->kind = IMPORT_REMARK;
	}
	memmove(&out->lines[at + 1], &out->lines[at],
		(out->count - 1 - at) * sizeof(*out->lines));
	out->lines[at] = line;
}

/* What auto_from and maildomain come to. Nothing is settled in defaults. */
static void section_settle(struct msmtp *m)
{
	const struct section *s = &m->present, *d = &m->defaults;
	enum setting on = s->auto_from ? s->auto_from : d->auto_from;
	const char *domain = s->maildomain ? s->maildomain : d->maildomain;
	size_t count = m->out->count;
	struct buf from;

	if (on != SETTING_ON || m->in_defaults || !s->name)
		return;
	buf_init(&from, 1024);
	buf_printf(&from, "%%U%s%s", domain && *domain ? "@" : "", domain ? domain : "");
	if (!buf_failed(&from))
		import_ours(m->out, "from", from.data);
	buf_clear(&from);
	if (!m->out->failed && m->out->count > count)
		section_place_from(m->out, s->first);
}

static void section_end(struct msmtp *m)
{
	struct section *done = m->done;
	size_t cap = m->cap ? m->cap * 2 : 8;

	section_settle(m);
	if (!m->present.name)
		return;
	if (m->count == m->cap) {
		done = reallocarray(m->done, cap, sizeof(*done));
		if (!done) {
			m->out->failed = true;
			section_clear(&m->present);
			return;
		}
		m->done = done;
		m->cap = cap;
	}
	m->done[m->count++] = m->present;
	m->present = (struct section){0};
}

static const struct section *section_find(const struct msmtp *m, struct span name)
{
	for (size_t n = 0; n < m->count; n++)
		if (span_equals(name, m->done[n].name))
			return &m->done[n];
	return NULL;
}

/* account = name [ ":" name *( "," name ) ] */
static void msmtp_account(struct msmtp *m, const char *value)
{
	size_t len = strcspn(value, ":");
	const char *rest = value[len] ? value + len + 1 : value + len;

	section_end(m);
	m->in_defaults = false;
	m->present.name = span_dup(span_trim((struct span){value, len}));
	m->out->failed = m->out->failed || !m->present.name;
	while (*rest) {
		size_t used = strcspn(rest, ",");
		const struct section *base =
			section_find(m, span_trim((struct span){rest, used}));

		if (base)
			section_inherit(m, base);
		rest += used + (rest[used] != '\0');
	}
	import_account(m->out, value);
	m->present.first = m->out->count;
}

/* The words that make up another. Returns whether it is one. */
static bool msmtp_hold(struct msmtp *m, const char *word, const char *value)
{
	struct section *s = m->in_defaults ? &m->defaults : &m->present;

	if (strcmp(word, "auto_from") == 0)
		s->auto_from = strcmp(value, "off") == 0 ? SETTING_OFF : SETTING_ON;
	else if (strcmp(word, "maildomain") == 0) {
		free(s->maildomain);
		s->maildomain = strdup(value);
		m->out->failed = m->out->failed || !s->maildomain;
	} else
		return false;
	return true;
}

/* A word of old in its new form. Returns whether it was one. */
static bool msmtp_renew(struct import *out, const char *word, const char *value)
{
	bool off = strcmp(value, "off") == 0;
	const char *automatic = off ? "off" : "auto";
	const struct {
		const char *old, *new, *value;
	} rows[] = {
		{"add_missing_from_header", "set_from_header", automatic},
		{"add_missing_date_header", "set_date_header", automatic},
		{"connect_timeout", "timeout", value},
		{"tls_nocertcheck", "tls_certcheck", off ? "on" : "off"},
		{"tls_nostarttls", "tls_starttls", off ? "on" : "off"},
		{"keepbcc", NULL, NULL},
		{"remove_bcc_headers", NULL, NULL},
		{"tls_min_dh_prime_bits", NULL, NULL},
		{"ntlmdomain", NULL, NULL},
	};

	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		if (strcmp(word, rows[n].old) != 0)
			continue;
		if (rows[n].new)
			import_ours(out, rows[n].new, rows[n].value);
		else if (keys_advice(word, value))
			import_remark(out, "%s %s", word, keys_advice(word, value));
		return true;
	}
	return false;
}

/* Words before any section are those of the default account. */
static void msmtp_begin(struct msmtp *m)
{
	if (m->in_defaults || m->present.name)
		return;
	m->present.name = strdup("default");
	m->present.first = m->out->count;
	m->out->failed = m->out->failed || !m->present.name;
}

static void msmtp_word(struct msmtp *m, const char *word, const char *value)
{
	if (strcmp(word, "account") == 0) {
		msmtp_account(m, value);
		return;
	}
	if (strcmp(word, "defaults") == 0) {
		section_end(m);
		m->in_defaults = true;
		import_defaults(m->out);
		return;
	}
	msmtp_begin(m);
	if (strcmp(word, "eval") == 0 || strcmp(word, "include") == 0)
		import_raw(m->out, word, value);
	else if (!msmtp_hold(m, word, value) && !msmtp_renew(m->out, word, value))
		import_ours(m->out, word, *value ? value : NULL);
}

/* Whether a comment looks like a line with a password, or what somebody took for one. */
static bool comment_has_secret(struct span text)
{
	static const char *const words[] = {"password", "passwd", "pass"};

	while (text.len > 0 && (text.data[0] == '#' || chars_is(text.data[0], CHARS_BLANK)))
		text = (struct span){text.data + 1, text.len - 1};
	for (size_t n = 0; n < sizeof(words) / sizeof(words[0]); n++) {
		size_t len = strlen(words[n]);

		if (span_starts_nocase(text, words[n]) && text.len > len &&
		    !chars_is(text.data[len], CHARS_ALNUM) && text.data[len] != '_')
			return true;
	}
	return false;
}

/* A password is one in a comment, too. */
static void msmtp_comment(struct import *out, struct span text)
{
	if (comment_has_secret(text))
		import_remark(out, "(a password that did not count is left out)");
	else
		import_remark(out, "%.*s", (int)(text.len < 4000 ? text.len : 4000),
			      text.len ? text.data : "");
}

static void msmtp_line(struct msmtp *m, struct span line)
{
	struct error error;
	struct buf value;
	size_t len = 0;
	char *word;

	if (line.len == 0) {
		import_blank(m->out);
		return;
	}
	if (line.data[0] == '#') {
		msmtp_comment(m->out, span_trim((struct span){line.data + 1, line.len - 1}));
		return;
	}
	while (len < line.len && !chars_is(line.data[len], CHARS_BLANK))
		len++;
	word = span_dup((struct span){line.data, len});
	buf_init(&value, CONFIG_LINE_MAX);
	line = span_trim((struct span){line.data + len, line.len - len});
	if (!word)
		m->out->failed = true;
	else if (config_read_value(line, word, &value, &error))
		import_remark(m->out, "not taken over: %.*s: %s", (int)keys_name_length(word),
			      word, error.text);
	else if (buf_failed(&value))
		m->out->failed = true;
	else
		msmtp_word(m, word, value.data);
	buf_wipe(&value);
	free(word);
}

void import_msmtp(struct import *out, const struct import_source *files)
{
	struct msmtp m = {.out = out};
	struct span text = files[0].text;
	struct span line;

	import_remark(out,
		      "Where no line says \"tls\", TLS is on here unless the relay is on this "
		      "machine; msmtp had it off.");
	while (import_next_line(&text, &line))
		msmtp_line(&m, line);
	section_end(&m);
	import_judge(out, &files[0], true);
	section_clear(&m.defaults);
	section_clear(&m.present);
	for (size_t n = 0; n < m.count; n++)
		section_clear(&m.done[n]);
	free(m.done);
}
