/* The bytes of an entry and of its journal: see form.h. */
#include "queue/form.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/crc.h"
#include "base/text.h"
#include "mail/address.h"
#include "queue/record.h"

#define FORM_MAGIC "pennypost-spool "

enum {
	FORM_COUNTED = 44,    /* bytes of the first line that its checksum covers */
	FORM_NAME_MAX = 1024, /* of an account */
	FORM_PATH_MAX = 4096, /* of a file */
	FORM_ATTEMPTS_MAX = 1000000
};

#define FORM_SECONDS_MAX INT64_C(253402300799) /* the end of the year 9999 */

/* The first line. */

uint32_t form_write_line(char line[FORM_LINE + 1], size_t envelope, uint64_t message,
			 uint32_t crc)
{
	snprintf(line, FORM_LINE + 1, FORM_MAGIC "1 %08zx %016" PRIx64 " ", envelope, message);
	crc = crc_add(crc, line, FORM_COUNTED);
	snprintf(line + FORM_COUNTED, FORM_LINE + 1 - FORM_COUNTED, "%08" PRIx32 "\n", crc);
	return crc;
}

/* A hexadecimal number of small letters. Returns 0 or -1. */
static int form_hex(struct span digits, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < digits.len; i++) {
		char c = digits.data[i];

		if (!chars_is(c, CHARS_HEX) || (c >= 'A' && c <= 'F'))
			return -1;
		*number = *number << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return 0;
}

int form_read_line(struct form_line *l, struct span text)
{
	const char *p = text.data;
	const size_t magic = sizeof(FORM_MAGIC) - 1;
	uint64_t envelope, crc;

	if (text.len < FORM_LINE || memcmp(p, FORM_MAGIC, magic) != 0)
		return -1;
	if (p[magic] != '1' || p[magic + 1] != ' ')
		return chars_is(p[magic], CHARS_DIGIT) && p[magic] > '1' ? 1 : -1;
	if (p[26] != ' ' || p[43] != ' ' || p[52] != '\n' ||
	    form_hex((struct span){p + 18, 8}, &envelope) ||
	    form_hex((struct span){p + 27, 16}, &l->message) ||
	    form_hex((struct span){p + 44, 8}, &crc) || envelope > ENTRY_ENVELOPE_MAX ||
	    l->message > INT64_MAX / 2)
		return -1;
	l->envelope = (size_t)envelope;
	l->crc = (uint32_t)crc;
	return 0;
}

uint32_t form_finish_crc(const struct form_line *l, uint32_t crc)
{
	char line[FORM_LINE + 1];

	return form_write_line(line, l->envelope, l->message, crc);
}

/* What may stand in an envelope. */

static bool form_is_plain(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (chars_is(s.data[i], CHARS_CONTROL))
			return false;
	return true;
}

/*
 * A canonical address (mail/address.h) as far as a path needs it: no control character, and
 * outside of quotes and address literals nothing that could end the path; outside of quotes no
 * blank that could begin a parameter.
 */
static bool form_is_address(struct span s)
{
	bool quoted = false, literal = false;

	if (s.len == 0 || s.len > ADDRESS_PATH_MAX || !form_is_plain(s) || !text_is_utf8(s))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (c == '"' && !literal)
			quoted = !quoted;
		else if (quoted && c == '\\' && ++i == s.len)
			return false;
		else if (!quoted &&
			 (c == ' ' || c == '\\' || (!literal && (c == '<' || c == '>'))))
			return false;
		else if (!quoted && c == '[')
			literal = true;
	}
	return !quoted && (!literal || s.data[s.len - 1] == ']');
}

static bool form_is_null_or_address(struct span s)
{
	return s.len == 0 || form_is_address(s);
}

static bool form_is_account(struct span s)
{
	return s.len <= FORM_NAME_MAX && form_is_plain(s);
}

static bool form_is_path(struct span s)
{
	return s.len > 0 && s.len < FORM_PATH_MAX && s.data[0] == '/' &&
	       !memchr(s.data, '\0', s.len);
}

static bool form_is_envelope_id(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!chars_is(s.data[i], CHARS_GRAPHIC) && s.data[i] != ' ')
			return false;
	return s.len > 0 && s.len <= WISHES_ENVELOPE_ID_MAX;
}

