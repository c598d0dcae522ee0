/*
 * A message that is kept on this machine instead of being sent: in a Maildir, in a file of the
 * mbox format, or nowhere, as the account's relay says. It makes of a transaction what a relay
 * would (smtp/send.h), so that nobody above needs to know the difference: every recipient has a
 * result, and the verdict says what became of the message.
 *
 * One copy is kept for all recipients, with the envelope on its top (mail/trace.h). Apart from
 * that it is as its header's edits made it, with lines that end in LF.
 */
#ifndef DELIVER_STORE_H
#define DELIVER_STORE_H

#include "deliver/relay.h"
#include "smtp/send.h"

enum { STORE_LOCK_SECONDS = 60 /* where the account does not say how long (timeout) */ };

/* Keeps the message of a transaction for all its untried recipients; durably, where they are
 * sent then. Its wishes are met but for two: nobody reports a success (RFC 3461), which is
 * noted as dropped, and nothing is held here (RFC 4865), which is refused. */
void store_send(const struct relay_options *o, struct smtp_transaction *t);

#endif
