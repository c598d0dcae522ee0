/* Whether a message is said to be binary: see binary.h. Colons are looked for, because they are
 * rare in text and base64 has none: that costs next to nothing. */
#include "mail/binary.h"

#include <string.h>

#include "base/chars.h"
#include "mail/content.h"

enum {
	BLOCK = 16 * 1024,
	LOOK = 256 /* bytes of a field that are looked at, before and behind the colon */
};

/* Some of the message, with what stood before it. */
struct window {
	char text[BLOCK + 2 * LOOK];
	size_t filled, seen; /* colons before seen have been looked at */
};

/* Whether the text before a colon ends with the field's name. */
static bool is_name(struct span before)
{
	static const char name[] = "Content-Transfer-Encoding";
	size_t len = sizeof(name) - 1;

	while (before.len > 0 && chars_is(before.data[before.len - 1], CHARS_BLANK))
		before.len--;
	if (before.len < len)
		return false;
	return span_equals_nocase((struct span){before.data + before.len - len, len}, name);
}

/* Whether the body of the field, or the start of it, may be the word; comments are not read. */
static bool is_binary(struct span body)
{
	while (body.len > 0 && chars_is(*body.data, CHARS_BLANK | CHARS_NEWLINE)) {
		body.data++;
		body.len--;
	}
	return body.len == 0 || *body.data == '(' || span_starts_nocase(body, "binary");
}

/* Looks at the colons up to end. */
static bool window_says_it(struct window *w, size_t end)
{
	const char *colon;

	while (w->seen < end && (colon = memchr(w->text + w->seen, ':', end - w->seen))) {
		size_t at = (size_t)(colon - w->text);

		if (is_name((struct span){w->text, at}) &&
		    is_binary((struct span){colon + 1, w->filled - at - 1}))
			return true;
		w->seen = at + 1;
	}
	w->seen = end;
	return false;
}

/* What has been seen goes, but for what a field's name may begin in. */
static void window_move(struct window *w)
{
	size_t gone = w->seen > LOOK ? w->seen - LOOK : 0;

	w->filled -= gone;
	w->seen -= gone;
	memmove(w->text, w->text + gone, w->filled);
}

static bool window_take(struct window *w, struct span piece)
{
	bool found = false;

	while (piece.len > 0 && !found) {
		size_t room = sizeof(w->text) - w->filled;
		size_t len = piece.len < room ? piece.len : room;

		memcpy(w->text + w->filled, piece.data, len);
		w->filled += len;
		piece.data += len;
		piece.len -= len;
		if (w->filled < sizeof(w->text))
			break;
		found = window_says_it(w, w->filled - LOOK);
		window_move(w);
	}
	return found;
}

static bool has_parts(const struct message *m)
{
	struct content content;

	content_read(&content, message_header_view(m), false);
	return content.is_multipart || content.is_rfc822;
}

bool binary_is_said(const struct message *m)
{
	struct message_reader in;
	struct window w = {.filled = 0};
	struct error ignored;
	struct span piece;
	bool found = false;
	int more = 0;

	if (!has_parts(m))
		return false;
	if (message_reader_init(&in, m, &ignored))
		return true;
	in.body.skips_base64 = true; /* no field can stand there */
	while (!found && (more = message_reader_next(&in, &piece, &ignored)) > 0)
		found = window_take(&w, piece);
	found = found || more < 0 || window_says_it(&w, w.filled);
	message_reader_clear(&in);
	return found;
}
