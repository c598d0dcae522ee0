/*
 * Runs a program under ptrace(2) and kills it, or makes one of its calls fail, at a chosen
 *point.
 *
 *	trace -d FOLDER -w WATCHED [-k N [-o]] [-e N:ERRNO[+]] [-f CALL:ERRNO] [-as] [-l
 *SECONDS]
 *	      -- PROGRAM ARGUMENT...
 *
 * The points are the system calls, of the program and all that it forks, that leave something
 * behind outside the process (calls.h); with -a all, with -s those alone that concern the
 * folder WATCHED. They are counted from 1 and written to FOLDER/points, what becomes of WATCHED
 * to FOLDER/record (record.h), and the program's exit status, or "killed", to FOLDER/status.
 *
 *	-k N         SIGKILL before the N-th, for all; -o: for the process alone that makes it
 *	-e N:ERRNO   the N-th fails with that number; with "+" all from there on
 *	-f CALL:ERRNO  every CALL fails: openat means O_TMPFILE, linkat a link from /proc, read
 *one of standard input
 *
 * It ends when all of the program's processes have, at the latest after SECONDS (30): then they
 * are killed and the status is "late". A process that means to sleep for two seconds or more is
 * killed as well ("slept"): the tests do not wait for it.
 */
#include <elf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "record.h"

enum { TASKS_MAX = 256 };

struct task {
	pid_t pid;
	int fail; /* the call it is in fails with this errno */
};

struct plan {
	const char *folder, *watched;
	long kill_at, fail_at;
	int error;      /* of fail_at */
	bool fail_more; /* and of those behind it */
	bool only_one, all_calls, watched_only;
	const char *fail_call; /* -f */
	int fail_call_error;
	struct record *record;
	FILE *points;
	long point;
	pid_t first;
	struct task tasks[TASKS_MAX];
	char status[32];
	bool is_over; /* whoever turns up now is killed as well */
};

static volatile sig_atomic_t is_late;

static void be_late(int number)
{
	(void)number;
	is_late = 1;
}

static struct task *find_task(struct plan *p, pid_t pid)
{
	for (size_t i = 0; i < TASKS_MAX; i++) {
		if (p->tasks[i].pid == pid)
			return &p->tasks[i];
	}
	return NULL;
}

static struct task *add_task(struct plan *p, pid_t pid)
{
	struct task *t = find_task(p, 0);

	if (t == NULL)
		errx(1, "too many processes");
	*t = (struct task){.pid = pid};
	return t;
}

static void kill_all(struct plan *p, const char *why)
{
	for (size_t i = 0; i < TASKS_MAX; i++) {
		if (p->tasks[i].pid != 0)
			kill(p->tasks[i].pid, SIGKILL);
	}
	p->is_over = true;
	if (p->status[0] == '\0')
		snprintf(p->status, sizeof p->status, "%s", why);
}

/* The registers of a stopped task: the number of its call is taken away at its beginning, so
 * that nothing happens, and the result set at its end. */
static void change_call(pid_t pid, bool begins, long value)
{
	struct user_regs_struct regs;
	struct iovec io = {&regs, sizeof regs};

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &io) < 0)
		return;
#if defined(__x86_64__)
	*(begins ? &regs.orig_rax : &regs.rax) = (unsigned long long)value;
#elif defined(__aarch64__)
	if (begins) {
		int none = (int)value;
		struct iovec number = {&none, sizeof none};

		ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &number);
		return;
	}
	regs.regs[0] = (unsigned long long)value;
#else
	errx(1, "cannot make calls fail on this machine");
#endif
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &io);
}

/* Whether the call is one that -f forbids. */
static bool is_forbidden(const struct plan *p, const struct called *c)
{
	char from[64] = "";
	struct iovec to = {from, sizeof from - 1};
	struct iovec at;

	if (p->fail_call == NULL || c->call == NULL || strcmp(p->fail_call, c->call->name) != 0)
		return false;
	if (c->call->number == SYS_openat)
		return (call_open_flags(c) & O_TMPFILE) == O_TMPFILE &&
		       call_is_below(c, p->watched);
	if (c->call->kind == CALL_READ)
		return c->arguments[0] == STDIN_FILENO;
	if (c->call->number != SYS_linkat)
		return true;
	at = (struct iovec){(void *)(uintptr_t)c->arguments[1], sizeof from - 1};
	if (process_vm_readv(c->pid, &to, 1, &at, 1, 0) < 6)
		at.iov_len = 0;
	return strncmp(from, "/proc/", 6) == 0 || from[0] == '\0';
}

