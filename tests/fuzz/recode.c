/*
 * A message of any bytes, walked and re-encoded. The walk's pieces laid end to end are the
 * message, however it is cut. What is re-encoded holds no NUL, no lone CR and no line over 998
 * bytes, is 7-bit where that was asked for, is no longer than announced, and is made of parts
 * of the same kinds. For a relay that takes BINARYMIME what is not binary holds no NUL and no
 * lone CR.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "mail/outgoing.h"
#include "mail/wireform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX = 256 << 20 };

/* A text given out so many bytes at a time. */
struct cut_text {
	struct span rest;
	size_t cut;
};

static int next_cut(void *context, struct span *piece, struct error *error)
{
	struct cut_text *c = context;

	(void)error;
	*piece = (struct span){c->rest.data, c->rest.len < c->cut ? c->rest.len : c->cut};
	c->rest.data += piece->len;
	c->rest.len -= piece->len;
	return piece->len > 0;
}

/* Walks text; its parts are noted in shape, a letter each, the bytes put in out. False when it
 * is refused. */
static bool walk(struct span text, size_t cut, struct buf *shape, struct buf *out)
{
	struct cut_text source = {text, cut};
	struct error error;
	struct part_walk w;
	struct part_piece piece;
	int more;

	assert(part_walk_init(&w, next_cut, &source, &error) == 0);
	while ((more = part_walk_next(&w, &piece, &error)) > 0) {
		assert(piece.event == PART_HEADER || piece.event == PART_END ||
		       piece.text.len > 0);
		if (piece.event == PART_HEADER)
			buf_add_char(shape, (char)('a' + (int)w.kind));
		buf_add_span(out, piece.text);
		if (piece.event == PART_HEADER && w.has_blank)
			buf_add_char(out, '\n');
	}
	part_walk_clear(&w);
	return more == 0;
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void check_walk(struct span text)
{
	struct buf whole, bytes, shape, bytes_shape;

	buf_init(&whole, OUT_MAX);
	buf_init(&bytes, OUT_MAX);
	buf_init(&shape, OUT_MAX);
	buf_init(&bytes_shape, OUT_MAX);
	assert(walk(text, SIZE_MAX, &shape, &whole));
	assert(walk(text, 1, &bytes_shape, &bytes));
	assert(same(&whole, &bytes) && same(&shape, &bytes_shape));
	assert(whole.len <= text.len); /* headers lose the CRs of their line ends */
	buf_clear(&whole);
	buf_clear(&bytes);
	buf_clear(&shape);
	buf_clear(&bytes_shape);
}

static void put(struct wireform *form, struct span piece, struct buf *out)
{
	char block[4096];

	while (piece.len > 0)
		buf_add(out, block, wireform_feed(form, &piece, block, sizeof(block)));
}

static int recode(const struct recode *r, struct buf *out)
{
	struct error error;
	struct recode_reader *reader = recode_reader_new(r, &error);
	struct wireform form;
	struct span piece;
	char end[8];
	int more;

	assert(reader);
	wireform_init(&form, false);
	while ((more = recode_reader_next(reader, &piece, &error)) > 0)
		put(&form, piece, out);
	buf_add(out, end, wireform_finish(&form, end));
	recode_reader_free(reader);
	assert(!buf_failed(out));
	return more;
}

static void check_bytes(const struct buf *out, size_t head, bool seven)
{
	size_t line = 0;

	for (size_t i = 0; i < out->len; i++) {
		char c = out->data[i];

		assert(c != '\0' && (c != '\r' || out->data[i + 1] == '\n'));
		assert(!seven || i < head || (unsigned char)c < 0x80);
		line = c == '\n' ? 0 : line + (c != '\r');
		assert(line <= 998);
	}
}

/* Where the message's own header ends in wire form. */
static size_t head_length(const struct buf *out)
{
	const char *end = memmem(out->data, out->len, "\r\n\r\n", 4);

	if (out->len > 1 && memcmp(out->data, "\r\n", 2) == 0)
		return 0;
	return end ? (size_t)(end - out->data) : out->len;
}

/* Whether re-encoding may make other parts of a message: a byte that becomes "?" may make a
 * boundary of a line that was none, and the name of a field cannot be folded. */
static bool may_change(struct span text)
{
	size_t run = 0;

	for (size_t i = 0; i < text.len && run <= 990; i++)
		run = text.data[i] == '\n' || text.data[i] == ':' ? 0 : run + 1;
	return run > 990 || memchr(text.data, '?', text.len);
}

static void check_recode(const struct message *m, unsigned forbidden)
{
	struct buf out, plain, shape, new_shape, ignored;
	struct message_reader reader;
	struct error error = {0};
	struct recode r;
	struct span piece;
	int failed = recode_plan(&r, m, forbidden, false, &error);

	assert(!failed || error.class == ERROR_MESSAGE);
	buf_init(&out, OUT_MAX);
	buf_init(&plain, OUT_MAX);
	buf_init(&shape, OUT_MAX);
	buf_init(&new_shape, OUT_MAX);
	buf_init(&ignored, OUT_MAX);
	if (!failed) {
		assert(recode(&r, &out) == 0);
		assert(out.len <= r.size);
		if (!r.warning[0])
			check_bytes(&out, head_length(&out), forbidden & WEIGH_8BIT);
		assert(message_reader_init(&reader, m, &error) == 0);
		while (message_reader_next(&reader, &piece, &error) > 0)
			buf_add_span(&plain, piece);
		message_reader_clear(&reader);
		assert(walk(buf_span(&plain), SIZE_MAX, &shape, &ignored));
		assert(walk(buf_span(&out), SIZE_MAX, &new_shape, &ignored));
		assert(same(&shape, &new_shape) || may_change(buf_span(&plain)));
	}
	recode_clear(&r);
	buf_clear(&out);
	buf_clear(&plain);
	buf_clear(&shape);
	buf_clear(&new_shape);
	buf_clear(&ignored);
}

/* What of the message is not binary content goes into out; the bytes of all of it are counted.
 */
static uint64_t outgo(struct outgoing *o, struct buf *out)
{
	struct error error;
	struct span piece;
	uint64_t size = 0;
	int more;

	while ((more = outgoing_next(o, &piece, &error)) > 0) {
		size += piece.len;
		if (recode_reader_form(o->recoded) == WEIGH_KEEP)
			buf_add_span(out, piece);
	}
	assert(more == 0 && !buf_failed(out));
	return size;
}

static void check_binary(const struct message *m)
{
	struct outgoing o = {.message = m};
	struct error error = {0};
	struct buf out;

	buf_init(&out, OUT_MAX);
	if (outgoing_open(&o, OUTGOING_BINARY, &error) == 0 && o.is_binary) {
		assert(outgo(&o, &out) <= o.size);
		for (size_t i = 0; i < out.len && !o.warning[0]; i++)
			assert(out.data[i] != '\0' &&
			       (out.data[i] != '\r' || out.data[i + 1] == '\n'));
	}
	outgoing_clear(&o);
	buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct message_options options = {0};
	struct span text = {(const char *)data, size};
	struct error error;
	struct message *m;
	int fd = file_temporary("/dev/shm");

	check_walk(text);
	assert(fd >= 0 && file_write_all(fd, text.data, text.len) == 0);
	assert(lseek(fd, 0, SEEK_SET) == 0);
	m = message_read(fd, &options, &error);
	if (m) {
		check_recode(m, WEIGH_8BIT | WEIGH_LINES | WEIGH_BYTES);
		check_recode(m, WEIGH_LINES | WEIGH_BYTES);
		check_binary(m);
	}
	message_free(m);
	close(fd);
	return 0;
}
