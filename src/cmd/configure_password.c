/* Logins and passwords: see configure_password.h. */
#include "cmd/configure_password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/configure_try.h"
#include "conf/keep.h"
#include "conf/keys.h"
#include "conf/secret.h"

enum { PASSWORD_QUESTION_MAX = 1024 };

static const char password_missing[] = "--password-file, --passwordeval or --keyring";

/* The last word of the command line that says where a password is already, or NULL. */
static const struct options_setting *password_said(const struct setup *s)
{
	static const char *const sources[] = {"password_file", "passwordeval",
					      "password_credential", "password_keyring"};
	const struct options *o = &s->x->options;

	for (size_t n = o->setting_count; n-- > 0;)
		for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
			if (strcmp(o->settings[n].key, sources[i]) == 0)
				return &o->settings[n];
	return NULL;
}

/* Whether there is anything to prove. */
static bool password_is_wanted(const struct setup *s)
{
	const struct account *a = &s->draft.account;

	if (a->auth == ACCOUNT_AUTH_OFF || account_is_store(a))
		return false;
	if (a->auth != ACCOUNT_AUTH_UNSET || account_user(a) || password_said(s) ||
	    s->x->options.keyring)
		return true;
	if (s->provider)
		return true;
	return !s->no_login &&
	       (!endpoint_is_local(&a->relay) || a->relay.scheme == ENDPOINT_SUBMISSIONS ||
		a->relay.scheme == ENDPOINT_SUBMISSION);
}

/* The login, where the command line does not say it. */
static int password_user(struct setup *s, struct error *error)
{
	struct buf user;
	int failed;

	if (account_user(&s->draft.account))
		return 0;
	buf_init(&user, PROMPT_ANSWER_MAX);
	failed = prompt_line(&s->prompt, "--user", s->address.text, "Login", &user, error) ||
		 draft_word(&s->draft, "user", user.data, error);
	buf_clear(&user);
	return failed ? -1 : 0;
}

/* What can be chosen, in the order of the numbers. */
enum password_choice {
	CHOOSE_DESKTOP,
	CHOOSE_FILE,
	CHOOSE_KERNEL,
	CHOOSE_COMMAND,
	CHOOSE_TYPE
};

struct password_menu {
	enum password_choice items[5];
	int count;
};

static bool password_has_desktop(void)
{
	const char *path = getenv("PATH");

	return getenv("DBUS_SESSION_BUS_ADDRESS") && path && keep_has_tool(path);
}

static void password_list(const struct setup *s, struct password_menu *menu)
{
	bool token = s->provider && s->provider->password == PROVIDER_TOKEN;

	menu->count = 0;
	if (token)
		menu->items[menu->count++] = CHOOSE_COMMAND;
	if (!token && s->trust == CONFIG_USER && password_has_desktop())
		menu->items[menu->count++] = CHOOSE_DESKTOP;
	menu->items[menu->count++] = CHOOSE_FILE;
	if (s->trust == CONFIG_USER)
		menu->items[menu->count++] = CHOOSE_KERNEL;
	if (!token)
		menu->items[menu->count++] = CHOOSE_COMMAND;
	if (s->trust == CONFIG_USER)
		menu->items[menu->count++] = CHOOSE_TYPE;
}

static void password_show(const struct setup *s, const struct password_menu *menu)
{
	static const char *const texts[] = {
		[CHOOSE_DESKTOP] = "in the desktop's keyring",
		[CHOOSE_FILE] = "in a file that nobody else can read:",
		[CHOOSE_KERNEL] = "in the kernel's keyring, until the machine restarts",
		[CHOOSE_COMMAND] = "a command prints it, such as that of a password manager",
		[CHOOSE_TYPE] = "nowhere: it is typed each time",
	};

	prompt_say("Where is the password to lie?");
	for (int i = 0; i < menu->count; i++)
		prompt_say("  %d  %s%s%s", i + 1, texts[menu->items[i]],
			   menu->items[i] == CHOOSE_FILE ? " " : "",
			   menu->items[i] == CHOOSE_FILE ? s->password_path : "");
}

