/* Commands out, replies in: see wire.h. */
#include "smtp/wire.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

enum {
	WIRE_OUT_MAX = 256 * 1024, /* queued bytes: far more than the flush mark and a line */
	WIRE_FLUSH_MARK = 32 * 1024,
	WIRE_LINE_MAX = 40 * 1024, /* an AUTH response may be long (RFC 4954 section 4) */
	WIRE_SECRET_MIN = 4,       /* a shorter one would be found in everything */
	WIRE_STRAY_WAIT = 1000, /* milliseconds for the rest of a reply that nobody asked for */
	WIRE_DATA_RATE = 2048,  /* bytes a second that a data phase must make on the whole */
	WIRE_BLOCK_SECONDS = 180 /* RFC 5321 section 4.5.3.2.5 */
};

/* RFC 5321 section 4.5.3.2 gives the seconds (what it does not name has those of MAIL), RFC
 * 2920 section 3.1 and its successors say what may stand inside a group. */
static const struct {
	const char *name;
	enum error_stage stage;
	enum course_step step;
	int seconds;
	bool ends_group;
} verbs[] = {
	[WIRE_GREETING] = {"the greeting", STAGE_GREETING, COURSE_HELLO, 300, true},
	[WIRE_EHLO] = {"EHLO", STAGE_EHLO, COURSE_HELLO, 300, true},
	[WIRE_HELO] = {"HELO", STAGE_EHLO, COURSE_HELLO, 300, true},
	[WIRE_LHLO] = {"LHLO", STAGE_EHLO, COURSE_HELLO, 300, true},
	[WIRE_STARTTLS] = {"STARTTLS", STAGE_STARTTLS, COURSE_TLS, 120, true},
	[WIRE_AUTH] = {"AUTH", STAGE_AUTH, COURSE_AUTH, 300, true},
	[WIRE_AUTH_WHOLE] = {"AUTH", STAGE_AUTH, COURSE_AUTH, 300, false},
	[WIRE_AUTH_RESPONSE] = {"the AUTH response", STAGE_AUTH, COURSE_AUTH, 300, true},
	[WIRE_MAIL] = {"MAIL", STAGE_MAIL, COURSE_ENVELOPE, 300, false},
	[WIRE_RCPT] = {"RCPT", STAGE_RCPT, COURSE_ENVELOPE, 300, false},
	[WIRE_DATA] = {"DATA", STAGE_DATA, COURSE_ENVELOPE, 120, true},
	[WIRE_VERDICT] = {"the end of data", STAGE_VERDICT, COURSE_VERDICT, 600, false},
	[WIRE_BDAT] = {"BDAT", STAGE_DATA, COURSE_DATA, 180, false},
	[WIRE_BDAT_LAST] = {"the end of data", STAGE_VERDICT, COURSE_VERDICT, 600, false},
	[WIRE_RSET] = {"RSET", STAGE_COMMAND, COURSE_VERDICT, 300, false},
	[WIRE_NOOP] = {"NOOP", STAGE_COMMAND, COURSE_VERDICT, 300, true},
	[WIRE_VRFY] = {"VRFY", STAGE_COMMAND, COURSE_ENVELOPE, 300, true},
	[WIRE_QUIT] = {"QUIT", STAGE_COMMAND, COURSE_VERDICT, 300, true},
};

STAILQ_HEAD(wire_slots, wire_slot);

/* Whether the reply to verb says what became of the message. */
static bool wire_is_verdict(enum wire_verb verb)
{
	return verb == WIRE_VERDICT || verb == WIRE_BDAT_LAST;
}

struct wire {
	struct conn *conn;
	struct buf out;
	struct wire_slots slots; /* owed, oldest first */
	size_t owed;
	enum wire_verb last; /* the verb queued last */
	bool pipelining;
	bool over;
	bool torn;        /* a write failed: what follows it was never sent */
	struct error end; /* why it is over */
	int scale;
	int64_t limit; /* no wait goes on beyond it */
	int64_t data_deadline;
	bool data_unsized;  /* its size was not known beforehand: the deadline grows as we go */
	struct span hidden; /* a secret that the relay may learn, and nobody else */
	struct buf issued;  /* the same as it was sent last */
	wire_listener *listener;
	void *listener_context;
};

struct wire *wire_new(struct conn *c, int timeout_scale)
{
	struct wire *w = calloc(1, sizeof(*w));

