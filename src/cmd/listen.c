/* SMTP for the programs of this machine: see listen.h. */
#include "cmd/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "cmd/context_load.h"
#include "cmd/run_queue.h"
#include "cmd/serve.h"
#include "deliver/maildir.h"
#include "net/endpoint.h"
#include "net/listener.h"

enum {
	LISTEN_FIRST = 3, /* SD_LISTEN_FDS_START */
	LISTEN_CONNECTIONS = 100,
	LISTEN_CONNECTIONS_MAX = 10000,
	LISTEN_PAUSE = 200000 /* microseconds, where accept(2) lacks descriptors or memory */
};

struct listen {
	struct context *x;
	struct serve_limits limits;
	struct listener all[LISTENER_MAX];
	size_t count;
	pid_t *children; /* 0: a free place */
	size_t running, most;
	pid_t queue;     /* who runs the queue; 0 or -1: nobody */
	sigset_t before; /* the signals that are blocked while we wait */
};

/* Set by a signal, which has no other way to tell. */
static volatile sig_atomic_t listen_stopped;

static void listen_stop(int number)
{
	if (number != SIGCHLD)
		listen_stopped = 1;
}

/* Signals come while we wait, and at no other time. */
static void listen_catch_signals(struct listen *l)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGCHLD};
	struct sigaction action = {.sa_handler = listen_stop};
	sigset_t blocked;

	sigemptyset(&action.sa_mask);
	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaction(signals[i], &action, NULL);
		sigaddset(&blocked, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, &l->before);
}

int listen_inherited(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	const char *wrong = NULL;
	int count = 0;

	if (pid && fds && strtonum(pid, 1, INT32_MAX, &wrong) == getpid() && !wrong)
		count = (int)strtonum(fds, 0, LISTENER_MAX, &wrong);
	for (int fd = LISTEN_FIRST; fd < LISTEN_FIRST + count; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC))
			return 0;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return count;
}

/* "HOST:PORT" or "unix:/path". Port 0 is one that is free. */
static int listen_open(struct listen *l, const char *where, struct error *error)
{
	bool socket = strncmp(where, "unix:", 5) == 0;
	struct span text = span_of(where);
	bool any = !socket && text.len > 2 && strcmp(where + text.len - 2, ":0") == 0;
	struct endpoint e = {0};
	struct buf url;
	int failed;

	buf_init(&url, 4096);
	if (any)
		text.len -= 2;
	buf_add_string(&url, socket ? "" : "smtp://");
	buf_add_span(&url, text);
	failed = endpoint_parse(&e, buf_span(&url), error);
	buf_clear(&url);
	if (any && !failed)
		e.port = LISTENER_ANY_PORT;
	if (failed)
		error_prefix(error, "--listen %s", TEXT_SHOW(span_of(where)));
	else
		failed = listener_open(l->all, &l->count, &e, error);
	endpoint_clear(&e);
	return failed;
}

/* What systemd handed over, and what the command line names. */
static int listen_open_all(struct listen *l, int inherited, struct error *error)
{
	const struct strv *named = &l->x->options.listen;
	bool catches = l->x->options.catch && named->count == 0 && inherited == 0;

	for (int fd = LISTEN_FIRST; fd < LISTEN_FIRST + inherited; fd++)
		if (listener_add(l->all, &l->count, fd, error))
			return -1;
	for (size_t i = 0; i < named->count; i++)
		if (strcmp(named->items[i], "systemd") != 0 &&
		    listen_open(l, named->items[i], error))
			return -1;
	if (catches && listen_open(l, "localhost:1025", error))
		return -1;
	if (l->count > 0)
		return 0;
	return error_set(error, ERROR_LOCAL, STAGE_USAGE,
			 "systemd has handed over no socket to listen at");
}

/* The process of one connection. */
_Noreturn static void listen_serve(struct listen *l, int fd)
{
	int code;

	signal(SIGCHLD, SIG_DFL);
	signal(SIGINT, SIG_IGN); /* a terminal says it to all of us; the parent passes it on */
	sigprocmask(SIG_SETMASK, &l->before, NULL);
	listener_close(l->all, l->count, false);
	free(l->children);
	code = serve_session(l->x, &l->limits, fd, fd);
	close(fd);
	context_clear(l->x);
	_exit(code);
}

static void listen_reap(struct listen *l)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		if (pid == l->queue)
			l->queue = 0;
		for (size_t i = 0; i < l->most; i++)
			if (l->children[i] == pid) {
				l->children[i] = 0;
				l->running--;
			}
	}
}

static void listen_accept(struct listen *l, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	size_t place = 0;
	pid_t pid;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			usleep(LISTEN_PAUSE);
		return;
	}
	while (l->children[place] != 0)
		place++;
	pid = fork();
	if (pid == 0)
		listen_serve(l, fd);
	if (pid > 0) {
		l->children[place] = pid;
		l->running++;
	} else {
		log_line(LOG_LEVEL_ERROR, "cannot serve a client: %s", strerror(errno));
		usleep(LISTEN_PAUSE);
	}
	close(fd);
}