/* Fields of text: where they are, and what may stand in them. */
static const struct form_string {
	const char *name;
	size_t offset;
	bool (*check)(struct span value);
} strings[] = {
	{"account", offsetof(struct entry, account), form_is_account},
	{"config", offsetof(struct entry, config), form_is_path},
	{"from", offsetof(struct entry, reverse_path), form_is_null_or_address},
	{"envelope-id", offsetof(struct entry, envelope_id), form_is_envelope_id},
	{"submitter", offsetof(struct entry, submitter), form_is_null_or_address},
};

/* Fields of numbers. */
enum form_type { FORM_LONG, FORM_INT, FORM_UNSIGNED, FORM_BOOL, FORM_RETURN };

static const struct form_number {
	const char *name;
	size_t offset;
	enum form_type type;
	bool changes; /* stands in the journal */
	int64_t max;
} numbers[] = {
	{"arrived", offsetof(struct entry, arrived), FORM_LONG, false,
	 FORM_SECONDS_MAX * 1000000},
	{"release", offsetof(struct entry, release), FORM_LONG, true, FORM_SECONDS_MAX},
	{"attempts", offsetof(struct entry, attempts), FORM_UNSIGNED, true, FORM_ATTEMPTS_MAX},
	{"tried", offsetof(struct entry, tried), FORM_LONG, true, FORM_SECONDS_MAX},
	{"next", offsetof(struct entry, next), FORM_LONG, true, FORM_SECONDS_MAX},
	{"held", offsetof(struct entry, held), FORM_BOOL, true, 1},
	{"delay-told", offsetof(struct entry, delay_told), FORM_BOOL, true, 1},
	{"notify", offsetof(struct entry, wishes.notify), FORM_UNSIGNED, false,
	 WISHES_SUCCESS | WISHES_FAILURE | WISHES_DELAY},
	{"return", offsetof(struct entry, wishes.ret), FORM_RETURN, false,
	 WISHES_RETURN_HEADERS},
	{"deliver-by", offsetof(struct entry, wishes.deliver_by), FORM_INT, false,
	 WISHES_SECONDS_MAX},
	{"deliver-by-trace", offsetof(struct entry, wishes.deliver_by_trace), FORM_BOOL, false,
	 1},
	{"hold-for", offsetof(struct entry, wishes.hold_for), FORM_INT, false,
	 WISHES_SECONDS_MAX},
	{"hold-until", offsetof(struct entry, wishes.hold_until), FORM_LONG, false,
	 FORM_SECONDS_MAX},
	{"require-tls", offsetof(struct entry, wishes.require_tls), FORM_BOOL, false, 1},
	{"local-sender", offsetof(struct entry, local_sender), FORM_BOOL, false, 1},
};

enum {
	STRINGS = sizeof(strings) / sizeof(strings[0]),
	NUMBERS = sizeof(numbers) / sizeof(numbers[0])
};

static int64_t form_number_of(const struct entry *e, const struct form_number *n)
{
	const void *at = (const char *)e + n->offset;

	switch (n->type) {
	case FORM_LONG: return *(const int64_t *)at;
	case FORM_INT: return *(const int *)at;
	case FORM_UNSIGNED: return *(const unsigned *)at;
	case FORM_BOOL: return *(const bool *)at;
	case FORM_RETURN: return *(const enum wishes_return *)at;
	}
	return 0;
}

static void form_set_number(struct entry *e, const struct form_number *n, int64_t value)
{
	void *at = (char *)e + n->offset;

	switch (n->type) {
	case FORM_LONG: *(int64_t *)at = value; break;
	case FORM_INT: *(int *)at = (int)value; break;
	case FORM_UNSIGNED: *(unsigned *)at = (unsigned)value; break;
	case FORM_BOOL: *(bool *)at = value != 0; break;
	case FORM_RETURN: *(enum wishes_return *)at = (enum wishes_return)value; break;
	}
}

/* Results of a field's reader. */
enum form_result { FORM_OTHER, FORM_TAKEN, FORM_BAD, FORM_NO_MEMORY };

