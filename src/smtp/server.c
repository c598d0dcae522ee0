/*
 * The server side: see server.h. The program counter is the state between commands as in the
 * client; a message is read by its handler, through server_next().
 */
#include "smtp/server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/clock.h"
#include "base/text.h"
#include "net/stream.h"
#include "smtp/anybody.h"
#include "smtp/undot.h"

enum {
	SERVER_IDLE = 1000,          /* milliseconds */
	SERVER_ERRORS_MAX = 20,      /* of one client on a socket */
	SERVER_SAID_MAX = 32 * 1024, /* bytes of answers that wait for one write */
	SERVER_PIECE = 32 * 1024
};

/* Where a message is read from, while it is. */
struct server_source {
	bool chunked;
	bool ended;     /* all of it is read, or nothing more of it will come */
	bool broken;    /* another command came between chunks */
	bool last;      /* the present chunk is the last */
	uint64_t left;  /* bytes of the chunk */
	uint64_t total; /* bytes so far */
	size_t lent;    /* of the input, to be consumed */
	struct undot undot;
	struct undot_check check;
	char *piece; /* room for one, by DATA */
};

struct server {
	const struct server_options *o;
	const struct server_handler *h;
	struct stream stream;
	struct buf line; /* the command, without its line end */
	bool line_lf;    /* which was a LF alone */
	bool again;      /* the line is still to be obeyed */
	bool over;
	enum server_end end;
	unsigned errors;
	bool greeted; /* EHLO or HELO */
	bool logged_in;
	bool in_mail;
	struct server_envelope envelope;
	struct server_source source;
	struct answer answer;
};

/* A verb, and where it may stand. */
struct server_row {
	const char *verb;
	void (*act)(struct server *s, struct span argument);
	bool plain; /* takes no argument */
};

static void server_leave(struct server *s, enum server_end end)
{
	s->over = true;
	s->end = end;
}

static int64_t server_deadline(const struct server *s)
{
	int64_t wait = s->o->wait ? clock_in(s->o->wait) : CLOCK_NEVER;

	return wait < s->o->deadline ? wait : s->o->deadline;
}

static void server_flush(struct server *s)
{
	struct error error;

	/* An answer is due even when the session's time is over. */
	if (stream_flush(&s->stream, s->o->wait ? clock_in(s->o->wait) : CLOCK_NEVER, &error))
		server_leave(s, SERVER_LOST);
}

/* Queues s->answer. Who errs again and again is no client of ours. */
static void server_reply(struct server *s)
{
	bool utf8 = s->envelope.utf8;

	s->errors += s->answer.code >= 500 && s->answer.code < 556 && s->answer.code != 550 &&
		     s->answer.code != 552 && s->answer.code != 554;
	answer_write(&s->answer, utf8, &s->stream.output);
	if (s->stream.output.len > SERVER_SAID_MAX)
		server_flush(s);
	if (s->o->strict && s->errors > SERVER_ERRORS_MAX && !s->over) {
		buf_add_string(&s->stream.output, "421 4.7.0 too many errors\r\n");
		server_leave(s, SERVER_LEFT);
	}
}

static void server_say(struct server *s, int code, const char *enhanced, const char *format,
		       ...) __attribute__((format(printf, 4, 5)));

static void server_say(struct server *s, int code, const char *enhanced, const char *format,
		       ...)
{
	va_list ap;

	va_start(ap, format);
	answer_vset(&s->answer, code, enhanced, format, ap);
	va_end(ap);
	server_reply(s);
}

static void server_forget_mail(struct server *s)
{
	address_clear(&s->envelope.sender);
	strv_clear(&s->envelope.recipients);
	s->envelope = (struct server_envelope){0};
	s->in_mail = false;
}

static bool server_is_stopped(const struct server *s)
{
	return s->o->stop && *s->o->stop;
}

static void server_stop(struct server *s)
{
	server_say(s, 421, "4.3.2", "the service ends");
	server_leave(s, SERVER_LEFT);
}

/* Waits for a command; a handler with something open may close it meanwhile. Returns 1, 0 at
 * the end, -1. */
