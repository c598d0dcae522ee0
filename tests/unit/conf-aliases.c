/* Where local names go. */
#include "conf/aliases.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static struct error e;
static bool include;
static struct strv patterns, warnings, trace;

static void append(char out[1024], const char *word)
{
	strlcat(out, out[0] ? " " : "", 1024);
	strlcat(out, word, 1024);
}

/* The recipients that come of names, joined by blanks; NULL on an error. */
static const char *apply(const char *file, const char *names)
{
	static char out[1024];
	struct address_list list = {0};
	struct local local = {.patterns = &patterns};
	const struct aliases_use use = {
		.local = &local, .include = include, .warnings = &warnings, .trace = &trace};
	struct aliases *a;
	int result;

	e = (struct error){0};
	strv_clear(&warnings);
	strv_clear(&trace);
	a = aliases_new("al", span_of(file), NULL, &e);
	result = a ? address_list_parse(&list, span_of(names), &e) : -1;
	if (result == 0)
		result = aliases_apply(a, &use, &list, &e);
	out[0] = '\0';
	for (size_t i = 0; i < list.count; i++)
		append(out, list.items[i].text);
	address_list_clear(&list);
	aliases_free(a);
	local_clear(&local);
	return result ? NULL : out;
}

/* The same, where one who fails stops nobody else: "recipients / who fails". The sentences on
 * these stay in failed. */
static struct aliases_failed failed;

static const char *spare(const char *file, const char *names)
{
	static char out[1024];
	struct address_list list = {0};
	struct strv problems = {0};
	const struct aliases_use use = {.failed = &failed};
	struct aliases *a = aliases_new("al", span_of(file), &problems, &e);
	int result;

	aliases_failed_clear(&failed);
	CHECK(a && address_list_parse(&list, span_of(names), &e) == 0);
	result = aliases_apply(a, &use, &list, &e);
	out[0] = '\0';
	for (size_t i = 0; result == 0 && i < list.count; i++)
		append(out, list.items[i].text);
	append(out, "/");
	for (size_t i = 0; i < failed.names.count; i++)
		append(out, failed.names.items[i].text);
	CHECK_INT(failed.names.count, failed.reasons.count);
	address_list_clear(&list);
	strv_clear(&problems);
	aliases_free(a);
	return out;
}

static void one_who_fails_stops_nobody_else(void)
{
	CHECK_STR(spare("null: |x\nroot: a@b", "root, null, c@d"), "a@b c@d / null");
	CHECK_STR(failed.reasons.items[0], "al:1: mail for \"null\" goes nowhere: all that its "
					   "alias names is refused");
	CHECK_INT(failed.error.class, ERROR_RECIPIENT);
	CHECK_STR(spare("l: m\nm: l\nroot: a@b", "l, root, m"), "a@b / l m");
	CHECK_STR(failed.reasons.items[0], "al:1: the alias leads back to itself: l, m, l");
	CHECK_STR(failed.reasons.items[1], failed.reasons.items[0]);
	CHECK_INT(failed.error.class, ERROR_LOCAL);
	CHECK_STR(spare("root: a@b\nroot: c@d", "x@y, root"), "x@y / root");
	CHECK_STR(spare("root: a@b", "root"), "a@b /");
}

static void nobody_at_all_is_an_error(void)
{
	CHECK_STR(spare("null: |x", "null"), "/ null");
	CHECK_INT(error_exit_code(&e), 67);
	CHECK_STR(spare("null: |x\nroot: a@b@c", "null, root"), "/ null root");
	CHECK_INT(error_exit_code(&e), 78);
	CHECK(strncmp(e.text, "al:2: address \"a@b@c\"", 21) == 0);
}

