/*
 * The two ends of a conversation that somebody else began: one descriptor to read from, one to
 * write to, of any kind (pipe, terminal, file, socket, the same for both), with deadlines.
 *
 * The descriptors stay as they are (blocking or not), because others may share them.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum { STREAM_INPUT_MAX = 64 * 1024, STREAM_OUTPUT_MAX = 256 * 1024 };

struct stream {
	int in, out;      /* borrowed */
	struct buf input; /* read; the first `used` bytes are done with */
	size_t used;
	struct buf output; /* to be written */
	bool out_is_socket;
};

void stream_init(struct stream *s, int in, int out);
void stream_clear(struct stream *s);
/* What was read and is not done with; valid until the next stream_fill(). */
struct span stream_input(const struct stream *s);
void stream_consume(struct stream *s, size_t len);
/* Overwrites what was read and is done with: it was a secret. */
void stream_wipe(struct stream *s);
/* Reads what comes, once. Returns 1 when bytes were added, 0 at the end, -1 with *error (local,
 * stage input; number ETIMEDOUT at the deadline, ENOBUFS when nothing fits any more). */
int stream_fill(struct stream *s, int64_t deadline, struct error *error);
/* Writes all of s->output. Returns 0, or -1 with *error as above. */
int stream_flush(struct stream *s, int64_t deadline, struct error *error);

/* What a descriptor leads to. */
enum stream_peer {
	STREAM_PEER_NONE, /* no socket, or a pair of sockets: who called us */
	STREAM_PEER_UNIX, /* a unix socket with a name */
	STREAM_PEER_HERE, /* a socket of the network, and a peer on this machine */
	STREAM_PEER_ELSEWHERE
};

/* Of a socket of the network, its peer's address as text is appended to address. */
enum stream_peer stream_peer(int fd, struct buf *address);

#endif
