/*
 * A message as it was handed to us: see message.h. Input comes in blocks cut anywhere. Its
 * first lines are gathered and judged one by one until one is not of the header; from there on
 * each block is measured and, unless it can be read again from its file, stored.
 */
#include "mail/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/chars.h"
#include "base/clock.h"
#include "base/stash.h"
#include "base/text.h"
#include "mail/assembly.h"
#include "mail/intake.h"
#include "mail/measure.h"

enum {
	HEAD_MAX = 4 * MESSAGE_HEADER_MAX /* a header with edits: encoded words take up to 4
					     times the room */
};

struct message {
	struct header header;
	struct buf text; /* the header section that header borrows */
	struct message_facts facts;
	struct assembly body;
	struct course *course; /* of who looks on while it is read out */
};

/* A message while it is read. */
struct reading {
	struct message *m;
	const struct message_options *options;
	struct intake intake;
	message_next *next; /* of the intake, or of somebody else's pieces */
	void *context;
	struct measure measure;
	struct buf line; /* the start of a line whose end has not come yet */
	struct buf from; /* an mbox "From " line until the next line tells whether it is one */
	struct stash stash; /* the body, unless it is in a file used in place */
	uint64_t length;    /* of the body, as it came */
	bool in_body;
	bool in_place;
	uint64_t start;       /* of the input in a file used in place */
	struct stat identity; /* of that file, when reading began */
};

/* What a line at the top of a message is. */
enum kind { KIND_HEADER, KIND_BLANK, KIND_MBOX, KIND_BODY };

static int set_too_long(struct error *error)
{
	return error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
			 "the header of the message is longer than %d bytes",
			 MESSAGE_HEADER_MAX);
}

static int set_nul(struct span line, struct error *error)
{
	return error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
			 "the header of the message has a NUL in the line \"%s\"",
			 TEXT_SHOW(line));
}

static int take_body(struct reading *r, struct span bytes, struct error *error)
{
	r->in_body = true;
	r->length += bytes.len;
	measure_feed(&r->measure, bytes);
	return r->in_place ? 0 : stash_add(&r->stash, bytes, error);
}

/* Appends a line with CRLF as LF and each lone CR as a space. */
static void add_normalised(struct buf *out, struct span line)
{
	size_t start = out->len;

	if (line.len > 1 && line.data[line.len - 1] == '\n' &&
	    line.data[line.len - 2] == '\r') {
		line.len -= 2;
		buf_add_span(out, line);
		buf_add_char(out, '\n');
	} else {
		buf_add_span(out, line);
	}
	if (!buf_failed(out))
		for (char *p = out->data + start; p < out->data + out->len; p++)
			if (*p == '\r')
				*p = ' ';
}

/* The line that a mailbox file puts before each message ("From ann Mon Jan  1 ..."), also
 * quoted. */
static bool is_mbox(struct span line)
{
	if (line.len > 0 && line.data[0] == '>') {
		line.data++;
		line.len--;
	}
	return line.len >= 5 && line.len <= MESSAGE_LINE_MAX &&
	       memcmp(line.data, "From ", 5) == 0 && !header_is_field(line);
}

/* Whether there is a time of day in s, as every mbox line has it and prose seldom. */
static bool has_time(struct span s)
{
	for (size_t i = 2; i + 2 < s.len; i++)
		if (s.data[i] == ':' && chars_is(s.data[i - 2], CHARS_DIGIT) &&
		    chars_is(s.data[i - 1], CHARS_DIGIT) &&
		    chars_is(s.data[i + 1], CHARS_DIGIT))
			return true;
	return false;
}

/* What a normalised line is, with so much of the header before it. */
static enum kind judge(struct span line, size_t before)
{
	if (line.len == 1 && line.data[0] == '\n')
		return KIND_BLANK;
	if (before > 0 && chars_is(line.data[0], CHARS_BLANK))
		return KIND_HEADER;
	if (before == 0 && is_mbox(line))
		return KIND_MBOX;
	return header_is_field(line) ? KIND_HEADER : KIND_BODY;
}

/* The header is over, and line (unless it is the blank one) is of the body. An mbox line with
 * no field behind it may be the first line of a body that begins at once: only its shape can
 * tell. */
static int end_header(struct reading *r, struct span line, bool blank, struct error *error)
{
	bool prose = r->from.len > 0 && !has_time(buf_span(&r->from));

	r->in_body = true;
	if (prose && take_body(r, buf_span(&r->from), error))
		return -1;
	return blank && !prose ? 0 : take_body(r, line, error);
}

