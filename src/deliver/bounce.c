/* What the sender is told when the caller has gone: see bounce.h. */
#include "deliver/bounce.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "deliver/hook.h"
#include "deliver/notice.h"
#include "queue/entry_note.h"

enum {
	HOUR = 3600,
	FRESH = 300, /* seconds: a failure this much older than the hour is the digest's */
	ID_ROOM = SPOOL_ID_MAX + 1,
	SUFFIX = 3, /* characters of BASE in an ID */
	BASE = 36
};

enum bounce_kind { KIND_FAILURE, KIND_DELAY, KIND_DIGEST, KINDS };

/* What is being done for whoever called. */
struct bounce {
	struct spool *spool;
	const struct bounce_options *options;
	struct error *error;
};

static struct notice_sender bounce_sender(const struct bounce *b)
{
	return (struct notice_sender){b->options->account, b->options->now};
}

/* RFC 3461 section 4.1: without a NOTIFY a failure is told, and a delay may be. */
static bool bounce_wants(const struct entry *e, unsigned condition)
{
	unsigned notify = e->wishes.notify;

	return notify ? (notify & condition) != 0 : condition == WISHES_FAILURE;
}

/* Reports that may leave in what is left of this hour. */
static unsigned bounce_room(const struct bounce *b)
{
	const struct bounce_options *o = b->options;
	unsigned limit = o->account->report_limit > 0 ? (unsigned)o->account->report_limit
						      : BOUNCE_LIMIT;
	struct health *h = o->health;

	if (h->reports_since == 0 || o->now < h->reports_since ||
	    o->now - h->reports_since >= HOUR) {
		h->reports_since = o->now;
		h->reports = 0;
	}
	return h->reports < limit ? limit - h->reports : 0;
}

int64_t bounce_due(const struct bounce_options *o)
{
	const struct bounce b = {.options = o};

	return bounce_room(&b) > 0 ? o->now : o->health->reports_since + HOUR;
}

/* Whether a report on this entry alone may leave: the last one of several is the digest's, and
 * so is what waited in an hour before. */
static bool bounce_may_leave(const struct bounce *b, const struct entry *e)
{
	unsigned room = bounce_room(b);
	bool sole = b->options->account->report_limit == 1;

	return room > (sole ? 0U : 1U) &&
	       (!e->tried || e->tried + FRESH >= b->options->health->reports_since);
}

/* The ID of a report on an entry: the entry's with three characters for what the report is and
 * a number. */
static void bounce_id(char out[ID_ROOM], const struct entry *e, enum bounce_kind kind,
		      size_t number)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	size_t value = number % (BASE * BASE * BASE / KINDS) * KINDS + kind;
	size_t kept = strlen(e->id);

	if (kept > SPOOL_ID_MAX - SUFFIX)
		kept = SPOOL_ID_MAX - SUFFIX;
	memcpy(out, e->id, kept);
	out[kept + SUFFIX] = '\0';
	for (size_t i = SUFFIX; i > 0; i--, value /= BASE)
		out[kept + i - 1] = digits[value % BASE];
}

/* How many recipients' failures are told. It grows with each report on an entry, and is what
 * the disk says: so it tells one report from the next, and the same one again. */
static size_t bounce_told(const struct entry *e)
{
	return entry_count(e, ENTRY_FAILED) - entry_count_unreported(e);
}

static void bounce_log(const struct entry *e, const char *report, const char *status)
{
	log_about(LOG_LEVEL_NOTICE, e->id, "from=<%s> report=%s status=%s", e->reverse_path,
		  report, status);
}

