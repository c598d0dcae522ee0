/* An SMTP session as a client: see client.h. */
#include "smtp/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "mail/wireform.h"
#include "smtp/flight.h"

enum {
	CLIENT_HANDSHAKE_SECONDS = 120,
	CLIENT_BLOCK = 16 * 1024,
	CLIENT_NAME_MAX = 300,
	CLIENT_NOTE_MAX = 2048,
	CLIENT_WHERE_MAX = 320
};

struct smtp {
	struct wire *wire;
	struct smtp_options options;
	struct wire_slot greeting;
	struct wire_slot last;
	struct capabilities capabilities;
	bool hello_done;
	struct buf local_name;
	uint64_t message_size; /* as MAIL was told, 0: unknown */
	struct wireform form;  /* of the message being written */
	struct flight *begun;  /* whose DATA has been said, or NULL */
	void *kept;
	void (*release)(void *kept);
	char where[CLIENT_WHERE_MAX];
};

struct smtp *smtp_new(struct conn *c, const struct smtp_options *options, struct error *error)
{
	struct smtp *s = calloc(1, sizeof(*s));

	if (!s) {
		conn_free(c);
		error_set_memory(error);
		return NULL;
	}
	s->wire = wire_new(c, options->timeout_scale);
	if (!s->wire) {
		free(s);
		error_set_memory(error);
		return NULL;
	}
	s->options = *options;
	if (options->deadline)
		wire_set_limit(s->wire, options->deadline);
	wire_set_listener(s->wire, options->listener, options->listener_context);
	wire_slot_init(&s->greeting);
	wire_slot_init(&s->last);
	buf_init(&s->local_name, CLIENT_NAME_MAX);
	if (options->local_name)
		buf_add_string(&s->local_name, options->local_name);
	if (buf_failed(&s->local_name)) {
		error_set(error, ERROR_LOCAL, STAGE_CONFIG,
			  "the name for EHLO is longer than %d bytes", CLIENT_NAME_MAX);
		smtp_free(s);
		return NULL;
	}
	return s;
}

void smtp_free(struct smtp *s)
{
	if (!s)
		return;
	flight_free(s->begun);
	wire_free(s->wire);
	wire_slot_clear(&s->greeting);
	wire_slot_clear(&s->last);
	capabilities_clear(&s->capabilities);
	buf_clear(&s->local_name);
	if (s->release)
		s->release(s->kept);
	free(s);
}

void smtp_keep(struct smtp *s, void *kept, void (*release)(void *kept))
{
	s->kept = kept;
	s->release = release;
}

const char *smtp_where(const struct smtp *s)
{
	return s->where;
}

static void smtp_note_dial(const struct endpoint *e, const struct smtp_options *options)
{
	char name[300];
	char line[320];

	if (!options->listener)
		return;
	snprintf(line, sizeof(line), "connecting to %s", endpoint_show(e, name, sizeof(name)));
	options->listener(options->listener_context, '*', span_of(line));
}

static void smtp_note_peer(const struct conn *c, const struct smtp_options *options)
{
	struct buf line;

	if (!options->listener)
		return;
	buf_init(&line, 300);
	buf_add_string(&line, "connected to ");
	conn_peer(c, &line);
	options->listener(options->listener_context, '*', buf_span(&line));
	buf_clear(&line);
}

static void smtp_note_tls(const struct smtp *s)
{
	struct tls_info info = {0};
	struct error ignored;
	struct buf line;

	if (!s->options.listener || conn_describe_tls(wire_conn(s->wire), &info, &ignored))
		return;
	buf_init(&line, CLIENT_NOTE_MAX);
	buf_printf(&line, "TLS is on, %s%s: %s", info.version, info.resumed ? ", resumed" : "",
		   info.trust);
	wire_note(s->wire, line.data);
	buf_clear(&line);
	tls_info_clear(&info);
}

