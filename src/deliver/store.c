/* Messages that are kept here: see store.h. */
#include "deliver/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "deliver/maildir.h"
#include "deliver/mbox.h"
#include "mail/keptform.h"
#include "mail/trace.h"

enum {
	STORE_ROOM = 64 * 1024,
	STORE_LINES = 4 * 1024 /* the most that is put in at once without a look at the room */
};

/* A message on its way. */
struct store {
	enum endpoint_scheme kind;
	const char *path; /* borrowed */
	struct maildir maildir;
	struct mbox mbox;
	struct keptform form;
	struct buf out; /* what is not written yet */
};

static int store_begin(struct store *s, const struct account *a, struct error *error)
{
	int64_t seconds = a->timeout > 0 ? a->timeout : STORE_LOCK_SECONDS;

	if (s->kind == ENDPOINT_MAILDIR)
		return maildir_begin(&s->maildir, s->path, error);
	return mbox_begin(&s->mbox, s->path, clock_in(seconds * 1000), error);
}

static int store_flush(struct store *s, struct error *error)
{
	struct span bytes = buf_span(&s->out);

	if (buf_failed(&s->out))
		return error_set_memory(error);
	if (s->kind == ENDPOINT_MAILDIR ? maildir_write(&s->maildir, bytes, error)
					: mbox_write(&s->mbox, bytes, error))
		return -1;
	buf_truncate(&s->out, 0);
	return 0;
}

/* Makes room for a few lines. */
static int store_make_room(struct store *s, struct error *error)
{
	if (s->out.len <= STORE_ROOM - STORE_LINES)
		return 0;
	return store_flush(s, error);
}

static int store_write_envelope(struct store *s, const struct smtp_transaction *t,
				struct error *error)
{
	if (s->kind == ENDPOINT_MBOX)
		trace_separator(&s->out, t->reverse_path, time(NULL));
	trace_sender(&s->out, t->reverse_path);
	for (size_t i = 0; i < t->count; i++) {
		if (t->recipients[i].outcome != SMTP_UNTRIED)
			continue;
		if (store_make_room(s, error))
			return -1;
		trace_recipient(&s->out, t->recipients[i].path);
	}
	return 0;
}

static int store_write_piece(struct store *s, struct span piece, struct error *error)
{
	while (piece.len > 0) {
		if (store_make_room(s, error))
			return -1;
		s->out.len += keptform_feed(&s->form, &piece, s->out.data + s->out.len,
					    STORE_ROOM - s->out.len);
	}
	return 0;
}

static int store_write_end(struct store *s, struct error *error)
{
	if (store_make_room(s, error))
		return -1;
	s->out.len += keptform_finish(&s->form, s->out.data + s->out.len);
	if (s->kind == ENDPOINT_MBOX)
		s->out.data[s->out.len++] = '\n';
	return store_flush(s, error);
}

static int store_write(struct store *s, struct smtp_transaction *t, struct error *error)
{
	struct span piece;
	int more = 1;

	keptform_init(&s->form, s->kind == ENDPOINT_MBOX);
	if (buf_reserve(&s->out, STORE_ROOM))
		return error_set_memory(error);
	if (store_write_envelope(s, t, error))
		return -1;
	while (more > 0) {
		more = t->source.next(t->source.context, &piece, error);
		if (more < 0 || (more > 0 && store_write_piece(s, piece, error)))
			return -1;
	}
	return store_write_end(s, error);
}

static int store_finish(struct store *s, struct error *error)
{
	return s->kind == ENDPOINT_MAILDIR ? maildir_finish(&s->maildir, error)
					   : mbox_finish(&s->mbox, error);
}

/* What cannot be cut off again has to be known. */
static void store_end(struct store *s, struct error *error)
{
	if (s->kind == ENDPOINT_MAILDIR)
		maildir_end(&s->maildir);
	else if (mbox_end(&s->mbox)) {
		error_append(error, ", and a part of the message cannot be cut off again: ");
		error_append(error, strerror(errno));
	}
	buf_clear(&s->out);
}

/* Nothing is in place before before_end has been asked, as with a relay. */
static int store_keep(struct store *s, const struct account *a, struct smtp_transaction *t,
		      struct error *error)
{
	int failed;

	buf_init(&s->out, STORE_ROOM);
	failed = store_begin(s, a, error) ||
		 (t->before_end && t->before_end(t->before_end_context, error)) ||
		 store_write(s, t, error) || store_finish(s, error);
	store_end(s, error);
	return failed ? -1 : 0;
}

/* What the log says behind "sent". */
static void store_say(const struct relay_options *o, const struct store *s,
		      struct smtp_transaction *t)
{
	struct reply *r = &t->verdict;

	reply_clear(r);
	r->code = 250;
	r->enhanced[0] = 2;
	r->lines = 1;
	buf_add_string(&r->text, "2.0.0 ");
	if (s->kind == ENDPOINT_DISCARD)
		buf_add_string(&r->text, "thrown away");
	else if (s->kind == ENDPOINT_MBOX)
		buf_add_string(&r->text, "appended");
	else
		buf_printf(&r->text, "kept as new/%s", s->maildir.name);
	if (o->listener)
		o->listener(o->listener_context, '*',
			    (struct span){r->text.data + 6, r->text.len - 6});
}

static int store_check(struct smtp_transaction *t, struct error *error)
{
	if (t->wishes && t->wishes->notify & WISHES_SUCCESS)
		t->dropped |= PARAMETERS_DROPPED_DSN;
	if (!t->wishes || (!t->wishes->hold_for && !t->wishes->hold_until))
		return 0;
	t->dropped |= PARAMETERS_LACKS_HOLD;
	return error_set(error, ERROR_MESSAGE, STAGE_MAIL,
			 "no message is held back where there is no relay");
}

void store_send(const struct relay_options *o, struct smtp_transaction *t)
{
	const struct account *a = o->account;
	struct store s = {.kind = a->relay.scheme, .path = a->relay.path};
	struct error trouble = {0};

	t->trouble = trouble;
	t->again = t->lost = t->login_said = t->doubted = t->begun = false;
	relay_tell_account(o);
	if (store_check(t, &trouble) ||
	    t->source.open(t->source.context, NULL, false, &t->needs, &trouble) ||
	    (s.kind != ENDPOINT_DISCARD && store_keep(&s, a, t, &trouble))) {
		smtp_transaction_fail(t, &trouble);
		return;
	}
	for (size_t i = 0; i < t->count; i++)
		if (t->recipients[i].outcome == SMTP_UNTRIED)
			t->recipients[i].outcome = SMTP_SENT;
	store_say(o, &s, t);
}
