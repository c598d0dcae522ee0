/* What mends a fault: see doctor_mend.h. */
#include "cmd/doctor_mend.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/chars.h"
#include "cmd/advice.h"

static struct doctor_mend __attribute__((format(printf, 2, 0)))
doctor_mend_format(enum doctor_mend_kind kind, const char *format, va_list ap)
{
	struct doctor_mend m = {.kind = kind};

	vsnprintf(m.text, sizeof(m.text), format, ap);
	return m;
}

struct doctor_mend doctor_line(const char *format, ...)
{
	struct doctor_mend m;
	va_list ap;

	va_start(ap, format);
	m = doctor_mend_format(DOCTOR_MEND_LINE, format, ap);
	va_end(ap);
	return m;
}

struct doctor_mend doctor_command(const char *format, ...)
{
	struct doctor_mend m;
	va_list ap;

	va_start(ap, format);
	m = doctor_mend_format(DOCTOR_MEND_COMMAND, format, ap);
	va_end(ap);
	return m;
}

struct doctor_mend doctor_do(const char *format, ...)
{
	struct doctor_mend m;
	va_list ap;

	va_start(ap, format);
	m = doctor_mend_format(DOCTOR_MEND_DO, format, ap);
	va_end(ap);
	return m;
}

/* The user of a URL: what is no letter or digit is percent-encoded (RFC 3986 section 2.1). */
static void doctor_add_user(struct buf *out, const char *user)
{
	for (; *user; user++)
		if (chars_is(*user, CHARS_ALNUM) || strchr("-._~", *user))
			buf_add_char(out, *user);
		else
			buf_printf(out, "%%%02X", (unsigned char)*user);
	buf_add_char(out, '@');
}

/* "relay SCHEME://USER@HOST:PORT" of the account's relay. */
static struct doctor_mend doctor_line_url(const struct doctor *d, const char *scheme, int port)
{
	const struct endpoint *e = &d->account.relay;
	bool six = e->host && strchr(e->host, ':');
	struct doctor_mend m;
	struct buf url;

	buf_init(&url, DOCTOR_MEND_MAX);
	buf_printf(&url, "relay %s://", scheme);
	if (e->user)
		doctor_add_user(&url, e->user);
	buf_printf(&url, six ? "[%s]" : "%s", e->host ? e->host : "");
	if (port > 0)
		buf_printf(&url, ":%d", port);
	m = doctor_line("%s", url.data);
	buf_clear(&url);
	return m;
}

struct doctor_mend doctor_line_port(const struct doctor *d, int port)
{
	if (d->account.relay.scheme == ENDPOINT_NONE)
		return doctor_line("port %d", port);
	return doctor_line_url(d, port == 465 ? "submissions" : "submission", 0);
}

struct doctor_mend doctor_line_tls(const struct doctor *d, bool implicit)
{
	if (endpoint_is_bare(&d->account.relay))
		return doctor_line("tls_starttls %s", implicit ? "off" : "on");
	return doctor_line_url(d, implicit ? "submissions" : "submission",
			       account_port(&d->account));
}

const char *doctor_quote(struct buf *out, const char *path)
{
	buf_add_char(out, '\'');
	for (; *path; path++)
		if (*path == '\'')
			buf_add_string(out, "'\\''");
		else
			buf_add_char(out, *path);
	buf_add_char(out, '\'');
	return out->data;
}

/* The file that holds the password, where it is one that holds nothing else. */
static const char *doctor_password_file(const struct doctor *d)
{
	const struct account *a = &d->account;

	if (a->password_file)
		return a->password_file;
	if (a->passwordeval || a->password_credential || a->password_keyring)
		return NULL;
	return d->x->secrets.password_file;
}

struct doctor_mend doctor_store_password(const struct doctor *d)
{
	const struct account *a = &d->account;
	const char *user = account_user(a) ? account_user(a) : "";
	const char *host = a->relay.host ? a->relay.host : "";
	const char *keyring = a->password_keyring;
	const char *file = doctor_password_file(d);
	struct doctor_mend m;
	struct buf word, quoted;

	buf_init(&word, DOCTOR_MEND_MAX);
	buf_init(&quoted, DOCTOR_MEND_MAX);
	if (file) {
		m = doctor_command("(umask 077; cat > %s)", doctor_quote(&word, file));
	} else if (keyring && strncmp(keyring, "kernel", 6) == 0) {
		if (keyring[6] == ':')
			buf_add_string(&word, keyring + 7);
		else
			buf_printf(&word, "pennypost:%s@%s", user, host);
		m = doctor_command("keyctl padd user %s @u", doctor_quote(&quoted, word.data));
	} else {
		m = doctor_do("make a password in the settings of the account at the provider, "
			      "and put it where the configuration takes it from");
	}
	buf_clear(&quoted);
	buf_clear(&word);
	return m;
}

static struct advice_facts doctor_facts(const struct doctor *d)
{
	const struct account *a = &d->account;

	return (struct advice_facts){
		.port = d->has_account ? account_port(a) : 0,
		.login = d->has_account && account_wants_auth(a),
		.local = d->has_account && endpoint_is_local(&a->relay),
		.host = a->relay.host,
		.user = account_user(a),
		.from = account_sender(a),
	};
}

/* The row's mend in the account's words. */
static struct doctor_mend doctor_mend_advice(const struct doctor *d, const struct advice *a,
					     const struct advice_facts *facts)
{
	struct doctor_mend m = {.kind = DOCTOR_MEND_DO};
	struct buf text;

	if (a->kind == ADVICE_PORT)
		return doctor_line_port(d, a->mend[0] == '4' ? 465 : 587);
	if (a->kind == ADVICE_PASSWORD)
		return doctor_store_password(d);
	if (a->kind == ADVICE_LINE)
		m.kind = DOCTOR_MEND_LINE;
	buf_init(&text, DOCTOR_MEND_MAX);
	advice_fill(a, facts, &text);
	snprintf(m.text, sizeof(m.text), "%s", text.data);
	buf_clear(&text);
	return m;
}

bool doctor_mend_error(const struct doctor *d, const struct error *error,
		       struct doctor_mend *mend, struct buf *meaning)
{
	const struct advice_facts facts = doctor_facts(d);
	const struct advice *a = advice_find(error, &facts);
	struct buf command;

	buf_init(&command, DOCTOR_MEND_MAX);
	*mend = (struct doctor_mend){.kind = DOCTOR_MEND_NONE};
	if (a) {
		*mend = doctor_mend_advice(d, a, &facts);
		buf_printf(meaning, "; %s", a->meaning);
	} else if (advice_command(error, &command)) {
		*mend = doctor_command("%s", command.data);
	} else if (error->stage == STAGE_CONFIG) {
		*mend = doctor_do("correct it by pennypost.conf(5)");
	} else {
		*mend = doctor_do("ask the relay's operator; pennypost -v --doctor shows the "
				  "conversation");
	}
	buf_clear(&command);
	return a && a->kind == ADVICE_WAIT;
}

bool doctor_mend_file(const struct doctor *d, struct buf *out)
{
	const char *origin = d->account.origin ? d->account.origin : "";
	const char *colon = strrchr(origin, ':');

	if (!colon || origin[0] != '/')
		return false;
	buf_add(out, origin, (size_t)(colon - origin));
	return true;
}