struct smtp *smtp_dial(const struct endpoint *e, const struct dial_options *how,
		       const struct smtp_options *options, struct error *error)
{
	int scale = options->timeout_scale > 0 ? options->timeout_scale : 100;
	int64_t handshake;
	struct conn *c;
	struct smtp *s;

	smtp_note_dial(e, options);
	c = dial(e, how, error);
	if (!c)
		return NULL;
	smtp_note_peer(c, options);
	handshake = clock_in((int64_t)CLIENT_HANDSHAKE_SECONDS * 10 * scale);
	if (options->deadline && options->deadline < handshake)
		handshake = options->deadline;
	if (options->tls == SMTP_TLS_IMPLICIT &&
	    conn_start_tls(c, &options->tls_policy, handshake, error)) {
		conn_free(c);
		return NULL;
	}
	s = smtp_new(c, options, error);
	if (s)
		endpoint_show(e, s->where, sizeof(s->where));
	if (s && options->tls == SMTP_TLS_IMPLICIT)
		smtp_note_tls(s);
	return s;
}

struct wire *smtp_wire(struct smtp *s)
{
	return s->wire;
}

struct flight *smtp_begun(const struct smtp *s)
{
	return s->begun;
}

void smtp_set_begun(struct smtp *s, struct flight *f)
{
	s->begun = f;
}

const struct capabilities *smtp_capabilities(const struct smtp *s)
{
	return &s->capabilities;
}

bool smtp_is_lmtp(const struct smtp *s)
{
	return s->options.lmtp;
}

bool smtp_extension(const struct smtp *s, const char *keyword, struct span *parameters)
{
	return capabilities_have(&s->capabilities, keyword, parameters);
}

const struct reply *smtp_greeting(const struct smtp *s)
{
	return &s->greeting.reply;
}

const struct reply *smtp_last_reply(const struct smtp *s)
{
	return &s->last.reply;
}

int smtp_tls_state(struct smtp *s, struct tls_info *info, struct error *error)
{
	return conn_describe_tls(wire_conn(s->wire), info, error);
}

static int smtp_await_greeting(struct smtp *s, struct error *error)
{
	int scale = s->options.timeout_scale > 0 ? s->options.timeout_scale : 100;

	if (wire_expect(s->wire, &s->greeting, WIRE_GREETING, error))
		return -1;
	if (s->options.greeting_seconds <= 0)
		return wire_collect(s->wire, &s->greeting, error);
	return wire_collect_within(s->wire, &s->greeting,
				   (int64_t)s->options.greeting_seconds * 10 * scale, error);
}

/* The greeting (RFC 5321 section 3.1): 220, or the relay does not want us. */
static int smtp_greet(struct smtp *s, struct error *error)
{
	if (s->greeting.reply.code == 0 && smtp_await_greeting(s, error))
		return -1;
	if (s->greeting.reply.code != 220)
		return reply_refuse(&s->greeting.reply, ERROR_RELAY, STAGE_GREETING,
				    "the connection", error);
	return 0;
}

/* EHLO, HELO or LHLO with our name. */
static int smtp_say_hello(struct smtp *s, enum wire_verb verb, const char *word,
			  struct error *error)
{
	if (s->local_name.len == 0)
		conn_local_literal(wire_conn(s->wire), &s->local_name);
	if (wire_issue(s->wire, &s->last, verb, error, "%s %s", word, s->local_name.data))
		return -1;
	return wire_collect(s->wire, &s->last, error);
}

/* Learns what the relay offers. A relay that knows no EHLO gets HELO and offers nothing (RFC
 * 5321 section 3.2). */
static int smtp_ehlo(struct smtp *s, struct error *error)
{
	bool lmtp = s->options.lmtp;

	capabilities_clear(&s->capabilities);
	wire_set_pipelining(s->wire, false);
	if (smtp_say_hello(s, lmtp ? WIRE_LHLO : WIRE_EHLO, lmtp ? "LHLO" : "EHLO", error))
		return -1;
	if (!lmtp && reply_is_permanent(&s->last.reply)) {
		if (smtp_say_hello(s, WIRE_HELO, "HELO", error))
			return -1;
	} else if (s->last.reply.code == 250 &&
		   capabilities_parse(&s->capabilities, buf_span(&s->last.reply.text))) {
		return error_set_memory(error);
	}
	if (s->last.reply.code != 250)
		return reply_refuse(&s->last.reply, ERROR_RELAY, STAGE_EHLO,
				    lmtp ? "LHLO" : "EHLO and HELO", error);
	wire_set_pipelining(s->wire, smtp_extension(s, "PIPELINING", NULL));
	return 0;
}

