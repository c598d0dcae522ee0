/*
 * Large mail providers: where their users submit mail, and which kind of password they need for
 * it. What is known here needs no lookup, and no name server can lie about it.
 */
#ifndef CONF_PROVIDERS_H
#define CONF_PROVIDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum provider_tls {
	PROVIDER_IMPLICIT, /* from the first byte */
	PROVIDER_STARTTLS,
	PROVIDER_CLEAR /* none: on this machine alone */
};

enum provider_password {
	PROVIDER_PASSWORD,     /* the one of the mailbox */
	PROVIDER_APP_PASSWORD, /* one made for this program */
	PROVIDER_TOKEN         /* no password at all: an OAuth2 access token, each hour anew */
};

struct provider {
	const char *name;
	const char *domains; /* with blanks between; one that begins with "." is any below it */
	const char *host;    /* NULL: nobody can submit mail there */
	int port;
	enum provider_tls tls;
	enum provider_password password;
	const char *hint; /* what to do there first, or NULL; no full stop */
};

/* Whose mailboxes the domain (ASCII, in any case) has, or NULL. */
const struct provider *provider_find(struct span domain);
/* Whose relay the host is, or NULL. */
const struct provider *provider_of_host(struct span host);
/* The n-th row, NULL behind the last: for tests. */
const struct provider *provider_row(size_t n);

#endif
