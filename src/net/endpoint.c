/*
 * Relay URLs: see endpoint.h. The generic syntax is RFC 3986 section 3, of which only what a
 * relay needs is taken: no query, no fragment, no password, no path but that of a unix socket.
 *
 * A password that somebody wrote into the URL against the rules must not show up in the error
 * that refuses it, however the URL is broken besides. So no text here quotes what stands before
 * an "@", or what should have been a port.
 */
#include "net/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/chars.h"
#include "base/text.h"
#include "net/pipe.h"

enum {
	ENDPOINT_HOST_MAX = 253,
	ENDPOINT_LABEL_MAX = 63,
	ENDPOINT_USER_MAX = 1024,
	ENDPOINT_FD_MAX = 1 << 20,
	ENDPOINT_PATH_MAX = 3072 /* of a Maildir, whose files have longer ones */
};

static const struct {
	const char *prefix;
	enum endpoint_scheme scheme;
	int port;
} schemes[] = {
	{"submissions://", ENDPOINT_SUBMISSIONS, 465},
	{"submission://", ENDPOINT_SUBMISSION, 587},
	{"smtp://", ENDPOINT_SMTP, 25},
	{"lmtp://", ENDPOINT_LMTP, 24},
	{"unix:", ENDPOINT_UNIX, 0},
	{"maildir:", ENDPOINT_MAILDIR, 0},
	{"mbox:", ENDPOINT_MBOX, 0},
	{"discard:", ENDPOINT_DISCARD, 0},
	{"pipe:", ENDPOINT_PIPE, 0},
	{"fd:", ENDPOINT_FD, 0},
	{"srv://", ENDPOINT_SRV, 0},
	{"socks5://", ENDPOINT_SOCKS5, 1080},
	{"http://", ENDPOINT_HTTP, 8080},
};

static bool scheme_is_proxy(enum endpoint_scheme scheme)
{
	return scheme == ENDPOINT_SOCKS5 || scheme == ENDPOINT_HTTP;
}

static const char *endpoint_noun(const struct endpoint *e)
{
	return scheme_is_proxy(e->scheme) ? "proxy" : "relay";
}

/* Where c stands last in s, or s.len. */
static size_t span_last(struct span s, char c)
{
	const char *at = s.len > 0 ? memrchr(s.data, c, s.len) : NULL;

	return at ? (size_t)(at - s.data) : s.len;
}

static bool span_has(struct span s, char c)
{
	return span_last(s, c) < s.len;
}

static struct span span_from(struct span s, size_t start)
{
	return (struct span){s.data + start, s.len - start};
}

/* Whether the text form s, without NUL, is an address of the family; *out is its binary form.
 */
static bool span_is_address(int family, struct span s, void *out)
{
	char text[INET6_ADDRSTRLEN];

	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	memcpy(text, s.data, s.len);
	text[s.len] = '\0';
	return strlen(text) == s.len && inet_pton(family, text, out) == 1;
}

static bool host_is_address(struct span host)
{
	struct in6_addr six;
	struct in_addr four;

	return span_is_address(AF_INET, host, &four) || span_is_address(AF_INET6, host, &six);
}

bool endpoint_is_address(const char *host)
{
	return host_is_address(span_of(host));
}

/* Whether the C library might read the last label as a part of an IPv4 address in one of the
 * old forms ("127.1", "0x7f000001"): such a host would be another than it looks. */
static bool label_is_number(struct span label)
{
	if (label.len == 0 || !chars_is(label.data[0], CHARS_DIGIT))
		return false;
	if (span_starts_nocase(label, "0x"))
		return true;
	for (size_t i = 0; i < label.len; i++)
		if (!chars_is(label.data[i], CHARS_DIGIT))
			return false;
	return true;
}

static bool label_is_sane(struct span label)
{
	if (label.len == 0 || label.len > ENDPOINT_LABEL_MAX || label.data[0] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!chars_is(label.data[i], CHARS_ALNUM | CHARS_UTF8) &&
		    label.data[i] != '-' && label.data[i] != '_')
			return false;
	return true;
}

