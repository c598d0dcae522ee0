/*
 * A message as it was handed to us: read once, of any size, in constant memory.
 *
 * A regular file is used where it lies (its size and time of change are looked at again before
 * the end of data); anything else is kept in memory up to MESSAGE_MEMORY_MAX bytes and beyond
 * that in a temporary file without a name. The header section is held in memory with its line
 * ends made LF and each lone CR a space, because fields are parsed from it; the body stays as
 * it came. The facts that an envelope and a relay's extensions turn on are gathered in the one
 * pass.
 */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/course.h"
#include "base/error.h"
#include "mail/assembly.h"
#include "mail/header.h"
#include "mail/measure.h"

enum {
	MESSAGE_MEMORY_MAX = 256 * 1024,
	MESSAGE_HEADER_MAX = 2 * 1024 * 1024,
	MESSAGE_LINE_MAX = MEASURE_LINE_MAX
};

struct message_options {
	bool end_at_dot;           /* a line that is just a dot ends the message, and a leading
				      dot of other lines is taken off: sendmail without -i */
	bool force_copy;           /* never use a regular file in place */
	const char *temporary_dir; /* for the file without a name, or NULL */
	struct course *course;     /* where the bytes read are noted, or NULL */
	/* Called with them, or NULL. */
	void (*note)(void *context, struct span bytes);
	void *note_context;
};

struct message_facts {
	bool has_8bit_header;
	bool has_8bit_body;
	bool has_lone_cr;      /* in the body */
	bool has_nul;          /* in the body */
	uint64_t body_size;    /* bytes of the body in wire form, without dot transparency */
	uint64_t longest_line; /* bytes of the body's longest line, exact when over
				  MESSAGE_LINE_MAX, else 0 */
	uint64_t drained;      /* bytes thrown away behind the end dot */
};

struct message;

/* The next piece, borrowed until the next call: 1, 0 at the end, -1 with *error. */
typedef int message_next(void *context, struct span *piece, struct error *error);

/* Reads a whole message from fd. A leading mbox "From " (or ">From ") line is dropped. Returns
 * NULL with *error: class temporary or local, stage input, when reading or storing failed;
 * class message, stage syntax, for a NUL in the header or one beyond MESSAGE_HEADER_MAX. A read
 * error is never taken for the end. */
struct message *message_read(int fd, const struct message_options *options,
			     struct error *error);
/* The same, of pieces that come from elsewhere; options->end_at_dot is not asked. */
struct message *message_read_pieces(message_next *next, void *context,
				    const struct message_options *options, struct error *error);
/* A message of our own making: whole header fields with LF line ends, and a body, which it
 * takes over: *body is empty afterwards, unless that fails. */
struct message *message_make(struct span header, struct assembly *body, struct error *error);
void message_free(struct message *m);

const struct message_facts *message_facts(const struct message *m);
/* The header, to be looked at and edited. */
struct header *message_header(struct message *m);
const struct header *message_header_view(const struct message *m);
/* Bytes of the whole message in wire form, header as edited, blank line included, without dot
 * transparency: for SIZE= (RFC 1870). 0 when there is no memory to tell. */
uint64_t message_size(const struct message *m);

/* Whoever is noted there is called while it is read out by readers that begin from now on
 * (borrowed; NULL: nobody). */
void message_watch(struct message *m, struct course *course);

/* Reading it out: first the edited header with its blank line, then the body, with line ends as
 * stored (feed it to a wireform). May be done more than once. */
struct message_reader {
	struct buf head; /* the rendered header */
	bool head_done;
	struct course *course;
	struct assembly_reader body;
};

/* Returns 0, or -1 without memory. */
int message_reader_init(struct message_reader *r, const struct message *m, struct error *error);
/* The next piece, borrowed until the next call. 1, 0 at the end, -1 with *error (stage input):
 * a read failed, or the file is not what it was (mail/assembly.h). */
int message_reader_next(struct message_reader *r, struct span *piece, struct error *error);
void message_reader_clear(struct message_reader *r);

#endif
