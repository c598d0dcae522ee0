/* Proxies: see proxy.h. */
#include "net/proxy.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/chars.h"
#include "base/text.h"
#include "net/inet.h"
#include "net/resolve.h"

enum {
	PROXY_HEADER_MAX = 16 * 1024,
	PROXY_REASON_MAX = 200,
	PROXY_FIELD_MAX = 255, /* of a name, user or password in SOCKS5 */
	PROXY_REQUEST_MAX = 16 * 1024,
	SOCKS_VERSION = 5,
	SOCKS_LOGIN_VERSION = 1,
	SOCKS_ADDRESS_MAX = 1 + 255
};

/* RFC 1928 sections 3, 4 and 5. */
enum { SOCKS_FREE = 0, SOCKS_LOGIN = 2, SOCKS_NO_METHOD = 0xff };
enum { SOCKS_CONNECT = 1, SOCKS_IPV4 = 1, SOCKS_NAME = 3, SOCKS_IPV6 = 4 };

/* One call of proxy_connect(). */
struct proxy_call {
	struct conn *conn;
	const struct proxy *proxy;
	const char *host; /* in A-labels */
	int port;
	int64_t deadline;
	struct error *error;
};

static int proxy_refused(struct proxy_call *p, const char *text)
{
	return error_set(p->error, ERROR_RELAY, STAGE_AUTH, "%s", text);
}

static int proxy_odd(struct proxy_call *p)
{
	return error_set(p->error, ERROR_RELAY, STAGE_PROTOCOL,
			 "what answers there is no %s proxy",
			 p->proxy->endpoint->scheme == ENDPOINT_HTTP ? "HTTP" : "SOCKS5");
}

static int proxy_say(struct proxy_call *p, const struct buf *request)
{
	if (buf_failed(request))
		return error_set(p->error, ERROR_LOCAL, STAGE_CONFIG,
				 "the login of the proxy is too long");
	return conn_write(p->conn, request->data, request->len, p->deadline, p->error);
}

/* More of an answer. Returns 0, -1. */
static int proxy_fill(struct proxy_call *p)
{
	int got = conn_fill(p->conn, p->deadline, p->error);

	if (got == 0)
		error_set(p->error, ERROR_TEMPORARY, STAGE_CONNECT,
			  "the connection was closed instead of an answer");
	return got > 0 ? 0 : -1;
}

/* Whether a password may be said to it. */
static int proxy_check_secret(struct proxy_call *p)
{
	if (conn_is_loopback(p->conn) || p->proxy->clear)
		return 0;
	return error_set(
		p->error, ERROR_LOCAL, STAGE_CONFIG,
		"its password would cross the network in clear: say \"proxy_cleartext on\" if "
		"that may be, or reach it through a tunnel on this machine");
}

static unsigned char octet(char c)
{
	return (unsigned char)c;
}

/* The two octets that answer a choice of method or a login. Returns the second, -1. */
static int socks_short_answer(struct proxy_call *p, int version)
{
	struct span in;
	int code;

	while (conn_input(p->conn).len < 2)
		if (proxy_fill(p))
			return -1;
	in = conn_input(p->conn);
	if (octet(in.data[0]) != version)
		return proxy_odd(p);
	code = octet(in.data[1]);
	conn_consume(p->conn, 2);
	return code;
}

static void socks_add_field(struct buf *b, struct span field)
{
	buf_add_char(b, (char)field.len);
	buf_add_span(b, field);
}

/* RFC 1929 section 2. */
static int socks_login(struct proxy_call *p)
{
	struct span user = span_of(p->proxy->endpoint->user);
	struct span password = p->proxy->password;
	struct buf request;
	int failed;

	if (user.len > PROXY_FIELD_MAX || password.len > PROXY_FIELD_MAX || password.len == 0)
		return error_set(p->error, ERROR_LOCAL, STAGE_CONFIG,
				 "SOCKS5 takes users and passwords of 1 to %d bytes",
				 PROXY_FIELD_MAX);
	if (proxy_check_secret(p))
		return -1;
	buf_init_secret(&request, 3 + 2 * PROXY_FIELD_MAX);
	buf_add_char(&request, SOCKS_LOGIN_VERSION);
	socks_add_field(&request, user);
	socks_add_field(&request, password);
	failed = proxy_say(p, &request);
	buf_wipe(&request);
	if (failed)
		return -1;
	failed = socks_short_answer(p, SOCKS_LOGIN_VERSION);
	return failed > 0 ? proxy_refused(p, "it refuses the login") : failed;
}

