/* Entries: nothing is put by halves, nothing damaged is taken for whole, one holder at a time.
 */
#include "spool.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "queue/entry_note.h"

static struct error error;
static int directory_syncs;

/* As NFS has it: an exclusive lock only on what is open for writing. */
int flock(int fd, int operation)
{
	if ((operation & LOCK_EX) && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) {
		errno = EBADF;
		return -1;
	}
	return (int)syscall(SYS_flock, fd, operation);
}

int fsync(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		directory_syncs++;
	return (int)syscall(SYS_fsync, fd);
}

static int count_files(void)
{
	DIR *directory = opendir(spool_directory);
	const struct dirent *d;
	int count = -2;

	while (directory && (d = readdir(directory)) != NULL)
		count++;
	if (directory)
		closedir(directory);
	return count;
}

static void check_same(const struct entry *e)
{
	CHECK_STR(e->account, "work");
	CHECK_STR(e->config, "/etc/p\nq");
	CHECK_STR(e->reverse_path, "me@example.org");
	CHECK_STR(e->wishes.envelope_id, "id <1>");
	CHECK_STR(e->wishes.submitter, "boss@example.org");
	CHECK_INT(e->wishes.notify, WISHES_FAILURE | WISHES_DELAY);
	CHECK_INT(e->wishes.ret, WISHES_RETURN_HEADERS);
	CHECK_INT(e->wishes.deliver_by, 60);
	CHECK_INT(e->wishes.deliver_by_mode, 'N');
	CHECK(e->wishes.deliver_by_trace && e->wishes.require_tls && e->local_sender);
	CHECK_INT(e->wishes.hold_for, 7);
	CHECK_INT(e->wishes.hold_until, 1800000000);
	CHECK_INT(e->release, 5);
	CHECK_INT(e->attempts, 3);
	CHECK_INT(e->tried, 1000);
	CHECK_INT(e->next, 2000);
	CHECK_STR(e->trouble, "451 not now");
	CHECK_INT(e->count, 2);
	CHECK_STR(e->recipients[0].path, "\"a > b\"@example.org");
	CHECK_INT(e->recipients[0].code, 451);
	CHECK_INT(e->recipients[0].enhanced[1], 3);
	CHECK_STR(e->recipients[0].text, "come\\nback");
	CHECK(e->recipients[1].text == NULL);
	CHECK_INT(e->size, 17);
}

static void all_comes_back(void)
{
	struct entry put, got;
	char text[100];

	spool_put(&put);
	CHECK(spool_is_id(put.id));
	CHECK_INT(count_files(), 1);
	CHECK_INT(entry_load(spool, put.id, &got, &error), 1);
	CHECK_INT(got.state, ENTRY_WAITING);
	CHECK_INT(got.arrived, put.arrived);
	check_same(&got);
	CHECK_INT(got.fd, -1);
	entry_clear(&got);
	CHECK_INT(entry_lock(spool, put.id, &got, &error), 1);
	check_same(&got);
	CHECK_INT(entry_open_message(&got, &error), 0);
	CHECK_INT(read(got.fd, text, sizeof(text)), 17);
	CHECK(memcmp(text, "Subject: x\n\nbody\n", 17) == 0);
	CHECK_INT(entry_remove(spool, &got, &error), 0);
	entry_clear(&got);
	CHECK_INT(entry_load(spool, put.id, &got, &error), 0);
	CHECK_INT(entry_lock(spool, put.id, &got, &error), 0);
	CHECK_INT(entry_load(spool, "../../passwd", &got, &error), 0);
	entry_clear(&put);
	CHECK_INT(count_files(), 0);
}

static void sizes_large_and_small(void)
{
	static char block[300000];
	const struct spool_message messages[] = {{{NULL, 0}, 0},        {{block, 1}, 1},
						 {{block, 1000}, 1000}, {{block, 300000}, 10},
						 {{block, 262144}, 3},  {{block, 0}, 5}};
	struct entry e, got;

	memset(block, 'x', sizeof(block));
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct spool_message m = messages[i];

		spool_fill_entry(&e);
		CHECK_INT(entry_put(spool, &e, NULL, spool_next_piece, &m, &error), 0);
		CHECK_INT(e.size, messages[i].piece.len * (size_t)messages[i].times);
		CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
		CHECK_INT(got.size, e.size);
		CHECK_INT(entry_open_message(&got, &error), 0);
		entry_clear(&got);
		entry_clear(&e);
	}
	CHECK_INT(spool_empty(), (int)(sizeof(messages) / sizeof(messages[0])));
}

