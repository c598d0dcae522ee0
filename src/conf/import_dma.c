/*
 * dma.conf: "NAME" or "NAME value", "#" at the start of a line; a name without value is true.
 * auth.conf: "user|smarthost:password".
 */
#include "conf/import_dma.h"

#include <stdlib.h>
#include <string.h>

#include "base/chars.h"

/* In the order of the names below; a switch is "" when it is said. */
struct dma {
	char *smarthost, *port, *aliases, *spool, *auth, *secure, *secure_too, *starttls,
		*opportunistic, *certificate, *fingerprint, *insecure, *defer, *full_bounce,
		*mailname, *masquerade, *null_client, *secure_login;
};

static const char *const dma_names[] = {
	"SMARTHOST",      "PORT",        "ALIASES",  "SPOOLDIR",          "AUTHPATH",
	"SECURETRANSFER", "SECURETRANS", "STARTTLS", "OPPORTUNISTIC_TLS", "CERTFILE",
	"FINGERPRINT",    "INSECURE",    "DEFER",    "FULLBOUNCE",        "MAILNAME",
	"MASQUERADE",     "NULLCLIENT",  "SECURE",
};

enum { DMA_COUNT = sizeof(dma_names) / sizeof(dma_names[0]) };

_Static_assert(sizeof(struct dma) == DMA_COUNT * sizeof(char *), "a name a member");

static char **dma_member(struct dma *d, size_t n)
{
	return (char **)(void *)d + n;
}

static void dma_read_line(struct import *out, const struct import_source *source, struct dma *d,
			  struct span line)
{
	size_t len = 0;

	while (len < line.len && !chars_is(line.data[len], CHARS_BLANK))
		len++;
	for (size_t n = 0; n < DMA_COUNT; n++)
		if (span_equals((struct span){line.data, len}, dma_names[n])) {
			free(*dma_member(d, n));
			*dma_member(d, n) = span_dup(
				span_trim((struct span){line.data + len, line.len - len}));
			out->failed = out->failed || !*dma_member(d, n);
			return;
		}
	import_unknown(out, source, line.data);
}

/* The line of auth.conf for the relay: "user", and the password as *secret; both the caller's.
 */
static char *dma_login(const struct import_source *auth, const char *host, char **secret)
{
	struct span text = auth->text;
	struct span line;

	*secret = NULL;
	while (auth->there && import_next_line(&text, &line)) {
		const char *bar = line.len > 0 && line.data[0] != '#'
					  ? memchr(line.data, '|', line.len)
					  : NULL;
		size_t used = bar ? (size_t)(bar - line.data) : 0;
		struct span rest = {line.data + used + 1, bar ? line.len - used - 1 : 0};
		const char *colon = rest.len > 0 ? memchr(rest.data, ':', rest.len) : NULL;
		size_t name = colon ? (size_t)(colon - rest.data) : 0;

		if (!colon || !span_equals((struct span){rest.data, name}, host))
			continue;
		*secret = span_dup((struct span){colon + 1, rest.len - name - 1});
		return span_dup((struct span){line.data, used});
	}
	return NULL;
}

static void dma_relay(struct import *out, const struct dma *d, const struct import_source *auth)
{
	char *secret;
	char *user = d->auth ? dma_login(auth, d->smarthost, &secret) : (secret = NULL);
	bool tls = d->secure || d->secure_too;
	const struct import_relay relay = {
		.program = "dma",
		.host = d->smarthost,
		.port = d->port && *d->port ? d->port : "25",
		.tls = !tls               ? IMPORT_TLS_NONE
		       : !d->starttls     ? IMPORT_TLS_IMPLICIT
		       : d->opportunistic ? IMPORT_TLS_OFFERED
					  : IMPORT_TLS_STARTTLS,
		.verified = d->fingerprint && *d->fingerprint,
		.login = user != NULL,
	};

	import_relay(out, &relay);
	import_word(out, "tls_fingerprint", d->fingerprint);
	import_word(out, "tls_cert_file", d->certificate);
	import_word(out, "user", user);
	import_word(out, "password", secret);
	if (d->auth && !user)
		import_remark(out, "%s has no line for %s, so there is no login.", auth->path,
			      d->smarthost);
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
	free(user);
}

/* MASQUERADE: "user@host", "user@" or "host"; it beats -f. */
static void dma_masquerade(struct import *out, const char *text)
{
	const char *at = strchr(text, '@');
	struct buf from;

	if (!*text)
		return;
	buf_init(&from, 1024);
	if (strchr(text, '%'))
		import_remark(out, "not taken over: MASQUERADE %s", text);
	else if (!at)
		buf_printf(&from, "%%U@%s", text);
	else
		buf_printf(&from, "%s%s", text, at[1] ? "" : "%H");
	if (from.len > 0) {
		import_pattern(out, "from", from.data);
		import_word(out, "allow_from_override", "off");
	}
	buf_clear(&from);
}

/* MAILNAME: the name, or the file that holds it. */
static void dma_mailname(struct import *out, const char *name, const struct import_source *file)
{
	char *line;

	if (!name || !*name)
		return;
	if (*name != '/') {
		import_word(out, "domain", name);
		return;
	}
	line = import_first_line(file);
	if (line)
		import_word(out, "domain", line);
	else
		import_remark(out, "not taken over: MAILNAME %s, which is not there", name);
	free(line);
}

static void dma_rest(struct import *out, const struct dma *d,
		     const struct import_source *aliases)
{
	if (d->masquerade)
		dma_masquerade(out, d->masquerade);
	if (d->null_client)
		import_remark(out, "NULLCLIENT: mail for local names goes to the relay, as "
				   "always here.");
	else if (aliases->there)
		import_word(out, "aliases",
			    d->aliases && *d->aliases ? d->aliases : aliases->path);
	if (!d->null_client)
		import_remark(out, "dma delivered local mail to mailboxes; here it goes to the "
				   "relay.");
	if (d->defer)
		import_word(out, "delivery", "queue");
	if (d->full_bounce)
		import_word(out, "dsn_return", "full");
	if (d->insecure)
		import_remark(out, "UNSAFE: INSECURE let dma send passwords without TLS. Here "
				   "that is not done.");
	if (d->spool && *d->spool && strcmp(d->spool, "/var/spool/dma") != 0)
		import_remark(out, "not taken over: SPOOLDIR %s", d->spool);
	import_remark(out, "What waits in dma's queue stays there: send it with dma -q first.");
}

void import_dma(struct import *out, const struct import_source *files)
{
	struct span text = files[IMPORT_DMA_CONF].text;
	struct dma d = {0};
	struct span line;

	while (import_next_line(&text, &line))
		if (line.len > 0 && line.data[0] != '#')
			dma_read_line(out, &files[IMPORT_DMA_CONF], &d, line);
	import_account(out, "default");
	if (d.smarthost && *d.smarthost)
		dma_relay(out, &d, &files[IMPORT_DMA_AUTH]);
	else
		import_remark(out,
			      "dma delivered to the hosts of the recipients itself; name a "
			      "relay here: host mail.example.org");
	dma_mailname(out, d.mailname, &files[IMPORT_DMA_MAILNAME]);
	dma_rest(out, &d, &files[IMPORT_DMA_ALIASES]);
	import_judge(out, &files[IMPORT_DMA_CONF], false);
	import_judge(out, &files[IMPORT_DMA_AUTH], true);
	for (size_t n = 0; n < DMA_COUNT; n++)
		free(*dma_member(&d, n));
}