int smtp_hello(struct smtp *s, struct error *error)
{
	if (s->hello_done)
		return 0;
	if (smtp_greet(s, error) || smtp_ehlo(s, error))
		return -1;
	s->hello_done = true;
	return 0;
}

int smtp_starttls(struct smtp *s, struct error *error)
{
	if (smtp_hello(s, error))
		return -1;
	if (!smtp_extension(s, "STARTTLS", NULL))
		return error_set_wrong_tls(
			error, STAGE_STARTTLS,
			"the relay does not offer STARTTLS, and nothing is sent without it");
	if (wire_issue(s->wire, &s->last, WIRE_STARTTLS, error, "STARTTLS") ||
	    wire_collect(s->wire, &s->last, error))
		return -1;
	if (s->last.reply.code != 220)
		return reply_refuse(&s->last.reply, ERROR_RELAY, STAGE_STARTTLS, "STARTTLS",
				    error);
	capabilities_clear(&s->capabilities);
	s->hello_done = false;
	if (wire_start_tls(s->wire, &s->options.tls_policy, error))
		return -1;
	smtp_note_tls(s);
	return smtp_hello(s, error);
}

int smtp_open(struct smtp *s, struct error *error)
{
	bool is_tls = conn_is_tls(wire_conn(s->wire));

	if (smtp_hello(s, error))
		return -1;
	if (is_tls || s->options.tls == SMTP_TLS_NEVER)
		return 0;
	if (s->options.tls == SMTP_TLS_IF_OFFERED && !smtp_extension(s, "STARTTLS", NULL))
		return 0;
	return smtp_starttls(s, error);
}

/* The last look before AUTH and MAIL: whatever happened so far, what was required is there. */
static int smtp_check_tls(struct smtp *s, struct error *error)
{
	bool required =
		s->options.tls == SMTP_TLS_REQUIRED || s->options.tls == SMTP_TLS_IMPLICIT;

	if (required && !conn_is_tls(wire_conn(s->wire)))
		return error_set(error, ERROR_RELAY, STAGE_STARTTLS,
				 "TLS is required and not on, so nothing is sent");
	return 0;
}

int smtp_ready(struct smtp *s, struct error *error)
{
	if (smtp_open(s, error))
		return -1;
	return smtp_check_tls(s, error);
}

bool smtp_may_carry_secret(const struct smtp *s)
{
	const struct conn *c = wire_conn(s->wire);

	if (conn_is_tls(c))
		return conn_is_verified(c);
	return conn_is_trusted_unix(c) || (s->options.clear_secret && conn_is_loopback(c));
}

/* An argument beyond PARAMETERS_LINE_MAX: nothing is sent, least of all a part of it. */
static int smtp_refuse_long(enum wire_verb verb, struct error *error)
{
	return error_set(error, ERROR_MESSAGE, STAGE_SYNTAX, "the argument of %s is too long",
			 verb == WIRE_RCPT ? "RCPT" : "VRFY");
}

/* One command and its reply; anything but a 2yz is refused as the class permanent. */
static int smtp_command(struct smtp *s, enum wire_verb verb, enum error_class permanent,
			struct span line, struct error *error)
{
	if (wire_issue_secret(s->wire, &s->last, verb, line, NULL, error) ||
	    wire_collect(s->wire, &s->last, error))
		return -1;
	if (!reply_is_positive(&s->last.reply))
		return reply_refuse(&s->last.reply, permanent, wire_stage(verb),
				    TEXT_SHOW(line), error);
	return 0;
}

/* The same for a line with an argument, which is freed; one that did not fit is refused. */
static int smtp_command_take(struct smtp *s, enum wire_verb verb, enum error_class permanent,
			     struct buf *line, struct error *error)
{
	int failed = buf_failed(line) ? smtp_refuse_long(verb, error)
				      : smtp_command(s, verb, permanent, buf_span(line), error);

	buf_clear(line);
	return failed;
}

struct parameters smtp_parameters(const struct smtp *s, const struct smtp_mail_options *needs,
				  const struct wishes *wishes)
{
	return (struct parameters){
		.offered = &s->capabilities,
		.needs = needs,
		.wishes = wishes,
		.verified = conn_is_verified(wire_conn(s->wire)),
	};
}

int smtp_mail(struct smtp *s, const char *reverse_path, const struct smtp_mail_options *needs,
	      struct error *error)
{
	struct parameters p;
	struct buf line;
	int failed;