/* Labels of RFC 1123 section 2.1, with the "_" that occurs and UTF-8 (RFC 5890); one final dot
 * is fine. Characters that a terminal must not get (text_show() escapes them) are not. */
bool endpoint_host_is_sane(struct span host)
{
	char shown[4 * ENDPOINT_HOST_MAX + 1];
	struct span rest = host;
	struct span label = host;

	if (host_is_address(host))
		return true;
	if (host.len == 0 || host.len > ENDPOINT_HOST_MAX ||
	    !span_equals(host, text_show(shown, sizeof(shown), host)))
		return false;
	if (host.data[host.len - 1] == '.')
		rest.len--;
	for (;;) {
		const char *dot = rest.len > 0 ? memchr(rest.data, '.', rest.len) : NULL;

		label = (struct span){rest.data, dot ? (size_t)(dot - rest.data) : rest.len};
		if (!label_is_sane(label))
			return false;
		if (!dot)
			return !label_is_number(label);
		rest = span_from(rest, label.len + 1);
	}
}

static int hex_value(char c)
{
	if (chars_is(c, CHARS_DIGIT))
		return c - '0';
	return chars_lower(c) - 'a' + 10;
}

/* pct-encoded = "%" HEXDIG HEXDIG (RFC 3986 section 2.1). Nothing that decodes to a control
 * character is a user. */
static int endpoint_parse_user(struct endpoint *e, struct span user, struct error *error)
{
	struct buf decoded;

	if (user.len == 0)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "the %s URL has an \"@\" but no user before it",
				 endpoint_noun(e));
	buf_init(&decoded, ENDPOINT_USER_MAX);
	for (size_t i = 0; i < user.len; i++) {
		char c = user.data[i];

		if (c == '%' && user.len - i > 2 && chars_is(user.data[i + 1], CHARS_HEX) &&
		    chars_is(user.data[i + 2], CHARS_HEX)) {
			c = (char)(hex_value(user.data[i + 1]) << 4 |
				   hex_value(user.data[i + 2]));
			i += 2;
		} else if (c == '%' || c == '/' || c == '?' || c == '#' || c == ' ') {
			c = '\0';
		}
		if (chars_is(c, CHARS_CONTROL))
			buf_truncate(&decoded, 0);
		if (chars_is(c, CHARS_CONTROL))
			break;
		buf_add_char(&decoded, c);
	}
	if (decoded.len == 0 || buf_failed(&decoded) || !text_is_utf8(buf_span(&decoded))) {
		buf_clear(&decoded);
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"the user in the %s URL is malformed: write \"%%\", \"/\", \"?\", "
			"\"#\" and blanks as %%25, %%2F, %%3F, %%23 and %%20",
			endpoint_noun(e));
	}
	e->user = buf_take(&decoded);
	return e->user ? 0 : error_set_memory(error);
}

static int endpoint_parse_port(struct endpoint *e, struct span port, struct error *error)
{
	int value = 0;

	for (size_t i = 0; i < port.len; i++) {
		if (!chars_is(port.data[i], CHARS_DIGIT) || value > 65535)
			value = 65536;
		else
			value = value * 10 + (port.data[i] - '0');
	}
	if (value < 1 || value > 65535)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "the %s URL needs a port from 1 to 65535 behind \"%s:\"",
				 endpoint_noun(e), TEXT_SHOW(span_of(e->host)));
	e->port = value;
	return 0;
}

