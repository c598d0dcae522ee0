/*
 * Runs programs in turn and says what each run cost, for tests/bench/run.
 *
 *	measure [-n ROUNDS] [-i INPUT] [-p] [-s] -- PROGRAM ARGUMENT... [-- PROGRAM
 *ARGUMENT...]...
 *
 * A line for each program: microseconds of CPU (user and system, the median of ROUNDS after one
 * that does not count) and kilobytes of memory at the peak (the most of any round). Its
 *standard input is the file INPUT, with -p a pipe that another process fills from it; standard
 *output goes to /dev/null. With -s each runs once, and its line is the number of system calls
 *behind execve(), and whether GnuTLS was among its libraries at the end ("tls" or "clear").
 *Rounds are interleaved, so that what disturbs the machine disturbs all alike. This program is
 *small, because a child's peak of memory begins with its parent's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PEERS_MAX = 8, ROUNDS_MAX = 10000 };

struct peer {
	char **argv;
	long cpu[ROUNDS_MAX + 1];
	long memory;
};

struct plan {
	int rounds;
	const char *input;
	bool piped;
	bool calls;
	size_t count;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* A pipe into which a child pours the file. */
static int pour(int file, pid_t *writer)
{
	static char block[65536];
	int fds[2];
	ssize_t n;

	if (pipe(fds) < 0 || (*writer = fork()) < 0)
		fail("pipe");
	if (*writer > 0) {
		close(fds[1]);
		close(file);
		return fds[0];
	}
	close(fds[0]);
	while ((n = read(file, block, sizeof(block))) > 0)
		for (ssize_t at = 0, put; at < n; at += put)
			if ((put = write(fds[1], block + at, (size_t)(n - at))) < 0)
				_exit(1);
	_exit(0);
}

static pid_t start(char **argv, int input, bool traced)
{
	pid_t child = traced ? fork() : vfork();

	if (child < 0)
		fail("fork");
	if (child > 0)
		return child;
	if (traced)
		ptrace(PTRACE_TRACEME, 0, 0, 0);
	dup2(input, 0);
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 1);
	execv(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

static void check_status(const struct peer *p, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	fprintf(stderr, "measure: %s ended with status %d\n", p->argv[0],
		WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	exit(1);
}

static long microseconds(struct timeval t)
{
	return t.tv_sec * 1000000L + t.tv_usec;
}

static void run_once(const struct plan *plan, struct peer *p, int round)
{
	int input = open(plan->input, O_RDONLY | O_CLOEXEC);
	struct rusage usage;
	pid_t writer = 0;
	int status;
	pid_t child;

	if (input < 0)
		fail(plan->input);
	if (plan->piped)
		input = pour(input, &writer);
	child = start(p->argv, input, false);
	close(input);
	if (wait4(child, &status, 0, &usage) < 0)
		fail("wait4");
	if (writer > 0)
		waitpid(writer, NULL, 0);
	check_status(p, status);
	p->cpu[round] = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
	if (usage.ru_maxrss > p->memory)
		p->memory = usage.ru_maxrss;
}

static bool maps_gnutls(pid_t child)
{
	char path[64], line[4096];
	bool found = false;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)child);
	maps = fopen(path, "re");
	if (!maps)
		fail(path);
	while (fscanf(maps, "%4095[^\n]%*c", line) == 1)
		found |= strstr(line, "libgnutls") != NULL;
	fclose(maps);
	return found;
}

/* One run, stopping at each system call. */
static void count_calls(const struct plan *plan, const struct peer *p)
{
	int input = open(plan->input, O_RDONLY | O_CLOEXEC);
	pid_t child = start(p->argv, input, true);
	bool entering = true, tls = false;
	long calls = 0;
	int status;

	close(input);
	waitpid(child, &status, 0);
	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXIT);
	while (!WIFEXITED(status) && !WIFSIGNALED(status)) {
		int signal = WSTOPSIG(status);

		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
			tls = maps_gnutls(child);
		if (signal == (SIGTRAP | 0x80)) {
			calls += entering;
			entering = !entering;
		}
		signal = (signal & 0x7f) == SIGTRAP ? 0 : signal;
		ptrace(PTRACE_SYSCALL, child, 0, (long)signal);
		waitpid(child, &status, 0);
	}
	check_status(p, status);
	printf("%ld %s\n", calls, tls ? "tls" : "clear");
}

static int compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static size_t split(char **argv, struct peer *peers)
{
	size_t count = 0;

	for (; *argv; argv++) {
		if (strcmp(*argv, "--") != 0)
			continue;
		*argv = NULL;
		if (count == PEERS_MAX || !argv[1])
			exit(2);
		peers[count++].argv = argv + 1;
	}
	return count;
}

static char **parse(struct plan *plan, char **argv)
{
	for (argv++; *argv && strcmp(*argv, "--") != 0; argv++) {
		if (strcmp(*argv, "-p") == 0)
			plan->piped = true;
		else if (strcmp(*argv, "-s") == 0)
			plan->calls = true;
		else if (strcmp(*argv, "-i") == 0 && argv[1])
			plan->input = *++argv;
		else if (strcmp(*argv, "-n") == 0 && argv[1])
			plan->rounds = (int)strtonum(*++argv, 1, ROUNDS_MAX, NULL);
		else
			exit(2);
	}
	if (!*argv || plan->rounds == 0)
		exit(2);
	return argv;
}

int main(int argc, char *argv[])
{
	static struct peer peers[PEERS_MAX];
	struct plan plan = {.rounds = 1, .input = "/dev/null"};

	(void)argc;
	plan.count = split(parse(&plan, argv), peers);
	if (plan.calls) {
		for (size_t i = 0; i < plan.count; i++)
			count_calls(&plan, &peers[i]);
		return 0;
	}
	for (int round = 0; round <= plan.rounds; round++)
		for (size_t i = 0; i < plan.count; i++)
			run_once(&plan, &peers[i], round);
	for (size_t i = 0; i < plan.count; i++) {
		qsort(peers[i].cpu + 1, (size_t)plan.rounds, sizeof(long), compare);
		printf("%ld %ld\n", peers[i].cpu[1 + plan.rounds / 2], peers[i].memory);
	}
	return 0;
}
