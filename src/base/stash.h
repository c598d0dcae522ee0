/*
 * Bytes put by, to be read again: in memory up to a limit, beyond it in a file without a name.
 */
#ifndef BASE_STASH_H
#define BASE_STASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct stash {
	uint64_t length; /* bytes in it */

	/* The rest is its own. */
	struct buf memory;
	const char *directory;
	int fd; /* -1: all is in memory */
};

/* Keeps up to memory bytes there; directory (borrowed, or NULL) is where the file goes, as
 * file_temporary() has it. */
void stash_init(struct stash *s, size_t memory, const char *directory);
/* Returns 0, or -1 with *error (class temporary, stage input) when there is no room. */
int stash_add(struct stash *s, struct span bytes, struct error *error);
/* What stands at offset: in memory all that is left, else up to size bytes, read into block.
 * Returns 1 with *piece, borrowed until the next call; 0 at the end; -1 with *error. */
int stash_read(const struct stash *s, uint64_t offset, char *block, size_t size,
	       struct span *piece, struct error *error);
void stash_clear(struct stash *s);

#endif