	if (!w) {
		conn_free(c);
		return NULL;
	}
	w->conn = c;
	w->scale = timeout_scale > 0 ? timeout_scale : 100;
	w->limit = CLOCK_NEVER;
	buf_init(&w->out, WIRE_OUT_MAX);
	buf_init(&w->issued, WIRE_LINE_MAX);
	STAILQ_INIT(&w->slots);
	return w;
}

void wire_free(struct wire *w)
{
	if (!w)
		return;
	conn_free(w->conn);
	buf_wipe(&w->out);
	buf_wipe(&w->issued);
	free(w);
}

void wire_set_listener(struct wire *w, wire_listener *listener, void *context)
{
	w->listener = listener;
	w->listener_context = context;
}

void wire_set_limit(struct wire *w, int64_t deadline)
{
	w->limit = deadline;
}

void wire_set_pipelining(struct wire *w, bool on)
{
	w->pipelining = on;
}

bool wire_pipelining(const struct wire *w)
{
	return w->pipelining;
}

struct conn *wire_conn(struct wire *w)
{
	return w->conn;
}

bool wire_is_over(const struct wire *w)
{
	return w->over;
}

size_t wire_owed(const struct wire *w)
{
	return w->owed;
}

enum error_stage wire_stage(enum wire_verb verb)
{
	return verbs[verb].stage;
}

void wire_slot_init(struct wire_slot *s)
{
	*s = (struct wire_slot){0};
	reply_init(&s->reply);
}

void wire_slot_clear(struct wire_slot *s)
{
	reply_clear(&s->reply);
}

static void wire_hear(struct wire *w, char direction, struct span line)
{
	if (w->listener)
		w->listener(w->listener_context, direction, line);
}

void wire_hide(struct wire *w, struct span secret)
{
	w->hidden = secret;
	buf_wipe(&w->issued);
}

static bool wire_holds(struct span text, struct span secret)
{
	return secret.len >= WIRE_SECRET_MIN &&
	       memmem(text.data, text.len, secret.data, secret.len);
}

/* Whether the relay repeats a secret, as it is or as we sent it. */
static bool wire_is_secret(const struct wire *w, struct span text)
{
	return wire_holds(text, w->hidden) || wire_holds(text, buf_span(&w->issued));
}

/* Remembers the last word of a line with a secret. */
static void wire_remember(struct wire *w, struct span line)
{
	size_t start = line.len;

	while (start > 0 && line.data[start - 1] != ' ')
		start--;
	buf_wipe(&w->issued);
	buf_add(&w->issued, line.data + start, line.len - start);
}

void wire_note(struct wire *w, const char *text)
{
	wire_hear(w, '*', span_of(text));
}

/* The time that lies milliseconds from now, or the limit. */
static int64_t wire_in(const struct wire *w, int64_t milliseconds)
{
	int64_t deadline = clock_in(milliseconds);

	return deadline < w->limit ? deadline : w->limit;
}

static int64_t wire_deadline(const struct wire *w, enum wire_verb verb)
{
	return wire_in(w, (int64_t)verbs[verb].seconds * 10 * w->scale);
}

void wire_abandon(struct wire *w, const struct error *why)
{
	w->over = true;
	w->end = *why;
	STAILQ_INIT(&w->slots);
	w->owed = 0;
	buf_wipe(&w->out);
}

/*
 * The session is over at a verb: every slot still owed stays without a reply, and whoever asks
 * for one is told why. Once the end of data has left nobody knows whether the message was
 * taken, which is temporary and its own stage.
 */
static int wire_end(struct wire *w, enum wire_verb verb, const struct error *why)
{
	wire_abandon(w, why);
	if (wire_is_verdict(verb)) {
		w->end.class = ERROR_TEMPORARY;
		w->end.stage = STAGE_VERDICT;
		error_prefix(&w->end,
			     "no clear answer to the end of data, so the message may have "
			     "been delivered");
	} else if (w->end.stage != STAGE_PROTOCOL) {
		w->end.stage = verbs[verb].stage;
	}
	wire_note(w, w->end.text);
	return -1;
}

/* The connection failed or the deadline passed while the reply to verb was owed. */
static int wire_end_waiting(struct wire *w, enum wire_verb verb, struct error *why)
{
	if (!wire_is_verdict(verb))
		error_prefix(why, "while waiting for %s%s",
			     verb == WIRE_GREETING ? "" : "the reply to ", verbs[verb].name);
	return wire_end(w, verb, why);
}

/* Hands the reason on to a caller. */
static int wire_fail(const struct wire *w, struct error *error)
{
	*error = w->end;
	return -1;
}

