/*
 * The configuration: accounts from the system file and the user's file, and which one a message
 * takes.
 *
 * The grammar is msmtp's and more: one key a line with at most one value behind blanks; "#"
 * begins a comment at the start of a line or word; a value in double quotes keeps its blanks
 * (\" and \\ inside); `password`, `passwordeval` and `eval` take the rest of the line as it
 * stands, less one pair of quotes around all of it. "defaults" and "account NAME [:
 * BASE[,BASE...]]" begin sections, "account default : NAME" names the default; keys before
 * any section belong to the account default. "include FILE" reads another file in place
 * (relative to the one it stands in, 8 deep at most). "eval COMMAND" stands for the first
 * line of what the command writes.
 */
#ifndef CONF_CONFIG_H
#define CONF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "conf/account.h"
#include "mail/address.h"

enum {
	CONFIG_LINE_MAX = 64 * 1024,
	CONFIG_FILE_MAX = 4 * 1024 * 1024, /* with all that it includes */
	CONFIG_INCLUDE_MAX = 8,
	CONFIG_ACCOUNTS_MAX = 4096
};

struct config {
	struct account *accounts; /* user's file first, each file in its order */
	size_t count;
	size_t cap;
	struct strv files;    /* read, by the numbers of struct account_word less one */
	struct strv warnings; /* complete sentences, for standard error and log */
	const char *home;     /* $HOME, for "~/" in file names; borrowed; NULL: by passwd */
};

/* Both kinds are refused when not owned by root or the user, or writable by group or others:
 * they may hold commands. */
enum config_trust {
	CONFIG_SYSTEM, /* warned of if everybody can read a password in it */
	CONFIG_USER    /* refused if group or others can read a password in it */
};

/* Reads one file. Returns 0; -1 with *error ("FILE:LINE: ...") and the accounts as they were. A
 * missing file is error ENOENT in error->number (also if what should be a directory on its path
 * is none); a missing file that it includes is not. */
int config_load(struct config *c, const char *path, enum config_trust trust,
		struct error *error);
/* The same for text in memory; path is for messages. Reads no file and runs no command:
 * `include` and `eval` are errors in it. */
int config_parse(struct config *c, const char *path, struct span text, struct error *error);
void config_clear(struct config *c);
/* The value in s, which is what stands behind a key, as the grammar has it, appended to out.
 * Returns 0, or -1 with *error, which shows none of it. */
int config_read_value(struct span s, const char *key, struct buf *out, struct error *error);

/* The account called name, or NULL. */
const struct account *config_find(const struct config *c, const char *name);
/* The first account that has the address (account_has_address()), or NULL. */
const struct account *config_match(const struct config *c, const char *address);
/* The account called "default", else the only or first account, else NULL. */
const struct account *config_default(const struct config *c);

#endif
