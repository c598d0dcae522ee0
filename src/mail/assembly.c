/* A body as a list of pieces: see assembly.h. */
#include "mail/assembly.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum {
	LINES = 1150, /* of base64 in a block: a block begins no line that it does not end */
	BLOCK = LINES * BASE64_LINE_IN,
	ENCODED = (LINES + 2) * (BASE64_LINE_OUT + 1)
};

enum kind { KIND_TEXT, KIND_STASH, KIND_FILE };

struct assembly_piece {
	enum kind kind;
	enum assembly_form form;
	struct buf text;
	struct stash stash;
	struct assembly_file file; /* its name is ours */
};

/* The new last piece, NULL with *error without memory. */
static struct assembly_piece *add_piece(struct assembly *a, enum kind kind,
					enum assembly_form form, struct error *error)
{
	if (a->count == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 4;
		struct assembly_piece *grown = reallocarray(a->pieces, cap, sizeof(*grown));

		if (!grown) {
			error_set_memory(error);
			return NULL;
		}
		a->pieces = grown;
		a->cap = cap;
	}
	a->pieces[a->count] = (struct assembly_piece){.kind = kind, .form = form};
	return &a->pieces[a->count++];
}

int assembly_add_text(struct assembly *a, struct span text, struct error *error)
{
	struct assembly_piece *p = add_piece(a, KIND_TEXT, ASSEMBLY_AS_IS, error);

	if (!p)
		return -1;
	buf_init(&p->text, text.len);
	buf_add_span(&p->text, text);
	return buf_failed(&p->text) ? error_set_memory(error) : 0;
}

int assembly_add_stash(struct assembly *a, struct stash *stash, enum assembly_form form,
		       struct error *error)
{
	struct assembly_piece *p = add_piece(a, KIND_STASH, form, error);

	if (!p) {
		stash_clear(stash);
		return -1;
	}
	p->stash = *stash;
	stash_init(stash, p->stash.memory.max, p->stash.directory);
	return 0;
}

int assembly_add_file(struct assembly *a, const struct assembly_file *file,
		      enum assembly_form form, struct error *error)
{
	struct assembly_piece *p = add_piece(a, KIND_FILE, form, error);
	char *name = file->name ? strdup(file->name) : NULL;

	if (p) {
		p->file = *file;
		p->file.name = name;
	} else {
		free(name);
		if (!file->keep_open)
			close(file->fd);
		return -1;
	}
	return file->name && !name ? error_set_memory(error) : 0;
}

void assembly_clear(struct assembly *a)
{
	for (size_t i = 0; i < a->count; i++) {
		struct assembly_piece *p = &a->pieces[i];

		switch (p->kind) {
		case KIND_TEXT: buf_clear(&p->text); break;
		case KIND_STASH: stash_clear(&p->stash); break;
		case KIND_FILE:
			free((void *)(uintptr_t)p->file.name);
			if (!p->file.keep_open)
				close(p->file.fd);
			break;
		}
	}
	free(a->pieces);
	*a = (struct assembly){0};
}

static int set_changed(const struct assembly_file *file, struct error *error)
{
	return error_set(error, ERROR_TEMPORARY, STAGE_INPUT,
			 "the file %s changed while it was being read",
			 file->name ? TEXT_SHOW(span_of(file->name)) : "with the message");
}

int assembly_check_file(const struct assembly_file *file, struct error *error)
{
	const struct stat *was = &file->identity;
	struct stat st;

	if (fstat(file->fd, &st) || st.st_size != was->st_size ||
	    st.st_mtim.tv_sec != was->st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != was->st_mtim.tv_nsec)
		return set_changed(file, error);
	return 0;
}

/* The next block of a file, from offset within its part. */
static int read_file(const struct assembly_file *file, uint64_t offset, char *block,
		     struct span *piece, struct error *error)
{
	uint64_t left = file->length - offset;
	size_t want = left < BLOCK ? (size_t)left : BLOCK;
	ssize_t got;

	if (left == 0)
		return assembly_check_file(file, error);
	do
		got = pread(file->fd, block, want, (off_t)(file->offset + offset));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set_errno(
			error, ERROR_LOCAL, STAGE_INPUT, errno, "cannot read the file %s again",
			file->name ? TEXT_SHOW(span_of(file->name)) : "with the message");
	if (got == 0)
		return set_changed(file, error);
	*piece = (struct span){block, (size_t)got};
	return 1;
}

