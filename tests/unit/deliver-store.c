/* Messages that are kept here: in a Maildir, in an mbox file, or not, and what is told of it.
 */
#include "deliver/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "mail/mailbox.h"
#include "test.h"

static char folder[] = "/tmp/store-test-XXXXXX";
static struct account account;
static struct smtp_transaction t;
static struct buf joined;
static struct error error;

/* The message, and how it is given out. */
static struct {
	const char *text;
	size_t len, at, cut;
	int fail_at; /* piece at which reading fails; 0: none */
	int pieces;
	bool asked; /* before_end was called */
	bool refuse;
	const char *watch; /* a directory of the folder, or NULL */
	char seen[1024];   /* what lay in new, or in the file, at that time */
} source;

static const char *in_folder(const char *name)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int source_open(void *context, const struct capabilities *offered, bool chunks,
		       struct smtp_mail_options *needs, struct error *e)
{
	(void)context, (void)needs, (void)e;
	CHECK(!offered && !chunks);
	source.at = 0;
	source.pieces = 0;
	return 0;
}

static int source_next(void *context, struct span *piece, struct error *e)
{
	size_t left = source.len - source.at;

	(void)context;
	if (++source.pieces == source.fail_at)
		return error_set(e, ERROR_LOCAL, STAGE_INPUT, "cannot read it");
	*piece = (struct span){source.text + source.at, left < source.cut ? left : source.cut};
	source.at += piece->len;
	return piece->len > 0;
}

