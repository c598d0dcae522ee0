/* A transaction on its way out: see flight.h. */
#include "smtp/flight.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "smtp/auth.h"

enum {
	FLIGHT_RIDE_BLOCK = 64 * 1024,
	FLIGHT_AHEAD_MAX =
		8 * 1024 /* bytes of an envelope that leaves behind another message */
};

struct flight *flight_new(struct smtp *s, struct smtp_transaction *t)
{
	struct flight *f = malloc(sizeof(*f));

	if (!f)
		return NULL;
	*f = (struct flight){.smtp = s, .wire = smtp_wire(s), .t = t};
	buf_init(&f->body, t->ride_max);
	buf_init(&f->line, PARAMETERS_LINE_MAX);
	buf_init_secret(&f->auth_line, SMTP_AUTH_LINE_MAX);
	buf_init(&f->auth_shown, PARAMETERS_LINE_MAX);
	wire_slot_init(&f->auth);
	wire_slot_init(&f->mail);
	wire_slot_init(&f->data);
	wire_slot_init(&f->verdict);
	wire_slot_init(&f->reset);
	wire_slot_init(&f->quit);
	body_chunks_init(&f->chunks);
	return f;
}

void flight_free(struct flight *f)
{
	if (!f)
		return;
	buf_clear(&f->body);
	buf_clear(&f->line);
	buf_wipe(&f->auth_line);
	buf_clear(&f->auth_shown);
	wire_slot_clear(&f->auth);
	wire_slot_clear(&f->mail);
	wire_slot_clear(&f->data);
	wire_slot_clear(&f->verdict);
	wire_slot_clear(&f->reset);
	wire_slot_clear(&f->quit);
	body_chunks_clear(&f->chunks);
	free(f);
}

/* Who takes part: as many as the relay takes in one transaction (RFC 9422: RCPTMAX, or what it
 * took when it sent some back), and of one domain where it counts domains (RCPTDOMAINMAX). */
static void flight_choose(struct flight *f)
{
	const struct capabilities *offered = smtp_capabilities(f->smtp);
	uint64_t most = capabilities_limit(offered, "RCPTMAX");
	bool one_domain = capabilities_limit(offered, "RCPTDOMAINMAX") > 0;
	const char *domain = NULL;

	if (f->t->room > 0 && (most == 0 || most > f->t->room))
		most = f->t->room;
	for (size_t i = 0; i < f->t->count; i++) {
		struct smtp_recipient *to = &f->t->recipients[i];
		const char *at = one_domain ? strrchr(to->path, '@') : NULL;

		to->chosen = to->outcome == SMTP_UNTRIED && (most == 0 || f->chosen < most) &&
			     (!domain || strcasecmp(at ? at : "", domain) == 0);
		f->chosen += to->chosen;
		if (to->chosen && one_domain && !domain)
			domain = at ? at : "";
	}
	f->last = f->t->last && f->chosen == smtp_transaction_untried(f->t);
}

/* Whether the message goes by BDAT. */
static bool flight_by_chunks(const struct flight *f)
{
	return !f->t->careful && !smtp_is_lmtp(f->smtp) &&
	       smtp_extension(f->smtp, "CHUNKING", NULL);
}

static int flight_open_message(struct flight *f, struct error *error)
{
	struct smtp_transaction *t = f->t;

	return t->source.open(t->source.context, smtp_capabilities(f->smtp),
			      flight_by_chunks(f), &t->needs, error);
}

struct body_source flight_source(const struct flight *f)
{
	const struct smtp_source *source = &f->t->source;

	return (struct body_source){source->next, source->context, f->t->needs.body_binary};
}

/* Loads a small message, so that it can ride. 1: it can; 0: not so, and it begins again; -1. */
static int flight_load(struct flight *f, struct error *error)
{
	struct body_source source = flight_source(f);
	int fits;

	if (!wire_pipelining(f->wire) || f->t->needs.size > f->t->ride_max)
		return 0;
	fits = body_load(&source, &f->body, error);
	if (fits < 0 || (fits > 0 && !body_has_verb(buf_span(&f->body))))
		return fits;
	return flight_open_message(f, error);
}

/* Which way the message goes. One with a line like a command goes by DATA, which costs no round
 * trip more than chunks that wait for the answer to their envelope: no relay can take its lines
 * for commands there. So does a large one that is encoded as it goes, unseen. With LMTP the
 * number of verdicts is known only behind that answer, and DATA is what every server has. */
