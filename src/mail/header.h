/*
 * The header of a message: its fields in order, and a list of edits over the untouched original
 * (RFC 5322 sections 2.2 and 3.6).
 *
 * The text parsed here has LF line ends and no lone CR and no NUL: message_read() sees to that.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* A field costs more memory than its shortest text does. Real headers have some hundred. */
enum { HEADER_FIELDS_MAX = 10000 };

/* The fields that the program knows by name. */
enum header_id {
	HEADER_OTHER,
	HEADER_BCC,
	HEADER_CC,
	HEADER_CONTENT_TRANSFER_ENCODING,
	HEADER_CONTENT_TYPE,
	HEADER_DATE,
	HEADER_DKIM_SIGNATURE,
	HEADER_FROM,
	HEADER_MESSAGE_ID,
	HEADER_MIME_VERSION,
	HEADER_RECEIVED,
	HEADER_REPLY_TO,
	HEADER_RESENT_BCC,
	HEADER_RESENT_CC,
	HEADER_RESENT_DATE,
	HEADER_RESENT_FROM,
	HEADER_RESENT_MESSAGE_ID,
	HEADER_RESENT_SENDER,
	HEADER_RESENT_TO,
	HEADER_RETURN_PATH,
	HEADER_SENDER,
	HEADER_SUBJECT,
	HEADER_TO
};

struct header_field {
	enum header_id id;
	struct span raw;  /* name, colon, body and every line end, as it came */
	struct span name; /* without the blanks that obsolete syntax allows before the colon */
	struct span
		body; /* what follows the colon, folding included, without the last line end */
	char *text;   /* owned: what the spans lie in once its body was set; or NULL */
	char *replacement; /* owned, whole lines, put in place of raw; NULL: none */
	bool dropped;
};

struct header {
	struct header_field *fields;
	size_t count;
	size_t cap;
	struct strv added; /* whole fields, each ending in LF, put behind the last */
};

/* Length in bytes of the header section at the start of text: every field, up to but without
 * the blank line, or up to the first line that is neither a field nor a continuation. Zero when
 * the text begins with the body. */
size_t header_length(struct span text);
/* Whether line (with or without its LF) begins a field: ftext, optional blanks, colon. */
bool header_is_field(struct span line);
/* Parses a header section (as measured by header_length()) into *h, which borrows text. Time is
 * linear. Returns 0, or -1 with *error: class message, stage syntax, for more than
 * HEADER_FIELDS_MAX fields, or no memory. */
int header_parse(struct header *h, struct span text, struct error *error);
void header_clear(struct header *h);

/* The first field that is not dropped with this id, or NULL. */
struct header_field *header_find(const struct header *h, enum header_id id);
/* The body of that field as edited, without blanks around it, also of one that was added; len
 * 0: there is none. Borrowed until the next edit. */
struct span header_body(const struct header *h, enum header_id id);
/* Appends the body unfolded: line ends removed, the blanks after them kept (RFC 5322 section
 * 2.2.3), trimmed at both ends. */
void header_unfold(struct buf *out, struct span body);
/* Makes what is put in place of the field, one field, the field itself. */
void header_settle(struct header_field *f);
/* Gives the field another body, as it stands behind the colon: blank and folding included,
 * without the last line end. Whatever looks at the field from now on sees that. Returns 0, or
 * -1 without memory. */
int header_set_body(struct header_field *f, struct span body);
void header_drop(struct header *h, enum header_id id);
/* Adds "name: body\n" behind the last field. body holds no CR or LF but folding. Returns 0 or
 * -1 without memory. */
int header_add(struct header *h, const char *name, const char *body);
/* Whether its name begins with "Resent-". */
bool header_is_resent(const struct header_field *f);
/* The topmost block of Resent-* fields (RFC 5322 section 3.6.6): those among fields *first up
 * to but without *end. It begins at the first Resent-* field, and ends before a Received or
 * Return-Path, which an earlier hop put there, and before a Resent-* field whose name the block
 * has already, unless its neighbour is of that name too (several Resent-To in a row are one
 * list). Other fields between do not end it, so that a recipient in a scattered block is not
 * lost. Returns false when there is none. */
bool header_resent_block(const struct header *h, size_t *first, size_t *end);
/* Whether the header as edited holds a byte from 0x80 up: what mime_encode_header() leaves
 * needs SMTPUTF8. */
bool header_is_8bit(const struct header *h);
/* Appends the header as edited, LF line ends, without the blank line. */
void header_render(const struct header *h, struct buf *out);

#endif
