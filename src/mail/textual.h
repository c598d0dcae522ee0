/*
 * A text on its way into a part of a message: gathered as it comes, of any length, then given
 * the charset and the encoding that it needs.
 *
 * Text leaves as it is when it is ASCII in lines that every reader shows; as format=flowed (RFC
 * 3676) when all its long lines are prose, words with a blank between; as quoted-printable when
 * it holds anything else that would not arrive as it is: 8-bit text, lines that are long and no
 * prose, blanks at the end of a line, control characters; as base64 where that is shorter (most
 * of it is not ASCII), or when a NUL or a lone CR says that it is hardly text, byte for byte
 * then. A last line without an end gets one, but not there.
 */
#ifndef MAIL_TEXTUAL_H
#define MAIL_TEXTUAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/charset.h"
#include "base/error.h"
#include "base/stash.h"
#include "base/text.h"
#include "mail/assembly.h"
#include "mail/measure.h"

enum {
	TEXTUAL_LINE_MAX = 78,        /* characters of a line that is not long (RFC 5322 section
					 2.1.1) */
	TEXTUAL_WORD_MAX = 70,        /* of a word of prose */
	TEXTUAL_PROSE_MAX = 64 * 1024 /* of a line of prose */
};

enum textual_form {
	TEXTUAL_PLAIN,
	TEXTUAL_FLOWED,
	TEXTUAL_QUOTED_PRINTABLE,
	TEXTUAL_BASE64,      /* with CRLF line ends in it */
	TEXTUAL_BASE64_BYTES /* byte for byte */
};

struct textual {
	struct stash text;                  /* as it came */
	char charset[CHARSET_NAME_MAX + 1]; /* what it is said to be in, by textual_settle() */
	bool is_blank; /* there is nothing in it but blanks and line ends */
	enum textual_form form;

	/* The rest is its own. */
	struct measure measure;
	uint64_t escapes; /* bytes that quoted-printable encodes */
	struct text_utf8 utf8;
	size_t line, word;
	char last;
	bool is_prose; /* the line so far */
	bool has_blank_end, has_control, has_long, has_other;
};

/* What the text may be in. */
struct textual_charsets {
	const char *said;   /* by somebody who has to know; or NULL */
	const char *likely; /* the locale's; or NULL */
};

/* directory as stash_init() has it. */
void textual_init(struct textual *t, const char *directory);
/* Returns 0, or -1 with *error. */
int textual_feed(struct textual *t, struct span bytes, struct error *error);
/* All is there. What is not ASCII has the charset that was said, and is refused when it is not
 * of it; else the likely one; else UTF-8; and when it is of none of these it is said to be
 * unknown-8bit (RFC 1428 section 3), so that no reader shows it wrong without a word. flows:
 * it may be format=flowed. Returns 0, or -1 with *error: class message, stage syntax; or of
 * reading. */
int textual_settle(struct textual *t, const struct textual_charsets *charsets, bool flows,
		   struct error *error);
/* The value of Content-Transfer-Encoding. After textual_settle(), as the next. */
const char *textual_encoding(const struct textual *t);
/* Puts the content behind a, which takes it over: t is empty afterwards. Returns 0 or -1. */
int textual_write(struct textual *t, struct assembly *a, struct error *error);
void textual_clear(struct textual *t);

#endif