static void ids_sort_by_arrival(void)
{
	char last[SPOOL_ID_MAX + 1] = "";
	struct entry e;

	for (int i = 0; i < 50; i++) {
		struct spool_message m = {span_of("x"), 1};

		spool_fill_entry(&e);
		e.arrived = 1800000000000000 + i / 25; /* many at once */
		CHECK_INT(entry_put(spool, &e, NULL, spool_next_piece, &m, &error), 0);
		CHECK(strcmp(e.id, last) > 0);
		CHECK_INT(strlen(e.id), 12);
		snprintf(last, sizeof(last), "%s", e.id);
		entry_clear(&e);
	}
	CHECK_INT(spool_empty(), 50);
}

static void an_id_that_must_be(void)
{
	struct spool_message m = {span_of("first"), 1}, again = {span_of("second"), 1};
	struct entry e;

	spool_fill_entry(&e);
	CHECK_INT(entry_put(spool, &e, "bk0yadhe59yh01", spool_next_piece, &m, &error), 0);
	CHECK_INT(entry_put(spool, &e, "bk0yadhe59yh01", spool_next_piece, &again, &error), 0);
	CHECK_INT(again.times, 1);
	CHECK_STR(e.id, "bk0yadhe59yh01");
	CHECK_INT(entry_put(spool, &e, "no", spool_next_piece, &again, &error), -1);
	entry_clear(&e);
	CHECK_INT(entry_lock(spool, "bk0yadhe59yh01", &e, &error), 1);
	CHECK_INT(entry_mark(spool, &e, false, &error), 0);
	CHECK_INT(entry_put(spool, &e, "bk0yadhe59yh01", spool_next_piece, &again, &error), 0);
	entry_clear(&e);
	CHECK_INT(spool_empty(), 1);
}

static void put_in_doubt(void)
{
	struct spool_message m = {span_of("x"), 1};
	struct entry e, got;
	time_t now = time(NULL);

	spool_fill_entry(&e);
	e.state = ENTRY_MARKED;
	e.recipients[0].outcome = ENTRY_SENT;
	CHECK_INT(entry_put(spool, &e, NULL, spool_next_piece, &m, &error), 0);
	CHECK_INT(entry_load(spool, e.id, &got, &error), 1);
	CHECK_INT(got.state, ENTRY_MARKED);
	CHECK(got.marked >= now - 1 && got.marked <= now + 10);
	CHECK_INT(got.count, 1);
	CHECK_STR(got.recipients[0].path, "zo\xc3\xab@example.org");
	entry_clear(&got);
	entry_clear(&e);
	spool_empty();
}

/* What could not be read again is not put: then the caller keeps it. */
static void what_cannot_be_put(void)
{
	static const char *const bad[] = {"a\nb@c", "a@b> NOTIFY=NEVER",
					  "a b@c",  "a@[b> NOTIFY=NEVER]",
					  "[>a@b",  "",
					  "\"a@b",  "\xff@c"};
	struct spool_message m = {span_of("x"), 1};
	struct entry e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		spool_fill_entry(&e);
		free(e.recipients[1].path);
		e.recipients[1].path = strdup(bad[i]);
		CHECK_INT(entry_put(spool, &e, NULL, spool_next_piece, &m, &error), -1);
		CHECK(strstr(error.text, "cannot be queued") != NULL);
		entry_clear(&e);
	}
	spool_fill_entry(&e);
	e.recipients[0].outcome = e.recipients[1].outcome = ENTRY_SENT;
	CHECK_INT(entry_put(spool, &e, NULL, spool_next_piece, &m, &error), -1);
	entry_clear(&e);
	CHECK_INT(count_files(), 0);
}

static int fail_later(void *context, struct span *piece, struct error *e)
{
	int *left = context;

	*piece = span_of("text\n");
	return (*left)-- > 0 ? 1 : error_set(e, ERROR_TEMPORARY, STAGE_INPUT, "broken off");
}

static void a_message_that_breaks_off(void)
{
	struct entry e;
	int left = 100000;

	spool_fill_entry(&e);
	CHECK_INT(entry_put(spool, &e, NULL, fail_later, &left, &error), -1);
	CHECK_STR(error.text, "broken off");
	entry_clear(&e);
	CHECK_INT(count_files(), 0);
}