static int server_wait(struct server *s, struct error *error)
{
	int64_t deadline = server_deadline(s);
	bool first = true;
	int got;

	do {
		int64_t turn = clock_in(SERVER_IDLE);

		turn = turn < deadline && (first || s->o->stop) ? turn : deadline;
		got = stream_fill(&s->stream, turn, error);
		if (got >= 0 || error->number != ETIMEDOUT || turn == deadline)
			return got;
		if (first && s->h->idle && !s->source.chunked)
			s->h->idle(s->h->context);
		first = false;
	} while (!server_is_stopped(s));
	return got;
}

/* Reads more of a command. Returns 0, or -1 when there is no more. */
static int server_listen(struct server *s)
{
	struct error error = {0};
	int got;

	server_flush(s);
	if (s->over)
		return -1;
	got = server_wait(s, &error);
	if (got > 0)
		return 0;
	if (got < 0 && server_is_stopped(s)) {
		server_stop(s);
		return -1;
	}
	if (got < 0 && error.number == ETIMEDOUT) {
		server_say(s, 421, "4.4.2", "nothing was said for too long");
		server_leave(s, SERVER_LEFT);
	} else {
		server_leave(s, got < 0 || s->source.chunked ? SERVER_LOST : SERVER_QUIT);
	}
	return -1;
}

/* Takes a whole line off the input. Returns 1; 0 when there is none yet. */
static int server_take_line(struct server *s, size_t *seen, bool *long_line)
{
	struct span in = stream_input(&s->stream);
	const char *lf = memchr(in.data + *seen, '\n', in.len - *seen);
	struct span line = {in.data, lf ? (size_t)(lf - in.data) : in.len};

	*seen = in.len;
	if (!lf && in.len <= COMMAND_LINE_MAX)
		return 0;
	*long_line = *long_line || line.len > COMMAND_LINE_MAX;
	s->line_lf = lf && (line.len == 0 || lf[-1] != '\r');
	line.len -= lf && !s->line_lf;
	buf_reset(&s->line);
	if (!*long_line)
		buf_add_span(&s->line, line);
	stream_consume(&s->stream, lf ? (size_t)(lf + 1 - in.data) : in.len);
	*seen = 0;
	return lf != NULL;
}

/* The next command that is a line. Returns 0, or -1 when the session is over. */
static int server_read_line(struct server *s)
{
	bool long_line = false;
	size_t seen = 0;

	while (!s->over) {
		if (!server_take_line(s, &seen, &long_line)) {
			if (server_listen(s))
				return -1;
			continue;
		}
		if (long_line)
			server_say(s, 500, "5.5.2", "the line is too long");
		else if (memchr(s->line.data, '\0', s->line.len) ||
			 memchr(s->line.data, '\r', s->line.len))
			server_say(s, 500, "5.5.2", "a line holds no CR and no NUL");
		else if (!s->line_lf || !s->o->strict)
			return 0;
		else
			server_say(s, 500, "5.5.2", "a line ends in CRLF and not in LF alone");
		long_line = false;
	}
	return -1;
}

/* The message. */

static int server_refuse(int code, int subject, int detail, const char *text,
			 struct error *error)
{
	error_set(error, ERROR_MESSAGE, STAGE_INPUT, "%s", text);
	error->code = code;
	error->enhanced[0] = code / 100;
	error->enhanced[1] = subject;
	error->enhanced[2] = detail;
	return -1;
}

/* The connection ends in the middle of a message. */
static int server_lose(struct server *s, int got, struct error *error)
{
	if (got < 0 && error->number == ETIMEDOUT)
		server_say(s, 421, "4.4.2", "the message did not come in time");
	server_leave(s, got < 0 && error->number == ETIMEDOUT ? SERVER_LEFT : SERVER_LOST);
	return error_set(error, ERROR_TEMPORARY, STAGE_INPUT,
			 "the client left in the middle of a message");
}

