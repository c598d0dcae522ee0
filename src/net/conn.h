/*
 * A connection: bytes with deadlines, in clear or under TLS, over any stream socket.
 *
 * Input gathers in one buffer that the owner looks at and consumes. Whatever waits for room to
 * write reads meanwhile, so that two sides which both have much to say never block each other
 * (RFC 2920 section 3.1). Nothing here knows SMTP.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/course.h"
#include "base/crypto.h"
#include "base/error.h"

struct conn;

/* Takes a connected stream socket over and makes it non-blocking (and TCP_NODELAY). NULL
 * without memory; fd is closed then. */
struct conn *conn_new(int fd);
/* Closes without a word more, or with close_notify when that needs no waiting. NULL is fine. */
void conn_free(struct conn *c);

/* Starts TLS as the client. Refuses (stage starttls) when input is waiting: bytes sent in clear
 * must not be read as if they had come under TLS (CVE-2011-0411). The handshake as a whole must
 * end before the deadline. Returns 0 or -1; after -1 only conn_describe_tls() and conn_free()
 * are left to call. */
int conn_start_tls(struct conn *c, const struct tls_policy *policy, int64_t deadline,
		   struct error *error);
/* Whether TLS is on, and whether the peer proved its name under it. */
bool conn_is_tls(const struct conn *c);
bool conn_is_verified(const struct conn *c);
/* As crypto->tls_binding(); -1 also when there is no TLS. */
int conn_channel_binding(const struct conn *c, const char **type, struct buf *out);
/* As crypto->tls_describe(). -1 also when there is no TLS. */
int conn_describe_tls(struct conn *c, struct tls_info *info, struct error *error);

/* Writes all of it by the deadline. Input that arrives meanwhile is read into the buffer.
 * Returns 0; -1 with *error temporary, stage connect ("connection lost", "timed out"): what had
 * arrived before stays readable. */
int conn_write(struct conn *c, const void *data, size_t len, int64_t deadline,
	       struct error *error);
/* Waits for input. Returns 1 when bytes were added, 0 at the end of the stream (an orderly
 * one), -1 on a failure, a TLS stream cut short, the deadline, or more than the buffer may
 * hold. */
int conn_fill(struct conn *c, int64_t deadline, struct error *error);
/* Reads what has arrived without waiting. Returns 1 when the buffer is not empty afterwards, 0
 * when it is (also at the end of the stream and on errors, which the next conn_fill() tells).
 */
int conn_peek(struct conn *c);
/* Whether the stream has ended or broken, as far as reading has told. */
bool conn_has_ended(const struct conn *c);
/* The input that was read and not consumed; valid until the next call on c. */
struct span conn_input(const struct conn *c);
void conn_consume(struct conn *c, size_t len);

/* Somebody passes the bytes on, so that the socket says nothing of who is at the other end: it
 * is neither loopback nor a trusted unix socket from now on. child, if not 0, is a program that
 * does it: it is ended with the connection. */
void conn_set_relayed(struct conn *c, pid_t child);
/* After the stream has ended or broken: where such a program has ended, too, puts how behind
 * the text. It may take half a second to be sure. Returns -1. */
int conn_blame_child(struct conn *c, struct error *error);
/* Whether the socket really is connected to a loopback address (127.0.0.0/8, ::1). */
bool conn_is_loopback(const struct conn *c);
/* Whether it is a unix socket whose peer is root or ourselves (SO_PEERCRED). */
bool conn_is_trusted_unix(const struct conn *c);
/* Appends our end's address as the address literal of RFC 5321 section 4.1.3: "[192.0.2.1]",
 * "[IPv6:2001:db8::1]"; "localhost" for a unix socket; "[127.0.0.1]" where that is a command's.
 */
void conn_local_literal(const struct conn *c, struct buf *out);
/* From now on what happens is noted there (borrowed; NULL: nowhere), the peer's address at
 * once, and who looks on is called while it waits. */
void conn_watch(struct conn *c, struct course *course);
struct course *conn_course(const struct conn *c);
/* The peer's address as text, "unix" for a unix socket, "a command". */
void conn_peer(const struct conn *c, struct buf *out);

#endif
