/* --configure: see configure.h. */
#include "cmd/configure.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/dump.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd/configure_find.h"
#include "cmd/configure_password.h"
#include "cmd/configure_setup.h"
#include "cmd/configure_write.h"
#include "cmd/command.h"
#include "cmd/interrupt.h"
#include "conf/keys.h"
#include "conf/secret.h"
#include "net/resolve.h"

enum { CONFIGURE_TEXT_MAX = 4096 };

void setup_is_written(void)
{
	interrupt_words("the configuration is written");
}

const char *setup_option(const struct setup *s, const char *key)
{
	const struct options *o = &s->x->options;

	for (size_t n = o->setting_count; n-- > 0;)
		if (strcmp(o->settings[n].key, key) == 0)
			return o->settings[n].value;
	return NULL;
}

bool setup_has_relay(const struct setup *s)
{
	return setup_option(s, "relay") || setup_option(s, "host") || setup_option(s, "socket");
}

int setup_add_option(const struct setup *s, struct draft *d, const struct options_setting *word,
		     struct error *error)
{
	bool relative = keys_flags(word->key) & KEYS_FILE && word->value && word->value[0] &&
			word->value[0] != '/' && word->value[0] != '~';
	char *here = relative ? getcwd(NULL, 0) : NULL;
	struct buf path;
	int failed;

	(void)s;
	buf_init(&path, PATH_MAX);
	if (here)
		buf_printf(&path, "%s/%s", here, word->value);
	failed = draft_word(d, word->key, path.len > 0 ? path.data : word->value, error);
	buf_clear(&path);
	free(here);
	return failed;
}

int setup_add_options(const struct setup *s, struct draft *d, struct error *error)
{
	const struct options *o = &s->x->options;

	for (size_t n = 0; n < o->setting_count; n++) {
		const struct options_setting *word = &o->settings[n];

		if (strncmp(word->key, "password", strlen("password")) != 0 &&
		    setup_add_option(s, d, word, error))
			return -1;
	}
	return 0;
}

/* The address itself, which must be one that a line of the configuration takes for itself. */
static int configure_address(struct setup *s, struct error *error)
{
	const char *text = s->x->options.address;
	const char *domain;

	if (address_parse(&s->address, span_of(text), error)) {
		error->class = ERROR_LOCAL;
		error->stage = STAGE_USAGE;
		return -1;
	}
	domain = address_domain(&s->address);
	if (!domain || strpbrk(s->address.text, "*?[]\\%\", "))
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "--configure needs an address such as ann@example.org, not "
				 "\"%s\"",
				 TEXT_SHOW(span_of(text)));
	if (resolve_encode(domain, &s->domain, error))
		return -1;
	if (buf_failed(&s->domain) || !endpoint_host_is_sane(buf_span(&s->domain)))
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "\"%s\" is not the name of a domain",
				 TEXT_SHOW(span_of(domain)));
	s->provider = provider_find(buf_span(&s->domain));
	return 0;
}

/* The account but for its login. */
static int configure_draft(struct setup *s, struct error *error)
{
	struct draft *d = &s->draft;
	const char *full_name = s->x->options.full_name;

	if (draft_init(d, s->name, error))
		return -1;
	if (s->found.len > 0)
		draft_remark(d, "%s", s->found.data);
	if ((s->relay && draft_word(d, "relay", s->relay, error)) ||
	    (s->relay && s->provider && s->provider->tls == PROVIDER_CLEAR &&
	     draft_word(d, "tls", "off", error)) ||
	    setup_add_options(s, d, error) || draft_word(d, "from", s->address.text, error))
		return -1;
	return full_name ? draft_word(d, "from_full_name", full_name, error) : 0;
}

/* Makes text what is read from standard input. Returns 0, -1. */
static int configure_feed(const char *text)
{
	int ends[2], failed;

	if (pipe(ends))
		return -1;
	failed = file_write_all(ends[1], text, strlen(text)) || dup2(ends[0], STDIN_FILENO) < 0;
	close(ends[0]);
	close(ends[1]);
	return failed ? -1 : 0;
}

/* Runs another command line of ours for the new account, with input, unless it is NULL, as its
 * standard input. Returns its exit status. */
static int configure_run(const struct setup *s, const char *const words[], const char *input)
{
	const char *const first[] = {"pennypost", "-C", s->path, "-a", s->name};
	struct strv argv = {0};
	struct context other;
	struct error error;
	int code = 0;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		code |= strv_add(&argv, span_of(first[i]));
	for (; *words; words++)
		code |= strv_add(&argv, span_of(*words));
	if (code || (input && configure_feed(input))) {
		strv_clear(&argv);
		return EX_OSERR;
	}
	code = context_init(&other, (int)argv.count, argv.items, &error)
		       ? context_fail(&other, &error)
		       : cmd_run(&other, 0);
	context_clear(&other);
	context_attend(s->x, "the configuration is written");
	strv_clear(&argv);
	return code;
}

