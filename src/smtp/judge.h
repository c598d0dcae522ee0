/*
 * What a relay's replies come to, for one transaction: which are answers, whose trouble a
 * refusal is, and whether replies and commands are level at all. Private to send.c.
 */
#ifndef SMTP_JUDGE_H
#define SMTP_JUDGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "smtp/flight.h"

/* A refusal. An answer that makes no sense ends the session: commands and replies are out of
 * step, and what is said next could be read as part of a message. Returns -1. */
int judge_refuse(struct flight *f, const struct reply *r, enum error_class permanent,
		 enum error_stage stage, const char *what, struct error *error);
/* AUTH's answer, where it shares the flight: 235, or -1 with *error. A relay that asks on takes
 * MAIL for its answer. */
int judge_auth(struct flight *f, struct error *error);
/* MAIL's answer: 0 for 250; else -1 with *error. */
int judge_mail(struct flight *f, struct error *error);
/* Reads the replies to MAIL and RCPT. Returns how many recipients were accepted, -1 with *error
 * when MAIL was refused or the session is over. */
ssize_t judge_envelope(struct flight *f, struct error *error);
/* Makes refusals of RCPT outcomes, once they are known to be what they seem. */
void judge_settle(struct flight *f);
/* Whether commands and replies are level behind the verdict, as QUIT's slot tells, or RSET's.
 * Returns 0, or -1 with *error: nobody knows what became of the message. */
int judge_level(struct flight *f, struct error *error);
/* What the verdict comes to, and the replies to the chunks before it: 0 when the relay took the
 * message, else -1 with *error. */
int judge_verdict(struct flight *f, struct error *error);
int judge_chunks(struct flight *f, struct error *error);
/* LMTP: reads the verdicts, one for each recipient that was accepted (RFC 2033 section 4.2),
 * and makes outcomes of them. One that is lost is the transaction's trouble; those that came
 * before it count, unless they may have been each other's. */
int judge_each(struct flight *f, struct error *error);
/* Whether the relay, against all sense, has accepted a recipient of a refused transaction. */
bool judge_has_accepted(const struct flight *f);
/* Whether the relay may have taken the message, for all that is known. */
bool judge_may_be_taken(const struct flight *f);

#endif
