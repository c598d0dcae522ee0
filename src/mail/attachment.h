/*
 * A file on its way into a message: opened, looked at and named before anything is sent.
 *
 * A regular file stays where it is, and is read when the message is (mail/assembly.h). Anything
 * else that can be read to an end, as a FIFO, or /dev/fd/3, is read at once and put by. A
 * message (RFC 5322) goes as such, so that a reader can open it: a forwarded one. Every other
 * file goes as base64, byte for byte.
 */
#ifndef MAIL_ATTACHMENT_H
#define MAIL_ATTACHMENT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/course.h"
#include "base/error.h"
#include "base/stash.h"
#include "mail/assembly.h"

enum { ATTACHMENT_NAME_MAX = 1024 /* bytes of a name that is shown */ };

/* The first five are set before attachment_open(). They are borrowed. */
struct attachment {
	const char *path;
	const char *type; /* with its parameters, or NULL: it is found out */
	const char *name; /* what it is called, UTF-8, or NULL: as the file is; of both only
			     what is behind the last "/" counts */
	bool is_inline;   /* shown by the HTML, under the name attachment_id() makes */
	struct course *course; /* where bytes that are put by are noted, or NULL */

	/* What attachment_open() found. */
	char found_type[128];
	char found_name[ATTACHMENT_NAME_MAX + 1];
	const char *encoding; /* "base64", or what a message is: "7bit", "8bit" or "binary" */

	/* The rest is its own. */
	bool is_open;
	bool is_stashed;
	bool is_message;
	struct assembly_file file;
	struct stash stash;
};

/* Opens it, and spools what is no regular file; directory as stash_init() has it. The name is
 * UTF-8 already. Returns 0, or -1 with *error: class local, stage file, when the file cannot be
 * had; class message when it is said to be a message and is none, or of a type that no single
 * file can have (multipart). attachment_clear() is due either way. */
int attachment_open(struct attachment *a, const char *directory, struct error *error);
/* Appends the fields of its part: Content-Type, -Transfer-Encoding, -Disposition and, inline,
 * -ID. */
void attachment_fields(const struct attachment *a, struct buf *out);
/* Puts its content behind to, which takes it over. Returns 0 or -1. */
int attachment_write(struct attachment *a, struct assembly *to, struct error *error);
void attachment_clear(struct attachment *a);

/* What HTML calls a file of this name, behind "cid:": the name with everything but letters,
 * digits, dots and dashes made "_". Appended to out. */
void attachment_id(struct span name, struct buf *out);

#endif