/* The end of the message: what was seen of it now decides. */
static int server_end_message(struct server *s, struct error *error)
{
	struct server_source *r = &s->source;

	r->ended = true;
	if (s->o->strict && !s->envelope.binary && (r->check.bare || r->check.after_cr))
		return server_refuse(550, 5, 2,
				     "the message holds a CR or LF that is not part of a CRLF",
				     error);
	return 0;
}

/* Accounts for a piece. */
static int server_note_piece(struct server *s, struct span piece, struct error *error)
{
	struct server_source *r = &s->source;

	r->total += piece.len;
	undot_check_feed(&r->check, piece);
	if (s->o->size_max && r->total > s->o->size_max)
		return server_refuse(552, 3, 4, "the message is too large", error);
	return 1;
}

static int server_next_data(struct server *s, struct span *piece, struct error *error)
{
	struct server_source *r = &s->source;

	while (!r->undot.ended) {
		struct span in = stream_input(&s->stream);
		struct span rest = in;

		if (in.len == 0) {
			int got = stream_fill(&s->stream, server_deadline(s), error);

			if (got <= 0)
				return server_lose(s, got, error);
			continue;
		}
		if (in.len > SERVER_PIECE)
			in.len = rest.len = SERVER_PIECE;
		*piece = (struct span){r->piece, undot_feed(&r->undot, &rest, r->piece)};
		stream_consume(&s->stream, in.len - rest.len);
		if (piece->len > 0)
			return server_note_piece(s, *piece, error);
	}
	return server_end_message(s, error);
}

static int server_next_chunk(struct server *s, struct error *error);

static int server_next_octets(struct server *s, struct span *piece, struct error *error)
{
	struct server_source *r = &s->source;
	struct span in;

	stream_consume(&s->stream, r->lent);
	r->lent = 0;
	while (r->left == 0) {
		if (r->last)
			return server_end_message(s, error);
		if (server_next_chunk(s, error))
			return -1;
	}
	in = stream_input(&s->stream);
	if (in.len == 0) {
		int got = stream_fill(&s->stream, server_deadline(s), error);

		if (got <= 0)
			return server_lose(s, got, error);
		in = stream_input(&s->stream);
	}
	*piece = (struct span){in.data, in.len < r->left ? in.len : (size_t)r->left};
	r->lent = piece->len;
	r->left -= piece->len;
	return server_note_piece(s, *piece, error);
}

static int server_next_piece(void *source, struct span *piece, struct error *error)
{
	struct server *s = source;

	return s->source.chunked ? server_next_octets(s, piece, error)
				 : server_next_data(s, piece, error);
}

/* Reads what is left of the message, or of the chunk, after it was refused. */
static void server_drain(struct server *s)
{
	struct server_source *r = &s->source;
	struct span piece;
	struct error ignored;

	while (!s->over && !r->broken &&
	       (r->chunked ? r->left > 0 || r->lent > 0 : !r->undot.ended)) {
		if (r->chunked && r->left == 0) {
			stream_consume(&s->stream, r->lent);
			r->lent = 0;
		} else if (r->chunked) {
			server_next_octets(s, &piece, &ignored);
		} else {
			server_next_data(s, &piece, &ignored);
		}
	}
}

/* One message: the handler reads it and says what became of it. */
static void server_take_message(struct server *s)
{
	struct server_source *r = &s->source;

	s->answer = (struct answer){0};
	s->h->message(s->h->context, &s->envelope, server_next_piece, s, &s->answer);
	server_drain(s);
	if (!s->over && !r->broken) {
		if (s->answer.code == 0)
			answer_set(&s->answer, 451, "4.3.0", "the message was not taken");
		if (s->answer.code == 250)
			s->errors = 0;
		server_reply(s);
	}
	free(r->piece);
	*r = (struct server_source){0};
	server_forget_mail(s);
}

/* Whether a message may come now. */
static bool server_may_send(struct server *s)
{
	if (!s->in_mail)
		answer_set(&s->answer, 503, "5.5.1", "MAIL comes first");
	else if (s->envelope.recipients.count == 0)
		answer_set(&s->answer, 503, "5.5.1", "there are no valid recipients");
	else
		return true;
	return false;
}

