/* Who goes next: order within a sender, fairness between senders, lanes that come and go. */
#include "deliver/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct plan plan;
static struct plan_relay *relay;

static void set_up(void)
{
	plan_init(&plan);
	relay = plan_relay(&plan, "default", NULL);
	CHECK(relay != NULL);
}

static void add(const char *id, const char *reverse_path)
{
	CHECK(plan_add(&plan, relay, id, reverse_path) != NULL);
}

/* The ID that the lane gets, "" for none. */
static const char *next(struct plan_lane *lane, struct plan_item **item)
{
	*item = plan_next(relay, lane);
	return *item ? (*item)->id : "";
}

static void tear_down(void)
{
	plan_clear(&plan);
	CHECK(STAILQ_EMPTY(&plan.relays));
}

static void a_sender_keeps_one_lane(void)
{
	struct plan_lane one = {0}, two = {0};
	struct plan_item *a, *b, *c;

	set_up();
	add("a1", "ann");
	add("a2", "ann");
	add("a3", "ann");
	CHECK_INT(relay->waiting, 3);
	CHECK_STR(next(&one, &a), "a1");
	CHECK(!plan_has_ready(relay));
	CHECK_STR(next(&two, &b), "");
	CHECK_STR(next(&one, &b), "a2");
	plan_done(a);
	CHECK_STR(next(&two, &a), "");
	CHECK_STR(next(&one, &c), "a3");
	CHECK_INT(relay->waiting, 0);
	CHECK_STR(next(&one, &a), "");
	plan_done(b);
	plan_done(c);
	tear_down();
}

static void senders_go_side_by_side(void)
{
	struct plan_lane one = {0}, two = {0};
	struct plan_item *a, *b, *c, *d;

	set_up();
	add("a1", "ann");
	add("b1", "bob");
	add("a2", "ann");
	add("c1", "carl");
	CHECK_STR(next(&one, &a), "a1");
	CHECK_STR(next(&two, &b), "b1");
	CHECK_STR(next(&two, &c), "c1");
	CHECK_STR(next(&one, &d), "a2");
	CHECK_STR(next(&one, &d), "");
	tear_down();
}

/* What is added while its sender's lane has left waits until the last one is done. */
static void a_late_message_waits_for_the_one_before(void)
{
	struct plan_lane one = {0}, two = {0};
	struct plan_item *a, *b;

	set_up();
	add("a1", "ann");
	add("b1", "bob");
	CHECK_STR(next(&one, &a), "a1");
	CHECK_STR(next(&one, &b), "b1");
	add("a2", "ann");
	CHECK(!plan_has_ready(relay));
	plan_done(a);
	CHECK(plan_has_ready(relay));
	CHECK_STR(next(&two, &a), "a2");
	tear_down();
}

static void nobody_keeps_the_others_waiting(void)
{
	struct plan_lane lane = {0};
	struct plan_item *item;
	char id[16];
	int place = -1;

	set_up();
	for (int i = 0; i < 3 * PLAN_TURN; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		add(id, "ann");
	}
	add("b1", "bob");
	for (int i = 0; i < 3 * PLAN_TURN + 1; i++) {
		if (strcmp(next(&lane, &item), "b1") == 0)
			place = i;
		CHECK(item != NULL);
		if (item)
			plan_done(item);
	}
	CHECK_INT(place, PLAN_TURN);
	CHECK_STR(next(&lane, &item), "");
	tear_down();
}

static void a_lane_that_breaks_gives_back(void)
{
	struct plan_lane one = {0}, two = {0};
	struct plan_item *a, *b;

	set_up();
	add("a1", "ann");
	add("a2", "ann");
	add("a3", "ann");
	CHECK_STR(next(&one, &a), "a1");
	CHECK_STR(next(&one, &b), "a2");
	plan_return(b);
	plan_done(a);
	CHECK(!plan_has_ready(relay));
	plan_leave(&one);
	CHECK(plan_has_ready(relay));
	CHECK_INT(relay->waiting, 2);
	CHECK_STR(next(&two, &a), "a2");
	CHECK_STR(next(&two, &b), "a3");
	tear_down();
}

static void relays_are_apart(void)
{
	struct plan_relay *other;
	struct plan_lane lane = {0};
	struct plan_item *item;

	set_up();
	other = plan_relay(&plan, "default", "/etc/x");
	CHECK(other != NULL && other != relay);
	CHECK(plan_relay(&plan, "default", "/etc/x") == other);
	CHECK(plan_relay(&plan, "default", NULL) == relay);
	CHECK(plan_add(&plan, other, "x1", "ann") != NULL);
	add("a1", "ann");
	CHECK_STR(next(&lane, &item), "a1");
	CHECK_STR(next(&lane, &item), "");
	CHECK(plan_has_ready(other));
	tear_down();
}

static void thousands_are_known(void)
{
	char id[16], who[16];

	set_up();
	CHECK(!plan_knows(&plan, "a1"));
	CHECK_INT(plan_note(&plan, "noted"), 0);
	for (int i = 0; i < 10000; i++) {
		snprintf(id, sizeof(id), "a%d", i);
		snprintf(who, sizeof(who), "s%d", i % 777);
		add(id, who);
	}
	CHECK(plan_knows(&plan, "noted"));
	CHECK(plan_knows(&plan, "a0"));
	CHECK(plan_knows(&plan, "a9999"));
	CHECK(!plan_knows(&plan, "a10000"));
	CHECK_INT(plan.group_count, 777);
	CHECK_INT(relay->waiting, 10000);
	tear_down();
}

int main(void)
{
	TEST_RUN(a_sender_keeps_one_lane);
	TEST_RUN(senders_go_side_by_side);
	TEST_RUN(a_late_message_waits_for_the_one_before);
	TEST_RUN(nobody_keeps_the_others_waiting);
	TEST_RUN(a_lane_that_breaks_gives_back);
	TEST_RUN(relays_are_apart);
	TEST_RUN(thousands_are_known);
	return test_done();
}
