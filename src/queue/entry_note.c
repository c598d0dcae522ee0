/* What becomes of a message, noted in its journal: see entry_note.h. */
#include "queue/entry_note.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/reserve.h"
#include "base/text.h"
#include "queue/form.h"
#include "queue/fresh.h"

enum { ENTRY_NOTE_ROOM = 320 }; /* bytes of the journal for a recipient, and some */

static int entry_note_error(const struct spool *s, const struct entry *e, struct error *error)
{
	return error_set_errno(error, ERROR_TEMPORARY, STAGE_INPUT, errno,
			       "cannot write the journal of %s in the queue %s", e->id,
			       TEXT_SHOW(span_of(spool_path(s))));
}

/* Opens it at its good end. */
static int entry_note_open(struct spool *s, struct entry *e, struct error *error)
{
	char name[SPOOL_NAME_SIZE];
	struct stat st;

	if (e->journal_fd < 0) {
		spool_journal_name(name, e->id);
		e->journal_fd = spool_open_file(s, name, O_RDWR | O_APPEND | O_CREAT, &st);
		if (e->journal_fd < 0)
			return spool_open_error(s, name, error);
	} else if (fstat(e->journal_fd, &st) < 0) {
		return entry_note_error(s, e, error);
	}
	if (st.st_size > e->journal_end && ftruncate(e->journal_fd, e->journal_end) < 0)
		return entry_note_error(s, e, error);
	return 0;
}

int entry_reserve(struct spool *s, struct entry *e, struct error *error)
{
	off_t room = (off_t)e->count * ENTRY_NOTE_ROOM;

	if (entry_note_open(s, e, error))
		return -1;
	e->has_journal = true;
	if (reserve_room(e->journal_fd, e->journal_end, room) < 0)
		return entry_note_error(s, e, error);
	return 0;
}

/* Appends a record; what cannot be written whole is taken back. */
static int entry_note_append(struct spool *s, struct entry *e, const struct buf *record,
			     bool durable, struct error *error)
{
	if (entry_note_open(s, e, error))
		return -1;
	e->has_journal = true;
	if (file_write_all(e->journal_fd, record->data, record->len) == 0 &&
	    (!durable || fdatasync(e->journal_fd) == 0)) {
		e->journal_end += (int64_t)record->len;
		return 0;
	}
	entry_note_error(s, e, error);
	if (ftruncate(e->journal_fd, e->journal_end) < 0)
		error_append(error, "; nor can what is written of it be taken back");
	return -1;
}

/* Writes a journal that grew too large anew, with one record of all that is known. */
static int entry_note_rewrite(struct spool *s, struct entry *e, struct buf *record,
			      struct error *error)
{
	char name[SPOOL_NAME_SIZE];
	struct fresh file;

	form_forget(e);
	buf_reset(record);
	form_write_note(record, e);
	spool_journal_name(name, e->id);
	if (buf_failed(record))
		return error_set_memory(error);
	if (fresh_open_named(&file, s) < 0)
		return entry_note_error(s, e, error);
	if (file_write_all(file.fd, record->data, record->len) || fsync(file.fd) < 0 ||
	    fresh_replace(&file, s, name) < 0) {
		entry_note_error(s, e, error);
		fresh_drop(&file, s);
		return -1;
	}
	fresh_drop(&file, s);
	if (e->journal_fd >= 0)
		close(e->journal_fd);
	e->journal_fd = -1;
	e->has_journal = true;
	e->journal_end = (int64_t)record->len;
	return spool_sync(s, error);
}

int entry_note(struct spool *s, struct entry *e, bool durable, struct error *error)
{
	struct buf record;
	int failed;

	buf_init(&record, ENTRY_ENVELOPE_MAX);
	form_write_note(&record, e);
	if (buf_failed(&record))
		failed = error_set_memory(error);
	else if (e->journal_end + (int64_t)record.len > ENTRY_JOURNAL_MAX)
		failed = entry_note_rewrite(s, e, &record, error);
	else
		failed = entry_note_append(s, e, &record, durable, error);
	buf_clear(&record);
	if (!failed)
		form_noted(e);
	return failed;
}

int entry_note_named(struct spool *s, struct entry *e, struct error *error)
{
	/* Also of one that is not new: nobody need have made its name durable. */
	return entry_note(s, e, true, error) ? -1 : spool_sync(s, error);
}
