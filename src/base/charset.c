/* Charsets: see charset.h. */
#include "base/charset.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static bool is_one_of(const char *name, const char *const names[])
{
	while (*names && strcasecmp(name, *names) != 0)
		names++;
	return *names;
}

bool charset_is_ascii(const char *name)
{
	return is_one_of(name, (const char *const[]){"us-ascii", "ascii", "ansi_x3.4-1968",
						     "646", "c", "posix", NULL});
}

bool charset_is_utf8(const char *name)
{
	return is_one_of(name, (const char *const[]){"utf-8", "utf8", NULL});
}

/* Whether every letter of ASCII comes out as it went in. */
static bool keeps_ascii(iconv_t descriptor)
{
	for (char c = ' '; c < 0x7f; c++) {
		char letter[2] = {c, c}, out[8] = "";
		char *from = letter, *to = out;
		size_t left = sizeof(letter), room = sizeof(out);

		/* ISO 646's cousins and Shift_JIS have other signs in places of the
		 * backslash and the tilde. */
		if (c == '\\' || c == '~')
			continue;
		if (iconv(descriptor, &from, &left, &to, &room) == (size_t)-1 || left > 0 ||
		    room != sizeof(out) - 2 || out[0] != c || out[1] != c)
			return false;
	}
	return true;
}

int charset_open(struct charset *c, const char *name)
{
	*c = (struct charset){.descriptor = iconv_open("UTF-8", name)};
	if (c->descriptor == (iconv_t)-1)
		return -1;
	if (keeps_ascii(c->descriptor))
		return 0;
	charset_close(c);
	return -1;
}

void charset_close(struct charset *c)
{
	if (c->descriptor != (iconv_t)-1)
		iconv_close(c->descriptor);
	c->descriptor = (iconv_t)-1;
}

/* Converts what is at from; what is left there at the end is a character that is cut. */
static int convert(struct charset *c, char **from, size_t *left, struct buf *out)
{
	char block[4096];
	size_t done;

	do {
		char *to = block;
		size_t room = sizeof(block);

		done = iconv(c->descriptor, from, left, &to, &room);
		if (out)
			buf_add(out, block, sizeof(block) - room);
	} while (done == (size_t)-1 && errno == E2BIG);
	if (done == (size_t)-1 && (errno != EINVAL || *left > CHARSET_HELD_MAX))
		return -1;
	return 0;
}

int charset_feed(struct charset *c, struct span piece, struct buf *out)
{
	char block[1024];

	while (piece.len > 0) {
		size_t taken = sizeof(block) - c->held_count;
		char *from = block;
		size_t left;

		if (taken > piece.len)
			taken = piece.len;
		memcpy(block, c->held, c->held_count);
		memcpy(block + c->held_count, piece.data, taken);
		piece.data += taken;
		piece.len -= taken;
		left = c->held_count + taken;
		if (convert(c, &from, &left, out))
			return -1;
		memcpy(c->held, from, left);
		c->held_count = left;
	}
	return 0;
}

int charset_finish(struct charset *c)
{
	return c->held_count > 0 ? -1 : 0;
}