static void states(void)
{
	struct entry e, got;

	spool_put(&e);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	CHECK_INT(entry_mark(spool, &got, true, &error), 0);
	CHECK_INT(entry_mark(spool, &got, false, &error), 0);
	CHECK_INT(got.state, ENTRY_MARKED);
	entry_clear(&got);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	CHECK_INT(entry_unmark(spool, &got, &error), 0);
	CHECK_INT(entry_unmark(spool, &got, &error), 0);
	CHECK_INT(entry_bury(spool, &got, &error), 0);
	entry_clear(&got);
	CHECK_INT(entry_load(spool, e.id, &got, &error), 1);
	CHECK_INT(got.state, ENTRY_DEAD);
	entry_clear(&got);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	CHECK_INT(entry_set_aside(spool, &got, &error), 0);
	CHECK_INT(got.state, ENTRY_BAD);
	entry_clear(&got);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	CHECK_INT(entry_unmark(spool, &got, &error), 0);
	CHECK_INT(entry_note(spool, &got, false, &error), 0);
	CHECK_INT(count_files(), 2);
	CHECK_INT(entry_remove(spool, &got, &error), 0);
	entry_clear(&got);
	entry_clear(&e);
	CHECK_INT(count_files(), 0);
}

/* A mark is renewed without ever being away. */
static void a_mark_made_anew(void)
{
	const struct timespec tick = {0, 30 * 1000 * 1000};
	struct stat before, after;
	char name[SPOOL_NAME_SIZE];
	struct entry e, got;
	int watched = inotify_init1(IN_NONBLOCK);
	char events[4096];

	spool_put(&e);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	CHECK_INT(entry_mark(spool, &got, false, &error), 0);
	spool_name(name, e.id, ENTRY_MARKED);
	CHECK_INT(fstatat(spool_fd(spool), name, &before, 0), 0);
	CHECK(inotify_add_watch(watched, spool_directory, IN_MOVE) >= 0);
	nanosleep(&tick, NULL);
	CHECK_INT(entry_mark(spool, &got, false, &error), 0);
	CHECK_INT(fstatat(spool_fd(spool), name, &after, 0), 0);
	CHECK(after.st_ctim.tv_sec > before.st_ctim.tv_sec ||
	      after.st_ctim.tv_nsec > before.st_ctim.tv_nsec);
	CHECK(read(watched, events, sizeof(events)) < 0 && errno == EAGAIN);
	close(watched);
	CHECK_INT(entry_remove(spool, &got, &error), 0);
	entry_clear(&got);
	entry_clear(&e);
}

/* Room for a journal that is not written: nothing to read, and gone with the entry. */
static void room_for_a_journal(void)
{
	struct stat st;
	char name[SPOOL_NAME_SIZE];
	struct entry e, got;

	spool_put(&e);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	CHECK_INT(entry_reserve(spool, &got, &error), 0);
	spool_journal_name(name, e.id);
	CHECK_INT(fstatat(spool_fd(spool), name, &st, 0), 0);
	CHECK_INT(st.st_size, 0);
	entry_clear(&got);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	CHECK_INT(entry_reserve(spool, &got, &error), 0);
	got.held = true;
	CHECK_INT(entry_note(spool, &got, true, &error), 0);
	entry_clear(&got);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	CHECK(got.held);
	CHECK_INT(entry_remove(spool, &got, &error), 0);
	entry_clear(&got);
	CHECK_INT(count_files(), 0);
	entry_clear(&e);
	spool_put(&e);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	CHECK_INT(entry_reserve(spool, &got, &error), 0);
	entry_clear(&got);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	CHECK_INT(entry_remove(spool, &got, &error), 0);
	entry_clear(&got);
	entry_clear(&e);
	CHECK_INT(count_files(), 0);
}

/* A journal whose name nobody made durable so far. */
static void a_note_with_its_name(void)
{
	struct entry e, got;
	int before;

	spool_put(&e);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	before = directory_syncs;
	CHECK_INT(entry_note(spool, &got, false, &error), 0);
	CHECK_INT(directory_syncs, before);
	entry_clear(&got);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	CHECK_INT(entry_note_named(spool, &got, &error), 0);
	CHECK_INT(directory_syncs, before + 1);
	CHECK_INT(entry_remove(spool, &got, &error), 0);
	entry_clear(&got);
	entry_clear(&e);
}

