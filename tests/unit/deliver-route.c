/* The order of an account's relays. tests/dial.bats has srv://. */
#include "deliver/route.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "conf/keys.h"
#include "test.h"

static struct error error;

/* The names of the ways, "NAME NAME ...". */
static void goes(const char *relays, const char *memory, const char *want)
{
	struct account a = {0};
	struct route_way *way;
	struct route r;
	struct buf out;

	buf_init(&out, 1000);
	CHECK_INT(keys_set_value(&a, "relay", relays, &error), 0);
	CHECK_INT(route_init(&r, &a, memory, &error), 0);
	while (route_next(&r, CLOCK_NEVER, &way, &error) > 0) {
		buf_printf(&out, "%s%s", out.len > 0 ? " " : "",
			   way->name[0] ? way->name : "one");
		CHECK_INT(way->account.more_relays.count, 0);
		route_way_free(way);
	}
	CHECK_STR(out.data, want);
	route_clear(&r);
	account_clear(&a);
	buf_clear(&out);
}

static void keeps_the_order(void)
{
	goes("smtp://a", NULL, "one");
	goes("submissions://b smtp://a lmtp://c:7", NULL, "b:465 a:25 c:7");
}

/* What one process learns another knows. */
static void puts_behind_what_was_down(void)
{
	char path[] = "/tmp/deliver-route.XXXXXX";
	struct account a = {0};
	struct route_way *way;
	struct route r;
	char file[100];

	CHECK(mkdtemp(path) != NULL);
	snprintf(file, sizeof(file), "%s/outages", path);
	CHECK_INT(keys_set_value(&a, "relay", "smtp://a smtp://b smtp://c", &error), 0);
	CHECK_INT(route_init(&r, &a, file, &error), 0);
	CHECK_INT(route_next(&r, CLOCK_NEVER, &way, &error), 1);
	CHECK(route_has_more(&r));
	route_failed(&r, way);
	route_way_free(way);
	route_clear(&r);
	goes("smtp://a smtp://b smtp://c", file, "b:25 c:25 a:25");
	goes("smtp://a", file, "one");
	CHECK_INT(route_init(&r, &a, file, &error), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(route_next(&r, CLOCK_NEVER, &way, &error), 1);
		route_worked(&r, way);
		route_way_free(way);
	}
	CHECK(!route_has_more(&r));
	route_clear(&r);
	goes("smtp://a smtp://b smtp://c", file, "a:25 b:25 c:25");
	account_clear(&a);
	CHECK_INT(unlink(file), 0);
	CHECK_INT(rmdir(path), 0);
}

static void goes_on_only_before_the_relay_has_judged(void)
{
	static const struct {
		enum error_class class;
		enum error_stage stage;
		bool want;
	} rows[] = {
		{ERROR_TEMPORARY, STAGE_RESOLVE, true}, {ERROR_RELAY, STAGE_RESOLVE, true},
		{ERROR_TEMPORARY, STAGE_CONNECT, true}, {ERROR_RELAY, STAGE_TRUST, true},
		{ERROR_RELAY, STAGE_TLS, true},         {ERROR_TEMPORARY, STAGE_GREETING, true},
		{ERROR_RELAY, STAGE_GREETING, false},   {ERROR_RELAY, STAGE_AUTH, false},
		{ERROR_TEMPORARY, STAGE_AUTH, true},    {ERROR_LOCAL, STAGE_CONFIG, false},
		{ERROR_RELAY, STAGE_PROTOCOL, false},   {ERROR_MESSAGE, STAGE_MAIL, false},
		{ERROR_RECIPIENT, STAGE_RCPT, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error.class = rows[i].class;
		error.stage = rows[i].stage;
		CHECK(route_may_go_on(&error) == rows[i].want);
	}
}

int main(void)
{
	TEST_RUN(keeps_the_order);
	TEST_RUN(puts_behind_what_was_down);
	TEST_RUN(goes_on_only_before_the_relay_has_judged);
	return test_done();
}
