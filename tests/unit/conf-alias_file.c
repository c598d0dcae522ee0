/* The aliases file as text. */
#include "conf/alias_file.h"

#include <stdlib.h>

#include "test.h"

static struct error e;

/* The entries by name, "name=value|...", values joined; NULL on an error. */
static const char *entries(const char *text)
{
	static char out[1024];
	struct alias_file f = {.path = "al"};
	struct buf b;
	int failed = alias_file_read(&f, span_of(text), NULL, &e);

	buf_init(&b, sizeof(out) - 1);
	for (size_t i = 0; i < f.count; i++) {
		struct buf value;

		buf_init(&value, 512);
		alias_value_join(&value, f.entries[i].value);
		buf_printf(&b, "%s%.*s=%s", i ? "|" : "", (int)f.entries[i].name.len,
			   f.entries[i].name.data, value.data);
		buf_clear(&value);
	}
	snprintf(out, sizeof(out), "%s", b.data);
	buf_clear(&b);
	alias_file_clear(&f);
	return failed ? NULL : out;
}

static void entries_are_cut(void)
{
	CHECK_STR(entries(""), "");
	CHECK_STR(entries("\n#\n \n# x: y\n"), "");
	CHECK_STR(entries("b: 1\na: 2"), "a=2|b=1");
	CHECK_STR(entries("a : 1 # x\n"), "a=1");
	CHECK_STR(entries("a: 1#2 \"# 3\"\n"), "a=1#2 \"# 3\"");
	CHECK_STR(entries("\"x y\": 1\n\"x:y\":2"), "x y=1|x:y=2");
	CHECK_STR(entries("\"x\\\"y\\\\\": 1"), "x\"y\\=1");
	CHECK_STR(entries("a: b: c"), "a=b: c");
}

static void lines_are_joined(void)
{
	CHECK_STR(entries("a:\n 1\n 2\n\n#\n\t3\nb: 4"), "a=1 2 3|b=4");
	CHECK_STR(entries("a: 1\n b: 2\n\tc : 3"), "a=1|b=2|c=3");
	CHECK_STR(entries("a: 1,\n b: 2"), "a=1, b: 2");
	CHECK_STR(entries("a: 1 # ,\n b: 2"), "a=1|b=2");
	CHECK_STR(entries("a: 1, # x\n b: 2"), "a=1, b: 2");
	CHECK_STR(entries("a: 1\n \"b c\": 2\n d e: 3"), "a=1|b c=2 d e: 3");
	CHECK_STR(entries("a: 1\n :include:/x"), "a=1 :include:/x");
	CHECK_STR(entries("a: 1\n x@y: 3"), "a=1|x@y=3");
}

static void lines_that_are_none_are_errors(void)
{
	CHECK(!entries("a"));
	CHECK_STR(e.text, "al:1: \"name: address\" is expected");
	CHECK(!entries("a: 1\n: 2"));
	CHECK_STR(e.text, "al:2: the name before the colon is missing");
	CHECK(!entries("a: 1\n\n\nb:\n#\n"));
	CHECK_STR(e.text, "al:4: there is no address behind the colon");
	CHECK(!entries("\"a: b"));
	CHECK(!entries("\"a\" b: c"));
	CHECK_INT(e.class, ERROR_LOCAL);
	CHECK_INT(e.stage, STAGE_CONFIG);
}

static void problems_stop_nothing(void)
{
	struct alias_file f = {.path = "al"};
	struct strv problems = {0};

	CHECK_INT(alias_file_read(&f, span_of("a: 1\nx\ny:\nA: 2\nb: 3\na: 4"), &problems, &e),
		  0);
	CHECK_INT(problems.count, 4);
	CHECK_STR(problems.items[3], "al:6: the name has an entry already");
	CHECK_INT(f.count, 2);
	CHECK_INT(alias_file_find(&f, span_of("A"))->again, 4);
	CHECK_INT(alias_file_find(&f, span_of("b"))->again, 0);
	CHECK(!alias_file_find(&f, span_of("x")));
	strv_clear(&problems);
	alias_file_clear(&f);
	f.path = "al";
	CHECK_INT(alias_file_read(&f, (struct span){"a: b\0c", 6}, &problems, &e), -1);
	alias_file_clear(&f);
}