/* Two messages of one ID, which nobody makes: none may take the other's place. */
static void no_rename_replaces(void)
{
	struct entry e, got;
	char name[SPOOL_NAME_SIZE];

	spool_put(&e);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	spool_name(name, e.id, ENTRY_MARKED);
	spool_write_file(name, "other", 5);
	CHECK_INT(entry_mark(spool, &got, false, &error), -1);
	CHECK_INT(error.number, EEXIST);
	CHECK_INT(got.state, ENTRY_WAITING);
	entry_clear(&got);
	entry_clear(&e);
	CHECK_INT(spool_empty(), 2);
}

static void one_holder(void)
{
	struct entry e, mine, theirs;
	int status = 0;
	pid_t pid;

	spool_put(&e);
	CHECK(!entry_is_active(spool, e.id));
	CHECK_INT(entry_lock(spool, e.id, &mine, &error), 1);
	CHECK(entry_is_active(spool, e.id));
	pid = fork();
	if (pid == 0)
		_exit(entry_lock(spool, e.id, &theirs, &error) == 0 &&
				      entry_load(spool, e.id, &theirs, &error) == 1
			      ? 0
			      : 1);
	waitpid(pid, &status, 0);
	CHECK_INT(status, 0);
	entry_clear(&mine);
	CHECK(!entry_is_active(spool, e.id));
	CHECK_INT(entry_lock(spool, e.id, &theirs, &error), 1);
	entry_clear(&theirs);
	CHECK(!entry_is_active(spool, "bk0yadhe59yh"));
	entry_clear(&e);
	spool_empty();
}

/* Who asks whether it is locked does not make the runner pass it over. */
static void a_glance_is_no_holder(void)
{
	struct entry e, got;
	int missed = 0;
	pid_t pid;

	spool_put(&e);
	pid = fork();
	if (pid == 0)
		for (;;)
			entry_is_active(spool, e.id);
	for (int i = 0; i < 2000; i++) {
		missed += entry_lock(spool, e.id, &got, &error) != 1;
		entry_clear(&got);
	}
	CHECK_INT(missed, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	entry_clear(&e);
	spool_empty();
}

/* Four processes remove what they can lock: each message is removed once. */
static void many_lockers(void)
{
	struct spool_list list = {0};
	struct entry e;
	int removed = 0, status;

	for (int i = 0; i < 100; i++) {
		spool_put(&e);
		entry_clear(&e);
	}
	CHECK_INT(spool_list(spool, &list, &error), 0);
	CHECK_INT(list.count, 100);
	for (int child = 0; child < 4; child++)
		if (fork() == 0) {
			int mine = 0;

			for (size_t i = 0; i < list.count; i++) {
				if (entry_lock(spool, list.items[i].id, &e, &error) == 1 &&
				    entry_mark(spool, &e, false, &error) == 0 &&
				    entry_note(spool, &e, false, &error) == 0)
					mine += entry_remove(spool, &e, &error) == 0;
				entry_clear(&e);
			}
			_exit(mine);
		}
	for (int child = 0; child < 4; child++)
		if (wait(&status) > 0)
			removed += WEXITSTATUS(status);
	CHECK_INT(removed, 100);
	CHECK_INT(count_files(), 0);
	spool_list_clear(&list);
}

/* The text of an entry's file, and its name. */
static size_t file_of(const struct entry *e, char *data, size_t max, char *name)
{
	ssize_t len;

	spool_name(name, e->id, ENTRY_WAITING);
	len = spool_read_file(name, data, max);
	CHECK(len > 0);
	return len > 0 ? (size_t)len : 0;
}

/* Whether the file is found out: at loading, or at the latest before it is sent. */
static bool is_found_out(const char *id)
{
	struct entry e;
	int result;

	error.class = ERROR_NONE;
	result = entry_lock(spool, id, &e, &error);
	if (result > 0)
		result = entry_open_message(&e, &error);
	entry_clear(&e);
	return result < 0 && error.class != ERROR_NONE;
}

static void damage_at_every_byte(void)
{
	char data[2048], name[SPOOL_NAME_SIZE];
	struct entry e;
	size_t len;

	spool_put(&e);
	len = file_of(&e, data, sizeof(data), name);
	CHECK(!is_found_out(e.id));
	for (size_t at = 0; at < len; at++)
		for (int bit = 1; bit < 256; bit *= 4) {
			data[at] = (char)(data[at] ^ bit);
			spool_write_file(name, data, len);
			CHECK(is_found_out(e.id));
			data[at] = (char)(data[at] ^ bit);
		}
	for (size_t cut = 0; cut < len; cut++) {
		spool_write_file(name, data, cut);
		CHECK(is_found_out(e.id));
		CHECK_INT(error.class, ERROR_MESSAGE);
	}
	spool_write_file(name, data, len);
	CHECK(!is_found_out(e.id));
	data[len] = '\n';
	spool_write_file(name, data, len + 1);
	CHECK(is_found_out(e.id));
	data[16] = '2';
	spool_write_file(name, data, len);
	CHECK(is_found_out(e.id));
	CHECK_INT(error.class, ERROR_LOCAL);
	entry_clear(&e);
	spool_empty();
}

static void what_is_damaged_can_be_set_aside(void)
{
	char name[SPOOL_NAME_SIZE];
	struct entry e, got;

	spool_put(&e);
	spool_name(name, e.id, ENTRY_WAITING);
	spool_write_file(name, "zeros", 5);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), -1);
	CHECK_INT(error.class, ERROR_MESSAGE);
	CHECK(entry_is_active(spool, e.id));
	CHECK_INT(entry_set_aside(spool, &got, &error), 0);
	entry_clear(&got);
	CHECK_INT(entry_load(spool, e.id, &got, &error), -1);
	CHECK_INT(got.state, ENTRY_BAD);
	entry_clear(&got);
	entry_clear(&e);
	CHECK_INT(spool_empty(), 1);
}