/* A line at the top of the message, raw and whole (the last may lack its end). */
static int take_line(struct reading *r, struct span line, struct error *error)
{
	struct buf *text = &r->m->text;
	size_t before = text->len;
	enum kind kind;

	if (line.len > text->max - before)
		return set_too_long(error);
	if (memchr(line.data, '\0', line.len))
		return set_nul(span_trim(line), error);
	add_normalised(text, line);
	if (buf_failed(text))
		return error_set_memory(error);
	kind = judge((struct span){text->data + before, text->len - before}, before);
	if (kind == KIND_HEADER) {
		buf_reset(&r->from);
		return 0;
	}
	buf_truncate(text, before);
	if (kind != KIND_MBOX)
		return end_header(r, line, kind == KIND_BLANK, error);
	buf_add_span(&r->from, line);
	return buf_failed(&r->from) ? set_too_long(error) : 0;
}

/* Whether the start of a line, as it came, may still become a line of the header. */
static bool may_be_header(const struct reading *r, struct span line)
{
	return line.len <= MESSAGE_LINE_MAX || header_is_field(line) ||
	       (r->m->text.len > 0 &&
		(chars_is(line.data[0], CHARS_BLANK) || line.data[0] == '\r'));
}

/* Keeps the start of a line until the rest comes. */
static int keep_start(struct reading *r, struct span start, struct error *error)
{
	if (start.len > r->line.max - r->line.len)
		return set_too_long(error);
	buf_add_span(&r->line, start);
	if (buf_failed(&r->line))
		return error_set_memory(error);
	if (may_be_header(r, buf_span(&r->line)))
		return 0;
	return end_header(r, buf_span(&r->line), false, error);
}

/* Takes lines off bytes until the header is over or all are used. */
static int take_head(struct reading *r, struct span *bytes, struct error *error)
{
	int result = 0;

	while (!result && !r->in_body && bytes->len > 0) {
		const char *lf = memchr(bytes->data, '\n', bytes->len);
		struct span piece = {bytes->data,
				     lf ? (size_t)(lf + 1 - bytes->data) : bytes->len};

		bytes->data += piece.len;
		bytes->len -= piece.len;
		if (!lf || r->line.len > 0)
			result = keep_start(r, piece, error);
		if (result || r->in_body || !lf)
			continue;
		result = take_line(r, r->line.len > 0 ? buf_span(&r->line) : piece, error);
		buf_reset(&r->line);
	}
	return result;
}

/* The body stays where it is. */
static int keep_in_place(struct reading *r, struct error *error)
{
	const struct assembly_file file = {
		.fd = r->intake.fd,
		.keep_open = true,
		.offset = r->start + r->intake.count - r->length,
		.length = r->length,
		.identity = r->identity,
	};

	if (assembly_check_file(&file, error))
		return -1;
	if (file.offset + file.length != (uint64_t)r->identity.st_size)
		return error_set(error, ERROR_TEMPORARY, STAGE_INPUT,
				 "the file with the message changed while it was being read");
	return assembly_add_file(&r->m->body, &file, ASSEMBLY_AS_IS, error);
}

/* The end of the input. */
static int finish(struct reading *r, struct error *error)
{
	struct message *m = r->m;

	if (!r->in_body && r->line.len > 0 && take_line(r, buf_span(&r->line), error))
		return -1;
	if (!r->in_body && end_header(r, (struct span){0}, true, error))
		return -1;
	if (m->text.len > 0 && m->text.data[m->text.len - 1] != '\n')
		buf_add_char(&m->text, '\n');
	if (buf_failed(&m->text))
		return set_too_long(error);
	measure_finish(&r->measure);
	return r->in_place ? keep_in_place(r, error)
			   : assembly_add_stash(&m->body, &r->stash, ASSEMBLY_AS_IS, error);
}

static void note_facts(struct message *m, const struct measure *measure, uint64_t drained)
{
	m->facts = (struct message_facts){
		.has_8bit_header = text_is_8bit(buf_span(&m->text)),
		.has_8bit_body = measure->has_8bit,
		.has_lone_cr = measure->has_lone_cr,
		.has_nul = measure->has_nul,
		.body_size = measure->size,
		.longest_line = measure->longest_line,
		.drained = drained,
	};
}

/* A regular file that is larger than what is kept in memory anyway is used where it lies. (One
 * of unknown size, as in /proc, says that it is empty.) */
static bool use_in_place(struct reading *r)
{
	struct stat *st = &r->identity;
	off_t start;

	if (r->context != &r->intake || r->options->end_at_dot || r->options->force_copy)
		return false;
	if (fstat(r->intake.fd, st) || !S_ISREG(st->st_mode) ||
	    st->st_size <= MESSAGE_MEMORY_MAX)
		return false;
	start = lseek(r->intake.fd, 0, SEEK_CUR);
	if (start < 0 || st->st_size - start <= MESSAGE_MEMORY_MAX)
		return false;
	r->start = (uint64_t)start;
	return true;
}

