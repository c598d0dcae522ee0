/* A message enters the spool: see entry_put.h. */
#include "queue/entry_put.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/file.h"
#include "base/text.h"
#include "queue/form.h"
#include "queue/fresh.h"

enum {
	ENTRY_PUT_WHOLE = 256 * 1024, /* a file up to this size is written at once */
	ENTRY_PUT_FIRST = 8192,       /* bytes of memory at first: most envelopes fit */
	ENTRY_PUT_TRIES = 1000
};

/* A file on its way: what is not yet written of it, and the checksum so far. */
struct entry_put {
	struct spool *spool;
	struct fresh file;
	struct buf waiting;
	uint32_t crc;
	bool begun; /* something is written: the first line comes later */
};

static int entry_put_error(const struct spool *s, struct error *error)
{
	return error_set_errno(error, ERROR_TEMPORARY, STAGE_INPUT, errno,
			       "cannot write to the queue %s",
			       TEXT_SHOW(span_of(spool_path(s))));
}

static int entry_put_flush(struct entry_put *w, struct error *error)
{
	if (file_write_all(w->file.fd, w->waiting.data, w->waiting.len))
		return entry_put_error(w->spool, error);
	buf_reset(&w->waiting);
	w->begun = true;
	return 0;
}

static int entry_put_piece(struct entry_put *w, struct span piece, struct error *error)
{
	w->crc = crc_add(w->crc, piece.data, piece.len);
	if (w->waiting.len + piece.len > ENTRY_PUT_WHOLE && w->waiting.len > 0 &&
	    entry_put_flush(w, error))
		return -1;
	if (piece.len <= ENTRY_PUT_WHOLE) {
		buf_add_span(&w->waiting, piece);
		return buf_failed(&w->waiting) ? error_set_memory(error) : 0;
	}
	if (file_write_all(w->file.fd, piece.data, piece.len))
		return entry_put_error(w->spool, error);
	w->begun = true;
	return 0;
}

/* The envelope, which must be one that can be read again: an entry that nobody could send would
 * be a message lost. Returns 0 and its length, or -1 with *error. */
static int entry_put_envelope(struct entry_put *w, const struct entry *e, size_t *len,
			      struct error *error)
{
	size_t start = w->waiting.len;
	const char *problem = NULL;
	struct entry again;
	int failed;

	form_write_envelope(&w->waiting, e);
	*len = w->waiting.len - start;
	if (buf_failed(&w->waiting) || *len > ENTRY_ENVELOPE_MAX)
		return error_set(error, ERROR_TEMPORARY, STAGE_INPUT,
				 "the message cannot be queued: its envelope is too large");
	entry_init(&again);
	failed = form_read_envelope(&again, (struct span){w->waiting.data + start, *len},
				    &problem);
	entry_clear(&again);
	if (failed && problem)
		return error_set(error, ERROR_TEMPORARY, STAGE_INPUT,
				 "the message cannot be queued: %s", problem);
	return failed ? error_set_memory(error) : 0;
}

/* All of the file: room for the first line, the envelope, the message, and then that line. */
static int entry_put_file(struct entry_put *w, struct entry *e, entry_next *next, void *context,
			  struct error *error)
{
	char line[FORM_LINE + 1] = "";
	size_t envelope;
	struct span piece;
	int result;

	if (buf_reserve(&w->waiting, ENTRY_PUT_FIRST))
		return error_set_memory(error);
	buf_add(&w->waiting, line, FORM_LINE);
	if (entry_put_envelope(w, e, &envelope, error))
		return -1;
	w->crc = crc_add(0, w->waiting.data + FORM_LINE, envelope);
	for (e->size = 0; (result = next(context, &piece, error)) > 0; e->size += piece.len)
		if (entry_put_piece(w, piece, error))
			return -1;
	if (result < 0)
		return -1;
	e->checksum = form_write_line(line, envelope, e->size, w->crc);
	if (!w->begun)
		memcpy(w->waiting.data, line, FORM_LINE);
	else if (pwrite(w->file.fd, line, FORM_LINE, 0) != FORM_LINE)
		return entry_put_error(w->spool, error);
	return entry_put_flush(w, error);
}

/*
 * The next ID: the time of arrival in microseconds and one of 32 parts of each, as twelve
 * characters without those that look alike. They sort by time; the letter in front will last
 * for nine centuries, and says that it is no number.
 */
static void entry_put_make_id(char id[SPOOL_ID_MAX + 1], uint64_t moment)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	enum { DIGITS = 11 };

	id[DIGITS + 1] = '\0';
	for (int i = DIGITS; i > 0; i--, moment /= 32)
		id[i] = digits[moment % 32];
	id[0] = (char)('a' + moment % 26);
}

/* Gives the file the name of an ID that is free. Returns 1; 0: the one that it must have is
 * taken; -1 with errno. */
static int entry_put_give_name(struct entry_put *w, struct entry *e, const char *id)
{
	uint64_t moment = (uint64_t)e->arrived * 32 + ((unsigned)getpid() & 31);
	char name[SPOOL_NAME_SIZE];

	for (int i = 0; i < ENTRY_PUT_TRIES; i++) {
		if (id)
			strlcpy(e->id, id, sizeof(e->id));
		else
			entry_put_make_id(e->id, moment + (unsigned)i);
		spool_name(name, e->id, e->state);
		if (fresh_link(&w->file, w->spool, name) == 0)
			return 1;
		if (errno != EEXIST)
			return -1;
		if (id)
			return 0;
	}
	return -1;
}

/* Makes what is written durable, with its name. */
static int entry_put_publish(struct entry_put *w, struct entry *e, const char *id,
			     struct error *error)
{
	char name[SPOOL_NAME_SIZE];
	int named;
	int failed;

	if (fsync(w->file.fd) < 0)
		return entry_put_error(w->spool, error);
	named = entry_put_give_name(w, e, id);
	if (named < 0)
		return entry_put_error(w->spool, error);
	if (named == 0)
		return 0;
	failed = spool_sync(w->spool, error);
	if (fresh_close(&w->file) < 0 && !failed)
		failed = entry_put_error(w->spool, error);
	if (failed) {
		spool_name(name, e->id, e->state);
		unlinkat(spool_fd(w->spool), name, 0);
	}
	return failed;
}

static int64_t entry_put_microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int entry_put(struct spool *s, struct entry *e, const char *id, entry_next *next, void *context,
	      struct error *error)
{
	struct entry_put w = {.spool = s};
	int failed;

	if (id && !spool_is_id(id))
		return error_set(error, ERROR_LOCAL, STAGE_INPUT, "%s is no ID for a message",
				 TEXT_SHOW(span_of(id)));
	if (id && spool_has(s, id)) {
		strlcpy(e->id, id, sizeof(e->id));
		return 0;
	}
	if (e->arrived <= 0)
		e->arrived = entry_put_microseconds();
	if (e->arrived <= 0)
		e->arrived = 1;
	if (fresh_open(&w.file, s) < 0)
		return entry_put_error(s, error);
	buf_init(&w.waiting, ENTRY_ENVELOPE_MAX + ENTRY_PUT_WHOLE + FORM_LINE);
	failed = entry_put_file(&w, e, next, context, error) ||
		 entry_put_publish(&w, e, id, error);
	buf_clear(&w.waiting);
	fresh_drop(&w.file, s);
	return failed ? -1 : 0;
}
