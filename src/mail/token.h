/*
 * The lexical tokens of a structured field (RFC 5322 section 3.2 with the obsolete forms of
 * section 4.1, and UTF-8 wherever RFC 6532 puts it): what addresses and encoded words are both
 * read from.
 */
#ifndef MAIL_TOKEN_H
#define MAIL_TOKEN_H

#include <stdbool.h>

#include "base/buf.h"

enum token_kind {
	TOKEN_END,
	TOKEN_BLANK,   /* blanks and folding */
	TOKEN_COMMENT, /* with its parentheses, nested ones included */
	TOKEN_ATOM,    /* may hold backslashed characters: RFC 821 section 4.1.2 */
	TOKEN_QUOTED,  /* with its quotes */
	TOKEN_LITERAL, /* with its brackets */
	TOKEN_SPECIAL  /* one of < > @ , ; : and the dot */
};

struct token {
	enum token_kind kind;
	struct span text; /* as it stands */
	char special;     /* the character, 0 for other kinds */
	bool spaced;      /* token_next() passed over a blank or comment before it */
};

/* Takes the next piece, blanks and comments included, off the front of *rest: the pieces laid
 * end to end are the text. Returns 1; 0 at the end (TOKEN_END); or -1 with *problem, a static
 * string that says what is wrong, and *rest where it is wrong. */
int token_next_piece(struct span *rest, struct token *token, const char **problem);
/* The same, passing over blanks and comments. */
int token_next(struct span *rest, struct token *token, const char **problem);
/* Whether it is this special. */
bool token_is(const struct token *token, char special);
/* Appends what an atom or a quoted string means: without quotes, backslashes and line ends. */
void token_add_value(struct buf *out, const struct token *token);

#endif