static enum form_result form_take_number(struct entry *e, const struct record_field *f,
					 bool journal)
{
	int64_t value;

	for (size_t i = 0; i < NUMBERS; i++) {
		if (!span_equals(f->name, numbers[i].name) || (journal && !numbers[i].changes))
			continue;
		if (record_number(f->value, &value) || value > numbers[i].max)
			return FORM_BAD;
		form_set_number(e, &numbers[i], value);
		return FORM_TAKEN;
	}
	return FORM_OTHER;
}

/* Puts a copy in the place of what is there. */
static enum form_result form_copy(char **place, struct span value)
{
	char *copy = span_dup(value);

	if (!copy)
		return FORM_NO_MEMORY;
	free(*place);
	*place = copy;
	return FORM_TAKEN;
}

static enum form_result form_take_string(struct entry *e, const struct record_field *f)
{
	for (size_t i = 0; i < STRINGS; i++) {
		if (!span_equals(f->name, strings[i].name))
			continue;
		if (!strings[i].check(f->value))
			return FORM_BAD;
		return form_copy((char **)(void *)((char *)e + strings[i].offset), f->value);
	}
	return FORM_OTHER;
}

/* Words for a person: made harmless again, because files can be written by anything. */
static enum form_result form_take_words(char **place, struct span value)
{
	char shown[ENTRY_TEXT_MAX + 1];

	return form_copy(place, span_of(text_show(shown, sizeof(shown), value)));
}

static void form_add_words(struct buf *out, const char *name, const char *words, size_t max)
{
	char shown[ENTRY_TEXT_MAX + 1];

	if (max > ENTRY_TEXT_MAX)
		max = ENTRY_TEXT_MAX;
	if (words)
		record_add(out, name, span_of(text_show(shown, max + 1, span_of(words))));
}

/* How many bytes of words each of so many recipients may have, so that all of them fit. */
static size_t form_share(size_t count)
{
	return ENTRY_ENVELOPE_MAX / 4 / (count ? count : 1);
}

/* A recipient's last reply. */

static void form_add_reply(struct buf *out, const struct entry_recipient *r, size_t share)
{
	char enhanced[40];

	if (r->code)
		record_add_number(out, "code", r->code);
	snprintf(enhanced, sizeof(enhanced), "%d.%d.%d", r->enhanced[0], r->enhanced[1],
		 r->enhanced[2]);
	if (r->enhanced[0] || r->enhanced[1] || r->enhanced[2])
		record_add(out, "enhanced", span_of(enhanced));
	form_add_words(out, "text", r->text, share);
}

/* RFC 3463 section 2: class "." subject "." detail. */
static enum form_result form_take_enhanced(int enhanced[3], struct span value)
{
	for (int i = 0; i < 3; i++) {
		const char *dot = i < 2 ? memchr(value.data, '.', value.len) : NULL;
		struct span part = {value.data, dot ? (size_t)(dot - value.data) : value.len};
		int64_t number;

		if (record_number(part, &number) || number > 999 || (i < 2 && !dot))
			return FORM_BAD;
		enhanced[i] = (int)number;
		value.data += part.len + (dot ? 1 : 0);
		value.len -= part.len + (dot ? 1 : 0);
	}
	return FORM_TAKEN;
}

static enum form_result form_take_reply(struct entry_recipient *r, const struct record_field *f)
{
	int64_t number;

	if (span_equals(f->name, "code")) {
		if (record_number(f->value, &number) || number > 999)
			return FORM_BAD;
		r->code = (int)number;
		return FORM_TAKEN;
	}
	if (span_equals(f->name, "enhanced"))
		return form_take_enhanced(r->enhanced, f->value);
	if (span_equals(f->name, "text"))
		return form_take_words(&r->text, f->value);
	return FORM_OTHER;
}

/* The envelope. */

