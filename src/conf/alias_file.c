/* The aliases file as text: see alias_file.h. */
#include "conf/alias_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/text.h"

static const char include_word[] = ":include:";

int alias_error(const char *path, int line, const char *text, struct error *error)
{
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s:%d: %s",
			 TEXT_SHOW(span_of(path)), line, text);
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
	return name_compare(((const struct alias_entry *)a)->name,
			    ((const struct alias_entry *)b)->name);
}

/* By name, entries of one name in the order of the file, the broken ones last. */
static int entry_order(const void *a, const void *b)
{
	const struct alias_entry *first = a, *second = b;
	int names = entry_compare(a, b);

	if (names)
		return names;
	if (!first->broken != !second->broken)
		return first->broken ? 1 : -1;
	return first->line - second->line;
}

struct alias_entry *alias_file_find(const struct alias_file *f, struct span name)
{
	struct alias_entry wanted = {.name = name};

	if (f->count == 0)
		return NULL;
	return bsearch(&wanted, f->entries, f->count, sizeof(wanted), entry_compare);
}

static int entry_add(struct alias_file *f, const struct alias_entry *entry, struct error *error)
{
	struct alias_entry *entries;
	size_t cap;

	if (f->count == f->cap) {
		cap = f->cap ? f->cap * 2 : 16;
		entries = reallocarray(f->entries, cap, sizeof(*entries));
		if (!entries)
			return error_set_memory(error);
		f->entries = entries;
		f->cap = cap;
	}
	f->entries[f->count++] = *entry;
	return 0;
}

struct span alias_line_next(struct span *text)
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

void alias_value_join(struct buf *out, struct span value)
{
	while (value.len > 0) {
		struct span line = span_trim(alias_line_next(&value));

		if (line.len > 0 && out->len > 0)
			buf_add_char(out, ' ');
		buf_add_span(out, line);
	}
}

/* quoted = DQUOTE *( any / "\" any ) DQUOTE: its length, 0 when it has no end. */
static size_t quoted_length(struct span s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.data[i] == '"')
			return i + 1;
		i += s.data[i] == '\\';
	}
	return 0;
}

/* name = quoted / 1*any, up to the colon: the length of it, blanks before the colon included; 0
 * when the line does not begin like that. */
static size_t name_length(struct span line)
{
	bool quoted = line.len > 0 && line.data[0] == '"';
	size_t len = quoted ? quoted_length(line) : 0;
	const char *colon = line.len > 0 ? memchr(line.data + len, ':', line.len - len) : NULL;

	if (!colon || (quoted && len == 0))
		return 0;
	line.len = (size_t)(colon - line.data);
	if (quoted && span_trim((struct span){line.data + len, line.len - len}).len > 0)
		return 0;
	return line.len;
}

/* Whether an indented line reads like an entry: one word before the colon, no address or path.
 */
static bool is_entry(struct span line)
{
	struct span name;

	line = span_trim(line);
	name = span_trim((struct span){line.data, name_length(line)});
	for (size_t i = 0; i < name.len && name.data[0] != '"'; i++)
		if (chars_is(name.data[i], CHARS_BLANK) || strchr(",<>|/\"()\\", name.data[i]))
			return false;
	return name.len > 0;
}

/* Whether line belongs to the entry whose text so far is `first` to the end of `last`. */
static bool goes_on(struct span value, struct span line)
{
	if (line.len > 0 && !chars_is(line.data[0], CHARS_BLANK))
		return false;
	value = span_trim(value);
	return value.len == 0 || value.data[value.len - 1] == ',' || !is_entry(line);
}

/* Takes the lines that go on with the entry, the first of which has been read: its value ends
 * where the last of them does. */