/* Puts a report on one entry. */
static int bounce_report(const struct bounce *b, struct entry *e, enum report_action action)
{
	const struct notice_sender sender = bounce_sender(b);
	struct report_message message = {0};
	struct notice_original original;
	struct report report = {.action = action, .messages = &message, .count = 1};
	bool failed = action == REPORT_FAILED;
	char id[ID_ROOM];
	int result = -1;

	bounce_id(id, e, failed ? KIND_FAILURE : KIND_DELAY, failed ? bounce_told(e) : 0);
	if (notice_original_open(&original, e, b->error) == 0 &&
	    notice_message_init(&message, e, action, &original, b->error) == 0 &&
	    notice_quote(&report, e, &original, b->error) == 0)
		result = notice_put(b->spool, id, e, &report, &sender, b->error);
	notice_message_clear(&message);
	notice_original_clear(&original);
	if (result)
		return error_prefix(b->error, "report on %s", e->id);
	b->options->health->reports++;
	bounce_log(e, id, failed ? "failed" : "delayed");
	return 0;
}

/* All that failed counts as told from now on, and on disk; on failure there it is as it was. */
static int bounce_note(const struct bounce *b, struct entry *e)
{
	hook_run(b->spool, e, b->options->account, b->options->hook_left);
	for (size_t i = 0; i < e->count; i++)
		if (e->recipients[i].outcome == ENTRY_FAILED)
			e->recipients[i].reported = true;
	return entry_note(b->spool, e, true, b->error);
}

/* The same, and the journal's name is durable, too. */
static int bounce_note_named(const struct bounce *b, struct entry *e)
{
	return bounce_note(b, e) ? -1 : spool_sync(b->spool, b->error);
}

/* Nobody may be told: a person may look at it. While others are still tried it waits. */
static int bounce_bury(const struct bounce *b, struct entry *e)
{
	if (entry_count(e, ENTRY_OPEN) > 0 || e->state == ENTRY_DEAD)
		return 1;
	hook_run(b->spool, e, b->options->account, b->options->hook_left);
	if (entry_bury(b->spool, e, b->error))
		return -1;
	log_about(LOG_LEVEL_ERROR, e->id,
		  "from=<> status=dead: it cannot be delivered, and nobody may be "
		  "told; see pennypost --show %s",
		  e->id);
	return 1;
}

/* Whether the report that is due on an entry waits already: what came in between kept the entry
 * from knowing it. It must be noted before that report has left, or it would be put again. */
static bool bounce_is_put(const struct bounce *b, const struct entry *e)
{
	struct entry report;
	struct error ignored;
	char id[ID_ROOM];
	bool found;

	bounce_id(id, e, KIND_FAILURE, bounce_told(e));
	found = entry_load(b->spool, id, &report, &ignored) == 1;
	entry_clear(&report);
	return found;
}

/* Takes back a report that was put a moment ago, because the entry could not note it (the disk
 * is full): else every pass would tell the sender again. */
static void bounce_withdraw(const struct bounce *b, const char *id)
{
	struct entry report;
	struct error ignored;

	if (entry_lock(b->spool, id, &report, &ignored) > 0)
		(void)entry_remove(b->spool, &report, &ignored);
	entry_clear(&report);
}

/* Puts the report on what failed, and notes that it was put. */
static int bounce_tell(const struct bounce *b, struct entry *e)
{
	char id[ID_ROOM];

	bounce_id(id, e, KIND_FAILURE, bounce_told(e));
	if (bounce_report(b, e, REPORT_FAILED))
		return -1;
	if (bounce_note(b, e) == 0)
		return spool_sync(b->spool, b->error);
	bounce_withdraw(b, id);
	return -1;
}

int bounce_settle(struct spool *spool, struct entry *e, const struct bounce_options *o,
		  struct error *error)
{
	const struct bounce b = {spool, o, error};

	if (entry_count_unreported(e) == 0)
		return 1;
	if (!e->reverse_path[0])
		return bounce_bury(&b, e);
	if (bounce_wants(e, WISHES_FAILURE)) {
		if (!bounce_may_leave(&b, e) && !bounce_is_put(&b, e))
			return 0;
		return bounce_tell(&b, e) ? -1 : 1;
	}
	return bounce_note_named(&b, e) ? -1 : 1;
}