static void other_than_plain_files(void)
{
	static const char id[] = "bk0yadhe59yh", file[] = "bk0yadhe59yh.msg";
	struct entry e;

	CHECK_INT(mkfifoat(spool_fd(spool), file, 0600), 0);
	CHECK_INT(entry_lock(spool, id, &e, &error), -1);
	CHECK_INT(error.class, ERROR_LOCAL);
	CHECK_INT(entry_load(spool, id, &e, &error), -1);
	spool_empty();
	CHECK_INT(symlinkat("/etc/passwd", spool_fd(spool), file), 0);
	CHECK_INT(entry_lock(spool, id, &e, &error), -1);
	CHECK_INT(error.class, ERROR_LOCAL);
	spool_empty();
	spool_put(&e);
	CHECK_INT(linkat(spool_fd(spool), "bk0yadhe59yh.msg", spool_fd(spool), "x", 0), -1);
	entry_clear(&e);
	spool_empty();
}

static void hard_links_and_others_files(void)
{
	char name[SPOOL_NAME_SIZE];
	struct entry e, got;

	spool_put(&e);
	spool_name(name, e.id, ENTRY_WAITING);
	CHECK_INT(linkat(spool_fd(spool), name, spool_fd(spool), "x", 0), 0);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), -1);
	CHECK_INT(error.class, ERROR_LOCAL);
	CHECK_INT(got.fd, -1);
	unlinkat(spool_fd(spool), "x", 0);
	CHECK_INT(fchmodat(spool_fd(spool), name, 0620, 0), 0);
	CHECK_INT(entry_load(spool, e.id, &got, &error), -1);
	CHECK_INT(fchmodat(spool_fd(spool), name, 0600, 0), 0);
	if (fchownat(spool_fd(spool), name, geteuid() + 1, (gid_t)-1, 0) == 0) {
		CHECK_INT(entry_load(spool, e.id, &got, &error), -1);
		CHECK_INT(error.class, ERROR_LOCAL);
		CHECK_INT(fchownat(spool_fd(spool), name, geteuid(), (gid_t)-1, 0), 0);
	}
	CHECK_INT(entry_load(spool, e.id, &got, &error), 1);
	entry_clear(&got);
	entry_clear(&e);
	spool_empty();
}

/* Where renaming takes two steps, a crash between them leaves two names. */
static void a_second_name_is_cleaned_away(void)
{
	char name[SPOOL_NAME_SIZE];
	struct entry e, got;

	spool_put(&e);
	spool_name(name, e.id, ENTRY_WAITING);
	CHECK_INT(linkat(spool_fd(spool), name, spool_fd(spool), ".tmp-0", 0), 0);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), -1);
	spool_clean(spool);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	entry_clear(&got);
	entry_clear(&e);
	CHECK_INT(spool_empty(), 1);
}

