/* The queue: see doctor_queue.h. */
#include "cmd/doctor_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"
#include "cmd/remedy.h"
#include "cmd/queue_tally.h"
#include "conf/secret.h"
#include "queue/health.h"
#include "queue/spool_list.h"

enum {
	DOCTOR_OLD = 60 * 60,                  /* seconds that a message may wait unremarked */
	DOCTOR_LITTLE_ROOM = 64 * 1024 * 1024, /* bytes */
	DOCTOR_NO_ROOM = 1024 * 1024,
	DOCTOR_CRONTAB_MAX = 256 * 1024,
	DOCTOR_CRONTAB_TIME = 5 * 1000
};

/* A mailbox that is missing is made in the directory above it. */
void doctor_mailbox(struct doctor *d)
{
	const char *path = d->account.relay.path;
	const char *slash = path ? strrchr(path, '/') : NULL;
	struct remedy m = {.kind = REMEDY_NONE};
	struct buf parent, quoted;

	if (!slash) {
		doctor_ok(d, "messages are thrown away");
		return;
	}
	buf_init(&parent, REMEDY_MAX);
	buf_init(&quoted, REMEDY_MAX);
	buf_add(&parent, path, slash == path ? 1 : (size_t)(slash - path));
	if (access(path, W_OK) == 0 ||
	    (errno == ENOENT && access(parent.data, W_OK | X_OK) == 0)) {
		doctor_ok(d, "%s can be written", path);
	} else {
		m = errno == ENOENT
			    ? remedy_command("mkdir -p %s", remedy_quote(&quoted, parent.data))
			    : remedy_command("chmod u+rwX %s", remedy_quote(&quoted, path));
		doctor_fail(d, 78, &m, "%s cannot be written: %s", path, strerror(errno));
	}
	buf_clear(&parent);
	buf_clear(&quoted);
}

static bool doctor_keeps_nothing(const struct doctor *d)
{
	return d->account.queue == SETTING_OFF;
}

/* Opens the queue of the account, making it where there is none yet, as a message would. */
static struct spool *doctor_open_spool(struct doctor *d, bool create, struct error *error)
{
	const struct spool_place place = context_spool(d->x, &d->account);
	struct spool *s = NULL;

	spool_open(&s, &place, create, error);
	return s;
}

static void doctor_judge_room(struct doctor *d, const struct spool *s)
{
	struct remedy m = remedy_do("make room on the file system of %s", spool_path(s));
	struct statvfs st;
	uint64_t room;

	if (fstatvfs(spool_fd(s), &st))
		return;
	room = (uint64_t)st.f_bavail * st.f_frsize;
	if (room < DOCTOR_NO_ROOM || (st.f_files > 0 && st.f_favail == 0))
		doctor_fail(d, 75, &m, "%s is full: nothing can be queued", spool_path(s));
	else if (room < DOCTOR_LITTLE_ROOM)
		doctor_warn(d, &m, "%s has only %" PRIu64 " MiB left", spool_path(s),
			    room / (1024 * 1024));
	else
		doctor_ok(d, "%s can be written, with %" PRIu64 " MiB of room", spool_path(s),
			  room / (1024 * 1024));
}

void doctor_queue(struct doctor *d)
{
	struct remedy m = {.kind = REMEDY_NONE};
	struct error error;
	struct buf path;
	struct spool *s;

	if (doctor_keeps_nothing(d)) {
		doctor_ok(d, "\"queue off\": what cannot be sent at once is not kept");
		return;
	}
	s = doctor_open_spool(d, true, &error);
	if (!s) {
		if (strstr(error.text, "move it out of the way"))
			m = d->account.queue_dir
				    ? remedy_line("queue_dir ~/.pennypost")
				    : remedy_do("move that file out of the way: a directory "
						"belongs there");
		else if (error.number == EROFS || error.number == EACCES ||
			 error.number == ENOENT)
			m = remedy_line("queue_dir ~/.pennypost");
		doctor_fail_error(d, &error,
				  error.number == EROFS || error.number == EPERM ? &m : NULL);
		return;
	}
	buf_init(&path, REMEDY_MAX);
	if (faccessat(spool_fd(s), ".", W_OK | X_OK, AT_EACCESS) == 0) {
		doctor_judge_room(d, s);
	} else if (errno == EROFS) {
		m = remedy_command("mount -o remount,rw %s",
				   remedy_quote(&path, spool_path(s)));
		doctor_fail(d, 78, &m, "%s is on a file system that cannot be written",
			    spool_path(s));
	} else {
		m = remedy_command("chmod 700 %s", remedy_quote(&path, spool_path(s)));
		doctor_fail(d, 78, &m, "%s cannot be written: %s", spool_path(s),
			    strerror(errno));
	}
	buf_clear(&path);
	spool_free(s);
}

/* Relays that are left alone for a while, because they failed. */
static void doctor_warn_of_relays(struct doctor *d, struct spool *s)
{
	const struct remedy m = remedy_command("pennypost -q");
	int64_t now = time(NULL);
	struct health h;

	health_load(&h, s);
	for (size_t i = 0; i < h.count; i++)
		if (h.relays[i].next > now)
			doctor_warn(
				d, &m,
				"the relay of account %s is left alone after %u failures: %s",
				h.relays[i].account, h.relays[i].failures,
				h.relays[i].text ? h.relays[i].text : "");
	health_clear(&h);
}

