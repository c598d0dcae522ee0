/* Children for queues: see run_users.h. */
#include "cmd/run_users.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "queue/spool.h"

enum {
	USERS_AT_ONCE = 16, /* children that have just begun */
	USERS_YOUNG = 30,   /* seconds that this is so */
	USERS_MOST = 256,   /* children at all */
	USERS_LOOK = 5,     /* seconds between looks at the directories */
	USERS_LATER = 900,  /* seconds to another pass while others are at theirs */
	USERS_PATH_MAX = 4096
};

/* One queue below SPOOL_SYSTEM_DIR, or our own. */
struct run_user {
	uid_t uid;
	char *path;              /* NULL: our own, wherever that is */
	pid_t pid;               /* 0: nobody is at it */
	int from;                /* where the child says when it is due */
	int64_t due;             /* seconds; 0: he has had no pass yet */
	int64_t begun;           /* when the last child was started, in seconds */
	int64_t ended;           /* when the last child did, in seconds */
	bool seen;               /* the directory is there */
	struct timespec changed; /* the directory, when the child began */
	struct timespec present;
};

struct run_all {
	struct context *x;
	const struct run_own *own;
	struct run_user *users;
	size_t count;
	size_t active;
	sigset_t children; /* SIGCHLD alone, which is blocked but for waiting */
	int code;
	bool hopeless; /* our own configuration cannot be read, from the start */
};

/* The user's environment instead of root's: his home, and what says where the relay is. */
static int run_take_environment(uid_t uid)
{
	static const char *const kept[] = {"PATH", "TZ", "PENNYPOST_RELAY",
					   "PENNYPOST_PASSWORD_FILE", "CREDENTIALS_DIRECTORY"};
	enum { KEPT = sizeof(kept) / sizeof(kept[0]) };
	static char *none[1];
	const struct passwd *user = getpwuid(uid);
	char *values[KEPT] = {0};
	int failed = 0;

	for (size_t i = 0; i < KEPT; i++)
		values[i] = getenv(kept[i]) ? strdup(getenv(kept[i])) : NULL;
	environ = none;
	for (size_t i = 0; i < KEPT; i++) {
		if (values[i])
			failed |= setenv(kept[i], values[i], 1);
		free(values[i]);
	}
	if (user)
		failed |= setenv("HOME", user->pw_dir, 1) | setenv("USER", user->pw_name, 1) |
			  setenv("LOGNAME", user->pw_name, 1);
	return failed;
}

/* In the child: becomes the user, does the work, and says when it is due again. */
static void run_be_user(struct run_all *all, const struct run_user *u, int to)
{
	struct run_own own = *all->own;
	struct context *x = all->x;
	struct error error;
	int code;

	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &all->children, NULL);
	for (size_t i = 0; i < all->count; i++)
		if (all->users[i].pid > 0)
			close(all->users[i].from);
	own.spool_dir = u->path;
	if (u->due > 0)
		own.now = false;
	if (u->path) {
		own.every = 0;
		own.behind = false; /* others wait for the place */
		/* What he has run must not be able to type on root's terminal, nor to read what
		 * root types there. */
		setsid();
		fcntl(STDERR_FILENO, F_SETFD, FD_CLOEXEC);
		/* Words of root's command line are not for others. */
		x->options.config_file = x->options.account = NULL;
		x->options.setting_count = 0;
		error_set(&error, ERROR_LOCAL, STAGE_CONFIG,
			  "cannot make an environment for it");
		if (run_take_environment(u->uid) || chdir("/") ||
		    process_become(u->uid, &error)) {
			error_prefix(&error, "queue %s", u->path);
			context_complain(x, error.text);
			_exit(EX_OSERR);
		}
	}
	code = run_own(x, &own);
	if (file_write_all(to, &own.due, sizeof(own.due)))
		code = EX_OSERR;
	context_clear(x);
	_exit(code);
}

static void run_start_user(struct run_all *all, struct run_user *u)
{
	int ends[2];

	fflush(NULL);
	/* Never waited for: a worker that outlives the child holds the other end, too. */
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return;
	u->changed = u->present;
	u->begun = time(NULL);
	u->pid = fork();
	if (u->pid == 0) {
		close(ends[0]);
		run_be_user(all, u, ends[1]);
	}
	close(ends[1]);
	if (u->pid < 0) {
		close(ends[0]);
		u->pid = 0;
		return;
	}
	u->from = ends[0];
	all->active++;
}

/* Seconds after which another pass is due whatever is known. */
static int run_longest(const struct run_all *all)
{
	return all->own->every ? all->own->every : USERS_LATER;
}

/* A child has ended. */
static void run_end_user(struct run_all *all, struct run_user *u, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
	int64_t now = time(NULL);
	int64_t latest = now + run_longest(all);
	int64_t due = 0;

	/* Our own child looks after what is due itself, until the next round. */
	if (!u->path && all->own->every)
		latest = u->begun + all->own->every;
	all->hopeless |= !u->path && u->due == 0 && code == EX_CONFIG;
	if (read(u->from, &due, sizeof(due)) != (ssize_t)sizeof(due))
		due = 0;
	close(u->from);
	u->pid = 0;
	u->due = due > 0 && due < latest && (u->path || !all->own->every) ? due : latest;
	u->ended = now;
	all->active--;
	if (all->code == EX_OK)
		all->code = code;
}

/* Takes the children that have ended. */
static void run_reap(struct run_all *all)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < all->count; i++)
			if (all->users[i].pid == pid)
				run_end_user(all, &all->users[i], status);
}

