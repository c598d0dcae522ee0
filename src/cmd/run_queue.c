/* Running the queue: see run_queue.h. */
#include "cmd/run_queue.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/process.h"
#include "cmd/run_own.h"
#include "cmd/run_users.h"

/* Set by a signal, which has no other way to tell. */
static volatile sig_atomic_t run_stopped;

/* The process that a person at a terminal waits for, 0: none. */
static pid_t run_watched;

/* A person may not want to wait for a slow relay: his second Ctrl-C ends it, and those who send
 * for it, as it ends other programs. */
static void run_stop(int number)
{
	static const char words[] = "\npennypost: interrupted: it ends behind the message "
				    "under way (again: at once); "
				    "what is not sent stays in the queue\n";
	int kept = errno;

	run_stopped = 1;
	if (number != SIGINT || run_watched == 0)
		return;
	if (getpid() == run_watched && write(STDERR_FILENO, words, sizeof(words) - 1) < 0)
		run_watched = 0;
	signal(SIGINT, SIG_DFL);
	errno = kept;
}

/* SIGTERM and SIGINT end things in good order. What waits is woken: no SA_RESTART. */
static void run_catch_signals(void)
{
	struct sigaction action = {.sa_handler = run_stop};

	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

int cmd_run_queue(struct context *x)
{
	struct run_own own = {
		.now = x->options.queue_every == 0 && !x->options.due,
		.every = x->options.queue_every,
		.stop = &run_stopped,
	};

	if (own.now && isatty(STDERR_FILENO))
		run_watched = getpid();
	run_catch_signals();
	if (geteuid() == 0 || own.every)
		return run_users(x, &own);
	own.watched = own.now;
	return run_own(x, &own);
}

/* In the child: a process of its own, with nothing of the caller's open. */
static void run_detach(void)
{
	log_close();
	closefrom(3);
	process_detach();
	if (chdir("/"))
		return; /* it only keeps a file system busy */
}

/* The process behind. Its context is one of its own, as if it had been called by itself. */
static void run_behind(const struct context *x, struct run_own *own, const char *config,
		       bool all)
{
	struct context y = {.name = "pennypost"}; /* the title lies where ours was */
	int code;

	fflush(NULL);
	if (fork() != 0)
		return;
	run_watched = 0;
	run_detach();
	setproctitle_init(x->argc, x->argv, environ);
	setproctitle("runs the queue");
	run_catch_signals();
	buf_init(&y.netrc_path, 4096);
	y.options.config_file = config ? strdup(config) : NULL;
	code = all ? run_users(&y, own) : run_own(&y, own);
	context_clear(&y);
	_exit(code);
}

void run_queue_behind(const struct context *x, const char *queue, const char *config)
{
	struct run_own own = {.spool_dir = queue, .behind = true, .stop = &run_stopped};

	run_behind(x, &own, config, false);
}

void run_queues_behind(const struct context *x)
{
	const struct account *a = x->account ? x->account : config_default(&x->config);
	struct run_own own = {.behind = true, .stop = &run_stopped};

	if (!a || a->runner != SETTING_OFF)
		run_behind(x, &own, NULL, geteuid() == 0);
}
