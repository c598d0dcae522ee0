/* The directory: where it is, who may own it, what is in it, and its locks. */
#include "spool.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/wait.h>

static char path[200];

static const char *below(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", spool_directory, name);
	return path;
}

static int try_open(struct spool_place place, bool create, char *where, struct error *error)
{
	struct spool *s = NULL;
	int result;

	place.uid = geteuid();
	*error = (struct error){0};
	result = spool_open(&s, &place, create, error);
	where[0] = '\0';
	if (s)
		snprintf(where, 200, "%s", spool_path(s));
	spool_free(s);
	return result;
}

static int mode_of(const char *name)
{
	struct stat st;

	return lstat(name, &st) < 0 ? -1 : (int)(st.st_mode & 07777);
}

static void the_state_directory_comes_first(void)
{
	struct spool_place place = {.home = spool_directory, .system_dir = "/nonexistent"};
	char want[200], where[200], state[200];
	struct error e;

	snprintf(want, sizeof(want), "%s/.local/state/pennypost/queue", spool_directory);
	CHECK_INT(try_open(place, false, where, &e), 0);
	CHECK_STR(where, "");
	CHECK_INT(mode_of(below(".local")), -1);
	CHECK_INT(try_open(place, true, where, &e), 0);
	CHECK_STR(where, want);
	CHECK_INT(mode_of(want), 0700);
	CHECK_INT(mode_of(below(".local/state/pennypost")), 0700);
	CHECK_INT(try_open(place, false, where, &e), 0);
	CHECK_STR(where, want);
	snprintf(state, sizeof(state), "%s/state", spool_directory);
	place.state_home = state;
	CHECK_INT(try_open(place, true, where, &e), 0);
	snprintf(want, sizeof(want), "%s/state/pennypost/queue", spool_directory);
	CHECK_STR(where, want);
	rmdir(want);
	rmdir(below("state/pennypost"));
	rmdir(state);
	rmdir(below(".local/state/pennypost/queue"));
	rmdir(below(".local/state/pennypost"));
	rmdir(below(".local/state"));
	rmdir(below(".local"));
}

static void else_the_system_directory(void)
{
	char system_dir[200], want[300], where[200];
	struct spool_place place = {.home = "/nonexistent", .system_dir = system_dir};
	struct error e;

	snprintf(system_dir, sizeof(system_dir), "%s/system", spool_directory);
	snprintf(want, sizeof(want), "%s/%lu", system_dir, (unsigned long)geteuid());
	CHECK_INT(try_open(place, false, where, &e), 0);
	CHECK_STR(where, "");
	CHECK_INT(try_open(place, true, where, &e), -1);
	CHECK_INT(e.number, ENOENT);
	CHECK(strstr(e.text, "install -d -m 1733 ") != NULL);
	CHECK_INT(mkdir(system_dir, 0700), 0);
	CHECK_INT(chmod(system_dir, 0733), 0);
	CHECK_INT(try_open(place, true, where, &e), -1);
	CHECK(strstr(e.text, "lets anybody rename") != NULL);
	CHECK_INT(chmod(system_dir, 01733), 0);
	CHECK_INT(try_open(place, true, where, &e), 0);
	CHECK_STR(where, want);
	CHECK_INT(mode_of(want), 0700);
	place.home = NULL;
	CHECK_INT(try_open(place, false, where, &e), 0);
	CHECK_STR(where, want);
	rmdir(want);
	rmdir(system_dir);
}

static void a_configured_one_is_the_only_one(void)
{
	struct spool_place place = {.configured = path, .home = spool_directory};
	char where[200];
	struct error e;

	below("a/b///");
	CHECK_INT(try_open(place, false, where, &e), 0);
	CHECK_STR(where, "");
	CHECK_INT(try_open(place, true, where, &e), 0);
	CHECK_STR(where, below("a/b"));
	rmdir(path);
	rmdir(below("a"));
	below("a/b/c");
	CHECK_INT(try_open(place, true, where, &e), -1);
	CHECK_INT(e.class, ERROR_LOCAL);
	CHECK_INT(e.stage, STAGE_CONFIG);
	CHECK_INT(e.number, ENOENT);
	place.configured = "queue";
	CHECK_INT(try_open(place, true, where, &e), -1);
}

