/*
 * An account: one relay and how to use it, or a place on this machine instead. A record, filled
 * by conf/keys from configuration files and command line alike, so that every word means the
 * same in both.
 */
#ifndef CONF_ACCOUNT_H
#define CONF_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "net/endpoint.h"

enum { ACCOUNT_RELAYS_MAX = 16 }; /* behind the first */

/* A switch that knows whether it was set. */
enum setting { SETTING_UNSET, SETTING_OFF, SETTING_ON, SETTING_AUTO };

enum account_auth {
	ACCOUNT_AUTH_UNSET, /* on when a user is configured */
	ACCOUNT_AUTH_OFF,
	ACCOUNT_AUTH_ON,     /* the best mechanism that both sides have */
	ACCOUNT_AUTH_STRONG, /* the same, with those first that do not say the password */
	ACCOUNT_AUTH_PLAIN,
	ACCOUNT_AUTH_LOGIN,
	ACCOUNT_AUTH_CRAM_MD5,
	ACCOUNT_AUTH_SCRAM_SHA_1,
	ACCOUNT_AUTH_SCRAM_SHA_1_PLUS,
	ACCOUNT_AUTH_SCRAM_SHA_256,
	ACCOUNT_AUTH_SCRAM_SHA_256_PLUS,
	ACCOUNT_AUTH_XOAUTH2,
	ACCOUNT_AUTH_OAUTHBEARER,
	ACCOUNT_AUTH_EXTERNAL,
	ACCOUNT_AUTH_GSSAPI
};

enum account_family {
	ACCOUNT_FAMILY_ANY,
	ACCOUNT_FAMILY_IPV4, /* no other address of the relay is tried */
	ACCOUNT_FAMILY_IPV6
};

enum account_flight {
	ACCOUNT_FLIGHT_GROUPED, /* as many commands in one write as the relay allows */
	ACCOUNT_FLIGHT_CAREFUL  /* one after the other */
};

/* What happens to a message before its caller gets his exit status. */
enum account_delivery {
	ACCOUNT_DELIVERY_UNSET,       /* as interactive */
	ACCOUNT_DELIVERY_INTERACTIVE, /* one attempt; what it leaves over is queued */
	ACCOUNT_DELIVERY_BACKGROUND,  /* it is queued, and a runner starts */
	ACCOUNT_DELIVERY_QUEUE        /* it is queued */
};

/* Where the value of a member comes from. */
struct account_word {
	unsigned line;       /* in the file; of no file: one of enum account_speaker */
	unsigned short file; /* its number in struct config, from 1; 0: none */
	bool own;            /* said in the account itself, which hands it on to others */
};

enum account_speaker { ACCOUNT_SAID_BY_NOBODY, ACCOUNT_SAID_BY_OPTION, ACCOUNT_SAID_BY_RELAY };

enum { ACCOUNT_WORDS_MAX = 96 };

/* Who says which certificate of a relay is good. */
enum account_trust {
	ACCOUNT_TRUST_CA,        /* a CA of the system's or of the trust file */
	ACCOUNT_TRUST_FIRST_USE, /* whoever was there the first time */
	ACCOUNT_TRUST_DANE,      /* the relay's zone where it says so, else a CA */
	ACCOUNT_TRUST_DANE_ONLY  /* the relay's zone */
};

struct account {
	char *name;
	char *origin; /* "file:line" of its first word, or "command line": for errors */
	struct account_word here; /* where the word stands that is being read */
	struct account_word words[ACCOUNT_WORDS_MAX]; /* of the members, for account_word() */
	struct endpoint relay;
	struct strv more_relays; /* URLs, to be tried in turn when it is down */
	enum setting lmtp;       /* `protocol lmtp`: on, `protocol smtp`: off */
	char *source_ip;         /* or one of each family, with a comma between */
	char *bind_interface;
	enum account_family address_family;
	struct endpoint proxy;    /* its port is `proxy_port`'s; scheme ENDPOINT_NONE: none */
	char *proxy_passwordeval; /* these two replace each other */
	char *proxy_password_file;
	enum setting proxy_cleartext; /* on: its password may cross the network */
	int timeout;         /* seconds to connect, or to lock an mbox file; 0: the default */
	int attempt_timeout; /* seconds for one attempt as a whole; 0: no limit */
	int timeout_scale;   /* percent of RFC 5321's timeouts for replies; 0: 100 */
	enum account_flight flight;
	int flight_size; /* bytes of a message that may leave with its envelope; 0: the default
			  */

