/* Tickets on disk: taken once, and only when nobody else can have touched them. */
#include "net/tickets.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static char top[] = "/tmp/pennypost-tickets.XXXXXX";
static char directory[64];
static unsigned char one[TICKETS_NAME] = {1}, two[TICKETS_NAME] = {2};

/* The ticket, or "" when there is none. */
static const char *take(const unsigned char *name, int64_t now)
{
	static char shown[64];
	struct buf out;

	buf_init_secret(&out, TICKETS_MAX);
	snprintf(shown, sizeof(shown), "%s",
		 tickets_take(directory, name, now, &out) ? out.data : "");
	buf_wipe(&out);
	return shown;
}

static void keep(const unsigned char *name, const char *text)
{
	tickets_keep(directory, name, span_of(text), 1000, 2000);
}

/* The path of the only file. */
static const char *only_file(void)
{
	static char path[400];
	DIR *list = opendir(directory);
	const struct dirent *entry;
	int count = 0;

	while (list && (entry = readdir(list)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
			count++;
		}
	if (list)
		closedir(list);
	CHECK_INT(count, 1);
	return path;
}

static void a_ticket_is_taken_once(void)
{
	CHECK_STR(take(one, 1000), "");
	keep(one, "first");
	keep(two, "other");
	keep(one, "second");
	CHECK_STR(take(one, 1000), "second");
	CHECK_STR(take(one, 1000), "");
	CHECK_STR(take(two, 1000), "other");
}

static void a_ticket_has_its_time(void)
{
	keep(one, "x");
	CHECK_STR(take(one, 2000), "");
	keep(one, "x");
	CHECK_STR(take(one, 1999), "x");
	tickets_keep(directory, one, span_of("x"), 1000, INT64_MAX);
	CHECK_STR(take(one, 1000 + TICKETS_LIFETIME), "");
	/* A clock that was set back makes no ticket older than the most it may be. */
	tickets_keep(directory, one, span_of("x"), 1000, INT64_MAX);
	CHECK_STR(take(one, 999), "");
}

static void damaged_or_open_files_are_none(void)
{
	const char *path;
	struct stat st;

	keep(one, "x");
	path = only_file();
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	CHECK_INT(truncate(path, st.st_size - 1), 0);
	CHECK_STR(take(one, 1000), "");
	for (int i = 0; i < (int)st.st_size; i++) {
		int fd;
		char c = 0;

		keep(one, "x");
		fd = open(only_file(), O_RDWR);
		CHECK_INT(pread(fd, &c, 1, i), 1);
		c ^= 1;
		CHECK_INT(pwrite(fd, &c, 1, i), 1);
		close(fd);
		CHECK_STR(take(one, 1000), "");
	}
	keep(one, "x");
	CHECK_INT(chmod(only_file(), 0640), 0);
	CHECK_STR(take(one, 1000), "");
	keep(one, "x");
	path = only_file();
	CHECK_INT(unlink(path), 0);
	CHECK_INT(symlink("/etc/passwd", path), 0);
	CHECK_STR(take(one, 1000), "");
	keep(one, "x");
	CHECK_INT(chmod(directory, 0750), 0);
	CHECK_STR(take(one, 1000), "");
	keep(two, "y");
	CHECK_INT(chmod(directory, 0700), 0);
	CHECK_STR(take(two, 1000), "");
	CHECK_STR(take(one, 1000), "x");
}

static void too_much_is_not_kept(void)
{
	static char big[TICKETS_MAX + 1];

	memset(big, 'x', sizeof(big));
	tickets_keep(directory, one, (struct span){big, sizeof(big)}, 1000, 2000);
	tickets_keep(directory, one, (struct span){big, 0}, 1000, 2000);
	CHECK_STR(take(one, 1000), "");
	for (int i = 0; i < 2000; i++) {
		unsigned char name[TICKETS_NAME] = {(unsigned char)i, (unsigned char)(i >> 8)};

		tickets_keep(directory, name, span_of("x"), 1000, 2000);
	}
	{
		DIR *list = opendir(directory);
		int count = 0;

		while (list && readdir(list))
			count++;
		if (list)
			closedir(list);
		CHECK(count < TICKETS_FILES + 300);
	}
}

static void one_of_many_gets_it(void)
{
	int got = 0;

	keep(one, "x");
	for (int i = 0; i < 20; i++)
		if (fork() == 0)
			_exit(take(one, 1000)[0] == 'x');
	for (int i = 0; i < 20; i++) {
		int status;

		wait(&status);
		got += WEXITSTATUS(status);
	}
	CHECK_INT(got, 1);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	snprintf(directory, sizeof(directory), "%s/cache/pennypost/tickets", top);
	TEST_RUN(a_ticket_is_taken_once);
	TEST_RUN(a_ticket_has_its_time);
	TEST_RUN(damaged_or_open_files_are_none);
	TEST_RUN(one_of_many_gets_it);
	TEST_RUN(too_much_is_not_kept);
	if (fork() == 0) {
		execlp("rm", "rm", "-rf", top, NULL);
		_exit(127);
	}
	wait(NULL);
	return test_done();
}
