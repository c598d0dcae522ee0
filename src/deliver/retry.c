/* A queued message tried once more: see retry.h. */
#include "deliver/retry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "queue/schedule.h"

enum { RETRY_MICROSECONDS = 1000000 };

/* The recipients who are open: their texts stay the entry's. */
static int retry_take_recipients(struct retry *r, struct entry *e, struct error *error)
{
	struct address_list *to = &r->submission.envelope.recipients;
	size_t open = entry_count(e, ENTRY_OPEN);

	to->items = calloc(open ? open : 1, sizeof(*to->items));
	r->places = calloc(open ? open : 1, sizeof(*r->places));
	if (!to->items || !r->places)
		return error_set_memory(error);
	for (size_t i = 0; i < e->count; i++) {
		if (e->recipients[i].outcome != ENTRY_OPEN)
			continue;
		r->places[to->count] = i;
		to->items[to->count++].text = e->recipients[i].path;
	}
	return 0;
}

/* Seconds since it arrived; none while the clock says that it has not yet. */
static int64_t retry_age(const struct entry *e, int64_t now)
{
	int64_t age = now - e->arrived / RETRY_MICROSECONDS;

	return age > 0 ? age : 0;
}

/* Wishes in seconds began to run when the message arrived. Where "N" (tell me when it is late)
 * has run out, RFC 2852 section 4.1.4 has it go on below zero. */
static void retry_take_wishes(struct retry *r, const struct entry *e, int64_t now)
{
	struct wishes *w = &r->submission.wishes;
	int64_t age = retry_age(e, now);

	*w = e->wishes;
	if (w->deliver_by) {
		int64_t left = w->deliver_by - age;

		if (left == 0)
			left = -1;
		w->deliver_by = left < -WISHES_SECONDS_MAX ? -WISHES_SECONDS_MAX : (int)left;
	}
	if (w->hold_for)
		w->hold_for = age < w->hold_for ? w->hold_for - (int)age : 0;
	if (w->hold_until <= now)
		w->hold_until = 0;
}

int retry_init(struct retry *r, struct entry *e, const struct account *account, int64_t now,
	       struct error *error)
{
	const struct message_options options = {0};

	*r = (struct retry){0};
	buf_init(&r->submission.domain, 1);
	r->message = message_read(e->fd, &options, error);
	if (!r->message)
		return error_prefix(error, "message %s", e->id);
	r->submission.message = r->message;
	r->submission.account = account;
	r->submission.envelope.sender.text = e->reverse_path;
	r->submission.queue_id = e->id;
	r->submission.careful = e->state == ENTRY_MARKED;
	retry_take_wishes(r, e, now);
	return retry_take_recipients(r, e, error);
}

void retry_clear(struct retry *r)
{
	message_free(r->message);
	free(r->submission.envelope.recipients.items);
	free(r->places);
	*r = (struct retry){0};
}

/* Errors of socket(2), connect(2) and their like that speak of this process and its place (a
 * sandbox, no network, no descriptors) and not of the relay. */
static bool retry_is_local(const struct error *trouble)
{
	static const int numbers[] = {EPERM,  EACCES, ENETUNREACH,  ENETDOWN, EMFILE,
				      ENFILE, ENOMEM, EAFNOSUPPORT, ENOBUFS,  EADDRNOTAVAIL};

	if (trouble->class == ERROR_TEMPORARY && trouble->stage == STAGE_RESOLVE)
		return true;
	if (trouble->stage != STAGE_CONNECT && trouble->stage != STAGE_INPUT)
		return false;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (trouble->number == numbers[i])
			return true;
	return false;
}

/* Whether an answer asks us to slow down: 421, or a refusal of policy (RFC 3463: x.7.x) that is
 * no verdict on a person. */
static bool retry_is_slow(int code, const int enhanced[3])
{
	return code == 421 || ((code == 450 || code == 451 || code == 454) && enhanced[1] == 7);
}

