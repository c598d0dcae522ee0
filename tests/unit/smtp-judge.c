/*
 * One reply too many, or one missing, at every place of a session of three messages: no refusal
 * may become a success. The relay is an honest one behind a bad line: it answers each command
 * as it should and remembers what it took; on the way one reply is doubled, lost or joined by a
 * 250 of nobody's. Many sessions run at a time, because most of them only wait.
 */
#include "smtp/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "peer.h"
#include "test.h"

enum {
	MESSAGES = 3,
	RECIPIENTS = 2,
	WORKERS = 96,
	LARGE = 70000, /* bytes: two chunks */
	SMALL = 60,
	DELAY = 25000,   /* microseconds */
	PATIENCE = 1200, /* milliseconds: more than what counts as at once */
	SESSIONS_MAX = 12
};

/* Which way the messages go. */
enum way {
	RIDE,
	CHUNKS,
	DATA,
	DATA_AHEAD, /* the next envelope leaves behind each message */
	DATA_LOCK_STEP,
	CHUNKS_LOCK_STEP,
	LMTP,
	LMTP_LOCK_STEP,
	WAYS
};
static const char *const way_names[] = {"ride",       "chunks",        "DATA",
					"DATA ahead", "DATA in steps", "chunks in steps",
					"LMTP",       "LMTP in steps"};
static const char *const greetings[WAYS] = {
	"250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n",
	"250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n",
	"250-mx\r\n250 PIPELINING\r\n",
	"250-mx\r\n250 PIPELINING\r\n",
	"250 mx\r\n",
	"250-mx\r\n250 CHUNKING\r\n",
	"250-mx\r\n250 PIPELINING\r\n",
	"250 mx\r\n",
};

/* What the relay refuses in one of the messages. */
enum refusal {
	NOTHING,
	MAIL,
	FIRST,
	SECOND,
	BOTH,
	SECOND_FULL,
	VERDICT,
	VERDICT_FIRST,
	REFUSALS
};
static const char *const refusal_names[] = {"nothing",   "MAIL", "RCPT 1",  "RCPT 2",
					    "each RCPT", "452",  "message", "verdict 1"};

/* What becomes of the reply at the place. */
enum fault {
	NONE,
	EXTRA_BEFORE,
	EXTRA_LONG_BEFORE, /* and the reply itself is late */
	EXTRA_LATE,        /* behind the reply, and late */
	DOUBLED,
	DROPPED,        /* and the relay says 421 when it has waited for more */
	DROPPED_SILENT, /* and it waits longer than we do */
	FAULTS
};
static const char *const fault_names[] = {
	"none",    "250 before", "250 long before", "250 late",
	"doubled", "dropped",    "dropped, silence"};

/* Which answers take their time. */
enum delay { PROMPT, LATE_VERDICT, LATE_RESET, DELAYS };
static const char *const delay_names[] = {"", ", late verdicts", ", late answers to RSET"};

struct scene {
	enum way way;
	enum refusal refusals[MESSAGES];
	enum fault fault;
	int place; /* of the reply, counted from behind EHLO */
	enum delay delay;
	int number;
};

static bool is_lmtp(const struct scene *s)
{
	return s->way == LMTP || s->way == LMTP_LOCK_STEP;
}

/* What a relay has taken, in memory that it shares with us. */
struct truth {
	bool taken[MESSAGES][RECIPIENTS];
};

static struct truth *truth;

/* The relay. */

struct relay {
	struct peer *peer;
	const struct scene *scene;
	int said;    /* replies so far */
	int message; /* -1: no transaction */
	bool accepted[RECIPIENTS];
	bool dropped;
};

static void relay_flush(struct relay *r)
{
	struct buf *out = &r->peer->out;

	if (out->len > 0 && send(r->peer->fd, out->data, out->len, MSG_NOSIGNAL) < 0)
		_exit(0);
	buf_reset(out);
}

static void relay_pause(struct relay *r)
{
	relay_flush(r);
	usleep(DELAY);
}

/* More input. What has to be said is said before; at the end of it, or of the patience, this is
 * the end. */