/* Members who can be reached get the mail, and once, whoever comes to them later. */
static void members_are_reached_as_far_as_may_be(void)
{
	CHECK_STR(spare("root: joe, l\njoe: j@x\nl: l2\nl2: l", "root, joe, l"),
		  "j@x / root l");
	CHECK_STR(spare("a: b, c@d\nb: x y, |z\n", "c@d, b, a"), "c@d c@d / b a");
	CHECK_STR(spare("a: b, c@d\nb: b2\nb2 y\n", "a"), "c@d / a");
}

static void a_line_that_is_none_stops_only_its_names_mail(void)
{
	const char *file = "postmaster: root\nroot joe@x\nann: a@b\n\"web: w@x\n";

	CHECK_STR(spare(file, "x@y, ann"), "x@y a@b /");
	CHECK_STR(spare(file, "ann, root, nobody"), "a@b nobody / root");
	CHECK_STR(failed.reasons.items[0], "al:2: \"name: address\" is expected");
	CHECK_STR(spare(file, "ann, postmaster"), "a@b / postmaster");
	CHECK_STR(spare("default adm@x\nann: a@b", "ann, joe, joe@x"), "a@b joe@x / joe");
	CHECK_STR(spare("root joe@x", "root"), "/ root");
	CHECK_INT(error_exit_code(&e), 78);
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
	CHECK_STR(e.text, "al:1: the alias leads back to itself: a, b, c, a");
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
	static const char *const members[] = {"|/bin/cat", "\"|/bin/cat x, y\"", "/var/mail/x",
					      ":include:/etc/list", "\":include:/etc/list\""};
	char file[128];

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		snprintf(file, sizeof(file), "root: a@b\nlist: %s", members[i]);
		CHECK_STR(apply(file, "root"), "a@b");
		CHECK_INT(warnings.count, 0);
		CHECK(!apply(file, "root, list"));
		CHECK_STR(e.text, "al:2: mail for \"list\" goes nowhere: all that its alias "
				  "names is refused");
		CHECK_INT(error_exit_code(&e), 67);
		CHECK_INT(warnings.count, 1);
	}
	CHECK_STR(apply("x: a@b, |/bin/cat, c@d", "x"), "a@b c@d");
	CHECK_STR(warnings.items[0], "al:1: refused, because mail runs no commands: |/bin/cat");
	CHECK_STR(apply("x: a@b,\n \"/dev/null\"", "x"), "a@b");
	CHECK_STR(warnings.items[0],
		  "al:1: refused, because mail is not written to files: \"/dev/null\"");
	CHECK_STR(apply("x: :include:/x, \"/a b\"@c", "x"), "\"/a b\"@c");
	CHECK_STR(warnings.items[0],
		  "al:1: refused, as \"aliases_include on\" is not said: :include:/x");
}

static void what_is_refused_further_on_spares_the_others(void)
{
	CHECK_STR(apply("root: joe, pipe\npipe: |x\njoe: j@x", "root"), "j@x");
	CHECK(!apply("root: pipe\npipe: |x", "root"));
	CHECK_STR(e.text, "al:1: mail for \"root\" goes nowhere: all that its alias names is "
			  "refused");
	/* Both lead to an entry that is followed once. */
	CHECK_STR(apply("a: c\nb: c\nc: x@y", "a, b"), "x@y");
	CHECK(!apply("a: c\nb: c\nc: |x", "a, b"));
}

static void lines_go_on(void)
{
	CHECK_STR(apply("root:\n\ta@b,\n\tc@d\nx: e@f", "root, x"), "a@b c@d e@f");
	CHECK_STR(apply("root: a@b\n , c@d\n\n# who else\n  , e@f # him\n", "root"),
		  "a@b c@d e@f");
	CHECK_STR(apply("root: a@b,\n# x: y\n\n  c@d\nx: e@f", "root, x"), "a@b c@d e@f");
	CHECK_STR(apply("root: Joe\n  <joe@b>", "root"), "joe@b");
	CHECK_STR(apply("  root: a@b\n  x : c@d", "root, x"), "a@b c@d");
	CHECK_STR(apply("root: a@b,\r\n c@d\r\nx: e@f\r\n", "root, x"), "a@b c@d e@f");
	CHECK_STR(apply("list: a@b,\n :include:/x", "list"), "a@b");
	CHECK(!apply("a: b@c\n  d@e\n", "a"));
	CHECK(strncmp(e.text, "al:1: address ", 14) == 0);
	CHECK(!apply("a: b@c\n\n\n  d@e\nx", "a"));
	CHECK_STR(e.text, "al:5: \"name: address\" is expected");
}

