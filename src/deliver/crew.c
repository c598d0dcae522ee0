/* The workers of a pass: see crew.h. */
#include "deliver/crew.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: everything but its own socket and the queue is the parent's. */
static void crew_become_worker(const struct crew *c, const struct pass_relay *relay, int fd)
{
	struct worker_options o = c->o;

	o.fd = fd;
	o.relay.account = relay->account;
	for (size_t i = 0; i < CREW_MAX; i++)
		if (c->workers[i].pid)
			close(c->workers[i].fd);
	spool_disown(o.spool);
	worker_run(&o);
}

static struct crew_worker *crew_free_place(struct crew *c)
{
	for (size_t i = 0; i < CREW_MAX; i++)
		if (!c->workers[i].pid)
			return &c->workers[i];
	return NULL;
}

struct crew_worker *crew_start(struct crew *c, struct pass_relay *relay)
{
	struct crew_worker *w = crew_free_place(c);
	int fds[2];
	pid_t pid;

	if (!w)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return NULL;
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		crew_become_worker(c, relay, fds[1]);
		_exit(0);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return NULL;
	}
	*w = (struct crew_worker){.pid = pid, .fd = fds[0], .relay = relay};
	relay->workers++;
	c->count++;
	return w;
}

/* No more orders for a worker: it says QUIT and ends, which the poll will tell. */
static void crew_dismiss(struct crew_worker *w)
{
	w->leaving = true;
	shutdown(w->fd, SHUT_WR);
}

void crew_feed(struct crew_worker *w)
{
	struct pass_relay *relay = w->relay;
	bool paused = false;

	while (w->count < CREW_AHEAD && !relay->stopped && !w->leaving) {
		struct worker_order order = {0};
		struct plan_item *item = NULL;

		paused = pass_relay_is_paused(relay);
		if (pass_relay_rate_wait(relay) == 0)
			item = plan_next(relay->plan, &w->lane);
		if (!item)
			break;
		memcpy(order.id, item->id, sizeof(order.id));
		order.last = relay->plan->waiting == 0;
		w->out[w->count++] = item;
		pass_relay_count(relay);
		if (send(w->fd, &order, sizeof(order), MSG_NOSIGNAL) < 0)
			break; /* it is gone: the poll will say so */
	}
	if (w->count == 0 && !paused && !w->leaving)
		crew_dismiss(w);
}

void crew_feed_relay(struct crew *c, const struct pass_relay *relay)
{
	for (size_t i = 0; i < CREW_MAX; i++)
		if (c->workers[i].pid && c->workers[i].relay == relay)
			crew_feed(&c->workers[i]);
}

void crew_stop(struct crew *c)
{
	for (size_t i = 0; i < CREW_MAX; i++)
		if (c->workers[i].pid) {
			c->workers[i].relay->stopped = true;
			crew_dismiss(&c->workers[i]);
			kill(c->workers[i].pid, SIGTERM);
		}
}

int crew_hear(struct crew_worker *w, struct worker_report *report)
{
	ssize_t got;

	do
		got = recv(w->fd, report, sizeof(*report), 0);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(*report) || w->count == 0)
		return 0;
	report->id[SPOOL_ID_MAX] = '\0';
	report->text[WORKER_TEXT_MAX - 1] = '\0';
	plan_done(w->out[0]);
	w->count--;
	memmove(w->out, w->out + 1, w->count * sizeof(struct plan_item *));
	return 1;
}

bool crew_end(struct crew *c, struct crew_worker *w)
{
	bool in_hand = w->count > 0;

	close(w->fd);
	for (unsigned i = w->count; i > 1; i--)
		plan_return(w->out[i - 1]);
	if (in_hand)
		plan_done(w->out[0]);
	plan_leave(&w->lane);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	w->relay->workers--;
	c->count--;
	*w = (struct crew_worker){0};
	return in_hand;
}
