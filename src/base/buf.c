/* Buffers, slices and string lists: see buf.h. */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#include "base/chars.h"

enum { BUF_FIRST = 63 }; /* bytes that the first memory of a buffer holds */

static char empty[1]; /* what a buffer without memory shows; never written to */

struct span span_of(const char *string)
{
	return (struct span){string, string ? strlen(string) : 0};
}

bool span_equals(struct span a, const char *string)
{
	return a.len == strlen(string) && (a.len == 0 || memcmp(a.data, string, a.len) == 0);
}

bool span_starts_nocase(struct span a, const char *prefix)
{
	for (size_t i = 0; prefix[i]; i++)
		if (i >= a.len || chars_lower(a.data[i]) != chars_lower(prefix[i]))
			return false;
	return true;
}

bool string_equals(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool span_equals_nocase(struct span a, const char *string)
{
	return a.len == strlen(string) && span_starts_nocase(a, string);
}

struct span span_trim(struct span a)
{
	while (a.len > 0 && chars_is(a.data[0], CHARS_BLANK | CHARS_NEWLINE)) {
		a.data++;
		a.len--;
	}
	while (a.len > 0 && chars_is(a.data[a.len - 1], CHARS_BLANK | CHARS_NEWLINE))
		a.len--;
	return a;
}

char *span_dup(struct span a)
{
	char *copy = malloc(a.len + 1);

	if (!copy)
		return NULL;
	if (a.len > 0)
		memcpy(copy, a.data, a.len);
	copy[a.len] = '\0';
	return copy;
}

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.data = empty, .max = max};
}

void buf_init_secret(struct buf *b, size_t max)
{
	buf_init(b, max);
	b->secret = true;
}

void buf_clear(struct buf *b)
{
	bool secret = b->secret;

	if (b->cap > 0 && secret)
		explicit_bzero(b->data, b->cap);
	if (b->cap > 0)
		free(b->data);
	buf_init(b, b->max);
	b->secret = secret;
}

void buf_wipe(struct buf *b)
{
	if (b->cap > 0)
		explicit_bzero(b->data, b->cap);
	buf_clear(b);
}

void buf_reset(struct buf *b)
{
	b->failed = false;
	buf_truncate(b, 0);
}

/* Grows by copying instead of realloc(), so that a buffer with a secret leaves no copy behind.
 */
static int buf_grow(struct buf *b, size_t want)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST + 1;
	char *data;

	while (cap < want)
		cap *= 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	data = b->secret ? calloc(1, cap) : malloc(cap);
	if (!data)
		return -1;
	/* The page stays locked when the memory is free again: another secret may be in it. */
	if (b->secret)
		mlock(data, cap);
	memcpy(data, b->data, b->len + 1);
	if (b->cap > 0) {
		explicit_bzero(b->data, b->cap);
		free(b->data);
	}
	b->data = data;
	b->cap = cap;
	return 0;
}

int buf_reserve(struct buf *b, size_t len)
{
	if (b->failed)
		return -1;
	if (len > b->max - b->len ||
	    (b->len + len + 1 > b->cap && buf_grow(b, b->len + len + 1))) {
		b->failed = true;
		return -1;
	}
	return 0;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (len == 0 || buf_reserve(b, len))
		return;
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_add_span(struct buf *b, struct span s)
{
	buf_add(b, s.data, s.len);
}

void buf_add_string(struct buf *b, const char *string)
{
	buf_add(b, string, strlen(string));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

/* What fits into the room there is, is formatted once; the rest is measured by that first try.
 */
void buf_vprintf(struct buf *b, const char *format, va_list ap)
{
	va_list again;
	int len;

	if (b->cap == 0 && buf_reserve(b, b->max < BUF_FIRST ? b->max : BUF_FIRST))
		return;
	if (b->failed)
		return;
	va_copy(again, ap);
	len = vsnprintf(b->data + b->len, b->cap - b->len, format, ap);
	if (len < 0 || (size_t)len >= b->cap - b->len) {
		b->data[b->len] = '\0';
		if (len < 0)
			b->failed = true;
		else if (buf_reserve(b, (size_t)len) == 0)
			vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
	}
	va_end(again);
	if (!b->failed)
		b->len += (size_t)len;
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	buf_vprintf(b, format, ap);
	va_end(ap);
}

void buf_consume(struct buf *b, size_t len)
{
	if (len == 0)
		return;
	if (len >= b->len) {
		buf_truncate(b, 0);
		return;
	}
	memmove(b->data, b->data + len, b->len - len + 1);
	b->len -= len;
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	b->len = len;
	b->data[len] = '\0';
}

bool buf_failed(const struct buf *b)
{
	return b->failed;
}

struct span buf_span(const struct buf *b)
{
	return (struct span){b->data, b->len};
}

char *buf_take(struct buf *b)
{
	char *data = NULL;

	if (!b->failed)
		data = b->cap > 0 ? b->data : calloc(1, 1);
	if (b->failed)
		buf_clear(b);
	buf_init(b, b->max);
	return data;
}

int strv_add_take(struct strv *v, char *string)
{
	char **items;
	size_t cap;

	if (!string)
		return -1;
	if (v->count == v->cap) {
		cap = v->cap ? v->cap * 2 : 8;
		items = reallocarray(v->items, cap, sizeof(*items));
		if (!items) {
			free(string);
			return -1;
		}
		v->items = items;
		v->cap = cap;
	}
	v->items[v->count++] = string;
	return 0;
}

int strv_add(struct strv *v, struct span s)
{
	return strv_add_take(v, span_dup(s));
}

void strv_clear(struct strv *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->items[i]);
	free(v->items);
	*v = (struct strv){0};
}