/* Whether it is time to tell of a delay. */
static bool bounce_is_late(const struct entry *e, const struct bounce_options *o)
{
	int64_t notice =
		o->account->delay_notice > 0 ? o->account->delay_notice : BOUNCE_DELAY_NOTICE;

	return o->now - entry_since(e) >= notice;
}

int bounce_delay(struct spool *spool, struct entry *e, const struct bounce_options *o,
		 struct error *error)
{
	const struct bounce b = {spool, o, error};
	char id[ID_ROOM];

	if (e->delay_told || e->held || !e->reverse_path[0] || !bounce_wants(e, WISHES_DELAY) ||
	    entry_count(e, ENTRY_OPEN) == 0 || !bounce_is_late(e, o))
		return 1;
	if (bounce_room(&b) < 2)
		return 0;
	if (bounce_report(&b, e, REPORT_DELAYED))
		return -1;
	e->delay_told = true;
	if (entry_note(spool, e, true, error) == 0)
		return spool_sync(spool, error) ? -1 : 1;
	bounce_id(id, e, KIND_DELAY, 0);
	bounce_withdraw(&b, id);
	return -1;
}

/* An entry that waits for a digest, read and let go. */
struct bounce_waiting {
	struct entry entry;
	struct report_message message;
	bool taken;
};

struct bounce_pile {
	struct bounce_waiting *items;
	size_t count;
};

/* Locks an entry and sees whether it is one of those that the digest is for. */
static bool bounce_catch(const struct bounce *b, const char *id, struct entry *e)
{
	struct error ignored;

	entry_init(e);
	return entry_lock(b->spool, id, e, &ignored) == 1 &&
	       (e->state == ENTRY_WAITING || e->state == ENTRY_MARKED) && e->reverse_path[0] &&
	       bounce_wants(e, WISHES_FAILURE) && entry_count_unreported(e) > 0 &&
	       strcmp(e->account, b->options->account->name) == 0;
}

/* Lets go of a lock, and keeps what was read. */
static void bounce_unlock(struct entry *e)
{
	if (e->journal_fd >= 0)
		close(e->journal_fd);
	if (e->fd >= 0)
		close(e->fd);
	e->fd = e->journal_fd = -1;
}

static void bounce_collect(const struct bounce *b, const char *id, struct bounce_pile *pile)
{
	struct bounce_waiting *w = &pile->items[pile->count];
	struct notice_original original = {.fd = -1};
	bool good = bounce_catch(b, id, &w->entry);
	struct error ignored;

	if (good) {
		good = notice_original_open(&original, &w->entry, &ignored) == 0 &&
		       notice_message_init(&w->message, &w->entry, REPORT_FAILED, &original,
					   &ignored) == 0;
		notice_original_clear(&original);
	}
	bounce_unlock(&w->entry);
	if (good) {
		pile->count++;
		return;
	}
	notice_message_clear(&w->message);
	entry_clear(&w->entry);
}

/* The entry as it is now, locked again: what was told is noted, and it goes when nobody is
 * left. Returns 1, 0 when it is not there for us, -1. */
static int bounce_finish(const struct bounce *b, const struct entry *told)
{
	struct error ignored;
	struct entry e;
	int result = 0;

	entry_init(&e);
	if (entry_lock(b->spool, told->id, &e, &ignored) == 1 && e.count == told->count &&
	    entry_count_unreported(&e) == entry_count_unreported(told)) {
		result = bounce_note_named(b, &e) ? -1 : 1;
		if (result > 0 && entry_count(&e, ENTRY_OPEN) == 0 &&
		    entry_remove(b->spool, &e, b->error))
			result = -1;
	}
	entry_clear(&e);
	return result;
}

/* A number that a digest on just these entries has. */
static size_t bounce_mix(size_t number, const struct entry *e)
{
	uint32_t mixed = (uint32_t)number;

	for (const char *c = e->id; *c; c++)
		mixed = (mixed ^ (unsigned char)*c) * 16777619U;
	return (mixed ^ (uint32_t)bounce_told(e)) * 16777619U;
}

