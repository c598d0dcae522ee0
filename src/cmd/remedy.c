/* What mends a fault: see remedy.h. */
#include "cmd/remedy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/chars.h"
#include "base/text.h"
#include "cmd/advice.h"

enum { REMEDY_PLACE_MAX = 4096 };

static struct remedy __attribute__((format(printf, 2, 0)))
remedy_format(enum remedy_kind kind, const char *format, va_list ap)
{
	struct remedy r = {.kind = kind};

	vsnprintf(r.text, sizeof(r.text), format, ap);
	return r;
}

struct remedy remedy_line(const char *format, ...)
{
	struct remedy r;
	va_list ap;

	va_start(ap, format);
	r = remedy_format(REMEDY_LINE, format, ap);
	va_end(ap);
	return r;
}

struct remedy remedy_command(const char *format, ...)
{
	struct remedy r;
	va_list ap;

	va_start(ap, format);
	r = remedy_format(REMEDY_COMMAND, format, ap);
	va_end(ap);
	return r;
}

struct remedy remedy_do(const char *format, ...)
{
	struct remedy r;
	va_list ap;

	va_start(ap, format);
	r = remedy_format(REMEDY_DO, format, ap);
	va_end(ap);
	return r;
}

/* The user of a URL: what is no letter or digit is percent-encoded (RFC 3986 section 2.1). */
static void remedy_add_user(struct buf *out, const char *user)
{
	for (; *user; user++)
		if (chars_is(*user, CHARS_ALNUM) || strchr("-._~", *user))
			buf_add_char(out, *user);
		else
			buf_printf(out, "%%%02X", (unsigned char)*user);
	buf_add_char(out, '@');
}

/* "relay SCHEME://USER@HOST:PORT" of the account's relay. */
static struct remedy remedy_line_url(const struct account *a, const char *scheme, int port)
{
	const struct endpoint *e = &a->relay;
	bool six = e->host && strchr(e->host, ':');
	struct remedy r;
	struct buf url;

	buf_init(&url, REMEDY_MAX);
	buf_printf(&url, "relay %s://", scheme);
	if (e->user)
		remedy_add_user(&url, e->user);
	buf_printf(&url, six ? "[%s]" : "%s", e->host ? e->host : "");
	if (port > 0)
		buf_printf(&url, ":%d", port);
	r = remedy_line("%s", url.data);
	buf_clear(&url);
	return r;
}

struct remedy remedy_line_port(const struct account *a, int port)
{
	if (a->relay.scheme == ENDPOINT_NONE)
		return remedy_line("port %d", port);
	return remedy_line_url(a, port == 465 ? "submissions" : "submission", 0);
}

struct remedy remedy_line_tls(const struct account *a, bool implicit)
{
	if (endpoint_is_bare(&a->relay))
		return remedy_line("tls_starttls %s", implicit ? "off" : "on");
	return remedy_line_url(a, implicit ? "submissions" : "submission", account_port(a));
}

const char *remedy_quote(struct buf *out, const char *path)
{
	text_quote(out, path);
	return out->data;
}

/* The file that holds the password, where it is one that holds nothing else. */
static const char *remedy_password_file(const struct account *a, const struct secret_sources *s)
{
	if (a->password_file)
		return a->password_file;
	if (a->passwordeval || a->password_credential || a->password_keyring)
		return NULL;
	return s->password_file;
}

struct remedy remedy_password(const struct account *a, const struct secret_sources *s)
{
	const char *user = account_user(a) ? account_user(a) : "";
	const char *host = a->relay.host ? a->relay.host : "";
	const char *keyring = a->password_keyring;
	const char *file = remedy_password_file(a, s);
	struct remedy r;
	struct buf word, quoted;

	buf_init(&word, REMEDY_MAX);
	buf_init(&quoted, REMEDY_MAX);
	if (file) {
		r = remedy_command("(umask 077; cat > %s)", remedy_quote(&word, file));
	} else if (keyring && strncmp(keyring, "kernel", 6) == 0) {
		if (keyring[6] == ':')
			buf_add_string(&word, keyring + 7);
		else
			buf_printf(&word, "pennypost:%s@%s", user, host);
		r = remedy_command("keyctl padd user %s @u", remedy_quote(&quoted, word.data));
	} else {
		r = remedy_do("make a password in the settings of the account at the provider, "
			      "and put it where the configuration takes it from");
	}
	buf_clear(&quoted);
	buf_clear(&word);
	return r;
}

static struct advice_facts remedy_facts(const struct account *a)
{
	if (!a)
		return (struct advice_facts){0};
	return (struct advice_facts){
		.port = account_port(a),
		.login = account_wants_auth(a),
		.local = endpoint_is_local(&a->relay),
		.host = a->relay.host,
		.user = account_user(a),
		.from = account_sender(a),
	};
}

/* The row's in the account's words. */
static struct remedy remedy_of(const struct advice *advice, const struct advice_facts *facts,
			       const struct account *a, const struct secret_sources *s)
{
	struct remedy r = {.kind = advice->kind == ADVICE_LINE ? REMEDY_LINE : REMEDY_DO};
	struct buf text;

	if (advice->kind == ADVICE_PORT)
		return remedy_line_port(a, advice->mend[0] == '4' ? 465 : 587);
	if (advice->kind == ADVICE_PASSWORD)
		return remedy_password(a, s);
	buf_init(&text, REMEDY_MAX);
	advice_fill(advice, facts, &text);
	snprintf(r.text, sizeof(r.text), "%s", text.data);
	buf_clear(&text);
	return r;
}

bool remedy_find(const struct account *a, const struct secret_sources *s,
		 const struct error *error, struct remedy *r, struct buf *meaning, bool *waits)
{
	const struct advice_facts facts = remedy_facts(a);
	const struct advice *advice = advice_find(error, &facts);

	if (!advice)
		return false;
	*r = remedy_of(advice, &facts, a, s);
	*waits = advice->kind == ADVICE_WAIT;
	buf_printf(meaning, "; %s", advice->meaning);
	return true;
}

/* Where a line of the configuration belongs; without a file it can be an option. */
static void remedy_show_place(const struct account *a, const char *line, struct buf *out)
{
	size_t word = strcspn(line, " ");
	struct buf file;

	buf_init(&file, REMEDY_PLACE_MAX);
	if (remedy_file(a, &file)) {
		buf_printf(out, " (in account %s of %s)", TEXT_SHOW(span_of(a->name)),
			   TEXT_SHOW(buf_span(&file)));
	} else {
		buf_add_string(out, " (or say --");
		for (size_t i = 0; i < word; i++)
			buf_add_char(out, line[i] == '_' ? '-' : line[i]);
		buf_add_char(out, '=');
		text_escape(out, span_of(line + word + (line[word] != '\0')));
		buf_add_char(out, ')');
	}
	buf_clear(&file);
}

void remedy_show(const struct remedy *r, const struct account *a, struct buf *out)
{
	static const char *const words[] = {[REMEDY_NONE] = "",
					    [REMEDY_LINE] = "write: ",
					    [REMEDY_COMMAND] = "run: ",
					    [REMEDY_DO] = "do: "};

	buf_add_string(out, words[r->kind]);
	text_escape(out, span_of(r->text));
	if (r->kind == REMEDY_LINE && a)
		remedy_show_place(a, r->text, out);
}

bool remedy_file(const struct account *a, struct buf *out)
{
	const char *origin = a->origin ? a->origin : "";
	const char *colon = strrchr(origin, ':');

	if (!colon || origin[0] != '/')
		return false;
	buf_add(out, origin, (size_t)(colon - origin));
	return true;
}
