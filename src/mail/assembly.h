/*
 * A body as a list of pieces, which stay where they are until it is read: text in memory, bytes
 * put by, files. A piece is given out as it is, or as base64 in lines (RFC 2045 section 6.8).
 * So a message may hold files of any size and number in constant memory.
 *
 * A file is what it was when it was added: when its size or time of change is another once it
 * has been read, reading fails.
 */
#ifndef MAIL_ASSEMBLY_H
#define MAIL_ASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/stash.h"
#include "mail/measure.h"

enum assembly_form {
	ASSEMBLY_AS_IS,
	ASSEMBLY_BASE64 /* without a line end behind it */
};

/* A part of a regular file. */
struct assembly_file {
	int fd;
	bool keep_open;   /* fd is not to be closed with the assembly */
	const char *name; /* for errors, as in "the file NAME"; NULL: that with the message */
	uint64_t offset;
	uint64_t length;
	struct stat identity; /* as it was when it was first looked at */
};

struct assembly_piece;

/* All zero is the empty one. */
struct assembly {
	struct assembly_piece *pieces;
	size_t count;
	size_t cap;
};

/* Each puts a piece behind the last. Returns 0, or -1 with *error without memory. */
int assembly_add_text(struct assembly *a, struct span text, struct error *error);
/* Takes over what stash holds, also on failure: it is empty afterwards. */
int assembly_add_stash(struct assembly *a, struct stash *stash, enum assembly_form form,
		       struct error *error);
/* Takes over file->fd, also on failure; name is copied. */
int assembly_add_file(struct assembly *a, const struct assembly_file *file,
		      enum assembly_form form, struct error *error);
void assembly_clear(struct assembly *a);

/* What is to be known of it. What is base64 is reckoned, the rest is read. *m is to be zero;
 * measure_finish() has been called. Returns 0, or -1 with *error. */
int assembly_measure(const struct assembly *a, struct measure *m, struct error *error);
/* Whether a file still is what it was. Returns 0, or -1 with *error (class temporary, stage
 * input). */
int assembly_check_file(const struct assembly_file *file, struct error *error);

/* Reading it. Several readers may read one assembly. */
struct assembly_reader {
	const struct assembly *assembly;
	size_t at;                   /* the piece */
	uint64_t offset;             /* in it, already read */
	struct base64_stream base64; /* of the piece */
	struct span rest;            /* read, and not yet encoded */
	char *block;                 /* what is read, and behind it what is encoded */
	bool skips_base64;           /* set once it is initialised: those pieces are left out */
};

/* Returns 0, or -1 without memory. */
int assembly_reader_init(struct assembly_reader *r, const struct assembly *a,
			 struct error *error);
/* The next bytes, borrowed until the next call: 1, 0 at the end, -1 with *error. */
int assembly_reader_next(struct assembly_reader *r, struct span *piece, struct error *error);
void assembly_reader_clear(struct assembly_reader *r);

#endif