/*
 * The one table of what trouble means to the queue:
 *
 *     the end of data has left, and what the
 *     relay did with it is not known            DOUBT
 *     our own place on the network              LOCAL
 *     before the relay took mail                RELAY, whatever its class
 *     message refused for good                  REFUSED
 *     421, 4.7.x                                SLOW
 *     all else in a session                     LATER
 */
enum retry_cause retry_cause(const struct smtp_transaction *t, bool in_session)
{
	const struct error *trouble = &t->trouble;

	if (trouble->class == ERROR_NONE)
		return RETRY_NONE;
	if (t->doubted)
		return RETRY_DOUBT;
	if (!in_session)
		return retry_is_local(trouble) ? RETRY_LOCAL : RETRY_RELAY;
	if (trouble->class == ERROR_MESSAGE || trouble->class == ERROR_RECIPIENT)
		return RETRY_REFUSED;
	return retry_is_slow(trouble->code, trouble->enhanced) ? RETRY_SLOW : RETRY_LATER;
}

static void retry_say(struct entry_recipient *to, int code, const int enhanced[3],
		      const char *text)
{
	struct span kept = {text, strnlen(text, ENTRY_TEXT_MAX)};

	to->code = code;
	memcpy(to->enhanced, enhanced, sizeof(to->enhanced));
	free(to->text);
	to->text = span_dup(kept);
}

static void retry_quote(struct entry_recipient *to, const struct reply *reply)
{
	struct buf shown;

	buf_init(&shown, REPLY_SHOWN_MAX * 4);
	reply_show(reply, &shown);
	retry_say(to, reply->code, reply->enhanced, shown.data);
	buf_clear(&shown);
}

/* One recipient's outcome. What befell the whole transaction is final only where the message
 * itself was refused. */
static void retry_settle_one(struct entry_recipient *to, const struct smtp_recipient *was,
			     const struct attempt *a, enum retry_cause cause)
{
	static const int unwritable[3] = {5, 6, 7}; /* RFC 6531 section 4.2: X.6.7 */
	const struct smtp_transaction *t = &a->transaction;

	if (was->outcome == SMTP_UNTRIED)
		return;
	if (was->outcome == SMTP_SENT)
		to->outcome = ENTRY_SENT;
	else if (was->outcome == SMTP_FAILED &&
		 (was->refused || was->why || cause == RETRY_REFUSED))
		to->outcome = ENTRY_FAILED;
	if (was->why)
		retry_say(to, 0, unwritable, was->why);
	else if (was->refused || (was->outcome == SMTP_SENT && !t->verdict.code))
		retry_quote(to, &was->slot.reply);
	else if (was->outcome == SMTP_SENT)
		retry_quote(to, &t->verdict);
	else
		retry_say(to, t->trouble.code, t->trouble.enhanced, t->trouble.text);
}

/* A relay that sends everybody back with words of policy wants to be left alone; who takes one
 * recipient does not. */
static enum retry_cause retry_cause_of_replies(const struct attempt *a)
{
	for (size_t i = 0; i < a->transaction.count; i++) {
		const struct smtp_recipient *to = &a->transaction.recipients[i];

		if (to->outcome != SMTP_DEFERRED || !to->refused ||
		    !retry_is_slow(to->slot.reply.code, to->slot.reply.enhanced))
			return RETRY_NONE;
	}
	return a->transaction.count > 0 ? RETRY_SLOW : RETRY_NONE;
}

/* The words that the list of the queue shows. */
static void retry_keep_trouble(struct entry *e, const char *text)
{
	free(e->trouble);
	e->trouble = text ? span_dup((struct span){text, strnlen(text, ENTRY_TEXT_MAX)}) : NULL;
}

void retry_put_off(struct entry *e, const char *trouble, int64_t now)
{
	e->attempts++;
	e->tried = now;
	e->next = schedule_next(e->attempts, arc4random(), now);
	retry_keep_trouble(e, trouble);
}