	if (smtp_ready(s, error))
		return -1;
	p = smtp_parameters(s, needs, NULL);
	buf_init(&line, PARAMETERS_LINE_MAX);
	failed = parameters_check(&p, error) ||
		 parameters_check_path(&p, reverse_path, error) ||
		 parameters_mail(&p, reverse_path, &line, error);
	s->message_size = needs->size;
	if (!failed)
		return smtp_command_take(s, WIRE_MAIL, ERROR_MESSAGE, &line, error);
	buf_clear(&line);
	return -1;
}

int smtp_rcpt(struct smtp *s, const char *forward_path, struct error *error)
{
	struct buf line;

	buf_init(&line, PARAMETERS_LINE_MAX);
	buf_printf(&line, "RCPT TO:<%s>", forward_path);
	return smtp_command_take(s, WIRE_RCPT, ERROR_RECIPIENT, &line, error);
}

int smtp_judge_verdict(const struct reply *r, struct error *error)
{
	if (r->code == 250)
		return 0;
	if (reply_is_refusal(r))
		return reply_refuse(r, ERROR_MESSAGE, STAGE_VERDICT, "the message", error);
	error_set(error, ERROR_TEMPORARY, STAGE_VERDICT,
		  "the relay answered %d to the end of data, so the message may have been "
		  "delivered",
		  r->code);
	error->code = r->code;
	return -1;
}

int smtp_data_open(struct smtp *s, struct error *error)
{
	if (wire_issue(s->wire, &s->last, WIRE_DATA, error, "DATA") ||
	    wire_collect(s->wire, &s->last, error))
		return -1;
	if (s->last.reply.code != 354)
		return reply_refuse(&s->last.reply, ERROR_MESSAGE, STAGE_DATA, "DATA", error);
	wireform_init(&s->form, true);
	return wire_data_begin(s->wire, s->message_size, error);
}

int smtp_data_write(struct smtp *s, struct span piece, struct error *error)
{
	char block[CLIENT_BLOCK];

	while (piece.len > 0) {
		size_t len = wireform_feed(&s->form, &piece, block, sizeof(block));

		if (wire_data(s->wire, block, len, error))
			return -1;
	}
	return 0;
}

int smtp_data_close(struct smtp *s, struct error *error)
{
	char end[8];
	size_t len = wireform_finish(&s->form, end);

	memcpy(end + len, ".\r\n", 3);
	if (wire_check_level(s->wire, WIRE_DATA, error) ||
	    wire_expect(s->wire, &s->last, WIRE_VERDICT, error) ||
	    wire_queue(s->wire, end, len + 3, error) || wire_collect(s->wire, &s->last, error))
		return -1;
	return smtp_judge_verdict(&s->last.reply, error);
}

int smtp_noop(struct smtp *s, struct error *error)
{
	if (smtp_hello(s, error))
		return -1;
	return smtp_command(s, WIRE_NOOP, ERROR_RELAY, span_of("NOOP"), error);
}

int smtp_reset(struct smtp *s, struct error *error)
{
	if (smtp_hello(s, error))
		return -1;
	return smtp_command(s, WIRE_RSET, ERROR_RELAY, span_of("RSET"), error);
}

int smtp_verify(struct smtp *s, const char *address, struct error *error)
{
	struct buf line;

	if (smtp_ready(s, error))
		return -1;
	buf_init(&line, PARAMETERS_LINE_MAX);
	buf_printf(&line, "VRFY %s", address);
	return smtp_command_take(s, WIRE_VRFY, ERROR_RECIPIENT, &line, error);
}

int smtp_quit(struct smtp *s, struct error *error)
{
	/* A relay that refuses us in its greeting still gets its QUIT. */
	if (smtp_greet(s, error) && wire_is_over(s->wire))
		return -1;
	return smtp_command(s, WIRE_QUIT, ERROR_RELAY, span_of("QUIT"), error);
}

void smtp_leave(struct smtp *s)
{
	struct error ignored;

	if (wire_is_over(s->wire) || wire_owed(s->wire) > 0 || s->begun ||
	    !s->greeting.reply.code)
		return;
	if (wire_issue(s->wire, &s->last, WIRE_QUIT, &ignored, "QUIT") == 0)
		wire_flush(s->wire, &ignored);
}