/* The relay closes the service (RFC 5321 section 3.8): the reply stays in its slot. */
static int wire_end_421(struct wire *w, const struct reply *reply, enum wire_verb verb)
{
	struct error why;
	struct buf shown;

	buf_init(&shown, REPLY_SHOWN_MAX * 4);
	reply_show(reply, &shown);
	error_set(&why, ERROR_TEMPORARY, verbs[verb].stage,
		  "the relay closes the connection: %s", shown.data);
	why.code = reply->code;
	memcpy(why.enhanced, reply->enhanced, sizeof(why.enhanced));
	buf_clear(&shown);
	wire_abandon(w, &why);
	return -1;
}

static void wire_hear_reply(struct wire *w, struct span taken)
{
	const char *lf;

	if (!w->listener)
		return;
	while (taken.len > 0 && (lf = memchr(taken.data, '\n', taken.len))) {
		struct span line = {taken.data, (size_t)(lf - taken.data)};

		if (line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		wire_hear(w, '<', wire_is_secret(w, line) ? span_of("***") : line);
		taken.len -= (size_t)(lf + 1 - taken.data);
		taken.data = lf + 1;
	}
}

/* Parses what has arrived for the oldest slot. 1 when that filled it, 0 when more must come, -1
 * when the session is over. */
static int wire_parse(struct wire *w)
{
	struct wire_slot *slot = STAILQ_FIRST(&w->slots);
	struct error why;
	size_t used = 0;
	int done = reply_parse(&slot->reply, conn_input(w->conn), &used, &why);

	wire_hear_reply(w, (struct span){conn_input(w->conn).data, used});
	if (done < 0 && wire_is_secret(w, (struct span){conn_input(w->conn).data, used}))
		error_set(&why, ERROR_RELAY, STAGE_PROTOCOL,
			  "the relay sent something that is no SMTP reply and holds a secret "
			  "of ours");
	conn_consume(w->conn, used);
	if (done < 0) {
		reply_clear(&slot->reply);
		return wire_end(w, slot->verb, &why);
	}
	if (done == 0)
		return 0;
	STAILQ_REMOVE_HEAD(&w->slots, next);
	slot->owed = false;
	w->owed--;
	if (wire_is_secret(w, buf_span(&slot->reply.text))) {
		buf_wipe(&slot->reply.text);
		buf_add_string(&slot->reply.text, "***");
	}
	if (slot->reply.code == 421)
		return wire_end_421(w, &slot->reply, slot->verb);
	if (w->torn && wire_is_verdict(slot->verb) && reply_is_positive(&slot->reply)) {
		reply_clear(&slot->reply);
		error_set(&why, ERROR_TEMPORARY, STAGE_VERDICT,
			  "the relay accepted a message that it had not been sent whole");
		return wire_end(w, WIRE_VERDICT, &why);
	}
	if (slot->brief && reply_is_positive(&slot->reply))
		buf_clear(&slot->reply.text);
	return 1;
}

/* Fills slots from what has arrived already. */
static int wire_drain(struct wire *w)
{
	int done = 1;

	while (done > 0 && w->owed > 0 && conn_input(w->conn).len > 0)
		done = wire_parse(w);
	return done < 0 ? -1 : 0;
}

/* Waits for the oldest slot's reply, all of it, until the deadline. */
static int wire_read(struct wire *w, int64_t deadline)
{
	struct wire_slot *slot = STAILQ_FIRST(&w->slots);
	struct error why;
	int done;

	course_enter(conn_course(w->conn), verbs[slot->verb].step);
	while ((done = wire_parse(w)) == 0) {
		int filled = conn_fill(w->conn, deadline, &why);

		if (filled > 0)
			continue;
		if (filled == 0) {
			error_set(&why, ERROR_TEMPORARY, STAGE_CONNECT,
				  "the relay closed the connection");
			conn_blame_child(w->conn, &why);
		}
		reply_clear(&slot->reply);
		return wire_end_waiting(w, slot->verb, &why);
	}
	return done < 0 ? -1 : 0;
}

/* Whose trouble words out of turn are: a 5yz amid the message is about the message. */
static enum error_class wire_stray_class(const struct reply *r, enum wire_verb verb)
{
	if (reply_is_transient(r))
		return ERROR_TEMPORARY;
	return reply_is_permanent(r) && verb == WIRE_DATA ? ERROR_MESSAGE : ERROR_RELAY;
}

/*
 * The relay spoke though nothing was owed. Its words are still worth having when they are a
 * whole 4yz or 5yz (421 and "too big" come that way); whatever they are, commands and replies
 * are no longer level, so the session is over.
 */
static int wire_end_stray(struct wire *w, enum wire_verb verb)
{
	struct wire_slot stray;
	struct error why;
	struct buf shown;

	wire_slot_init(&stray);
	stray.verb = verb;
	STAILQ_INSERT_HEAD(&w->slots, &stray, next);
	w->owed++;
	buf_init(&shown, REPLY_SHOWN_MAX * 4);
	if (wire_read(w, clock_in(WIRE_STRAY_WAIT)) == 0) {
		reply_show(&stray.reply, &shown);
		error_set(&why, wire_stray_class(&stray.reply, verb),
			  reply_is_permanent(&stray.reply) ? STAGE_COMMAND : STAGE_PROTOCOL,
			  "the relay spoke out of turn: %s", shown.data);
		why.code = stray.reply.code;
		wire_end(w, verb, &why);
	}
	buf_clear(&shown);
	wire_slot_clear(&stray);
	return -1;
}

/* Writes what is queued. What the relay said before a write failed is read first: it is often
 * the reason. */
static int wire_write(struct wire *w, const void *data, size_t len, int64_t deadline)
{
	struct error why;

	if (conn_write(w->conn, data, len, deadline, &why) == 0)
		return wire_drain(w);
	w->torn = true;
	while (w->owed > 0)
		if (wire_read(w, clock_in(WIRE_STRAY_WAIT)))
			return -1;
	if (conn_peek(w->conn))
		return wire_end_stray(w, w->last);
	error_prefix(&why, "while sending %s",
		     w->last == WIRE_DATA ? "the message" : "commands");
	return wire_end(w, w->last, &why);
}

int wire_flush(struct wire *w, struct error *error)
{
	int failed = 0;

	if (w->over)
		return wire_fail(w, error);
	if (w->out.len > 0)
		failed = wire_write(w, w->out.data, w->out.len, wire_deadline(w, w->last));
	if (failed)
		return wire_fail(w, error);
	explicit_bzero(w->out.data, w->out.len);
	buf_reset(&w->out);
	return 0;
}

int wire_check_level(struct wire *w, enum wire_verb verb, struct error *error)
{
	if (!w->over && w->owed == 0 && conn_peek(w->conn))
		wire_end_stray(w, verb);
	return w->over ? wire_fail(w, error) : 0;
}

bool wire_is_idle(struct wire *w)
{
	struct error ignored;

	return w->owed == 0 && wire_check_level(w, WIRE_NOOP, &ignored) == 0 &&
	       !conn_has_ended(w->conn);
}

/* Makes ready for one more command: reads what is owed where verb may not share a group with
 * it, and sees that a new group begins with nothing waiting. */
static int wire_make_way(struct wire *w, enum wire_verb verb, struct error *error)
{
	if (w->over)
		return wire_fail(w, error);
	while (w->owed > 0 && (!w->pipelining || verbs[w->last].ends_group)) {
		if (wire_flush(w, error))
			return -1;
		if (w->owed > 0 &&
		    wire_read(w, wire_deadline(w, STAILQ_FIRST(&w->slots)->verb)))
			return wire_fail(w, error);
	}
	if (w->owed == 0 && w->out.len == 0)
		return wire_check_level(w, verb, error);
	/* What ends a group is collected next, so it leaves with what is queued. */
	if (w->out.len > WIRE_FLUSH_MARK && !verbs[verb].ends_group)
		return wire_flush(w, error);
	return 0;
}

/* Whether line can go out as one command line. */
static int wire_check_line(enum wire_verb verb, struct span line, struct error *error)
{
	if (line.len > 0 &&
	    (memchr(line.data, '\r', line.len) || memchr(line.data, '\n', line.len) ||
	     memchr(line.data, '\0', line.len)))
		return error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
				 "a line break or NUL inside the argument of %s is refused",
				 verbs[verb].name);
	if (line.len > WIRE_LINE_MAX)
		return error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
				 "the argument of %s is too long", verbs[verb].name);
	return 0;
}

