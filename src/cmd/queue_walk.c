/* Own queues and others': see queue_walk.h. */
#include "cmd/queue_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "conf/keys.h"

enum { QUEUE_WALK_PATH_MAX = 4096, QUEUE_WALK_WARNINGS = 20 };

/* A queue's directory. */
struct queue_walk_seen {
	dev_t device;
	ino_t inode;
};

/* A walk under way. */
struct queue_walk {
	struct context *context;
	queue_work *work;
	void *tally;
	size_t size;
	struct queue_walk_seen *seen; /* none is walked twice */
	size_t seen_count;
	unsigned foreign; /* names warned of */
	struct error *error;
	bool failed;
};

/* What a child says at its end, before the tally. */
struct queue_walk_report {
	bool failed;
	struct error error;
};

static void queue_walk_fail(struct queue_walk *w, const struct error *error)
{
	if (w->failed)
		context_complain(w->context, error->text);
	else
		*w->error = *error;
	w->failed = true;
}

/* The work in one queue that is open. */
static int queue_walk_visit(struct queue_walk *w, struct spool *s, struct error *error)
{
	int result = w->work(w->context, s, w->tally, error);

	fflush(stdout);
	return result;
}

/* Whether a directory has its turn now: not when it had it already. */
static bool queue_walk_is_new(struct queue_walk *w, const struct stat *st)
{
	struct queue_walk_seen *grown;

	for (size_t i = 0; i < w->seen_count; i++)
		if (w->seen[i].device == st->st_dev && w->seen[i].inode == st->st_ino)
			return false;
	grown = reallocarray(w->seen, w->seen_count + 1, sizeof(*grown));
	if (grown) {
		grown[w->seen_count++] = (struct queue_walk_seen){st->st_dev, st->st_ino};
		w->seen = grown;
	}
	return true;
}

static void queue_walk_place(struct queue_walk *w, const struct account *a)
{
	struct spool_place place = context_spool(w->context, a);
	struct spool *s = NULL;
	struct error error;
	struct stat st;

	if (spool_open(&s, &place, false, &error) ||
	    (s && fstat(spool_fd(s), &st) == 0 && queue_walk_is_new(w, &st) &&
	     queue_walk_visit(w, s, &error)))
		queue_walk_fail(w, &error);
	spool_free(s);
}

/* Whether an account before the n-th names the same queue_dir, or none as well. */
static bool queue_walk_is_named(const struct config *c, size_t n)
{
	const char *dir = c->accounts[n].queue_dir;

	for (size_t i = 0; i < n; i++)
		if (string_equals(c->accounts[i].queue_dir, dir))
			return true;
	return false;
}

/* Without any configuration the command line may still say where the queue is. */
static void queue_walk_bare(struct queue_walk *w)
{
	const struct options *o = &w->context->options;
	struct account *made = &w->context->made;
	struct error error;

	for (size_t i = 0; i < o->setting_count; i++)
		if (strcmp(o->settings[i].key, "queue_dir") == 0 &&
		    keys_set_value(made, "queue_dir", o->settings[i].value, &error)) {
			queue_walk_fail(w, &error);
			return;
		}
	queue_walk_place(w, made);
}

/* Accounts may have queues of their own. */
static void queue_walk_own(struct queue_walk *w)
{
	const struct config *c = &w->context->config;

	if (w->context->account) {
		queue_walk_place(w, w->context->account);
		return;
	}
	if (c->count == 0)
		queue_walk_bare(w);
	for (size_t i = 0; i < c->count; i++)
		if (!queue_walk_is_named(c, i))
			queue_walk_place(w, &c->accounts[i]);
}

/* In the child: wipes what root's configuration holds. Of his log the system's stays: a file is
 * not the user's to write. */
static void queue_walk_forget(struct context *x)
{
	const struct account *a = x->account ? x->account : config_default(&x->config);

	log_open(NULL, a ? a->syslog : 0, "pennypost");
	config_clear(&x->config);
	account_clear(&x->made);
	x->account = NULL;
}

