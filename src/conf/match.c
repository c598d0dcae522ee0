/*
 * Shell patterns over addresses: see match.h. Only the last star passed is ever tried again,
 * which is enough, because an earlier one could only give up bytes that a later one takes as
 * well.
 */
#include "conf/match.h"

#include <string.h>

#include "base/chars.h"

/* Equal, or equal as letters of any case when fold. */
static bool same(char a, char b, bool fold)
{
	return a == b || (fold && chars_lower(a) == chars_lower(b));
}

static bool in_range(char c, char low, char high)
{
	return (unsigned char)c >= (unsigned char)low &&
	       (unsigned char)c <= (unsigned char)high;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* set = "[" [ "!" / "^" ] 1*( any [ "-" any ] ) "]": whether c is of it. Returns the byte
 * behind the set, NULL if it has no end: then "[" is an ordinary byte. */
static const char *match_set(const char *p, char c, bool fold, bool *matched)
{
	bool negated = p[1] == '!' || p[1] == '^';
	const char *first = p + 1 + negated;
	bool found = false;

	for (p = first; *p && (*p != ']' || p == first); p++) {
		char low = *p;
		char high = low;

		if (p[1] == '-' && p[2] && p[2] != ']') {
			high = p[2];
			p += 2;
		}
		found |= in_range(c, low, high);
		if (fold)
			found |= in_range(chars_lower(c), low, high) ||
				 in_range(upper(c), low, high);
	}
	*matched = found != negated;
	return *p ? p + 1 : NULL;
}

/* One byte against the head of the pattern, which is no star. Returns what follows the head in
 * the pattern, NULL when c does not match. */
static const char *match_one(const char *pattern, char c, bool fold)
{
	const char *next;
	bool matched = false;

	if (*pattern == '?')
		return pattern + 1;
	if (*pattern == '[' && (next = match_set(pattern, c, fold, &matched)))
		return matched ? next : NULL;
	if (*pattern == '\\' && pattern[1])
		pattern++;
	return same(*pattern, c, fold) ? pattern + 1 : NULL;
}

bool match_address(const char *pattern, const char *address)
{
	const char *at = strrchr(address, '@');
	const char *star = NULL;  /* behind the last star passed */
	const char *retry = NULL; /* the byte it takes next when what follows it fails */

	while (*address) {
		const char *next = NULL;

		if (*pattern == '*') {
			star = ++pattern;
			retry = address;
			continue;
		}
		if (*pattern)
			next = match_one(pattern, *address, at && address > at);
		if (next) {
			pattern = next;
			address++;
		} else if (star) {
			pattern = star;
			address = ++retry;
		} else
			return false;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