static void wire_owe(struct wire *w, struct wire_slot *slot, enum wire_verb verb)
{
	reply_clear(&slot->reply);
	slot->verb = verb;
	slot->owed = true;
	STAILQ_INSERT_TAIL(&w->slots, slot, next);
	w->owed++;
	w->last = verb;
}

/* What could not be queued whole must not leave in part. */
static int wire_end_memory(struct wire *w, struct error *error)
{
	error_set_memory(error);
	wire_abandon(w, error);
	return -1;
}

int wire_issue_secret(struct wire *w, struct wire_slot *slot, enum wire_verb verb,
		      struct span line, const char *shown, struct error *error)
{
	if (wire_check_line(verb, line, error) || wire_make_way(w, verb, error))
		return -1;
	buf_add_span(&w->out, line);
	buf_add_string(&w->out, "\r\n");
	if (buf_failed(&w->out))
		return wire_end_memory(w, error);
	wire_hear(w, '>', shown ? span_of(shown) : line);
	if (shown && !span_equals(line, shown))
		wire_remember(w, line);
	wire_owe(w, slot, verb);
	return 0;
}

int wire_issue(struct wire *w, struct wire_slot *slot, enum wire_verb verb, struct error *error,
	       const char *format, ...)
{
	struct buf line;
	va_list ap;
	int failed;

	buf_init(&line, WIRE_LINE_MAX);
	va_start(ap, format);
	buf_vprintf(&line, format, ap);
	va_end(ap);
	if (buf_failed(&line))
		failed = error_set(error, ERROR_MESSAGE, STAGE_SYNTAX,
				   "the argument of %s is too long", verbs[verb].name);
	else
		failed = wire_issue_secret(w, slot, verb, buf_span(&line), NULL, error);
	buf_clear(&line);
	return failed;
}