static void entry_extend(struct alias_entry *entry, struct span *text, int *line)
{
	struct span rest = *text;
	struct span kept = entry->value; /* up to the last line with something in it */
	int number = *line;

	while (rest.len > 0) {
		struct span next = alias_line_next(&rest);

		if (!goes_on(kept, next))
			break;
		number++;
		if (span_trim(next).len == 0)
			continue;
		/* A comma at the end of the text kept is one of the last line: comments do not
		 * count. */
		kept = next;
		entry->value.len = (size_t)(next.data + next.len - entry->value.data);
		*text = rest;
		*line = number;
	}
}

static struct span name_unquote(struct alias_file *f, struct span name)
{
	struct buf value;
	char *taken;

	name = (struct span){name.data + 1, name.len - 2};
	if (!memchr(name.data, '\\', name.len))
		return name;
	buf_init(&value, name.len);
	for (size_t i = 0; i < name.len; i++) {
		i += name.data[i] == '\\' && i + 1 < name.len;
		buf_add_char(&value, name.data[i]);
	}
	taken = buf_take(&value);
	if (!taken || strv_add_take(&f->names, taken))
		return (struct span){0};
	return span_of(taken);
}

/* What stands where a name is expected, in a line that is no entry: up to the first character
 * that somebody may take for a colon, or what is quoted. */
static struct span name_guess(struct alias_file *f, struct span line)
{
	size_t len = line.data[0] == '"' ? quoted_length(line) : 0;

	if (len > 0)
		return name_unquote(f, (struct span){line.data, len});
	while (len < line.len && !chars_is(line.data[len], CHARS_BLANK) &&
	       !strchr("=;,:<>|()\"", line.data[len]))
		len++;
	return (struct span){line.data, len};
}

/* The line is no entry. Its name has one all the same when mail is to go there. */
static int entry_break(struct alias_file *f, struct alias_entry *entry, const char *text,
		       struct error *error)
{
	entry->broken = text;
	if (f->for_mail && entry->name.len > 0 && entry_add(f, entry, error))
		return -1;
	return alias_error(f->path, entry->line, text, error);
}

/* entry = name ":" members */
static int entry_read(struct alias_file *f, struct span *text, int *line, struct error *error)
{
	struct alias_entry entry = {.line = ++*line};
	struct span first = alias_line_next(text);
	struct span trimmed = span_trim(first);
	size_t len;

	if (trimmed.len == 0)
		return 0;
	len = name_length(trimmed);
	if (len == 0 && trimmed.data[0] != ':') {
		entry.name = name_guess(f, trimmed);
		return entry_break(f, &entry, "\"name: address\" is expected", error);
	}
	entry.name = span_trim((struct span){trimmed.data, len});
	if (entry.name.len > 1 && entry.name.data[0] == '"')
		entry.name = name_unquote(f, entry.name);
	entry.value.data = trimmed.data + len + 1;
	entry.value.len = (size_t)(trimmed.data + trimmed.len - entry.value.data);
	entry_extend(&entry, text, line);
	if (entry.name.len == 0)
		return entry_break(f, &entry, "the name before the colon is missing", error);
	entry.value = span_trim(entry.value);
	if (entry.value.len == 0)
		return entry_break(f, &entry, "there is no address behind the colon", error);
	return entry_add(f, &entry, error);
}

/* Sorts the entries, and keeps the first of each name, which knows that there are more. */
static int entries_sort(struct alias_file *f, struct strv *problems, struct error *error)
{
	size_t kept = 0;

	qsort(f->entries, f->count, sizeof(*f->entries), entry_order);
	for (size_t i = 1; i < f->count; i++) {
		struct alias_entry *last = &f->entries[kept];

		if (entry_compare(last, &f->entries[i]) != 0) {
			f->entries[++kept] = f->entries[i];
			continue;
		}
		if (f->entries[i].broken)
			continue;
		if (last->again == 0)
			last->again = f->entries[i].line;
		if (!problems || f->for_mail)
			continue;
		alias_error(f->path, f->entries[i].line, "the name has an entry already",
			    error);
		if (strv_add(problems, span_of(error->text)))
			return error_set_memory(error);
	}
	f->count = kept + 1;
	return 0;
}

