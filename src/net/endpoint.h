/*
 * Where a relay is: the URL of the configuration taken apart.
 *
 *   submissions://user@host:port   TLS from the first byte, port 465 (RFC 8314 section 3.3)
 *   submission://user@host:port    STARTTLS, port 587 (RFC 6409)
 *   smtp://host:port               STARTTLS unless loopback, port 25
 *   lmtp://host:port               RFC 2033, STARTTLS unless loopback, port 24
 *   unix:/path                     a unix socket that speaks SMTP
 *   pipe:COMMAND                   where a command leads to (net/pipe.h)
 *   fd:N                           a connected socket that we inherited
 *   srv://user@domain              what the DNS names (RFC 6186, 8314)
 *   maildir:/path                  no relay: messages are kept in a Maildir,
 *   mbox:/path                     in a file of the mbox format,
 *   discard:                       or nowhere
 *
 * and of a proxy: socks5://user@host:port, http://user@host:port.
 *
 * A host may be a name, an IPv4 address, or an IPv6 address in brackets. The user part is
 * percent- decoded; a password in a URL is refused, because URLs end up in process lists and
 * logs.
 */
#ifndef NET_ENDPOINT_H
#define NET_ENDPOINT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

enum endpoint_scheme {
	ENDPOINT_NONE,
	ENDPOINT_SUBMISSIONS,
	ENDPOINT_SUBMISSION,
	ENDPOINT_SMTP,
	ENDPOINT_LMTP,
	ENDPOINT_UNIX,
	ENDPOINT_PIPE,
	ENDPOINT_FD,
	ENDPOINT_SRV,
	ENDPOINT_MAILDIR,
	ENDPOINT_MBOX,
	ENDPOINT_DISCARD,
	ENDPOINT_SOCKS5, /* these two by endpoint_parse_proxy() alone */
	ENDPOINT_HTTP
};

struct endpoint {
	enum endpoint_scheme scheme;
	char *user; /* from the URL, or NULL */
	char *host; /* name or address without brackets; NULL without a network; the domain of
		       srv: */
	char *path; /* of the unix socket, Maildir or mbox file; or NULL */
	char *command; /* of pipe:, or NULL */
	int fd;        /* of fd: */
	int port;      /* 0: the scheme's default */
};

/* Takes a URL apart into *e, whose strings endpoint_clear() frees. Returns 0, or -1 with *error
 * (local, stage config) that names what is wrong. */
int endpoint_parse(struct endpoint *e, struct span url, struct error *error);
/* The same for the URL of a proxy. */
int endpoint_parse_proxy(struct endpoint *e, struct span url, struct error *error);
/* Copies from into *e, which holds nothing yet. Returns 0, or -1 without memory. */
int endpoint_copy(struct endpoint *e, const struct endpoint *from);
void endpoint_clear(struct endpoint *e);
/* Whether the scheme says nothing of TLS and port, so that other words do: none, pipe: and fd:.
 */
bool endpoint_is_bare(const struct endpoint *e);
/* The port to connect to: the given one, else the scheme's. */
int endpoint_port(const struct endpoint *e);
/* Whether messages are kept on this machine, or thrown away, and nobody is dialed. */
bool endpoint_is_store(const struct endpoint *e);
/* Whether host is an address literal that needs no lookup and no SNI. */
bool endpoint_is_address(const char *host);
/* Whether it is a loopback address or "localhost". */
bool endpoint_is_localhost(const char *host);
/* Whether the relay is on this machine by what is written: a loopback address, "localhost", a
 * unix socket, or no relay at all. */
bool endpoint_is_local(const struct endpoint *e);
/* Appends the URL that endpoint_parse() makes the same of. The scheme must be one. */
void endpoint_write(const struct endpoint *e, struct buf *out);
/* "host:port", "[::1]:25", "unix:/path", "maildir:/path", "pipe:ssh" or "fd:3", for a person:
 * into out, of size
 * bytes. Returns out. */
const char *endpoint_show(const struct endpoint *e, char *out, size_t size);
/* Whether host is fit for a lookup, for SNI and for a message: letters, digits, "-", "_", "."
 * and UTF-8, at most 253 bytes, or an address. */
bool endpoint_host_is_sane(struct span host);

#endif
