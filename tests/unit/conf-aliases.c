/* Where local names go. */
#include "conf/aliases.h"

#include <string.h>

#include "test.h"

static struct error e;

/* The recipients that come of names, joined by blanks; NULL on an error. */
static const char *apply(const char *file, const char *names)
{
	static char out[512];
	struct address_list list = {0};
	int result;

	e = (struct error){0};
	result = address_list_parse(&list, span_of(names), &e);
	if (result == 0)
		result = aliases_apply_text(&list, "al", span_of(file), &e);
	out[0] = '\0';
	for (size_t i = 0; i < list.count; i++) {
		strlcat(out, i ? " " : "", sizeof(out));
		strlcat(out, list.items[i].text, sizeof(out));
	}
	address_list_clear(&list);
	return result ? NULL : out;
}

static void names_become_addresses(void)
{
	const char *file = "# who gets what\n"
			   "root: Joe <joe@example.org>, ann@example.org # both\r\n"
			   "\n"
			   "  www-data :root,web@example.net\n"
			   "Cron:  \"mark jones\"@example.com,\n"
			   "\teve@example.com , # and\n"
			   "\tx#y@example.com";

	CHECK_STR(apply(file, "root"), "joe@example.org ann@example.org");
	CHECK_STR(apply(file, "ROOT, x@y"), "joe@example.org ann@example.org x@y");
	CHECK_STR(apply(file, "www-data"), "joe@example.org ann@example.org web@example.net");
	CHECK_STR(apply(file, "cron"),
		  "\"mark jones\"@example.com eve@example.com x#y@example.com");
	CHECK_STR(apply(file, "root@example.org, nobody"), "root@example.org nobody");
	CHECK_STR(apply("", "root"), "root");
	CHECK_STR(apply("a: b@c,\nd: e@f", "a, d"), "b@c e@f");
}

static void the_default_takes_what_is_left(void)
{
	CHECK_STR(apply("default: adm@x.example\nroot: joe", "root"), "adm@x.example");
	CHECK_STR(apply("default: joe", "root, ann"), "joe");
	CHECK_STR(apply("default: root\nroot: joe", "ann"), "joe");
	CHECK_STR(apply("default: adm@x.example", "root, y@z"), "adm@x.example y@z");
}

static void names_may_stay(void)
{
	CHECK_STR(apply("root: joe", "root"), "joe");
	CHECK_STR(apply("root: root, ann@x.example", "root"), "root ann@x.example");
	CHECK_STR(apply("root: ROOT", "root"), "ROOT");
}

static void loops_end(void)
{
	char chain[512] = "";
	char line[32];

	CHECK(!apply("a: b\nb: c\nc: a", "x@y, a"));
	CHECK_STR(e.text, "al:1: the alias leads back to itself");
	CHECK_INT(e.class, ERROR_LOCAL);
	CHECK_INT(e.stage, STAGE_CONFIG);
	CHECK_STR(apply("a: b, c\nb: d\nc: d\nd: x@y", "a"), "x@y");
	for (int i = 0; i < 17; i++) {
		snprintf(line, sizeof(line), "a%d: a%d\n", i, i + 1);
		strlcat(chain, line, sizeof(chain));
	}
	CHECK_STR(apply(chain, "a1"), "a17");
	CHECK(!apply(chain, "a0"));
	CHECK_STR(e.text, "al:17: aliases lead to each other more than 16 deep");
}

static void bad_files_are_named(void)
{
	CHECK(!apply("\nroot joe@x", "root"));
	CHECK_STR(e.text, "al:2: \"name: address\" is expected");
	CHECK(!apply(": x@y", "root"));
	CHECK_STR(e.text, "al:1: the name before the colon is missing");
	CHECK(!apply("root: # none", "root"));
	CHECK_STR(e.text, "al:1: there is no address behind the colon");
	CHECK(!apply("root: a@b@c", "root"));
	CHECK(strncmp(e.text, "al:1: ", 6) == 0);
	CHECK_INT(e.class, ERROR_LOCAL);
}

static void a_name_with_two_entries_stops_only_its_own_mail(void)
{
	const char *file = "root: a@b\nx: c@d\nRoot: e@f\ny: root\nROOT: g@h\nz: i@j";

	CHECK_STR(apply(file, "x, z, root@b"), "c@d i@j root@b");
	CHECK(!apply(file, "root"));
	CHECK_STR(e.text, "al:3: the name has an entry already");
	CHECK(!apply(file, "x, y"));
	CHECK_STR(e.text, "al:3: the name has an entry already");
	CHECK(!apply("default: a@b\ndefault: c@d", "x"));
	CHECK_STR(e.text, "al:2: the name has an entry already");
}

static void only_addresses_are_taken(void)
{
	static const char *const members[] = {"|/bin/cat",      "\"|/bin/cat x, y\"",
					      "/var/mail/x",    ":include:/etc/list",
					      "a@b, |/bin/cat", "a@b,\n \"/dev/null\""};
	char file[128];

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		snprintf(file, sizeof(file), "root: a@b\nlist: %s", members[i]);
		CHECK_STR(apply(file, "root"), "a@b");
		CHECK(!apply(file, "list"));
		CHECK_STR(e.text, "al:2: commands, files and :include: are not supported, only "
				  "addresses are");
	}
}

static void a_missing_file_is_an_error(void)
{
	struct address_list list = {0};

	CHECK_INT(aliases_apply(&list, "/nonexistent", &e), -1);
	CHECK_INT(e.stage, STAGE_CONFIG);
}

int main(void)
{
	TEST_RUN(names_become_addresses);
	TEST_RUN(the_default_takes_what_is_left);
	TEST_RUN(names_may_stay);
	TEST_RUN(loops_end);
	TEST_RUN(bad_files_are_named);
	TEST_RUN(a_name_with_two_entries_stops_only_its_own_mail);
	TEST_RUN(only_addresses_are_taken);
	TEST_RUN(a_missing_file_is_an_error);
	return test_done();
}
