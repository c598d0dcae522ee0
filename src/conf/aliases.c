/*
 * The aliases file: see aliases.h. The file is cut into entries, sorted by name, and an entry's
 * addresses are parsed when a recipient needs them, so that a pipe for one name does not stop
 * the mail of another. Each entry is expanded once in a call, which keeps the time linear
 * whatever the entries say of each other.
 */
#include "conf/aliases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/chars.h"
#include "base/file.h"
#include "base/text.h"

enum { ALIASES_DEPTH_MAX = 16, ALIASES_FILE_MAX = 16 * 1024 * 1024 };

enum state { STATE_NEW, STATE_OPEN, STATE_DONE };

struct entry {
	struct span name;
	struct span value; /* addresses, which may go over several lines */
	int line;
	int again; /* the line where the name has another entry; 0: none */
	enum state state;
};

struct aliases {
	const char *path;
	struct entry *entries; /* sorted by name */
	size_t count;
	size_t cap;
	struct address_list out;
	int depth;
};

static int aliases_error(const struct aliases *a, int line, const char *text,
			 struct error *error)
{
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s:%d: %s",
			 TEXT_SHOW(span_of(a->path)), line, text);
}

static int name_compare(struct span a, struct span b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++) {
		int difference = (unsigned char)chars_lower(a.data[i]) -
				 (unsigned char)chars_lower(b.data[i]);

		if (difference != 0)
			return difference;
	}
	return (a.len > b.len) - (a.len < b.len);
}