static void others_directories_are_refused(void)
{
	struct spool_place place = {.configured = path, .uid = geteuid()};
	struct spool *s = NULL;
	char where[200];
	struct error e;

	CHECK_INT(mkdir(below("real"), 0700), 0);
	CHECK_INT(symlink("real", below("link")), 0);
	CHECK_INT(try_open(place, true, where, &e), -1);
	CHECK(strstr(e.text, "is a link: rm ") != NULL);
	below("link/");
	CHECK_INT(try_open(place, true, where, &e), -1);
	unlink(below("link"));
	below("real");
	CHECK_INT(chmod(path, 0750), 0);
	CHECK_INT(try_open(place, true, where, &e), -1);
	CHECK(strstr(e.text, "is open to others: chmod 700 ") != NULL);
	CHECK_INT(chmod(path, 0700), 0);
	place.uid = geteuid() + 1;
	CHECK_INT(spool_open(&s, &place, true, &e), -1);
	CHECK(strstr(e.text, "belongs to user ") != NULL);
	rmdir(path);
	spool_write_file("file", "", 0);
	below("file");
	CHECK_INT(try_open(place, true, where, &e), -1);
	CHECK(strstr(e.text, "is no directory") != NULL);
	unlink(path);
}

static void ids(void)
{
	static const char *const bad[] = {"",
					  "all",
					  "a123",
					  "1234567890a",
					  "A1234567890",
					  "a12345678-90",
					  "b1234567890123456",
					  "a123456789\n",
					  "10minutes00",
					  "../../../etc"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!spool_is_id(bad[i]));
	CHECK(spool_is_id("a123456789"));
	CHECK(spool_is_id("bk0yadhe59yh12z"));
}

static void put_files(const char *const names[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		spool_write_file(names[i], "", 0);
}

static void the_list_is_sorted(void)
{
	static const char *const names[] = {
		"b000000002.end", "b000000001.msg", "b000000004.bad", "b000000003.dead",
		"b000000001.log", "b000000009.log", "lock",           "waiter",
		"relays",         ".tmp-0",         "notes.txt",      "b000000001.bak",
		"b1.msg",         "1000000000.msg"};
	struct spool_list list = {0};
	struct error e;

	put_files(names, sizeof(names) / sizeof(names[0]));
	CHECK_INT(mkfifoat(spool_fd(spool), "b000000005.msg", 0600), 0);
	CHECK_INT(symlinkat("/etc/passwd", spool_fd(spool), "b000000006.msg"), 0);
	CHECK_INT(spool_list(spool, &list, &e), 0);
	CHECK_INT(list.count, 4);
	for (size_t i = 0; i < list.count; i++) {
		char id[40];

		snprintf(id, sizeof(id), "b%09zu", i + 1);
		CHECK_STR(list.items[i].id, id);
	}
	CHECK_INT(list.items[0].state, ENTRY_WAITING);
	CHECK_INT(list.items[1].state, ENTRY_MARKED);
	CHECK_INT(list.items[2].state, ENTRY_DEAD);
	CHECK_INT(list.items[3].state, ENTRY_BAD);
	CHECK_INT(list.warnings.count, 6);
	for (size_t i = 0; i < list.warnings.count; i++)
		CHECK(strstr(list.warnings.items[i], " is passed over: ") != NULL);
	spool_list_clear(&list);
	spool_empty();
}

static void warnings_have_an_end(void)
{
	struct spool_list list = {0};
	struct error e;
	char name[40];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "\x1b[2Jbad%d", i);
		spool_write_file(name, "", 0);
	}
	CHECK_INT(spool_list(spool, &list, &e), 0);
	CHECK_INT(list.count, 0);
	CHECK_INT(list.warnings.count, SPOOL_WARNINGS_MAX);
	CHECK(strchr(list.warnings.items[0], '\x1b') == NULL);
	spool_list_clear(&list);
	CHECK_INT(spool_empty(), 100);
}