/* Lets a task go on to the end of the call it is in, and no other task meanwhile. Returns what
 * waitpid(2) says of it, or -1 when it is gone. */
static int finish_call(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SYSCALL, pid, 0, 0) < 0)
		return -1;
	while (waitpid(pid, &status, __WALL) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return status;
}

/* What a call that has ended did to the watched folder. */
static void note_call(struct plan *p, const struct called *c, bool failed)
{
	if (failed || !call_is_below(c, p->watched))
		return;
	if (c->call->kind == CALL_NAMES || c->call->kind == CALL_OPEN)
		record_names(p->record);
	else if (c->call->kind == CALL_SYNC)
		record_synced(p->record, c->pid, (int)c->arguments[0]);
}

static bool is_sleep(const struct __ptrace_syscall_info *info, pid_t pid)
{
	long number = (long)info->entry.nr;
	struct timespec wait = {0, 0};
	struct iovec to = {&wait, sizeof wait}, from = {NULL, sizeof wait};

#ifdef SYS_poll
	if (number == SYS_poll)
		return info->entry.args[1] == 0 && (int)info->entry.args[2] >= 2000;
#endif
	if (number == SYS_ppoll && info->entry.args[1] == 0)
		from.iov_base = (void *)(uintptr_t)info->entry.args[2];
#ifdef SYS_nanosleep
	else if (number == SYS_nanosleep)
		from.iov_base = (void *)(uintptr_t)info->entry.args[0];
#endif
	else if (number == SYS_clock_nanosleep)
		from.iov_base = (void *)(uintptr_t)info->entry.args[2];
	else
		return false;
	return process_vm_readv(pid, &to, 1, &from, 1, 0) == sizeof wait && wait.tv_sec >= 2;
}

/* Whether others can see it: the peer, or who looks into the folder. The end of a connection is
 * seen by the peer, that of a file by its lock; what is done to other files matters to nobody.
 */
static bool is_seen(const struct plan *p, const struct called *c)
{
	if (c->target[0] == '/')
		return call_is_below(c, p->watched);
	return c->call->kind != CALL_CLOSE || strncmp(c->target, "socket:", 7) == 0;
}

/* Whether this call is the next point; writes it down. */
static bool is_point(struct plan *p, const struct called *c, bool leaves, long number)
{
	if (p->watched_only ? !leaves || !call_is_below(c, p->watched)
			    : !leaves && !p->all_calls)
		return false;
	p->point++;
	fprintf(p->points, "%ld %d ", p->point, (int)c->pid);
	if (leaves)
		fprintf(p->points, "%s %s\n", c->call->name, c->target);
	else
		fprintf(p->points, "call %ld\n", number);
	return true;
}

/* The beginning of a call. Returns the waitpid(2) status of the task's next stop when it has
 * come already, else 0: it is to go on. */
static int begin_call(struct plan *p, struct task *t, const struct __ptrace_syscall_info *info)
{
	struct called c = {.pid = t->pid};
	bool leaves =
		call_look(&c, t->pid, (long)info->entry.nr, info->entry.args) && is_seen(p, &c);
	struct __ptrace_syscall_info after;
	int status;

	if (is_point(p, &c, leaves, (long)info->entry.nr)) {
		if (p->point == p->kill_at && p->only_one) {
			kill(t->pid, SIGKILL);
			if (t->pid == p->first)
				snprintf(p->status, sizeof p->status, "killed");
			return 0;
		}
		if (p->point == p->kill_at) {
			kill_all(p, "killed");
			return 0;
		}
		if (p->point == p->fail_at ||
		    (p->fail_more && p->fail_at > 0 && p->point > p->fail_at))
			t->fail = p->error;
	}
	if (is_forbidden(p, &c))
		t->fail = p->fail_call_error;
	if (t->fail != 0)
		change_call(t->pid, true, -1);
	else if (is_sleep(info, t->pid))
		kill_all(p, "slept");
	if (!leaves || !call_is_quick(&c) || t->fail != 0)
		return 0;
	status = finish_call(t->pid);
	if (status == -1 || !WIFSTOPPED(status) || WSTOPSIG(status) != (SIGTRAP | 0x80) ||
	    ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof after, &after) <= 0)
		return status;
	note_call(p, &c, after.exit.is_error);
	return status;
}