/* RFC 1928 section 3: a login is offered only where we have one. */
static int socks_greet(struct proxy_call *p)
{
	bool login = p->proxy->endpoint->user != NULL;
	struct buf request;
	int method;

	buf_init(&request, 4);
	buf_add_char(&request, SOCKS_VERSION);
	buf_add_char(&request, login ? 2 : 1);
	buf_add_char(&request, SOCKS_FREE);
	if (login)
		buf_add_char(&request, SOCKS_LOGIN);
	method = proxy_say(p, &request);
	buf_clear(&request);
	if (method == 0)
		method = socks_short_answer(p, SOCKS_VERSION);
	if (method == SOCKS_LOGIN && login)
		return socks_login(p);
	if (method == SOCKS_NO_METHOD)
		return proxy_refused(p, login ? "it takes no login by password"
					      : "it wants a login: put a user into its URL");
	return method > 0 ? proxy_odd(p) : method;
}

/* RFC 1928 section 4. */
static int socks_ask(struct proxy_call *p)
{
	struct inet_address address;
	struct buf request;
	int failed;

	buf_init(&request, 6 + SOCKS_ADDRESS_MAX);
	buf_add_char(&request, SOCKS_VERSION);
	buf_add_char(&request, SOCKS_CONNECT);
	buf_add_char(&request, 0);
	if (!inet_parse(&address, p->host, p->port)) {
		buf_add_char(&request, SOCKS_NAME);
		socks_add_field(&request, span_of(p->host));
	} else if (address.any.sa_family == AF_INET) {
		buf_add_char(&request, SOCKS_IPV4);
		buf_add(&request, &address.four.sin_addr, sizeof(address.four.sin_addr));
	} else {
		buf_add_char(&request, SOCKS_IPV6);
		buf_add(&request, &address.six.sin6_addr, sizeof(address.six.sin6_addr));
	}
	buf_add_char(&request, (char)(p->port >> 8));
	buf_add_char(&request, (char)p->port);
	failed = proxy_say(p, &request);
	buf_clear(&request);
	return failed;
}

int proxy_parse_socks(struct span in, size_t *used, int *code)
{
	size_t len;

	if (in.len > 0 && octet(in.data[0]) != SOCKS_VERSION)
		return -1;
	if (in.len < 2)
		return 0;
	*code = octet(in.data[1]);
	/* Some leave the rest out when they refuse. */
	if (*code != 0) {
		*used = in.len;
		return 1;
	}
	if (in.len < 5)
		return 0;
	switch (octet(in.data[3])) {
	case SOCKS_IPV4: len = 4; break;
	case SOCKS_IPV6: len = 16; break;
	case SOCKS_NAME: len = 1 + (size_t)octet(in.data[4]); break;
	default: return -1;
	}
	*used = 4 + len + 2;
	return in.len >= *used;
}

/* RFC 1928 section 6. */
static int socks_refuse(struct proxy_call *p, int code)
{
	static const char *const reasons[] = {
		[1] = "a failure it does not explain",
		[2] = "its rules do not allow that",
		[3] = "the network is unreachable",
		[4] = "the host is unreachable",
		[5] = "the connection was refused",
		[6] = "the time to live ran out",
		[7] = "it knows no CONNECT",
		[8] = "it does not know that type of address",
	};
	bool known = (size_t)code < sizeof(reasons) / sizeof(reasons[0]);
	bool rules = code == 2 || code == 7 || code == 8;

	return error_set(p->error, rules ? ERROR_RELAY : ERROR_TEMPORARY,
			 rules ? STAGE_AUTH : STAGE_CONNECT,
			 "it cannot connect to %s port %d: %s", TEXT_SHOW(span_of(p->host)),
			 p->port, known ? reasons[code] : "a reason of its own");
}

static int socks_connect(struct proxy_call *p)
{
	size_t used = 0;
	int code = 0;
	int got;

	if (socks_greet(p) || socks_ask(p))
		return -1;
	while ((got = proxy_parse_socks(conn_input(p->conn), &used, &code)) == 0)
		if (proxy_fill(p))
			return -1;
	if (got < 0)
		return proxy_odd(p);
	conn_consume(p->conn, used);
	return code == 0 ? 0 : socks_refuse(p, code);
}

/* The credentials of RFC 7617 section 2. */
static int http_add_login(struct proxy_call *p, struct buf *request)
{
	const char *user = p->proxy->endpoint->user;
	struct buf login;

	if (!user)
		return 0;
	if (strchr(user, ':'))
		return error_set(p->error, ERROR_LOCAL, STAGE_CONFIG,
				 "HTTP takes no user with a colon");
	if (proxy_check_secret(p))
		return -1;
	buf_init_secret(&login, PROXY_REQUEST_MAX);
	buf_printf(&login, "%s:", user);
	buf_add_span(&login, p->proxy->password);
	buf_add_string(request, "Proxy-Authorization: Basic ");
	base64_encode(request, buf_span(&login));
	buf_add_string(request, "\r\n");
	buf_wipe(&login);
	return 0;
}