static void clean_removes_leftovers_only(void)
{
	static const char *const names[] = {
		"b000000001.msg", "b000000001.log", "b000000002.end",
		"b000000002.log", "b000000003.log", ".tmp-dead",
		".tmp-busy",      "strange",        "relays"};
	int busy;

	put_files(names, sizeof(names) / sizeof(names[0]));
	busy = openat(spool_fd(spool), ".tmp-busy", O_RDONLY);
	CHECK_INT(flock(busy, LOCK_EX), 0);
	spool_clean(spool);
	CHECK_INT(spool_empty(), (int)(sizeof(names) / sizeof(names[0])) - 2);
	close(busy);
}

static void locks_are_for_one(void)
{
	struct spool *other = NULL;
	struct spool_place place = {.configured = spool_directory, .uid = geteuid()};
	struct error e;
	int status = 0;
	pid_t pid;

	CHECK_INT(spool_open(&other, &place, false, &e), 0);
	CHECK_INT(spool_lock(spool, SPOOL_LOCK_RUN, &e), 1);
	CHECK_INT(spool_lock(spool, SPOOL_LOCK_RUN, &e), 1);
	CHECK_INT(spool_lock(other, SPOOL_LOCK_RUN, &e), 0);
	CHECK_INT(spool_lock(other, SPOOL_LOCK_WAIT, &e), 1);
	pid = fork();
	if (pid == 0)
		_exit(spool_lock(other, SPOOL_LOCK_RUN, &e) == 0 ? 0 : 1);
	waitpid(pid, &status, 0);
	CHECK_INT(status, 0);
	spool_unlock(spool, SPOOL_LOCK_RUN);
	CHECK_INT(spool_lock(other, SPOOL_LOCK_RUN, &e), 1);
	spool_free(other);
	CHECK_INT(spool_lock(spool, SPOOL_LOCK_WAIT, &e), 1);
	spool_unlock(spool, SPOOL_LOCK_WAIT);
	spool_empty();
	CHECK_INT(symlinkat("elsewhere", spool_fd(spool), "lock"), 0);
	CHECK_INT(spool_lock(spool, SPOOL_LOCK_RUN, &e), -1);
	CHECK_INT(spool_empty(), 1);
}

/* What comes right behind a look is seen at the next. */
static void changes_are_seen(void)
{
	const struct timespec moment = {0, 60000000};
	struct timespec a, b;

	for (int i = 0; i < 20; i++) {
		spool_write_file("b000000001.msg", "", 0);
		CHECK_INT(spool_changed(spool, &a), 0);
		unlinkat(spool_fd(spool), "b000000001.msg", 0);
		CHECK_INT(spool_changed(spool, &b), 0);
		CHECK(a.tv_sec != b.tv_sec || a.tv_nsec != b.tv_nsec);
	}
	nanosleep(&moment, NULL);
	spool_changed(spool, &a);
	nanosleep(&moment, NULL);
	spool_changed(spool, &b);
	CHECK(a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec);
}

static void who_passes_by_is_told_once_that_something_waits(void)
{
	static const char *const others[] = {"b000000001.dead", "b000000002.bad",
					     "b000000003.log", "foreign"};
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	spool_setup(false);
	spool_empty();
	CHECK(!spool_wants_run(spool, 60));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		spool_write_file(others[i], "", 0);
	CHECK(!spool_wants_run(spool, 60));
	spool_write_file("b000000001.end", "", 0);
	CHECK(spool_wants_run(spool, 60));
	CHECK(!spool_wants_run(spool, 60));
	CHECK_INT(utimensat(spool_fd(spool), "lock", old, 0), 0);
	CHECK(spool_wants_run(spool, 60));
	CHECK(!spool_wants_run(spool, 60));
	CHECK(spool_wants_run(spool, 0));
	spool_empty();
}

int main(void)
{
	umask(077);
	spool_setup(false);
	TEST_RUN(who_passes_by_is_told_once_that_something_waits);
	TEST_RUN(the_state_directory_comes_first);
	TEST_RUN(else_the_system_directory);
	TEST_RUN(a_configured_one_is_the_only_one);
	TEST_RUN(others_directories_are_refused);
	TEST_RUN(ids);
	TEST_RUN(the_list_is_sorted);
	TEST_RUN(warnings_have_an_end);
	TEST_RUN(clean_removes_leftovers_only);
	TEST_RUN(locks_are_for_one);
	TEST_RUN(changes_are_seen);
	spool_teardown();
	return test_done();
}