	char *domain;     /* qualifies bare addresses, names us in EHLO */
	struct strv from; /* addresses or patterns that select the account; the first address is
			     the sender */
	enum setting auto_from; /* on: `from` is made of the login name and maildomain */
	char *maildomain;
	char *from_full_name;
	char *sender_map;        /* file with the addresses of local users, or NULL */
	enum setting align_from; /* on: an author who is not ours becomes us */
	enum setting allow_from_override;
	enum setting set_from_header;  /* on: From replaced, auto: added when missing, off */
	enum setting set_date_header;  /* auto, off */
	enum setting set_msgid_header; /* auto, off */
	enum setting undisclosed_recipients;

	enum account_auth auth;
	char *user;
	char *auth_identity; /* whom to act as, NULL: the user */
	/* The sources of a secret replace each other: the last one said is the only one.
	 */
	struct buf password; /* wiped */
	char *password_file;
	char *passwordeval;
	char *password_credential; /* name under $CREDENTIALS_DIRECTORY */
	char *password_keyring;    /* "kernel", "kernel:NAME" or "desktop" */
	bool secret_withheld;      /* account_forget_secret() took one away */

	enum setting tls;          /* on, off, auto: if the relay offers it */
	enum setting tls_starttls; /* on: STARTTLS, off: TLS from the first byte */
	enum setting tls_certcheck;
	enum account_trust tls_trust;
	char *tls_trust_file;    /* NULL: the system's */
	char *dane_resolver;     /* "ADDRESS" or "ADDRESS@PORT"; NULL: the system's */
	char *dane_trust_anchor; /* NULL: the root's */
	char *tls_crl_file;
	char *tls_cert_file;
	char *tls_key_file;
	/* These two replace each other. */
	char *tls_key_password_file;
	char *tls_key_passwordeval;
	char *tls_fingerprint; /* one or several, as base/pin.h reads them */
	char *tls_pin;         /* likewise */
	int tls_min_version;   /* an enum tls_minimum of base/crypto.h */
	char *tls_priorities;
	char *tls_host_override;
	enum setting tls_session_cache; /* off: every session begins anew */

	/* What every message of the account wishes, in words that mail/wishes.h reads. */
	char *dsn_notify;
	char *dsn_return;
	char *deliver_by;
	char *submitter; /* a canonical address, or "<>" */
	enum setting require_tls;

	enum setting queue; /* off: what cannot be sent now is not kept */
	char *queue_dir;    /* NULL: where queue/spool.h looks */
	enum account_delivery delivery;
	int queue_lifetime; /* seconds until a message is given up; 0: SCHEDULE_LIFETIME */
	int delay_notice;   /* seconds until its sender is told that it waits, if he wants to
			       know; 0: 4 hours */
	enum setting
		duplicates; /* off: a message that may have been delivered is not sent again
			     */
	int connections;    /* at once; 0: 4 */
	int rate_count, rate_seconds; /* so many messages in so many seconds; 0: no limit */
	int report_limit;             /* reports an hour; 0: 20 */
	char *failure_command;        /* run when a message has failed, split on blanks */
	enum setting runner;          /* off: queueing starts none */

	char *aliases;
	enum setting aliases_include; /* on: ":include:" lists are read */
	struct strv local_domains;    /* patterns of domains that are this machine's, too */
	enum setting rewrite_headers; /* off: bare and local addresses of the header stay */
	char *logfile;
	char *log_format;          /* "text" or "json"; NULL: text */
	char *logfile_time_format; /* strftime(3)'s; NULL: ISO 8601 */
	int syslog;                /* facility, -1: off, 0: unset */
};

