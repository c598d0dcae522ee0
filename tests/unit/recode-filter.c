/*
 * recode-filter 7|8|b|8b: a message from standard input, as a relay gets it that takes 7-bit
 * bytes, 8BITMIME or BINARYMIME, in wire form on standard output; on standard error its size,
 * as it would be announced, and how it goes. Exit status: 65 when it is refused. It is for
 * tests/recode.bats.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "mail/outgoing.h"
#include "mail/wireform.h"

enum { BLOCK = 64 * 1024 };

static int put(struct wireform *form, struct span piece)
{
	static char out[BLOCK];

	while (piece.len > 0) {
		size_t len = wireform_feed(form, &piece, out, sizeof(out));

		if (file_write_all(STDOUT_FILENO, out, len))
			return -1;
	}
	return 0;
}

static int put_end(struct wireform *form)
{
	char out[16];

	return file_write_all(STDOUT_FILENO, out, wireform_finish(form, out));
}

static int put_bytes(struct span piece)
{
	return file_write_all(STDOUT_FILENO, piece.data, piece.len);
}

/* Returns 0, or -1 with *error. */
static int filter(struct outgoing *o, struct error *error)
{
	struct wireform form;
	struct span piece;
	int more;

	wireform_init(&form, false);
	while ((more = outgoing_next(o, &piece, error)) > 0)
		if (o->is_binary ? put_bytes(piece) : put(&form, piece))
			abort();
	return more < 0 ? -1 : put_end(&form);
}

static unsigned takes_of(const char *word)
{
	return (strchr(word, '8') ? OUTGOING_8BIT : 0) |
	       (strchr(word, 'b') ? OUTGOING_BINARY : 0);
}

int main(int argc, char *argv[])
{
	const struct message_options options = {0};
	struct error error = {0};
	struct outgoing o = {0};
	struct message *m;
	int failed;

	if (argc != 2)
		return 64;
	m = message_read(STDIN_FILENO, &options, &error);
	if (!m) {
		fprintf(stderr, "%s\n", error.text);
		return 65;
	}
	o.message = m;
	failed = outgoing_open(&o, takes_of(argv[1]), &error) || filter(&o, &error);
	if (failed)
		fprintf(stderr, "%s\n", error.text);
	else
		fprintf(stderr, "size %llu body %s warning %s\n", (unsigned long long)o.size,
			o.is_binary ? "binary" : "lines", o.warning);
	outgoing_clear(&o);
	message_free(m);
	return failed ? 65 : 0;
}