/* What mail for a name meets: what is broken about its entry, its value, or "-". */
static const char *for_mail(const char *text, const char *name, size_t problems)
{
	static char out[256];
	struct alias_file f = {.path = "al", .for_mail = true};
	struct strv said = {0};
	const struct alias_entry *entry;

	CHECK_INT(alias_file_read(&f, span_of(text), &said, &e), 0);
	CHECK_INT(said.count, problems);
	entry = alias_file_find(&f, span_of(name));
	snprintf(out, sizeof(out), "%s", entry && entry->broken ? entry->broken : "-");
	if (entry && !entry->broken)
		snprintf(out, sizeof(out), "%.*s", (int)entry->value.len, entry->value.data);
	strv_clear(&said);
	alias_file_clear(&f);
	return out;
}

static void a_broken_line_is_its_names(void)
{
	static const char none[] = "\"name: address\" is expected";

	CHECK_STR(for_mail("root joe@x\na: b\n", "root", 1), none);
	CHECK_STR(for_mail("root joe@x\na: b\n", "a", 1), "b");
	CHECK_STR(for_mail("a: b\n\tc\n\nroot=joe@x", "ROOT", 1), none);
	CHECK_STR(for_mail("root; joe@x", "root", 1), none);
	CHECK_STR(for_mail("\"the \\\"root\" joe@x", "the \"root", 1), none);
	CHECK_STR(for_mail("\"root joe@x", "root", 1), "-");
	CHECK_STR(for_mail("root:\n", "root", 1), "there is no address behind the colon");
	CHECK_STR(for_mail(": x\n", "", 1), "-");
	CHECK_STR(for_mail("root joe\nroot: ann\nroot bob\n", "root", 2), "ann");
	CHECK_STR(for_mail("a: b\na: c\n", "a", 0), "b");
}

static void a_file_that_is_none_has_few_problems(void)
{
	char text[4096] = "";
	struct alias_file f = {.path = "al", .for_mail = true};
	struct strv said = {0};

	for (int i = 0; i < 100; i++)
		strlcat(text, "x y\n", sizeof(text));
	CHECK_INT(alias_file_read(&f, span_of(text), &said, &e), 0);
	CHECK_INT(said.count, ALIAS_PROBLEMS_MAX + 1);
	CHECK_STR(said.items[0],
		  "al:1: \"name: address\" is expected, and the line is passed over");
	CHECK_STR(said.items[ALIAS_PROBLEMS_MAX], "al: 90 more lines are no entries");
	CHECK_INT(f.count, 1);
	strv_clear(&said);
	alias_file_clear(&f);
}

/* The members, each behind the letter of its kind. */
static const char *members(const char *value)
{
	static const char letters[] = "-acfi";
	static char out[512];
	struct span rest = span_of(value), member;
	enum alias_kind kind;

	out[0] = '\0';
	while ((kind = alias_member_next(&rest, &member)) != ALIAS_END)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%c<%.*s>",
			 letters[kind], (int)member.len, member.data);
	return out;
}

static void members_are_told_apart(void)
{
	CHECK_STR(members("a, b@c,,"), "a<a>a<b@c>a<>");
	CHECK_STR(members("|x, \"|x, y\", /f, \"/f g\""), "c<|x>c<\"|x, y\">f</f>f<\"/f g\">");
	CHECK_STR(members(":include:/x,\":INCLUDE:/y z\""),
		  "i<:include:/x>i<\":INCLUDE:/y z\">");
	CHECK_STR(members("\"/a\"@b, \"|a\"@b, \"a"), "a<\"/a\"@b>a<\"|a\"@b>a<\"a>");
	CHECK_STR(members("\"a, b\" <c>, (d, e) f, <@g,@h:i@j>, k\\, l"),
		  "a<\"a, b\" <c>>a<(d, e) f>a<<@g,@h:i@j>>a<k\\, l>");
	CHECK_STR(members("\"|a \\\" , b\", c"), "c<\"|a \\\" , b\">a<c>");
	CHECK_STR(members("\"|x, y"), "c<\"|x, y>");
}

static void the_path_of_a_list(void)
{
	CHECK(span_equals(alias_include_path(span_of(":include:/x")), "/x"));
	CHECK(span_equals(alias_include_path(span_of(":include: /x y")), "/x y"));
	CHECK(span_equals(alias_include_path(span_of("\":include:/x\"")), "/x"));
	CHECK_INT(alias_include_path(span_of(":include:")).len, 0);
}

int main(void)
{
	TEST_RUN(entries_are_cut);
	TEST_RUN(lines_are_joined);
	TEST_RUN(lines_that_are_none_are_errors);
	TEST_RUN(problems_stop_nothing);
	TEST_RUN(a_broken_line_is_its_names);
	TEST_RUN(a_file_that_is_none_has_few_problems);
	TEST_RUN(members_are_told_apart);
	TEST_RUN(the_path_of_a_list);
	return test_done();
}