static void names_may_be_quoted(void)
{
	CHECK_STR(apply("\"mark jones\": mark@b", "\"Mark Jones\""), "mark@b");
	CHECK_STR(apply("\"a:b\" : c@d", "\"a:b\", x@y"), "c@d x@y");
	CHECK_STR(apply("\"a\\\"b\": c@d\ne: f@g", "\"a\\\"b\", e"), "c@d f@g");
	CHECK_STR(apply("\"root\": c@d", "root"), "c@d");
	CHECK(!apply("\"a: b@c", "x"));
	CHECK_STR(e.text, "al:1: \"name: address\" is expected");
	CHECK(!apply("\"a\"b: b@c", "x"));
	CHECK(!apply("\"\": b@c", "x"));
	CHECK_STR(e.text, "al:1: the name before the colon is missing");
}

static void names_may_have_a_domain(void)
{
	CHECK_STR(apply("\"joe@x.example\": c@d\neve@x.example: f@g",
			"joe@X.example, eve@x.example, joe, joe@y.example"),
		  "c@d f@g joe joe@y.example");
	CHECK_STR(apply("a: joe@x.example\njoe@x.example: c@d", "a"), "c@d");
	CHECK_STR(apply("joe@x.example: joe@x.example, ann", "joe@x.example"),
		  "joe@x.example ann");
}

static void names_of_this_machine_are_local(void)
{
	char names[2200], host[256] = "";

	gethostname(host, sizeof(host) - 1);
	CHECK_STR(apply("root: a@b", "root@localhost, root@LOCALHOST.localdomain"), "a@b");
	CHECK_STR(apply("root: a@b", "root@b, x@localhost"), "root@b x@localhost");
	CHECK_STR(apply("default: a@b", "root@b, x@localhost"), "root@b a@b");
	CHECK_STR(apply("root: root@localhost, joe@b", "root"), "root@localhost joe@b");
	CHECK_STR(apply("www: root@localhost\nroot: joe@b", "www"), "joe@b");
	snprintf(names, sizeof(names), "root@%s", host);
	CHECK_STR(apply("root: a@b", names), "a@b");
	host[strcspn(host, ".")] = '\0';
	snprintf(names, sizeof(names), "root@%s", host);
	CHECK_STR(apply("root: a@b", names), "a@b");
	snprintf(names, sizeof(names), "root@%s.invalid", host);
	CHECK_STR(apply("root: a@b", names), names);
}

static void domains_may_be_made_local(void)
{
	strv_add(&patterns, span_of("mail.example.org"));
	strv_add(&patterns, span_of("*.Example.net"));
	CHECK_STR(apply("root: a@b", "root@MAIL.example.org"), "a@b");
	CHECK_STR(apply("root: a@b", "root@x.EXAMPLE.net, root@localhost"), "a@b");
	CHECK_STR(apply("root: a@b", "root@example.net, root@example.org"),
		  "root@example.net root@example.org");
	strv_clear(&patterns);
}

static void a_backslash_keeps_a_name(void)
{
	CHECK_STR(apply("root: \\root, joe@b", "root"), "root joe@b");
	CHECK_STR(apply("root: \\ann\nann: c@d", "root"), "ann");
	CHECK_STR(apply("ann: c@d\ndefault: x@y", "\\ann, eve"), "ann x@y");
}

/* A list in a file of its own; its path is in `list_path`. */
static char list_path[64];

