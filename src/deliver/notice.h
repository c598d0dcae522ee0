/*
 * A report as an entry of the queue: what an entry and its account have to say, put together
 * for mail/report.h.
 *
 * How much of the message comes back is the sender's choice (RET, RFC 3461 section 4.3), within
 * reason: a delay and a message that asked for TLS all the way (RFC 8689 section 5) bring the
 * header alone, and so does one that was too large, or that holds what no relay takes. Unasked,
 * a small message comes back whole, unless it was its content that the relay did not want.
 */
#ifndef DELIVER_NOTICE_H
#define DELIVER_NOTICE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "conf/account.h"
#include "mail/report.h"
#include "queue/entry.h"
#include "queue/spool.h"

enum { NOTICE_FULL_MAX = 50000 /* bytes of a message that comes back whole unasked */ };

/* The message that a report is about. Zero it before use. */
struct notice_original {
	int fd; /* the entry's */
	off_t at, end;
	struct buf header; /* with the line ends as stored */
	struct buf block;
};

/* Who tells, and when. Borrowed. */
struct notice_sender {
	const struct account *account;
	int64_t now; /* seconds */
};

/* Finds the message of a locked entry and reads its header. Returns 0, or -1 with *error (as
 * entry_open_message()); notice_original_clear() is due either way. */
int notice_original_open(struct notice_original *o, struct entry *e, struct error *error);
void notice_original_clear(struct notice_original *o);
/* What is to be told of an entry: the recipients that failed untold, or for a delay the open
 * ones. Its strings, and later those of the entry, are borrowed from e. Returns 0, or -1
 * without memory; notice_message_clear() is due either way. */
int notice_message_init(struct report_message *m, const struct entry *e,
			enum report_action action, const struct notice_original *o,
			struct error *error);
void notice_message_clear(struct report_message *m);
/* Puts a report on the messages, of which about is the first, into the queue under the ID.
 * original: its message, or NULL for a digest. Returns 0 (also when it is there already), or -1
 * with *error. */
int notice_put(struct spool *spool, const char *id, const struct entry *about,
	       struct report *report, const struct notice_sender *sender, struct error *error);
/* What of the original a report on it brings; fills those members of *report. Returns 0, or -1
 * with *error. */
int notice_quote(struct report *report, const struct entry *e, struct notice_original *o,
		 struct error *error);

#endif
