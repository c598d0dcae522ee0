/* The module that asks libmagic: see magic.h. The database is kept for the next file. */
#include <magic.h>
#include <string.h>

#include "mail/magic.h"

static magic_t database;

static int type(struct span start, char *out, size_t size)
{
	const char *found;

	if (!database) {
		database = magic_open(MAGIC_MIME_TYPE);
		if (database && magic_load(database, NULL)) {
			magic_close(database);
			database = NULL;
		}
	}
	found = database ? magic_buffer(database, start.data, start.len) : NULL;
	return found && strlcpy(out, found, size) < size ? 0 : -1;
}

__attribute__((visibility("default"))) const struct magic magic_module = {
	.abi = MAGIC_ABI,
	.type = type,
};
