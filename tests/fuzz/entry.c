/*
 * An entry of the spool as anybody may have written it: raw, and as fields to which the
 * checksum is put, because no fuzzer would find it. What is taken is written and read again the
 * same.
 */
#include "queue/form.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/address.h"
#include "queue/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_taken(const struct entry *e)
{
	if (e->count == 0 || !e->reverse_path || strpbrk(e->reverse_path, "\r\n"))
		abort();
	for (size_t i = 0; i < e->count; i++) {
		if (strlen(e->recipients[i].path) > 254 ||
		    strpbrk(e->recipients[i].path, "\r\n"))
			abort();
		if (e->recipients[i].text && strpbrk(e->recipients[i].text, "\r\n\x1b"))
			abort();
	}
}

static void write_and_read(const struct entry *e)
{
	const char *problem;
	struct entry again;
	struct buf first, second;

	buf_init(&first, ENTRY_ENVELOPE_MAX);
	buf_init(&second, ENTRY_ENVELOPE_MAX);
	form_write_envelope(&first, e);
	entry_init(&again);
	if (form_read_envelope(&again, buf_span(&first), &problem))
		abort();
	form_write_envelope(&second, &again);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
	entry_clear(&again);
	buf_clear(&first);
	buf_clear(&second);
}

static void read_envelope(struct span text)
{
	const char *problem = NULL;
	struct entry e;

	entry_init(&e);
	if (form_read_envelope(&e, text, &problem) == 0) {
		check_taken(&e);
		write_and_read(&e);
	} else if (!problem) {
		abort();
	}
	entry_clear(&e);
}

static void queue_address(struct span text)
{
	struct address a = {0};
	struct error error;
	struct entry e;

	entry_init(&e);
	e.arrived = 1;
	if (address_parse(&a, text, &error) == 0 && a.text[0]) {
		e.account = strdup("");
		e.reverse_path = strdup(a.text);
		if (!e.account || !e.reverse_path || entry_add_recipient(&e, a.text))
			abort();
		write_and_read(&e);
	}
	address_clear(&a);
	entry_clear(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct form_line line;
	struct buf b;

	if (form_read_line(&line, text) == 0)
		form_finish_crc(&line, 0);
	queue_address(text);
	read_envelope(text);
	buf_init(&b, size + 100);
	buf_add_span(&b, text);
	record_end(&b, 0);
	read_envelope(buf_span(&b));
	buf_clear(&b);
	return 0;
}
