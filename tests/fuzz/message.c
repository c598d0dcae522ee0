/*
 * A message of any bytes, read and put in wire form. The same comes out of memory, of a pipe
 * and of a file, and of a wire form fed whole and byte by byte; no bare CR or LF does, no line
 * that is only a dot where dots are doubled; and the size that was announced is the size that
 * was sent.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "mail/message.h"
#include "mail/wireform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX = 64 << 20, PIPE_HOLDS = 32768 };

static void convert(struct span in, bool dots, size_t cut, size_t room_size, struct buf *out)
{
	char *room = malloc(room_size);
	struct wireform w;

	wireform_init(&w, dots);
	while (in.len > 0) {
		struct span piece = {in.data, in.len < cut ? in.len : cut};
		size_t given = piece.len;

		while (piece.len > 0)
			buf_add(out, room, wireform_feed(&w, &piece, room, room_size));
		in.data += given;
		in.len -= given;
	}
	buf_add(out, room, wireform_finish(&w, room));
	free(room);
	assert(!buf_failed(out));
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void check_wire(const struct buf *wire, bool dots)
{
	for (size_t i = 0; i < wire->len; i++) {
		assert(wire->data[i] != '\r' || wire->data[i + 1] == '\n');
		assert(wire->data[i] != '\n' || (i > 0 && wire->data[i - 1] == '\r'));
		if (dots && wire->data[i] == '.' && (i == 0 || wire->data[i - 1] == '\n'))
			assert(wire->data[i + 1] == '.');
	}
	assert(wire->len == 0 || wire->data[wire->len - 1] == '\n');
}

static void check_wireform(struct span text, bool dots)
{
	struct buf whole, bytes, small;

	buf_init(&whole, OUT_MAX);
	buf_init(&bytes, OUT_MAX);
	buf_init(&small, OUT_MAX);
	convert(text, dots, SIZE_MAX, 65536, &whole);
	convert(text, dots, 1, 16, &bytes);
	convert(text, dots, 7, 17, &small);
	assert(same(&whole, &bytes) && same(&whole, &small));
	check_wire(&whole, dots);
	buf_clear(&whole);
	buf_clear(&bytes);
	buf_clear(&small);
}

/* All of a message as it is read out; false when it was refused. */
static bool read_message(int fd, const struct message_options *options, struct buf *out,
			 uint64_t *size)
{
	struct error error = {0};
	struct message *m = message_read(fd, options, &error);
	struct message_reader r;
	struct span piece;
	int result;

	close(fd);
	if (!m) {
		assert(error.class == ERROR_MESSAGE);
		return false;
	}
	*size = message_size(m);
	assert(message_reader_init(&r, m, &error) == 0);
	while ((result = message_reader_next(&r, &piece, &error)) > 0)
		buf_add_span(out, piece);
	assert(result == 0 && !buf_failed(out));
	message_reader_clear(&r);
	message_free(m);
	return true;
}

static int open_file(struct span text)
{
	int fd = file_temporary("/dev/shm");

	assert(fd >= 0 && file_write_all(fd, text.data, text.len) == 0);
	assert(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* A pipe that holds all of text, which is no more than PIPE_HOLDS bytes. */
static int open_pipe(struct span text)
{
	int fds[2];

	assert(pipe2(fds, O_CLOEXEC) == 0);
	assert(file_write_all(fds[1], text.data, text.len) == 0);
	close(fds[1]);
	return fds[0];
}

static void check_message(struct span text, bool end_at_dot)
{
	struct message_options options = {.end_at_dot = end_at_dot};
	struct buf file, pipe, wire;
	uint64_t file_size = 0, pipe_size = 0;
	bool read;

	buf_init(&file, OUT_MAX);
	buf_init(&pipe, OUT_MAX);
	buf_init(&wire, OUT_MAX);
	read = read_message(open_file(text), &options, &file, &file_size);
	if (text.len <= PIPE_HOLDS) {
		assert(read == read_message(open_pipe(text), &options, &pipe, &pipe_size));
		assert(same(&file, &pipe) && file_size == pipe_size);
	}
	if (read) {
		convert(buf_span(&file), false, SIZE_MAX, 65536, &wire);
		assert(wire.len == file_size);
	}
	buf_clear(&file);
	buf_clear(&pipe);
	buf_clear(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};

	check_wireform(text, true);
	check_wireform(text, false);
	check_message(text, false);
	check_message(text, true);
	return 0;
}