/* Whether mail would go. Returns the exit status. */
static int configure_doctor(const struct setup *s)
{
	const char *const words[] = {"--doctor", NULL};

	return configure_run(s, words, NULL);
}

/* A message to oneself, if that is wanted. Returns the exit status. */
static int configure_test_mail(struct setup *s, struct error *error)
{
	const char *const words[] = {"--queue=off",   "-f", s->address.text, "--",
				     s->address.text, NULL};
	char question[CONFIGURE_TEXT_MAX], text[CONFIGURE_TEXT_MAX];
	int code;

	snprintf(question, sizeof(question), "Shall a test mail be sent to %s?",
		 s->address.text);
	if (prompt_offer(&s->prompt, question, error) <= 0)
		return 0;
	snprintf(text, sizeof(text),
		 "From: <%s>\nTo: <%s>\nSubject: pennypost works\n\n"
		 "This is the test mail of pennypost --configure, sent by the account %s.\n",
		 s->address.text, s->address.text, s->name);
	code = configure_run(s, words, text);
	prompt_say(code == 0 ? "the relay took the test mail" : "the test mail was not sent");
	return code;
}

/* All of it. Returns the exit status. */
static int configure_go(struct setup *s, struct error *error)
{
	int code;

	if (configure_address(s, error) || configure_may_go(s, error) ||
	    configure_place(s, error) || configure_find(s, error) ||
	    configure_draft(s, error) || configure_password(s, error))
		return context_fail(s->x, error);
	if (s->x->options.dry_run)
		return configure_print(s, error) ? context_fail(s->x, error) : 0;
	if (configure_write(s, error))
		return context_fail(s->x, error);
	prompt_say("written: account %s in %s", s->name, s->path);
	code = configure_doctor(s);
	return code ? code : configure_test_mail(s, error);
}

/* msmtp's words for a URL of ours. */
static void configure_tell_relay(const struct setup *s, struct buf *out)
{
	struct account a = {0};
	struct error error;

	if (keys_set_value(&a, "relay", s->relay, &error) == 0)
		buf_printf(out, "host %s\nport %d\ntls %s\ntls_starttls %s\n", a.relay.host,
			   account_port(&a),
			   account_tls_mode(&a) == ACCOUNT_TLS_NEVER ? "off" : "on",
			   account_tls_mode(&a) == ACCOUNT_TLS_IMPLICIT ? "off" : "on");
	account_clear(&a);
}

/* Called msmtp: no question, and nothing is written but to standard output. */
static int configure_msmtp(struct setup *s, struct error *error)
{
	bool trusted = false;
	struct buf out;

	if (configure_address(s, error) || configure_guess(s, &trusted, error))
		return context_fail(s->x, error);
	buf_init(&out, CONFIGURE_TEXT_MAX);
	buf_printf(&out, "# For ~/.msmtprc, or ~/.config/pennypost/config. %s\naccount %s\n",
		   s->found.data, s->address.text);
	if (!trusted)
		buf_printf(&out,
			   "# Only the DNS says so, and it is not below %s: see whether it is "
			   "right.\n",
			   s->domain.data);
	configure_tell_relay(s, &out);
	buf_printf(&out, "auth %s\nuser %s\n",
		   s->provider && s->provider->password == PROVIDER_TOKEN ? "xoauth2" : "on",
		   s->address.text);
	if (s->provider && s->provider->hint)
		buf_printf(&out, "# %s: %s.\n", s->provider->name, s->provider->hint);
	buf_printf(&out,
		   "# A command that prints the password, such as that of a password manager:\n"
		   "# passwordeval COMMAND\nfrom %s\n",
		   s->address.text);
	if (fputs(out.data, stdout) < 0 || fflush(stdout) != 0)
		error_set_errno(error, ERROR_LOCAL, STAGE_INPUT, errno,
				"cannot write to standard output");
	else
		error->class = ERROR_NONE;
	buf_clear(&out);
	return error->class == ERROR_NONE ? 0 : context_fail(s->x, error);
}

int cmd_configure(struct context *x)
{
	struct setup s = {.x = x};
	struct error error;
	int code;

	dump_forbid();
	buf_init(&s.domain, ADDRESS_DOMAIN_MAX);
	buf_init(&s.found, CONFIGURE_TEXT_MAX);
	buf_init_secret(&s.secret, SECRET_MAX);
	if (x->options.msmtp) {
		code = configure_msmtp(&s, &error);
	} else {
		prompt_init(&s.prompt, x->options.yes);
		if (x->options.dry_run)
			s.prompt = (struct prompt){.terminal = false};
		context_attend(x, "nothing was written");
		code = configure_go(&s, &error);
	}
	draft_clear(&s.draft);
	buf_wipe(&s.secret);
	buf_clear(&s.domain);
	buf_clear(&s.found);
	address_clear(&s.address);
	config_clear(&s.there);
	free(s.path);
	free(s.name);
	free(s.relay);
	free(s.password_path);
	return code;
}
