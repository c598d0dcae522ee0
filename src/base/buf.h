/*
 * Bytes: a buffer that grows under a ceiling, a borrowed slice, a list of owned strings.
 *
 * A struct buf is born with the most it may ever hold. An append that would pass the ceiling,
 * or for which there is no memory, appends nothing and marks the buffer failed; later appends
 * do nothing, so that a run of appends is checked once, with buf_failed().
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* A slice of memory that somebody else owns; data may be NULL when len is 0. */
struct span {
	const char *data;
	size_t len;
};

/* A growing byte string. data is never NULL after buf_init() and data[len] is always NUL. */
struct buf {
	char *data;
	size_t len;
	size_t cap; /* bytes allocated, 0 while nothing is */
	size_t max; /* bytes it may hold at the most */
	bool failed;
	bool secret; /* its memory is locked and wiped */
};

/* Owned, NUL-terminated strings in order of arrival. All zero is the empty list. */
struct strv {
	char **items;
	size_t count;
	size_t cap;
};

struct span span_of(const char *string); /* string may be NULL: the empty span */
bool span_equals(struct span a, const char *string);
bool span_equals_nocase(struct span a, const char *string); /* ASCII letters only */
/* Whether two strings say the same: both NULL, or equal. */
bool string_equals(const char *a, const char *b);
bool span_starts_nocase(struct span a, const char *prefix);
struct span span_trim(struct span a); /* without blanks (SP HT CR LF) at both ends */
/* A copy as a NUL-terminated string that the caller frees, NULL when there is no memory. */
char *span_dup(struct span a);

/* An empty buffer that may grow to max bytes. Allocates nothing. */
void buf_init(struct buf *b, size_t max);
/* The same for a secret: its memory never goes to swap space, as far as the system lets us lock
 * it (mlock(2)), and is wiped whenever it is freed. */
void buf_init_secret(struct buf *b, size_t max);
/* Frees the memory; the buffer is as after buf_init(). */
void buf_clear(struct buf *b);
/* As buf_clear(), and overwrites the bytes first: for secrets. */
void buf_wipe(struct buf *b);
/* Empties the buffer and its failure mark, and keeps the memory. */
void buf_reset(struct buf *b);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_span(struct buf *b, struct span s);
void buf_add_string(struct buf *b, const char *string);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* Room for at least len more bytes, at data + len. Returns 0, or -1 and the buffer is failed.
 */
int buf_reserve(struct buf *b, size_t len);
/* Drops the first len bytes. */
void buf_consume(struct buf *b, size_t len);
/* Shortens to len bytes; a len beyond the present length changes nothing. */
void buf_truncate(struct buf *b, size_t len);
/* Whether an append was refused since buf_init() or buf_reset(). */
bool buf_failed(const struct buf *b);
struct span buf_span(const struct buf *b);
/* Hands over the bytes as a string that the caller frees; NULL when failed or out of memory.
 * The buffer is empty afterwards. */
char *buf_take(struct buf *b);

/* Appends a copy. Returns 0, or -1 without memory. */
int strv_add(struct strv *v, struct span s);
/* Appends string itself, which the list then owns (also on failure: it is freed). */
int strv_add_take(struct strv *v, char *string);
void strv_clear(struct strv *v);

#endif