static void write_list(const char *text, mode_t mode)
{
	FILE *file;

	snprintf(list_path, sizeof(list_path), "/tmp/conf-aliases.%ld", (long)getpid());
	unlink(list_path);
	file = fopen(list_path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file) || chmod(list_path, mode))
		CHECK(!"the list can be written");
}

static const char *apply_list(const char *before, const char *names)
{
	char file[256];

	snprintf(file, sizeof(file), "%slist: :include:%s", before, list_path);
	return apply(file, names);
}

static void lists_are_included_when_asked_for(void)
{
	include = true;
	write_list("# members\na@b, joe\n\n  Eve <e@f> # her\n|x\n", 0644);
	CHECK_STR(apply_list("joe: j@x\n", "list"), "a@b j@x e@f");
	CHECK_INT(warnings.count, 1);
	CHECK(strstr(warnings.items[0], ":5: refused, because mail runs no commands: |x"));
	CHECK_STR(apply_list("both: list, list\n", "both, list"), "a@b joe e@f");
	write_list("a@b\nx y\n", 0644);
	CHECK(!apply_list("", "list"));
	CHECK(strstr(e.text, ":2: address \"x y\""));
	write_list("list\n", 0644);
	CHECK_STR(apply_list("", "list"), "list");
	write_list("other\n", 0644);
	CHECK(!apply_list("other: list\n", "list"));
	CHECK(strstr(e.text, "al:2: the alias leads back to itself: list, /tmp/"));
	CHECK(strstr(e.text, ", other, list"));
	include = false;
}

static void bad_lists_are_errors(void)
{
	char text[128];

	include = true;
	write_list("a@b\n", 0664);
	CHECK(!apply_list("", "list"));
	CHECK(strstr(e.text, "al:1: /tmp/"));
	CHECK(strstr(e.text, "can be written by its group"));
	snprintf(text, sizeof(text), "a@b\n:include:%s\n", list_path);
	write_list(text, 0644);
	CHECK(!apply_list("", "list"));
	CHECK(strstr(e.text, ":2: the list includes itself"));
	unlink(list_path);
	CHECK(!apply_list("", "list"));
	CHECK_INT(error_exit_code(&e), 78);
	CHECK(!apply("list: :include:list", "list"));
	CHECK_STR(e.text, "al:1: :include: wants the absolute path of a file");
	include = false;
}

static void the_way_is_traced(void)
{
	CHECK_STR(apply("root: ann,\n # her\n joe\nann: a@b", "root"), "a@b joe");
	CHECK_INT(trace.count, 2);
	CHECK_STR(trace.items[0], "root: ann, joe (al:1)");
	CHECK_STR(trace.items[1], "ann: a@b (al:4)");
}

/* What a header shows for a name, "-" when nothing. */
static const char *show(const char *file, const char *name)
{
	static char out[1024];
	struct address_list names = {0}, list = {0};
	const struct aliases_use use = {.include = true};
	struct aliases *a = aliases_new("al", span_of(file), NULL, &e);

	strlcpy(out, "-", sizeof(out));
	if (address_list_parse(&names, span_of(name), &e) == 0 &&
	    aliases_show(a, &use, &names.items[0], &list))
		out[0] = '\0';
	for (size_t i = 0; i < list.count; i++) {
		strlcat(out, i ? " " : "", sizeof(out));
		strlcat(out, list.items[i].text, sizeof(out));
	}
	address_list_clear(&names);
	address_list_clear(&list);
	aliases_free(a);
	return out;
}

static void a_header_shows_who_is_alone(void)
{
	CHECK_STR(show("root: ann, e@f\nann: a@b", "root"), "-");
	CHECK_STR(show("root: ann, a@B\nann: a@b", "root"), "a@b");
	CHECK_STR(show("root: a@b, |x", "root"), "a@b");
	CHECK_STR(show("root: |x", "root"), "-");
	CHECK_STR(show("root: a@b", "joe"), "-");
	CHECK_STR(show("default: a@b", "joe"), "a@b");
	CHECK_STR(show("root: a@b, :include:/x", "root"), "-");
	CHECK_STR(show("root: x\nx: root", "root"), "-");
}