static int http_ask(struct proxy_call *p)
{
	bool bare = strchr(p->host, ':') == NULL;
	struct buf target, request;
	int failed;

	buf_init(&target, 1024);
	buf_init_secret(&request, 2 * PROXY_REQUEST_MAX);
	buf_printf(&target, bare ? "%s:%d" : "[%s]:%d", p->host, p->port);
	buf_printf(&request, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", target.data, target.data);
	failed = http_add_login(p, &request);
	buf_add_string(&request, "\r\n");
	if (!failed)
		failed = proxy_say(p, &request);
	buf_wipe(&request);
	buf_clear(&target);
	return failed;
}

/* status-line = "HTTP/1." DIGIT SP 3DIGIT [ SP reason ] (RFC 9112 section 4), then lines up to
 * an empty one; a lone LF ends a line as well (section 2.2). */
int proxy_parse_http(struct span in, size_t *used, int *code, struct span *reason)
{
	static const char form[] = "HTTP/1.d ddd";
	const char *lf = in.len > 0 ? memchr(in.data, '\n', in.len) : NULL;
	const char *at = lf;

	for (size_t i = 0; i < sizeof(form) - 1 && i < in.len; i++)
		if (form[i] == 'd' ? !chars_is(in.data[i], CHARS_DIGIT) : in.data[i] != form[i])
			return -1;
	while (at) {
		const char *next = at + 1;
		size_t left = in.len - (size_t)(next - in.data);

		if (left > 0 &&
		    (*next == '\n' || (left > 1 && next[0] == '\r' && next[1] == '\n')))
			break;
		at = left > 0 ? memchr(next, '\n', left) : NULL;
	}
	if (!at)
		return in.len > PROXY_HEADER_MAX ? -1 : 0;
	if ((size_t)(lf - in.data) < sizeof(form) - 1)
		return -1;
	*used = (size_t)(at - in.data) + (at[1] == '\n' ? 2 : 3);
	*code = (in.data[9] - '0') * 100 + (in.data[10] - '0') * 10 + in.data[11] - '0';
	*reason = span_trim(
		(struct span){in.data + 9, (size_t)(lf - in.data) - 9}); /* with the code */
	return 1;
}

/* 407 is RFC 9110 section 15.5.8. */
static int http_refuse(struct proxy_call *p, int code, struct span reason)
{
	bool temporary = code >= 500 && code != 501 && code != 505;

	if (reason.len > PROXY_REASON_MAX)
		reason.len = PROXY_REASON_MAX;
	if (code == 407)
		return proxy_refused(p, p->proxy->endpoint->user
						? "it refuses the login"
						: "it wants a login: put a user into its URL");
	return error_set(p->error, temporary ? ERROR_TEMPORARY : ERROR_RELAY,
			 temporary ? STAGE_CONNECT : STAGE_AUTH,
			 "it does not connect to %s port %d: %s", TEXT_SHOW(span_of(p->host)),
			 p->port, TEXT_SHOW(reason));
}

/* One answer with its header. Returns its status, or -1. */
static int http_answer(struct proxy_call *p, size_t *used, struct span *reason)
{
	int code = 0;
	int got;

	while ((got = proxy_parse_http(conn_input(p->conn), used, &code, reason)) == 0)
		if (proxy_fill(p))
			return -1;
	return got < 0 ? proxy_odd(p) : code;
}

/* Any 1yz but 101 announces another answer (RFC 9110 section 15.2); the deadline bounds them.
 */
static int http_connect(struct proxy_call *p)
{
	struct span reason = {0};
	size_t used = 0;
	int code;

	if (http_ask(p))
		return -1;
	while ((code = http_answer(p, &used, &reason)) / 100 == 1 && code != 101)
		conn_consume(p->conn, used);
	if (code < 0)
		return -1;
	if (code / 100 != 2)
		return http_refuse(p, code, reason);
	conn_consume(p->conn, used);
	return 0;
}

int proxy_connect(struct conn *c, const struct proxy *p, const char *host, int port,
		  int64_t deadline, struct error *error)
{
	struct proxy_call call = {c, p, NULL, port, deadline, error};
	struct buf name;
	int failed;

	buf_init(&name, PROXY_FIELD_MAX);
	failed = resolve_encode(host, &name, error);
	if (!failed && buf_failed(&name))
		failed = proxy_refused(&call, "the relay's name is too long for it");
	call.host = name.data;
	if (!failed)
		failed = p->endpoint->scheme == ENDPOINT_HTTP ? http_connect(&call)
							      : socks_connect(&call);
	buf_clear(&name);
	return failed ? -1 : 0;
}
