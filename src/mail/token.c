/* Tokens of structured fields: see token.h. One pass and no recursion: the depth of nested
 * comments is a number. */
#include "mail/token.h"

#include <string.h>

#include "base/chars.h"

/* FWS = ([*WSP CRLF] 1*WSP) / obs-FWS: the length of one blank, or of a line end (LF or CRLF)
 * that a blank follows; 0 when s begins with neither. RFC 5322 section 3.2.2. */
static size_t blank_length(struct span s)
{
	size_t n = 0;

	if (chars_is(s.data[0], CHARS_BLANK))
		return 1;
	if (s.data[0] == '\r')
		n++;
	if (n + 1 < s.len && s.data[n] == '\n' && chars_is(s.data[n + 1], CHARS_BLANK))
		return n + 1;
	return 0;
}

/* The length of what may stand inside quotes, brackets and parentheses as one unit: a
 * character, a quoted pair or a line end that folds. 0 with *problem when there is none. */
static size_t unit_length(struct span s, const char **problem)
{
	size_t len = 1;

	if (chars_is(s.data[0], CHARS_NEWLINE)) {
		len = blank_length(s);
	} else if (s.data[0] == '\\') {
		if (s.len < 2) {
			*problem = "it ends in a backslash";
			return 0;
		}
		len = chars_is(s.data[1], CHARS_NEWLINE) ? 0 : 2;
	}
	if (len == 0)
		*problem = "it holds a line break";
	else if (s.data[len - 1] == '\0')
		*problem = "it holds a NUL";
	return *problem ? 0 : len;
}

/* comment = "(" *([FWS] ccontent) [FWS] ")", quoted-string, domain-literal: the length with
 * both ends. RFC 5322 sections 3.2.2, 3.2.4 and 3.4.1. */
static size_t enclosed_length(struct span s, char close, const char **problem)
{
	char open = s.data[0];
	size_t depth = 1, step;

	for (size_t i = 1; i < s.len; i += step) {
		if (s.data[i] == close && --depth == 0)
			return i + 1;
		if (s.data[i] == open && close == ')')
			depth++;
		step = unit_length((struct span){s.data + i, s.len - i}, problem);
		if (step == 0)
			return 0;
	}
	*problem = close == ')'   ? "a comment is not closed"
		   : close == '"' ? "a quoted string is not closed"
				  : "a [ is not closed";
	return 0;
}

/* atom = 1*atext, and any character behind a backslash, which RFC 821 allowed and callers use
 * to keep a name from being an alias ("\root"). */
static size_t atom_length(struct span s, const char **problem)
{
	size_t i = 0, step;

	for (;;) {
		while (i < s.len && chars_is(s.data[i], CHARS_ATEXT | CHARS_UTF8))
			i++;
		if (i == s.len || s.data[i] != '\\')
			return i;
		step = unit_length((struct span){s.data + i, s.len - i}, problem);
		if (step == 0)
			return 0;
		i += step;
	}
}

static size_t blanks_length(struct span s, const char **problem)
{
	size_t i = 0, step;

	while (i < s.len && chars_is(s.data[i], CHARS_BLANK | CHARS_NEWLINE)) {
		step = blank_length((struct span){s.data + i, s.len - i});
		if (step == 0) {
			*problem = "it holds a line break";
			return 0;
		}
		i += step;
	}
	return i;
}

static size_t special_length(char c, const char **problem)
{
	switch (c) {
	case ')': *problem = "it has a ) without a ("; return 0;
	case ']': *problem = "it has a ] without a ["; return 0;
	case '\0': *problem = "it holds a NUL"; return 0;
	default: break;
	}
	if (!chars_is(c, CHARS_SPECIAL))
		*problem = "it holds a control character";
	return *problem ? 0 : 1;
}

int token_next_piece(struct span *rest, struct token *token, const char **problem)
{
	size_t len;

	*token = (struct token){.kind = TOKEN_END, .text = {rest->data, 0}};
	*problem = NULL;
	if (rest->len == 0)
		return 0;
	if (chars_is(rest->data[0], CHARS_ATEXT | CHARS_UTF8) || rest->data[0] == '\\') {
		token->kind = TOKEN_ATOM;
		len = atom_length(*rest, problem);
	} else if (chars_is(rest->data[0], CHARS_BLANK | CHARS_NEWLINE)) {
		token->kind = TOKEN_BLANK;
		len = blanks_length(*rest, problem);
	} else if (rest->data[0] == '(') {
		token->kind = TOKEN_COMMENT;
		len = enclosed_length(*rest, ')', problem);
	} else if (rest->data[0] == '"') {
		token->kind = TOKEN_QUOTED;
		len = enclosed_length(*rest, '"', problem);
	} else if (rest->data[0] == '[') {
		token->kind = TOKEN_LITERAL;
		len = enclosed_length(*rest, ']', problem);
	} else {
		token->kind = TOKEN_SPECIAL;
		token->special = rest->data[0];
		len = special_length(rest->data[0], problem);
	}
	if (len == 0)
		return -1;
	token->text.len = len;
	rest->data += len;
	rest->len -= len;
	return 1;
}

int token_next(struct span *rest, struct token *token, const char **problem)
{
	bool spaced = false;
	int result;

	while ((result = token_next_piece(rest, token, problem)) == 1) {
		if (token->kind != TOKEN_BLANK && token->kind != TOKEN_COMMENT)
			break;
		spaced = true;
	}
	token->spaced = spaced;
	return result;
}

bool token_is(const struct token *token, char special)
{
	return token->kind == TOKEN_SPECIAL && token->special == special;
}

void token_add_value(struct buf *out, const struct token *token)
{
	struct span s = token->text;
	size_t start = 0;

	if (token->kind == TOKEN_QUOTED) {
		s.data++;
		s.len -= 2;
	}
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] != '\\' && !chars_is(s.data[i], CHARS_NEWLINE))
			continue;
		buf_add(out, s.data + start, i - start);
		start = i + 1;
		if (s.data[i] == '\\')
			i++; /* what it quotes stays, another backslash too */
	}
	buf_add(out, s.data + start, s.len - start);
}