static void relay_fill(struct relay *r)
{
	struct pollfd wait = {.fd = r->peer->fd, .events = POLLIN};
	bool impatient = r->dropped && r->scene->fault == DROPPED;

	relay_flush(r);
	if (impatient && poll(&wait, 1, PATIENCE) == 0) {
		buf_add_string(&r->peer->out, "421 4.4.2 idle\r\n");
		relay_flush(r);
		_exit(0);
	}
	if (!peer_fill(r->peer))
		_exit(0);
}

/* One reply, and what happens to it on the way. */
static void relay_say(struct relay *r, const char *reply)
{
	enum fault fault = r->said++ == r->scene->place ? r->scene->fault : NONE;
	struct buf *out = &r->peer->out;

	if (fault == EXTRA_BEFORE || fault == EXTRA_LONG_BEFORE)
		buf_add_string(out, "250 nobody's\r\n");
	if (fault == EXTRA_LONG_BEFORE)
		relay_pause(r);
	r->dropped |= fault == DROPPED || fault == DROPPED_SILENT;
	if (fault != DROPPED && fault != DROPPED_SILENT)
		buf_printf(out, "%s\r\n", reply);
	if (fault == DOUBLED)
		buf_printf(out, "%s\r\n", reply);
	if (fault == EXTRA_LATE) {
		relay_pause(r);
		buf_add_string(out, "250 nobody's\r\n");
	}
}

static bool relay_has_recipients(const struct relay *r)
{
	return r->accepted[0] || r->accepted[1];
}

static void relay_reset(struct relay *r)
{
	r->message = -1;
	memset(r->accepted, 0, sizeof(r->accepted));
}

/* "MAIL FROM:<m1@x>": the digit names the message. */
static void relay_mail(struct relay *r, const char *line)
{
	r->message = line[12] - '0';
	if (r->scene->refusals[r->message] == MAIL) {
		relay_reset(r);
		relay_say(r, "550 5.7.1 not you");
		return;
	}
	relay_say(r, "250 2.1.0 sender");
}

/* "RCPT TO:<a1@x>" */
static void relay_rcpt(struct relay *r, const char *line)
{
	int i = line[9] - 'a';
	enum refusal refusal = r->message < 0 ? NOTHING : r->scene->refusals[r->message];

	if (r->message < 0) {
		relay_say(r, "503 5.5.1 MAIL first");
	} else if ((refusal == FIRST && i == 0) || (refusal == SECOND && i == 1) ||
		   refusal == BOTH) {
		relay_say(r, "550 5.1.1 nobody");
	} else if (refusal == SECOND_FULL && i == 1) {
		relay_say(r, "452 4.5.3 enough");
	} else {
		r->accepted[i] = true;
		relay_say(r, "250 2.1.5 recipient");
	}
}

/* The answer to a message, or one for each recipient. */
static void relay_judge(struct relay *r)
{
	bool each = is_lmtp(r->scene);

	if (r->scene->delay == LATE_VERDICT)
		relay_pause(r);
	for (int i = 0; i < RECIPIENTS; i++) {
		enum refusal refusal = r->scene->refusals[r->message];
		bool refused =
			refusal == VERDICT || (each && refusal == VERDICT_FIRST && i == 0);

		if (!r->accepted[i])
			continue;
		truth->taken[r->message][i] |= !refused;
		if (each)
			relay_say(r, refused ? "554 5.6.0 spam" : "250 2.0.0 taken");
	}
	if (!each)
		relay_say(r, r->scene->refusals[r->message] == VERDICT ? "554 5.6.0 spam"
								       : "250 2.0.0 taken");
	relay_reset(r);
}

static void relay_data(struct relay *r)
{
	if (!relay_has_recipients(r)) {
		relay_say(r, "503 5.5.1 RCPT first");
		return;
	}
	relay_say(r, "354 go");
	while (!memmem(r->peer->in.data, r->peer->in.len, "\r\n.\r\n", 5))
		relay_fill(r);
	buf_consume(&r->peer->in, peer_until(r->peer, "\r\n.\r\n"));
	relay_judge(r);
}

