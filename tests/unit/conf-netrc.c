/* Logins by machine. */
#include "conf/netrc.h"

#include <string.h>

#include "test.h"

static struct error e;

/* What the text holds for joe at mail.example; "" for nothing, NULL on an error. */
static const char *find(const char *text)
{
	static char password[64];
	struct buf out;
	int result;

	buf_init(&out, 1000);
	e = (struct error){0};
	result = netrc_find(span_of(text), "mail.example", "joe", &out, &e);
	strlcpy(password, out.data, sizeof(password));
	CHECK((result == 1) == (out.len > 0));
	buf_clear(&out);
	return result < 0 ? NULL : password;
}

static void entries_are_for_machine_and_login(void)
{
	CHECK_STR(find(""), "");
	CHECK_STR(find("machine mail.example login joe password p"), "p");
	CHECK_STR(find("machine MAIL.example\n\tpassword p\n\tlogin joe\n"), "p");
	CHECK_STR(find("machine mail.example password p"), "p");
	CHECK_STR(find("machine mail.example login ann password p"), "");
	CHECK_STR(find("machine other login joe password p"), "");
	CHECK_STR(find("machine mail.example login ann password q\n"
		       "machine mail.example login joe account x password p\n"
		       "machine mail.example login joe password r"),
		  "p");
	CHECK_STR(find("default login joe password p"), "p");
	CHECK_STR(find("machine mail.example login joe default password p"), "p");
	CHECK_STR(find("machine mail.example login joe"), "");
}

static void words_may_be_quoted(void)
{
	CHECK_STR(find("machine \"mail.example\" login joe password \"a b\\\"c\\\\d\""),
		  "a b\"c\\d");
	CHECK_STR(find("machine mail.example password a\"b\\c#d"), "a\"b\\c#d");
	CHECK(!find("machine mail.example password \"p\nlogin joe"));
	CHECK_STR(e.text, "line 1: the closing quote is missing");
}

static void macros_and_comments_are_passed_over(void)
{
	CHECK_STR(find("# machine mail.example password q\n"
		       "macdef init\nmachine mail.example password q\n\n"
		       "machine mail.example # x\npassword p"),
		  "p");
	CHECK_STR(find("macdef init\r\nx\r\n\r\nmachine mail.example password p"), "p");
	CHECK_STR(find("macdef init\nmachine mail.example password q"), "");
}

static void nonsense_is_an_error(void)
{
	CHECK(!find("machine x\nfrobnicate hunter2"));
	CHECK_STR(e.text, "line 2: machine, default, login, password, account or macdef is "
			  "expected");
	CHECK(!find("machine mail.example password"));
	CHECK_STR(e.text, "line 1: a value is missing at the end");
	CHECK(!find("machine mail.example password \"\\"));
}

int main(void)
{
	TEST_RUN(entries_are_for_machine_and_login);
	TEST_RUN(words_may_be_quoted);
	TEST_RUN(macros_and_comments_are_passed_over);
	TEST_RUN(nonsense_is_an_error);
	return test_done();
}
