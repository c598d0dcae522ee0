/*
 * The server side of SMTP (RFC 5321) on two descriptors: PIPELINING, SIZE, 8BITMIME, SMTPUTF8,
 * CHUNKING, BINARYMIME, DSN, ENHANCEDSTATUSCODES. It keeps the order of commands, the limits
 * and the envelope; what becomes of a message is the handler's affair.
 *
 * Who called us over a pipe may end his lines in LF; on a socket with a name only CRLF is a
 * line end, and a message with any other CR or LF is refused. In either case a message that was
 * begun by a DATA with CRLF ends with CRLF "." CRLF and with nothing else.
 */
#ifndef SMTP_SERVER_H
#define SMTP_SERVER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "mail/address.h"
#include "mail/wishes.h"
#include "smtp/answer.h"
#include "smtp/command.h"

/* The envelope of one message. */
struct server_envelope {
	struct address sender;
	struct strv recipients; /* canonical; some may be bare local names */
	struct wishes wishes;   /* notify is that of all recipients together */
	char envelope_id[WISHES_ENVELOPE_ID_MAX + 1];
	bool utf8;
	bool binary; /* sent as lines of no kind */
};

/* Pieces of the message, borrowed until the next call: 1, 0 at the end, -1 with *error (its
 * code is the refusal), after which the message must not be sent. */
typedef int server_next(void *source, struct span *piece, struct error *error);

struct server_handler {
	/* Takes a message, or not, and answers; reads it to its end before anything leaves. */
	void (*message)(void *context, const struct server_envelope *e, server_next *next,
			void *source, struct answer *a);
	/* The client has said nothing for a second; may be NULL. */
	void (*idle)(void *context);
	void *context;
};

struct server_options {
	const char *name; /* ours */
	bool strict;      /* a socket with a name */
	bool any_login;   /* AUTH takes whatever is said (smtp/anybody.h); else there is none */
	uint64_t size_max;
	size_t recipients_max;
	int64_t wait;     /* for a command, and for each piece of a message, in milliseconds; 0:
			     for ever */
	int64_t deadline; /* of the session */
	const volatile sig_atomic_t *stop; /* set by a signal: no new message; or NULL */
};

/* What a session came to. */
enum server_end {
	SERVER_QUIT, /* QUIT, or the end of input between messages */
	SERVER_LOST, /* in the middle of a message, or by trouble of ours */
	SERVER_LEFT  /* we had enough of it: a deadline, errors, another protocol */
};

/* Holds one session, greeting to end. out may be in. */
enum server_end server_run(const struct server_options *o, const struct server_handler *h,
			   int in, int out);

#endif