static int password_command(struct setup *s, struct error *error)
{
	struct buf command;
	int failed;

	buf_init(&command, PROMPT_ANSWER_MAX);
	failed = prompt_line(&s->prompt, "--passwordeval", NULL, "Command:", &command, error) ||
		 draft_word(&s->draft, "passwordeval", command.data, error);
	buf_clear(&command);
	s->keep = SETUP_KEEP_SAID;
	return failed ? -1 : 0;
}

static int password_complain(const struct setup *s, struct error *error)
{
	bool token = s->provider && s->provider->password == PROVIDER_TOKEN;

	return error_set(error, ERROR_LOCAL, STAGE_USAGE,
			 "there is no terminal to ask on: %s is missing",
			 token ? "--passwordeval" : password_missing);
}

int configure_may_go(const struct setup *s, struct error *error)
{
	const char *auth = setup_option(s, "auth");

	if (s->prompt.terminal || s->x->options.dry_run)
		return 0;
	if (!setup_has_relay(s) && !password_said(s) && !(auth && strcmp(auth, "off") == 0))
		return password_complain(s, error);
	if (s->x->options.keyring && !password_said(s))
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "there is no terminal to ask on: --password-file or "
				 "--passwordeval is missing");
	if (!s->prompt.yes)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "there is no terminal to ask on: --yes is missing");
	return 0;
}

/* By a person. */
static int password_choose(struct setup *s, struct error *error)
{
	struct password_menu menu;
	int number;

	password_list(s, &menu);
	if (!s->prompt.terminal && !s->x->options.dry_run)
		return password_complain(s, error);
	if (prompt_may_ask(&s->prompt))
		password_show(s, &menu);
	number = prompt_number(&s->prompt, menu.count, error);
	if (number < 0)
		return -1;
	switch (menu.items[number - 1]) {
	case CHOOSE_DESKTOP: s->keep = SETUP_KEEP_DESKTOP; return 0;
	case CHOOSE_FILE: s->keep = SETUP_KEEP_FILE; return 0;
	case CHOOSE_KERNEL: s->keep = SETUP_KEEP_KERNEL; return 0;
	case CHOOSE_COMMAND: break;
	case CHOOSE_TYPE: s->keep = SETUP_KEEP_NOWHERE; return 0;
	}
	if (s->prompt.terminal)
		return password_command(s, error);
	draft_remark(&s->draft, "passwordeval COMMAND");
	s->keep = SETUP_KEEP_NOWHERE;
	return 0;
}

/* By the command line: --keyring puts it there, wherever it is now. */
static int password_settle(struct setup *s, struct error *error)
{
	const char *keyring = s->x->options.keyring;
	if (keyring && strcmp(keyring, "kernel") == 0)
		s->keep = SETUP_KEEP_KERNEL;
	else if (keyring)
		s->keep = SETUP_KEEP_DESKTOP;
	else if (password_said(s))
		s->keep = SETUP_KEEP_SAID;
	else
		return password_choose(s, error);
	return 0;
}

/* The line that says where it lies. */
static int password_write(struct setup *s, struct error *error)
{
	const struct options_setting *said = password_said(s);
	struct draft *d = &s->draft;

	switch (s->keep) {
	case SETUP_KEEP_DESKTOP: return draft_word(d, "password_keyring", "desktop", error);
	case SETUP_KEEP_KERNEL:
		draft_remark(d, "The key is gone when the machine restarts.");
		return draft_word(d, "password_keyring", "kernel", error);
	case SETUP_KEEP_FILE: return draft_word(d, "password_file", s->password_path, error);
	case SETUP_KEEP_SAID: return said ? setup_add_option(s, d, said, error) : 0;
	case SETUP_KEEP_NOWHERE: break;
	}
	return 0;
}

