/*
 * nullmailer-send(8): a line of remotes is "host [protocol] [option ...]", quoted as a shell's,
 * options with or without "--" before them. The first remote is our default account; those
 * behind it, which nullmailer tried when the first failed, are accounts that nobody asks for.
 */
#include "conf/import_nullmailer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"

enum { NULLMAILER_WORDS_MAX = 64 };

/* A remote; what is not said is NULL or false. All borrowed from its words. */
struct remote {
	const char *host, *port, *user, *password, *source, *ca, *crl, *certificate, *key;
	bool login, tls, starttls, insecure, anonymous, der;
};

/* The next word of a line, with its quotes resolved. Returns false at the end. */
static bool remote_next_word(struct span *line, struct buf *word)
{
	char quote = '\0';

	*line = span_trim(*line);
	buf_reset(word);
	if (line->len == 0)
		return false;
	for (; line->len > 0; *line = (struct span){line->data + 1, line->len - 1}) {
		char c = line->data[0];

		if (quote ? c == quote : c == '\'' || c == '"')
			quote = quote ? '\0' : c;
		else if (c == '\\' && quote != '\'' && line->len > 1) {
			*line = (struct span){line->data + 1, line->len - 1};
			buf_add_char(word, line->data[0]);
		} else if (!quote && chars_is(c, CHARS_BLANK))
			break;
		else
			buf_add_char(word, c);
	}
	return true;
}

static void remote_set(struct import *out, struct remote *r, const char *option)
{
	const struct {
		const char *name;
		const char **text;
		bool *flag;
	} rows[] = {
		{"port=", &r->port, NULL},
		{"user=", &r->user, NULL},
		{"pass=", &r->password, NULL},
		{"source=", &r->source, NULL},
		{"x509cafile=", &r->ca, NULL},
		{"x509crlfile=", &r->crl, NULL},
		{"x509certfile=", &r->certificate, NULL},
		{"x509keyfile=", &r->key, NULL},
		{"auth-login", NULL, &r->login},
		{"tls", NULL, &r->tls},
		{"ssl", NULL, &r->tls},
		{"starttls", NULL, &r->starttls},
		{"insecure", NULL, &r->insecure},
		{"tls-anon-auth", NULL, &r->anonymous},
		{"x509fmtder", NULL, &r->der},
	};

	if (strncmp(option, "--", 2) == 0)
		option += 2;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].name);

		if (rows[i].flag && strcmp(option, rows[i].name) == 0) {
			*rows[i].flag = true;
			return;
		}
		if (rows[i].text && strncmp(option, rows[i].name, len) == 0) {
			*rows[i].text = option + len;
			return;
		}
	}
	import_remark(out, "not taken over: an option of this remote that is not known");
}

static void remote_write(struct import *out, const struct remote *r)
{
	const struct import_relay relay = {
		.program = "nullmailer",
		.host = r->host,
		.port = r->port  ? r->port
			: r->tls ? "465"
				 : "25",
		.tls = r->tls        ? IMPORT_TLS_IMPLICIT
		       : r->starttls ? IMPORT_TLS_STARTTLS
				     : IMPORT_TLS_NONE,
		.verified = !r->insecure && !r->anonymous,
		.login = r->user != NULL,
	};

	import_relay(out, &relay);
	import_word(out, "source_ip", r->source);
	import_word(out, "user", r->user);
	import_word(out, "password", r->password);
	if (r->login)
		import_word(out, "auth", "login");
	import_word(out, "tls_trust_file", r->ca);
	import_word(out, "tls_crl_file", r->crl);
	import_word(out, "tls_cert_file", r->certificate);
	import_word(out, "tls_key_file", r->key);
	if (r->der)
		import_remark(out, "x509fmtder: these files must be PEM here; openssl x509 "
				   "-inform der makes them so.");
	if (r->anonymous)
		import_remark(out, "not taken over: tls-anon-auth, which anybody can answer");
}

/* One line of remotes. Returns whether it was one. */
static bool remote_read(struct import *out, struct span line, const char *account)
{
	struct remote r = {0};
	struct strv words = {0};
	struct buf word;
	size_t options = 1;

	buf_init(&word, 4096);
	while (words.count < NULLMAILER_WORDS_MAX && remote_next_word(&line, &word) &&
	       !buf_failed(&word))
		if (strv_add(&words, buf_span(&word)))
			out->failed = true;
	if (words.count > 0 && !buf_failed(&word)) {
		r.host = words.items[0];
		if (words.count > 1 && (strcmp(words.items[1], "smtp") == 0 ||
					strcmp(words.items[1], "qmqp") == 0))
			options = 2;
		import_account(out, account);
		if (options == 2 && words.items[1][0] == 'q')
			import_remark(out, "nullmailer spoke QMQP with it; this is SMTP.");
		for (size_t i = options; i < words.count; i++)
			remote_set(out, &r, words.items[i]);
		remote_write(out, &r);
	}
	for (size_t i = 0; i < words.count; i++)
		explicit_bzero(words.items[i], strlen(words.items[i]));
	buf_wipe(&word);
	options = words.count;
	strv_clear(&words);
	return options > 0;
}