/* What reading takes: nothing where all is in memory, as small messages are. */
static size_t room_for(const struct assembly *a)
{
	size_t room = 0;

	for (size_t i = 0; i < a->count; i++) {
		const struct assembly_piece *p = &a->pieces[i];

		if (p->form == ASSEMBLY_BASE64)
			return BLOCK + ENCODED;
		if (p->kind == KIND_FILE || (p->kind == KIND_STASH && p->stash.fd >= 0))
			room = BLOCK;
	}
	return room;
}

int assembly_reader_init(struct assembly_reader *r, const struct assembly *a,
			 struct error *error)
{
	size_t room = room_for(a);

	*r = (struct assembly_reader){.assembly = a};
	if (room == 0)
		return 0;
	r->block = malloc(room);
	return r->block ? 0 : error_set_memory(error);
}

void assembly_reader_clear(struct assembly_reader *r)
{
	free(r->block);
	r->block = NULL;
}

/* The next bytes of the present piece, as they are. */
static int read_raw(struct assembly_reader *r, struct span *bytes, struct error *error)
{
	const struct assembly_piece *p = &r->assembly->pieces[r->at];
	int got = 0;

	switch (p->kind) {
	case KIND_TEXT:
		*bytes = buf_span(&p->text);
		got = r->offset < p->text.len;
		break;
	case KIND_STASH:
		got = stash_read(&p->stash, r->offset, r->block, BLOCK, bytes, error);
		break;
	case KIND_FILE: got = read_file(&p->file, r->offset, r->block, bytes, error); break;
	}
	if (got > 0)
		r->offset += bytes->len;
	return got;
}

/* The next lines of the present piece as base64; 0 at its end. */
static int read_encoded(struct assembly_reader *r, struct span *lines, struct error *error)
{
	char *out = r->block + BLOCK;

	*lines = (struct span){out, 0};
	while (lines->len == 0) {
		int got = 1;

		if (r->rest.len == 0)
			got = read_raw(r, &r->rest, error);
		if (got < 0)
			return -1;
		if (got == 0) {
			lines->len = base64_stream_finish(&r->base64, out);
			return lines->len > 0;
		}
		lines->len = base64_stream_feed(&r->base64, &r->rest, out, ENCODED);
	}
	return 1;
}

int assembly_reader_next(struct assembly_reader *r, struct span *piece, struct error *error)
{
	while (r->at < r->assembly->count) {
		bool encodes = r->assembly->pieces[r->at].form == ASSEMBLY_BASE64;
		int got = 0;

		if (!encodes)
			got = read_raw(r, piece, error);
		else if (!r->skips_base64)
			got = read_encoded(r, piece, error);
		if (got != 0)
			return got;
		r->at++;
		r->offset = 0;
	}
	return 0;
}

static uint64_t length_of(const struct assembly_piece *p)
{
	return p->kind == KIND_FILE ? p->file.length : p->stash.length;
}

/* What length bytes are as base64: full lines with their ends, and one that is seen. */
static void measure_base64(struct measure *m, uint64_t length)
{
	char last[BASE64_LINE_OUT];
	uint64_t lines = length > 0 ? (length - 1) / BASE64_LINE_IN : 0;
	size_t rest = (size_t)(length - lines * BASE64_LINE_IN);

	memset(last, 'A', sizeof(last));
	m->size += lines * (BASE64_LINE_OUT + 2);
	measure_feed(m, (struct span){last, (rest + 2) / 3 * 4});
}

int assembly_measure(const struct assembly *a, struct measure *m, struct error *error)
{
	struct assembly_reader r;
	struct span piece;
	int got = 0;

	if (assembly_reader_init(&r, a, error))
		return -1;
	for (; got == 0 && r.at < a->count; r.at++) {
		const struct assembly_piece *p = &a->pieces[r.at];

		r.offset = 0;
		if (p->form == ASSEMBLY_BASE64)
			measure_base64(m, length_of(p));
		else
			while ((got = read_raw(&r, &piece, error)) > 0)
				measure_feed(m, piece);
	}
	assembly_reader_clear(&r);
	measure_finish(m);
	return got;
}
