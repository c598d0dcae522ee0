/* Process hygiene and children: see process.h. */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

/* The command that is waited for, 0: none. */
static volatile sig_atomic_t process_waited;

/* What process_clean() leaves open for process_take_spared(). */
static int process_spared = -1;

void process_spare(int fd)
{
	process_spared = fd;
}

int process_take_spared(int fd)
{
	if (fd < 0 || process_spared != fd) {
		errno = EBADF;
		return -1;
	}
	process_spared = -1;
	return fd;
}

/* Closes everything from keep up but the spared ones. */
static void process_close(int keep, const int *spared, size_t count)
{
	int last = process_spared >= keep ? process_spared : keep - 1;

	for (size_t i = 0; i < count; i++)
		if (spared[i] > last)
			last = spared[i];
	for (int fd = keep; fd <= last; fd++) {
		bool spare = fd == process_spared;

		for (size_t i = 0; i < count; i++)
			spare = spare || spared[i] == fd;
		if (spare)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		else
			close(fd);
	}
	closefrom(last + 1);
}

void process_clean(int keep, const int *spared, size_t count)
{
	bool closed = fcntl(STDIN_FILENO, F_GETFD) < 0;
	sigset_t none;
	int fd;

	/* The lowest free descriptor is handed out first, so this fills the gaps among 0 to 2.
	 * A standard input that was closed is no empty one: reading it must fail. */
	do {
		fd = open("/dev/null", closed ? O_WRONLY : O_RDWR);
		closed = false;
	} while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
	if (process_spared < keep || fcntl(process_spared, F_GETFD) < 0)
		process_spared = -1;
	process_close(keep, spared, count);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	umask(077);
}

/* Whether "NAME=value" is the variable of that name. */
static bool process_is_called(const char *variable, const char *name)
{
	size_t len = strlen(name);

	return strncmp(variable, name, len) == 0 && variable[len] == '=';
}

/* The environment of a child: ours without the hidden names. The strings stay ours. */
static char **process_environment(const char *const hidden[])
{
	size_t count = 0;
	size_t kept = 0;
	char **copy;

	while (environ[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++) {
		bool hide = false;

		for (size_t k = 0; hidden[k]; k++)
			hide = hide || process_is_called(environ[i], hidden[k]);
		if (!hide)
			copy[kept++] = environ[i];
	}
	return copy;
}

/* exec(3) changes none of its words, and says so nowhere. */
static char *const *process_words(const char *const words[])
{
	union {
		const char *const *ours;
		char *const *theirs;
	} u = {.ours = words};

	return u.theirs;
}

/* In the child: becomes the program, with default signals and these as its standard input and
 * output, -1: /dev/null; so is a standard error that is closed on exec. Returns with errno when
 * it does not. */
static void process_execute(char *const argv[], char **environment, int input, int output)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	if (fcntl(STDERR_FILENO, F_GETFD) & FD_CLOEXEC)
		dup2(null, STDERR_FILENO);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	if (dup2(input < 0 ? null : input, STDIN_FILENO) < 0 ||
	    dup2(output < 0 ? null : output, STDOUT_FILENO) < 0)
		return;
	environ = environment;
	execvp(argv[0], argv);
}

/* The same of a command, the first of its group, which exits 127 when it does not run. */
static void process_execute_command(char *const argv[], char **environment, int input,
				    int output)
{
	setpgid(0, 0);
	if (argv[0])
		process_execute(argv, environment, input, output);
	_exit(127);
}

/* Reads the child's output until its end. Returns 0; -1 with errno (ETIMEDOUT, EFBIG, ...). */
static int process_read(int fd, int64_t deadline, struct buf *out)
{
	char chunk[4096];
	ssize_t n = 0;

	do {
		int ready = clock_poll(fd, POLLIN, deadline);

		if (ready <= 0) {
			errno = ready == 0 ? ETIMEDOUT : errno;
			n = -1;
			break;
		}
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
		if (buf_failed(out)) {
			errno = EFBIG;
			n = -1;
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	explicit_bzero(chunk, sizeof(chunk));
	return n < 0 ? -1 : 0;
}

/* Waits for the child until the deadline. Returns as waitpid(2) does. */
static pid_t process_await(pid_t pid, int64_t deadline, int *status)
{
	struct timespec pause = {0, 1000000};
	pid_t got;

	*status = 0;
	while ((got = waitpid(pid, status, WNOHANG)) == 0 && clock_left(deadline) > 0) {
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 50000000)
			pause.tv_nsec *= 2;
	}
	return got;
}

bool process_ends(pid_t pid, int64_t milliseconds, int *status)
{
	return process_await(pid, clock_in(milliseconds), status) == pid;
}

/* Waits for the child until the deadline; after it the child and its group are killed. Returns
 * 0, or ETIMEDOUT when that was needed. */
static int process_reap(pid_t pid, int64_t deadline, int *status)
{
	pid_t got = process_await(pid, deadline, status);

	if (got == 0) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		while (waitpid(pid, status, 0) < 0 && errno == EINTR)
			continue;
	}
	process_waited = 0;
	return got == 0 ? ETIMEDOUT : 0;
}