/* A host without a dot gets the default domain. */
static void nullmailer_domain(struct import *out, const char *host, const char *domain)
{
	struct buf full;

	buf_init(&full, 1024);
	buf_add_string(&full, host);
	if (domain && !strchr(host, '.') && strcmp(host, "localhost") != 0)
		buf_printf(&full, ".%s", domain);
	if (!buf_failed(&full))
		import_word(out, "domain", full.data);
	buf_clear(&full);
}

static void nullmailer_names(struct import *out, char *const lines[])
{
	const char *me = lines[IMPORT_NULLMAILER_ME] ? lines[IMPORT_NULLMAILER_ME]
						     : lines[IMPORT_NULLMAILER_MAILNAME];
	const char *host = lines[IMPORT_NULLMAILER_DEFAULTHOST]
				   ? lines[IMPORT_NULLMAILER_DEFAULTHOST]
				   : me;
	const char *helo = lines[IMPORT_NULLMAILER_HELOHOST];

	if (host)
		nullmailer_domain(out, host, lines[IMPORT_NULLMAILER_DEFAULTDOMAIN]);
	if (helo && (!host || strcmp(helo, host) != 0))
		import_remark(out,
			      "nullmailer called itself %s in EHLO; \"domain\" is both here.",
			      helo);
	if (lines[IMPORT_NULLMAILER_IDHOST])
		import_remark(out, "not taken over: idhost %s",
			      lines[IMPORT_NULLMAILER_IDHOST]);
}

/* What holds for all accounts. */
static void nullmailer_common(struct import *out, char *const lines[])
{
	const char *admin = lines[IMPORT_NULLMAILER_ADMINADDR];
	const char *lifetime = lines[IMPORT_NULLMAILER_QUEUELIFETIME];
	struct buf seconds;

	nullmailer_names(out, lines);
	if (lines[IMPORT_NULLMAILER_ALLMAILFROM]) {
		import_word(out, "from", lines[IMPORT_NULLMAILER_ALLMAILFROM]);
		import_word(out, "allow_from_override", "off");
	}
	buf_init(&seconds, 64);
	if (lifetime)
		buf_printf(&seconds, "%ss", lifetime);
	if (lifetime && !buf_failed(&seconds))
		import_word(out, "queue_lifetime", seconds.data);
	buf_clear(&seconds);
	if (!admin)
		return;
	import_remark(out,
		      "nullmailer sent the mail for users of this host to %s. Write to "
		      "/etc/aliases:",
		      admin);
	import_remark(out, "    default: %s", admin);
	import_remark(out, "and here: aliases /etc/aliases");
}

static void nullmailer_remotes(struct import *out, const struct import_source *remotes)
{
	struct span text = remotes->text;
	struct span line;
	char name[32] = "default";
	int count = 0;

	while (remotes->there && import_next_line(&text, &line)) {
		if (line.len == 0 || line.data[0] == '#')
			continue;
		if (count == 1)
			import_remark(out, "nullmailer went on to the next remote when one "
					   "failed. A relay of several URLs does, with one "
					   "login for all.");
		if (count > 0)
			snprintf(name, sizeof(name), "remote%d", count + 1);
		count += remote_read(out, line, name);
	}
	if (count > 0)
		return;
	import_account(out, "default");
	import_remark(out, "there is no remote; name one here: host mail.example.org");
}

void import_nullmailer(struct import *out, const struct import_source *files)
{
	char *lines[IMPORT_NULLMAILER_MAILNAME + 1];

	for (int n = 0; n <= IMPORT_NULLMAILER_MAILNAME; n++)
		lines[n] = n == IMPORT_NULLMAILER_REMOTES ? NULL : import_first_line(&files[n]);
	import_defaults(out);
	nullmailer_common(out, lines);
	nullmailer_remotes(out, &files[IMPORT_NULLMAILER_REMOTES]);
	import_remark(out, "What waits in nullmailer's queue stays there.");
	import_judge(out, &files[IMPORT_NULLMAILER_REMOTES], true);
	for (int n = 0; n <= IMPORT_NULLMAILER_MAILNAME; n++)
		free(lines[n]);
}