void form_write_envelope(struct buf *out, const struct entry *e)
{
	size_t start = out->len;
	size_t share = form_share(e->count);

	for (size_t i = 0; i < STRINGS; i++) {
		const char *value =
			*(char *const *)(const void *)((const char *)e + strings[i].offset);
		if (value)
			record_add(out, strings[i].name, span_of(value));
	}
	for (size_t i = 0; i < NUMBERS; i++)
		if (form_number_of(e, &numbers[i]) != 0)
			record_add_number(out, numbers[i].name, form_number_of(e, &numbers[i]));
	if (e->wishes.deliver_by)
		record_add(out, "deliver-by-mode",
			   (struct span){&e->wishes.deliver_by_mode, 1});
	form_add_words(out, "trouble", e->trouble, ENTRY_TEXT_MAX);
	for (size_t i = 0; i < e->count && !buf_failed(out); i++) {
		if (e->recipients[i].outcome != ENTRY_OPEN)
			continue;
		record_add(out, "to", span_of(e->recipients[i].path));
		form_add_reply(out, &e->recipients[i], share);
	}
	record_end(out, start);
}

static enum form_result form_take_recipient(struct entry *e, struct span path)
{
	char text[ADDRESS_PATH_MAX + 1];

	if (!form_is_address(path) || e->count == ENTRY_RECIPIENTS_MAX)
		return FORM_BAD;
	memcpy(text, path.data, path.len);
	text[path.len] = '\0';
	return entry_add_recipient(e, text) ? FORM_NO_MEMORY : FORM_TAKEN;
}

/* One field of an envelope. Names that we do not know are of a later day. */
static enum form_result form_take_envelope(struct entry *e, const struct record_field *f)
{
	enum form_result result;

	if (span_equals(f->name, "to"))
		return form_take_recipient(e, f->value);
	if (span_equals(f->name, "trouble"))
		return form_take_words(&e->trouble, f->value);
	if (span_equals(f->name, "deliver-by-mode")) {
		e->wishes.deliver_by_mode = f->value.len == 1 ? f->value.data[0] : '\0';
		return FORM_TAKEN;
	}
	if (e->count > 0) {
		result = form_take_reply(&e->recipients[e->count - 1], f);
		if (result != FORM_OTHER)
			return result;
	}
	result = form_take_number(e, f, false);
	return result == FORM_OTHER ? form_take_string(e, f) : result;
}

/* What must be there, and what must go together. NULL: all is well. */
static const char *form_check_envelope(struct entry *e)
{
	const struct wishes *w = &e->wishes;

	if (!e->reverse_path || e->arrived == 0)
		return "it has no sender or time of arrival";
	if (e->count == 0)
		return "it has no recipient";
	if ((w->notify & WISHES_NEVER) && w->notify != WISHES_NEVER)
		return "its field notify contradicts itself";
	if (w->deliver_by && w->deliver_by_mode != 'R' && w->deliver_by_mode != 'N')
		return "its field deliver-by-mode is missing";
	return NULL;
}

int form_read_envelope(struct entry *e, struct span text, const char **problem)
{
	struct record_field field;
	struct span fields;

	*problem = "its envelope is damaged";
	if (record_split(&text, &fields) != 1 || text.len > 0)
		return -1;
	while (record_next(&fields, &field) == 1) {
		enum form_result result = form_take_envelope(e, &field);

		if (result == FORM_OTHER || result == FORM_TAKEN)
			continue;
		*problem = result == FORM_BAD ? "its envelope holds what none can" : NULL;
		return -1;
	}
	if (!e->account && !(e->account = span_dup(span_of("")))) {
		*problem = NULL;
		return -1;
	}
	e->wishes.envelope_id = e->envelope_id;
	e->wishes.submitter = e->submitter;
	*problem = form_check_envelope(e);
	return *problem ? -1 : 0;
}

/* The journal. */

static const char *const outcomes[] = {
	[ENTRY_OPEN] = "open", [ENTRY_SENT] = "sent", [ENTRY_FAILED] = "failed"};

/* The checksum of what is said of a recipient beside his outcome. */
static uint32_t form_words(const struct entry_recipient *r)
{
	uint32_t crc = crc_add(0, &r->code, sizeof(r->code));

	crc = crc_add(crc, r->enhanced, sizeof(r->enhanced));
	return r->text ? crc_add(crc, r->text, strlen(r->text)) : crc;
}

static bool form_is_noted(const struct entry_recipient *r)
{
	return r->noted.outcome == r->outcome && r->noted.reported == r->reported &&
	       r->noted.words == form_words(r);
}

