/*
 * The aliases file as text: entries with their names, and the members of what they stand for.
 * The grammar is that of Sendmail's /etc/aliases, which msmtp's is a part of:
 *
 *     name: member[, member...]
 *
 * "#" begins a comment at the start of a line or word. A line that begins with a blank goes on
 * with the entry above it, also over comments and empty lines, unless it reads like an entry of
 * its own ("name:") where none is left open by a comma or without members: msmtp lets entries
 * be indented. A name may stand in double quotes, "\" before a character in them, and is
 * compared without regard to case. Members in parentheses, quotes and angle brackets keep their
 * commas.
 */
#ifndef CONF_ALIAS_FILE_H
#define CONF_ALIAS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* How far a walk through the entries has come with one (conf/aliases.h). */
enum alias_state { ALIAS_NEW, ALIAS_OPEN, ALIAS_DONE };

struct alias_entry {
	struct span name;  /* without its quotes */
	struct span value; /* members, which may go over several lines */
	int line;
	int again;          /* the line where the name has another entry; 0: none */
	const char *broken; /* what is wrong with the line, which is no entry; NULL: nothing */
	unsigned walk;      /* the walk that the rest speaks of */
	enum alias_state state;
	bool leads;     /* somebody is reached by it */
	size_t problem; /* not all of them are: the number of the walk's sentence on it; 0 */
};

enum { ALIAS_PROBLEMS_MAX = 10 };

/* Zero it before use, but for path and for_mail. Spans borrow the text, which must outlive it,
 * and `names`. */
struct alias_file {
	const char *path; /* for messages; borrowed */
	bool for_mail;    /* the problems are told to somebody who sends mail: a few of them */
	struct alias_entry *entries; /* sorted by name, one for each */
	size_t count;
	size_t cap;
	struct strv names; /* those that had a backslash */
};

/* Cuts text into entries; time is that of sorting. With problems, each line that is none adds a
 * sentence to it ("FILE:LINE: ..."), and so does the second entry of a name. Without, the first
 * such line is an error, and second entries are noted in the first.
 *
 * For mail, second entries are noted like that, too; of the lines that are none the first
 * ALIAS_PROBLEMS_MAX have a sentence, and one more says how many others there are. The name
 * that such a line seems to be for has an entry that is broken, unless it has a good one. So
 * mail for it does not go where a name without an entry does.
 *
 * Returns 0, or -1 with *error (local, stage config). alias_file_clear() is due either way. */
int alias_file_read(struct alias_file *f, struct span text, struct strv *problems,
		    struct error *error);
void alias_file_clear(struct alias_file *f);
/* The entry of a name, or NULL. */
struct alias_entry *alias_file_find(const struct alias_file *f, struct span name);
/* "FILE:LINE: text" as an error. Returns -1. */
int alias_error(const char *path, int line, const char *text, struct error *error);

/* Takes the next line off the text, without its comment and the white space at its end. A "#"
 * within quotes begins no comment. */
struct span alias_line_next(struct span *text);
/* Appends a value in one line, without its comments. */
void alias_value_join(struct buf *out, struct span value);

enum alias_kind {
	ALIAS_END,
	ALIAS_ADDRESS, /* or several: a part of an address list */
	ALIAS_COMMAND, /* "|command" */
	ALIAS_FILE,    /* "/file" */
	ALIAS_INCLUDE  /* ":include:/file" */
};

/* Takes the next member off a joined value, as it stands but for the blanks around it. */
enum alias_kind alias_member_next(struct span *rest, struct span *member);
/* The name of the file in an ALIAS_INCLUDE. */
struct span alias_include_path(struct span member);

#endif
