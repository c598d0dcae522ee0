/* A process that holds a password leaves no core. */
#include "base/dump.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static void no_core_is_left(void)
{
	struct rlimit limit = {1, 1};
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		dump_forbid();
		if (getrlimit(RLIMIT_CORE, &limit) || limit.rlim_cur || limit.rlim_max)
			_exit(1);
		abort();
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && !WCOREDUMP(status));
}

int main(void)
{
	TEST_RUN(no_core_is_left);
	return test_done();
}