static void the_journal_remembers(void)
{
	struct entry e, got;

	spool_put(&e);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	got.attempts = 4;
	got.tried = 3000;
	got.next = 4000;
	got.held = got.delay_told = true;
	got.release = 0;
	free(got.trouble);
	got.trouble = NULL;
	got.recipients[1].outcome = ENTRY_FAILED;
	got.recipients[1].code = 550;
	got.recipients[1].enhanced[0] = 5;
	got.recipients[1].enhanced[1] = 1;
	got.recipients[1].enhanced[2] = 1;
	got.recipients[1].text = strdup("no\x01such\nend 8:00000000\n");
	CHECK_INT(entry_note(spool, &got, true, &error), 0);
	got.recipients[1].reported = true;
	got.recipients[0].outcome = ENTRY_SENT;
	CHECK_INT(entry_note(spool, &got, true, &error), 0);
	entry_clear(&got);

	CHECK_INT(entry_load(spool, e.id, &got, &error), 1);
	CHECK_INT(got.attempts, 4);
	CHECK_INT(got.tried, 3000);
	CHECK_INT(got.next, 4000);
	CHECK_INT(got.release, 0);
	CHECK(got.held && got.delay_told && !got.trouble);
	CHECK_INT(got.recipients[0].outcome, ENTRY_SENT);
	CHECK_INT(got.recipients[0].code, 451);
	CHECK_INT(got.recipients[1].outcome, ENTRY_FAILED);
	CHECK_INT(got.recipients[1].code, 550);
	CHECK_INT(got.recipients[1].enhanced[2], 1);
	CHECK_STR(got.recipients[1].text, "no\\x01such\\nend 8:00000000\\n");
	CHECK(got.recipients[1].reported);
	CHECK_INT(entry_count(&got, ENTRY_OPEN), 0);
	CHECK_INT(entry_count_unreported(&got), 0);
	entry_clear(&got);
	entry_clear(&e);
	CHECK_INT(spool_empty(), 2);
}

/* A journal of two notes in data; where the first one ends is returned. */
static ssize_t two_notes(struct entry *e, char *data, size_t max, ssize_t *len, char *name)
{
	struct entry got;
	ssize_t first;

	spool_put(e);
	spool_journal_name(name, e->id);
	CHECK_INT(entry_lock(spool, e->id, &got, &error), 1);
	got.attempts = 10;
	CHECK_INT(entry_note(spool, &got, false, &error), 0);
	first = spool_read_file(name, data, max);
	got.attempts = 11;
	got.recipients[0].outcome = ENTRY_SENT;
	CHECK_INT(entry_note(spool, &got, false, &error), 0);
	entry_clear(&got);
	*len = spool_read_file(name, data, max);
	CHECK(first > 0 && *len > first);
	return first;
}

static void a_torn_journal_is_mended(void)
{
	char data[4096], now[4096], name[SPOOL_NAME_SIZE];
	struct entry e, got;
	ssize_t first, len;

	first = two_notes(&e, data, sizeof(data), &len, name);
	for (ssize_t cut = 0; cut <= len; cut++) {
		ssize_t good = cut < first ? 0 : cut < len ? first : len;

		spool_write_file(name, data, (size_t)cut);
		CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
		CHECK_INT(got.attempts, good == 0 ? 3 : good == first ? 10 : 11);
		CHECK_INT(got.recipients[0].outcome, good == len ? ENTRY_SENT : ENTRY_OPEN);
		got.attempts = 20;
		CHECK_INT(entry_note(spool, &got, false, &error), 0);
		CHECK(spool_read_file(name, now, sizeof(now)) > good);
		CHECK(memcmp(now, data, (size_t)good) == 0);
		entry_clear(&got);
		CHECK_INT(entry_load(spool, e.id, &got, &error), 1);
		CHECK_INT(got.attempts, 20);
		entry_clear(&got);
	}
	entry_clear(&e);
	spool_empty();
}

/* As if it had grown to its limit. */
static void a_large_journal_is_written_anew(void)
{
	char data[4096], name[SPOOL_NAME_SIZE];
	struct entry e, got;
	ssize_t first, len;

	first = two_notes(&e, data, sizeof(data), &len, name);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	got.journal_end = ENTRY_JOURNAL_MAX;
	got.attempts = 12;
	CHECK_INT(entry_note(spool, &got, false, &error), 0);
	CHECK(got.journal_end > first && got.journal_end < len);
	CHECK_INT(spool_read_file(name, data, sizeof(data)), got.journal_end);
	got.recipients[1].outcome = ENTRY_FAILED;
	CHECK_INT(entry_note(spool, &got, true, &error), 0);
	entry_clear(&got);
	CHECK_INT(entry_load(spool, e.id, &got, &error), 1);
	CHECK_INT(got.attempts, 12);
	CHECK_INT(got.recipients[0].outcome, ENTRY_SENT);
	CHECK_INT(got.recipients[0].code, 451);
	CHECK_INT(got.recipients[1].outcome, ENTRY_FAILED);
	entry_clear(&got);
	entry_clear(&e);
	CHECK_INT(spool_empty(), 2);
}

