/* The words for wishes: what they come to, and what is none. */
#include "mail/wishes.h"

#include "test.h"

static struct wishes w;
static struct error error;

static void conditions_are_a_list_or_never(void)
{
	w = (struct wishes){0};
	CHECK_INT(wishes_set_notify(&w, "never", &error), 0);
	CHECK_INT(w.notify, WISHES_NEVER);
	CHECK_INT(wishes_set_notify(&w, "Success, DELAY,failure", &error), 0);
	CHECK_INT(w.notify, WISHES_SUCCESS | WISHES_DELAY | WISHES_FAILURE);
	CHECK_INT(wishes_set_notify(&w, "success,never", &error), -1);
	CHECK_INT(wishes_set_notify(&w, "success,", &error), -1);
	CHECK_INT(wishes_set_notify(&w, "", &error), -1);
	CHECK_INT(wishes_set_notify(&w, "always", &error), -1);
	CHECK_INT(error.class, ERROR_LOCAL);
	CHECK_INT(error.stage, STAGE_USAGE);
	CHECK(strstr(error.text, "\"always\" is not \"never\"") != NULL);
	CHECK_INT(wishes_set_notify(&w, "off", &error), 0);
	CHECK_INT(w.notify, 0);
}

static void returns_are_full_or_headers(void)
{
	w = (struct wishes){0};
	CHECK_INT(wishes_set_return(&w, "FULL", &error), 0);
	CHECK_INT(w.ret, WISHES_RETURN_FULL);
	CHECK_INT(wishes_set_return(&w, "hdrs", &error), 0);
	CHECK_INT(w.ret, WISHES_RETURN_HEADERS);
	CHECK_INT(wishes_set_return(&w, "off", &error), 0);
	CHECK_INT(w.ret, WISHES_RETURN_UNSAID);
	CHECK_INT(wishes_set_return(&w, "headers", &error), 0);
	CHECK_INT(w.ret, WISHES_RETURN_HEADERS);
	CHECK_INT(wishes_set_return(&w, "some", &error), -1);
}

static void identifiers_are_printable_and_short(void)
{
	char most[WISHES_ENVELOPE_ID_MAX + 2];

	w = (struct wishes){0};
	memset(most, 'x', sizeof(most));
	most[WISHES_ENVELOPE_ID_MAX + 1] = '\0';
	CHECK_INT(wishes_set_envelope_id(&w, most, &error), -1);
	most[WISHES_ENVELOPE_ID_MAX] = '\0';
	CHECK_INT(wishes_set_envelope_id(&w, most, &error), 0);
	CHECK(w.envelope_id == most);
	CHECK_INT(wishes_set_envelope_id(&w, "a b+c", &error), 0);
	CHECK_INT(wishes_set_envelope_id(&w, "", &error), -1);
	CHECK_INT(wishes_set_envelope_id(&w, "a\r\nRSET", &error), -1);
	CHECK_INT(wishes_set_envelope_id(&w, "gr\303\274n", &error), -1);
}

static void a_deadline_has_a_mode(void)
{
	static const char *const bad[] = {"",      "0",   "-5",         "1;",   "1;X", "1;RX",
					  "1;RTT", "x;R", "1234567890", "1 ;R", ";R"};

	w = (struct wishes){0};
	CHECK_INT(wishes_set_deliver_by(&w, "3600", &error), 0);
	CHECK_INT(w.deliver_by, 3600);
	CHECK_INT(w.deliver_by_mode, 'R');
	CHECK(!w.deliver_by_trace);
	CHECK_INT(wishes_set_deliver_by(&w, "999999999;nt", &error), 0);
	CHECK_INT(w.deliver_by, 999999999);
	CHECK_INT(w.deliver_by_mode, 'N');
	CHECK(w.deliver_by_trace);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(wishes_set_deliver_by(&w, bad[i], &error), -1);
	CHECK_INT(w.deliver_by, 999999999);
	CHECK_INT(wishes_set_deliver_by(&w, "off", &error), 0);
	CHECK_INT(w.deliver_by, 0);
}

static void times_to_hold_are_read(void)
{
	w = (struct wishes){0};
	CHECK_INT(wishes_set_hold_for(&w, "60", &error), 0);
	CHECK_INT(w.hold_for, 60);
	CHECK_INT(wishes_set_hold_for(&w, "1h", &error), -1);
	CHECK_INT(wishes_set_hold_until(&w, "2026-12-24T01:00:00+01:00", &error), 0);
	CHECK_INT(w.hold_until, 1798070400);
	CHECK_INT(wishes_set_hold_until(&w, "tomorrow", &error), -1);
}

int main(void)
{
	TEST_RUN(conditions_are_a_list_or_never);
	TEST_RUN(returns_are_full_or_headers);
	TEST_RUN(identifiers_are_printable_and_short);
	TEST_RUN(a_deadline_has_a_mode);
	TEST_RUN(times_to_hold_are_read);
	return test_done();
}