/* Waits for clients, or, when there are as many as may be, for one of them to leave. */
static void listen_wait(struct listen *l)
{
	struct pollfd fds[LISTENER_MAX];
	nfds_t count = l->running < l->most ? l->count : 0;

	for (nfds_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = l->all[i].fd, .events = POLLIN};
	if (ppoll(fds, count, NULL, &l->before) < 0)
		count = 0;
	listen_reap(l);
	for (nfds_t i = 0; i < count && l->running < l->most; i++)
		if (fds[i].revents)
			listen_accept(l, l->all[i].fd);
}

/* Nobody new; those who are here end behind their message. */
static void listen_end(struct listen *l)
{
	listener_close(l->all, l->count, true);
	l->count = 0;
	for (size_t i = 0; i < l->most; i++)
		if (l->children[i])
			kill(l->children[i], SIGTERM);
	if (l->queue > 0)
		kill(l->queue, SIGTERM);
	while (l->running > 0 || l->queue > 0)
		listen_wait(l);
}

/* -bd: who called has his answer once we listen. */
static void listen_detach(struct context *x)
{
	fflush(NULL);
	switch (fork()) {
	case 0: break;
	case -1: context_complain(x, "cannot become a daemon, and stays here"); return;
	default: _exit(EX_OK);
	}
	process_detach();
	/* It only keeps a file system busy, but a file may be named from here. */
	if (!x->options.config_file && chdir("/"))
		return;
}

/* -bd -q30m: the queue is run every so often as well, by a process that ends with us. */
static void listen_run_queue(struct listen *l)
{
	struct context y = {.name = l->x->name};

	if (!l->x->options.queue_every)
		return;
	l->queue = fork();
	if (l->queue != 0)
		return;
	sigprocmask(SIG_SETMASK, &l->before, NULL);
	listener_close(l->all, l->count, false);
	buf_init(&y.netrc_path, 4096);
	y.options.queue_every = l->x->options.queue_every;
	y.options.config_file = l->x->options.config_file;
	_exit(cmd_run_queue(&y));
}

/* Where we are to be found, for who has started us: not a daemon, nor a sendmail. */
static void listen_tell(const struct listen *l)
{
	struct buf where;

	if (l->x->options.detach || l->x->options.sendmail)
		return;
	buf_init(&where, 4096);
	for (size_t i = 0; i < l->count; i++) {
		buf_add_string(&where, "listens at ");
		listener_show(&l->all[i], &where);
		buf_add_char(&where, '\n');
	}
	fputs(where.data, stdout);
	fflush(stdout);
	buf_clear(&where);
}

/* A socket that systemd has accepted for us (Accept=yes) is a session, and all there is. */
static bool listen_is_session(int inherited)
{
	return inherited == 1 && !listener_is_listening(LISTEN_FIRST);
}

/* That the Maildir can be had is not left to the first message to find out. */
static int listen_try_maildir(const struct account *a, struct error *error)
{
	struct maildir m;
	int failed = maildir_begin(&m, a->relay.path, error);

	maildir_end(&m);
	return failed ? error_prefix(error, "--catch %s", TEXT_SHOW(span_of(a->relay.path)))
		      : 0;
}

/* Sockets first, which stay with the daemon; then the configuration. */
static int listen_begin(struct listen *l, int inherited, struct error *error)
{
	int most = l->x->options.max_connections;

	if (most > LISTEN_CONNECTIONS_MAX)
		return error_set(error, ERROR_LOCAL, STAGE_USAGE,
				 "more than %d connections are too many",
				 LISTEN_CONNECTIONS_MAX);
	l->most = most > 0 ? (size_t)most : LISTEN_CONNECTIONS;
	l->children = calloc(l->most, sizeof(*l->children));
	if (!l->children)
		return error_set_memory(error);
	if (listen_open_all(l, inherited, error) || context_load(l->x, error))
		return -1;
	l->x->secrets.may_prompt = false; /* whom would a server ask? */
	/* Each message may choose an account, but there must be one. */
	if (l->x->config.count == 0 && !context_account(l->x, error))
		return -1;
	return l->x->options.catch ? listen_try_maildir(&l->x->made, error) : 0;
}

int cmd_listen(struct context *x, int inherited)
{
	struct listen l = {.x = x};
	struct error error;
	int code = EX_OK;

	l.limits = serve_limits(&x->options, true);
	if (listen_is_session(inherited))
		return context_load(x, &error)
			       ? context_fail(x, &error)
			       : serve_session(x, &l.limits, LISTEN_FIRST, LISTEN_FIRST);
	listen_catch_signals(&l);
	l.limits.stop = &listen_stopped;
	tzset(); /* once for all children */
	if (listen_begin(&l, inherited, &error)) {
		listener_close(l.all, l.count, true);
		code = context_fail(x, &error);
	} else {
		listen_tell(&l);
		if (x->options.detach)
			listen_detach(x);
		listen_run_queue(&l);
		while (!listen_stopped)
			listen_wait(&l);
		listen_end(&l);
	}
	free(l.children);
	return code;
}
