/* A copy of what is sent: see sent_copy.h. */
#include "cmd/sent_copy.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mail/keptform.h"

enum { SENT_COPY_BLOCK = 64 * 1024 };

static char *sent_copy_path(const char *place, struct error *error)
{
	static const char scheme[] = "maildir:";
	const char *path = place + sizeof(scheme) - 1, *home = getenv("HOME");
	struct buf full;

	if (strncmp(place, scheme, sizeof(scheme) - 1) != 0 || !*path) {
		error_set(error, ERROR_LOCAL, STAGE_USAGE,
			  "option --save-sent: \"%s\" is no place for a copy, such as "
			  "maildir:/home/ann/Mail/sent",
			  TEXT_SHOW(span_of(place)));
		return NULL;
	}
	buf_init(&full, 4096);
	if (strncmp(path, "~/", 2) == 0 && home)
		buf_printf(&full, "%s%s", home, path + 1);
	else
		buf_printf(&full, "%s%s", *path == '/' ? "" : "./", path);
	path = buf_take(&full);
	if (!path)
		error_set_memory(error);
	return (char *)(uintptr_t)path;
}

static int sent_copy_write(struct sent_copy *c, const struct message *m, char *block,
			   struct error *error)
{
	struct message_reader reader;
	struct keptform form;
	struct span piece;
	int got;

	keptform_init(&form, false);
	if (message_reader_init(&reader, m, error))
		return -1;
	while ((got = message_reader_next(&reader, &piece, error)) > 0)
		while (got > 0 && piece.len > 0) {
			size_t len = keptform_feed(&form, &piece, block, SENT_COPY_BLOCK);

			if (maildir_write(&c->maildir, (struct span){block, len}, error))
				got = -1;
		}
	message_reader_clear(&reader);
	if (got < 0)
		return -1;
	return maildir_write(&c->maildir, (struct span){block, keptform_finish(&form, block)},
			     error);
}

int sent_copy_begin(struct sent_copy *c, const char *place, const struct message *m,
		    struct error *error)
{
	char *block;
	int failed;

	c->path = sent_copy_path(place, error);
	if (!c->path)
		return -1;
	block = malloc(SENT_COPY_BLOCK);
	if (!block)
		return error_set_memory(error);
	c->begun = true;
	failed = maildir_begin(&c->maildir, c->path, error) ||
		 sent_copy_write(c, m, block, error);
	free(block);
	return failed ? error_prefix(error, "--save-sent, %s", TEXT_SHOW(span_of(c->path))) : 0;
}

int sent_copy_finish(struct sent_copy *c, struct error *error)
{
	if (!c->begun || maildir_finish(&c->maildir, error) == 0)
		return 0;
	return error_prefix(error, "the message has gone, but its copy in %s is not there",
			    TEXT_SHOW(span_of(c->path)));
}

void sent_copy_end(struct sent_copy *c)
{
	if (c->begun)
		maildir_end(&c->maildir);
	free(c->path);
	*c = (struct sent_copy){0};
}
