/*
 * Aliases applied: see aliases.h. A walk follows entries depth first, and each of them once;
 * how far it has come with one stands in the entry, marked with the number of the walk. The
 * members of an entry are parsed when somebody needs them, so that what is wrong with one name
 * does not stop the mail of another.
 */
#include "conf/aliases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "conf/alias_file.h"

/* Of the members of one entry, in a header. */
enum { ALIASES_SHOWN_LENGTH = 4096 };

struct aliases {
	char *path;
	struct buf text;
	struct alias_file file;
	unsigned walks; /* so many there were */
};

/* What has been entered and not left: an entry or an included file. */
struct step {
	const struct step *up;
	struct span name;
	const char *path; /* where its members stand */
	int line;
	struct alias_entry *entry; /* itself, or the one that the included file belongs to */
	bool is_file;
};

struct walk {
	struct aliases *a;
	const struct aliases_use *use;
	struct address_list out;
	struct aliases_report
		*report;      /* gets what is wrong, which then stops nothing; or NULL */
	struct strv problems; /* gets it where use->failed is there: one sentence an entry */
	size_t problem;       /* of the present entry or recipient: its number there, or 0 */
	bool shown;           /* for a header */
	int depth;
	size_t included; /* bytes */
};

static int walk_address(struct walk *w, const struct address *address, const struct step *from,
			bool *leads, struct error *error);

/* What to do about an error: it goes on the report, or is the first of the present entry, or
 * ends the walk. */
static int walk_trouble(struct walk *w, struct error *error)
{
	struct strv *to = w->report ? &w->report->errors : &w->problems;

	if ((!w->report && !w->use->failed) || error->class != ERROR_LOCAL)
		return -1;
	if (w->problem > 0)
		return 0;
	if (strv_add(to, span_of(error->text)))
		return error_set_memory(error);
	if (!w->report)
		w->problem = to->count;
	return 0;
}

static int walk_fail(struct walk *w, const struct step *at, const char *text,
		     struct error *error)
{
	alias_error(at->path, at->line, text, error);
	return walk_trouble(w, error);
}

/* Ends a walk for a header. */
static int walk_give_up(struct error *error)
{
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "it is not for a header");
}

static int walk_warn(struct walk *w, const struct step *at, struct span member,
		     const char *text, struct error *error)
{
	struct buf line;
	int failed = 0;

	if (!w->use->warnings)
		return 0;
	buf_init(&line, ERROR_TEXT_MAX);
	buf_printf(&line, "%s:%d: refused, %s: %s", TEXT_SHOW(span_of(at->path)), at->line,
		   text, TEXT_SHOW(member));
	if (buf_failed(&line) || strv_add(w->use->warnings, buf_span(&line)))
		failed = error_set_memory(error);
	buf_clear(&line);
	return failed;
}

static int walk_trace(struct walk *w, const struct alias_entry *entry, struct span value,
		      struct error *error)
{
	struct buf line;
	int failed = 0;

	if (!w->use->trace)
		return 0;
	buf_init(&line, ERROR_TEXT_MAX);
	buf_printf(&line, "%s: %s (%s:%d)", TEXT_SHOW(entry->name), TEXT_SHOW(value),
		   TEXT_SHOW(span_of(w->a->path)), entry->line);
	if (buf_failed(&line) || strv_add(w->use->trace, buf_span(&line)))
		failed = error_set_memory(error);
	buf_clear(&line);
	return failed;
}

/* The part of an address list that stands between other members. */
static int walk_addresses(struct walk *w, const struct step *here, struct span text,
			  bool *leads, struct error *error)
{
	struct address_list list = {0};
	int result = 0;

	if (address_list_parse(&list, text, error)) {
		result = -1;
		if (error->class == ERROR_MESSAGE) {
			error->class = ERROR_LOCAL;
			error->stage = STAGE_CONFIG;
			error_prefix(error, "%s:%d", TEXT_SHOW(span_of(here->path)),
				     here->line);
			result = walk_trouble(w, error);
		}
	}
	for (size_t i = 0; result == 0 && i < list.count; i++)
		result = walk_address(w, &list.items[i], here, leads, error);
	address_list_clear(&list);
	return result;
}