static void a_check_tells_all(void)
{
	static const char text[] = "root: ann\n"
				   "ann joe\n"
				   "x: a@b@c, d@e\n"
				   "ann: |y, a@b\n"
				   "Root: z@y\n"
				   "l1: l2\n"
				   "l2: l1\n"
				   "p: /file\n"
				   "empty:\n"
				   "d: fine@example.org\n";
	static const char *const errors[] = {
		"al:2: \"name: address\" is expected",
		"al:9: there is no address behind the colon",
		"al:5: the name has an entry already",
		"al:3: address \"a@b@c\": it has more than one @",
		"al:6: the alias leads back to itself: l1, l2, l1",
	};
	const struct aliases_use use = {0};
	struct aliases_report report = {0};

	CHECK_INT(aliases_check_text("al", span_of(text), &use, &report, &e), 0);
	CHECK_INT(report.errors.count, 5);
	for (size_t i = 0; i < report.errors.count && i < 5; i++)
		CHECK_STR(report.errors.items[i], errors[i]);
	CHECK_INT(report.warnings.count, 2);
	CHECK_STR(report.warnings.items[1],
		  "al:8: refused, because mail is not written to files: /file");
	CHECK_INT(report.entries, 7);
	CHECK_INT(report.longest, 16);
	aliases_report_clear(&report);
	CHECK_INT(aliases_check("/nonexistent", &use, &report, &e), -1);
	aliases_report_clear(&report);
}

/* Chains that share their tails, deep and wide. */
static void a_check_ends(void)
{
	const struct aliases_use use = {0};
	struct aliases_report report = {0};
	struct buf text;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "a%d: a%d, a%d\n", i, i + 1, i + 2);
	CHECK_INT(aliases_check_text("al", buf_span(&text), &use, &report, &e), 0);
	CHECK(report.errors.count > 0 && report.errors.count < 2000);
	aliases_report_clear(&report);
	buf_clear(&text);
}

static void a_missing_file_is_an_error(void)
{
	CHECK(!aliases_open("/nonexistent", NULL, &e));
	CHECK_INT(e.stage, STAGE_CONFIG);
}

int main(void)
{
	TEST_RUN(names_become_addresses);
	TEST_RUN(one_who_fails_stops_nobody_else);
	TEST_RUN(nobody_at_all_is_an_error);
	TEST_RUN(members_are_reached_as_far_as_may_be);
	TEST_RUN(a_line_that_is_none_stops_only_its_names_mail);
	TEST_RUN(the_default_takes_what_is_left);
	TEST_RUN(names_may_stay);
	TEST_RUN(loops_end);
	TEST_RUN(bad_files_are_named);
	TEST_RUN(a_name_with_two_entries_stops_only_its_own_mail);
	TEST_RUN(only_addresses_are_taken);
	TEST_RUN(what_is_refused_further_on_spares_the_others);
	TEST_RUN(lines_go_on);
	TEST_RUN(names_may_be_quoted);
	TEST_RUN(names_may_have_a_domain);
	TEST_RUN(names_of_this_machine_are_local);
	TEST_RUN(domains_may_be_made_local);
	TEST_RUN(a_backslash_keeps_a_name);
	TEST_RUN(lists_are_included_when_asked_for);
	TEST_RUN(bad_lists_are_errors);
	TEST_RUN(the_way_is_traced);
	TEST_RUN(a_header_shows_who_is_alone);
	TEST_RUN(a_check_tells_all);
	TEST_RUN(a_check_ends);
	TEST_RUN(a_missing_file_is_an_error);
	strv_clear(&warnings);
	strv_clear(&trace);
	aliases_failed_clear(&failed);
	return test_done();
}
