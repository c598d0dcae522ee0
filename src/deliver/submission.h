/*
 * A submission: a message, its envelope and its account, made ready from what the caller said.
 *
 * Nothing here touches the network but the lookup of our own name, where a bare address needs
 * it.
 */
#ifndef DELIVER_SUBMISSION_H
#define DELIVER_SUBMISSION_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "conf/aliases.h"
#include "conf/config.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/wishes.h"
#include "smtp/client.h"

/* What the caller asked for. Borrowed. */
struct submission_request {
	const struct strv *recipients; /* operands, each an address list */
	bool read_recipients;          /* -t */
	bool as_it_came;         /* neither envelope, with its sender, nor header is mended */
	const char *sender;      /* -f as it came, NULL: not given */
	bool sender_from_header; /* Resent-From, else From, gives the reverse-path */
	const char *full_name;   /* -F, or NULL */
	bool composed; /* the message is ours, and gets the fields it must have whatever the
			  account says of other people's */
	struct wishes wishes; /* of this message; the account's come to them */
	bool no_aliases;      /* -n */
	struct strv *trace;   /* gets a line for each alias used (conf/aliases.h); or NULL */
	const char *(*user)(void); /* the login name as it is, not empty: asked for only as
				      sender of last resort; used at once */
	const struct account
		*account; /* asked for by name or made of options, or NULL: choose */
};

struct submission {
	struct message *message; /* borrowed */
	struct envelope envelope;
	const struct account *account; /* borrowed */
	bool local_sender; /* the reverse-path is a name of this machine that aliases hold for
			    */
	struct wishes wishes;          /* the request's and the account's, borrowed from both */
	struct buf domain;             /* completes bare addresses */
	struct strv warnings;          /* on members of aliases that are refused */
	struct strv notes;             /* on lines of their file, the same for each message */
	struct aliases_failed refused; /* recipients by whose aliases nobody, or not all of
					  them, are reached: they are none of the envelope's */
	const char *queue_id;          /* for the log, where the queue holds it; or NULL */
	bool careful; /* one command at a time: an earlier verdict was doubted */
	/* As struct smtp_transaction has it. */
	int (*before_end)(void *context, struct error *error);
	void *before_end_context;
};

/* Makes *s of a message: recipients from the operands and, with -t, the header; the account
 * (the one asked for, else the first whose `from` matches the reverse-path or the From field,
 * else the default); aliases, qualification, duplicates; the reverse-path; and the header's
 * rewriting and edits. Returns 0, or -1 with *error: usage (64) for operands, data (65) for the
 * header, config (78) when there is no account. s->account is set as soon as it is chosen,
 * which all but the reading of -f waits for: a failure has its log. s->warnings and s->notes
 * are complete sentences, also after a failure. Who is refused by the aliases alone is no
 * failure where somebody is left: an attempt tells of him. submission_clear() is due either
 * way.
 */
int submission_prepare(struct submission *s, struct message *message,
		       const struct config *config, const struct submission_request *request,
		       struct error *error);
void submission_clear(struct submission *s);
/* How many relays the message came through, by its Received fields. More than the maximum is a
 * loop (RFC 5321 section 6.3). */
enum { SUBMISSION_HOPS_MAX = 50 };
size_t submission_hops(const struct message *message);
/* What the message needs of the relay's extensions. */
void submission_needs(const struct submission *s, struct smtp_mail_options *needs);

#endif