void form_noted(struct entry *e)
{
	for (size_t i = 0; i < e->count; i++) {
		struct entry_recipient *r = &e->recipients[i];

		r->noted.outcome = r->outcome;
		r->noted.reported = r->reported;
		r->noted.words = form_words(r);
	}
}

void form_forget(struct entry *e)
{
	for (size_t i = 0; i < e->count; i++)
		e->recipients[i].noted.words = ~form_words(&e->recipients[i]);
}

static void form_add_checksum(struct buf *out, const struct entry *e)
{
	char digits[9];

	snprintf(digits, sizeof(digits), "%08" PRIx32, e->checksum);
	record_add(out, "entry", span_of(digits));
}

void form_write_note(struct buf *out, const struct entry *e)
{
	size_t start = out->len;
	size_t share = form_share(e->count);

	form_add_checksum(out, e);
	for (size_t i = 0; i < NUMBERS; i++)
		if (numbers[i].changes)
			record_add_number(out, numbers[i].name, form_number_of(e, &numbers[i]));
	form_add_words(out, "trouble", e->trouble, ENTRY_TEXT_MAX);
	for (size_t i = 0; i < e->count && !buf_failed(out); i++) {
		const struct entry_recipient *r = &e->recipients[i];

		if (form_is_noted(r))
			continue;
		record_add_number(out, "recipient", (int64_t)i);
		record_add(out, "outcome", span_of(outcomes[r->outcome]));
		form_add_reply(out, r, share);
		if (r->reported)
			record_add_number(out, "reported", 1);
	}
	record_end(out, start);
}

/* The recipient that the next fields are about, with nothing said of him yet. */
static enum form_result form_take_index(struct entry *e, struct span value,
					struct entry_recipient **r)
{
	int64_t index;

	if (record_number(value, &index) || (uint64_t)index >= e->count)
		return FORM_BAD;
	*r = &e->recipients[index];
	free((*r)->text);
	(*r)->text = NULL;
	(*r)->code = 0;
	memset((*r)->enhanced, 0, sizeof((*r)->enhanced));
	(*r)->reported = false;
	return FORM_TAKEN;
}

static enum form_result form_take_outcome(struct entry_recipient *r,
					  const struct record_field *f)
{
	if (span_equals(f->name, "reported")) {
		r->reported = span_equals(f->value, "1");
		return FORM_TAKEN;
	}
	if (!span_equals(f->name, "outcome"))
		return form_take_reply(r, f);
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		if (span_equals(f->value, outcomes[i])) {
			r->outcome = (enum entry_outcome)i;
			return FORM_TAKEN;
		}
	return FORM_BAD;
}

/* One record of the journal. */
static enum form_result form_apply(struct entry *e, struct span fields)
{
	struct entry_recipient *r = NULL;
	struct record_field field;
	uint64_t checksum;

	if (record_next(&fields, &field) != 1 || !span_equals(field.name, "entry") ||
	    field.value.len != 8 || form_hex(field.value, &checksum) || checksum != e->checksum)
		return FORM_BAD;
	free(e->trouble);
	e->trouble = NULL;
	while (record_next(&fields, &field) == 1) {
		enum form_result result = FORM_OTHER;

		if (span_equals(field.name, "recipient"))
			result = form_take_index(e, field.value, &r);
		else if (span_equals(field.name, "trouble"))
			result = form_take_words(&e->trouble, field.value);
		else if (r)
			result = form_take_outcome(r, &field);
		if (result == FORM_OTHER)
			result = form_take_number(e, &field, true);
		if (result == FORM_BAD || result == FORM_NO_MEMORY)
			return result;
	}
	return FORM_TAKEN;
}

int form_read_journal(struct entry *e, struct span journal)
{
	struct span rest = journal, fields;

	e->journal_end = 0;
	while (record_split(&rest, &fields) == 1) {
		enum form_result result = form_apply(e, fields);

		if (result == FORM_NO_MEMORY)
			return -1;
		if (result == FORM_BAD)
			break;
		e->journal_end = (int64_t)(journal.len - rest.len);
	}
	return 0;
}