static void relay_bdat(struct relay *r, const char *line)
{
	const char *last = strstr(line, " LAST");
	char digits[20];
	size_t size;

	snprintf(digits, sizeof(digits), "%.*s",
		 last ? (int)(last - line - 5) : (int)strlen(line + 5), line + 5);
	size = (size_t)strtonum(digits, 0, 2 * LARGE, NULL);

	while (r->peer->in.len < size)
		relay_fill(r);
	buf_consume(&r->peer->in, size);
	if (!relay_has_recipients(r))
		relay_say(r, "503 5.5.1 RCPT first");
	else if (last)
		relay_judge(r);
	else
		relay_say(r, "250 2.0.0 more");
}

static void relay_obey(struct relay *r, const char *line)
{
	if (strncmp(line, "MAIL", 4) == 0) {
		relay_mail(r, line);
	} else if (strncmp(line, "RCPT", 4) == 0) {
		relay_rcpt(r, line);
	} else if (strcmp(line, "DATA") == 0) {
		relay_data(r);
	} else if (strncmp(line, "BDAT ", 5) == 0) {
		relay_bdat(r, line);
	} else if (strcmp(line, "RSET") == 0) {
		relay_reset(r);
		if (r->scene->delay == LATE_RESET)
			relay_pause(r);
		relay_say(r, "250 2.0.0 reset");
	} else if (strcmp(line, "QUIT") == 0) {
		relay_say(r, "221 2.0.0 bye");
		relay_flush(r);
		_exit(0);
	} else {
		dprintf(1, "# not a command: %s\n", line);
		_exit(1);
	}
}

static void relay_run(struct peer *p, const void *context)
{
	struct relay r = {.peer = p, .scene = context};
	char line[200];

	relay_reset(&r);
	buf_add_string(&p->out, "220 mx\r\n");
	relay_flush(&r);
	buf_consume(&p->in, peer_until(p, "\r\n"));
	buf_add_string(&p->out, greetings[r.scene->way]);
	for (;;) {
		const char *end;

		while (!(end = memmem(p->in.data, p->in.len, "\r\n", 2)))
			relay_fill(&r);
		snprintf(line, sizeof(line), "%.*s", (int)(end - p->in.data), p->in.data);
		buf_consume(&p->in, (size_t)(end - p->in.data) + 2);
		relay_obey(&r, line);
	}
}

/* The client. */

static char large[LARGE];
static struct span message;

static int open_message(void *context, const struct capabilities *offered, bool chunks,
			struct smtp_mail_options *needs, struct error *error)
{
	size_t *given = context;

	(void)offered, (void)chunks, (void)error;
	*given = 0;
	needs->size = message.len;
	return 0;
}

static int next_piece(void *context, struct span *piece, struct error *error)
{
	size_t *given = context;

	(void)error;
	*piece = message;
	return (*given)++ == 0;
}

struct client {
	struct scene scene;
	struct scene honest; /* the same, without the fault */
	struct smtp_options options;
	struct smtp *smtp;
	int sessions;
	bool careful;
	bool reused;
};

static void client_close(struct client *c)
{
	int status = -1;

	if (!c->smtp)
		return;
	smtp_leave(c->smtp);
	smtp_free(c->smtp);
	c->smtp = NULL;
	while (waitpid(peer_child, &status, 0) < 0 && errno == EINTR)
		continue;
	CHECK_INT(status, 0);
}

/* A session for the next transaction, as deliver/channel.c has them. Only the first has the
 * fault. */
static bool client_open(struct client *c)
{
	struct error error;
	int fds[2];

	if (c->smtp && wire_is_idle(smtp_wire(c->smtp)))
		return true;
	client_close(c);
	peer_pair(fds);
	c->smtp = smtp_new(
		peer_start_with(fds, relay_run, c->sessions == 0 ? &c->scene : &c->honest),
		&c->options, &error);
	c->reused = false;
	return c->sessions++ < SESSIONS_MAX && smtp_open(c->smtp, &error) == 0;
}

