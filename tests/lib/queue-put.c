/*
 * Puts messages into a queue: tests/lib/queue-put DIR COUNT WORD... Each word is key=value:
 * to, from, account, config, text (the message), arrived and next (seconds), attempts, trouble,
 * reply and failed (of the first recipient), release, held, and state (waiting, marked, dead or
 * bad). Prints the IDs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/entry.h"
#include "queue/entry_note.h"
#include "queue/entry_put.h"

struct put {
	struct entry entry;
	const char *text;
	const char *reply;
	bool failed, given;
};

static int64_t number(const char *value)
{
	return strtonum(value, 0, INT64_MAX, &(const char *){NULL});
}

static void set_state(struct entry *e, const char *value)
{
	static const char *const words[] = {"waiting", "marked", "dead", "bad"};

	for (size_t i = 0; i < 4; i++)
		if (strcmp(words[i], value) == 0)
			e->state = (enum entry_state)i;
}

static void set(struct put *p, char *word)
{
	const char *key = strsep(&word, "=");
	const char *value = word ? word : "";
	struct entry *e = &p->entry;

	if (strcmp(key, "to") == 0)
		entry_add_recipient(e, value);
	else if (strcmp(key, "from") == 0)
		e->reverse_path = strdup(value);
	else if (strcmp(key, "account") == 0)
		e->account = strdup(value);
	else if (strcmp(key, "config") == 0)
		e->config = strdup(value);
	else if (strcmp(key, "text") == 0)
		p->text = value;
	else if (strcmp(key, "arrived") == 0)
		e->arrived = number(value) * 1000000;
	else if (strcmp(key, "next") == 0)
		e->next = number(value);
	else if (strcmp(key, "attempts") == 0)
		e->attempts = (unsigned)number(value);
	else if (strcmp(key, "trouble") == 0)
		e->trouble = strdup(value);
	else if (strcmp(key, "reply") == 0)
		p->reply = value;
	else if (strcmp(key, "failed") == 0)
		p->failed = true;
	else if (strcmp(key, "release") == 0)
		e->release = number(value);
	else if (strcmp(key, "held") == 0)
		e->held = true;
	else if (strcmp(key, "state") == 0)
		set_state(e, value);
}

static int next(void *context, struct span *piece, struct error *error)
{
	struct put *p = context;

	(void)error;
	*piece = span_of(p->text);
	p->given = !p->given;
	return p->given;
}

/* Puts one, and gives it the state and the fates that only a journal tells. */
static int put(struct spool *s, struct put *p, struct error *error)
{
	struct entry *e = &p->entry;
	enum entry_state state = e->state;
	bool held = e->held;
	struct entry locked;
	int failed = 0;

	p->given = false;
	e->state = ENTRY_WAITING;
	if (entry_put(s, e, NULL, next, p, error))
		return -1;
	/* Somebody may be sending it already. */
	if (!held && !p->reply && !p->failed && state == ENTRY_WAITING) {
		printf("%s\n", e->id);
		return 0;
	}
	if (entry_lock(s, e->id, &locked, error) <= 0)
		return -1;
	locked.held = held;
	if (p->reply)
		locked.recipients[0].text = strdup(p->reply);
	if (p->failed)
		locked.recipients[0].outcome = ENTRY_FAILED;
	if (held || p->reply || p->failed)
		failed = entry_note(s, &locked, false, error);
	if (!failed && state == ENTRY_MARKED)
		failed = entry_mark(s, &locked, false, error);
	if (!failed && state == ENTRY_DEAD)
		failed = entry_bury(s, &locked, error);
	if (!failed && state == ENTRY_BAD)
		failed = entry_set_aside(s, &locked, error);
	entry_clear(&locked);
	e->state = state;
	printf("%s\n", e->id);
	return failed;
}

int main(int argc, char *argv[])
{
	struct put p = {.text = "Subject: hi\n\nhello\n"};
	struct spool_place place = {.configured = argv[1], .uid = getuid()};
	struct spool *s = NULL;
	struct error error;
	int failed;

	if (argc < 3)
		return 64;
	entry_init(&p.entry);
	for (int i = 3; i < argc; i++)
		set(&p, argv[i]);
	if (!p.entry.reverse_path)
		p.entry.reverse_path = strdup("ann@example.org");
	if (!p.entry.account)
		p.entry.account = strdup("default");
	failed = spool_open(&s, &place, true, &error);
	for (int64_t i = number(argv[2]); !failed && i > 0; i--) {
		failed = put(s, &p, &error);
		p.entry.arrived += p.entry.arrived ? 1 : 0;
	}
	if (failed)
		fprintf(stderr, "%s\n", error.text);
	spool_free(s);
	entry_clear(&p.entry);
	return failed ? 1 : 0;
}
