/* A file on its way into a message: see attachment.h. */
#include "mail/attachment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/chars.h"
#include "base/clock.h"
#include "base/text.h"
#include "mail/header.h"
#include "mail/magic.h"
#include "mail/media_type.h"
#include "mail/parameter.h"

enum {
	MEMORY = 256 * 1024,
	BLOCK = 64 * 1024, /* and what is looked at of a file */
	TYPE_MAX = 512     /* bytes of a type that somebody gave */
};

static int set_errno(const struct attachment *a, const char *what, struct error *error)
{
	return error_set_errno(error, ERROR_LOCAL, STAGE_FILE, errno, "cannot %s %s", what,
			       TEXT_SHOW(span_of(a->path)));
}

/* Files stay open until they are sent, as many as the system allows. */
static bool allow_more_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
		return false;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* Waits for the writer of a FIFO. */
static int open_path(const char *path)
{
	int fd;

	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && (errno == EINTR || (errno == EMFILE && allow_more_files())));
	return fd;
}

/* Reads all of fd into the stash. */
static int spool(struct attachment *a, int fd, char *block, struct error *error)
{
	ssize_t got;

	for (;;) {
		course_await(a->course, fd, CLOCK_NEVER);
		got = read(fd, block, BLOCK);
		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return set_errno(a, "read", error);
		course_move(a->course, (size_t)got);
		if (stash_add(&a->stash, (struct span){block, (size_t)got}, error))
			return -1;
	}
	return 0;
}

/* A regular file that says that it is empty may be one of unknown size, as in /proc. */
static int settle_source(struct attachment *a, int fd, const char *directory, char *block,
			 struct error *error)
{
	struct stat *st = &a->file.identity;
	int failed;

	if (fstat(fd, st)) {
		failed = set_errno(a, "look at", error);
	} else if (S_ISREG(st->st_mode) && st->st_size > 0) {
		a->file.fd = fd;
		a->file.name = a->path;
		a->file.length = (uint64_t)st->st_size;
		a->is_open = true;
		return 0;
	} else {
		stash_init(&a->stash, MEMORY, directory);
		a->is_stashed = true;
		failed = spool(a, fd, block, error);
	}
	close(fd);
	return failed;
}

/* Some of the content from offset on, into block: 1, 0 at the end, -1 with *error. */
static int peek(const struct attachment *a, uint64_t offset, char *block, struct span *piece,
		struct error *error)
{
	ssize_t got;

	if (a->is_stashed)
		return stash_read(&a->stash, offset, block, BLOCK, piece, error);
	do
		got = pread(a->file.fd, block, BLOCK, (off_t)offset);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return set_errno(a, "read", error);
	*piece = (struct span){block, (size_t)got};
	return got > 0;
}

/* What is behind the last "/"; something where that says nothing. */
static struct span base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct span name = span_of(slash ? slash + 1 : path);

	if (name.len == 0 || span_equals(name, ".") || span_equals(name, ".."))
		return span_of("attachment");
	return name;
}

/* A name that is too long is cut at a character, and keeps its ending. */
static void find_name(struct attachment *a)
{
	struct span name = base_name(a->name ? a->name : a->path);
	const char *dot = memrchr(name.data, '.', name.len);
	size_t ending = dot ? (size_t)(name.data + name.len - dot) : 0;

	if (name.len <= ATTACHMENT_NAME_MAX) {
		memcpy(a->found_name, name.data, name.len);
		a->found_name[name.len] = '\0';
		return;
	}
	if (ending > 32)
		ending = 0;
	memcpy(a->found_name, name.data, ATTACHMENT_NAME_MAX - ending);
	a->found_name[ATTACHMENT_NAME_MAX - ending] = '\0';
	text_cut(a->found_name);
	strlcat(a->found_name, ending ? dot : "", sizeof(a->found_name));
}

/* Whether a single file can be of that type, sent as a message or as base64. */
static bool is_for_files(struct span type)
{
	return media_type_is_valid(type) && !media_type_is(type, "multipart/") &&
	       (!media_type_is(type, "message/") || media_type_is(type, "message/rfc822"));
}

static int check_given_type(const struct attachment *a, struct error *error)
{
	struct span type = span_of(a->type);

	if (type.len <= TYPE_MAX && is_for_files(type))
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_USAGE,
			 "\"%s\" is not the type of a file, such as text/csv or "
			 "image/png",
			 TEXT_SHOW(type));
}

/* Whether it looks like text: no control characters but those of lines, pages and colours. */
static bool looks_like_text(struct span start)
{
	for (size_t i = 0; i < start.len; i++)
		if (chars_is(start.data[i], CHARS_CONTROL) &&
		    !memchr("\t\n\r\f\b\033", start.data[i], 6))
			return false;
	return start.len > 0;
}

/* Whether a message begins so: with a field, behind an mbox line or not. *skip: what is before
 * it. */
static bool looks_like_message(struct span start, size_t *skip)
{
	const char *lf;

	*skip = 0;
	if (start.len >= 5 && memcmp(start.data, "From ", 5) == 0) {
		lf = memchr(start.data, '\n', start.len);
		*skip = lf ? (size_t)(lf + 1 - start.data) : start.len;
	}
	start.data += *skip;
	start.len -= *skip;
	lf = start.len > 0 ? memchr(start.data, '\n', start.len) : NULL;
	return header_is_field(
		(struct span){start.data, lf ? (size_t)(lf - start.data) : start.len});
}

/* The type by the name; else by the content, as libmagic or we see it: that calls text of one
 * character bytes. */