/* What the first open recipient was told. */
static const char *retry_words(const struct entry *e)
{
	for (size_t i = 0; i < e->count; i++)
		if (e->recipients[i].outcome == ENTRY_OPEN && e->recipients[i].text)
			return e->recipients[i].text;
	return NULL;
}

enum retry_cause retry_settle(struct entry *e, const struct retry *r, const struct attempt *a,
			      bool in_session, int64_t now)
{
	const struct smtp_transaction *t = &a->transaction;
	enum retry_cause cause = retry_cause(t, in_session);
	bool is_ours = cause == RETRY_RELAY || cause == RETRY_LOCAL;

	for (size_t i = 0; i < t->count; i++)
		if (!is_ours || t->recipients[i].refused || t->recipients[i].why ||
		    t->recipients[i].outcome == SMTP_SENT)
			retry_settle_one(&e->recipients[r->places[i]], &t->recipients[i], a,
					 cause);
	if (is_ours)
		return cause;
	e->tried = now;
	if (cause == RETRY_NONE)
		cause = retry_cause_of_replies(a);
	if (entry_count(e, ENTRY_OPEN) > 0)
		retry_put_off(e, retry_words(e), now);
	if (cause == RETRY_DOUBT)
		e->next = now + SCHEDULE_DOUBT;
	return cause;
}

int64_t retry_when(const struct entry *e, bool eager, int64_t now)
{
	int64_t doubt = e->state == ENTRY_MARKED ? e->marked + SCHEDULE_DOUBT : 0;

	if (e->held)
		return -1;
	if (e->release > now)
		return e->release;
	if (!schedule_is_due(doubt, now))
		return doubt;
	return eager || schedule_is_due(e->next, now) ? 0 : e->next;
}

int64_t retry_lifetime(const struct account *account)
{
	return account && account->queue_lifetime > 0 ? account->queue_lifetime
						      : SCHEDULE_LIFETIME;
}

bool retry_is_expired(const struct entry *e, const struct account *account, int64_t now)
{
	return schedule_is_expired(entry_since(e), retry_lifetime(account), now);
}

bool retry_is_too_late(const struct entry *e, int64_t now)
{
	return e->wishes.deliver_by > 0 && e->wishes.deliver_by_mode == 'R' &&
	       retry_age(e, now) >= e->wishes.deliver_by;
}

void retry_fail(struct entry *e, const int enhanced[3], const char *text)
{
	for (size_t i = 0; i < e->count; i++) {
		if (e->recipients[i].outcome != ENTRY_OPEN)
			continue;
		e->recipients[i].outcome = ENTRY_FAILED;
		retry_say(&e->recipients[i], 0, enhanced, text);
	}
}

/* "5 days", "36 hours", "90 seconds": in the largest unit that fits. */
static void retry_show_time(int64_t seconds, struct buf *out)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
	size_t i = 0;

	while (seconds % units[i].seconds != 0)
		i++;
	seconds /= units[i].seconds;
	buf_printf(out, "%lld %s%s", (long long)seconds, units[i].name,
		   seconds == 1 ? "" : "s");
}

void retry_expire(struct entry *e, const struct account *account, const char *trouble)
{
	static const int enhanced[3] = {4, 4, 7}; /* RFC 3463: delivery time expired */
	struct buf text;

	if (!trouble)
		trouble = retry_words(e);
	if (!trouble)
		trouble = e->trouble;
	buf_init(&text, ENTRY_TEXT_MAX + 256);
	buf_add_string(&text, "not delivered within ");
	retry_show_time(retry_lifetime(account), &text);
	if (trouble)
		buf_printf(&text, "; the last trouble was: %.*s", ENTRY_TEXT_MAX, trouble);
	retry_fail(e, enhanced, text.data);
	buf_clear(&text);
}