static void a_damaged_journal_tells_no_lie(void)
{
	char data[4096], name[SPOOL_NAME_SIZE];
	struct entry e, got;
	ssize_t first, len;

	first = two_notes(&e, data, sizeof(data), &len, name);
	for (ssize_t at = 0; at < len; at++) {
		data[at] ^= 4;
		spool_write_file(name, data, (size_t)len);
		CHECK_INT(entry_load(spool, e.id, &got, &error), 1);
		CHECK_INT(got.attempts, at < first ? 3 : 10);
		CHECK_INT(got.recipients[0].outcome, ENTRY_OPEN);
		entry_clear(&got);
		data[at] ^= 4;
	}
	entry_clear(&e);
	spool_empty();
}

/* What another message left under the same ID. */
static void a_foreign_journal_is_none(void)
{
	char data[4096], name[SPOOL_NAME_SIZE];
	struct entry e, got;
	ssize_t len;

	two_notes(&e, data, sizeof(data), &len, name);
	spool_empty();
	entry_clear(&e);
	spool_put(&e);
	spool_journal_name(name, e.id);
	spool_write_file(name, data, (size_t)len);
	CHECK_INT(entry_load(spool, e.id, &got, &error), 1);
	CHECK_INT(got.attempts, 3);
	CHECK_INT(got.journal_end, 0);
	entry_clear(&got);
	entry_clear(&e);
	spool_empty();
}

static void a_journal_that_is_no_file(void)
{
	char name[SPOOL_NAME_SIZE];
	struct entry e, got;

	spool_put(&e);
	spool_journal_name(name, e.id);
	CHECK_INT(mkfifoat(spool_fd(spool), name, 0600), 0);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), -1);
	CHECK_INT(error.class, ERROR_LOCAL);
	entry_clear(&got);
	unlinkat(spool_fd(spool), name, 0);
	CHECK_INT(symlinkat("../x", spool_fd(spool), name), 0);
	CHECK_INT(entry_load(spool, e.id, &got, &error), -1);
	entry_clear(&got);
	unlinkat(spool_fd(spool), name, 0);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	CHECK_INT(symlinkat("../x", spool_fd(spool), name), 0);
	CHECK_INT(entry_note(spool, &got, false, &error), -1);
	entry_clear(&got);
	entry_clear(&e);
	spool_empty();
}

/* A disk that takes so many bytes a file and no more. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void what_does_not_fit_leaves_nothing(void)
{
	char name[SPOOL_NAME_SIZE];
	struct spool_message m;
	struct entry e, got;

	signal(SIGXFSZ, SIG_IGN);
	spool_put(&e);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	CHECK_INT(entry_note(spool, &got, false, &error), 0);
	for (rlim_t bytes = 0; bytes < 600; bytes += 7) {
		int64_t end = got.journal_end;
		int result;

		limit_files(bytes);
		m = (struct spool_message){span_of("xxxxxxxxxx"), 50};
		got.id[SPOOL_ID_MAX] = '\0';
		CHECK_INT(entry_put(spool,
				    &(struct entry){.reverse_path = e.reverse_path,
						    .recipients = e.recipients,
						    .count = e.count},
				    NULL, spool_next_piece, &m, &error),
			  -1);
		CHECK_INT(error.number, EFBIG);
		result = entry_note(spool, &got, false, &error);
		CHECK(result == 0 || (error.number == EFBIG && got.journal_end == end));
		if (result == 0)
			break;
		limit_files(RLIM_INFINITY);
		CHECK_INT(count_files(), 2);
	}
	limit_files(RLIM_INFINITY);
	CHECK_INT(entry_note(spool, &got, false, &error), 0);
	entry_clear(&got);
	CHECK_INT(entry_load(spool, e.id, &got, &error), 1);
	entry_clear(&got);
	spool_journal_name(name, e.id);
	entry_clear(&e);
	spool_empty();
}

/* Where we may mount: a file system that is really full. */
static void a_full_disk(void)
{
	static char block[4096];
	struct spool_message m = {{block, sizeof(block)}, 100};
	struct entry e;
	int count = 0;

	if (mount("none", spool_directory, "tmpfs", MS_NOSUID, "size=256k,mode=0700") < 0) {
		printf("# skipped: no mount here\n");
		return;
	}
	spool_setup(!spool_takes_tmpfile(spool));
	spool_fill_entry(&e);
	CHECK_INT(entry_put(spool, &e, NULL, spool_next_piece, &m, &error), -1);
	CHECK_INT(error.number, ENOSPC);
	CHECK_INT(error.class, ERROR_TEMPORARY);
	CHECK_INT(count_files(), 0);
	do {
		entry_clear(&e);
		spool_fill_entry(&e);
		m.times = 2;
		count++;
	} while (entry_put(spool, &e, NULL, spool_next_piece, &m, &error) == 0);
	CHECK_INT(error.number, ENOSPC);
	CHECK(count > 10);
	CHECK_INT(spool_empty(), count - 1);
	entry_clear(&e);
	CHECK_INT(umount2(spool_directory, MNT_DETACH), 0);
	spool_setup(!spool_takes_tmpfile(spool));
}