/* What the command line names, to be put elsewhere. */
static int password_fetch(struct setup *s, const struct options_setting *said,
			  struct error *error)
{
	struct account from = {0};
	int failed = account_copy(&from, &s->draft.account)
			     ? error_set_memory(error)
			     : keys_set_value(&from, said->key, said->value, error);

	failed = failed || secret_get(&from, &s->x->secrets, &s->secret, error);
	account_clear(&from);
	return failed ? -1 : 0;
}

static int password_ask(struct setup *s, struct error *error)
{
	bool app = s->provider && s->provider->password == PROVIDER_APP_PASSWORD;
	char question[PASSWORD_QUESTION_MAX];

	snprintf(question, sizeof(question),
		 "%s for %s at %s:", app ? "App password" : "Password",
		 account_user(&s->draft.account), secret_host(&s->draft.account));
	buf_wipe(&s->secret);
	buf_init_secret(&s->secret, SECRET_MAX);
	return prompt_secret(&s->prompt, password_missing, question, &s->secret, error);
}

/* The login failed. Returns 1 to try again, 0 to go on all the same, -1 with the error as it
 * was. */
static int password_failed(const struct setup *s, bool typed, struct error *error)
{
	struct error ended;
	int again = 0, answer;

	if (!prompt_may_ask(&s->prompt))
		return -1;
	prompt_say("%s", error->text);
	if (typed && error->stage == STAGE_AUTH)
		again = prompt_consent(&s->prompt, NULL, true, "Try another password?", &ended);
	if (again != 0)
		return again;
	answer = prompt_consent(&s->prompt, NULL, false, "Go on all the same?", &ended);
	return answer > 0 ? 0 : -1;
}

/* Has the secret at hand, if one is to be kept, and tries it. */
static int password_try(struct setup *s, struct error *error)
{
	const struct account *a = &s->draft.account;
	const struct options_setting *said = password_said(s);
	bool bare = a->auth == ACCOUNT_AUTH_EXTERNAL || a->auth == ACCOUNT_AUTH_GSSAPI;
	bool typed = !bare && !said && s->keep != SETUP_KEEP_SAID;
	int again = 1;

	if (!bare && said && s->keep != SETUP_KEEP_SAID && password_fetch(s, said, error))
		return -1;
	while (again > 0) {
		if (typed && password_ask(s, error))
			return -1;
		if (configure_login(s, error) == 0) {
			prompt_say("the relay takes the login");
			return 0;
		}
		again = password_failed(s, typed, error);
	}
	return again;
}

int configure_password(struct setup *s, struct error *error)
{
	const struct provider *p = s->provider;
	struct draft *d = &s->draft;

	if (!password_is_wanted(s))
		return draft_settle(d, error);
	if (p && p->hint) {
		prompt_say("%s: %s", p->name, p->hint);
		draft_remark(d, "%s: %s.", p->name, p->hint);
	}
	if (password_user(s, error) ||
	    (p && p->password == PROVIDER_TOKEN && d->account.auth == ACCOUNT_AUTH_UNSET &&
	     draft_word(d, "auth", "xoauth2", error)) ||
	    password_settle(s, error) || password_write(s, error) || draft_settle(d, error))
		return -1;
	return s->x->options.dry_run ? 0 : password_try(s, error);
}

int configure_keep(const struct setup *s, struct error *error)
{
	switch (s->keep) {
	case SETUP_KEEP_DESKTOP:
		return keep_on_desktop(&s->draft.account, buf_span(&s->secret), error);
	case SETUP_KEEP_KERNEL:
		return keep_in_kernel(&s->draft.account, buf_span(&s->secret), error);
	case SETUP_KEEP_FILE:
		return keep_in_file(s->password_path, buf_span(&s->secret), error);
	case SETUP_KEEP_SAID:
	case SETUP_KEEP_NOWHERE: break;
	}
	return 0;
}
