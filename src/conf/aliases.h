/*
 * Where mail for local names goes: the aliases file (its grammar: conf/alias_file.h) applied to
 * recipients.
 *
 * An address is looked up by what its local part means when it has no domain or one of this
 * machine's (conf/local.h), then as "default", msmtp's name for all others; and whole, when an
 * entry is called "user@domain". What an entry names is looked up in turn, 16 deep at most. A
 * name in its own entry stays as it is, and so does one written "\name".
 *
 * Commands, files and ":include:" are refused with a warning, and the other members of their
 * entry get the mail; lists that are included are read only where that is asked for. A line
 * that is no entry is passed over with a warning, and the rest of the file holds. But mail for
 * the name that it seems to be for fails, because nobody knows who was meant, and so does that
 * for a name with several entries.
 */
#ifndef CONF_ALIASES_H
#define CONF_ALIASES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "conf/local.h"
#include "mail/address.h"

enum {
	ALIASES_DEPTH_MAX = 16,
	ALIASES_FILE_MAX = 16 * 1024 * 1024, /* and so much is included in one go */
	ALIASES_LIST_MAX = 1024 * 1024       /* of one included file */
};

struct aliases;

/* Reads the file, which must be one that only root and the user can write. problems gets a
 * sentence for each line that is no entry, a few at most (conf/alias_file.h); NULL: the first
 * of them is an error. NULL with *error (local, stage config: "FILE:LINE: ..."). */
struct aliases *aliases_open(const char *path, struct strv *problems, struct error *error);
/* The same of text in memory, which is copied; path is for messages. */
struct aliases *aliases_new(const char *path, struct span text, struct strv *problems,
			    struct error *error);
void aliases_free(struct aliases *a);

/* Recipients who are not reached, or not all of whose members are. Zero it before use. */
struct aliases_failed {
	struct address_list names; /* as they came */
	struct strv reasons;       /* a sentence for each */
	struct error error;        /* that of the first; class local goes first */
};

void aliases_failed_clear(struct aliases_failed *failed);

/* How a file is used. */
struct aliases_use {
	struct local *local;   /* which domains are this machine's; NULL: none */
	bool include;          /* ":include:" lists are read */
	struct strv *warnings; /* gets a sentence for each member that is refused; or NULL */
	struct aliases_failed *failed; /* gets who fails; NULL: the first ends it all */
	struct strv *trace; /* gets "name: members (FILE:LINE)" for each entry used; or NULL */
};

/* Puts what they lead to in place of the addresses of list; those without an alias stay. Each
 * entry counts once, so that time is linear. What is wrong with one recipient (class local,
 * stage config, for the file; class recipient for a name all of whose members are refused)
 * takes nothing from the others, where use->failed is there for it. Returns 0, or -1 with
 * *error and the list as it was: also when nobody is left. */
int aliases_apply(struct aliases *a, const struct aliases_use *use, struct address_list *list,
		  struct error *error);
/* The same of one address for a person to read, in a header: appends to list, which is empty,
 * what it leads to. False, and the list as it was, when there is no alias for it, or it is no
 * other name of somebody: more than ALIASES_SHOWN_MAX addresses, because who is behind a name
 * is nobody's business who gets the mail; an included list, an error. */
enum { ALIASES_SHOWN_MAX = 1 };
bool aliases_show(struct aliases *a, const struct aliases_use *use,
		  const struct address *address, struct address_list *list);

/* What there is to say of a file, all of it. */
struct aliases_report {
	struct strv errors;
	struct strv warnings;
	size_t entries;
	size_t longest; /* bytes of the members of one */
	size_t bytes;   /* of all of them */
};

/* Checks a file whether mail goes there or not. use: local and include. Returns 0 when it could
 * be read, or -1 with *error. aliases_report_clear() is due either way. */
int aliases_check(const char *path, const struct aliases_use *use,
		  struct aliases_report *report, struct error *error);
int aliases_check_text(const char *path, struct span text, const struct aliases_use *use,
		       struct aliases_report *report, struct error *error);
void aliases_report_clear(struct aliases_report *report);

#endif
