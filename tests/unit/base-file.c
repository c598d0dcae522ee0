/* Files: only regular ones are opened, ceilings hold, temporary files have no name. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

static char directory[] = "/tmp/pennypost-test.XXXXXX";

static void only_regular_files_are_opened(void)
{
	struct stat st;
	char path[100];

	snprintf(path, sizeof(path), "%s/fifo", directory);
	CHECK_INT(mkfifo(path, 0600), 0);
	CHECK_INT(file_open(path, &st), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(file_open("/dev/null", &st), -1);
	CHECK_INT(file_open("/nonexistent", &st), -1);
	CHECK_INT(errno, ENOENT);
	unlink(path);
}

static void load_keeps_the_ceiling(void)
{
	struct error e;
	struct buf b;
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "%s/file", directory);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	CHECK_INT(file_write_all(fd, "0123456789", 10), 0);
	close(fd);
	buf_init(&b, 10);
	CHECK_INT(file_load(path, &b, &e), 0);
	CHECK_STR(b.data, "0123456789");
	buf_clear(&b);
	buf_init(&b, 9);
	CHECK_INT(file_load(path, &b, &e), -1);
	CHECK_INT(e.number, EFBIG);
	buf_clear(&b);
	unlink(path);
}

static void temporary_files_have_no_name(void)
{
	struct stat st;
	int fd = file_temporary(directory);

	CHECK(fd >= 0);
	CHECK_INT(fstat(fd, &st), 0);
	CHECK_INT(st.st_nlink, 0);
	CHECK_INT(st.st_mode & 077, 0);
	close(fd);
	fd = file_temporary("/nonexistent");
	CHECK(fd >= 0);
	close(fd);
}

static void missing_directories_are_made(void)
{
	struct stat st;
	char path[100];

	umask(077);
	snprintf(path, sizeof(path), "%s/a/b/file", directory);
	CHECK_INT(file_make_parents(path, 0750), 0);
	CHECK_INT(file_make_parents(path, 0700), 0);
	CHECK_INT(access(path, F_OK), -1);
	*strrchr(path, '/') = '\0';
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_mode & 07777, 0750);
	CHECK_INT(rmdir(path), 0);
	*strrchr(path, '/') = '\0';
	CHECK_INT(rmdir(path), 0);
	CHECK_INT(file_make_parents("/dev/null/x/y", 0700), -1);
	CHECK_INT(errno, ENOTDIR);
	CHECK_INT(file_make_parents("plain", 0700), 0);
}

/* The directory `name` of ours, by file_open_own_directory(); what was opened is closed. */
static int opened(const char *name, int parts)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = file_open_own_directory(span_of(path), parts);
	if (fd >= 0)
		close(fd);
	return fd >= 0 ? 0 : errno;
}

static int state_of(const char *name, struct stat *st)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return lstat(path, st);
}

static void own_directories_are_made_below_our_own(void)
{
	struct stat st;
	char path[100];

	CHECK_INT(opened("a/b", 1), ENOENT);
	CHECK_INT(state_of("a", &st), -1);
	CHECK_INT(opened("a/b", 2), 0);
	CHECK_INT(state_of("a/b", &st), 0);
	CHECK_INT(st.st_mode & 07777, 0700);
	CHECK_INT(opened("a/b", 0), 0);

	snprintf(path, sizeof(path), "%s/a", directory);
	CHECK_INT(chmod(path, 0777), 0);
	CHECK_INT(opened("a/c", 2), EPERM);
	CHECK_INT(state_of("a/c", &st), -1);
	if (geteuid() == 0) {
		CHECK_INT(chmod(path, 0755), 0);
		CHECK_INT(chown(path, 12345, 12345), 0);
		CHECK_INT(opened("a", 2), EPERM);
		CHECK_INT(opened("a/c/d", 3), EPERM);
		CHECK_INT(state_of("a/c", &st), -1);
	}
	snprintf(path, sizeof(path), "%s/a/b", directory);
	CHECK_INT(rmdir(path), 0);
	snprintf(path, sizeof(path), "%s/a", directory);
	CHECK_INT(rmdir(path), 0);
}

int main(void)
{
	if (!mkdtemp(directory))
		return 1;
	TEST_RUN(only_regular_files_are_opened);
	TEST_RUN(load_keeps_the_ceiling);
	TEST_RUN(temporary_files_have_no_name);
	TEST_RUN(missing_directories_are_made);
	TEST_RUN(own_directories_are_made_below_our_own);
	rmdir(directory);
	return test_done();
}
