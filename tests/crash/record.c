/* The record of a watched folder (record.h). */
#include "record.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct record {
	FILE *out;
	char *into;
	char *watched;
	int files;
};

static bool look(int dir, const char *path, char key[64], mode_t *mode)
{
	struct statx x;

	if (statx(dir, path, AT_SYMLINK_NOFOLLOW | (path[0] == '\0' ? AT_EMPTY_PATH : 0),
		  STATX_BASIC_STATS | STATX_BTIME, &x) < 0)
		return false;
	snprintf(key, 64, "%llu.%lld.%u", (unsigned long long)x.stx_ino,
		 (long long)x.stx_btime.tv_sec, x.stx_btime.tv_nsec);
	*mode = x.stx_mode;
	return true;
}

static void copy(struct record *r, const char *what, const char *key, int from)
{
	char path[4096], block[65536];
	off_t at = 0;
	ssize_t n;
	int to;

	snprintf(path, sizeof path, "%s/%d", r->into, ++r->files);
	if ((to = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600)) < 0)
		err(1, "%s", path);
	while ((n = pread(from, block, sizeof block, at)) > 0) {
		if (write(to, block, (size_t)n) != n)
			err(1, "%s", path);
		at += n;
	}
	close(to);
	fprintf(r->out, "%s %s %d\n", what, key, r->files);
}

/* Lists a directory and those below; what: copies the files, too, and says so by this word. */
static void list(struct record *r, const char *path, const char *what)
{
	char own[64], key[64], below[4096];
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	mode_t mode;

	if (dir == NULL || !look(fd, "", own, &mode))
		err(1, "%s", path);
	fprintf(r->out, "dir %s %s\n", own, path);
	while ((d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
		    !look(fd, d->d_name, key, &mode))
			continue;
		fprintf(r->out, "name %s %s %c %s\n", own, key,
			S_ISDIR(mode)   ? 'd'
			: S_ISREG(mode) ? 'f'
					: '?',
			d->d_name);
		snprintf(below, sizeof below, "%s/%s", path, d->d_name);
		if (S_ISDIR(mode)) {
			list(r, below, what);
		} else if (what != NULL && S_ISREG(mode)) {
			int file = open(below, O_RDONLY | O_NOFOLLOW);

			copy(r, what, key, file);
			close(file);
		}
	}
	if (what != NULL && strcmp(what, "synced") == 0)
		fprintf(r->out, "dirsynced %s\n", own);
	closedir(dir);
}

struct record *record_new(const char *into, const char *watched)
{
	struct record *r = calloc(1, sizeof *r);
	char path[4096];

	if (r == NULL || (r->into = strdup(into)) == NULL ||
	    (r->watched = strdup(watched)) == NULL)
		err(1, "record");
	snprintf(path, sizeof path, "%s/record", into);
	if ((r->out = fopen(path, "we")) == NULL)
		err(1, "%s", path);
	fprintf(r->out, "tree\n");
	list(r, watched, "synced");
	return r;
}

void record_free(struct record *r)
{
	fprintf(r->out, "tree\n");
	list(r, r->watched, "now");
	if (fclose(r->out) != 0)
		err(1, "record");
	free(r->into);
	free(r->watched);
	free(r);
}

void record_names(struct record *r)
{
	fprintf(r->out, "tree\n");
	list(r, r->watched, NULL);
}

void record_synced(struct record *r, pid_t pid, int fd)
{
	char path[64], key[64];
	mode_t mode;
	int file;

	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
	if ((file = open(path, O_RDONLY)) < 0 || !look(file, "", key, &mode))
		err(1, "%s", path);
	if (S_ISDIR(mode))
		fprintf(r->out, "dirsynced %s\n", key);
	else
		copy(r, "synced", key, file);
	close(file);
}
