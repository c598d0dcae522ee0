/*
 * Commands out, replies in: the lock-step and the pipelined conversation as one code path.
 *
 * Every command owns a reply slot. wire_issue() queues a command and notes its slot as owed;
 * wire_collect() writes what is queued and reads replies, oldest slot first, until the given
 * one is filled. Without pipelining wire_issue() collects at once, so callers need not know the
 * difference (RFC 2920). A reply that cannot be parsed, a 421, a lost line or a deadline fills
 * every slot still owed with the same failure and ends the session for good: nothing is ever
 * resynchronised. Replies that arrive when none is owed end it too.
 */
#ifndef SMTP_WIRE_H
#define SMTP_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/error.h"
#include "net/conn.h"
#include "smtp/reply.h"

enum wire_verb {
	WIRE_GREETING, /* no command: the server speaks first */
	WIRE_EHLO,
	WIRE_HELO,
	WIRE_LHLO,
	WIRE_STARTTLS,
	WIRE_AUTH,
	WIRE_AUTH_WHOLE, /* AUTH with all that its mechanism has to say: may share a group */
	WIRE_AUTH_RESPONSE,
	WIRE_MAIL,
	WIRE_RCPT,
	WIRE_DATA,
	WIRE_VERDICT,   /* no command: the reply to the end of data */
	WIRE_BDAT,      /* a chunk but the last (RFC 3030) */
	WIRE_BDAT_LAST, /* the last one: its reply is the verdict */
	WIRE_RSET,
	WIRE_NOOP,
	WIRE_VRFY,
	WIRE_QUIT
};

/* A reply slot, initialised by wire_slot_init() before use and cleared by its owner. */
struct wire_slot {
	struct reply reply; /* code 0: never answered whole */
	enum wire_verb verb;
	bool owed;
	bool brief; /* set by the owner: the text of a positive reply is not kept */
	STAILQ_ENTRY(wire_slot) next;
};

/* Who listens in (-v, --dry-run): direction '>' or '<' and one line without its end, secrets
 * already masked; '*' for events that are no line. */
typedef void wire_listener(void *context, char direction, struct span line);

struct wire;

/* Takes c over. timeout_scale is in percent of RFC 5321 section 4.5.3.2. NULL without memory (c
 * is freed then). */
struct wire *wire_new(struct conn *c, int timeout_scale);
/* Ends every wait from now on at that time at the latest, CLOCK_NEVER: at its own. */
void wire_set_limit(struct wire *w, int64_t deadline);
void wire_free(struct wire *w);
void wire_set_listener(struct wire *w, wire_listener *listener, void *context);
void wire_set_pipelining(struct wire *w, bool on);
bool wire_pipelining(const struct wire *w);
struct conn *wire_conn(struct wire *w);

void wire_slot_init(struct wire_slot *s);
void wire_slot_clear(struct wire_slot *s);

/* Queues one command line; CRLF is added. CR, LF and NUL in the line are refused here, at the
 * sink (class message, stage syntax), and nothing is queued. Returns 0, or -1. Where the
 * command may not share a group with the one before it (no pipelining, or that one may only end
 * a group: RFC 2920 section 3.1), the replies owed are read first; this command's own is read
 * by the next wire_issue() or wire_collect(). */
int wire_issue(struct wire *w, struct wire_slot *slot, enum wire_verb verb, struct error *error,
	       const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The same for a line with a secret, which the listener sees as shown ("AUTH PLAIN ***") and
 * which is wiped when it has been written. */
int wire_issue_secret(struct wire *w, struct wire_slot *slot, enum wire_verb verb,
		      struct span line, const char *shown, struct error *error);
/* From now on a reply that repeats secret (borrowed until the next call), or what
 * wire_issue_secret() sent last, loses its text: relays quote us, and neither listener nor
 * error may. With the empty span that ends, and the last secret is wiped. */
void wire_hide(struct wire *w, struct span secret);
/* Notes a slot for a reply that no command line of ours asks for: greeting, verdict. */
int wire_expect(struct wire *w, struct wire_slot *slot, enum wire_verb verb,
		struct error *error);
/* Reads replies until slot is filled. Returns 0 when it holds a reply (of any code but 421), -1
 * with *error when the session is over; a 421 still stands in the slot. */
int wire_collect(struct wire *w, struct wire_slot *slot, struct error *error);
/* The same, but waits milliseconds at the most and ends the session quietly when they are over:
 * for QUIT, whose reply only tells whether replies and commands are level. */
int wire_collect_within(struct wire *w, struct wire_slot *slot, int64_t milliseconds,
			struct error *error);
/* The data phase of a message of size bytes begins: from now on wire_data() has until a
 * deadline that grows with the size, or, where that is 0 (unknown), with what is written. Fails
 * when input is waiting though nothing is owed. */
int wire_data_begin(struct wire *w, uint64_t size, struct error *error);
/* Raw bytes: the message. Written at once, behind what is queued, by the deadlines of a data
 * block and of the data phase. The relay has nothing to say before the end of data: a 4yz or
 * 5yz that arrives all the same is the error, anything else ends the session too. */
int wire_data(struct wire *w, const void *data, size_t len, struct error *error);
/* Whether the relay has said anything, though nothing is owed: looked at right before the end
 * of data leaves. Returns 0 when it has not, -1 with *error. */
int wire_check_level(struct wire *w, enum wire_verb verb, struct error *error);
/* Queues raw bytes behind the commands: the end of data. */
int wire_queue(struct wire *w, const void *data, size_t len, struct error *error);
/* Writes what is queued now. */
int wire_flush(struct wire *w, struct error *error);

/* TLS over the connection, with nothing owed and no input waiting. deadline by the STARTTLS
 * timeout. */
int wire_start_tls(struct wire *w, const struct tls_policy *policy, struct error *error);
/* Ends the session from our side: slots still owed are forgotten, so that their owner may go.
 */
void wire_abandon(struct wire *w, const struct error *why);
/* Whether the session is over. */
bool wire_is_over(const struct wire *w);
/* Whether something new may begin: nothing is owed, nothing waits to be read, and the relay has
 * not left. */
bool wire_is_idle(struct wire *w);
/* Number of replies still owed. */
size_t wire_owed(const struct wire *w);
/* The step of a conversation that a verb belongs to. */
enum error_stage wire_stage(enum wire_verb verb);
/* An event that is no line, for the listener. */
void wire_note(struct wire *w, const char *text);

#endif
