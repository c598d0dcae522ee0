/* Reading netrc: see netrc.h. One pass; an entry is judged where the next one begins. */
#include "conf/netrc.h"

#include <stdbool.h>
#include <string.h>

#include "base/chars.h"

enum { TOKEN_MAX = 12 * 1024 };

struct netrc {
	struct span rest;
	int line;
	struct buf token;
	struct buf login;
	struct buf password;
	bool host; /* the entry is for the host looked for */
};

static int netrc_error(const struct netrc *n, const char *text, struct error *error)
{
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "line %d: %s", n->line, text);
}

static void netrc_skip(struct netrc *n)
{
	n->line += n->rest.data[0] == '\n';
	n->rest.data++;
	n->rest.len--;
}

static bool netrc_at(const struct netrc *n, unsigned classes)
{
	return n->rest.len > 0 && chars_is(n->rest.data[0], classes);
}

/* quoted = DQUOTE *( any / "\" DQUOTE / "\\" ) DQUOTE, within one line */
static int netrc_quoted(struct netrc *n, struct error *error)
{
	netrc_skip(n);
	while (n->rest.len > 0 && n->rest.data[0] != '"' && n->rest.data[0] != '\n') {
		if (n->rest.data[0] == '\\' && n->rest.len > 1 && n->rest.data[1] != '\n')
			netrc_skip(n);
		buf_add_char(&n->token, n->rest.data[0]);
		netrc_skip(n);
	}
	if (n->rest.len == 0 || n->rest.data[0] != '"')
		return netrc_error(n, "the closing quote is missing", error);
	netrc_skip(n);
	return 0;
}

/* The next token. 1 there is one, 0 the end, -1 error. */
static int netrc_next(struct netrc *n, struct error *error)
{
	buf_reset(&n->token);
	while (netrc_at(n, CHARS_BLANK | CHARS_NEWLINE))
		netrc_skip(n);
	if (n->rest.len == 0)
		return 0;
	if (n->rest.data[0] == '"')
		return netrc_quoted(n, error) ? -1 : 1;
	while (n->rest.len > 0 && !netrc_at(n, CHARS_BLANK | CHARS_NEWLINE)) {
		buf_add_char(&n->token, n->rest.data[0]);
		netrc_skip(n);
	}
	if (buf_failed(&n->token))
		return netrc_error(n, "a word is too long", error);
	return 1;
}

/* Passes over a macro: up to an empty line. */
static void netrc_skip_macro(struct netrc *n)
{
	bool empty = false;

	while (n->rest.len > 0 && !(empty && n->rest.data[0] == '\n')) {
		empty = n->rest.data[0] == '\n' || (empty && n->rest.data[0] == '\r');
		netrc_skip(n);
	}
}

static void netrc_skip_line(struct netrc *n)
{
	while (n->rest.len > 0 && n->rest.data[0] != '\n')
		netrc_skip(n);
}

/* Whether the entry just ended is the one; it is forgotten if not. */
static bool netrc_entry_fits(struct netrc *n, const char *user)
{
	if (n->host && n->password.len > 0 &&
	    (n->login.len == 0 || !user || span_equals(buf_span(&n->login), user)))
		return true;
	buf_reset(&n->login);
	buf_wipe(&n->password);
	n->host = false;
	return false;
}

/* What the keyword in `token` says. Sets *found when it ends the entry looked for. */
static int netrc_keyword(struct netrc *n, const char *host, const char *user, bool *found,
			 struct error *error)
{
	struct span word = buf_span(&n->token);
	bool machine = span_equals(word, "machine");
	struct buf *value = span_equals(word, "login")      ? &n->login
			    : span_equals(word, "password") ? &n->password
							    : NULL;
	int result;

	if (word.len > 0 && word.data[0] == '#') {
		netrc_skip_line(n);
		return 0;
	}
	if (machine || span_equals(word, "default")) {
		*found = netrc_entry_fits(n, user);
		n->host = !machine;
		if (*found || !machine)
			return 0;
	} else if (!value && !span_equals(word, "account") && !span_equals(word, "macdef"))
		return netrc_error(n,
				   "machine, default, login, password, account or macdef is "
				   "expected",
				   error);
	if (span_equals(word, "macdef")) {
		netrc_skip_macro(n);
		return 0;
	}
	result = netrc_next(n, error);
	if (result == 0)
		return netrc_error(n, "a value is missing at the end", error);
	if (result < 0)
		return -1;
	if (machine)
		n->host = span_equals_nocase(buf_span(&n->token), host);
	if (value) {
		buf_reset(value);
		buf_add_span(value, buf_span(&n->token));
	}
	return 0;
}

int netrc_find(struct span text, const char *host, const char *user, struct buf *out,
	       struct error *error)
{
	struct netrc n = {.rest = text, .line = 1};
	bool found = false;
	int result = 1;

	buf_init_secret(&n.token, TOKEN_MAX);
	buf_init(&n.login, TOKEN_MAX);
	buf_init_secret(&n.password, TOKEN_MAX);
	while (!found && (result = netrc_next(&n, error)) == 1)
		if (netrc_keyword(&n, host, user, &found, error)) {
			result = -1;
			break;
		}
	if (result == 0)
		found = netrc_entry_fits(&n, user);
	if (result >= 0)
		result = found;
	if (result == 1)
		buf_add_span(out, buf_span(&n.password));
	buf_wipe(&n.token);
	buf_wipe(&n.login);
	buf_wipe(&n.password);
	return result;
}