/* host = IP-literal / IPv4address / reg-name (RFC 3986 section 3.2.2), then [ ":" port ]. */
static int endpoint_parse_host(struct endpoint *e, struct span rest, struct error *error)
{
	struct in6_addr six;
	struct span host;
	size_t end;

	if (rest.len > 0 && rest.data[0] == '[') {
		end = span_last(rest, ']');
		host = end < rest.len ? (struct span){rest.data + 1, end - 1} : rest;
		if (end == rest.len || !span_is_address(AF_INET6, host, &six))
			return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
					 "\"%s\" in the %s URL is no IPv6 address in brackets",
					 TEXT_SHOW(rest), endpoint_noun(e));
		rest = span_from(rest, end + 1);
	} else {
		const char *colon = rest.len > 0 ? memchr(rest.data, ':', rest.len) : NULL;

		end = colon ? (size_t)(colon - rest.data) : rest.len;
		host = (struct span){rest.data, end};
		if (!endpoint_host_is_sane(host))
			return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
					 "\"%s\" is no host name", TEXT_SHOW(host));
		rest = span_from(rest, end);
	}
	e->host = span_dup(host);
	if (!e->host)
		return error_set_memory(error);
	if (rest.len == 0)
		return 0;
	if (rest.data[0] != ':')
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "the %s URL goes on behind its host \"%s\"", endpoint_noun(e),
				 TEXT_SHOW(span_of(e->host)));
	return endpoint_parse_port(e, span_from(rest, 1), error);
}

static const char *endpoint_prefix(enum endpoint_scheme scheme)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (schemes[i].scheme == scheme)
			return schemes[i].prefix;
	return "";
}

/* unix:/path, or unix:///path as RFC 3986 would have it. The path is taken as it stands. */
static int endpoint_parse_path(struct endpoint *e, struct span path, struct error *error)
{
	const struct sockaddr_un *address;
	size_t room = ENDPOINT_PATH_MAX;

	if (e->scheme == ENDPOINT_UNIX)
		room = sizeof(address->sun_path);
	if (path.len > 2 && memcmp(path.data, "///", 3) == 0)
		path = span_from(path, 2);
	while (e->scheme == ENDPOINT_MAILDIR && path.len > 2 && path.data[path.len - 1] == '/')
		path.len--;
	if (path.len < 2 || path.data[0] != '/' || path.data[1] == '/')
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "the relay URL needs an absolute path behind \"%s\", as in "
				 "\"%s%s\"",
				 endpoint_prefix(e->scheme), endpoint_prefix(e->scheme),
				 e->scheme == ENDPOINT_UNIX ? "/run/relay.sock"
							    : "/home/ann/mail");
	for (size_t i = 0; i < path.len; i++)
		if (chars_is(path.data[i], CHARS_CONTROL))
			return error_set(
				error, ERROR_LOCAL, STAGE_CONFIG,
				"the path \"%s\" in the relay URL has a control character",
				TEXT_SHOW(path));
	if (path.len >= room)
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"the path %sin the relay URL is longer than the %zu bytes that %s",
			e->scheme == ENDPOINT_UNIX ? "of the unix socket " : "", room - 1,
			e->scheme == ENDPOINT_UNIX ? "the system allows" : "are allowed");
	e->path = span_dup(path);
	return e->path ? 0 : error_set_memory(error);
}

static int endpoint_parse_nothing(struct span rest, struct error *error)
{
	if (rest.len == 0)
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			 "the relay URL discard: ends behind its colon");
}

/* What stands behind "//". The last "@" ends the user, because no host holds one and people
 * write ann@example.org@mail.example.org; it is sought in all of the rest, so that a password
 * with a "/" is still seen as one. */
static int endpoint_parse_authority(struct endpoint *e, struct span rest, struct error *error)
{
	size_t at = span_last(rest, '@');
	struct span user = {rest.data, at};

	if (at < rest.len && span_has(user, ':'))
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"a %s URL must not hold a password, because URLs show up in process "
			"lists and logs: use %spasswordeval or a password file",
			endpoint_noun(e), scheme_is_proxy(e->scheme) ? "proxy_" : "");
	if (at < rest.len && endpoint_parse_user(e, user, error))
		return -1;
	if (at < rest.len)
		rest = span_from(rest, at + 1);
	if (rest.len > 1 && rest.data[rest.len - 1] == '/')
		rest.len--;
	if (rest.len == 0)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "the %s URL names no host",
				 endpoint_noun(e));
	return endpoint_parse_host(e, rest, error);
}

