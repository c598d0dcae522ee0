/* From a submission to an entry: see enqueue.h. */
#include "deliver/enqueue.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "queue/entry_note.h"
#include "queue/entry_put.h"
#include "queue/schedule.h"

/* Copies what is not NULL. */
static int enqueue_copy(char **to, const char *from, struct error *error)
{
	if (from && !(*to = strdup(from)))
		return error_set_memory(error);
	return 0;
}

/* Those that a hold of RFC 4865 would reach the relay with are ours to hold from now on. */
static void enqueue_release(struct entry *e, int64_t release, int64_t now)
{
	struct wishes *w = &e->wishes;

	if (w->hold_for && now + w->hold_for > release)
		release = now + w->hold_for;
	if (w->hold_until > release)
		release = w->hold_until;
	w->hold_for = 0;
	w->hold_until = 0;
	e->release = release;
}

static int enqueue_wishes(struct entry *e, const struct submission *s, struct error *error)
{
	if (enqueue_copy(&e->envelope_id, s->wishes.envelope_id, error) ||
	    enqueue_copy(&e->submitter, s->wishes.submitter, error))
		return -1;
	e->wishes = s->wishes;
	e->wishes.envelope_id = e->envelope_id;
	e->wishes.submitter = e->submitter;
	return 0;
}

/* Why he was left out of the attempt. Of who is behind the submission's own recipients it was
 * his alias. */
static int enqueue_reason(struct entry_recipient *to, const struct submission *s,
			  const char *why, size_t i, struct error *error)
{
	static const int unwritable[3] = {5, 6, 7}, nobody[3] = {5, 1, 1};
	bool himself = i < s->envelope.recipients.count;

	memcpy(to->enhanced, himself ? unwritable : nobody, sizeof(to->enhanced));
	to->text = span_dup((struct span){why, strnlen(why, ENTRY_TEXT_MAX)});
	return to->text ? 0 : error_set_memory(error);
}

/* What the relay said about him, if that is why he waits. */
static int enqueue_last_words(struct entry_recipient *to, const struct attempt *a, size_t i,
			      struct error *error)
{
	const struct smtp_recipient *was = &a->transaction.recipients[i];
	struct buf words;
	int failed = 0;

	if (was->why)
		return enqueue_reason(to, a->submission, was->why, i, error);
	if (!was->refused)
		return 0;
	buf_init(&words, REPLY_SHOWN_MAX * 4);
	reply_show(&was->slot.reply, &words);
	to->code = was->slot.reply.code;
	memcpy(to->enhanced, was->slot.reply.enhanced, sizeof(to->enhanced));
	failed = enqueue_copy(&to->text, words.data, error);
	buf_clear(&words);
	return failed;
}

static int enqueue_recipients(struct entry *e, const struct submission *s,
			      const struct attempt *a, unsigned fates, struct error *error)
{
	const struct address_list *all = &s->envelope.recipients;
	size_t count = a ? a->transaction.count : all->count;

	for (size_t i = 0; i < count; i++) {
		if (a && !((fates >> attempt_fate(a, i)) & 1))
			continue;
		if (entry_add_recipient(e, a ? a->transaction.recipients[i].path
					     : all->items[i].text))
			return error_set_memory(error);
		if (a && enqueue_last_words(&e->recipients[e->count - 1], a, i, error))
			return -1;
	}
	return 0;
}

/* What the attempt came to for those who are left. */
static int enqueue_attempt(struct entry *e, const struct attempt *a, unsigned fates,
			   int64_t now, struct error *error)
{
	const struct error *trouble = &a->transaction.trouble;

	e->attempts = 1;
	e->tried = now;
	e->next = schedule_next(1, arc4random(), now);
	if (fates & 1u << ATTEMPT_DOUBTED) {
		e->state = ENTRY_MARKED;
		e->next = now + SCHEDULE_DOUBT;
	}
	return enqueue_copy(&e->trouble, trouble->class != ERROR_NONE ? trouble->text : NULL,
			    error);
}

static int enqueue_fill(struct entry *e, const struct submission *s, const struct attempt *a,
			const struct enqueue_options *o, struct error *error)
{
	int64_t now = time(NULL);

	if (enqueue_copy(&e->account, s->account->name, error) ||
	    enqueue_copy(&e->config, o->config, error) ||
	    enqueue_copy(&e->reverse_path, s->envelope.sender.text, error) ||
	    enqueue_wishes(e, s, error) || enqueue_recipients(e, s, a, o->fates, error))
		return -1;
	e->local_sender = s->local_sender;
	enqueue_release(e, o->release, now);
	return a ? enqueue_attempt(e, a, o->fates, now, error) : 0;
}

static void enqueue_log(const struct entry *e, const struct submission *s)
{
	struct span id = header_body(message_header(s->message), HEADER_MESSAGE_ID);
	char shown[256] = "-";

	if (id.len > 0)
		text_show(shown, sizeof(shown), id);
	for (size_t i = 0; i < e->count && log_is_open(); i++) {
		const struct log_field fields[] = {
			{"queue_id", e->id, 0},
			{"message_id", id.len > 0 ? shown : NULL, 0},
			{"sender", e->reverse_path, 0},
			{"to", e->recipients[i].path, 0},
			{"account", e->account, 0},
			{"size", NULL, (int64_t)e->size},
			{"status", "queued", 0},
		};

		log_record(LOG_LEVEL_INFO, fields, sizeof(fields) / sizeof(fields[0]),
			   "queue-id=%s from=<%s> to=<%s> account=%s size=%llu message-id=%s "
			   "status=queued",
			   e->id, e->reverse_path, e->recipients[i].path, e->account,
			   (unsigned long long)e->size, shown);
	}
}

static int enqueue_next(void *context, struct span *piece, struct error *error)
{
	return message_reader_next(context, piece, error);
}

/* Says in the journal that they failed. Where that cannot be done they are tried again, are
 * refused again and reported then. */
static void enqueue_fail(struct spool *spool, const char *id)
{
	struct entry e;
	struct error ignored;

	entry_init(&e);
	if (entry_lock(spool, id, &e, &ignored) > 0) {
		for (size_t i = 0; i < e.count; i++)
			e.recipients[i].outcome = ENTRY_FAILED;
		entry_note_named(spool, &e, &ignored);
	}
	entry_clear(&e);
}

int enqueue(struct spool *spool, const struct submission *s, const struct attempt *a,
	    const struct enqueue_options *o, struct entry *e, struct error *error)
{
	struct message_reader r;
	int failed;

	entry_init(e);
	if (enqueue_fill(e, s, a, o, error) || message_reader_init(&r, s->message, error))
		return -1;
	failed = entry_put(spool, e, NULL, enqueue_next, &r, error);
	message_reader_clear(&r);
	if (!failed)
		enqueue_log(e, s);
	if (!failed && o->failed)
		enqueue_fail(spool, e->id);
	return failed;
}
