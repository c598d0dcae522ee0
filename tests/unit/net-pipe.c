/* Commands: how they are split, and what becomes of them. */
#include "net/pipe.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "test.h"

static struct error error;

static const struct pipe_target target = {"mail.example.org", 465};

/* The words with "|" between, or the error. */
static void splits(const char *command, const struct pipe_target *to, const char *want)
{
	struct strv argv;
	struct buf out;

	buf_init(&out, 10000);
	error = (struct error){0};
	if (pipe_split(command, to, &argv, &error) == 0) {
		for (size_t i = 0; i < argv.count; i++)
			buf_printf(&out, "%s%s", i > 0 ? "|" : "", argv.items[i]);
		strv_clear(&argv);
	} else {
		buf_add_string(&out, error.text);
		CHECK_INT(error_exit_code(&error), 78);
	}
	CHECK_STR(out.data, want);
	buf_clear(&out);
}

static void splits_as_documented(void)
{
	splits("ssh -W %h:%p gate", &target, "ssh|-W|mail.example.org:465|gate");
	splits("  a\t b  ", &target, "a|b");
	splits("a 'b c' \"d e\" f\\ g", &target, "a|b c|d e|f g");
	splits("a'b'\"c\" ''", &target, "abc|");
	splits("a \"\\\"\\\\\" '\\' 100%% '%h'", &target, "a|\"\\|\\|100%|mail.example.org");
	splits("a $HOME `id`;x|y", &target, "a|$HOME|`id`;x|y");
}

/* What is put in is one word, whatever it holds. */
static void never_splits_what_is_put_in(void)
{
	const struct pipe_target odd = {"a b'c", 25};

	splits("x %h %p", &odd, "x|a b'c|25");
}

static void refuses_the_rest(void)
{
	const struct pipe_target nameless = {NULL, 25};

	splits("", &target, "the command of pipe: is empty");
	splits(" ", NULL, "the command of pipe: is empty");
	splits("'' x", NULL, "the command of pipe: is empty");
	splits("a 'b", NULL, "the command of pipe: has a quote that is not closed");
	splits("a b\\", NULL, "the command of pipe: ends in a backslash");
	splits("a %d", NULL, "the command of pipe: has a \"%\" that is not %h, %p or %%");
	splits("a %", NULL, "the command of pipe: has a \"%\" that is not %h, %p or %%");
	splits("a\nb", NULL, "the command of pipe: has a control character");
	splits("a %h", &nameless,
	       "the command of pipe: has a %h, but no \"host\" says what it stands for");
	splits("a %h", NULL, "a|");
}

static void is_a_socket_both_ways(void)
{
	char got[6] = "";
	pid_t pid;
	int fd = pipe_open("cat", &target, &pid, &error);

	CHECK(fd >= 0);
	CHECK_INT(send(fd, "hello", 5, 0), 5);
	CHECK_INT(recv(fd, got, 5, MSG_WAITALL), 5);
	CHECK_STR(got, "hello");
	close(fd);
	process_stop(pid, 5000);
	CHECK_INT(kill(pid, 0), -1);
	CHECK_INT(errno, ESRCH);
}

static void hides_the_environment(void)
{
	char got[64] = "";
	pid_t pid;
	int fd;

	setenv("PENNYPOST_PASSWORD", "secret", 1);
	setenv("LANG", "C.UTF-8", 1);
	fd = pipe_open("sh -c 'echo \"$LANG.$PENNYPOST_PASSWORD.\"'", &target, &pid, &error);
	CHECK(fd >= 0);
	CHECK_INT(recv(fd, got, sizeof(got) - 1, MSG_WAITALL), 10);
	CHECK_STR(got, "C.UTF-8..\n");
	close(fd);
	process_stop(pid, 5000);
}

static void kills_what_does_not_end(void)
{
	pid_t pid;
	int fd = pipe_open("sleep 1000", &target, &pid, &error);

	CHECK(fd >= 0);
	close(fd);
	process_stop(pid, 10);
	CHECK_INT(waitpid(pid, NULL, 0), -1);
}

static void says_what_cannot_run(void)
{
	pid_t pid;

	CHECK_INT(pipe_open("/no/such/program x", &target, &pid, &error), -1);
	CHECK_STR(error.text, "cannot run \"/no/such/program\": No such file or directory");
	CHECK_INT(waitpid(-1, NULL, 0), -1);
}

int main(void)
{
	TEST_RUN(splits_as_documented);
	TEST_RUN(never_splits_what_is_put_in);
	TEST_RUN(refuses_the_rest);
	TEST_RUN(is_a_socket_both_ways);
	TEST_RUN(hides_the_environment);
	TEST_RUN(kills_what_does_not_end);
	TEST_RUN(says_what_cannot_run);
	return test_done();
}
