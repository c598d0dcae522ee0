/* --import: see import.h. */
#include "cmd/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dump.h"
#include "base/file.h"
#include "base/text.h"
#include "conf/import_dma.h"
#include "conf/import_esmtp.h"
#include "conf/import_msmtp.h"
#include "conf/import_nullmailer.h"
#include "conf/import_ssmtp.h"

enum { IMPORT_FILES_MAX = 10, IMPORT_PATH_MAX = 4096 };

/* A program: its reader, and its files in the reader's order. The first is needed. */
struct program {
	const char *name;
	import_reader *read;
	const char *directory;               /* of those without a path of their own */
	const char *names[IMPORT_FILES_MAX]; /* NULL ends */
	const char *own[2];                  /* the user's, in $HOME, which beat the first */
};

static const struct program programs[] = {
	{"msmtp", import_msmtp, "/etc", {"msmtprc"}, {".msmtprc", ".config/msmtp/config"}},
	{"ssmtp", import_ssmtp, "/etc/ssmtp", {"ssmtp.conf", "revaliases"}, {NULL}},
	{"dma",
	 import_dma,
	 "/etc/dma",
	 {"dma.conf", "auth.conf", "/etc/mailname", "/etc/aliases"},
	 {NULL}},
	{"nullmailer",
	 import_nullmailer,
	 "/etc/nullmailer",
	 {"remotes", "me", "adminaddr", "defaultdomain", "defaulthost", "allmailfrom",
	  "helohost", "idhost", "queuelifetime", "/etc/mailname"},
	 {NULL}},
	{"esmtp", import_esmtp, "/etc", {"esmtprc"}, {".esmtprc"}},
};

/* The files of one run. */
struct files {
	struct import_source sources[IMPORT_FILES_MAX];
	struct buf texts[IMPORT_FILES_MAX];
	char *paths[IMPORT_FILES_MAX];
};

static void files_clear(struct files *f)
{
	for (int n = 0; n < IMPORT_FILES_MAX; n++) {
		buf_wipe(&f->texts[n]);
		free(f->paths[n]);
	}
}

/* Reads one; takes the path. One that is missing is no error yet. */
static int files_read(struct files *f, int n, char *path, struct error *error)
{
	struct import_source *s = &f->sources[n];
	struct stat st;
	int failed;
	int fd;

	free(f->paths[n]);
	f->paths[n] = path;
	if (!path)
		return error_set_memory(error);
	fd = file_open(path, &st);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return file_open_error(path, error);
	failed = file_read_all(fd, &f->texts[n]);
	if (failed)
		error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno, "cannot read %s",
				TEXT_SHOW(span_of(path)));
	close(fd);
	*s = (struct import_source){
		.path = path,
		.text = buf_span(&f->texts[n]),
		.there = true,
		.read_by_others = st.st_mode & S_IROTH,
		.written_by_others = st.st_mode & (S_IWGRP | S_IWOTH),
	};
	return failed;
}

static char *path_join(struct span directory, const char *name)
{
	struct buf path;

	buf_init(&path, IMPORT_PATH_MAX);
	buf_add_span(&path, directory);
	if (directory.len > 0)
		buf_add_char(&path, '/');
	buf_add_string(&path, name);
	return buf_take(&path);
}

/* The directory of a file: what stands before its last slash. */
static struct span path_directory(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return span_of(".");
	return slash == path ? span_of("/.") : (struct span){path, (size_t)(slash - path)};
}

/* The first of the user's own files that is there, in place of the system's. */
static int files_read_own(struct files *f, const struct program *p, struct error *error)
{
	const char *home = getenv("HOME");

	for (size_t n = 0; n < sizeof(p->own) / sizeof(p->own[0]); n++)
		if (p->own[n] && home && home[0] == '/' && !f->sources[0].there &&
		    files_read(f, 0, path_join(span_of(home), p->own[n]), error))
			return -1;
	return 0;
}

/* From the operand, a file or a directory; else from where the program keeps them. */
static int files_find(struct files *f, const struct program *p, const char *operand,
		      struct error *error)
{
	struct span directory = span_of(operand ? operand : p->directory);
	struct stat st;

	if (operand && stat(operand, &st) == 0 && !S_ISDIR(st.st_mode)) {
		directory = path_directory(operand);
		if (files_read(f, 0, strdup(operand), error))
			return -1;
	} else if (!operand && files_read_own(f, p, error))
		return -1;
	for (int n = 0; n < IMPORT_FILES_MAX && p->names[n]; n++) {
		bool elsewhere = p->names[n][0] == '/';

		if (!f->sources[n].there &&
		    files_read(f, n,
			       elsewhere ? strdup(p->names[n])
					 : path_join(directory, p->names[n]),
			       error))
			return -1;
	}
	if (f->sources[0].there)
		return 0;
	errno = ENOENT;
	return file_open_error(f->paths[0], error);
}

/* Whether a password may go to standard output. */
static bool import_may_tell(const struct options *o)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st))
		return false;
	if (S_ISREG(st.st_mode))
		return (st.st_mode & (S_IRWXG | S_IRWXO)) == 0 && st.st_uid == geteuid();
	return o->with_passwords && S_ISFIFO(st.st_mode);
}

static int import_print(struct context *x, const struct import *i, struct error *error)
{
	bool tells = import_may_tell(&x->options);
	struct buf text;
	int result = 0;

	buf_init(&text, IMPORT_OUT_MAX);
	import_write(i, tells, &text);
	if (i->failed || buf_failed(&text))
		result = error_set_memory(error);
	else if (fwrite(text.data, 1, text.len, stdout) != text.len || fflush(stdout) != 0)
		result = error_set_errno(error, ERROR_LOCAL, STAGE_INPUT, errno,
					 "cannot write to standard output");
	buf_wipe(&text);
	if (result == 0 && i->secret && !tells)
		context_tell(x, "passwords are left out: they are written to a file that is "
				"closed to others alone (umask 077), or with --with-passwords "
				"to a pipe");
	return result;
}

static const struct program *program_find(const char *name, struct error *error)
{
	for (size_t n = 0; n < sizeof(programs) / sizeof(programs[0]); n++)
		if (strcmp(name, programs[n].name) == 0)
			return &programs[n];
	error_set(error, ERROR_LOCAL, STAGE_USAGE,
		  "--import knows msmtp, ssmtp, dma, nullmailer and esmtp, not \"%s\"",
		  TEXT_SHOW(span_of(name)));
	return NULL;
}

int cmd_import(struct context *x)
{
	const struct strv *operands = &x->options.recipients;
	struct import out = {.home = getenv("HOME")};
	struct files files = {0};
	struct error error;
	const struct program *p = program_find(x->options.import, &error);
	int failed;

	dump_forbid();
	for (int n = 0; n < IMPORT_FILES_MAX; n++)
		buf_init(&files.texts[n], IMPORT_TEXT_MAX);
	failed = !p ||
		 files_find(&files, p, operands->count ? operands->items[0] : NULL, &error);
	if (!failed) {
		import_remark(&out, "Made of the configuration of %s: %s", p->name,
			      files.paths[0]);
		p->read(&out, files.sources);
		failed = import_print(x, &out, &error);
	}
	import_clear(&out);
	files_clear(&files);
	return failed ? context_fail(x, &error) : 0;
}
