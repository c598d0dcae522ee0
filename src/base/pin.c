/* Digests as text: see pin.h. */
#include "base/pin.h"

#include <string.h>

#include "base/base64.h"
#include "base/chars.h"

static const char pin_prefix[] = "sha256//";

static int pin_nibble(char c)
{
	c = chars_lower(c);
	if (!chars_is(c, CHARS_HEX))
		return -1;
	return chars_is(c, CHARS_DIGIT) ? c - '0' : c - 'a' + 10;
}

/* Hex digits, with colons anywhere between them. */
static int pin_read_hex(struct pin *pin, struct span word)
{
	size_t nibbles = 0;

	for (size_t i = 0; i < word.len; i++) {
		unsigned char *byte = &pin->digest[nibbles / 2];
		int nibble = pin_nibble(word.data[i]);

		if (word.data[i] == ':')
			continue;
		if (nibble < 0 || nibbles == 2 * sizeof(pin->digest))
			return -1;
		*byte = (unsigned char)(*byte << 4 | nibble);
		nibbles++;
	}
	pin->length = nibbles / 2;
	return nibbles == 64 || nibbles == 40 ? 0 : -1;
}

static int pin_read_key(struct pin *pin, struct span word)
{
	size_t head = sizeof(pin_prefix) - 1;
	struct buf digest;
	int result;

	if (word.len < head || memcmp(word.data, pin_prefix, head) != 0)
		return pin_read_hex(pin, word) || pin->length != PIN_DIGEST_MAX ? -1 : 0;
	buf_init(&digest, PIN_DIGEST_MAX);
	result = base64_decode(&digest, (struct span){word.data + head, word.len - head});
	if (result == 0 && digest.len == PIN_DIGEST_MAX) {
		memcpy(pin->digest, digest.data, PIN_DIGEST_MAX);
		pin->length = PIN_DIGEST_MAX;
	} else {
		result = -1;
	}
	buf_clear(&digest);
	return result;
}

/* Splits a list; at least one must be there. */
static int pins_read(struct pins *p, struct span text, const char *separators,
		     int (*read)(struct pin *, struct span))
{
	size_t before = p->count;

	while (text.len > 0) {
		size_t len = 0;

		while (len < text.len &&
		       (text.data[len] == '\0' || !strchr(separators, text.data[len])))
			len++;
		if (len > 0) {
			struct pin pin = {.length = 0};

			if (p->count == PINS_MAX || read(&pin, (struct span){text.data, len}))
				return -1;
			p->list[p->count++] = pin;
		}
		len += len < text.len;
		text = (struct span){text.data + len, text.len - len};
	}
	return p->count > before ? 0 : -1;
}

int pins_read_fingerprints(struct pins *p, struct span text)
{
	return pins_read(p, text, ", \t", pin_read_hex);
}

int pins_read_keys(struct pins *p, struct span text)
{
	return pins_read(p, text, ",; \t", pin_read_key);
}

bool pins_have(const struct pins *p, const void *digest, size_t length)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].length == length &&
		    memcmp(p->list[i].digest, digest, length) == 0)
			return true;
	return false;
}

void pin_show(char out[PIN_TEXT_SIZE], const unsigned char digest[PIN_DIGEST_MAX])
{
	struct buf text;

	buf_init(&text, PIN_TEXT_SIZE - 1);
	buf_add_string(&text, pin_prefix);
	base64_encode(&text, (struct span){(const char *)digest, PIN_DIGEST_MAX});
	memcpy(out, text.data, text.len + 1);
	buf_clear(&text);
}