static int walk_include(struct walk *w, const struct step *from, struct span path, bool *leads,
			struct error *error);

/* A member that is no address. */
static int walk_special(struct walk *w, const struct step *here, enum alias_kind kind,
			struct span member, bool *leads, struct error *error)
{
	if (kind == ALIAS_COMMAND)
		return walk_warn(w, here, member, "because mail runs no commands", error);
	if (kind == ALIAS_FILE)
		return walk_warn(w, here, member, "because mail is not written to files",
				 error);
	if (!w->use->include)
		return walk_warn(w, here, member, "as \"aliases_include on\" is not said",
				 error);
	return walk_include(w, here, alias_include_path(member), leads, error);
}

/* value, in one line, is what stands at `here`. */
static int walk_value(struct walk *w, const struct step *here, struct span value, bool *leads,
		      struct error *error)
{
	const char *end = value.data + value.len;
	const char *start = value.data; /* of the addresses not yet read */
	struct span member;
	enum alias_kind kind;

	while ((kind = alias_member_next(&value, &member)) != ALIAS_END) {
		if (kind == ALIAS_ADDRESS)
			continue;
		if (walk_addresses(w, here, (struct span){start, (size_t)(member.data - start)},
				   leads, error) ||
		    walk_special(w, here, kind, member, leads, error))
			return -1;
		start = value.data;
	}
	return walk_addresses(w, here, (struct span){start, (size_t)(end - start)}, leads,
			      error);
}

static int walk_list(struct walk *w, struct step *here, struct span text, bool *leads,
		     struct error *error)
{
	while (text.len > 0) {
		struct span line = span_trim(alias_line_next(&text));

		here->line++;
		if (line.len > 0 && walk_value(w, here, line, leads, error))
			return -1;
	}
	return 0;
}

/* Reads a file whole that only root and the user can write. */
static int file_read(const char *path, struct buf *text, struct error *error)
{
	struct stat st = {0};
	int fd = file_open(path, &st);
	int result;

	if (fd < 0)
		return file_open_error(path, error);
	result = file_check_writers(path, &st, "mail", error);
	if (result == 0 && file_read_all(fd, text))
		result = error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
					 "cannot read %s", TEXT_SHOW(span_of(path)));
	close(fd);
	if (result == 0 && text->len > 0 && memchr(text->data, '\0', text->len))
		result = alias_error(path, 1, "the file holds a NUL byte", error);
	return result;
}

static const char *include_problem(const struct walk *w, const struct step *from,
				   struct span path)
{
	if (path.len == 0 || path.data[0] != '/')
		return ":include: wants the absolute path of a file";
	for (; from; from = from->up)
		if (from->is_file && span_equals(path, from->path))
			return "the list includes itself";
	return w->depth == ALIASES_DEPTH_MAX ? "lists and aliases lead to each other more than "
					       "16 deep"
					     : NULL;
}

/* include = ":include:" path: each line of the file is an address list. */
static int walk_include(struct walk *w, const struct step *from, struct span path, bool *leads,
			struct error *error)
{
	char *name = span_dup(path);
	struct step here = {
		.up = from, .name = path, .path = name, .entry = from->entry, .is_file = true};
	const char *problem = include_problem(w, from, path);
	struct buf text;
	int result = -1;

	buf_init(&text, ALIASES_LIST_MAX);
	if (!name)
		error_set_memory(error);
	else if (w->shown)
		walk_give_up(error);
	else if (problem)
		result = walk_fail(w, from, problem, error);
	else if (file_read(name, &text, error)) {
		error_prefix(error, "%s:%d", TEXT_SHOW(span_of(from->path)), from->line);
		result = walk_trouble(w, error);
	} else if ((w->included += text.len) > ALIASES_FILE_MAX)
		walk_fail(w, from, "included lists are larger than 16 MiB together", error);
	else {
		w->depth++;
		result = walk_list(w, &here, buf_span(&text), leads, error);
		w->depth--;
	}
	buf_clear(&text);
	free(name);
	return result;
}

