/* Escaping and UTF-8: see text.h. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/chars.h"

size_t text_utf8_length(struct span s)
{
	/* RFC 3629 section 4: for each lead byte the length and the bounds of the second byte.
	 */
	static const struct {
		unsigned char first, last, low, high, len;
	} leads[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const unsigned char *p = (const unsigned char *)s.data;

	if (s.len > 0 && p[0] < 0x80)
		return 1;
	for (size_t i = 0; s.len > 0 && i < sizeof(leads) / sizeof(leads[0]); i++) {
		if (p[0] < leads[i].first || p[0] > leads[i].last)
			continue;
		if (s.len < leads[i].len)
			return 0;
		if (p[1] < leads[i].low || p[1] > leads[i].high)
			return 0;
		for (size_t k = 2; k < leads[i].len; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return leads[i].len;
	}
	return 0;
}

bool text_is_utf8(struct span s)
{
	while (s.len > 0) {
		size_t len = text_utf8_length(s);

		if (len == 0)
			return false;
		s.data += len;
		s.len -= len;
	}
	return true;
}

/* The byte that a character of several begins with (RFC 3629 section 4). */
static void text_utf8_begin(struct text_utf8 *u, unsigned char c)
{
	u->bad = c < 0xc2 || c > 0xf4;
	u->left = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	u->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	u->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
}

void text_utf8_feed(struct text_utf8 *u, struct span s)
{
	const unsigned char *p = (const unsigned char *)s.data, *end = p + s.len;
	uint64_t eight;

	while (p < end && !u->bad) {
		if (u->left > 0) {
			u->bad = *p < u->low || *p > u->high;
			u->low = 0x80;
			u->high = 0xbf;
			u->left--;
			p++;
			continue;
		}
		for (; end - p >= 8; p += 8) {
			memcpy(&eight, p, sizeof(eight));
			if (eight & 0x8080808080808080)
				break;
		}
		while (p < end && *p < 0x80)
			p++;
		if (p < end)
			text_utf8_begin(u, *p++);
	}
}

bool text_is_8bit(struct span s)
{
	uint64_t eight;

	for (; s.len >= sizeof(eight); s.data += sizeof(eight), s.len -= sizeof(eight)) {
		memcpy(&eight, s.data, sizeof(eight));
		if (eight & 0x8080808080808080)
			return true;
	}
	for (size_t i = 0; i < s.len; i++)
		if (chars_is(s.data[i], CHARS_UTF8))
			return true;
	return false;
}

uint32_t text_code_point(const char *data, size_t len)
{
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = (unsigned char)data[0] & masks[len];

	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)data[i] & 0x3f);
	return code;
}

/* Whether a terminal shows the character and does nothing else with it. */
static bool text_is_harmless(const char *data, size_t len)
{
	/* Bidirectional controls, separators, and what takes no room and so could hide. */
	static const struct {
		uint32_t first, last;
	} unseen[] = {
		{0xad, 0xad},     {0x61c, 0x61c},     {0x180e, 0x180e}, {0x200b, 0x200f},
		{0x2028, 0x202e}, {0x2060, 0x2064},   {0x2066, 0x2069}, {0xfeff, 0xfeff},
		{0xfff9, 0xfffb}, {0xe0000, 0xe007f},
	};
	uint32_t c = text_code_point(data, len);

	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (c >= unseen[i].first && c <= unseen[i].last)
			return false;
	return true;
}

/* Writes the shown form of the first character of s to out (at least 5 bytes) and returns its
 * length; *used is how many bytes of s it stands for. */
static size_t text_show_char(char *out, struct span s, size_t *used)
{
	size_t len = text_utf8_length(s);
	static const char letters[] = "\nn\rr\tt";
	const char *letter;

	*used = len > 0 ? len : 1;
	if (len > 0 && text_is_harmless(s.data, len)) {
		memcpy(out, s.data, len);
		return len;
	}
	*used = 1;
	letter = s.data[0] ? strchr(letters, s.data[0]) : NULL;
	if (letter && chars_is(s.data[0], CHARS_CONTROL)) {
		out[0] = '\\';
		out[1] = letter[1];
		return 2;
	}
	return (size_t)snprintf(out, 5, "\\x%02X", (unsigned char)s.data[0]);
}

/* The length of what stands at the start of s and is shown as it is without a second look. */
static size_t text_plain_length(struct span s)
{
	size_t len = 0;

	while (len < s.len && (chars_is(s.data[len], CHARS_GRAPHIC) || s.data[len] == ' '))
		len++;
	return len;
}

void text_escape(struct buf *out, struct span s)
{
	char shown[8];

	while (s.len > 0) {
		size_t used = text_plain_length(s);

		if (used > 0)
			buf_add(out, s.data, used);
		else
			buf_add(out, shown, text_show_char(shown, s, &used));
		s.data += used;
		s.len -= used;
	}
}

const char *text_show(char *out, size_t size, struct span s)
{
	size_t at = 0;
	char shown[8];
	size_t used;

	for (; s.len > 0; s.data += used, s.len -= used) {
		size_t len;

		used = text_plain_length(s);
		if (used > 0 && at + used + (s.len > used ? 3 : 0) < size) {
			memcpy(out + at, s.data, used);
			at += used;
			continue;
		}
		len = text_show_char(shown, s, &used);
		if (at + len + (s.len > used ? 3 : 0) >= size) {
			memcpy(out + at, "...", 4);
			return out;
		}
		memcpy(out + at, shown, len);
		at += len;
	}
	out[at] = '\0';
	return out;
}

void text_cut(char *string)
{
	size_t len = strlen(string);
	size_t back = 0;

	while (back < len && back < 4 && ((unsigned char)string[len - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back < len && chars_is(string[len - 1 - back], CHARS_UTF8) &&
	    text_utf8_length((struct span){string + len - 1 - back, back + 1}) == 0)
		string[len - 1 - back] = '\0';
}

void text_quote(struct buf *out, const char *s)
{
	buf_add_char(out, '\'');
	for (; *s; s++)
		if (*s == '\'')
			buf_add_string(out, "'\\''");
		else
			buf_add_char(out, *s);
	buf_add_char(out, '\'');
}