static int flight_choose_way(struct flight *f, struct error *error)
{
	struct body_source source = flight_source(f);
	int found;

	f->way = FLIGHT_DATA;
	if (!flight_by_chunks(f))
		return 0;
	found = flight_load(f, error);
	f->way = found > 0 ? FLIGHT_RIDE : FLIGHT_CHUNKS;
	if (found || f->t->needs.body_binary)
		return found < 0 ? -1 : 0;
	if (f->t->needs.encoded && f->t->needs.size > f->t->ride_max)
		found = 1;
	else
		found = body_find_verb(&source, error);
	if (found > 0)
		f->way = FLIGHT_DATA;
	return found < 0 ? -1 : flight_open_message(f, error);
}

/* AUTH shares the flight where its line says all there is to say; else it comes before. */
static int flight_prepare_auth(struct flight *f, struct error *error)
{
	const struct smtp_login *login = f->t->login;
	int whole = 0;

	if (wire_pipelining(f->wire))
		whole = smtp_auth_line(f->smtp, login->mechanism, login->who, &f->auth_line,
				       &f->auth_shown, error);
	f->shares_auth = whole > 0;
	f->t->login_said = whole == 0;
	return whole == 0  ? smtp_auth(f->smtp, login->mechanism, login->who, error)
	       : whole < 0 ? -1
			   : 0;
}

/* Leaves out a recipient whom the relay cannot write to, so that the others get the message. -1
 * for trouble that is not his. */
static int flight_check_recipient(struct flight *f, struct smtp_recipient *to,
				  struct error *error)
{
	if (to->outcome != SMTP_UNTRIED ||
	    parameters_check_path(&f->parameters, to->path, error) == 0)
		return 0;
	if (error->class != ERROR_MESSAGE)
		return -1;
	to->outcome = SMTP_FAILED;
	to->why = "this address cannot be written in ASCII and the relay does not offer "
		  "SMTPUTF8";
	return 0;
}

/* Whether the relay can take message and paths, by what it offers. */
static int flight_check(struct flight *f, struct error *error)
{
	struct smtp_transaction *t = f->t;
	int failed;

	f->parameters = smtp_parameters(f->smtp, &t->needs, t->wishes);
	failed = parameters_check(&f->parameters, error) ||
		 parameters_check_path(&f->parameters, t->reverse_path, error);
	for (size_t i = 0; !failed && i < t->count; i++)
		failed = flight_check_recipient(f, &t->recipients[i], error);
	t->dropped |= f->parameters.dropped;
	return failed ? -1 : 0;
}

int flight_prepare(struct flight *f, struct error *error)
{
	struct smtp_transaction *t = f->t;

	if (smtp_ready(f->smtp, error))
		return -1;
	wire_set_pipelining(f->wire,
			    !t->careful && smtp_extension(f->smtp, "PIPELINING", NULL));
	if (flight_open_message(f, error) || flight_check(f, error))
		return -1;
	flight_choose(f);
	if (f->chosen == 0)
		return 0;
	if (t->login && flight_prepare_auth(f, error))
		return -1;
	return flight_choose_way(f, error);
}

/* Adds a command line to *size; whether it can be written. */
static bool flight_measure(int failed, const struct buf *line, size_t *size)
{
	*size += line->len + 2;
	return !failed && !strpbrk(line->data, "\r\n");
}

/* Whether the envelope can be written as a whole, and is small. What cannot is found out in its
 * own transaction, where nothing of it has been said yet. */
static bool flight_fits_ahead(struct flight *f)
{
	struct error ignored;
	size_t size = 0;
	bool fits;

	buf_reset(&f->line);
	fits = flight_measure(
		parameters_mail(&f->parameters, f->t->reverse_path, &f->line, &ignored),
		&f->line, &size);
	for (size_t i = 0; fits && i < f->t->count && size <= FLIGHT_AHEAD_MAX; i++) {
		buf_reset(&f->line);
		fits = flight_measure(parameters_rcpt(&f->parameters, f->t->recipients[i].path,
						      &f->line, &ignored),
				      &f->line, &size);
	}
	return fits && size <= FLIGHT_AHEAD_MAX;
}