/* "FILE:LINE: the alias leads back to itself: a, b, a" */
static int walk_loop(struct walk *w, const struct alias_entry *entry, const struct step *from,
		     struct error *error)
{
	const struct step *way[2 * ALIASES_DEPTH_MAX + 1];
	size_t count = 0;

	for (; from && count < sizeof(way) / sizeof(way[0]); from = from->up) {
		way[count++] = from;
		if (from->entry == entry && !from->is_file)
			break;
	}
	alias_error(w->a->path, entry->line, "the alias leads back to itself: ", error);
	while (count-- > 0) {
		error_append(error, TEXT_SHOW(way[count]->name));
		error_append(error, ", ");
	}
	error_append(error, TEXT_SHOW(entry->name));
	return walk_trouble(w, error);
}

static int walk_members(struct walk *w, const struct step *here, bool *leads,
			struct error *error)
{
	struct buf value;
	int result;

	buf_init(&value, here->entry->value.len + 1);
	alias_value_join(&value, here->entry->value);
	if (w->report) {
		w->report->bytes += value.len;
		if (value.len > w->report->longest)
			w->report->longest = value.len;
	}
	if (buf_failed(&value))
		result = error_set_memory(error);
	else
		result = walk_trace(w, here->entry, buf_span(&value), error);
	if (result == 0)
		result = walk_value(w, here, buf_span(&value), leads, error);
	buf_clear(&value);
	return result;
}

static int walk_entry(struct walk *w, struct alias_entry *entry, const struct step *from,
		      struct error *error)
{
	struct step here = {.up = from,
			    .name = entry->name,
			    .path = w->a->path,
			    .line = entry->line,
			    .entry = entry};
	size_t outer = w->problem;
	int result;

	if (entry->again && !w->report) {
		here.line = entry->again;
		return walk_fail(w, &here, "the name has an entry already", error);
	}
	if (entry->broken)
		return walk_fail(w, &here, entry->broken, error);
	if (w->depth == ALIASES_DEPTH_MAX)
		return walk_fail(w, &here, "aliases lead to each other more than 16 deep",
				 error);
	if (w->shown && entry->value.len > ALIASES_SHOWN_LENGTH)
		return walk_give_up(error);
	entry->walk = w->a->walks;
	entry->state = ALIAS_OPEN;
	entry->leads = false;
	w->problem = 0;
	w->depth++;
	result = walk_members(w, &here, &entry->leads, error);
	w->depth--;
	entry->state = ALIAS_DONE;
	entry->problem = w->problem;
	w->problem = outer ? outer : entry->problem;
	return result;
}

static enum alias_state state_of(const struct walk *w, const struct alias_entry *entry)
{
	return entry->walk == w->a->walks ? entry->state : ALIAS_NEW;
}

/* Whether the name stands for somebody here. */
static bool is_local(const struct walk *w, const struct address *address)
{
	const char *domain = address_domain(address);

	return !domain || (w->use->local && local_is_domain(w->use->local, span_of(domain)));
}

/* The entry for a local name; the one for all others unless it is being followed, as then it is
 * what it names itself that is not known. */
static struct alias_entry *find_local(const struct walk *w, struct span name)
{
	struct alias_entry *entry = alias_file_find(&w->a->file, name);
	struct alias_entry *fallback;

	if (entry)
		return entry;
	fallback = alias_file_find(&w->a->file, span_of("default"));
	return fallback && state_of(w, fallback) != ALIAS_OPEN ? fallback : NULL;
}

/* The entry that an address leads to, or NULL: it stays. */
static struct alias_entry *find(const struct walk *w, const struct address *address)
{
	struct alias_entry *entry = NULL;
	struct buf key;
	size_t local_len;

	if (address->verbatim || !address->text[0])
		return NULL;
	buf_init(&key, 2 * ADDRESS_PATH_MAX);
	address_local_value(address, &key);
	local_len = key.len;
	buf_add_string(&key, address->text + address->local_len);
	if (address_domain(address))
		entry = alias_file_find(&w->a->file, buf_span(&key));
	if (!entry && is_local(w, address))
		entry = find_local(w, (struct span){key.data, local_len});
	buf_clear(&key);
	return entry;
}

