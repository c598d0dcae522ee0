/*
 * An account: one relay and how to use it. A record, filled by conf/keys from configuration
 * files and command line alike, so that every word means the same in both.
 */
#ifndef CONF_ACCOUNT_H
#define CONF_ACCOUNT_H

#include <stdbool.h>

#include "base/buf.h"
#include "net/endpoint.h"

/* A switch that knows whether it was set. */
enum setting { SETTING_UNSET, SETTING_OFF, SETTING_ON, SETTING_AUTO };

enum account_auth {
	ACCOUNT_AUTH_UNSET, /* on when a user is configured */
	ACCOUNT_AUTH_OFF,
	ACCOUNT_AUTH_ON, /* the best mechanism that both sides have */
	ACCOUNT_AUTH_PLAIN,
	ACCOUNT_AUTH_LOGIN,
	ACCOUNT_AUTH_CRAM_MD5
};

struct account {
	char *name;
	char *origin; /* "file:line" of its first word, or "command line": for errors */
	struct endpoint relay;
	char *source_ip;
	int timeout;       /* seconds to connect; 0: the default */
	int timeout_scale; /* percent of RFC 5321's timeouts for replies; 0: 100 */

	char *domain;     /* qualifies bare addresses, names us in EHLO */
	struct strv from; /* addresses or patterns that select the account; [0] is the sender */
	char *from_full_name;
	enum setting allow_from_override;
	enum setting set_from_header;    /* on: From replaced, auto: added when missing, off */
	enum setting set_date_header;    /* auto, off */
	enum setting set_msgid_header;   /* auto, off */
	enum setting remove_bcc_headers; /* on, off */
	enum setting undisclosed_recipients;

	enum account_auth auth;
	char *user;
	struct buf password; /* wiped */
	char *password_file;
	char *passwordeval;
	char *password_credential; /* name under $CREDENTIALS_DIRECTORY */

	enum setting tls;          /* on, off, auto: if the relay offers it */
	enum setting tls_starttls; /* on: STARTTLS, off: TLS from the first byte */
	enum setting tls_certcheck;
	char *tls_trust_file; /* NULL: the system's */
	char *tls_crl_file;
	char *tls_cert_file;
	char *tls_key_file;
	char *tls_fingerprint;
	char *tls_priorities;
	char *tls_host_override;

	char *aliases;
	char *logfile;
	int syslog; /* facility, -1: off, 0: unset */
};

/* How TLS is to be used with an account: what its words and its relay come to. */
enum account_tls {
	ACCOUNT_TLS_NEVER,      /* said so, or unset with a relay on this machine */
	ACCOUNT_TLS_IF_OFFERED, /* tls auto: STARTTLS when offered, verified then */
	ACCOUNT_TLS_REQUIRED,   /* STARTTLS or nothing */
	ACCOUNT_TLS_IMPLICIT    /* from the first byte */
};

void account_clear(struct account *a);
/* Copies base into a freshly zeroed a, as "account NAME : BASE" does. Returns 0 or -1. */
int account_copy(struct account *a, const struct account *base);
enum account_tls account_tls_mode(const struct account *a);
/* Whether to authenticate. */
bool account_wants_auth(const struct account *a);
/* The login: `user`, else the user part of the relay URL, else NULL. */
const char *account_user(const struct account *a);
/* The port, defaults resolved: 465, 587 and 25 by scheme; with host instead of a URL: 465 for
 * implicit TLS, 587 when there is a login, else 25. */
int account_port(const struct account *a);

#endif
