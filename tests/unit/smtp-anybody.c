/* Any login is taken, if it is one. */
#include "smtp/anybody.h"

#include "test.h"

/* The codes of the replies to AUTH's words and the lines behind them. */
static const char *codes(const char *argument, const char *const lines[])
{
	static char out[64];
	struct anybody n;
	struct answer a;
	bool more = anybody_begin(&n, span_of(argument), &a);

	snprintf(out, sizeof(out), "%d", a.code);
	for (size_t i = 0; more && lines && lines[i]; i++) {
		more = anybody_go_on(&n, span_of(lines[i]), &a);
		snprintf(out + strlen(out), sizeof(out) - strlen(out), " %d", a.code);
	}
	CHECK(more == (a.code == 334));
	return out;
}

static void plain_is_a_name_and_a_password(void)
{
	static const char *const line[] = {"AGFubgBzZWNyZXQ=", NULL}; /* NUL ann NUL secret */

	CHECK_STR(codes("PLAIN AGFubgBzZWNyZXQ=", NULL), "235");
	CHECK_STR(codes("plain  Ym9iAGFubgBzZWNyZXQ=", NULL), "235"); /* as bob */
	CHECK_STR(codes("PLAIN", line), "334 235");
	CHECK_STR(codes("PLAIN =", NULL), "501");
	CHECK_STR(codes("PLAIN AGFubg==", NULL), "501");        /* NUL ann */
	CHECK_STR(codes("PLAIN AABzZWNyZXQ=", NULL), "501");    /* NUL NUL secret */
	CHECK_STR(codes("PLAIN AGFubgA=", NULL), "501");        /* NUL ann NUL */
	CHECK_STR(codes("PLAIN AGFubgBzAHQ=", NULL), "501");    /* NUL ann NUL s NUL t */
	CHECK_STR(codes("PLAIN AGFubgBzZWNyZXQ", NULL), "501"); /* no padding */
	CHECK_STR(codes("PLAIN AGFubgBzZWNyZXQ= x", NULL), "501");
}

static void login_asks_for_both(void)
{
	static const char *const lines[] = {"YW5u", "c2VjcmV0", NULL};

	CHECK_STR(codes("LOGIN", lines), "334 334 235");
	CHECK_STR(codes("Login YW5u", lines + 1), "334 235");
	CHECK_STR(codes("LOGIN =", lines + 1), "334 235");
	CHECK_STR(codes("LOGIN %", NULL), "501");
}

static void it_may_be_given_up(void)
{
	static const char *const lines[] = {"*", NULL};

	CHECK_STR(codes("PLAIN", lines), "334 501");
	CHECK_STR(codes("LOGIN YW5u", lines), "334 501");
}

static void others_are_not_taken(void)
{
	CHECK_STR(codes("CRAM-MD5", NULL), "504");
	CHECK_STR(codes("", NULL), "504");
}

int main(void)
{
	TEST_RUN(plain_is_a_name_and_a_password);
	TEST_RUN(login_asks_for_both);
	TEST_RUN(it_may_be_given_up);
	TEST_RUN(others_are_not_taken);
	return test_done();
}