/* The first entry in that state, for a command. */
static bool doctor_first_entry(struct spool *s, enum entry_state state,
			       char id[SPOOL_ID_MAX + 1])
{
	struct spool_list list = {0};
	struct error ignored;
	bool found = false;

	if (spool_list(s, &list, &ignored) == 0)
		for (size_t i = 0; i < list.count && !found; i++)
			if (list.items[i].state == state) {
				memcpy(id, list.items[i].id, SPOOL_ID_MAX + 1);
				found = true;
			}
	spool_list_clear(&list);
	return found;
}

static void doctor_judge_backlog(struct doctor *d, struct spool *s, const struct queue_tally *t)
{
	struct remedy m = remedy_do("mailq shows it");
	char id[SPOOL_ID_MAX + 1];
	struct buf words;

	buf_init(&words, 1024);
	queue_tally_words(&words, t);
	if (t->damaged > 0 && doctor_first_entry(s, ENTRY_BAD, id))
		m = remedy_command("pennypost --remove %s", id);
	else if (t->dead > 0 && doctor_first_entry(s, ENTRY_DEAD, id))
		m = remedy_command("pennypost --remove %s", id);
	else if (t->oldest > DOCTOR_OLD)
		m = remedy_command("pennypost -q");
	if (t->damaged > 0 || t->dead > 0)
		doctor_warn(d, &m, "%s: look at it with pennypost --show %s, then remove it",
			    words.data, id);
	else if (t->oldest > DOCTOR_OLD)
		doctor_warn(d, &m, "%s", words.data);
	else
		doctor_ok(d, "%s", words.data);
	buf_clear(&words);
}

void doctor_backlog(struct doctor *d)
{
	struct queue_tally t = {0};
	struct error error;
	struct spool *s = doctor_keeps_nothing(d) ? NULL : doctor_open_spool(d, false, &error);

	if (!s) {
		doctor_ok(d, "nothing waits");
		return;
	}
	if (queue_tally_take(d->x, s, &t, &error)) {
		doctor_fail_error(d, &error, NULL);
	} else {
		doctor_warn_of_relays(d, s);
		doctor_judge_backlog(d, s, &t);
	}
	spool_free(s);
}

/* Whether somebody makes a pass, or waits to make one. */
static bool doctor_has_runner(struct spool *s)
{
	struct error ignored;
	bool found = spool_lock(s, SPOOL_LOCK_RUN, &ignored) == 0 ||
		     spool_lock(s, SPOOL_LOCK_WAIT, &ignored) == 0;

	spool_unlock(s, SPOOL_LOCK_RUN);
	spool_unlock(s, SPOOL_LOCK_WAIT);
	return found;
}

static bool doctor_in_crontab(void)
{
	static const char *const words[] = {"crontab", "-l", NULL};
	struct error ignored;
	struct buf lines;
	bool found;

	buf_init(&lines, DOCTOR_CRONTAB_MAX);
	found = process_capture_words(words, secret_environment, DOCTOR_CRONTAB_TIME, &lines,
				      &ignored) == 0 &&
		(strstr(lines.data, "pennypost -q") || strstr(lines.data, "sendmail -q"));
	buf_clear(&lines);
	return found;
}

/* What runs the queue from time to time; NULL: nothing that can be seen from here. */
static const char *doctor_timer(void)
{
	static const char *const files[] = {
		"/etc/systemd/system/timers.target.wants/pennypost-queue.timer",
		"/etc/systemd/user/timers.target.wants/pennypost-queue.timer",
		"/etc/cron.d/pennypost",
	};
	static const char own[] = "systemd/user/timers.target.wants/pennypost-queue.timer";
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	struct buf path;
	bool found;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (faccessat(AT_FDCWD, files[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return files[i];
	buf_init(&path, 4096);
	buf_printf(&path, "%s%s/%s", xdg ? xdg : home ? home : "", xdg ? "" : "/.config", own);
	found = faccessat(AT_FDCWD, path.data, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	buf_clear(&path);
	return found ? "a timer of the user's systemd" : doctor_in_crontab() ? "crontab" : NULL;
}

static struct remedy doctor_timer_remedy(void)
{
	if (access("/run/systemd/system", F_OK) == 0 &&
	    access("/usr/lib/systemd/user/pennypost-queue.timer", F_OK) == 0)
		return remedy_command("systemctl %s enable --now pennypost-queue.timer",
				      getuid() == 0 ? "--system" : "--user");
	return remedy_command(
		"(crontab -l; echo '*/5 * * * * pennypost -q --due 2>/dev/null') | "
		"crontab -");
}

void doctor_runner(struct doctor *d)
{
	struct error error;
	struct spool *s = doctor_keeps_nothing(d) ? NULL : doctor_open_spool(d, false, &error);
	const struct remedy m = doctor_timer_remedy();
	struct queue_tally t = {0};
	const char *timer;

	if (!s) {
		doctor_ok(d, "none is needed");
		return;
	}
	timer = doctor_timer();
	if (timer)
		doctor_ok(d, "the queue is run by %s", timer);
	else if (doctor_has_runner(s))
		doctor_ok(d, "one is at work");
	else if (queue_tally_take(d->x, s, &t, &error) == 0 && t.waiting > 0)
		doctor_warn(d, &m, "nobody runs the queue, and %" PRIu64 " wait in it",
			    t.waiting);
	else
		doctor_ok(d,
			  "who queues a message starts one, for a quarter of an hour; nothing "
			  "runs the queue later");
	spool_free(s);
}
