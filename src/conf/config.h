/*
 * The configuration: accounts from the system file and the user's file, and which one a message
 * takes.
 *
 * The grammar is msmtp's and more: one key a line, blanks between key and arguments, "#" begins
 * a comment at the start of a word, double quotes hold blanks (\" and \\ inside), "defaults"
 * and "account NAME [: BASE[,BASE...]]" begin sections, "account default : NAME" names the
 * default, "include FILE" reads another file (relative to the one it stands in, 8 deep at
 * most).
 */
#ifndef CONF_CONFIG_H
#define CONF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "conf/account.h"
#include "mail/address.h"

enum { CONFIG_LINE_MAX = 64 * 1024, CONFIG_FILE_MAX = 4 * 1024 * 1024, CONFIG_INCLUDE_MAX = 8 };

struct config {
	struct account *accounts; /* user's file first, each file in its order */
	size_t count;
	size_t cap;
	struct strv warnings; /* complete sentences, for standard error and log */
};

enum config_trust {
	CONFIG_SYSTEM, /* refused if group- or other-writable; warned of if world-readable with
			  a secret */
	CONFIG_USER /* with a secret: owned by the user or root, closed to group and others */
};

/* Reads one file. Returns 0; -1 with *error ("FILE:LINE: ..."). A missing file is error ENOENT
 * in error->number. */
int config_load(struct config *c, const char *path, enum config_trust trust,
		struct error *error);
/* The same for text in memory; path is for messages. Included files are read only when trust
 * checks can be made on them, that is, by config_load(). */
int config_parse(struct config *c, const char *path, struct span text, struct error *error);
void config_clear(struct config *c);

/* The account called name, or NULL. */
const struct account *config_find(const struct config *c, const char *name);
/* The first account one of whose `from` addresses or patterns ("*@example.org") is the address,
 * or NULL. */
const struct account *config_match(const struct config *c, const char *address);
/* The account called "default", else the only or first account, else NULL. */
const struct account *config_default(const struct config *c);

#endif
