/*
 * recode-filter 7|8: a message from standard input, made fit for a relay that takes 7-bit or
 * 8-bit bytes and put in wire form, on standard output. Exit status: 65 when it is refused. It
 * is for tests/recode.bats.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "mail/recode.h"
#include "mail/wireform.h"

enum { BLOCK = 64 * 1024 };

static uint64_t written;

static int put(struct wireform *form, struct span piece)
{
	static char out[BLOCK];

	while (piece.len > 0) {
		size_t len = wireform_feed(form, &piece, out, sizeof(out));

		written += len;
		if (file_write_all(STDOUT_FILENO, out, len))
			return -1;
	}
	return 0;
}

static int put_end(struct wireform *form)
{
	char out[16];
	size_t len = wireform_finish(form, out);

	written += len;
	return file_write_all(STDOUT_FILENO, out, len);
}

/* Returns 0, or -1 with *error. */
static int filter(const struct message *m, unsigned forbidden, struct recode *r,
		  struct error *error)
{
	struct recode_reader *reader;
	struct wireform form;
	struct span piece;
	int more = -1;

	if (recode_plan(r, m, forbidden, error))
		return -1;
	reader = recode_reader_new(r, error);
	wireform_init(&form, false);
	while (reader && (more = recode_reader_next(reader, &piece, error)) > 0)
		if (put(&form, piece))
			abort();
	recode_reader_free(reader);
	return more < 0 ? -1 : put_end(&form);
}

int main(int argc, char *argv[])
{
	const struct message_options options = {0};
	struct error error = {0};
	struct recode r;
	struct message *m;
	unsigned forbidden;
	int failed;

	if (argc != 2)
		return 64;
	m = message_read(STDIN_FILENO, &options, &error);
	if (!m) {
		fprintf(stderr, "%s\n", error.text);
		return 65;
	}
	forbidden = recode_needs(m, strcmp(argv[1], "8") == 0);
	failed = filter(m, forbidden, &r, &error);
	if (failed)
		fprintf(stderr, "%s\n", error.text);
	else
		fprintf(stderr, "size %llu written %llu warning %s\n",
			(unsigned long long)r.size, (unsigned long long)written, r.warning);
	recode_clear(&r);
	message_free(m);
	return failed ? 65 : 0;
}
