/* What a server offers: see capability.h. */
#include "smtp/capability.h"

#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "smtp/reply.h"

enum { CAPABILITIES_MAX = 200 };

/* Takes the first blank-separated word off rest. */
static struct span capability_word(struct span *rest)
{
	struct span word;

	*rest = span_trim(*rest);
	word = (struct span){rest->data, 0};
	while (word.len < rest->len && !chars_is(rest->data[word.len], CHARS_BLANK))
		word.len++;
	rest->data += word.len;
	rest->len -= word.len;
	return word;
}

/*
 * One line of the reply, RFC 5321 section 4.1.1.1:
 *
 *   ehlo-line = ehlo-keyword *( SP ehlo-param )
 *   ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
 *
 * "_" is allowed for X_EXTENSIONS; "AUTH=LOGIN PLAIN" is what servers said before RFC 2554.
 */
static bool capability_parse(struct capability *c, struct span line)
{
	struct span rest = line;
	struct span word = capability_word(&rest);
	bool sane = word.len > 0 && chars_is(word.data[0], CHARS_ALNUM);

	if (span_starts_nocase(word, "AUTH=")) {
		rest = (struct span){word.data + 5,
				     (size_t)(line.data + line.len - word.data) - 5};
		word.len = 4;
	}
	for (size_t i = 0; sane && i < word.len; i++)
		sane = chars_is(word.data[i], CHARS_ALNUM) || word.data[i] == '-' ||
		       word.data[i] == '_';
	*c = (struct capability){word, span_trim(rest)};
	return sane;
}

int capabilities_parse(struct capabilities *c, struct span text)
{
	const char *end;

	capabilities_clear(c);
	buf_init(&c->text, REPLY_TEXT_MAX);
	buf_add_span(&c->text, text);
	c->items = calloc(CAPABILITIES_MAX, sizeof(*c->items));
	if (buf_failed(&c->text) || !c->items)
		return -1;
	for (struct span rest = buf_span(&c->text);
	     rest.len > 0 && c->count < CAPABILITIES_MAX;) {
		end = memchr(rest.data, '\n', rest.len);
		if (rest.data != c->text.data &&
		    capability_parse(&c->items[c->count],
				     (struct span){rest.data,
						   end ? (size_t)(end - rest.data) : rest.len}))
			c->count++;
		if (!end)
			break;
		rest.len -= (size_t)(end + 1 - rest.data);
		rest.data = end + 1;
	}
	return 0;
}

void capabilities_clear(struct capabilities *c)
{
	if (c->items)
		buf_clear(&c->text);
	free(c->items);
	*c = (struct capabilities){0};
}

bool capabilities_have(const struct capabilities *c, const char *keyword,
		       struct span *parameters)
{
	for (size_t i = 0; i < c->count; i++) {
		if (!span_equals_nocase(c->items[i].keyword, keyword))
			continue;
		if (parameters)
			*parameters = c->items[i].parameters;
		return true;
	}
	return false;
}

bool capabilities_have_auth(const struct capabilities *c, const char *mechanism)
{
	for (size_t i = 0; i < c->count; i++) {
		struct span rest = c->items[i].parameters;

		if (!span_equals_nocase(c->items[i].keyword, "AUTH"))
			continue;
		for (struct span word = capability_word(&rest); word.len > 0;
		     word = capability_word(&rest))
			if (span_equals_nocase(word, mechanism))
				return true;
	}
	return false;
}

/* A number of at most 19 digits, 0 for anything else. */
static uint64_t capability_number(struct span digits)
{
	uint64_t value = 0;

	if (digits.len > 19)
		return 0;
	for (size_t i = 0; i < digits.len; i++) {
		if (!chars_is(digits.data[i], CHARS_DIGIT))
			return 0;
		value = value * 10 + (uint64_t)(digits.data[i] - '0');
	}
	return value;
}

uint64_t capabilities_size(const struct capabilities *c)
{
	struct span digits = {0};

	return capabilities_have(c, "SIZE", &digits) ? capability_number(digits) : 0;
}

uint64_t capabilities_limit(const struct capabilities *c, const char *name)
{
	struct span rest = {0};
	size_t len = strlen(name);

	if (!capabilities_have(c, "LIMITS", &rest))
		return 0;
	for (struct span word = capability_word(&rest); word.len > 0;
	     word = capability_word(&rest))
		if (word.len > len && word.data[len] == '=' && span_starts_nocase(word, name))
			return capability_number(
				(struct span){word.data + len + 1, word.len - len - 1});
	return 0;
}
