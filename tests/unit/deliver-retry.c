/* What an attempt means to the queue. */
#include "deliver/retry.h"

#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

static int cause(enum error_class class, enum error_stage stage, int code)
{
	struct smtp_transaction t = {.trouble = {.class = class, .stage = stage, .code = code}};
	const enum retry_cause found = retry_cause(&t, true);

	return (int)found;
}

static void a_verdict_is_no_doubt(void)
{
	CHECK_INT(cause(ERROR_MESSAGE, STAGE_VERDICT, 554), RETRY_REFUSED);
	CHECK_INT(cause(ERROR_TEMPORARY, STAGE_VERDICT, 451), RETRY_LATER);
	CHECK_INT(cause(ERROR_TEMPORARY, STAGE_VERDICT, 421), RETRY_SLOW);
	CHECK_INT(cause(ERROR_TEMPORARY, STAGE_MAIL, 451), RETRY_LATER);
}

static void no_verdict_is_doubt(void)
{
	struct smtp_transaction t = {
		.trouble = {.class = ERROR_TEMPORARY, .stage = STAGE_VERDICT},
		.doubted = true,
	};

	CHECK(retry_cause(&t, true) == RETRY_DOUBT);
}

static void outside_a_session_it_is_the_relay(void)
{
	struct smtp_transaction t = {
		.trouble = {.class = ERROR_MESSAGE, .stage = STAGE_AUTH, .code = 535}};

	CHECK(retry_cause(&t, false) == RETRY_RELAY);
}

static void what_was_doubted_goes_with_care(void)
{
	struct account account = {0};
	struct error error;

	for (int marked = 0; marked < 2; marked++) {
		struct entry e;
		struct retry r;

		entry_init(&e);
		e.state = marked ? ENTRY_MARKED : ENTRY_WAITING;
		e.fd = memfd_create("message", MFD_CLOEXEC);
		CHECK_INT(write(e.fd, "Subject: hi\n\nhello\n", 19), 19);
		CHECK_INT(lseek(e.fd, 0, SEEK_SET), 0);
		CHECK_INT(retry_init(&r, &e, &account, 0, &error), 0);
		CHECK_INT(r.submission.careful, marked);
		retry_clear(&r);
		entry_clear(&e);
	}
}

int main(void)
{
	TEST_RUN(what_was_doubted_goes_with_care);
	TEST_RUN(a_verdict_is_no_doubt);
	TEST_RUN(no_verdict_is_doubt);
	TEST_RUN(outside_a_session_it_is_the_relay);
	return test_done();
}
