/*
 * A transaction under way: who takes part, which way the message goes, and the commands of its
 * flight (RFC 2920, RFC 3030). Private to send.c and judge.c; nothing here reads a reply.
 */
#ifndef SMTP_FLIGHT_H
#define SMTP_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "smtp/body.h"
#include "smtp/client.h"
#include "smtp/parameters.h"
#include "smtp/send.h"

/* The ways in which the message goes. */
enum flight_way {
	FLIGHT_DATA,   /* behind 354 */
	FLIGHT_CHUNKS, /* BDAT, once MAIL and RCPT are answered */
	FLIGHT_RIDE    /* BDAT LAST in one flight with them */
};

struct flight {
	struct smtp *smtp;
	struct wire *wire;
	struct smtp_transaction *t;
	enum flight_way way;
	bool shares_auth; /* AUTH leaves in the flight */
	struct buf auth_line, auth_shown;
	struct buf line; /* the RCPT command being written: there may be thousands */
	bool last;       /* QUIT goes with it, else RSET: is anybody left for another one? */
	size_t chosen;   /* recipients that take part */
	struct parameters parameters;
	struct buf body;      /* a message that rides */
	struct flight *ahead; /* its follower's, which leaves behind the end of data, or NULL */
	struct wire_slot auth, mail, data, verdict, reset, quit;
	struct body_chunks chunks;
	/* What the judge has found. */
	bool auth_refused;
	bool senseless; /* a reply was no answer to its command: all may be out of step */
	bool mixed;     /* recipients differ, and no 354 has shown which answer is whose */
	bool end_left;  /* the end of data has left: the message may have been taken */
	bool closed;    /* the end of data was answered, so nothing is left open at the relay */
	bool judged;    /* and the answer is one to the message */
};

/* NULL without memory. What is ahead is not freed with it. */
struct flight *flight_new(struct smtp *s, struct smtp_transaction *t);
void flight_free(struct flight *f);
/* All that comes before the first command: the session is ready, the message open, recipients
 * and way are chosen, and an AUTH that cannot share the flight has been made. f->chosen 0:
 * nobody is left. Returns 0, or -1 with *error. */
int flight_prepare(struct flight *f, struct error *error);
/* The flight of t->follower made ready, where the session will carry that and its envelope fits
 * one write; else NULL. */
struct flight *flight_prepare_ahead(const struct flight *f);
/* The message that was opened. */
struct body_source flight_source(const struct flight *f);
/* AUTH where it is shared, and MAIL. */
int flight_issue_mail(struct flight *f, struct error *error);
/* Every RCPT and, with pipelining, what may share the group: DATA, or the message and the mark
 * behind it. */
int flight_issue_rest(struct flight *f, struct error *error);
/* Behind the end of data, where commands are grouped: QUIT, or RSET where the session goes on.
 * The answer tells whether replies and commands are level. */
int flight_issue_mark(struct flight *f, struct error *error);
/* The verdict, or one for each recipient over LMTP, is owed from now on. */
int flight_expect_verdict(struct flight *f, struct error *error);

#endif
