/*
 * What a person wrote: see written.h. Pieces that are whole are linked in one store, so that a
 * handler never sees half of one.
 */
#include "cmd/written.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

enum { WRITTEN_RANDOM = 10 };

struct written_piece {
	struct written_piece *volatile next;
	size_t len;
	char data[];
};

static struct {
	struct written_piece *volatile first;
	struct written_piece *last;
	size_t len;
	char path[PATH_MAX];
	char shown[PATH_MAX * 4];
	volatile sig_atomic_t typed; /* it is in memory, */
	volatile sig_atomic_t filed; /* or there is a file */
} written;

static void written_set_path(const char *path)
{
	if (strlcpy(written.path, path, sizeof(written.path)) >= sizeof(written.path))
		written.path[0] = '\0';
	text_show(written.shown, sizeof(written.shown), span_of(written.path));
}

void written_begin(const char *directory)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	char name[WRITTEN_RANDOM + 1] = "";
	struct buf path;

	written_clear();
	for (int i = 0; i < WRITTEN_RANDOM; i++)
		name[i] = letters[arc4random_uniform(sizeof(letters) - 1)];
	buf_init(&path, PATH_MAX - 1);
	buf_printf(&path, "%s/pennypost-%s.txt", directory ? directory : "/tmp", name);
	if (!buf_failed(&path)) {
		written_set_path(path.data);
		written.typed = 1;
	}
	buf_clear(&path);
}

void written_add(void *context, struct span bytes)
{
	struct written_piece *piece;

	(void)context;
	if (!written.typed)
		return;
	piece = bytes.len > WRITTEN_MAX - written.len ? NULL
						      : malloc(sizeof(*piece) + bytes.len);
	if (!piece) {
		written.typed = 0; /* half of it would look like all */
		return;
	}
	piece->next = NULL;
	piece->len = bytes.len;
	memcpy(piece->data, bytes.data, bytes.len);
	written.len += bytes.len;
	if (written.last)
		written.last->next = piece;
	else
		written.first = piece;
	written.last = piece;
}

void written_lies_in(const char *path)
{
	written_clear();
	written_set_path(path);
	written.filed = written.path[0] != '\0';
}

/* Returns 0, or -1 when there is no such file. */
static int written_put(void)
{
	int fd = open(written.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int failed = 0;

	if (fd < 0)
		return -1;
	for (const struct written_piece *p = written.first; p && !failed; p = p->next)
		failed = file_write_all(fd, p->data, p->len);
	failed |= close(fd);
	if (failed)
		unlink(written.path);
	return failed ? -1 : 0;
}

const char *written_keep(void)
{
	if (written.typed && written.first && written_put() == 0) {
		written.typed = 0;
		written.filed = 1;
	}
	return written.filed ? written.shown : NULL;
}

void written_drop(void)
{
	if (written.filed)
		unlink(written.path);
	written.filed = written.typed = 0;
}

void written_clear(void)
{
	struct written_piece *piece = written.first;

	written.filed = written.typed = 0;
	written.first = written.last = NULL;
	written.len = 0;
	while (piece) {
		struct written_piece *next = piece->next;

		freezero(piece, sizeof(*piece) + piece->len);
		piece = next;
	}
}
