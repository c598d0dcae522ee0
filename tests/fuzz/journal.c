/*
 * A journal as anybody may have written it: raw, and as fields that are made a record of our
 * entry. What was taken of it is noted and read again the same.
 */
#include "queue/form.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "queue/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void begin(struct entry *e)
{
	entry_init(e);
	e->checksum = 0x1234abcd;
	if (entry_add_recipient(e, "a@example.org") || entry_add_recipient(e, "b@example.org"))
		abort();
}

static void read_journal(struct span text)
{
	struct entry e, again;
	struct buf first, second;

	begin(&e);
	begin(&again);
	if (form_read_journal(&e, text) || e.journal_end < 0 ||
	    (size_t)e.journal_end > text.len)
		abort();
	buf_init(&first, ENTRY_ENVELOPE_MAX);
	buf_init(&second, ENTRY_ENVELOPE_MAX);
	form_forget(&e);
	form_write_note(&first, &e);
	if (form_read_journal(&again, buf_span(&first)) ||
	    (size_t)again.journal_end != first.len)
		abort();
	form_forget(&again);
	form_write_note(&second, &again);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
	buf_clear(&first);
	buf_clear(&second);
	entry_clear(&e);
	entry_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct buf b;

	read_journal(text);
	buf_init(&b, size + 200);
	record_add(&b, "entry", span_of("1234abcd"));
	buf_add_span(&b, text);
	record_end(&b, 0);
	read_journal(buf_span(&b));
	buf_clear(&b);
	return 0;
}