/* pipe:COMMAND, which is checked and taken as it stands. */
static int endpoint_parse_command(struct endpoint *e, struct span command, struct error *error)
{
	struct strv argv = {0};

	e->command = span_dup(command);
	if (!e->command)
		return error_set_memory(error);
	if (pipe_split(e->command, NULL, &argv, error))
		return -1;
	strv_clear(&argv);
	return 0;
}

/* fd:N, where 0 to 2 have their own use. */
static int endpoint_parse_fd(struct endpoint *e, struct span text, struct error *error)
{
	char digits[8] = "";
	const char *wrong = NULL;

	memcpy(digits, text.data, text.len < sizeof(digits) ? text.len : 0);
	e->fd = (int)strtonum(digits, 3, ENDPOINT_FD_MAX, &wrong);
	if (!wrong && chars_is(digits[0], CHARS_DIGIT))
		return 0;
	return error_set(
		error, ERROR_LOCAL, STAGE_CONFIG,
		"the relay URL needs the number of a descriptor from 3 on behind \"fd:\"");
}

/* srv://user@domain: the DNS has the ports. */
static int endpoint_parse_domain(struct endpoint *e, struct span rest, struct error *error)
{
	if (endpoint_parse_authority(e, rest, error))
		return -1;
	if (e->port == 0 && !endpoint_is_address(e->host))
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			 "the relay URL needs a domain without a port behind \"srv://\"");
}

static int endpoint_parse_rest(struct endpoint *e, struct span rest, struct error *error)
{
	switch (e->scheme) {
	case ENDPOINT_UNIX:
	case ENDPOINT_MAILDIR:
	case ENDPOINT_MBOX: return endpoint_parse_path(e, rest, error);
	case ENDPOINT_DISCARD: return endpoint_parse_nothing(rest, error);
	case ENDPOINT_PIPE: return endpoint_parse_command(e, rest, error);
	case ENDPOINT_FD: return endpoint_parse_fd(e, rest, error);
	case ENDPOINT_SRV: return endpoint_parse_domain(e, rest, error);
	default: return endpoint_parse_authority(e, rest, error);
	}
}

static int endpoint_refuse(struct span url, const char *wanted, struct error *error)
{
	bool shown = !span_has(url, '@');

	return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s%s%s%s does not begin with %s",
			 wanted[1] == 'o' ? "proxy URL" : "relay URL", shown ? " \"" : "",
			 shown ? TEXT_SHOW(url) : "", shown ? "\"" : "", wanted);
}

/* As endpoint_parse(), of the one or the other kind. */
static int endpoint_parse_kind(struct endpoint *e, struct span url, bool proxy,
			       struct error *error)
{
	*e = (struct endpoint){0};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (scheme_is_proxy(schemes[i].scheme) != proxy ||
		    !span_starts_nocase(url, schemes[i].prefix))
			continue;
		e->scheme = schemes[i].scheme;
		if (endpoint_parse_rest(e, span_from(url, strlen(schemes[i].prefix)), error)) {
			endpoint_clear(e);
			return -1;
		}
		return 0;
	}
	return endpoint_refuse(
		url,
		proxy ? "socks5:// or http://"
		      : "submissions://, submission://, smtp://, lmtp://, unix:/, "
			"pipe:, fd:, srv://, maildir:/, mbox:/ or discard:",
		error);
}

int endpoint_parse(struct endpoint *e, struct span url, struct error *error)
{
	return endpoint_parse_kind(e, url, false, error);
}

int endpoint_parse_proxy(struct endpoint *e, struct span url, struct error *error)
{
	return endpoint_parse_kind(e, url, true, error);
}

static int copy_string(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -1 : 0;
}

int endpoint_copy(struct endpoint *e, const struct endpoint *from)
{
	*e = (struct endpoint){.scheme = from->scheme, .fd = from->fd, .port = from->port};
	if (copy_string(&e->user, from->user) == 0 && copy_string(&e->host, from->host) == 0 &&
	    copy_string(&e->path, from->path) == 0 &&
	    copy_string(&e->command, from->command) == 0)
		return 0;
	endpoint_clear(e);
	return -1;
}

