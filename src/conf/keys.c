/*
 * The words of the configuration: see keys.h, and key.h for the rows of the table. The words
 * and their meaning are msmtp's wherever it has them.
 */
#include "conf/keys.h"

#include <string.h>

#include "base/chars.h"
#include "base/text.h"
#include "conf/key.h"

enum { NEAR_MAX = 2 };

static const struct key *const tables[] = {
	keys_relay, keys_auth, keys_tls, keys_message, keys_queue, keys_log,
};

/* The n-th key of all, NULL behind the last. */
static const struct key *key_at(size_t n)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct key *k = tables[i]; k->name; k++)
			if (n-- == 0)
				return k;
	return NULL;
}

static const struct key *key_find(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct key *k = tables[i]; k->name; k++)
			if (strcmp(k->name, name) == 0)
				return k;
	return NULL;
}

/* How many letters must be put in, left out or changed to make b of a: Levenshtein's distance,
 * in one row of his table. Words beyond its width are far from everything. */
static size_t word_distance(const char *a, const char *b)
{
	size_t row[33];
	size_t width = strlen(b);

	if (width >= sizeof(row) / sizeof(row[0]) || strlen(a) > width + NEAR_MAX)
		return SIZE_MAX;
	for (size_t k = 0; k <= width; k++)
		row[k] = k;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0]++;

		for (size_t k = 1; k <= width; k++) {
			size_t best = diagonal + (a[i] != b[k - 1]);

			diagonal = row[k];
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			if (row[k] + 1 < best)
				best = row[k] + 1;
			row[k] = best;
		}
	}
	return row[width];
}

size_t keys_name_length(const char *word)
{
	size_t len = 0;

	while (chars_is(word[len], CHARS_ALNUM) || word[len] == '_' || word[len] == '-')
		len++;
	return len;
}

/* What was typed as the key is the only thing shown: the argument may be a secret, also where
 * it is glued to it, as in "password=secret". */
static int key_unknown(const char *name, struct error *error)
{
	size_t len = keys_name_length(name);
	const char *near = NULL;
	size_t least = NEAR_MAX + 1;
	const struct key *k;

	if (len > 0 && name[len])
		return error_set(
			error, ERROR_LOCAL, STAGE_CONFIG,
			"unknown key \"%.*s...\": a key and its value are separated by "
			"a blank alone",
			(int)len, name);
	for (size_t n = 0; (k = key_at(n)); n++) {
		size_t distance = word_distance(name, k->name);

		if (distance < least) {
			least = distance;
			near = k->name;
		}
	}
	if (!near)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "unknown key \"%s\"",
				 TEXT_SHOW(span_of(name)));
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			 "unknown key \"%s\": did you mean \"%s\"?", TEXT_SHOW(span_of(name)),
			 near);
}

int keys_set_value(struct account *a, const char *key, const char *value, struct error *error)
{
	const struct key *k = key_find(key);

	if (!k)
		return key_unknown(key, error);
	for (const char *p = value; p && *p; p++)
		if (chars_is(*p, CHARS_CONTROL) && !(*p == '\t' && k->flags & KEYS_REST))
			return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
					 "%s: the value holds a control character", key);
	if (k->flags & KEYS_BARE && value && strncmp(value, "= ", 2) == 0)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s: the value begins with \"= \": a key and its value are "
				 "separated by a blank alone",
				 key);
	return k->set(a, k, value, error);
}

/* Of a word that asks for nothing unusual nothing is said. */
const char *keys_advice(const char *key, const char *value)
{
	const struct key *k = key_find(key);
	bool off = value && strcmp(value, "off") == 0;

	if (!k || (k->asks == KEY_ASKS_UNLESS_OFF && off) ||
	    (k->asks == KEY_ASKS_IF_OFF && !off) ||
	    (k->asks == KEY_ASKS_IF_GIVEN && (!value || !*value)))
		return NULL;
	return k->advice;
}

unsigned keys_flags(const char *key)
{
	const struct key *k = key_find(key);

	return k ? k->flags : 0;
}

const char *keys_name(size_t n)
{
	const struct key *k = key_at(n);

	return k ? k->name : NULL;
}

int keys_look(size_t n, struct keys_look *look)
{
	const struct key *k = key_at(n);

	if (!k)
		return 0;
	*look = (struct keys_look){.name = k->name, .kind = k->kind, .offset = k->offset};
	return 1;
}