static void find_type(struct attachment *a, struct span start)
{
	const char *known = media_type_of(span_of(a->found_name));
	size_t skip;

	if (known)
		strlcpy(a->found_type, known, sizeof(a->found_type));
	else if (start.len == 0 || magic_type(start, a->found_type, sizeof(a->found_type)) ||
		 media_type_is(span_of(a->found_type), "application/octet-stream"))
		strlcpy(a->found_type,
			looks_like_text(start) ? "text/plain" : "application/octet-stream",
			sizeof(a->found_type));
	if (!is_for_files(span_of(a->found_type)) ||
	    (media_type_is(span_of(a->found_type), "message/") &&
	     !looks_like_message(start, &skip)))
		strlcpy(a->found_type, "application/octet-stream", sizeof(a->found_type));
}

/* Text gets the charset that its start has: without one it would be taken for ASCII. */
static void add_charset(struct attachment *a, struct span start)
{
	struct text_utf8 utf8 = {0};
	bool whole = start.len < BLOCK;

	if (!media_type_is(span_of(a->found_type), "text/"))
		return;
	text_utf8_feed(&utf8, start);
	strlcat(a->found_type,
		utf8.bad || (whole && utf8.left > 0) ? "; charset=unknown-8bit"
		: whole && !text_is_8bit(start)      ? "; charset=us-ascii"
						     : "; charset=utf-8",
		sizeof(a->found_type));
}

/* What a message needs of those that carry it. */
static int measure(struct attachment *a, char *block, struct error *error)
{
	struct measure m = {0};
	struct span piece;
	uint64_t offset = a->file.offset;
	int got;

	while ((got = peek(a, offset, block, &piece, error)) > 0) {
		measure_feed(&m, piece);
		offset += piece.len;
	}
	measure_finish(&m);
	a->encoding = m.longest_line > 0 || m.has_nul || m.has_lone_cr ? "binary"
		      : m.has_8bit                                     ? "8bit"
								       : "7bit";
	return got;
}

static int settle_message(struct attachment *a, struct span start, char *block,
			  struct error *error)
{
	size_t skip;

	if (!looks_like_message(start, &skip))
		return error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
				 "%s is no message: it begins with no header field",
				 TEXT_SHOW(span_of(a->path)));
	a->is_message = true;
	a->file.offset = skip;
	a->file.length -= a->is_stashed ? 0 : skip;
	return measure(a, block, error);
}

static int look(struct attachment *a, char *block, struct error *error)
{
	struct span start = {0};
	const char *type = a->type ? a->type : a->found_type;

	if (peek(a, 0, block, &start, error) < 0)
		return -1;
	find_name(a);
	a->encoding = "base64";
	if (!a->type) {
		find_type(a, start);
		add_charset(a, start);
	}
	return media_type_is(span_of(type), "message/") ? settle_message(a, start, block, error)
							: 0;
}

int attachment_open(struct attachment *a, const char *directory, struct error *error)
{
	char *block;
	int fd, failed;

	a->file = (struct assembly_file){.fd = -1};
	if (a->type && check_given_type(a, error))
		return -1;
	fd = open_path(a->path);
	if (fd < 0)
		return set_errno(a, "open", error);
	block = malloc(BLOCK);
	if (!block) {
		close(fd);
		return error_set_memory(error);
	}
	failed = settle_source(a, fd, directory, block, error) || look(a, block, error);
	free(block);
	return failed ? -1 : 0;
}

void attachment_id(struct span name, struct buf *out)
{
	for (size_t i = 0; i < name.len; i++)
		buf_add_char(out, chars_is(name.data[i], CHARS_ALNUM) ||
						  memchr(".-", name.data[i], 2)
					  ? name.data[i]
					  : '_');
}

void attachment_fields(const struct attachment *a, struct buf *out)
{
	buf_printf(out, "Content-Type: %s\nContent-Transfer-Encoding: %s\n",
		   a->type ? a->type : a->found_type, a->encoding);
	if (a->is_inline) {
		buf_add_string(out, "Content-ID: <");
		attachment_id(span_of(a->found_name), out);
		buf_add_string(out, ">\n");
	}
	buf_printf(out, "Content-Disposition: %s", a->is_inline ? "inline" : "attachment");
	parameter_add(out, "filename", span_of(a->found_name));
	buf_add_char(out, '\n');
}

/* A message put by whose first line is no part of it is put by again without. */
static int skip_line(struct attachment *a, struct error *error)
{
	struct stash rest;
	struct span piece;
	uint64_t offset = a->file.offset;
	char *block = malloc(BLOCK);
	int got = block ? 0 : error_set_memory(error);

	stash_init(&rest, MEMORY, a->stash.directory);
	while (got == 0 && (got = peek(a, offset, block, &piece, error)) > 0) {
		offset += piece.len;
		got = stash_add(&rest, piece, error);
	}
	free(block);
	stash_clear(&a->stash);
	a->stash = rest;
	return got;
}

int attachment_write(struct attachment *a, struct assembly *to, struct error *error)
{
	enum assembly_form form = a->is_message ? ASSEMBLY_AS_IS : ASSEMBLY_BASE64;

	if (!a->is_stashed) {
		a->is_open = false;
		return assembly_add_file(to, &a->file, form, error);
	}
	if (a->file.offset > 0 && skip_line(a, error))
		return -1;
	return assembly_add_stash(to, &a->stash, form, error);
}

void attachment_clear(struct attachment *a)
{
	if (a->is_open)
		close(a->file.fd);
	if (a->is_stashed)
		stash_clear(&a->stash);
	a->is_open = false;
	a->is_stashed = false;
}