static struct run_user *run_find_user(struct run_all *all, uid_t uid, const char *path)
{
	struct run_user *grown;
	char *copy;

	for (size_t i = 0; i < all->count; i++)
		if (all->users[i].uid == uid && !all->users[i].path == !path)
			return &all->users[i];
	grown = reallocarray(all->users, all->count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	all->users = grown;
	copy = path ? strdup(path) : NULL;
	if (path && !copy)
		return NULL;
	grown[all->count] = (struct run_user){.uid = uid, .path = copy};
	return &grown[all->count++];
}

/* A name below SPOOL_SYSTEM_DIR: a number, and a directory of that user. Nothing is opened. */
static void run_see(struct run_all *all, int parent, const char *name)
{
	char path[USERS_PATH_MAX];
	struct run_user *u;
	struct stat st;
	uid_t uid;

	if (!spool_is_user(name, &uid) || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISDIR(st.st_mode) || st.st_uid != uid)
		return;
	snprintf(path, sizeof(path), "%s/%s", SPOOL_SYSTEM_DIR, name);
	u = run_find_user(all, uid, path);
	if (!u)
		return;
	u->seen = true;
	u->present = st.st_mtim;
}

static void run_see_all(struct run_all *all)
{
	DIR *parent = geteuid() == 0 ? opendir(SPOOL_SYSTEM_DIR) : NULL;
	const struct dirent *entry;
	struct run_user *own = run_find_user(all, geteuid(), NULL);

	for (size_t i = 0; i < all->count; i++)
		all->users[i].seen = false;
	if (own)
		own->seen = true;
	while (parent && (entry = readdir(parent)) != NULL)
		run_see(all, dirfd(parent), entry->d_name);
	if (parent)
		closedir(parent);
}

/* Seconds between looks while nobody is at work, and between passes for one user. */
static int run_look(const struct run_all *all)
{
	return all->own->every && all->own->every < USERS_LOOK ? 1 : USERS_LOOK;
}

/* Whether it is somebody's turn: his first, or when something is due or new; but not again and
 * again, whatever he does to his directory. */
static bool run_is_due(const struct run_all *all, const struct run_user *u)
{
	int64_t now = time(NULL);

	if (!u->seen || u->pid || u->due == 0)
		return u->seen && !u->pid;
	if (u->ended <= now && u->ended + run_look(all) > now)
		return false;
	/* A clock that was set back delays nobody. */
	return u->due <= now || u->due > now + run_longest(all) ||
	       timespeccmp(&u->present, &u->changed, !=);
}

/* How many children may be started now. Those that take long, as with a slow relay, take no
 * place from the others, as long as there are not too many of them. */
static size_t run_places(const struct run_all *all)
{
	int64_t now = time(NULL);
	size_t young = 0;

	for (size_t i = 0; i < all->count; i++)
		young += all->users[i].pid && all->users[i].begun <= now &&
			 now - all->users[i].begun < USERS_YOUNG;
	if (young >= USERS_AT_ONCE || all->active >= USERS_MOST)
		return 0;
	return USERS_AT_ONCE - young;
}

static void run_start_due(struct run_all *all)
{
	size_t places = run_places(all);

	for (size_t i = 0; i < all->count && places > 0; i++)
		if (run_is_due(all, &all->users[i])) {
			run_start_user(all, &all->users[i]);
			places--;
		}
}

/* Whether somebody has still to get his one pass. */
static bool run_is_left(const struct run_all *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->users[i].seen && all->users[i].due == 0)
			return true;
	return false;
}

static void run_hear(int number)
{
	(void)number;
}

/* From now on the end of a child waits to be taken by run_pause(). */
static void run_listen(sigset_t *children)
{
	struct sigaction action = {.sa_handler = run_hear};

	sigemptyset(&action.sa_mask);
	sigaction(SIGCHLD, &action, NULL);
	sigemptyset(children);
	sigaddset(children, SIGCHLD);
	sigprocmask(SIG_BLOCK, children, NULL);
}

/* Waits for a child's end or a signal, for a while at the most. */
static void run_pause(const struct run_all *all)
{
	const struct timespec pause = {run_look(all), 0};

	sigtimedwait(&all->children, NULL, &pause);
}

/* A pass for each. As long as the last of them is at work, all others are looked after: one
 * user with many messages, a slow relay or a stopped process must not keep them waiting. */
static void run_once(struct run_all *all)
{
	do {
		run_see_all(all);
		run_start_due(all);
		if (all->active > 0 || run_is_left(all))
			run_pause(all);
		run_reap(all);
	} while (!*all->own->stop && (all->active > 0 || run_is_left(all)));
}

static void run_for_ever(struct run_all *all)
{
	while (!*all->own->stop && !all->hopeless) {
		run_see_all(all);
		run_start_due(all);
		run_pause(all);
		run_reap(all);
	}
}

int run_users(struct context *x, const struct run_own *own)
{
	struct run_all all = {.x = x, .own = own};

	run_listen(&all.children);
	if (own->every)
		run_for_ever(&all);
	else
		run_once(&all);
	for (size_t i = 0; i < all.count; i++)
		if (all.users[i].pid) {
			kill(all.users[i].pid, SIGTERM);
			kill(all.users[i].pid, SIGCONT);
		}
	while (all.active > 0) {
		run_reap(&all);
		if (all.active > 0)
			run_pause(&all);
	}
	for (size_t i = 0; i < all.count; i++)
		free(all.users[i].path);
	free(all.users);
	return own->every && !all.hopeless ? EX_OK : all.code;
}
