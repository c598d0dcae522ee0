/* What a pass does with entries by itself: see settle.h. */
#include "deliver/settle.h"

#include <time.h>

#include "base/log.h"
#include "deliver/bounce.h"
#include "deliver/retry.h"
#include "queue/entry.h"
#include "queue/entry_note.h"

static struct bounce_options settle_options(struct settle *s, const struct pass_relay *relay)
{
	return (struct bounce_options){.account = relay->account,
				       .health = s->health,
				       .now = time(NULL),
				       .hook_left = &s->hook_left};
}

/* Tells the sender of a locked entry what there is to tell, and takes it away when that was the
 * last of it. */
static void settle_tell_sender(struct settle *s, struct pass_relay *relay, struct entry *e)
{
	const struct bounce_options o = settle_options(s, relay);
	struct error error;
	int told = bounce_settle(s->spool, e, &o, &error);

	if (told == 0 && strv_add(&relay->untold, span_of(e->id)) < 0)
		told = error_set_memory(&error);
	if (told > 0)
		told = bounce_delay(s->spool, e, &o, &error);
	if (told >= 0 && e->state != ENTRY_DEAD && entry_count(e, ENTRY_OPEN) == 0 &&
	    entry_count_unreported(e) == 0)
		told = entry_remove(s->spool, e, &error);
	if (told >= 0)
		return;
	log_about(LOG_LEVEL_ERROR, e->id, "%s", error.text);
	if (error.class == ERROR_MESSAGE && entry_set_aside(s->spool, e, &error))
		log_about(LOG_LEVEL_ERROR, e->id, "%s", error.text);
}

/* The relay will not be had in this pass: a message whose time is over has failed. */
static void settle_expire(const struct settle *s, const struct pass_relay *relay,
			  struct entry *e)
{
	struct error error;

	if (!relay->account || e->held || entry_count(e, ENTRY_OPEN) == 0 ||
	    !retry_is_expired(e, relay->account, time(NULL)))
		return;
	retry_expire(e, relay->account, relay->text);
	log_about(LOG_LEVEL_ERROR, e->id, "expired: nothing more is tried");
	if (entry_note_named(s->spool, e, &error))
		log_about(LOG_LEVEL_ERROR, e->id, "%s", error.text);
}

void settle_entry(struct settle *s, struct pass_relay *relay, const char *id, bool expire)
{
	struct entry e;
	struct error error;

	if (!relay->account)
		return;
	if (entry_lock(s->spool, id, &e, &error) > 0) {
		if (expire)
			settle_expire(s, relay, &e);
		settle_tell_sender(s, relay, &e);
	}
	entry_clear(&e);
}

int settle_digest(struct settle *s, struct pass_relay *relay, int64_t *due, struct error *error)
{
	const struct bounce_options o = settle_options(s, relay);
	int failed = 0;

	*due = 0;
	if (relay->untold.count > 0) {
		if (bounce_digest(s->spool, &relay->untold, &o, error) < 0)
			failed = -1;
		if (bounce_due(&o) > o.now)
			*due = bounce_due(&o);
	}
	strv_clear(&relay->untold);
	return failed;
}
