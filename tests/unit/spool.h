/* A spool of its own for a unit test, and entries to put into it. */
#ifndef TESTS_UNIT_SPOOL_H
#define TESTS_UNIT_SPOOL_H

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "queue/entry.h"
#include "queue/entry_put.h"
#include "queue/spool_list.h"
#include "test.h"

static char spool_directory[] = "/tmp/pennypost-test.XXXXXX";
static struct spool *spool;

/* Opens the spool anew, with or without O_TMPFILE. */
static inline void spool_setup(bool no_tmpfile)
{
	struct spool_place place = {
		.configured = spool_directory, .uid = geteuid(), .no_tmpfile = no_tmpfile};
	struct error error;

	if (!spool && !mkdtemp(spool_directory))
		exit(1);
	spool_free(spool);
	if (spool_open(&spool, &place, false, &error) || !spool)
		exit(1);
}

/* Removes all files of the spool. Returns how many there were. */
static inline int spool_empty(void)
{
	DIR *directory = opendir(spool_directory);
	const struct dirent *d;
	int count = 0;

	while (directory && (d = readdir(directory)) != NULL)
		if (unlinkat(spool_fd(spool), d->d_name, 0) == 0)
			count++;
	if (directory)
		closedir(directory);
	return count;
}

static inline void spool_teardown(void)
{
	spool_empty();
	spool_free(spool);
	spool = NULL;
	rmdir(spool_directory);
}

static inline void spool_write_file(const char *name, const void *data, size_t len)
{
	int fd = openat(spool_fd(spool), name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && file_write_all(fd, data, len) == 0);
	close(fd);
}

/* A file of the spool into a buffer of max bytes; returns its length, -1: there is none. */
static inline ssize_t spool_read_file(const char *name, char *data, size_t max)
{
	int fd = openat(spool_fd(spool), name, O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, data, max);

	if (fd >= 0)
		close(fd);
	return len;
}

/* A message of the same piece again and again. */
struct spool_message {
	struct span piece;
	int times;
};

static inline int spool_next_piece(void *context, struct span *piece, struct error *error)
{
	struct spool_message *m = context;

	(void)error;
	if (m->times-- <= 0)
		return 0;
	*piece = m->piece;
	return 1;
}

/* An envelope with two recipients and one of all that it can hold. */
static inline void spool_fill_entry(struct entry *e)
{
	entry_init(e);
	e->account = strdup("work");
	e->config = strdup("/etc/p\nq");
	e->reverse_path = strdup("me@example.org");
	e->envelope_id = strdup("id <1>");
	e->submitter = strdup("boss@example.org");
	e->release = 5;
	e->attempts = 3;
	e->tried = 1000;
	e->next = 2000;
	e->trouble = strdup("451 not now");
	e->local_sender = true;
	e->wishes = (struct wishes){.notify = WISHES_FAILURE | WISHES_DELAY,
				    .ret = WISHES_RETURN_HEADERS,
				    .deliver_by = 60,
				    .deliver_by_mode = 'N',
				    .deliver_by_trace = true,
				    .hold_for = 7,
				    .hold_until = 1800000000,
				    .require_tls = true};
	if (entry_add_recipient(e, "\"a > b\"@example.org") ||
	    entry_add_recipient(e, "zo\xc3\xab@example.org"))
		exit(1);
	e->recipients[0].code = 451;
	e->recipients[0].enhanced[0] = 4;
	e->recipients[0].enhanced[1] = 3;
	e->recipients[0].text = strdup("come\nback");
}

/* Puts that entry with a message of a few lines; its ID is in *e. */
static inline void spool_put(struct entry *e)
{
	struct spool_message m = {span_of("Subject: x\n\nbody\n"), 1};
	struct error error;

	spool_fill_entry(e);
	CHECK_INT(entry_put(spool, e, NULL, spool_next_piece, &m, &error), 0);
}

#endif