static int entry_compare(const void *a, const void *b)
{
	return name_compare(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* By name, entries of one name in the order of the file. */
static int entry_order(const void *a, const void *b)
{
	int names = entry_compare(a, b);

	return names ? names
		     : ((const struct entry *)a)->line - ((const struct entry *)b)->line;
}

static struct entry *entry_find(const struct aliases *a, struct span name)
{
	struct entry wanted = {.name = name};

	if (a->count == 0)
		return NULL;
	return bsearch(&wanted, a->entries, a->count, sizeof(wanted), entry_compare);
}

static int entry_add(struct aliases *a, struct entry entry, struct error *error)
{
	struct entry *entries;
	size_t cap;

	if (a->count == a->cap) {
		cap = a->cap ? a->cap * 2 : 16;
		entries = reallocarray(a->entries, cap, sizeof(*entries));
		if (!entries)
			return error_set_memory(error);
		a->entries = entries;
		a->cap = cap;
	}
	a->entries[a->count++] = entry;
	return 0;
}

/* Takes the next line off the text, without its comment; white space at its end is gone. A "#"
 * within quotes is none. */
static struct span line_next(struct span *text)
{
	const char *end = memchr(text->data, '\n', text->len);
	struct span line = {text->data, end ? (size_t)(end - text->data) : text->len};
	size_t used = line.len + (end != NULL);
	bool quoted = false;

	*text = (struct span){text->data + used, text->len - used};
	for (size_t i = 0; i < line.len; i++) {
		quoted ^= line.data[i] == '"';
		if (line.data[i] == '#' && !quoted &&
		    (i == 0 || chars_is(line.data[i - 1], CHARS_BLANK) ||
		     line.data[i - 1] == ','))
			line.len = i;
	}
	while (line.len > 0 && chars_is(line.data[line.len - 1], CHARS_BLANK | CHARS_NEWLINE))
		line.len--;
	return line;
}

/* Whether the entry goes on in the next line: after a comma, if that line is indented. */
static bool goes_on(struct span line, struct span text)
{
	return line.len > 0 && line.data[line.len - 1] == ',' && text.len > 0 &&
	       chars_is(text.data[0], CHARS_BLANK);
}

/* entry = name ":" address-list */
static int entry_read(struct aliases *a, struct span *text, int *line, struct error *error)
{
	struct entry entry = {.line = ++*line};
	struct span first = line_next(text);
	struct span last = first;
	const char *colon;

	if (span_trim(first).len == 0)
		return 0;
	colon = memchr(first.data, ':', first.len);
	if (!colon)
		return aliases_error(a, entry.line, "\"name: address\" is expected", error);
	entry.name = span_trim((struct span){first.data, (size_t)(colon - first.data)});
	if (entry.name.len == 0)
		return aliases_error(a, entry.line, "the name before the colon is missing",
				     error);
	for (; goes_on(last, *text); ++*line)
		last = line_next(text);
	entry.value.data = colon + 1;
	entry.value.len = (size_t)(last.data + last.len - entry.value.data);
	entry.value = span_trim(entry.value);
	if (entry.value.len == 0)
		return aliases_error(a, entry.line, "there is no address behind the colon",
				     error);
	return entry_add(a, entry, error);
}

/* Sorts the entries, and keeps the first of each name, which knows that there are more. */
static void aliases_sort(struct aliases *a)
{
	size_t kept = 0;

	qsort(a->entries, a->count, sizeof(*a->entries), entry_order);
	for (size_t i = 1; i < a->count; i++) {
		struct entry *last = &a->entries[kept];

		if (entry_compare(last, &a->entries[i]) != 0)
			a->entries[++kept] = a->entries[i];
		else if (last->again == 0)
			last->again = a->entries[i].line;
	}
	a->count = kept + 1;
}

static int aliases_read(struct aliases *a, struct span text, struct error *error)
{
	int line = 0;

	if (text.len > 0 && memchr(text.data, '\0', text.len))
		return aliases_error(a, 1, "the file holds a NUL byte", error);
	while (text.len > 0)
		if (entry_read(a, &text, &line, error))
			return -1;
	if (a->count > 0)
		aliases_sort(a);
	return 0;
}

/* Whether a member of the entry is something other than an address. */
static bool entry_is_special(struct span value)
{
	bool start = true;
	bool quoted = false;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (start && (c == '|' || c == '/' || c == ':'))
			return true;
		if (c == '"')
			quoted = !quoted;
		else if (!chars_is(c, CHARS_BLANK | CHARS_NEWLINE))
			start = c == ',' && !quoted;
	}
	return false;
}

/* Appends the addresses of the value to *list. Comments within it, in entries of several lines,
 * are left out. */
static int entry_parse(const struct aliases *a, const struct entry *entry,
		       struct address_list *list, struct error *error)
{
	struct span value = entry->value;
	struct buf text;
	int result = 0;

	if (entry_is_special(value))
		return aliases_error(a, entry->line,
				     "commands, files and :include: are not supported, only "
				     "addresses are",
				     error);
	buf_init(&text, value.len * 2 + 1);
	while (value.len > 0) {
		buf_add_span(&text, line_next(&value));
		buf_add_char(&text, ' ');
	}
	if (buf_failed(&text))
		result = error_set_memory(error);
	else if (address_list_parse(list, buf_span(&text), error)) {
		error->class = ERROR_LOCAL;
		error->stage = STAGE_CONFIG;
		result = error_prefix(error, "%s:%d", TEXT_SHOW(span_of(a->path)), entry->line);
	}
	buf_clear(&text);
	return result;
}

static int aliases_expand(struct aliases *a, const struct address *address,
			  const struct entry *from, struct error *error);

static int entry_expand(struct aliases *a, struct entry *entry, struct error *error)
{
	struct address_list list = {0};
	int result = -1;

	if (entry->again)
		return aliases_error(a, entry->again, "the name has an entry already", error);
	if (a->depth == ALIASES_DEPTH_MAX)
		return aliases_error(a, entry->line,
				     "aliases lead to each other more than 16 deep", error);
	if (entry_parse(a, entry, &list, error))
		goto out;
	entry->state = STATE_OPEN;
	a->depth++;
	for (size_t i = 0; i < list.count; i++)
		if (aliases_expand(a, &list.items[i], entry, error))
			goto out;
	a->depth--;
	entry->state = STATE_DONE;
	result = 0;
out:
	address_list_clear(&list);
	return result;
}

/* Appends what an address comes to; `from` is the entry that named it, or NULL. */
static int aliases_expand(struct aliases *a, const struct address *address,
			  const struct entry *from, struct error *error)
{
	struct entry *entry = NULL;
	struct entry *fallback = entry_find(a, span_of("default"));

	if (!address_domain(address) && address->text[0]) {
		entry = entry_find(a, span_of(address->text));
		if (!entry && fallback && fallback->state != STATE_OPEN)
			entry = fallback;
		/* A name that is its own alias stays local as well. */
		if (entry == from)
			entry = NULL;
	}
	if (!entry)
		return address_list_add(&a->out, address) ? error_set_memory(error) : 0;
	if (entry->state == STATE_OPEN)
		return aliases_error(a, entry->line, "the alias leads back to itself", error);
	return entry->state == STATE_DONE ? 0 : entry_expand(a, entry, error);
}

int aliases_apply_text(struct address_list *list, const char *path, struct span text,
		       struct error *error)
{
	struct aliases a = {.path = path};
	int result = aliases_read(&a, text, error);

	for (size_t i = 0; result == 0 && i < list->count; i++)
		result = aliases_expand(&a, &list->items[i], NULL, error);
	if (result == 0) {
		struct address_list old = *list;

		*list = a.out;
		a.out = old;
	}
	address_list_clear(&a.out);
	free(a.entries);
	return result;
}

int aliases_apply(struct address_list *list, const char *path, struct error *error)
{
	struct stat st = {0};
	struct buf text;
	int fd = file_open(path, &st);
	int result;

	if (fd < 0)
		return file_open_error(path, error);
	buf_init(&text, ALIASES_FILE_MAX);
	result = file_check_writers(path, &st, "mail", error);
	if (result == 0 && file_read_all(fd, &text))
		result = error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
					 "cannot read %s", TEXT_SHOW(span_of(path)));
	close(fd);
	if (result == 0)
		result = aliases_apply_text(list, path, buf_span(&text), error);
	buf_clear(&text);
	return result;
}