static void client_send(struct client *c, struct smtp_transaction *t)
{
	do {
		if (!client_open(c))
			abort();
		t->careful = c->careful;
		t->reused = c->reused;
		smtp_send(c->smtp, t);
		c->reused = true;
		c->careful |= t->again;
		if (t->again)
			client_close(c);
	} while (t->again || t->lost ||
		 (t->trouble.class == ERROR_NONE && smtp_transaction_untried(t) > 0));
}

static void complain(const struct scene *s, int m, int i, const char *what)
{
	test_bad++;
	dprintf(1, "# scene %d: %s, %s, %s, %s refused, \"%s\" at reply %d%s: %c%d %s\n",
		s->number, way_names[s->way], refusal_names[s->refusals[0]],
		refusal_names[s->refusals[1]], refusal_names[s->refusals[2]],
		fault_names[s->fault], s->place, delay_names[s->delay], 'a' + i, m, what);
}

/* What is said to be sent must have been; without a fault the reverse is true as well, and
 * nothing is in doubt. */
static void check_message(const struct scene *s, int m, const struct smtp_transaction *t)
{
	for (int i = 0; i < RECIPIENTS; i++) {
		bool sent = t->recipients[i].outcome == SMTP_SENT;
		bool taken = truth->taken[m][i];
		bool full = s->refusals[m] == SECOND_FULL && i == 1;

		if (sent && !taken)
			complain(s, m, i, "is no success");
		if (s->fault != NONE)
			continue;
		if (taken && !sent)
			complain(s, m, i, "was taken");
		if (!taken && t->recipients[i].outcome != (full ? SMTP_DEFERRED : SMTP_FAILED))
			complain(s, m, i, "was refused for good");
	}
}

static void play(const struct scene *s)
{
	static const char *const from[MESSAGES] = {"m0@x", "m1@x", "m2@x"};
	static const char *const to[MESSAGES][RECIPIENTS] = {
		{"a0@x", "b0@x"}, {"a1@x", "b1@x"}, {"a2@x", "b2@x"}};
	struct client c = {
		.scene = *s,
		.honest = *s,
		.options = {.timeout_scale = 1, .local_name = "me", .lmtp = is_lmtp(s)}};
	struct smtp_transaction t[MESSAGES];
	size_t given[MESSAGES];

	c.honest.fault = NONE;
	message = (struct span){large,
				s->way == CHUNKS || s->way == CHUNKS_LOCK_STEP ? LARGE : SMALL};
	*truth = (struct truth){0};
	for (int m = 0; m < MESSAGES; m++) {
		CHECK_INT(smtp_transaction_init(&t[m], from[m], RECIPIENTS), 0);
		for (int i = 0; i < RECIPIENTS; i++)
			t[m].recipients[i].path = to[m][i];
		t[m].source = (struct smtp_source){open_message, next_piece, &given[m]};
		t[m].ride_max = s->way == RIDE ? SMALL * 2 : 0;
		t[m].last = m == MESSAGES - 1;
		if (s->way == DATA_AHEAD && !t[m].last)
			t[m].follower = &t[m + 1];
	}
	for (int m = 0; m < MESSAGES; m++) {
		client_send(&c, &t[m]);
		check_message(s, m, &t[m]);
		smtp_transaction_clear(&t[m]);
	}
	client_close(&c);
}

/* All the scenes, a share of them for each worker. */

struct stage {
	int worker;
	int count;
	int played;
};

static void stage_play(struct stage *stage, struct scene *s)
{
	s->number = stage->count++;
	if (s->number % WORKERS != stage->worker)
		return;
	play(s);
	stage->played++;
}

/* How many replies a session has at the most: RSET or QUIT is the last of each message. */
static int places(enum way way)
{
	static const int each[WAYS] = {5, 6, 6, 6, 6, 6, 7, 7};

	return each[way] * MESSAGES;
}

static bool is_dropped(enum fault fault)
{
	return fault == DROPPED || fault == DROPPED_SILENT;
}

