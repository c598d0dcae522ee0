/* The command that is told of failures: see hook.h. */
#include "deliver/hook.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"

/* The message in a descriptor of its own, because what shares the entry's would share its lock.
 * Returns -1 with *error. */
static int hook_open(struct spool *spool, struct entry *e, struct error *error)
{
	char name[SPOOL_NAME_SIZE];
	off_t start;
	int fd;

	if (entry_open_message(e, error))
		return -1;
	start = lseek(e->fd, 0, SEEK_CUR);
	spool_name(name, e->id, e->state);
	fd = spool_open_name(spool, name, O_RDONLY);
	if (fd >= 0 && start >= 0 && lseek(fd, start, SEEK_SET) == start)
		return fd;
	if (fd >= 0)
		close(fd);
	return error_set(error, ERROR_LOCAL, STAGE_INPUT, "cannot open the message for it");
}

static int hook_start(struct spool *spool, struct entry *e, const char *command, int64_t time,
		      struct error *error)
{
	static const char *const kept[] = {"PATH", "HOME", "USER", "LANG", NULL};
	char id[sizeof("PENNYPOST_ID=") + SPOOL_ID_MAX];
	struct process_job job = {command, kept, id, hook_open(spool, e, error)};
	int failed;

	if (job.input < 0)
		return -1;
	snprintf(id, sizeof(id), "PENNYPOST_ID=%s", e->id);
	failed = process_run(&job, time, error);
	close(job.input);
	return failed;
}

void hook_run(struct spool *spool, struct entry *e, const struct account *a, int64_t *left)
{
	int64_t time = left && *left < HOOK_TIME ? *left : HOOK_TIME;
	int64_t start = clock_now();
	struct error error;

	if (!a->failure_command || !*a->failure_command)
		return;
	if (time <= 0) {
		log_about(LOG_LEVEL_ERROR, e->id,
			  "failure_command not run: it took too long before");
		return;
	}
	if (hook_start(spool, e, a->failure_command, time, &error))
		log_about(LOG_LEVEL_ERROR, e->id, "failure_command: %s", error.text);
	if (left)
		*left -= clock_now() - start;
}
