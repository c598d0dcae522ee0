/*
 * From an account to a session: what its words mean for dialing, TLS and AUTH.
 */
#ifndef DELIVER_RELAY_H
#define DELIVER_RELAY_H

#include "base/error.h"
#include "conf/account.h"
#include "conf/secret.h"
#include "queue/spool.h"
#include "smtp/client.h"
#include "smtp/send.h"

struct relay_options {
	const struct account *account;
	const struct secret_sources *secrets;
	wire_listener *listener; /* or NULL */
	void *listener_context;
	const struct sasl_mechanism *refused; /* by this relay, or NULL (smtp/auth.h) */
	const char *config;       /* the file that -C must name for the account; NULL: none */
	struct spool_place queue; /* of which account is for the account to say */
	bool no_tickets;          /* even where the account wants them */
	const char *cache_home;   /* $XDG_CACHE_HOME, absolute, or NULL: of TLS tickets */
	const char *memory;       /* the file of deliver/outage.h, or NULL */
	const struct course_watch *watch; /* who wants to know what happens, or NULL: nobody */
	struct course *course;            /* where it is noted: a channel's own, or NULL */
	bool inspect; /* look only: an untrusted certificate is no failure, and no secret
			 is ever sent */
};

struct relay_trust;

/* Dials the account's relay, the first that can be reached where there are several; nothing has
 * been said yet. *trust (deliver/relay_trust.h) must last until TLS has begun, and be cleared
 * whatever is returned. NULL with *error. */
struct smtp *relay_dial(const struct relay_options *o, struct relay_trust *trust,
			struct error *error);
/* When an attempt over the account that begins now must be over; CLOCK_NEVER: never. */
int64_t relay_deadline(const struct account *a);
/* Adds to an error of such a session what to write in the configuration, where the relay seems
 * to speak TLS in the other way: relay_dial() and relay_open() have done so. */
void relay_advise(const struct account *a, struct error *error);
/* A login that is left for the flight of the first transaction. Cleared (and wiped) by
 * relay_login_clear(). */
struct relay_login {
	struct smtp_login login;
	struct sasl_credentials who;
	struct buf secret;
	bool is_due; /* AUTH has not been said yet */
};

void relay_login_clear(struct relay_login *l);
/* Dials, says hello, starts TLS and authenticates as the account demands: ready for MAIL. Where
 * the account has several relays, one that cannot be found, reached or trusted, or has no time
 * now, is followed by the next (deliver/route.h); the log says so. With
 * a login, an AUTH that may share the flight of the first transaction (RFC 4954 section 4) is
 * left there; *login is set whatever is returned. */
struct smtp *relay_open(const struct relay_options *o, struct relay_login *login,
			struct error *error);
/* Says in the log, and to the listener, what is worth knowing later. */
void relay_say(const struct relay_options *o, const char *text);
/* Tells the listener which account it is and where it stands: which words are at work is the
 * first thing to know when something is wrong. */
void relay_tell_account(const struct relay_options *o);

enum { RELAY_NAME_MAX = 320 };

/* "host:port" of the account's relay, the first where there are several: into out, of size
 * bytes. Returns out. */
const char *relay_show(const struct account *a, char *out, size_t size);
/* Puts it before an error of relay_dial() or relay_open(), which names the relays itself where
 * there are several. */
void relay_blame(const struct account *a, struct error *error);

#endif