/* Moves what belongs with the first into a row of messages. Returns how many. */
static size_t bounce_gather(struct bounce_pile *pile, size_t first, struct bounce_waiting **row,
			    struct report_message *messages)
{
	const struct entry *of = &pile->items[first].entry;
	size_t recipients = 0;
	size_t count = 0;

	for (size_t i = first; i < pile->count && recipients < BOUNCE_DIGEST_RECIPIENTS; i++) {
		struct bounce_waiting *w = &pile->items[i];

		if (w->taken || strcmp(w->entry.reverse_path, of->reverse_path) != 0 ||
		    w->entry.local_sender != of->local_sender ||
		    !string_equals(w->entry.config, of->config))
			continue;
		w->taken = true;
		recipients += w->message.count;
		messages[count] = w->message;
		row[count++] = w;
	}
	return count;
}

/* One entry alone is no digest: it is told as it would have been. */
static int bounce_single(const struct bounce *b, const char *id)
{
	struct entry e;
	int result = 0;

	if (bounce_catch(b, id, &e)) {
		result = bounce_tell(b, &e) ? -1 : 1;
		if (result > 0 && entry_count(&e, ENTRY_OPEN) == 0 &&
		    entry_remove(b->spool, &e, b->error))
			result = -1;
	}
	entry_clear(&e);
	return result;
}

/* Returns how many of the row are settled, or -1. */
static int bounce_row(const struct bounce *b, struct bounce_waiting **row, size_t count,
		      const struct report_message *messages)
{
	const struct notice_sender sender = bounce_sender(b);
	struct report report = {.messages = messages, .count = count};
	size_t number = 2166136261U;
	char id[ID_ROOM];
	int settled = 0;

	if (count == 1)
		return bounce_single(b, row[0]->entry.id);
	for (size_t i = 0; i < count; i++)
		number = bounce_mix(number, &row[i]->entry);
	bounce_id(id, &row[0]->entry, KIND_DIGEST, number);
	if (notice_put(b->spool, id, &row[0]->entry, &report, &sender, b->error))
		return error_prefix(b->error, "report on %zu messages", count);
	b->options->health->reports++;
	for (size_t i = 0; i < count; i++) {
		int done = bounce_finish(b, &row[i]->entry);

		if (done < 0)
			return -1;
		settled += done;
		bounce_log(&row[i]->entry, id, "failed");
	}
	return settled;
}

static int bounce_send_pile(const struct bounce *b, struct bounce_pile *pile)
{
	struct bounce_waiting **row = calloc(pile->count + 1, sizeof(struct bounce_waiting *));
	struct report_message *messages = calloc(pile->count + 1, sizeof(*messages));
	int settled = row && messages ? 0 : error_set_memory(b->error);

	for (size_t i = 0; i < pile->count && settled >= 0 && bounce_room(b) > 0; i++) {
		size_t count;
		int done;

		if (pile->items[i].taken)
			continue;
		count = bounce_gather(pile, i, row, messages);
		done = bounce_row(b, row, count, messages);
		settled = done < 0 ? -1 : settled + done;
	}
	free(row);
	free(messages);
	return settled;
}

int bounce_digest(struct spool *spool, const struct strv *ids, const struct bounce_options *o,
		  struct error *error)
{
	const struct bounce b = {spool, o, error};
	struct bounce_pile pile = {.items = calloc(ids->count + 1, sizeof(*pile.items))};
	int settled = pile.items ? 0 : error_set_memory(error);

	if (pile.items && bounce_room(&b) > 0) {
		for (size_t i = 0; i < ids->count; i++)
			bounce_collect(&b, ids->items[i], &pile);
		settled = bounce_send_pile(&b, &pile);
	}
	for (size_t i = 0; i < pile.count; i++) {
		notice_message_clear(&pile.items[i].message);
		entry_clear(&pile.items[i].entry);
	}
	free(pile.items);
	return settled;
}