void process_end_waited(void)
{
	pid_t pid = process_waited;

	if (pid <= 0)
		return;
	kill(-pid, SIGTERM);
	kill(pid, SIGTERM);
	kill(-pid, SIGCONT);
}

/* The outcome of a child in words. number is errno of reading its output, 0 when that went
 * well. */
static int process_judge(int status, int number, int64_t milliseconds, struct error *error)
{
	const char *what = "the command";

	if (number == ETIMEDOUT)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s did not end within %lld seconds", what,
				 (long long)(milliseconds / 1000));
	if (number == EFBIG)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s printed too much", what);
	if (number)
		return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, number,
				       "cannot read what %s prints", what);
	if (WIFSIGNALED(status))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s was ended by signal %d",
				 what, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s failed with exit status %d", what, WEXITSTATUS(status));
	return 0;
}

int process_capture(const char *command, const char *const hidden[], int64_t milliseconds,
		    struct buf *out, struct error *error)
{
	const char *const words[] = {"/bin/sh", "-c", command, NULL};

	return process_capture_words(words, hidden, milliseconds, out, error);
}

/* A program with its standard input; -1: /dev/null. */
static int process_capture_from(const char *const words[], const char *const hidden[],
				int input, int64_t milliseconds, struct buf *out,
				struct error *error)
{
	int64_t deadline = clock_in(milliseconds);
	char **environment = process_environment(hidden);
	int ends[2] = {-1, -1};
	int number;
	int status;
	int late;
	pid_t pid;

	if (!environment)
		return error_set_memory(error);
	if (pipe2(ends, O_CLOEXEC) || (pid = fork()) < 0) {
		number = errno;
		free(environment);
		if (ends[0] >= 0) {
			close(ends[0]);
			close(ends[1]);
		}
		return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, number,
				       "cannot run a command");
	}
	if (pid == 0)
		process_execute_command(process_words(words), environment, input, ends[1]);
	process_waited = pid;
	free(environment);
	close(ends[1]);
	number = process_read(ends[0], deadline, out) ? errno : 0;
	close(ends[0]);
	late = process_reap(pid, number ? clock_now() : deadline, &status);
	if (!number)
		number = late;
	return process_judge(status, number, milliseconds, error);
}

int process_capture_words(const char *const words[], const char *const hidden[],
			  int64_t milliseconds, struct buf *out, struct error *error)
{
	return process_capture_from(words, hidden, -1, milliseconds, out, error);
}

int process_feed_words(const char *const words[], const char *const hidden[], struct span input,
		       int64_t milliseconds, struct error *error)
{
	int ends[2] = {-1, -1};
	struct buf ignored;
	int result;

	if (input.len > PROCESS_FEED_MAX)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "there is too much to be said to a command");
	if (pipe2(ends, O_CLOEXEC))
		return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
				       "cannot run a command");
	/* An empty pipe has room for it. */
	result = file_write_all(ends[1], input.data, input.len);
	close(ends[1]);
	buf_init(&ignored, 64 * 1024);
	if (result)
		error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
				"cannot write to a command");
	else
		result = process_capture_from(words, hidden, ends[0], milliseconds, &ignored,
					      error);
	close(ends[0]);
	buf_clear(&ignored);
	return result;
}

/* The environment of a job. The strings are borrowed. */
static char **process_job_environment(const struct process_job *job)
{
	size_t count = 0;
	size_t made = 0;
	char **all;

	while (job->kept[count])
		count++;
	all = calloc(count + 2, sizeof(*all));
	for (size_t i = 0; all && i < count; i++)
		for (char **at = environ; *at; at++)
			if (process_is_called(*at, job->kept[i])) {
				all[made++] = *at;
				break;
			}
	if (all && job->extra)
		all[made] = job->extra;
	return all;
}

/* The words of a command and a NULL, in one allocation with them. */
static char **process_split(const char *command)
{
	size_t len = strlen(command);
	char **argv = calloc(len / 2 + 2, sizeof(*argv) + 2);
	char *text = argv ? (char *)(argv + len / 2 + 2) : NULL;
	size_t count = 0;

	if (!argv)
		return NULL;
	memcpy(text, command, len + 1);
	for (char *word = text; *word;) {
		word += strspn(word, " \t");
		if (*word)
			argv[count++] = word;
		word += strcspn(word, " \t");
		if (*word)
			*word++ = '\0';
	}
	return argv;
}

