/* Commands whose output is captured: environment, time, size, outcome. */
#include "base/process.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

static const char *const hidden[] = {"HIDDEN", NULL};

static struct error error;

static int run(const char *command, int64_t milliseconds, size_t max, struct buf *out)
{
	buf_init(out, max);
	return process_capture(command, hidden, milliseconds, out, &error);
}

static void output_is_captured_and_names_hidden(void)
{
	struct buf out;

	setenv("HIDDEN", "secret", 1);
	setenv("HIDDEN2", "shown", 1);
	CHECK_INT(run("printf '%s.%s' \"$HIDDEN\" \"$HIDDEN2\"; cat", 10000, 100, &out), 0);
	CHECK_STR(out.data, ".shown");
	buf_clear(&out);
}

static void failures_are_told_apart(void)
{
	struct buf out;

	CHECK_INT(run("echo secret; exit 3", 10000, 100, &out), -1);
	CHECK_STR(error.text, "the command failed with exit status 3");
	buf_clear(&out);
	CHECK_INT(run("kill -TERM $$", 10000, 100, &out), -1);
	CHECK_STR(error.text, "the command was ended by signal 15");
	buf_clear(&out);
	CHECK_INT(run("echo 12345", 10000, 3, &out), -1);
	CHECK_STR(error.text, "the command printed too much");
	buf_clear(&out);
}

static void a_deadline_covers_output_and_end(void)
{
	struct buf out;
	int64_t start = clock_now();

	CHECK_INT(run("sleep 60", 100, 100, &out), -1);
	CHECK_STR(error.text, "the command did not end within 0 seconds");
	buf_clear(&out);
	CHECK_INT(run("exec >&-; sleep 60", 100, 100, &out), -1);
	CHECK_STR(error.text, "the command did not end within 0 seconds");
	buf_clear(&out);
	CHECK(clock_now() - start < 30000);
}

/* In a child, because there is no way back. Returns its exit status. */
static int become(uid_t uid)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		gid_t groups[1];

		if (process_become(uid, &error))
			_exit(error.number == EPERM ? 2 : 3);
		_exit(getuid() == uid && geteuid() == uid && getgid() == PROCESS_NO_GROUP &&
				      getegid() == PROCESS_NO_GROUP &&
				      getgroups(0, groups) == 0 && setuid(0) != 0
			      ? 0
			      : 1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status)
		       ? WEXITSTATUS(status)
		       : -1;
}

static void a_child_becomes_a_user(void)
{
	CHECK_INT(become(54321), getuid() == 0 ? 0 : 2);
}

static char extra[] = "EXTRA=x y";

/* Runs the command with what the file behind it holds. */
static int run_job(const char *command, int64_t milliseconds)
{
	static const char *const kept[] = {"PATH", "HIDDEN2", "MISSING", NULL};
	struct process_job job = {command, kept, extra, -1};
	int ends[2];
	int result;

	if (pipe(ends) || write(ends[1], "input", 5) != 5 || close(ends[1]))
		return -2;
	job.input = ends[0];
	result = process_run(&job, milliseconds, &error);
	close(ends[0]);
	return result;
}

static void a_job_gets_its_words_and_a_clean_environment(void)
{
	char script[] = "/tmp/base-process-XXXXXX";
	static const char text[] =
		"[ \"$1.$2.$#\" = '$HOME;.b*.2' ] && [ \"$(cat)\" = input ] &&\n"
		"[ \"$EXTRA.$HIDDEN.$HIDDEN2.$HOME\" = 'x y..shown.' ]\n";
	char command[100];
	int fd = mkstemp(script);

	CHECK(fd >= 0 && write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1);
	close(fd);
	setenv("HIDDEN", "secret", 1);
	setenv("HIDDEN2", "shown", 1);
	setenv("HOME", "/home/x", 1);
	snprintf(command, sizeof(command), " \tsh  %s $HOME; \t b* ", script);
	CHECK_INT(run_job(command, 10000), 0);
	unlink(script);
}

static void a_job_that_fails_says_so(void)
{
	CHECK_INT(run_job("false", 10000), -1);
	CHECK_STR(error.text, "the command failed with exit status 1");
	CHECK_INT(run_job("/nowhere/x", 10000), -1);
	CHECK_STR(error.text, "the command failed with exit status 127");
	CHECK_INT(run_job(" ", 10000), -1);
	CHECK_STR(error.text, "the command failed with exit status 127");
	CHECK_INT(run_job("sleep 60", 100), -1);
	CHECK_STR(error.text, "the command did not end within 0 seconds");
}

static void a_program_is_fed(void)
{
	const char *const words[] = {"sh", "-c", "read -r line; test \"$line$HIDDEN\" = said",
				     NULL};
	const char *const deaf[] = {"true", NULL};
	const char *const missing[] = {"/nonexistent/program", NULL};
	char large[PROCESS_FEED_MAX + 1];

	memset(large, 'x', sizeof(large));
	setenv("HIDDEN", "secret", 1);
	CHECK_INT(process_feed_words(words, hidden, span_of("said\n"), 10000, &error), 0);
	CHECK_INT(process_feed_words(words, hidden, span_of("else\n"), 10000, &error), -1);
	CHECK_STR(error.text, "the command failed with exit status 1");
	CHECK_INT(process_feed_words(deaf, hidden, (struct span){large, PROCESS_FEED_MAX},
				     10000, &error),
		  0);
	CHECK_INT(process_feed_words(deaf, hidden, (struct span){large, sizeof(large)}, 10000,
				     &error),
		  -1);
	CHECK_INT(process_feed_words(missing, hidden, span_of("said"), 10000, &error), -1);
	CHECK_STR(error.text, "the command failed with exit status 127");
}

int main(void)
{
	TEST_RUN(output_is_captured_and_names_hidden);
	TEST_RUN(failures_are_told_apart);
	TEST_RUN(a_deadline_covers_output_and_end);
	TEST_RUN(a_job_gets_its_words_and_a_clean_environment);
	TEST_RUN(a_job_that_fails_says_so);
	TEST_RUN(a_child_becomes_a_user);
	TEST_RUN(a_program_is_fed);
	return test_done();
}
