/*
 * The bytes of an entry and of its journal: written and read, without any file.
 *
 * An entry begins with one line of fixed length,
 *
 *     pennypost-spool 1 EEEEEEEE MMMMMMMMMMMMMMMM CCCCCCCC LF
 *
 * the bytes of the envelope (hexadecimal, 8 digits), of the message (16), and the CRC-32C of
 * the envelope, the message and this line before the checksum, in this order. Then come the
 * envelope, one record (queue/record.h), and the message as it was submitted, header edited,
 * line ends as they came.
 *
 * A journal is a row of records, each with the checksum of its entry, all that may change of
 * the message, and the recipients about whom there was news.
 */
#ifndef QUEUE_FORM_H
#define QUEUE_FORM_H

#include "queue/entry.h"

enum { FORM_LINE = 53 }; /* bytes of the first line */

struct form_line {
	size_t envelope;  /* bytes */
	uint64_t message; /* bytes */
	uint32_t crc;
};

/* Writes the first line. crc: of envelope and message; returned is the one of all. */
uint32_t form_write_line(char line[FORM_LINE + 1], size_t envelope, uint64_t message,
			 uint32_t crc);
/* Reads one from at least FORM_LINE bytes. Returns 0, or -1 when it is none of ours, 1 when it
 * is of a version to come. */
int form_read_line(struct form_line *l, struct span text);
/* Goes on with the checksum of envelope and message: the same as l->crc if nothing is damaged.
 */
uint32_t form_finish_crc(const struct form_line *l, uint32_t crc);

/* Appends the envelope; a failed buffer: it is too large. */
void form_write_envelope(struct buf *out, const struct entry *e);
/* Fills e, freshly initialised, from an envelope. All is checked: numbers, lengths, addresses
 * (nothing in them can end a path). Returns 0; or -1 and what is wrong, NULL: no memory. */
int form_read_envelope(struct entry *e, struct span text, const char **problem);
/* Appends a record for the journal. */
void form_write_note(struct buf *out, const struct entry *e);
/* Remembers that all of e is written, or that nothing is of its recipients. */
void form_noted(struct entry *e);
void form_forget(struct entry *e);
/* Applies a journal to e as its envelope left it, and sets e->journal_end: whatever is no
 * record of this entry, and what is behind that, is as if it were not there. Returns 0, or -1
 * without memory. */
int form_read_journal(struct entry *e, struct span journal);

#endif