int wire_expect(struct wire *w, struct wire_slot *slot, enum wire_verb verb,
		struct error *error)
{
	if (w->over)
		return wire_fail(w, error);
	wire_owe(w, slot, verb);
	return 0;
}

int wire_collect(struct wire *w, struct wire_slot *slot, struct error *error)
{
	while (slot->owed && !w->over)
		/* A flush that fails may have read the answer all the same. */
		if (wire_flush(w, error) == 0 && slot->owed)
			wire_read(w, wire_deadline(w, STAILQ_FIRST(&w->slots)->verb));
	return slot->reply.code == 0 || slot->reply.code == 421 ? wire_fail(w, error) : 0;
}

int wire_collect_within(struct wire *w, struct wire_slot *slot, int64_t milliseconds,
			struct error *error)
{
	int64_t deadline = wire_in(w, milliseconds);

	if (wire_flush(w, error))
		return -1;
	while (slot->owed && !w->over)
		wire_read(w, deadline);
	return w->over ? wire_fail(w, error) : 0;
}

int wire_queue(struct wire *w, const void *data, size_t len, struct error *error)
{
	if (w->over)
		return wire_fail(w, error);
	buf_add(&w->out, data, len);
	return buf_failed(&w->out) ? wire_end_memory(w, error) : 0;
}

/* The milliseconds that size bytes of a message may take. */
static int64_t wire_data_time(const struct wire *w, uint64_t size)
{
	uint64_t seconds = size / WIRE_DATA_RATE;
	uint64_t rest = size % WIRE_DATA_RATE * 1000 / WIRE_DATA_RATE;

	if (seconds > INT32_MAX)
		return CLOCK_NEVER / 2;
	return (int64_t)(seconds * 1000 + rest) / 100 * w->scale;
}

int wire_data_begin(struct wire *w, uint64_t size, struct error *error)
{
	w->data_unsized = size == 0;
	w->data_deadline =
		clock_in((int64_t)WIRE_BLOCK_SECONDS * 10 * w->scale + wire_data_time(w, size));
	return wire_check_level(w, WIRE_DATA, error);
}

int wire_data(struct wire *w, const void *data, size_t len, struct error *error)
{
	int64_t deadline = wire_in(w, (int64_t)WIRE_BLOCK_SECONDS * 10 * w->scale);

	if (wire_flush(w, error))
		return -1;
	course_enter(conn_course(w->conn), COURSE_DATA);
	if (w->data_unsized)
		w->data_deadline += wire_data_time(w, len);
	if (deadline > w->data_deadline)
		deadline = w->data_deadline;
	if (wire_write(w, data, len, deadline) == 0 && w->owed == 0 &&
	    conn_input(w->conn).len > 0)
		wire_end_stray(w, WIRE_DATA);
	return w->over ? wire_fail(w, error) : 0;
}

int wire_start_tls(struct wire *w, const struct tls_policy *policy, struct error *error)
{
	if (w->over)
		return wire_fail(w, error);
	w->pipelining = false;
	if (w->owed > 0)
		return error_set(error, ERROR_LOCAL, STAGE_STARTTLS,
				 "TLS cannot start while replies are owed");
	if (conn_start_tls(w->conn, policy, wire_deadline(w, WIRE_STARTTLS), error) == 0)
		return 0;
	w->over = true;
	w->end = *error;
	return -1;
}