static int walk_keep(struct walk *w, const struct address *address, bool *leads,
		     struct error *error)
{
	*leads = true;
	if (w->report)
		return 0;
	if (w->shown && w->out.count == ALIASES_SHOWN_MAX)
		return address_is_same(&w->out.items[0], address) ? 0 : walk_give_up(error);
	return address_list_add(&w->out, address) ? error_set_memory(error) : 0;
}

/* Appends what an address that stands at `from` (NULL: a recipient) comes to; leads turns true
 * when that is somebody. */
static int walk_address(struct walk *w, const struct address *address, const struct step *from,
			bool *leads, struct error *error)
{
	struct alias_entry *entry = find(w, address);
	int result = 0;

	if (!entry || (from && entry == from->entry))
		return walk_keep(w, address, leads, error);
	if (state_of(w, entry) == ALIAS_OPEN)
		return walk_loop(w, entry, from, error);
	if (state_of(w, entry) == ALIAS_NEW)
		result = walk_entry(w, entry, from, error);
	if (result || state_of(w, entry) != ALIAS_DONE)
		return result;
	*leads |= entry->leads;
	w->problem = w->problem ? w->problem : entry->problem;
	return 0;
}

static int aliases_cut(struct aliases *a, struct strv *problems, struct error *error)
{
	a->file.path = a->path;
	return alias_file_read(&a->file, buf_span(&a->text), problems, error);
}

static struct aliases *aliases_begin(const char *path, struct error *error)
{
	struct aliases *a = calloc(1, sizeof(*a));

	if (a) {
		buf_init(&a->text, ALIASES_FILE_MAX);
		a->path = span_dup(span_of(path));
	}
	if (a && a->path)
		return a;
	aliases_free(a);
	error_set_memory(error);
	return NULL;
}

struct aliases *aliases_open(const char *path, struct strv *problems, struct error *error)
{
	struct aliases *a = aliases_begin(path, error);

	if (a)
		a->file.for_mail = problems != NULL;
	if (a && (file_read(path, &a->text, error) || aliases_cut(a, problems, error))) {
		aliases_free(a);
		a = NULL;
	}
	return a;
}

struct aliases *aliases_new(const char *path, struct span text, struct strv *problems,
			    struct error *error)
{
	struct aliases *a = aliases_begin(path, error);

	if (!a)
		return NULL;
	a->file.for_mail = problems != NULL;
	buf_add_span(&a->text, text);
	if (buf_failed(&a->text) ? error_set_memory(error) : aliases_cut(a, problems, error)) {
		aliases_free(a);
		a = NULL;
	}
	return a;
}

void aliases_free(struct aliases *a)
{
	if (!a)
		return;
	alias_file_clear(&a->file);
	buf_clear(&a->text);
	free(a->path);
	free(a);
}

/* A recipient that nobody is behind. */
static int fail_nobody(const struct walk *w, const struct address *address, struct error *error)
{
	const struct alias_entry *entry = find(w, address);

	error_set(error, ERROR_RECIPIENT, STAGE_CONFIG,
		  "%s:%d: mail for \"%s\" goes nowhere: all that its alias names is refused",
		  TEXT_SHOW(span_of(w->a->path)), entry ? entry->line : 0,
		  TEXT_SHOW(span_of(address->text)));
	error->code = 550;
	memcpy(error->enhanced, (const int[3]){5, 1, 1}, sizeof(error->enhanced));
	return -1;
}

/* Adds one who fails to those of the walk, if that is to be. */
static int fail_add(const struct walk *w, const struct address *address, struct error *error)
{
	struct aliases_failed *failed = w->use->failed;
	bool first = failed && failed->names.count == 0;

	if (!failed)
		return -1;
	if (address_list_add(&failed->names, address) ||
	    strv_add(&failed->reasons, span_of(error->text)))
		return error_set_memory(error);
	if (first || (error->class == ERROR_LOCAL && failed->error.class != ERROR_LOCAL))
		failed->error = *error;
	return 0;
}

