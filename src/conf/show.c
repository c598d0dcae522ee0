/* Accounts shown: see show.h. */
#include "conf/show.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "conf/choice.h"
#include "conf/keys.h"
#include "conf/word.h"

enum { SHOW_VALUE_MAX = 128 * 1024, SHOW_KEY_WIDTH = 22, SHOW_COLUMN = 56 };

static const void *show_member(const struct account *a, const struct keys_look *key)
{
	return (const char *)a + key->offset;
}

static int show_number_of(const struct account *a, const struct keys_look *key)
{
	int number;

	memcpy(&number, show_member(a, key), sizeof(number));
	return number;
}

static void show_switch(int number, struct buf *out)
{
	static const char *const names[] = {
		[SETTING_UNSET] = "",
		[SETTING_OFF] = "off",
		[SETTING_ON] = "on",
		[SETTING_AUTO] = "auto",
	};

	buf_add_string(out, names[number]);
}

/* The port is the URL's where there is one; 0 was said as "off". */
static void show_number(const struct account *a, const struct keys_look *key, struct buf *out)
{
	int number = show_number_of(a, key);

	if ((key->offset == offsetof(struct account, relay.port) &&
	     !endpoint_is_bare(&a->relay)) ||
	    (key->offset == offsetof(struct account, proxy.port) && a->proxy.scheme))
		return;
	if (number)
		buf_printf(out, "%d", number);
	else if (key->offset == offsetof(struct account, timeout))
		buf_add_string(out, "off");
}

static void show_duration(int seconds, struct buf *out)
{
	static const struct {
		char letter;
		int seconds;
	} units[] = {{'w', 7 * 86400}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (seconds >= units[i].seconds)
			buf_printf(out, "%d%c", seconds / units[i].seconds, units[i].letter);
		seconds %= units[i].seconds;
	}
}

