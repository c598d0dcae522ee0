/*
 * A whole session of the server: the first byte says whether the client is a stranger, to whom
 * any login is open. What is said is SMTP; what a stranger's message holds are whole lines; and
 * the data of DATA come out the same however they are cut.
 */
#include "smtp/server.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "smtp/undot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct taker {
	bool strict;
	bool hasty; /* reads one piece alone */
};

static void check_envelope(const struct server_envelope *e)
{
	if (!e->sender.text || e->recipients.count == 0)
		abort();
	for (size_t i = 0; i < e->recipients.count; i++)
		if (!e->recipients.items[i][0] || strpbrk(e->recipients.items[i], "\r\n"))
			abort();
	if (strpbrk(e->sender.text, "\r\n") || strpbrk(e->envelope_id, "\r\n"))
		abort();
}

static void take(void *context, const struct server_envelope *e, server_next *next,
		 void *source, struct answer *a)
{
	const struct taker *t = context;
	struct undot_check check = {0};
	struct span piece;
	struct error error;
	int got;

	check_envelope(e);
	while ((got = next(source, &piece, &error)) > 0) {
		undot_check_feed(&check, piece);
		if (t->hasty)
			break;
	}
	if (got == 0 && t->strict && !e->binary && (check.bare || check.after_cr))
		abort();
	if (got < 0)
		answer_from_error(a, &error);
	else
		answer_set(a, 250, "2.0.0", "done");
}

/* Every line is a reply's. */
static void check_said(const struct buf *said)
{
	const char *p = said->data;

	while (*p) {
		const char *lf = strchr(p, '\n');

		if (!lf || lf - p > 511 || lf[-1] != '\r' ||
		    memchr(p, '\r', (size_t)(lf - 1 - p)))
			abort();
		if (!isdigit((unsigned char)p[0]) || !isdigit((unsigned char)p[1]) ||
		    !isdigit((unsigned char)p[2]) || (p[3] != ' ' && p[3] != '-'))
			abort();
		p = lf + 1;
	}
	if (said->len != (size_t)(p - said->data))
		abort();
}

static int memory_file(const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || file_write_all(fd, data, size) || lseek(fd, 0, SEEK_SET))
		abort();
	return fd;
}

static void check_session(const uint8_t *data, size_t size, struct taker t)
{
	struct server_handler handler = {take, NULL, &t};
	struct server_options options = {
		.name = "fuzz.example",
		.strict = t.strict,
		.any_login = t.strict,
		.size_max = 100000,
		.recipients_max = 10,
		.deadline = CLOCK_NEVER,
	};
	int in = memory_file(data, size);
	int out = memory_file("", 0);
	struct buf said;

	buf_init(&said, 64 << 20);
	server_run(&options, &handler, in, out);
	if (lseek(out, 0, SEEK_SET) || file_read_all(out, &said))
		abort();
	check_said(&said);
	buf_clear(&said);
	close(in);
	close(out);
}

static void check_undot(const uint8_t *data, size_t size, bool lf_ends)
{
	struct undot whole = {.lf_ends = lf_ends}, cut = {.lf_ends = lf_ends};
	struct undot_check check = {0}, cut_check = {0};
	struct span in = {(const char *)data, size};
	char *a = malloc(size + 1), *b = malloc(2 * size + 1);
	size_t a_len, b_len = 0, used;

	if (!a || !b)
		abort();
	a_len = undot_feed(&whole, &in, a);
	used = size - in.len;
	for (size_t i = 0; i < used; i++) {
		struct span one = {(const char *)data + i, 1};

		if (cut.ended)
			abort();
		b_len += undot_feed(&cut, &one, b + b_len);
	}
	if (a_len != b_len || memcmp(a, b, a_len) != 0 || whole.ended != cut.ended)
		abort();
	undot_check_feed(&check, (struct span){a, a_len});
	for (size_t i = 0; i < a_len; i++)
		undot_check_feed(&cut_check, (struct span){a + i, 1});
	if (check.bare != cut_check.bare ||
	    (!check.bare && check.after_cr != cut_check.after_cr))
		abort();
	free(a);
	free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	check_session(data + 1, size - 1,
		      (struct taker){.strict = data[0] & 1, .hasty = data[0] & 2});
	check_undot(data + 1, size - 1, data[0] & 1);
	return 0;
}