static int read_all(struct reading *r, struct error *error)
{
	struct span bytes;
	int got;

	r->in_place = use_in_place(r);
	for (;;) {
		if (r->intake.fd >= 0)
			course_await(r->options->course, r->intake.fd, CLOCK_NEVER);
		got = r->next(r->context, &bytes, error);
		if (got <= 0)
			break;
		course_move(r->options->course, bytes.len);
		if (r->options->note)
			r->options->note(r->options->note_context, bytes);
		if (!r->in_body && take_head(r, &bytes, error))
			return -1;
		if (r->in_body && bytes.len > 0 && take_body(r, bytes, error))
			return -1;
	}
	if (got < 0 || finish(r, error))
		return -1;
	note_facts(r->m, &r->measure, r->intake.drained);
	return header_parse(&r->m->header, buf_span(&r->m->text), error);
}

static struct message *read_with(struct reading *r, struct error *error)
{
	struct message *m = calloc(1, sizeof(*m));
	int result;

	if (!m) {
		error_set_memory(error);
		return NULL;
	}
	r->m = m;
	buf_init(&m->text, MESSAGE_HEADER_MAX);
	stash_init(&r->stash, MESSAGE_MEMORY_MAX, r->options->temporary_dir);
	buf_init(&r->line, MESSAGE_HEADER_MAX);
	buf_init(&r->from, MESSAGE_HEADER_MAX);
	result = read_all(r, error);
	buf_clear(&r->line);
	buf_clear(&r->from);
	stash_clear(&r->stash);
	if (result == 0)
		return m;
	message_free(m);
	return NULL;
}

static int next_of_intake(void *context, struct span *bytes, struct error *error)
{
	return intake_next(context, bytes, error);
}

struct message *message_read(int fd, const struct message_options *options, struct error *error)
{
	struct reading r = {.options = options, .next = next_of_intake, .context = &r.intake};
	struct message *m = NULL;

	if (intake_init(&r.intake, fd, options->end_at_dot, error) == 0)
		m = read_with(&r, error);
	intake_clear(&r.intake);
	return m;
}

struct message *message_read_pieces(message_next *next, void *context,
				    const struct message_options *options, struct error *error)
{
	struct reading r = {.options = options, .next = next, .context = context};

	r.intake.fd = -1;
	return read_with(&r, error);
}

struct message *message_make(struct span header, struct assembly *body, struct error *error)
{
	struct message *m = calloc(1, sizeof(*m));
	struct measure measure = {0};

	if (!m) {
		error_set_memory(error);
		return NULL;
	}
	buf_init(&m->text, MESSAGE_HEADER_MAX);
	buf_add_span(&m->text, header);
	if (buf_failed(&m->text) || assembly_measure(body, &measure, error) ||
	    header_parse(&m->header, buf_span(&m->text), error)) {
		if (buf_failed(&m->text))
			set_too_long(error);
		message_free(m);
		return NULL;
	}
	note_facts(m, &measure, 0);
	m->body = *body;
	*body = (struct assembly){0};
	return m;
}

void message_free(struct message *m)
{
	if (!m)
		return;
	header_clear(&m->header);
	buf_clear(&m->text);
	assembly_clear(&m->body);
	free(m);
}

void message_watch(struct message *m, struct course *course)
{
	m->course = course;
}

const struct message_facts *message_facts(const struct message *m)
{
	return &m->facts;
}

struct header *message_header(struct message *m)
{
	return &m->header;
}

const struct header *message_header_view(const struct message *m)
{
	return &m->header;
}

/* The edited header with its blank line. */
static int render_head(const struct message *m, struct buf *out)
{
	header_render(&m->header, out);
	buf_add_char(out, '\n');
	return buf_failed(out) ? -1 : 0;
}

uint64_t message_size(const struct message *m)
{
	struct measure measure = {0};
	struct buf head;
	int failed;

	buf_init(&head, HEAD_MAX);
	failed = render_head(m, &head);
	measure_feed(&measure, buf_span(&head));
	buf_clear(&head);
	return failed ? 0 : measure.size + m->facts.body_size;
}

int message_reader_init(struct message_reader *r, const struct message *m, struct error *error)
{
	*r = (struct message_reader){.course = m->course};
	buf_init(&r->head, HEAD_MAX);
	if (render_head(m, &r->head)) {
		message_reader_clear(r);
		return error_set_memory(error);
	}
	return assembly_reader_init(&r->body, &m->body, error);
}

void message_reader_clear(struct message_reader *r)
{
	buf_clear(&r->head);
	assembly_reader_clear(&r->body);
}

int message_reader_next(struct message_reader *r, struct span *piece, struct error *error)
{
	course_move(r->course, 0);
	if (r->head_done)
		return assembly_reader_next(&r->body, piece, error);
	r->head_done = true;
	*piece = buf_span(&r->head);
	return 1;
}
