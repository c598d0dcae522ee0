/*
 * The message on its way out, in each of the three ways that SMTP has: all of it in memory, to
 * ride along with its envelope; as DATA; or in chunks (RFC 3030).
 *
 * Only whole blocks leave while there is more to come, so that TLS records are full. Nothing
 * here judges a reply but whether a chunk was refused on the way.
 */
#ifndef SMTP_BODY_H
#define SMTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "smtp/wire.h"

/* Where a message comes from: the next piece, borrowed until the next call; 1, 0 at the end, -1
 * with *error. */
typedef int smtp_next(void *context, struct span *piece, struct error *error);

struct body_source {
	smtp_next *next;
	void *context;
	bool in_wire_form; /* it goes as it is: BINARYMIME, whose octets need not be lines */
};

/* Reads a message in wire form, without dot transparency, into out, a freshly initialised
 * buffer with the most that may ride along as its ceiling. 1 when it fits, else 0; -1 with
 * *error. */
int body_load(const struct body_source *source, struct buf *out, struct error *error);
/* Whether a line of a message begins with a verb that does something: a relay that fails to
 * swallow a refused chunk would run it as a command. */
bool body_has_verb(struct span message);
/* The same of one that is read from its source: 1, 0, -1 with *error. */
int body_find_verb(const struct body_source *source, struct error *error);
/* Sends a message of about size bytes, one that is not in wire form, as DATA takes it, behind
 * 354; what is left of the last block is queued, so that the final dot (which is the caller's)
 * travels with it. Returns 0 or -1. */
int body_send_data(struct wire *w, const struct body_source *source, uint64_t size,
		   struct error *error);
/* The replies to chunks; they belong to the caller, because they may still be owed when the
 * last chunk has left. */
enum { BODY_WINDOW = 16 };
struct body_chunks {
	struct wire_slot slots[BODY_WINDOW];
	/* Asked before the last chunk leaves; may be NULL. */
	int (*before_last)(void *context, struct error *error);
	void *before_last_context;
};

void body_chunks_init(struct body_chunks *c);
void body_chunks_clear(struct body_chunks *c);
/* Sends the message in chunks. The last one is queued with its command, whose slot is verdict.
 * Returns 0; 1 when a chunk was refused and the rest therefore kept back; -1. */
int body_send_chunks(struct wire *w, const struct body_source *source, struct body_chunks *c,
		     struct wire_slot *verdict, struct error *error);
/* The reply of a chunk that was answered with anything but 250, or NULL. */
const struct reply *body_chunk_refusal(const struct body_chunks *c);

#endif