static void show_list(const struct strv *list, struct buf *out)
{
	for (size_t i = 0; i < list->count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", list->items[i]);
}

static void show_rate(const struct account *a, struct buf *out)
{
	const char *unit = a->rate_seconds == 1      ? "s"
			   : a->rate_seconds == 60   ? "min"
			   : a->rate_seconds == 3600 ? "h"
						     : "d";

	if (a->rate_count)
		buf_printf(out, "%d/%s", a->rate_count, unit);
	else
		buf_add_string(out, "off");
}

static void show_choice(const struct choice *table, int number, struct buf *out)
{
	buf_add_span(out, span_of(choice_name(table, number)));
}

/* The value as text; none: it is unset. */
static void show_value(const struct account *a, const struct keys_look *key, struct buf *out)
{
	switch (key->kind) {
	case KEYS_KIND_TEXT:
		buf_add_span(out, span_of(*(char *const *)show_member(a, key)));
		break;
	case KEYS_KIND_SWITCH: show_switch(show_number_of(a, key), out); break;
	case KEYS_KIND_NUMBER: show_number(a, key, out); break;
	case KEYS_KIND_DURATION: show_duration(show_number_of(a, key), out); break;
	case KEYS_KIND_LIST: show_list(show_member(a, key), out); break;
	case KEYS_KIND_RELAY:
		if (a->relay.scheme && a->relay.scheme != ENDPOINT_UNIX)
			endpoint_write(&a->relay, out);
		for (size_t i = 0; i < a->more_relays.count; i++)
			buf_printf(out, " %s", a->more_relays.items[i]);
		break;
	case KEYS_KIND_SOCKET: /* takes paths that no URL does */
		if (a->relay.scheme == ENDPOINT_UNIX)
			buf_add_span(out, span_of(a->relay.path));
		break;
	case KEYS_KIND_HOST:
		if (endpoint_is_bare(&a->relay) && a->relay.host)
			buf_add_string(out, a->relay.host);
		break;
	case KEYS_KIND_PROTOCOL:
		if (a->lmtp)
			buf_add_string(out, a->lmtp == SETTING_ON ? "lmtp" : "smtp");
		break;
	case KEYS_KIND_FLIGHT:
		buf_add_string(out,
			       a->flight == ACCOUNT_FLIGHT_CAREFUL ? "careful" : "grouped");
		break;
	case KEYS_KIND_AUTH: show_choice(choice_auth, (int)a->auth, out); break;
	case KEYS_KIND_TRUST: show_choice(choice_trust, (int)a->tls_trust, out); break;
	case KEYS_KIND_VERSION: show_choice(choice_version, a->tls_min_version, out); break;
	case KEYS_KIND_DELIVERY: show_choice(choice_delivery, (int)a->delivery, out); break;
	case KEYS_KIND_DUPLICATES:
		if (a->duplicates)
			buf_add_string(out, a->duplicates == SETTING_OFF ? "never" : "rarely");
		break;
	case KEYS_KIND_RATE: show_rate(a, out); break;
	case KEYS_KIND_FACILITY: show_choice(choice_facility, a->syslog, out); break;
	case KEYS_KIND_FAMILY: show_choice(choice_family, (int)a->address_family, out); break;
	case KEYS_KIND_PROXY:
		if (a->proxy.scheme)
			endpoint_write(&a->proxy, out);
		break;
	case KEYS_KIND_SECRET:
	case KEYS_KIND_NONE: break;
	}
}

/* Where the word of a key stands. */
static struct account_word show_word(const struct account *a, const struct keys_look *key)
{
	size_t offset = key->offset;

	if (key->kind == KEYS_KIND_RELAY || key->kind == KEYS_KIND_HOST ||
	    key->kind == KEYS_KIND_SOCKET)
		offset = offsetof(struct account, relay);
	else if (key->kind == KEYS_KIND_SECRET)
		offset = offsetof(struct account, password);
	else if (key->kind == KEYS_KIND_RATE)
		offset = offsetof(struct account, rate_count);
	return account_word(a, offset);
}

static void show_origin(const struct config *c, struct account_word w, struct buf *out)
{
	if (w.file > 0 && w.file <= c->files.count) {
		text_escape(out, span_of(c->files.items[w.file - 1]));
		buf_printf(out, ":%u", w.line);
	} else if (w.line == ACCOUNT_SAID_BY_RELAY)
		buf_add_string(out, "environment, PENNYPOST_RELAY");
	else
		buf_add_string(out, "command line");
}

static void show_pad(struct buf *out, size_t start, size_t width)
{
	do
		buf_add_char(out, ' ');
	while (out->len - start < width && !buf_failed(out));
}

/* Whether a terminal shows it as it is. */
static bool show_is_plain(struct span value)
{
	struct buf escaped;
	bool plain;

	buf_init(&escaped, SHOW_VALUE_MAX);
	text_escape(&escaped, value);
	plain = escaped.len == value.len && memcmp(escaped.data, value.data, value.len) == 0;
	buf_clear(&escaped);
	return plain;
}

/* A comment behind a command would belong to it, so that is above. */
static void show_line(const char *name, struct span value, const char *origin, struct buf *out)
{
	bool rest = keys_flags(name) & KEYS_REST;
	size_t start = out->len;
	struct buf written;

	buf_init(&written, SHOW_VALUE_MAX);
	if (!show_is_plain(value) || !word_write(&written, name, value)) {
		buf_printf(out, "# %s cannot be shown: ", name);
		text_escape(out, value);
		buf_printf(out, " (%s)\n", origin);
	} else {
		if (rest)
			buf_printf(out, "# %s\n", origin);
		start = out->len;
		buf_add_string(out, name);
		show_pad(out, start, SHOW_KEY_WIDTH);
		buf_add_span(out, buf_span(&written));
		if (!rest) {
			show_pad(out, start, SHOW_COLUMN);
			buf_printf(out, "# %s", origin);
		}
		buf_add_char(out, '\n');
	}
	buf_clear(&written);
}

static void show_default(const char *name, const char *value, struct buf *out)
{
	size_t start = out->len;

	buf_printf(out, "# %s", name);
	show_pad(out, start, SHOW_KEY_WIDTH);
	buf_add_string(out, value);
	show_pad(out, start, SHOW_COLUMN);
	buf_add_string(out, "# default\n");
}

/* What holds where nobody said a word. */
static void show_defaults(const struct account *a, const char *name, struct buf *out)
{
	static const struct {
		const char *name, *value;
	} fixed[] = {
		{"timeout", "60"},
		{"timeout_scale", "100"},
		{"flight", "grouped"},
		{"flight_size", "13312"},
		{"tls_certcheck", "on"},
		{"tls_trust", "ca"},
		{"tls_trust_file", "system"},
		{"tls_session_cache", "on"},
		{"align_from", "off"},
		{"allow_from_override", "on"},
		{"set_from_header", "auto"},
		{"set_date_header", "auto"},
		{"set_msgid_header", "auto"},
		{"undisclosed_recipients", "off"},
		{"aliases_include", "off"},
		{"rewrite_headers", "on"},
		{"require_tls", "off"},
		{"queue", "on"},
		{"delivery", "interactive"},
		{"queue_lifetime", "5d"},
		{"delay_notice", "4h"},
		{"duplicates", "rarely"},
		{"connections", "4"},
		{"rate", "off"},
		{"report_limit", "20"},
		{"runner", "on"},
		{"log_format", "text"},
		{"syslog", "LOG_MAIL"},
	};
	enum account_tls tls = account_tls_mode(a);
	char port[16];

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (strcmp(name, fixed[i].name) == 0)
			show_default(name, fixed[i].value, out);
	if (strcmp(name, "auth") == 0)
		show_default(name, account_wants_auth(a) ? "on" : "off", out);
	if (!a->relay.host || a->relay.scheme == ENDPOINT_SRV)
		return;
	snprintf(port, sizeof(port), "%d", account_port(a));
	if (strcmp(name, "port") == 0 && !a->relay.port)
		show_default(name, port, out);
	if (strcmp(name, "tls") == 0)
		show_default(name, tls == ACCOUNT_TLS_NEVER ? "off" : "on", out);
	if (strcmp(name, "tls_starttls") == 0 && tls != ACCOUNT_TLS_NEVER)
		show_default(name, tls == ACCOUNT_TLS_IMPLICIT ? "off" : "on", out);
}

static void show_key(const struct config *c, const struct account *a,
		     const struct keys_look *key, struct buf *out)
{
	struct account_word w = show_word(a, key);
	struct buf origin, value;

	buf_init(&origin, SHOW_VALUE_MAX);
	buf_init(&value, SHOW_VALUE_MAX);
	if (w.own || w.line)
		show_value(a, key, &value);
	show_origin(c, w, &origin);
	if (key->kind == KEYS_KIND_SECRET && a->password.len > 0)
		buf_printf(out, "# %s is set (%s)\n", key->name, origin.data);
	else if (value.len > 0)
		show_line(key->name, buf_span(&value), origin.data, out);
	else
		show_defaults(a, key->name, out);
	out->failed |= buf_failed(&value) || buf_failed(&origin);
	buf_clear(&origin);
	buf_wipe(&value);
}

/* A section must begin, whatever its name is made of: what cannot be shown of it is escaped. */
static void show_section(const struct account *a, struct buf *out)
{
	bool named = a->name && a->origin && strcmp(a->name, a->origin) != 0;
	struct buf name;

	buf_init(&name, SHOW_VALUE_MAX);
	text_escape(&name, span_of(named ? a->name : "default"));
	show_line("account", buf_span(&name), a->origin ? a->origin : "unknown", out);
	out->failed |= buf_failed(&name);
	buf_clear(&name);
}

void show_account(const struct config *c, const struct account *a, struct buf *out)
{
	struct keys_look key;

	show_section(a, out);
	for (size_t n = 0; keys_look(n, &key); n++)
		show_key(c, a, &key, out);
	if (a->secret_withheld)
		word_remark(out, "its password is withheld, because the command line changed "
				 "the relay, or whom to take for it");
}