/* In the child: does the work as the user, and says what came of it. */
static void queue_walk_child(struct queue_walk *w, const char *path, uid_t uid, int out)
{
	struct spool_place place = {.configured = path, .uid = uid};
	struct queue_walk_report report = {0};
	struct spool *s = NULL;

	queue_walk_forget(w->context);
	report.failed = process_become(uid, &report.error) ||
			spool_open(&s, &place, false, &report.error) ||
			(s && queue_walk_visit(w, s, &report.error));
	if (file_write_all(out, &report, sizeof(report)) ||
	    file_write_all(out, w->tally, w->size))
		_exit(1);
	_exit(0);
}

/* Reads exactly that much; false at an early end. */
static bool queue_walk_read(int fd, void *data, size_t size)
{
	char *at = data;

	while (size > 0) {
		ssize_t n = read(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

/* The child's report and, when it is whole, its tally. */
static void queue_walk_collect(struct queue_walk *w, const char *path, int in)
{
	struct queue_walk_report report;
	char *tally = malloc(w->size);
	struct error error;

	if (!tally || !queue_walk_read(in, &report, sizeof(report)) ||
	    !queue_walk_read(in, tally, w->size)) {
		error_set(&error, ERROR_TEMPORARY, STAGE_INPUT,
			  "the work in the queue %s did not come to its end", path);
		queue_walk_fail(w, &error);
	} else {
		memcpy(w->tally, tally, w->size);
		if (report.failed)
			queue_walk_fail(w, &report.error);
	}
	free(tally);
}

static void queue_walk_user(struct queue_walk *w, const char *path, uid_t uid)
{
	int ends[2] = {-1, -1};
	struct error error;
	pid_t pid;

	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC) || (pid = fork()) < 0) {
		error_set_errno(&error, ERROR_TEMPORARY, STAGE_INPUT, errno,
				"cannot look into the queue %s", path);
		queue_walk_fail(w, &error);
	} else if (pid == 0) {
		close(ends[0]);
		queue_walk_child(w, path, uid, ends[1]);
	} else {
		close(ends[1]);
		ends[1] = -1;
		queue_walk_collect(w, path, ends[0]);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	for (size_t i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
}

/* Anybody can make thousands of these: some will do. */
static void queue_walk_warn(struct queue_walk *w, const char *path, const char *name)
{
	char text[QUEUE_WALK_PATH_MAX + 64];

	if (++w->foreign > QUEUE_WALK_WARNINGS)
		return;
	if (w->foreign == QUEUE_WALK_WARNINGS)
		snprintf(text, sizeof(text), "more below %s is passed over", SPOOL_SYSTEM_DIR);
	else
		snprintf(text, sizeof(text), "%s is no directory of user %s: passed over", path,
			 name);
	context_warn(w->context, text);
}

/* A name below SPOOL_SYSTEM_DIR: a user's number, and a directory of his. */
static void queue_walk_name(struct queue_walk *w, const char *name)
{
	char path[QUEUE_WALK_PATH_MAX];
	struct stat st;
	uid_t uid;

	snprintf(path, sizeof(path), "%s/%s", SPOOL_SYSTEM_DIR, name);
	if (!spool_is_user(name, &uid) || lstat(path, &st))
		return;
	if (!S_ISDIR(st.st_mode) || st.st_uid != uid) {
		queue_walk_warn(w, path, name);
		return;
	}
	if (queue_walk_is_new(w, &st))
		queue_walk_user(w, path, uid);
}

static void queue_walk_others(struct queue_walk *w)
{
	struct dirent **names;
	int count = scandir(SPOOL_SYSTEM_DIR, &names, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		queue_walk_name(w, names[i]->d_name);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

int queue_walk(struct context *x, queue_work *work, void *tally, size_t size,
	       struct error *error)
{
	struct queue_walk w = {
		.context = x, .work = work, .tally = tally, .size = size, .error = error};

	queue_walk_own(&w);
	if (geteuid() == 0)
		queue_walk_others(&w);
	free(w.seen);
	return w.failed ? -1 : 0;
}