/* One stop of a task, as waitpid(2) told it; lets it go on. */
static void handle_stop(struct plan *p, struct task *t, int status)
{
	struct __ptrace_syscall_info info;
	int signal_number = 0;

	if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof info, &info) <= 0)
			return;
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
			status = begin_call(p, t, &info);
			if (status != 0 && !WIFSTOPPED(status))
				return;
		}
		if (t->fail != 0 && info.op == PTRACE_SYSCALL_INFO_EXIT) {
			change_call(t->pid, false, -t->fail);
			t->fail = 0;
		}
	} else if (status >> 16 == 0 && WSTOPSIG(status) != SIGSTOP) {
		signal_number = WSTOPSIG(status);
	}
	ptrace(PTRACE_SYSCALL, t->pid, 0, signal_number);
}

static void handle_end(struct plan *p, struct task *t, int status)
{
	if (t->pid == p->first && p->status[0] == '\0' && WIFEXITED(status))
		snprintf(p->status, sizeof p->status, "%d", WEXITSTATUS(status));
	else if (t->pid == p->first && p->status[0] == '\0')
		snprintf(p->status, sizeof p->status, "signal %d", WTERMSIG(status));
	t->pid = 0;
}

static void follow(struct plan *p)
{
	pid_t pid;
	int status;

	for (;;) {
		struct task *t;

		pid = waitpid(-1, &status, __WALL);
		if (is_late) {
			is_late = 0;
			kill_all(p, "late");
		}
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return;
		t = find_task(p, pid);
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (t != NULL)
				handle_end(p, t, status);
			continue;
		}
		if (t == NULL)
			t = add_task(p, pid);
		if (p->is_over)
			kill(pid, SIGKILL);
		handle_stop(p, t, status);
	}
}

static void start(struct plan *p, char **argv)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		       PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	pid_t pid = fork();
	int status;

	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execvp(argv[0], argv);
		_exit(127);
	}
	p->first = pid;
	add_task(p, pid);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, 0, options) < 0)
		errx(1, "cannot trace");
	ptrace(PTRACE_SYSCALL, pid, 0, 0);
}

static int error_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} table[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT},
		     {"EROFS", EROFS},   {"EMFILE", EMFILE}, {"EOPNOTSUPP", EOPNOTSUPP},
		     {"ENOENT", ENOENT}, {"EACCES", EACCES}, {"ENFILE", ENFILE},
		     {"EPERM", EPERM},   {"EISDIR", EISDIR}, {"EINVAL", EINVAL}};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (strncmp(table[i].name, name, strlen(table[i].name)) == 0)
			return table[i].number;
	}
	errx(2, "%s: not known", name);
}

static void parse(struct plan *p, int argc, char **argv)
{
	unsigned seconds = 30;
	char *colon;
	int c;

	while ((c = getopt(argc, argv, "+d:w:k:oe:f:asl:")) != -1) {
		switch (c) {
		case 'd': p->folder = optarg; break;
		case 'w': p->watched = optarg; break;
		case 'k': p->kill_at = strtonum(optarg, 1, 1000000, NULL); break;
		case 'o': p->only_one = true; break;
		case 'a': p->all_calls = true; break;
		case 's': p->watched_only = true; break;
		case 'l': seconds = (unsigned)strtonum(optarg, 1, 3600, NULL); break;
		case 'e':
		case 'f':
			if ((colon = strchr(optarg, ':')) == NULL)
				errx(2, "%s: POINT:ERRNO", optarg);
			*colon++ = '\0';
			if (c == 'f') {
				p->fail_call = optarg;
				p->fail_call_error = error_number(colon);
			} else {
				p->fail_at = strtonum(optarg, 1, 1000000, NULL);
				p->error = error_number(colon);
				p->fail_more = strchr(colon, '+') != NULL;
			}
			break;
		default: errx(2, "see trace.c");
		}
	}
	if (p->folder == NULL || p->watched == NULL || optind == argc)
		errx(2, "see trace.c");
	alarm(seconds);
}

int main(int argc, char **argv)
{
	static struct plan p;
	struct sigaction late = {.sa_handler = be_late};
	char path[4096];
	FILE *status;

	parse(&p, argc, argv);
	sigaction(SIGALRM, &late, NULL);
	snprintf(path, sizeof path, "%s/points", p.folder);
	if ((p.points = fopen(path, "we")) == NULL)
		err(1, "%s", path);
	p.record = record_new(p.folder, p.watched);
	start(&p, argv + optind);
	follow(&p);
	record_free(p.record);
	snprintf(path, sizeof path, "%s/status", p.folder);
	if (fclose(p.points) != 0 || (status = fopen(path, "we")) == NULL ||
	    fprintf(status, "%s\n", p.status) < 0 || fclose(status) != 0)
		err(1, "%s", path);
	return 0;
}
