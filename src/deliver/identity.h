/*
 * Whom a message is from: the account that an address chooses, the reverse-path, and the From
 * field.
 */
#ifndef DELIVER_IDENTITY_H
#define DELIVER_IDENTITY_H

#include "base/error.h"
#include "conf/config.h"
#include "mail/address.h"
#include "mail/header.h"

struct submission_request;

/* The first four are set before use, and borrowed. */
struct identity {
	const struct submission_request *request;
	const struct config *config;
	struct header *header;
	struct address *sender;        /* the envelope's; no text: there is none yet */
	const struct account *account; /* by identity_choose_account() */
	struct address_list from;      /* of the From field, or Resent-From */
};

/* Reads -f, and the From field, or Resent-From where the reverse-path is asked of the message:
 * a malformed one is none, because the message is not ours to judge. Returns 0, or -1 with
 * *error (usage). */
int identity_read(struct identity *i, struct error *error);
/* The account: the one asked for, else the first whose `from` matches the reverse-path or the
 * From field, else the default. Returns 0, or -1 with *error (config), i->account set if there
 * is one. */
int identity_choose_account(struct identity *i, struct error *error);
/* Settles the reverse-path: -f, unless the account forbids to override its own; else the From
 * field when it was asked for or made us choose the account; else the account's own address. A
 * local name that `sender_map` knows becomes its address, and with `align_from` an address that
 * is not the account's becomes its own. The null path overrides nobody and is overridden by
 * nobody: a bounce that got an answer could go round for ever (RFC 5321 section 6.1). Returns 0
 * or -1. */
int identity_settle_sender(struct identity *i, struct error *error);
/* The mailbox of a From field that is added: that of the reverse-path, or the account's own
 * under the null path; domain, or NULL, completes it. Returns 0 or -1; address_clear() is due
 * either way. */
int identity_author(const struct identity *i, const char *domain, struct address *author,
		    struct error *error);
/* Puts another mailbox in the From field, where `sender_map` knows its local name, or where
 * `align_from` is on and it is not the account's (mail/align.h). A message with a DKIM
 * signature is left as it is. Returns 0 or -1. */
int identity_align(const struct identity *i, const char *domain, struct error *error);
void identity_clear(struct identity *i);

#endif