/* How TLS is to be used with an account: what its words and its relay come to. */
enum account_tls {
	ACCOUNT_TLS_NEVER,      /* said so, or unset with a relay on this machine */
	ACCOUNT_TLS_IF_OFFERED, /* tls auto: STARTTLS when offered, verified then */
	ACCOUNT_TLS_REQUIRED,   /* STARTTLS or nothing */
	ACCOUNT_TLS_IMPLICIT    /* from the first byte */
};

/* The account with its n-th relay alone, from 0 on: *view borrows all from a, but what is in
 * *owned, which endpoint_clear() frees. Returns 1; 0 when there is no n-th; -1 without memory.
 */
int account_view(const struct account *a, size_t n, struct account *view,
		 struct endpoint *owned);
/* Whether it leads to one relay alone, without others and without srv://. */
bool account_is_simple(const struct account *a);
/* Frees all of it, the password wiped; *a is all zero afterwards. */
void account_clear(struct account *a);
/* Copies base, name and origin too, into a freshly zeroed a. Returns 0, or -1 without memory.
 */
int account_copy(struct account *a, const struct account *base);
/* Notes that the member at offset (of struct account) was set by the word that stands `here`.
 */
void account_mark(struct account *a, size_t offset);
/* Whether the member at offset is a list of strings. */
bool account_is_list(size_t offset);
/* Where the value of the member at offset comes from; all zero: nobody set it. */
struct account_word account_word(const struct account *a, size_t offset);
/* Takes what it has for what others say: its own words come now. */
void account_disown(struct account *a);
/* Sets in a whatever was said for base, and leaves the rest: "account NAME : BASE". Returns 0,
 * or -1 without memory. */
int account_inherit(struct account *a, const struct account *base);
/* Forgets the password and every source of one; the same of the proxy's. */
void account_forget_secret(struct account *a);
void account_forget_proxy_secret(struct account *a);
/* Whether its words agree with each other: to be called when all of a file's are said. Returns
 * 0, or -1 with *error (local, stage config) that names the two that do not. A relay may still
 * be missing. */
int account_check(const struct account *a, struct error *error);
/* Whether its words, the command line's too, agree and say where its relay is: to be called
 * before it is used. Returns 0, or -1 with *error (local, stage config). */
int account_check_relay(const struct account *a, struct error *error);
/* submissions:// is TLS from the first byte and submission:// demands STARTTLS wherever the
 * relay is; the other kinds without a `tls` word demand it unless the relay is on this machine.
 * With host instead of a URL, TLS is from the first byte when `tls_starttls off` or port 465
 * says so. */
enum account_tls account_tls_mode(const struct account *a);
/* Whether its messages are kept on this machine, or thrown away: there is no relay. */
bool account_is_store(const struct account *a);
/* Whether the relay speaks LMTP: by its URL, or by `protocol`. */
bool account_is_lmtp(const struct account *a);
/* Whether the zones of the DNS have a say in whom to trust. */
bool account_wants_dane(const struct account *a);
/* Whether to authenticate. */
bool account_wants_auth(const struct account *a);
/* The login: `user`, else the user part of the relay URL, else NULL. */
const char *account_user(const struct account *a);
/* The port, defaults resolved: 465, 587, 25 and 24 by scheme; with host instead of a URL: 24
 * for LMTP, 465 for implicit TLS, 587 when there is a login, else 25. */
int account_port(const struct account *a);
/* Appends which account it is and where it stands, for a person: "work, /etc/pennypost.conf:7",
 * "command line". */
void account_show(const struct account *a, struct buf *out);
/* Whether one of `from` is the address or a pattern of it, with its detail or without: what
 * stands behind a "+" in the local part (RFC 5233). */
bool account_has_address(const struct account *a, const char *address);
/* The account's own address: the first of `from` that is not a pattern, or NULL. */
const char *account_sender(const struct account *a);

#endif