/* A recipient, and all that becomes of it. */
static int apply_one(struct walk *w, const struct address *address, struct error *error)
{
	bool leads = false;

	w->problem = 0;
	if (walk_address(w, address, NULL, &leads, error))
		return -1;
	if (w->problem > 0)
		error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s",
			  w->problems.items[w->problem - 1]);
	else if (!leads)
		fail_nobody(w, address, error);
	else
		return 0;
	return fail_add(w, address, error);
}

int aliases_apply(struct aliases *a, const struct aliases_use *use, struct address_list *list,
		  struct error *error)
{
	struct walk w = {.a = a, .use = use};
	int result = 0;

	a->walks++;
	for (size_t i = 0; result == 0 && i < list->count; i++)
		result = apply_one(&w, &list->items[i], error);
	if (result == 0 && w.out.count == 0 && list->count > 0) {
		*error = use->failed->error;
		result = -1;
	}
	if (result == 0) {
		struct address_list old = *list;

		*list = w.out;
		w.out = old;
	}
	address_list_clear(&w.out);
	strv_clear(&w.problems);
	return result;
}

void aliases_failed_clear(struct aliases_failed *failed)
{
	address_list_clear(&failed->names);
	strv_clear(&failed->reasons);
	failed->error = (struct error){0};
}

bool aliases_show(struct aliases *a, const struct aliases_use *use,
		  const struct address *address, struct address_list *list)
{
	const struct aliases_use quiet = {.local = use->local, .include = use->include};
	struct walk w = {.a = a, .use = &quiet, .shown = true};
	struct error ignored;
	bool leads = false;

	a->walks++;
	if (!find(&w, address))
		return false;
	if (walk_address(&w, address, NULL, &leads, &ignored) || w.out.count == 0) {
		address_list_clear(&w.out);
		return false;
	}
	*list = w.out;
	return true;
}

static int by_line(const void *a, const void *b)
{
	return (*(struct alias_entry *const *)a)->line -
	       (*(struct alias_entry *const *)b)->line;
}

/* Follows every entry, in the order of the file. */
static int check_entries(struct walk *w, struct error *error)
{
	const struct alias_file *file = &w->a->file;
	struct alias_entry **order = calloc(file->count + 1, sizeof(*order));
	int result = 0;

	if (!order)
		return error_set_memory(error);
	for (size_t i = 0; i < file->count; i++)
		order[i] = &file->entries[i];
	qsort(order, file->count, sizeof(*order), by_line);
	for (size_t i = 0; result == 0 && i < file->count; i++)
		if (state_of(w, order[i]) == ALIAS_NEW)
			result = walk_entry(w, order[i], NULL, error);
	free(order);
	return result;
}

static int aliases_inspect(struct aliases *a, const struct aliases_use *use,
			   struct aliases_report *report, struct error *error)
{
	struct aliases_use checked = *use;
	struct walk w = {.a = a, .use = &checked, .report = report};

	checked.warnings = &report->warnings;
	checked.trace = NULL;
	a->walks++;
	if (aliases_cut(a, &report->errors, error))
		return -1;
	report->entries = a->file.count;
	return check_entries(&w, error);
}

int aliases_check_text(const char *path, struct span text, const struct aliases_use *use,
		       struct aliases_report *report, struct error *error)
{
	struct aliases *a = aliases_begin(path, error);
	int result = -1;

	if (!a)
		return -1;
	buf_add_span(&a->text, text);
	if (buf_failed(&a->text))
		error_set_memory(error);
	else
		result = aliases_inspect(a, use, report, error);
	aliases_free(a);
	return result;
}

int aliases_check(const char *path, const struct aliases_use *use,
		  struct aliases_report *report, struct error *error)
{
	struct aliases *a = aliases_begin(path, error);
	int result = -1;

	if (a && file_read(path, &a->text, error) == 0)
		result = aliases_inspect(a, use, report, error);
	aliases_free(a);
	return result;
}

void aliases_report_clear(struct aliases_report *report)
{
	strv_clear(&report->errors);
	strv_clear(&report->warnings);
	*report = (struct aliases_report){0};
}
