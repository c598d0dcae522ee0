/* Files with one more section: see section.h. */
#include "conf/section.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rename.h"
#include "base/text.h"

/* The old file and the new. */
struct section_work {
	const struct section *section;
	char *path; /* of the file itself */
	bool there;
	struct stat old;
	struct buf text;
	struct buf passing; /* path of the passing file; empty: none */
};

static int section_fail(const struct section_work *w, const char *what, struct error *error)
{
	return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno, "cannot %s %s", what,
			       TEXT_SHOW(span_of(w->path ? w->path : w->section->path)));
}

/* What is there, as far as it is. */
static int section_read(struct section_work *w, struct error *error)
{
	int fd, failed;

	w->path = realpath(w->section->path, NULL);
	if (!w->path && errno != ENOENT)
		return section_fail(w, "find", error);
	if (!w->path) {
		w->path = strdup(w->section->path);
		if (!w->path)
			return error_set_memory(error);
		return file_make_parents(w->path,
					 w->section->trust == CONFIG_USER ? 0700 : 0755)
			       ? section_fail(w, "create the directory of", error)
			       : 0;
	}
	w->there = true;
	fd = file_open(w->path, &w->old);
	if (fd < 0)
		return file_open_error(w->path, error);
	failed = file_read_all(fd, &w->text) ? section_fail(w, "read", error) : 0;
	close(fd);
	return failed;
}

static void section_compose(struct section_work *w)
{
	if (w->text.len > 0 && w->text.data[w->text.len - 1] != '\n')
		buf_add_char(&w->text, '\n');
	if (!w->there)
		buf_add_span(&w->text, w->section->heading);
	if (w->text.len > 0)
		buf_add_char(&w->text, '\n');
	buf_add_span(&w->text, w->section->text);
}

static mode_t section_mode(const struct section_work *w)
{
	mode_t mode = w->there ? w->old.st_mode & 07777 : 0644;

	return w->section->secret ? mode & ~(mode_t)(S_IRWXG | S_IRWXO) : mode;
}

/* The passing file, on the disk. */
static int section_write(struct section_work *w, struct error *error)
{
	const char *slash = strrchr(w->path, '/');
	size_t directory = slash ? (size_t)(slash - w->path) + 1 : 0;
	bool owned;
	int fd, failed;

	buf_add(&w->passing, w->path, directory);
	buf_printf(&w->passing, ".%s.XXXXXX", w->path + directory);
	if (buf_failed(&w->passing) || buf_failed(&w->text)) {
		buf_reset(&w->passing);
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s is too long",
				 TEXT_SHOW(span_of(w->path)));
	}
	fd = mkostemp(w->passing.data, O_CLOEXEC);
	if (fd < 0) {
		section_fail(w, "write beside", error);
		buf_reset(&w->passing);
		return -1;
	}
	owned = w->there && (w->old.st_uid != geteuid() || w->old.st_gid != getegid());
	failed = (owned && fchown(fd, w->old.st_uid, w->old.st_gid)) ||
		 fchmod(fd, section_mode(w)) || file_write_all(fd, w->text.data, w->text.len) ||
		 fsync(fd);
	if (failed)
		section_fail(w, "write beside", error);
	close(fd);
	return failed ? -1 : 0;
}

/* What the new account must have in common with the one that is read. */
static bool section_is_as_meant(const struct account *got, const struct account *meant)
{
	return got->relay.scheme == meant->relay.scheme &&
	       string_equals(got->relay.host, meant->relay.host) &&
	       string_equals(got->relay.path, meant->relay.path) &&
	       account_port(got) == account_port(meant) &&
	       account_tls_mode(got) == account_tls_mode(meant) &&
	       (got->tls_certcheck == SETTING_OFF) == (meant->tls_certcheck == SETTING_OFF) &&
	       account_wants_auth(got) == account_wants_auth(meant) &&
	       string_equals(account_user(got), account_user(meant)) &&
	       string_equals(got->password_file, meant->password_file) &&
	       string_equals(got->passwordeval, meant->passwordeval) &&
	       string_equals(got->password_keyring, meant->password_keyring);
}

/* Reads the passing file as every later run will. */
static int section_check(const struct section_work *w, struct error *error)
{
	const struct account *meant = w->section->account;
	struct config c = {0};
	const struct account *got = NULL;
	int failed = config_load(&c, w->passing.data, w->section->trust, error);

	if (!failed)
		got = config_find(&c, meant->name);
	if (!failed && !got)
		failed = error_set(error, ERROR_LOCAL, STAGE_CONFIG, "it has no account %s",
				   TEXT_SHOW(span_of(meant->name)));
	if (!failed)
		failed = account_check_relay(got, error);
	if (!failed && !section_is_as_meant(got, meant))
		failed =
			error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				  "the defaults that stand there change relay, TLS or login of "
				  "the new account: it has to be added by hand");
	config_clear(&c);
	if (failed)
		error_prefix(error, "%s with the new account", TEXT_SHOW(span_of(w->path)));
	return failed ? -1 : 0;
}

/* Whether nobody has touched the old file meanwhile. */
static bool section_is_unchanged(const struct section_work *w)
{
	struct stat now;

	return stat(w->path, &now) == 0 && now.st_ino == w->old.st_ino &&
	       now.st_dev == w->old.st_dev && now.st_size == w->old.st_size &&
	       now.st_mtim.tv_sec == w->old.st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == w->old.st_mtim.tv_nsec;
}

/* A file where there was none: never in the place of one that came meanwhile. */
static int section_put_new(const struct section_work *w)
{
	if (rename_exclusive(AT_FDCWD, w->passing.data, w->path) == 0)
		return 0;
	if ((errno != EINVAL && errno != ENOSYS) || link(w->passing.data, w->path))
		return -1;
	return unlink(w->passing.data);
}

/* Makes the new name last; a file system that cannot is none of ours. */
static void section_sync(const struct section_work *w)
{
	const char *slash = strrchr(w->path, '/');
	char *directory =
		slash ? span_dup((struct span){w->path, (size_t)(slash - w->path) + 1}) : NULL;
	int fd = open(directory ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(directory);
}

static int section_put(struct section_work *w, struct error *error)
{
	if (w->there && !section_is_unchanged(w))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s was changed meanwhile: try again",
				 TEXT_SHOW(span_of(w->path)));
	if (w->there ? rename(w->passing.data, w->path) : section_put_new(w))
		return section_fail(w, "write", error);
	buf_reset(&w->passing);
	section_sync(w);
	return 0;
}

int section_add(const struct section *s, struct error *error)
{
	struct section_work w = {.section = s};
	int failed;

	buf_init_secret(&w.text, CONFIG_FILE_MAX);
	buf_init(&w.passing, PATH_MAX);
	failed = section_read(&w, error);
	if (!failed) {
		section_compose(&w);
		failed = section_write(&w, error) || section_check(&w, error) ||
			 section_put(&w, error);
	}
	if (w.passing.len > 0)
		unlink(w.passing.data);
	buf_wipe(&w.text);
	buf_clear(&w.passing);
	free(w.path);
	return failed ? -1 : 0;
}