static void server_data(struct server *s, struct span argument)
{
	(void)argument;
	if (!server_may_send(s)) {
		server_reply(s);
		return;
	}
	if (s->envelope.binary) {
		server_say(s, 503, "5.5.1", "BODY=BINARYMIME goes by BDAT");
		return;
	}
	s->source = (struct server_source){.piece = malloc(SERVER_PIECE + 1)};
	s->source.undot.lf_ends = s->line_lf;
	if (!s->source.piece) {
		server_say(s, 451, "4.3.0", "not enough memory");
		return;
	}
	server_say(s, 354, NULL, "the message, and a line with a dot behind it");
	server_flush(s);
	if (!s->over)
		server_take_message(s);
}

/* Swallows a chunk that belongs to no message. */
static void server_swallow(struct server *s, uint64_t size)
{
	struct error ignored;

	while (size > 0) {
		struct span in = stream_input(&s->stream);
		size_t len = in.len < size ? in.len : (size_t)size;

		if (in.len == 0 && stream_fill(&s->stream, server_deadline(s), &ignored) <= 0) {
			server_leave(s, SERVER_LOST);
			return;
		}
		stream_consume(&s->stream, len);
		size -= len;
	}
}

/* Nobody knows where the next command begins behind a BDAT that cannot be read. */
static int server_read_bdat(struct server *s, struct span argument, uint64_t *size, bool *last)
{
	if (command_parse_bdat(size, last, argument, &s->answer) == 0)
		return 0;
	server_reply(s);
	server_leave(s, SERVER_LEFT);
	return -1;
}

static void server_bdat(struct server *s, struct span argument)
{
	uint64_t size;
	bool last;

	if (server_read_bdat(s, argument, &size, &last))
		return;
	if (!server_may_send(s)) {
		server_swallow(s, size);
		if (!s->over)
			server_reply(s);
		return;
	}
	s->source = (struct server_source){.chunked = true, .left = size, .last = last};
	server_flush(s);
	if (!s->over)
		server_take_message(s);
}

/* The other commands. */

static void server_hello(struct server *s, struct span argument)
{
	(void)argument;
	server_forget_mail(s);
	s->greeted = true;
	server_say(s, 250, NULL, "%s", s->o->name);
}

static void server_ehlo(struct server *s, struct span argument)
{
	(void)argument;
	server_forget_mail(s);
	s->greeted = true;
	server_say(s, 250, NULL,
		   "%s\nPIPELINING\nSIZE %" PRIu64
		   "\n8BITMIME\nSMTPUTF8\nCHUNKING\nBINARYMIME\n"
		   "DSN\nENHANCEDSTATUSCODES\nLIMITS RCPTMAX=%zu\nHELP%s",
		   s->o->name, s->o->size_max, s->o->recipients_max,
		   s->o->any_login ? "\nAUTH PLAIN LOGIN" : "");
}

/* Begins a message; takes the address over. */
static void server_begin_mail(struct server *s, struct command_mail *m)
{
	struct server_envelope *e = &s->envelope;

	e->sender = m->sender;
	m->sender = (struct address){0};
	e->wishes.ret = m->ret;
	e->utf8 = m->utf8;
	e->binary = m->binary;
	memcpy(e->envelope_id, m->envelope_id, sizeof(e->envelope_id));
	e->wishes.envelope_id = e->envelope_id[0] ? e->envelope_id : NULL;
	s->in_mail = true;
	answer_set(&s->answer, 250, "2.1.0", "the sender is good");
}

static void server_mail(struct server *s, struct span argument)
{
	struct command_mail m = {.logins = s->o->any_login};

	if (s->o->strict && !s->greeted)
		answer_set(&s->answer, 503, "5.5.1", "EHLO comes first");
	else if (s->in_mail)
		answer_set(&s->answer, 503, "5.5.1", "there is a sender already");
	else if (command_parse_mail(&m, argument, &s->answer))
		; /* the answer is there */
	else if (s->o->size_max && m.size > s->o->size_max)
		answer_set(&s->answer, 552, "5.3.4",
			   "messages may have %" PRIu64 " bytes at the most", s->o->size_max);
	else
		server_begin_mail(s, &m);
	address_clear(&m.sender);
	server_reply(s);
}