static bool is_possible(const struct scene *s, int m, enum refusal refusal)
{
	int here = s->place / (places(s->way) / MESSAGES);

	/* The one before is not past when its follower is under way. */
	if (m < here - (s->way == DATA_AHEAD) || (is_dropped(s->fault) && m > here) ||
	    (refusal == VERDICT_FIRST && !is_lmtp(s)) || (refusal == SECOND_FULL && m != 1) ||
	    (refusal == BOTH && s->way != DATA_AHEAD))
		return false;
	/* That nothing is refused need be seen once. */
	return refusal != NOTHING || m == MESSAGES - 1 || (is_dropped(s->fault) && m == here);
}

/* The same message is refused, and something of the one behind it, whose answers are due
 * together. */
static void stage_refuse_next(struct stage *stage, struct scene *s, int next)
{
	for (int refusal = MAIL; refusal <= VERDICT; refusal++) {
		s->refusals[next] = (enum refusal)refusal;
		stage_play(stage, s);
	}
	s->refusals[next] = NOTHING;
}

/* One refusal, in one of the messages, but in none that is past when the fault comes. A reply
 * that is missing ends the session, so what follows does not matter. */
static void stage_refuse(struct stage *stage, struct scene *s)
{
	for (int m = 0; m < MESSAGES; m++)
		for (int refusal = 0; refusal < REFUSALS; refusal++) {
			if (!is_possible(s, m, (enum refusal)refusal))
				continue;
			memset(s->refusals, 0, sizeof(s->refusals));
			s->refusals[m] = (enum refusal)refusal;
			stage_play(stage, s);
			if (s->way == DATA_AHEAD && refusal == VERDICT && m + 1 < MESSAGES)
				stage_refuse_next(stage, s, m + 1);
		}
}

/* Whether a fault is worth its time with a delay. */
static bool is_worth(const struct scene *s, enum fault fault, enum delay delay)
{
	bool in_steps = !strstr(greetings[s->way], "PIPELINING");

	if (fault == DROPPED_SILENT &&
	    s->place % 4 != (s->way == DATA_AHEAD ? 0 : (int)s->way % 4))
		return false;
	if (fault == EXTRA_LONG_BEFORE && in_steps)
		return false;
	if (delay == LATE_VERDICT)
		return fault == EXTRA_BEFORE;
	return delay == PROMPT || !is_dropped(fault);
}

static void stage_fault(struct stage *stage, struct scene *s, enum fault fault)
{
	for (int delay = 0; delay < DELAYS; delay++) {
		if (!is_worth(s, fault, (enum delay)delay))
			continue;
		s->fault = fault;
		s->delay = (enum delay)delay;
		stage_refuse(stage, s);
	}
}

static void stage_all(struct stage *stage)
{
	for (int way = 0; way < WAYS; way++) {
		struct scene s = {.way = (enum way)way, .fault = NONE, .place = -1};

		stage_refuse(stage, &s);
		for (s.place = 0; s.place < places(s.way); s.place++)
			for (int fault = NONE + 1; fault < FAULTS; fault++)
				stage_fault(stage, &s, (enum fault)fault);
	}
}

static void work(int worker)
{
	struct stage stage = {.worker = worker};

	truth = mmap(NULL, sizeof(*truth), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	if (truth == MAP_FAILED)
		abort();
	alarm(300);
	stage_all(&stage);
	if (worker == 0)
		dprintf(1, "# %d scenes\n", stage.count);
	_exit(test_bad > 0);
}

static void no_refusal_becomes_a_success(void)
{
	pid_t workers[WORKERS];

	memset(large, 'x', LARGE);
	for (int at = 60; at < LARGE; at += 61)
		large[at] = '\n';
	fflush(stdout);
	for (int w = 0; w < WORKERS; w++) {
		workers[w] = fork();
		if (workers[w] == 0)
			work(w);
	}
	for (int w = 0; w < WORKERS; w++) {
		int status = -1;

		CHECK_INT(waitpid(workers[w], &status, 0), workers[w]);
		CHECK_INT(status, 0);
	}
}

int main(void)
{
	TEST_RUN(no_refusal_becomes_a_success);
	return test_done();
}