struct flight *flight_prepare_ahead(const struct flight *f)
{
	struct smtp_transaction *t = f->t->follower;
	struct flight *ahead = NULL;
	struct error ignored;

	if (t && !f->last && wire_pipelining(f->wire) && !smtp_is_lmtp(f->smtp) &&
	    !t->careful && !t->login)
		ahead = flight_new(f->smtp, t);
	if (ahead && flight_prepare(ahead, &ignored) == 0 && ahead->way == FLIGHT_DATA &&
	    ahead->chosen > 0 && ahead->chosen == t->count && flight_fits_ahead(ahead))
		return ahead;
	flight_free(ahead);
	return NULL;
}

int flight_issue_mail(struct flight *f, struct error *error)
{
	struct smtp_transaction *t = f->t;
	struct buf line;
	int failed = 0;

	if (f->shares_auth)
		wire_hide(f->wire, t->login->who->password);
	t->login_said = t->login_said || f->shares_auth;
	if (f->shares_auth &&
	    wire_issue_secret(f->wire, &f->auth, WIRE_AUTH_WHOLE, buf_span(&f->auth_line),
			      f->auth_shown.data, error))
		return -1;
	buf_init(&line, PARAMETERS_LINE_MAX);
	f->parameters.chunks = f->way != FLIGHT_DATA;
	failed = parameters_mail(&f->parameters, t->reverse_path, &line, error) ||
		 wire_issue(f->wire, &f->mail, WIRE_MAIL, error, "%s", line.data);
	buf_clear(&line);
	return failed ? -1 : 0;
}

static int flight_issue_recipient(struct flight *f, struct smtp_recipient *to,
				  struct error *error)
{
	to->slot.brief = !smtp_is_lmtp(f->smtp);
	buf_reset(&f->line);
	if (parameters_rcpt(&f->parameters, to->path, &f->line, error))
		return -1;
	return wire_issue_secret(f->wire, &to->slot, WIRE_RCPT, buf_span(&f->line), NULL,
				 error);
}

/* The whole message behind its envelope; no more of it is queued at a time than the wire holds.
 */
static int flight_issue_ride(struct flight *f, struct error *error)
{
	struct span rest = buf_span(&f->body);
	int failed = 0;

	if (wire_issue(f->wire, &f->verdict, WIRE_BDAT_LAST, error, "BDAT %zu LAST",
		       f->body.len))
		return -1;
	f->end_left = true;
	while (!failed && rest.len > FLIGHT_RIDE_BLOCK) {
		failed = wire_queue(f->wire, rest.data, FLIGHT_RIDE_BLOCK, error) ||
			 wire_flush(f->wire, error);
		rest.data += FLIGHT_RIDE_BLOCK;
		rest.len -= FLIGHT_RIDE_BLOCK;
	}
	return failed ? -1 : wire_queue(f->wire, rest.data, rest.len, error);
}

int flight_issue_rest(struct flight *f, struct error *error)
{
	struct smtp_transaction *t = f->t;
	int failed = 0;

	for (size_t i = 0; !failed && i < t->count; i++)
		if (t->recipients[i].chosen)
			failed = flight_issue_recipient(f, &t->recipients[i], error);
	if (failed || !wire_pipelining(f->wire))
		return failed;
	if (f->way == FLIGHT_DATA)
		return wire_issue(f->wire, &f->data, WIRE_DATA, error, "DATA");
	if (f->way == FLIGHT_RIDE)
		failed = flight_issue_ride(f, error) || flight_issue_mark(f, error);
	return failed ? -1 : 0;
}

int flight_issue_mark(struct flight *f, struct error *error)
{
	if (!wire_pipelining(f->wire))
		return 0;
	if (f->last)
		return wire_issue(f->wire, &f->quit, WIRE_QUIT, error, "QUIT");
	return wire_issue(f->wire, &f->reset, WIRE_RSET, error, "RSET");
}

int flight_expect_verdict(struct flight *f, struct error *error)
{
	int failed = 0;

	f->end_left = true;
	if (!smtp_is_lmtp(f->smtp))
		return wire_expect(f->wire, &f->verdict, WIRE_VERDICT, error);
	for (size_t i = 0; !failed && i < f->t->count; i++)
		if (f->t->recipients[i].chosen)
			failed = wire_expect(f->wire, &f->t->recipients[i].slot, WIRE_VERDICT,
					     error);
	return failed;
}