bool endpoint_is_bare(const struct endpoint *e)
{
	return e->scheme == ENDPOINT_NONE || e->scheme == ENDPOINT_PIPE ||
	       e->scheme == ENDPOINT_FD;
}

void endpoint_clear(struct endpoint *e)
{
	free(e->user);
	free(e->host);
	free(e->path);
	free(e->command);
	*e = (struct endpoint){0};
}

int endpoint_port(const struct endpoint *e)
{
	if (e->port != 0)
		return e->port;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (schemes[i].scheme == e->scheme)
			return schemes[i].port;
	return 25;
}

bool endpoint_is_store(const struct endpoint *e)
{
	return e->scheme == ENDPOINT_MAILDIR || e->scheme == ENDPOINT_MBOX ||
	       e->scheme == ENDPOINT_DISCARD;
}

/* The user with everything encoded that is not unreserved (RFC 3986 section 2.3). */
static void endpoint_write_user(const char *user, struct buf *out)
{
	for (; *user; user++)
		if (chars_is(*user, CHARS_ALNUM) || strchr("-._~", *user))
			buf_add_char(out, *user);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)*user);
	buf_add_char(out, '@');
}

void endpoint_write(const struct endpoint *e, struct buf *out)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (schemes[i].scheme == e->scheme)
			buf_add_string(out, schemes[i].prefix);
	if (e->scheme == ENDPOINT_FD)
		buf_printf(out, "%d", e->fd);
	if (e->command)
		buf_add_string(out, e->command);
	if (e->command || e->scheme == ENDPOINT_FD)
		return;
	if (!e->host) {
		buf_add_span(out, span_of(e->path));
		return;
	}
	if (e->user)
		endpoint_write_user(e->user, out);
	buf_printf(out, strchr(e->host, ':') ? "[%s]" : "%s", e->host);
	if (e->port)
		buf_printf(out, ":%d", e->port);
}

bool endpoint_is_localhost(const char *name)
{
	struct span host = span_of(name);
	struct in6_addr six;
	struct in_addr four;

	if (span_is_address(AF_INET, host, &four))
		return ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
	if (span_is_address(AF_INET6, host, &six))
		return IN6_IS_ADDR_LOOPBACK(&six);
	return span_equals_nocase(host, "localhost") || span_equals_nocase(host, "localhost.");
}

bool endpoint_is_local(const struct endpoint *e)
{
	if (e->scheme == ENDPOINT_PIPE || e->scheme == ENDPOINT_FD)
		return false;
	return e->scheme == ENDPOINT_UNIX || e->path || endpoint_is_store(e) ||
	       endpoint_is_localhost(e->host);
}

const char *endpoint_show(const struct endpoint *e, char *out, size_t size)
{
	const char *host = e->host ? e->host : "";

	if (e->path || endpoint_is_store(e))
		snprintf(out, size, "%s%s",
			 endpoint_prefix(e->path ? e->scheme : ENDPOINT_DISCARD),
			 TEXT_SHOW(span_of(e->path)));
	else if (e->scheme == ENDPOINT_SRV)
		snprintf(out, size, "srv://%s", TEXT_SHOW(span_of(host)));
	else if (e->command && !e->host)
		snprintf(out, size, "pipe:%.*s", (int)strcspn(e->command, " \t"),
			 TEXT_SHOW(span_of(e->command)));
	else if (e->scheme == ENDPOINT_FD && !e->host)
		snprintf(out, size, "fd:%d", e->fd);
	else if (strchr(host, ':'))
		snprintf(out, size, "[%s]:%d", TEXT_SHOW(span_of(host)), endpoint_port(e));
	else
		snprintf(out, size, "%s:%d", TEXT_SHOW(span_of(host)), endpoint_port(e));
	return out;
}