/* What all recipients together want to be told: what any of them wants. Who says nothing is
 * told of failures and delays (RFC 3461 section 4.1). */
static unsigned server_join_notify(unsigned before, unsigned notify)
{
	if (before == notify)
		return before;
	before = before ? before : WISHES_FAILURE | WISHES_DELAY;
	notify = notify ? notify : WISHES_FAILURE | WISHES_DELAY;
	return (before | notify) & ~(unsigned)WISHES_NEVER;
}

static int server_add_recipient(struct server *s, const struct command_rcpt *r)
{
	struct server_envelope *e = &s->envelope;

	if (strv_add(&e->recipients, span_of(r->recipient.text)))
		return answer_set(&s->answer, 451, "4.3.0", "not enough memory");
	e->wishes.notify = e->recipients.count == 1
				   ? r->notify
				   : server_join_notify(e->wishes.notify, r->notify);
	answer_set(&s->answer, 250, "2.1.5", "the recipient is good");
	return 0;
}

static void server_rcpt(struct server *s, struct span argument)
{
	struct command_rcpt r = {0};

	if (!s->in_mail)
		answer_set(&s->answer, 503, "5.5.1", "MAIL comes first");
	else if (s->envelope.recipients.count >= s->o->recipients_max)
		answer_set(&s->answer, 452, "4.5.3",
			   "%zu recipients are enough for one message", s->o->recipients_max);
	else if (command_parse_rcpt(&r, argument, &s->answer) == 0)
		server_add_recipient(s, &r);
	address_clear(&r.recipient);
	server_reply(s);
}

static void server_rset(struct server *s, struct span argument)
{
	(void)argument;
	server_forget_mail(s);
	server_say(s, 250, "2.0.0", "forgotten");
}

static void server_noop(struct server *s, struct span argument)
{
	(void)argument;
	server_say(s, 250, "2.0.0", "nothing done");
}

static void server_vrfy(struct server *s, struct span argument)
{
	if (argument.len == 0)
		server_say(s, 501, "5.5.4", "VRFY wants an address");
	else
		server_say(s, 252, "2.0.0", "only the relay knows; try it");
}

static void server_help(struct server *s, struct span argument)
{
	(void)argument;
	server_say(s, 214, "2.0.0",
		   "EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT\nsee pennypost(1)");
}

static void server_quit(struct server *s, struct span argument)
{
	(void)argument;
	server_say(s, 221, "2.0.0", "goodbye");
	server_leave(s, SERVER_QUIT);
}

static void server_lacks(struct server *s, struct span argument)
{
	(void)argument;
	server_say(s, 502, "5.5.1", "the command is not offered here");
}

/* Forgets a line with a password. */
static void server_wipe_line(struct server *s)
{
	explicit_bzero(s->line.data, s->line.len);
	stream_wipe(&s->stream);
}

static void server_log_in(struct server *s, struct span argument)
{
	struct anybody login;
	bool more = anybody_begin(&login, argument, &s->answer);

	server_wipe_line(s);
	server_reply(s);
	while (more && server_read_line(s) == 0) {
		more = anybody_go_on(&login, buf_span(&s->line), &s->answer);
		server_wipe_line(s);
		server_reply(s);
	}
	s->logged_in = s->answer.code == 235;
}

static void server_auth(struct server *s, struct span argument)
{
	if (!s->o->any_login)
		server_lacks(s, argument);
	else if (!s->greeted)
		server_say(s, 503, "5.5.1", "EHLO comes first");
	else if (s->in_mail || s->logged_in)
		server_say(s, 503, "5.5.1", "it is too late for a login");
	else
		server_log_in(s, argument);
}

/* A browser that was led to our port: what follows may look like SMTP. */
static void server_foreign(struct server *s, struct span argument)
{
	(void)argument;
	server_say(s, 421, "4.7.0", "this is SMTP");
	server_leave(s, SERVER_LEFT);
}

