/* Bytes put by: see stash.h. */
#include "base/stash.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"

void stash_init(struct stash *s, size_t memory, const char *directory)
{
	*s = (struct stash){.directory = directory, .fd = -1};
	buf_init(&s->memory, memory);
}

void stash_clear(struct stash *s)
{
	buf_clear(&s->memory);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->length = 0;
}

static int set_storing(struct error *error)
{
	return error_set_errno(error, ERROR_TEMPORARY, STAGE_INPUT, errno,
			       "cannot store the message in a temporary file");
}

/* Moves what is in memory to a file. */
static int spill(struct stash *s, struct error *error)
{
	s->fd = file_temporary(s->directory);
	if (s->fd < 0 || file_write_all(s->fd, s->memory.data, s->memory.len))
		return set_storing(error);
	buf_clear(&s->memory);
	return 0;
}

int stash_add(struct stash *s, struct span bytes, struct error *error)
{
	if (s->fd < 0 && bytes.len > s->memory.max - s->memory.len && spill(s, error))
		return -1;
	if (s->fd < 0)
		buf_add_span(&s->memory, bytes);
	else if (file_write_all(s->fd, bytes.data, bytes.len))
		return set_storing(error);
	if (buf_failed(&s->memory))
		return error_set_memory(error);
	s->length += bytes.len;
	return 0;
}

int stash_read(const struct stash *s, uint64_t offset, char *block, size_t size,
	       struct span *piece, struct error *error)
{
	ssize_t got;

	if (offset >= s->length)
		return 0;
	if (s->fd < 0) {
		*piece = (struct span){s->memory.data + offset, s->memory.len - (size_t)offset};
		return 1;
	}
	do
		got = pread(s->fd, block, size, (off_t)offset);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set_errno(error, ERROR_LOCAL, STAGE_INPUT, errno,
				       "cannot read the message again");
	if (got == 0)
		return error_set(error, ERROR_LOCAL, STAGE_INPUT,
				 "the temporary file of the message is cut short");
	*piece = (struct span){block, (size_t)got};
	return 1;
}
