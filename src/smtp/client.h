/*
 * An SMTP, submission or LMTP session as a client: at least what Go's net/smtp offers (RFC
 * 5321, 3207, 4954, 2920, 1870, 6152, 2033).
 *
 * The order of calls is the caller's; hello happens by itself where it is needed. Every
 * argument is refused when it holds CR, LF or NUL. Functions return 0, or -1 with *error; the
 * last reply stays readable either way.
 */
#ifndef SMTP_CLIENT_H
#define SMTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/endpoint.h"
#include "sasl/sasl.h"
#include "smtp/capability.h"
#include "smtp/parameters.h"
#include "smtp/reply.h"
#include "smtp/wire.h"

struct smtp;

enum smtp_tls {
	SMTP_TLS_NEVER,
	SMTP_TLS_IF_OFFERED,
	SMTP_TLS_REQUIRED, /* STARTTLS, or the session fails before AUTH and MAIL */
	SMTP_TLS_IMPLICIT  /* from the first byte */
};

/* What a session is opened with. Strings are borrowed for its life. */
struct smtp_options {
	enum smtp_tls tls;
	struct tls_policy tls_policy;
	bool lmtp;              /* LHLO instead of EHLO */
	const char *local_name; /* for EHLO, copied; NULL: the address literal of the socket */
	bool clear_secret; /* `tls off` was said: secrets may go to a loopback address in clear
			    */
	int timeout_scale; /* percent of RFC 5321's timeouts */
	int greeting_seconds; /* for the greeting, scaled too; 0: RFC 5321's */
	int64_t deadline;     /* of everything, connecting included; 0: none */
	wire_listener *listener;
	void *listener_context;
};

/* A session over a connection, which it takes over. NULL without memory. */
struct smtp *smtp_new(struct conn *c, const struct smtp_options *options, struct error *error);
/* dial() and smtp_new(), with implicit TLS if that is asked for. */
struct smtp *smtp_dial(const struct endpoint *e, const struct dial_options *how,
		       const struct smtp_options *options, struct error *error);
/* Something that the options point into: released when the session is freed. */
void smtp_keep(struct smtp *s, void *kept, void (*release)(void *kept));
/* Where smtp_dial() went, "host:port"; "" for smtp_new(). */
const char *smtp_where(const struct smtp *s);
/* Closes without QUIT. NULL is fine. */
void smtp_free(struct smtp *s);

/* Greeting, EHLO (HELO when EHLO gets a 5yz, never after 421; LHLO for LMTP). Done once; called
 * by the others. */
int smtp_hello(struct smtp *s, struct error *error);
/* STARTTLS and the second EHLO, by the policy of the options: everything known before is
 * forgotten. */
int smtp_starttls(struct smtp *s, struct error *error);
/* hello, then STARTTLS as the options demand. */
int smtp_open(struct smtp *s, struct error *error);
/* smtp_open(), and the last look that what was required is there: before AUTH and MAIL. */
int smtp_ready(struct smtp *s, struct error *error);
int smtp_tls_state(struct smtp *s, struct tls_info *info, struct error *error);
bool smtp_is_lmtp(const struct smtp *s);
bool smtp_extension(const struct smtp *s, const char *keyword, struct span *parameters);
const struct capabilities *smtp_capabilities(const struct smtp *s);
const struct reply *smtp_greeting(const struct smtp *s);
const struct reply *smtp_last_reply(const struct smtp *s);

/* Whether the connection may carry a secret: verified TLS, a unix socket of root or ourselves,
 * or a loopback address with clear_secret. */
bool smtp_may_carry_secret(const struct smtp *s);

int smtp_mail(struct smtp *s, const char *reverse_path, const struct smtp_mail_options *needs,
	      struct error *error);
int smtp_rcpt(struct smtp *s, const char *forward_path, struct error *error);
/* DATA as a writer: open after 354, write any number of pieces (any line ends: they go through
 * the wire form), close sends the final dot and returns the verdict. Over LMTP there is one
 * verdict for each accepted recipient, so these are for a single one there; send.h is for any.
 */
int smtp_data_open(struct smtp *s, struct error *error);
int smtp_data_write(struct smtp *s, struct span piece, struct error *error);
int smtp_data_close(struct smtp *s, struct error *error);
int smtp_noop(struct smtp *s, struct error *error);
int smtp_reset(struct smtp *s, struct error *error);
int smtp_verify(struct smtp *s, const char *address, struct error *error);
int smtp_quit(struct smtp *s, struct error *error);
/* QUIT where the session is still level and no message begun, without waiting for its reply:
 * before smtp_free(). */
void smtp_leave(struct smtp *s);

/* What send.c and auth.c build on: the wire underneath; the parameters of a transaction over
 * this session, which borrow what they are given; and what the relay's answer to the end of
 * data comes to: exactly 250 is success, neither 4yz nor 5yz a doubt. */
struct wire *smtp_wire(struct smtp *s);
/* The flight of a transaction that was begun behind the message before (send.h), or NULL. It
 * belongs to the session, whose relay waits for that message and would read any command as a
 * part of it. */
struct flight;
struct flight *smtp_begun(const struct smtp *s);
void smtp_set_begun(struct smtp *s, struct flight *f);
struct parameters smtp_parameters(const struct smtp *s, const struct smtp_mail_options *needs,
				  const struct wishes *wishes);
int smtp_judge_verdict(const struct reply *r, struct error *error);

#endif