/* The names in a directory, joined by blanks. */
static const char *names(const char *name)
{
	DIR *directory = opendir(in_folder(name));
	const struct dirent *entry;

	buf_clear(&joined);
	buf_init(&joined, 1 << 24);
	while (directory && (entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			buf_printf(&joined, "%s ", entry->d_name);
	if (directory)
		closedir(directory);
	return directory ? joined.data : "(none)";
}

static const char *contents(const char *name)
{
	buf_clear(&joined);
	buf_init(&joined, 1 << 24);
	return file_load(in_folder(name), &joined, &error) ? error.text : joined.data;
}

/* All messages of a mailbox as our reader has them, with "|" behind each. */
static const char *messages(const char *name)
{
	struct mailbox *m = mailbox_open(in_folder(name), NULL, &error);
	struct mailbox_item item;

	buf_clear(&joined);
	buf_init(&joined, 1 << 24);
	while (m && mailbox_next(m, &item, &error) > 0) {
		CHECK_INT(file_read_all(item.fd, &joined), 0);
		close(item.fd);
		buf_add_char(&joined, '|');
	}
	mailbox_free(m);
	return joined.data;
}

static int before_end(void *context, struct error *e)
{
	(void)context;
	source.asked = true;
	if (source.watch)
		snprintf(source.seen, sizeof(source.seen), "%s", names(source.watch));
	if (source.refuse)
		return error_set(e, ERROR_TEMPORARY, STAGE_INPUT, "not now");
	return 0;
}

static void text_is(const char *text)
{
	source.text = text;
	source.len = strlen(text);
	source.cut = 1 << 20;
	source.fail_at = 0;
	source.refuse = source.asked = false;
}

/* A transaction to two, one of whom has it already. */
static void keep(const char *relay, const char *seen)
{
	static struct wishes wishes;
	const struct relay_options o = {.account = &account};

	smtp_transaction_clear(&t);
	CHECK_INT(smtp_transaction_init(&t, "ann@x.org", 3), 0);
	t.recipients[0].path = "a@x.org";
	t.recipients[1].path = "b@x.org";
	t.recipients[1].outcome = SMTP_SENT;
	t.recipients[2].path = "c@x.org";
	t.source = (struct smtp_source){source_open, source_next, NULL};
	t.wishes = &wishes;
	t.before_end = before_end;
	source.watch = seen;
	account_clear(&account);
	CHECK_INT(endpoint_parse(&account.relay, span_of(relay), &error), 0);
	account.timeout = 1;
	store_send(&o, &t);
}

static const char *at(const char *scheme, const char *name)
{
	static char url[420];

	snprintf(url, sizeof(url), "%s:%s", scheme, in_folder(name));
	return url;
}

static void sent(const char *says)
{
	if (t.trouble.class != ERROR_NONE)
		CHECK_STR(t.trouble.text, "no trouble");
	CHECK_INT(t.recipients[0].outcome, SMTP_SENT);
	CHECK_INT(t.recipients[2].outcome, SMTP_SENT);
	CHECK_INT(t.verdict.code, 250);
	CHECK(t.verdict.text.len > 0 && strstr(t.verdict.text.data, says));
	CHECK(!t.doubted && !t.again && !t.lost);
}

static void not_sent(enum error_class class, const char *says)
{
	CHECK_INT(t.trouble.class, class);
	CHECK(strstr(t.trouble.text, says));
	CHECK_INT(t.recipients[0].outcome,
		  class == ERROR_TEMPORARY ? SMTP_DEFERRED : SMTP_FAILED);
	CHECK_INT(t.recipients[1].outcome, SMTP_SENT);
	CHECK(!t.doubted);
	if (!strstr(t.trouble.text, says))
		CHECK_STR(t.trouble.text, says);
}

#define TRACE "Return-Path: <ann@x.org>\nX-Original-To: a@x.org\nX-Original-To: c@x.org\n"

static void a_maildir_gets_a_file(void)
{
	char name[300];
	struct stat st;

	text_is("Subject: x\r\n\r\nFrom me\n\xff.\r\n..\nend");
	keep(at("maildir", "first"), "first/new");
	sent("2.0.0 kept as new/");
	CHECK(source.asked);
	CHECK_STR(source.seen, "");
	snprintf(name, sizeof(name), "first/new/%s", t.verdict.text.data + 6 + 12);
	CHECK_STR(contents(name), TRACE "Subject: x\n\nFrom me\n\xff.\n..\nend\n");
	CHECK(stat(in_folder(name), &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(stat(in_folder("first/cur"), &st) == 0 && (st.st_mode & 07777) == 0700);
	CHECK_STR(names("first/tmp"), "");
	CHECK_INT(strpbrk(t.verdict.text.data + 6 + 12, "/:") == NULL, 1);
}

static void pieces_make_no_difference(void)
{
	static const size_t cuts[] = {1, 2, 7, 64, 65536};
	struct buf text, want;

	buf_init(&text, 1 << 22);
	buf_init(&want, 1 << 22);
	buf_add_string(&text, "Subject: large\r\n\r\n");
	buf_add_string(&want, TRACE "Subject: large\n\n");
	for (int i = 0; i < 20000; i++) {
		buf_printf(&text, "From line %d\r\n", i);
		buf_printf(&want, "From line %d\n", i);
	}
	buf_add_char(&want, '|');
	text_is(text.data);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		char name[16];

		source.cut = cuts[i];
		snprintf(name, sizeof(name), "cut%zu", i);
		keep(at("maildir", name), NULL);
		sent("kept");
		CHECK(strcmp(messages(name), want.data) == 0);
		snprintf(name, sizeof(name), "box%zu", i);
		keep(at("mbox", name), NULL);
		sent("appended");
		CHECK(strcmp(messages(name), want.data) == 0);
	}
	buf_clear(&text);
	buf_clear(&want);
}

static void names_are_all_different(void)
{
	size_t count = 0;

	text_is("x: y\n\n");
	for (int child = 0; child < 4; child++)
		if (fork() == 0) {
			for (int i = 0; i < 50; i++)
				keep(at("maildir", "many"), NULL);
			_exit(t.trouble.class != ERROR_NONE);
		}
	for (int status; wait(&status) > 0;)
		CHECK_INT(status, 0);
	for (const char *c = names("many/new"); *c; c++)
		count += *c == ' ';
	CHECK_INT(count, 200);
}

static void an_mbox_grows(void)
{
	struct stat st;
	const char *got;

	text_is("Subject: x\n\nFrom me\n>From you\nend");
	keep(at("mbox", "box"), NULL);
	sent("2.0.0 appended");
	keep(at("mbox", "box"), NULL);
	sent("2.0.0 appended");
	CHECK(stat(in_folder("box"), &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK_STR(messages("box"), TRACE "Subject: x\n\nFrom me\n>From you\nend\n|" TRACE
					 "Subject: x\n\nFrom me\n>From you\nend\n|");
	got = contents("box");
	CHECK(strncmp(got, "From ann@x.org ", 15) == 0);
	CHECK(strstr(got,
		     "\nX-Original-To: c@x.org\nSubject: x\n\n>From me\n>>From you\nend\n\n"
		     "From ann@x.org "));
}

static void what_others_left_is_set_off(void)
{
	static const char *const before[] = {"", "x", "\n", "x\n", "x\n\n", "\n\n\n"};
	static const char *const after[] = {"From",      "x\n\nFrom", "\nFrom",
					    "x\n\nFrom", "x\n\nFrom", "\n\n\nFrom"};

	text_is("x: y\n\n");
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		int fd = open(in_folder("gap"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

		CHECK_INT(file_write_all(fd, before[i], strlen(before[i])), 0);
		close(fd);
		keep(at("mbox", "gap"), NULL);
		sent("appended");
		CHECK(strncmp(contents("gap"), after[i], strlen(after[i])) == 0);
	}
}

static void discard_forgets(void)
{
	text_is("x: y\n\n");
	keep("discard:", NULL);
	sent("2.0.0 thrown away");
}

static void limit(rlim_t size)
{
	const struct rlimit r = {size, RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &r);
}

/* As a full disk does, in the midst of the message and at its end. */
static void what_has_no_room_leaves_nothing(void)
{
	char *text = malloc(200001);
	char *before;

	memset(text, 'x', 200000);
	memcpy(text, "a: b\n\n", 6);
	text[200000] = '\0';
	text_is("x: y\n\nfirst\n");
	keep(at("mbox", "full"), NULL);
	sent("appended");
	before = strdup(contents("full"));
	text_is(text);
	for (rlim_t size = 0; size < 250000; size = size * 2 + strlen(before) + 1) {
		limit(size);
		keep(at("mbox", "full"), NULL);
		limit(RLIM_INFINITY);
		if (size < 200000) {
			not_sent(ERROR_TEMPORARY, "cannot write to it: File too large");
			CHECK_INT(t.trouble.number, EFBIG);
			CHECK_STR(contents("full"), before);
		}
		limit(size);
		keep(at("maildir", "fulldir"), NULL);
		limit(RLIM_INFINITY);
		if (size < 200000) {
			not_sent(ERROR_TEMPORARY, "cannot write to it: File too large");
			CHECK_STR(names("fulldir/new"), "");
			CHECK_STR(names("fulldir/tmp"), "");
		}
	}
	keep(at("mbox", "full"), NULL);
	sent("appended");
	free(before);
	free(text);
}

static void what_cannot_be_read_is_not_kept(void)
{
	text_is("x: y\n\nmany words\n");
	source.cut = 4;
	source.fail_at = 3;
	keep(at("maildir", "unread"), NULL);
	not_sent(ERROR_LOCAL, "cannot read it");
	CHECK_INT(t.trouble.stage, STAGE_INPUT);
	CHECK_STR(names("unread/new"), "");
	CHECK_STR(names("unread/tmp"), "");
	keep(at("mbox", "unreadbox"), NULL);
	not_sent(ERROR_LOCAL, "cannot read it");
	CHECK_STR(contents("unreadbox"), "");
	source.fail_at = 0;
	source.refuse = true;
	keep(at("maildir", "unread"), NULL);
	not_sent(ERROR_TEMPORARY, "not now");
	CHECK_STR(names("unread/new"), "");
	keep(at("mbox", "unreadbox"), NULL);
	not_sent(ERROR_TEMPORARY, "not now");
	CHECK_STR(contents("unreadbox"), "");
}

static void what_is_no_mailbox_is_told(void)
{
	text_is("x: y\n\n");
	CHECK_INT(mkfifo(in_folder("fifo"), 0600), 0);
	CHECK_INT(symlink("target", in_folder("link")), 0);
	keep(at("mbox", "fifo"), NULL);
	not_sent(ERROR_LOCAL, "it is not a regular file");
	CHECK_INT(t.trouble.stage, STAGE_CONFIG);
	keep("mbox:/dev/null", NULL);
	not_sent(ERROR_LOCAL, "it is not a regular file");
	keep(at("mbox", "link"), NULL);
	not_sent(ERROR_LOCAL, "it is a symbolic link");
	CHECK_INT(access(in_folder("target"), F_OK), -1);
	keep(at("mbox", "nowhere/box"), NULL);
	not_sent(ERROR_LOCAL, "cannot open it: No such file or directory");
	keep(at("maildir", "nowhere/dir"), NULL);
	not_sent(ERROR_LOCAL, "cannot open it: No such file or directory");
	keep(at("maildir", "fifo"), NULL);
	not_sent(ERROR_LOCAL, "cannot open it: Not a directory");
	CHECK_INT(mkdir(in_folder("odd"), 0700), 0);
	CHECK_INT(symlink(folder, in_folder("odd/new")), 0);
	keep(at("maildir", "odd"), NULL);
	not_sent(ERROR_LOCAL, "cannot open its folders");
	CHECK(!source.asked);
}

static void root_writes_where_root_alone_may(void)
{
	if (geteuid() != 0)
		return;
	text_is("x: y\n\n");
	CHECK_INT(mkdir(in_folder("theirs"), 0700) || chown(in_folder("theirs"), 12345, 0), 0);
	keep(at("maildir", "theirs"), NULL);
	not_sent(ERROR_LOCAL, "it belongs to another user");
	CHECK_INT(mkdir(in_folder("open"), 0700) || chmod(in_folder("open"), 0770), 0);
	keep(at("maildir", "open"), NULL);
	not_sent(ERROR_LOCAL, "it can be written by others");
	close(open(in_folder("theirbox"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	CHECK_INT(chmod(in_folder("theirbox"), 0660), 0);
	keep(at("mbox", "theirbox"), NULL);
	sent("appended");
	CHECK_INT(chown(in_folder("theirbox"), 12345, 0), 0);
	keep(at("mbox", "theirbox"), NULL);
	not_sent(ERROR_LOCAL, "it belongs to another user");
}

/* A process that holds a lock of one kind until it is killed. */
static pid_t locker(bool by_fcntl)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (pid == 0) {
		struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		int fd = open(in_folder("locked"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		if (by_fcntl ? fcntl(fd, F_SETLK, &range) : flock(fd, LOCK_EX))
			_exit(1);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK_INT(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	return pid;
}

static void a_lock_is_waited_for(void)
{
	text_is("x: y\n\n");
	for (int i = 0; i < 2; i++) {
		pid_t pid = locker(i == 0);

		keep(at("mbox", "locked"), NULL);
		not_sent(ERROR_TEMPORARY, "another program keeps it locked");
		CHECK_INT(t.trouble.number, ETIMEDOUT);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		keep(at("mbox", "locked"), NULL);
		sent("appended");
	}
}

static void many_write_one_after_the_other(void)
{
	size_t count = 0;

	text_is("Subject: one of many\n\nFrom somebody\n");
	source.cut = 1;
	for (int child = 0; child < 4; child++)
		if (fork() == 0) {
			for (int i = 0; i < 10; i++)
				keep(at("mbox", "busy"), NULL);
			_exit(t.trouble.class != ERROR_NONE);
		}
	for (int status; wait(&status) > 0;)
		CHECK_INT(status, 0);
	for (const char *c = messages("busy"); (c = strstr(c, TRACE)) != NULL; c++)
		count++;
	CHECK_INT(count, 40);
	CHECK_INT(strlen(messages("busy")), 40 * (strlen(TRACE) + source.len + 1));
}

/* Killed at any time, and what is in new is whole. */
static void who_is_killed_leaves_whole_messages(void)
{
	char *text = malloc(30001);
	const char *name;
	size_t seen = 0;

	memset(text, 'x', 30000);
	memcpy(text, "a: b\n\n", 6);
	text[30000] = '\0';
	text_is(text);
	source.cut = 512;
	for (int i = 0; i < 40; i++) {
		struct timespec while_it_works = {0, i * 100000};
		pid_t pid = fork();

		if (pid == 0)
			for (;;)
				keep(at("maildir", "killed"), NULL);
		nanosleep(&while_it_works, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	name = messages("killed");
	for (const char *c = name; (c = strchr(c, '|')) != NULL; c++)
		seen++;
	CHECK_INT(strlen(name), seen * (strlen(TRACE) + 30000 + 1 + 1));
	free(text);
}

static void success_is_not_reported(void)
{
	static const struct wishes wishes = {.notify = WISHES_SUCCESS | WISHES_FAILURE};
	const struct relay_options o = {.account = &account};

	text_is("x: y\n\n");
	keep("discard:", NULL);
	CHECK_INT(t.dropped, 0);
	t.recipients[0].outcome = SMTP_UNTRIED;
	t.wishes = &wishes;
	store_send(&o, &t);
	CHECK_INT(t.dropped, PARAMETERS_DROPPED_DSN);
	sent("2.0.0 thrown away");
	t.dropped = 0;
}

static void nothing_is_held_back(void)
{
	static const struct wishes wishes = {.hold_for = 60};
	const struct relay_options o = {.account = &account};

	text_is("x: y\n\n");
	keep("discard:", NULL);
	t.recipients[0].outcome = SMTP_UNTRIED;
	t.wishes = &wishes;
	store_send(&o, &t);
	CHECK_INT(t.dropped, PARAMETERS_LACKS_HOLD);
	CHECK_INT(t.trouble.class, ERROR_MESSAGE);
}

static int forget(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	return remove(path);
}

int main(void)
{
	if (!mkdtemp(folder))
		return 1;
	umask(077);
	TEST_RUN(a_maildir_gets_a_file);
	TEST_RUN(pieces_make_no_difference);
	TEST_RUN(names_are_all_different);
	TEST_RUN(an_mbox_grows);
	TEST_RUN(what_others_left_is_set_off);
	TEST_RUN(discard_forgets);
	TEST_RUN(what_has_no_room_leaves_nothing);
	TEST_RUN(what_cannot_be_read_is_not_kept);
	TEST_RUN(what_is_no_mailbox_is_told);
	TEST_RUN(root_writes_where_root_alone_may);
	TEST_RUN(a_lock_is_waited_for);
	TEST_RUN(many_write_one_after_the_other);
	TEST_RUN(who_is_killed_leaves_whole_messages);
	TEST_RUN(success_is_not_reported);
	TEST_RUN(nothing_is_held_back);
	nftw(folder, forget, 8, FTW_DEPTH | FTW_PHYS);
	buf_clear(&joined);
	smtp_transaction_clear(&t);
	account_clear(&account);
	return test_done();
}