static const struct server_row server_rows[] = {
	{"EHLO", server_ehlo, false},       {"HELO", server_hello, false},
	{"MAIL", server_mail, false},       {"RCPT", server_rcpt, false},
	{"DATA", server_data, true},        {"BDAT", server_bdat, false},
	{"RSET", server_rset, true},        {"NOOP", server_noop, false},
	{"VRFY", server_vrfy, false},       {"HELP", server_help, false},
	{"QUIT", server_quit, true},        {"EXPN", server_lacks, false},
	{"ETRN", server_lacks, false},      {"AUTH", server_auth, false},
	{"STARTTLS", server_lacks, false},  {"LHLO", server_lacks, false},
	{"GET", server_foreign, false},     {"POST", server_foreign, false},
	{"PUT", server_foreign, false},     {"HEAD", server_foreign, false},
	{"CONNECT", server_foreign, false}, {"OPTIONS", server_foreign, false},
	{"HOST:", server_foreign, false},   {0},
};

static const struct server_row *server_find(const struct server *s, struct span *argument)
{
	struct span line = buf_span(&s->line);
	const struct server_row *row = server_rows;
	struct span verb = {line.data, 0};

	while (verb.len < line.len && !chars_is(line.data[verb.len], CHARS_BLANK))
		verb.len++;
	*argument = span_trim((struct span){line.data + verb.len, line.len - verb.len});
	while (row->verb && !span_equals_nocase(verb, row->verb))
		row++;
	return row->verb ? row : NULL;
}

static void server_obey(struct server *s)
{
	struct span argument;
	const struct server_row *row = server_find(s, &argument);

	if (!row)
		server_say(s, 500, "5.5.2", "there is no such command");
	else if (row->plain && argument.len > 0)
		server_say(s, 501, "5.5.4", "%s takes no argument", row->verb);
	else if ((row->act == server_ehlo || row->act == server_hello) && argument.len == 0)
		server_say(s, 501, "5.5.4", "%s wants a name", row->verb);
	else
		row->act(s, argument);
}

/* Between chunks: the one before is taken, and the next command must be BDAT, or end the
 * message (RFC 3030 section 2). */
static int server_next_chunk(struct server *s, struct error *error)
{
	struct server_source *r = &s->source;
	struct span argument;

	server_say(s, 250, "2.0.0", "%" PRIu64 " bytes so far", r->total);
	while (server_read_line(s) == 0) {
		const struct server_row *row = server_find(s, &argument);

		if (row && row->act == server_bdat) {
			if (server_read_bdat(s, argument, &r->left, &r->last))
				break;
			return 0;
		}
		if (row && (row->act == server_noop || row->act == server_help)) {
			row->act(s, argument);
		} else if (row && (row->act == server_rset || row->act == server_quit ||
				   row->act == server_ehlo || row->act == server_hello)) {
			r->broken = s->again = true;
			break;
		} else {
			server_say(s, 503, "5.5.1", "BDAT is wanted, or RSET");
		}
	}
	r->ended = true;
	return error_set(error, ERROR_TEMPORARY, STAGE_INPUT,
			 "the client left in the middle of a message");
}

enum server_end server_run(const struct server_options *o, const struct server_handler *h,
			   int in, int out)
{
	struct server s = {.o = o, .h = h, .end = SERVER_QUIT};

	stream_init(&s.stream, in, out);
	buf_init(&s.line, COMMAND_LINE_MAX + 1);
	server_say(&s, 220, NULL, "%s ESMTP pennypost", o->name);
	while (!s.over) {
		if (!s.again && server_read_line(&s))
			break;
		s.again = false;
		if (server_is_stopped(&s) && !s.in_mail)
			server_stop(&s);
		else
			server_obey(&s);
	}
	if (s.end != SERVER_LOST)
		server_flush(&s);
	server_forget_mail(&s);
	buf_clear(&s.line);
	stream_clear(&s.stream);
	return s.end;
}