int process_run(const struct process_job *job, int64_t milliseconds, struct error *error)
{
	int64_t deadline = clock_in(milliseconds);
	char **environment = process_job_environment(job);
	char **argv = process_split(job->command);
	int number = 0;
	int status = 0;
	pid_t pid = -1;

	if (environment && argv) {
		pid = fork();
		number = errno;
		if (pid == 0)
			process_execute_command(argv, environment, job->input, -1);
		process_waited = pid > 0 ? pid : 0;
	}
	free(environment);
	free(argv);
	if (pid < 0)
		return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG,
				       number ? number : ENOMEM, "cannot run a command");
	number = process_reap(pid, deadline, &status);
	return process_judge(status, number, milliseconds, error);
}

/* What programs such as ssh(1) look at. */
static const char *const process_start_kept[] = {"PATH",
						 "HOME",
						 "USER",
						 "LOGNAME",
						 "SHELL",
						 "LANG",
						 "LC_ALL",
						 "LC_CTYPE",
						 "TERM",
						 "TZ",
						 "TMPDIR",
						 "DISPLAY",
						 "XAUTHORITY",
						 "SSH_AUTH_SOCK",
						 "SSH_ASKPASS",
						 "KRB5CCNAME",
						 "XDG_RUNTIME_DIR",
						 "WAYLAND_DISPLAY",
						 NULL};

/* In the child: becomes the program, or says through the pipe why not. */
static void process_execute_or_tell(char *const argv[], char **environment, int fd, int report)
{
	int number;

	process_execute(argv, environment, fd, fd);
	number = errno;
	while (write(report, &number, sizeof(number)) < 0 && errno == EINTR)
		continue;
	_exit(127);
}

int process_start(char *const argv[], int fd, pid_t *pid)
{
	const struct process_job job = {.kept = process_start_kept};
	char **environment = process_job_environment(&job);
	int ends[2] = {-1, -1};
	int number = 0;
	ssize_t got;

	*pid = -1;
	if (!environment || pipe2(ends, O_CLOEXEC) || (*pid = fork()) < 0)
		number = errno;
	if (*pid == 0)
		process_execute_or_tell(argv, environment, fd, ends[1]);
	free(environment);
	if (ends[1] >= 0)
		close(ends[1]);
	/* The pipe closes when the program begins, or tells errno. */
	while (!number && (got = read(ends[0], &number, sizeof(number))) != 0)
		if (got < 0 && errno != EINTR)
			number = errno;
	if (ends[0] >= 0)
		close(ends[0]);
	if (number && *pid > 0)
		process_stop(*pid, 1000);
	errno = number;
	return number ? -1 : 0;
}

void process_stop(pid_t pid, int64_t milliseconds)
{
	int status;

	process_reap(pid, clock_in(milliseconds), &status);
}

int process_ask(struct process_question *q, void (*work)(void *context, int fd), void *context,
		int64_t deadline)
{
	int left = clock_left(deadline);
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	*q = (struct process_question){.pid = fork(), .fd = ends[0], .deadline = deadline};
	if (q->pid == 0) {
		/* Should we be killed, nobody else ends it. */
		signal(SIGALRM, SIG_DFL);
		if (left >= 0)
			alarm((unsigned)left / 1000 + 1);
		work(context, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	if (q->pid < 0)
		close(ends[0]);
	return q->pid < 0 ? -1 : 0;
}

int process_answer(struct process_question *q, struct buf *out)
{
	int number = process_read(q->fd, q->deadline, out) ? errno : 0;

	close(q->fd);
	if (number)
		kill(q->pid, SIGKILL);
	while (waitpid(q->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	errno = number;
	return number ? -1 : 0;
}

/* The groups of a user whom the system knows; of any other none. Returns 0 or -1 with errno. */
static int process_take_groups(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);
	gid_t group = user ? user->pw_gid : PROCESS_NO_GROUP;

	if (user ? initgroups(user->pw_name, group) : setgroups(0, NULL))
		return -1;
	return setresgid(group, group, group);
}

void process_detach(void)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	setsid();
}

int process_become(uid_t uid, struct error *error)
{
	if (process_take_groups(uid) || setresuid(uid, uid, uid))
		return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
				       "cannot become user %lu", (unsigned long)uid);
	if (geteuid() != uid || (uid != 0 && setuid(0) == 0))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "cannot become user %lu for good", (unsigned long)uid);
	return 0;
}
