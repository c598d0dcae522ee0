/*
 * ssmtp.conf(5): "key=value" or "key value", keys in any case of the letters, "#" at the start
 * of a line. revaliases: "user:address[:mailhub[:port]]".
 */
#include "conf/import_ssmtp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/chars.h"

/* In the order of the names below. */
struct ssmtp {
	char *root, *mailhub, *rewrite_domain, *hostname, *from_override, *tls, *starttls,
		*cert, *key, *use_cert, *ca_file, *ca_dir, *user, *password, *method, *debug,
		*old_auth;
};

static const char *const ssmtp_names[] = {
	"root",        "mailhub",     "rewritedomain", "hostname", "fromlineoverride",
	"usetls",      "usestarttls", "tlscert",       "tlskey",   "usetlscert",
	"tls_ca_file", "tls_ca_dir",  "authuser",      "authpass", "authmethod",
	"debug",       "useoldauth",
};

enum { SSMTP_COUNT = sizeof(ssmtp_names) / sizeof(ssmtp_names[0]) };

_Static_assert(sizeof(struct ssmtp) == SSMTP_COUNT * sizeof(char *), "a name a member");

static char **ssmtp_member(struct ssmtp *s, size_t n)
{
	return (char **)(void *)s + n;
}

static void ssmtp_read_line(struct import *out, const struct import_source *source,
			    struct ssmtp *s, struct span line)
{
	size_t len = 0;
	struct span value;

	while (len < line.len && line.data[len] != '=' &&
	       !chars_is(line.data[len], CHARS_BLANK))
		len++;
	value = (struct span){line.data + len, line.len - len};
	while (value.len > 0 && (value.data[0] == '=' || chars_is(value.data[0], CHARS_BLANK)))
		value = (struct span){value.data + 1, value.len - 1};
	for (size_t n = 0; n < SSMTP_COUNT; n++)
		if (span_equals_nocase((struct span){line.data, len}, ssmtp_names[n])) {
			if (*ssmtp_member(s, n))
				freezero(*ssmtp_member(s, n), strlen(*ssmtp_member(s, n)));
			*ssmtp_member(s, n) = span_dup(value);
			out->failed = out->failed || !*ssmtp_member(s, n);
			return;
		}
	import_unknown(out, source, line.data);
}

static bool ssmtp_yes(const char *value)
{
	return value && strcasecmp(value, "yes") == 0;
}

static const char *ssmtp_text(const char *value)
{
	return value && *value ? value : NULL;
}

static void ssmtp_relay(struct import *out, const struct ssmtp *s)
{
	const struct import_relay relay = {
		.program = "ssmtp",
		.host = ssmtp_text(s->mailhub) ? s->mailhub : "mailhub",
		.port = "25",
		.tls = ssmtp_yes(s->starttls) ? IMPORT_TLS_STARTTLS
		       : ssmtp_yes(s->tls)    ? IMPORT_TLS_IMPLICIT
					      : IMPORT_TLS_NONE,
		.login = ssmtp_text(s->user) != NULL,
	};

	import_relay(out, &relay);
	import_word(out, "tls_trust_file", s->ca_file);
	if (ssmtp_text(s->ca_dir))
		import_remark(out, "not taken over: TLS_CA_Dir %s: tls_trust_file takes a file",
			      s->ca_dir);
	if (ssmtp_text(s->cert)) {
		import_word(out, "tls_cert_file", s->cert);
		import_word(out, "tls_key_file", s->key);
	}
	import_word(out, "user", s->user);
	import_word(out, "password", s->password);
	import_word(out, "auth", s->method);
}

/* Who the mail comes from, and whether a message may say otherwise. */
static void ssmtp_sender(struct import *out, const struct ssmtp *s)
{
	const char *domain =
		ssmtp_text(s->rewrite_domain) ? s->rewrite_domain : ssmtp_text(s->hostname);
	struct buf from;

	import_word(out, "domain", domain);
	if (domain && ssmtp_text(s->hostname) && strcmp(domain, s->hostname) != 0)
		import_remark(out, "ssmtp called itself %s in EHLO; \"domain\" is both here.",
			      s->hostname);
	if (ssmtp_yes(s->from_override)) {
		import_remark(out, "FromLineOverride=YES: a From field is kept; say "
				   "--read-envelope-from to send by its address, too.");
		return;
	}
	if (!domain || strchr(domain, '%'))
		return;
	buf_init(&from, 1024);
	buf_printf(&from, "%%U@%s", domain);
	if (!buf_failed(&from)) {
		import_pattern(out, "from", from.data);
		import_word(out, "allow_from_override", "off");
		import_word(out, "set_from_header", "on");
	}
	buf_clear(&from);
}

static void ssmtp_rest(struct import *out, const struct ssmtp *s)
{
	if (ssmtp_text(s->root)) {
		import_remark(out,
			      "ssmtp sent the mail of all users below 1000 to %s. Write to "
			      "/etc/aliases:",
			      s->root);
		import_remark(out, "    default: %s", s->root);
		import_remark(out, "and here: aliases /etc/aliases");
	}
	if (ssmtp_yes(s->old_auth))
		import_remark(out, "not taken over: UseOldAUTH");
}

/* Each user's own relay is a file of his own here. */
static void ssmtp_revaliases(struct import *out, const struct import_source *source)
{
	struct span text = source->text;
	struct span line;

	while (source->there && import_next_line(&text, &line)) {
		char *copy = line.len > 0 && line.data[0] != '#' ? span_dup(line) : NULL;
		char *rest = copy;
		const char *user = strsep(&rest, ":");
		const char *address = rest ? strsep(&rest, ":") : NULL;

		if (address) {
			import_remark(out,
				      "revaliases: for %s, write to "
				      "~%s/.config/pennypost/config what is here, but:",
				      user, user);
			import_remark(out, "    from %s", address);
			if (rest && *rest)
				import_remark(out, "    host and port as in %s", rest);
		}
		free(copy);
	}
}

void import_ssmtp(struct import *out, const struct import_source *files)
{
	struct span text = files[IMPORT_SSMTP_CONF].text;
	struct ssmtp s = {0};
	struct span line;

	while (import_next_line(&text, &line))
		if (line.len > 0 && line.data[0] != '#')
			ssmtp_read_line(out, &files[IMPORT_SSMTP_CONF], &s, line);
	import_account(out, "default");
	ssmtp_relay(out, &s);
	ssmtp_sender(out, &s);
	ssmtp_rest(out, &s);
	ssmtp_revaliases(out, &files[IMPORT_SSMTP_REVALIASES]);
	import_judge(out, &files[IMPORT_SSMTP_CONF], true);
	import_judge(out, &files[IMPORT_SSMTP_REVALIASES], false);
	if (s.password)
		explicit_bzero(s.password, strlen(s.password));
	for (size_t n = 0; n < SSMTP_COUNT; n++)
		free(*ssmtp_member(&s, n));
}