/* A line is no entry. count: so many were not before. */
static int problem_add(const struct alias_file *f, struct strv *problems, size_t count,
		       struct error *error)
{
	if (!problems || error->class != ERROR_LOCAL)
		return -1;
	if (f->for_mail && count >= ALIAS_PROBLEMS_MAX)
		return 0;
	if (f->for_mail)
		error_append(error, ", and the line is passed over");
	return strv_add(problems, span_of(error->text)) ? error_set_memory(error) : 0;
}

/* The lines that have no sentence of their own. */
static int problem_count(const struct alias_file *f, struct strv *problems, size_t count,
			 struct error *error)
{
	struct buf line;
	int failed;

	if (!f->for_mail || count <= ALIAS_PROBLEMS_MAX)
		return 0;
	buf_init(&line, ERROR_TEXT_MAX);
	buf_printf(&line, "%s: %zu more lines are no entries", TEXT_SHOW(span_of(f->path)),
		   count - ALIAS_PROBLEMS_MAX);
	failed = buf_failed(&line) || strv_add(problems, buf_span(&line));
	buf_clear(&line);
	return failed ? error_set_memory(error) : 0;
}

int alias_file_read(struct alias_file *f, struct span text, struct strv *problems,
		    struct error *error)
{
	size_t bad = 0;
	int line = 0;

	if (text.len > 0 && memchr(text.data, '\0', text.len))
		return alias_error(f->path, 1, "the file holds a NUL byte", error);
	while (text.len > 0) {
		if (entry_read(f, &text, &line, error) == 0)
			continue;
		if (problem_add(f, problems, bad++, error))
			return -1;
	}
	if (problem_count(f, problems, bad, error))
		return -1;
	return f->count > 0 ? entries_sort(f, problems, error) : 0;
}

void alias_file_clear(struct alias_file *f)
{
	free(f->entries);
	strv_clear(&f->names);
	*f = (struct alias_file){0};
}

/* The bytes up to the comma that ends the first member, or to the end. What is not closed ends
 * there, too: the parser of addresses says so. */
static size_t member_length(struct span s)
{
	int comments = 0;
	bool quoted = false, angle = false;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (c == '\\')
			i++;
		else if (quoted)
			quoted = c != '"';
		else if (c == '(' || (c == ')' && comments > 0))
			comments += c == '(' ? 1 : -1;
		else if (comments > 0)
			continue;
		else if (c == '"')
			quoted = true;
		else if (c == '<' || c == '>')
			angle = c == '<';
		else if (c == ',' && !angle)
			return i;
	}
	return s.len;
}

/* A quoted string is one of the three kinds as a whole, or the local part of an address. */
static enum alias_kind member_kind(struct span member)
{
	bool quoted = member.len > 1 && member.data[0] == '"';
	size_t length = quoted ? quoted_length(member) : 0;

	if (length > 0 && length < member.len)
		return ALIAS_ADDRESS;
	if (quoted)
		member = (struct span){member.data + 1, member.len - 1};
	if (member.len == 0)
		return ALIAS_ADDRESS;
	if (member.data[0] == '|')
		return ALIAS_COMMAND;
	if (member.data[0] == '/')
		return ALIAS_FILE;
	return span_starts_nocase(member, include_word) ? ALIAS_INCLUDE : ALIAS_ADDRESS;
}

enum alias_kind alias_member_next(struct span *rest, struct span *member)
{
	size_t len, used;

	if (rest->len == 0)
		return ALIAS_END;
	len = member_length(*rest);
	used = len + (len < rest->len);
	*member = span_trim((struct span){rest->data, len});
	*rest = (struct span){rest->data + used, rest->len - used};
	return member_kind(*member);
}

struct span alias_include_path(struct span member)
{
	bool quoted = member.data[0] == '"';
	size_t skip = quoted + strlen(include_word);
	struct span path = {member.data + skip, member.len - skip};

	if (quoted && path.len > 0 && path.data[path.len - 1] == '"')
		path.len--;
	return span_trim(path);
}
