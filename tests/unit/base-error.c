/* The error value and the one table of exit codes. */
#include "base/error.h"

#include <errno.h>
#include <stdlib.h>

#include "test.h"

static void classes_and_stages_become_exit_codes(void)
{
	static const struct {
		enum error_class class;
		enum error_stage stage;
		int exit;
	} rows[] = {
		{ERROR_NONE, STAGE_USAGE, 0},         {ERROR_LOCAL, STAGE_USAGE, 64},
		{ERROR_MESSAGE, STAGE_SYNTAX, 65},    {ERROR_RECIPIENT, STAGE_RCPT, 67},
		{ERROR_MESSAGE, STAGE_MAIL, 69},      {ERROR_MESSAGE, STAGE_VERDICT, 69},
		{ERROR_RELAY, STAGE_RESOLVE, 68},     {ERROR_RELAY, STAGE_TRUST, 69},
		{ERROR_LOCAL, STAGE_INPUT, 74},       {ERROR_TEMPORARY, STAGE_RCPT, 75},
		{ERROR_TEMPORARY, STAGE_CONNECT, 75}, {ERROR_RELAY, STAGE_EHLO, 76},
		{ERROR_RELAY, STAGE_AUTH, 77},        {ERROR_TEMPORARY, STAGE_AUTH, 75},
		{ERROR_LOCAL, STAGE_CONFIG, 78},      {ERROR_LOCAL, STAGE_UNAVAILABLE, 69},
		{ERROR_TEMPORARY, STAGE_RESOLVE, 75},
	};
	struct error e;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error_set(&e, rows[i].class, rows[i].stage, "x");
		CHECK_INT(error_exit_code(&e), rows[i].exit);
	}
}

static void text_is_complete_and_bounded(void)
{
	struct error e;
	char *big = malloc(5000);

	CHECK_INT(error_set_errno(&e, ERROR_LOCAL, STAGE_INPUT, ENOSPC, "cannot write %s", "x"),
		  -1);
	CHECK_STR(e.text, "cannot write x: No space left on device");
	CHECK_INT(e.number, ENOSPC);
	error_prefix(&e, "%s:%d", "file", 3);
	CHECK_STR(e.text, "file:3: cannot write x: No space left on device");
	error_prefix(&e, "discard:");
	CHECK_STR(e.text, "discard: file:3: cannot write x: No space left on device");
	memset(big, 'a', 4999);
	big[4999] = '\0';
	error_set(&e, ERROR_LOCAL, STAGE_INPUT, "%s", big);
	CHECK_INT(strlen(e.text), ERROR_TEXT_MAX - 1);
	error_prefix(&e, "p");
	CHECK_INT(strlen(e.text), ERROR_TEXT_MAX - 1);
	free(big);
}

int main(void)
{
	TEST_RUN(classes_and_stages_become_exit_codes);
	TEST_RUN(text_is_complete_and_bounded);
	return test_done();
}