/* CPU seconds for an entry of so many recipients: put, noted, loaded. */
static double seconds_for(size_t recipients)
{
	struct spool_message m = {span_of("x"), 1};
	struct entry e, got;
	clock_t start;
	char path[40];

	entry_init(&e);
	e.reverse_path = strdup("me@example.org");
	for (size_t i = 0; i < recipients; i++) {
		snprintf(path, sizeof(path), "user%zu@example.org", i);
		if (entry_add_recipient(&e, path))
			exit(1);
	}
	start = clock();
	CHECK_INT(entry_put(spool, &e, NULL, spool_next_piece, &m, &error), 0);
	CHECK_INT(entry_lock(spool, e.id, &got, &error), 1);
	for (size_t i = 0; i < got.count; i++) {
		got.recipients[i].code = 450;
		got.recipients[i].text = strdup("greylisted, come back in five minutes");
	}
	CHECK_INT(entry_note(spool, &got, false, &error), 0);
	entry_clear(&got);
	CHECK_INT(entry_load(spool, e.id, &got, &error), 1);
	CHECK_INT(got.count, recipients);
	CHECK_STR(got.recipients[recipients - 1].text, "greylisted, come back in five minutes");
	start = clock() - start;
	entry_clear(&got);
	entry_clear(&e);
	spool_empty();
	return (double)start / CLOCKS_PER_SEC;
}

static void time_is_linear_in_recipients(void)
{
	double few = seconds_for(10000), many = seconds_for(100000);

	printf("# 10,000 recipients: %.3f s, 100,000: %.3f s\n", few, many);
	CHECK(many < 25 * few + 0.1);
}

static void run_all(void)
{
	TEST_RUN(all_comes_back);
	TEST_RUN(sizes_large_and_small);
	TEST_RUN(ids_sort_by_arrival);
	TEST_RUN(an_id_that_must_be);
	TEST_RUN(put_in_doubt);
	TEST_RUN(what_cannot_be_put);
	TEST_RUN(a_message_that_breaks_off);
	TEST_RUN(what_does_not_fit_leaves_nothing);
	TEST_RUN(a_full_disk);
	TEST_RUN(many_lockers);
}

int main(void)
{
	umask(077);
	spool_setup(false);
	run_all();
	spool_setup(true);
	run_all();
	spool_setup(false);
	TEST_RUN(states);
	TEST_RUN(a_mark_made_anew);
	TEST_RUN(room_for_a_journal);
	TEST_RUN(a_note_with_its_name);
	TEST_RUN(no_rename_replaces);
	TEST_RUN(one_holder);
	TEST_RUN(a_glance_is_no_holder);
	TEST_RUN(damage_at_every_byte);
	TEST_RUN(what_is_damaged_can_be_set_aside);
	TEST_RUN(other_than_plain_files);
	TEST_RUN(hard_links_and_others_files);
	TEST_RUN(a_second_name_is_cleaned_away);
	TEST_RUN(the_journal_remembers);
	TEST_RUN(a_large_journal_is_written_anew);
	TEST_RUN(a_torn_journal_is_mended);
	TEST_RUN(a_damaged_journal_tells_no_lie);
	TEST_RUN(a_foreign_journal_is_none);
	TEST_RUN(a_journal_that_is_no_file);
	TEST_RUN(time_is_linear_in_recipients);
	spool_teardown();
	return test_done();
}
