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
#include "base/file.h"
#include "base/text.h"
#include "mail/intake.h"
#include "mail/measure.h"

enum {
	BLOCK = 64 * 1024,
	HEAD_MAX = 4 * MESSAGE_HEADER_MAX /* a header with edits: encoded words take up to 4
					     times the room */
};

struct message {
	struct header header;
	struct buf text; /* the header section that header borrows */
	struct message_facts facts;
	struct buf body;      /* the body while it is in memory */
	uint64_t body_length; /* its bytes as stored */
	int fd;               /* where the body is otherwise, or -1 */
	uint64_t body_offset; /* in fd */
	bool temporary;       /* fd is ours */
	struct stat identity; /* of a file used in place, when reading began */
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
	bool in_body;
	bool in_place;
	uint64_t start; /* of the input in a file used in place */
};

/* What a line at the top of a message is. */
enum kind { KIND_HEADER, KIND_BLANK, KIND_MBOX, KIND_BODY };

static int set_storing(struct error *error)
{
	return error_set_errno(error, ERROR_TEMPORARY, STAGE_INPUT, errno,
			       "cannot store the message in a temporary file");
}

static int set_changed(struct error *error)
{
	return error_set(error, ERROR_TEMPORARY, STAGE_INPUT,
			 "the file with the message changed while it was being read");
}

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

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Moves the body from memory to a file without a name. */
static int spill(struct reading *r, struct error *error)
{
	struct message *m = r->m;

	m->fd = file_temporary(r->options->temporary_dir);
	if (m->fd < 0)
		return set_storing(error);
	m->temporary = true;
	if (file_write_all(m->fd, m->body.data, m->body.len))
		return set_storing(error);
	buf_clear(&m->body);
	return 0;
}

static int store(struct reading *r, struct span bytes, struct error *error)
{
	struct message *m = r->m;

	if (m->fd < 0 && bytes.len > m->body.max - m->body.len && spill(r, error))
		return -1;
	if (m->fd < 0)
		buf_add_span(&m->body, bytes);
	else if (file_write_all(m->fd, bytes.data, bytes.len))
		return set_storing(error);
	return buf_failed(&m->body) ? error_set_memory(error) : 0;
}

static int take_body(struct reading *r, struct span bytes, struct error *error)
{
	r->in_body = true;
	r->m->body_length += bytes.len;
	measure_feed(&r->measure, bytes);
	return r->in_place ? 0 : store(r, bytes, error);
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

/* The end of the input. */
static int finish(struct reading *r, struct error *error)
{
	struct message *m = r->m;
	struct stat st;

	if (!r->in_body && r->line.len > 0 && take_line(r, buf_span(&r->line), error))
		return -1;
	if (!r->in_body && end_header(r, (struct span){0}, true, error))
		return -1;
	if (m->text.len > 0 && m->text.data[m->text.len - 1] != '\n')
		buf_add_char(&m->text, '\n');
	if (buf_failed(&m->text))
		return set_too_long(error);
	measure_finish(&r->measure);
	if (!r->in_place)
		return 0;
	m->fd = r->intake.fd;
	m->body_offset = r->start + r->intake.count - m->body_length;
	if (fstat(m->fd, &st) || !is_same(&st, &m->identity) ||
	    m->body_offset + m->body_length != (uint64_t)st.st_size)
		return set_changed(error);
	return 0;
}

static void note_facts(struct reading *r)
{
	r->m->facts = (struct message_facts){
		.has_8bit_header = text_is_8bit(buf_span(&r->m->text)),
		.has_8bit_body = r->measure.has_8bit,
		.has_lone_cr = r->measure.has_lone_cr,
		.has_nul = r->measure.has_nul,
		.body_size = r->measure.size,
		.longest_line = r->measure.longest_line,
		.drained = r->intake.drained,
	};
}

/* A regular file that is larger than what is kept in memory anyway is used where it lies. (One
 * of unknown size, as in /proc, says that it is empty.) */
static bool use_in_place(struct reading *r)
{
	struct stat *st = &r->m->identity;
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
	while ((got = r->next(r->context, &bytes, error)) > 0) {
		if (!r->in_body && take_head(r, &bytes, error))
			return -1;
		if (r->in_body && bytes.len > 0 && take_body(r, bytes, error))
			return -1;
	}
	if (got < 0 || finish(r, error))
		return -1;
	note_facts(r);
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
	m->fd = -1;
	r->m = m;
	buf_init(&m->text, MESSAGE_HEADER_MAX);
	buf_init(&m->body, MESSAGE_MEMORY_MAX);
	buf_init(&r->line, MESSAGE_HEADER_MAX);
	buf_init(&r->from, MESSAGE_HEADER_MAX);
	result = read_all(r, error);
	buf_clear(&r->line);
	buf_clear(&r->from);
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

void message_free(struct message *m)
{
	if (!m)
		return;
	header_clear(&m->header);
	buf_clear(&m->text);
	buf_clear(&m->body);
	if (m->temporary)
		close(m->fd);
	free(m);
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
	*r = (struct message_reader){.message = m};
	buf_init(&r->head, HEAD_MAX);
	buf_init(&r->block, BLOCK);
	if (render_head(m, &r->head) || (m->fd >= 0 && buf_reserve(&r->block, BLOCK))) {
		message_reader_clear(r);
		return error_set_memory(error);
	}
	return 0;
}

void message_reader_clear(struct message_reader *r)
{
	buf_clear(&r->head);
	buf_clear(&r->block);
}

/* Whether a file used in place is still what it was. */
static int check_unchanged(const struct message *m, struct error *error)
{
	struct stat st;

	if (m->fd < 0 || m->temporary)
		return 0;
	if (fstat(m->fd, &st) || !is_same(&st, &m->identity))
		return set_changed(error);
	return 0;
}

/* The next block from the file. */
static int read_body(struct message_reader *r, struct span *piece, struct error *error)
{
	const struct message *m = r->message;
	uint64_t left = m->body_length - r->offset;
	size_t want = left < BLOCK ? (size_t)left : BLOCK;
	ssize_t got;

	do
		got = pread(m->fd, r->block.data, want, (off_t)(m->body_offset + r->offset));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set_errno(error, ERROR_LOCAL, STAGE_INPUT, errno,
				       "cannot read the message again");
	if (got == 0)
		return set_changed(error);
	*piece = (struct span){r->block.data, (size_t)got};
	r->offset += (uint64_t)got;
	return 1;
}

int message_reader_next(struct message_reader *r, struct span *piece, struct error *error)
{
	const struct message *m = r->message;

	if (!r->head_done) {
		r->head_done = true;
		*piece = buf_span(&r->head);
		return 1;
	}
	if (r->offset == m->body_length)
		return check_unchanged(m, error);
	if (m->fd >= 0)
		return read_body(r, piece, error);
	*piece = buf_span(&m->body);
	r->offset = m->body_length;
	return 1;
}
