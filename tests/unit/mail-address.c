/* Addresses: what is taken, how it is written, what is refused and why. */
#include "mail/address.h"

#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "test.h"

static const char *show_list(const struct address_list *list)
{
	static char out[2048];
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < list->count; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s%s%s", i ? " | " : "",
				       list->items[i].text, list->items[i].name ? " = " : "",
				       list->items[i].name ? list->items[i].name : "");
	return out;
}

/* The list in one line, or the error. */
static const char *parse_span(struct span text)
{
	static char out[ERROR_TEXT_MAX + 2];
	struct address_list list = {0};
	struct error error = {0};

	if (address_list_parse(&list, text, &error))
		snprintf(out, sizeof(out), "! %s", error.text);
	else
		snprintf(out, sizeof(out), "%s", show_list(&list));
	if (error.class != ERROR_NONE)
		CHECK(list.count == 0 && error.class == ERROR_MESSAGE &&
		      error.stage == STAGE_SYNTAX);
	address_list_clear(&list);
	return out;
}

static const char *parse(const char *text)
{
	return parse_span(span_of(text));
}

static void reads_every_form(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", ""},
		{" \t ", ""},
		{"root", "root"},
		{"a@b", "a@b"},
		{"ann@example.org, bob@example.org", "ann@example.org | bob@example.org"},
		{"a@b,c@d", "a@b | c@d"},
		{",, a@b ,\n , c@d,", "a@b | c@d"},
		{"<a@b>", "a@b"},
		{"Ann <a@b>", "a@b = Ann"},
		{"Ann B. Smith <a@b>", "a@b = Ann B. Smith"},
		{"J.R. \"Bob\" Dobbs <a@b>", "a@b = J.R. Bob Dobbs"},
		{"\"Smith, Ann\" <a@b>, c@d", "a@b = Smith, Ann | c@d"},
		{"\"Ann \\\"A\\\" \\\\ S\" <a@b>", "a@b = Ann \"A\" \\ S"},
		{"\"Ann\n Smith\" <a@b>", "a@b = Ann Smith"},
		{"J\303\274rgen M\303\274ller <j@b>", "j@b = J\303\274rgen M\303\274ller"},
		{"\"J\374rgen\" <j@b>", "j@b = J\374rgen"},
		{"a@b.org <a@b.org>", "a@b.org = a@b.org"},
		{"=?utf-8?q?J=C3=BCrgen?= <j@b>", "j@b = =?utf-8?q?J=C3=BCrgen?="},
		{"Ann<a@b>", "a@b = Ann"},
		{"[list] Ann <a@b>", "a@b = [list] Ann"},
		/* comments */
		{"a@b (Ann)", "a@b"},
		{"(x) a (y) @ (z) b (q)", "a@b"},
		{"a(nested (deep (er)) \\) ) @b", "a@b"},
		{"a(, b@c <d@e> : ;)@b", "a@b"},
		{"Ann (the (real) one) Smith <a@b>", "a@b = Ann Smith"},
		{"(only a comment)", ""},
		/* folding and obsolete blanks */
		{"a@b,\n c@d", "a@b | c@d"},
		{"a@b,\r\n\tc@d", "a@b | c@d"},
		{"a . b @ c . d", "a.b@c.d"},
		{"Ann\n <a\n @\n b>", "a@b = Ann"},
		{"< a@b >", "a@b"},
		/* local parts */
		{"\"a\"@b", "a@b"},
		{"\"a.b\"@c", "a.b@c"},
		{"\"a b\"@c", "\"a b\"@c"},
		{"\"a@b\"@c", "\"a@b\"@c"},
		{"\"a\\\"b\"@c", "\"a\\\"b\"@c"},
		{"\"a\\\\b\"@c", "\"a\\\\b\"@c"},
		{"\"a\\b\"@c", "ab@c"},
		{"\"a\" . \"b c\"@d", "\"a.b c\"@d"},
		{"<\"a>b\"@c>", "\"a>b\"@c"},
		{"a..b@docomo.ne.jp", "\"a..b\"@docomo.ne.jp"},
		{"a.@docomo.ne.jp", "\"a.\"@docomo.ne.jp"},
		{".a@b", "\".a\"@b"},
		{"!#$%&'*+-/=?^_`{|}~@b", "!#$%&'*+-/=?^_`{|}~@b"},
		{"\\root", "root"},
		{"a\\@b@c", "\"a@b\"@c"},
		{"\"\\\\\"@b", "\"\\\\\"@b"},
		{"/X=1/Y=2/@gate", "/X=1/Y=2/@gate"},
		{"-a@b", "-a@b"},
		/* domains */
		{"a@b.c.", "a@b.c"},
		{"a@b.", "a@b"},
		{"a@[127.0.0.1]", "a@[127.0.0.1]"},
		{"a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"},
		{"<a@[IPv6:::1]>, c@d", "a@[IPv6:::1] | c@d"},
		{"a@ [ 127.0.0.1 ] ", "a@[127.0.0.1]"},
		{"a@my_host.Example", "a@my_host.Example"},
		/* UTF-8 */
		{"gr\303\274n@b", "gr\303\274n@b"},
		{"a@gr\303\274n.example", "a@gr\303\274n.example"},
		{"\"gr\303\274n x\"@b", "\"gr\303\274n x\"@b"},
		/* routes */
		{"<@a:b@c>", "b@c"},
		{"<@a,@b.x:c@d>", "c@d"},
		{"<@a, ,@[1.2.3.4] , (x) @b : c@d>", "c@d"},
		/* groups */
		{"g: a@b, c@d;", "a@b | c@d"},
		{"undisclosed-recipients:;", ""},
		{"undisclosed-recipients:", ""},
		{"A Group(x): Ann <a@b>,, c@d ; , e@f", "a@b = Ann | c@d | e@f"},
		{"\"a: b\": c@d;", "c@d"},
		{"a:b@c;d@e", "b@c | d@e"},
		{"a:b@c;,d:e@f;", "b@c | e@f"},
		{"a@b; c@d;", "a@b | c@d"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_STR(parse(rows[i].text), rows[i].want);
}

static void refuses_and_says_why(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"@b", "@b\": its local part is empty"},
		{"\"\"@b", "\"\"@b\": its local part is empty"},
		{"a@", "a@\": its domain is empty"},
		{"<a@>", "<a@>\": its domain is empty"},
		{"a@.", "a@.\": a label of its domain is empty"},
		{"a@.b", "a@.b\": a label of its domain is empty"},
		{"a@b..c", "a@b..c\": a label of its domain is empty"},
		{"a@b..", "a@b..\": a label of its domain is empty"},
		{"a@b@c", "a@b@c\": it has more than one @"},
		{"<a@b@c>", "<a@b@c>\": it has more than one @"},
		{"x@y, a@@b, z", "a@@b\": its domain is empty"},
		{"a@b c@d", "a@b c@d\": text follows the address without a comma"},
		{"Ann Smith", "Ann Smith\": two words have no comma or dot between them"},
		{"Ann Smith, a@b", "Ann Smith\": two words have no comma or dot between them"},
		{"\"a\"b@c", "\"a\"b@c\": two words have no comma or dot between them"},
		{"<a@b> c", "<a@b> c\": text follows the address without a comma"},
		{"<a@b><c@d>", "<a@b><c@d>\": text follows the address without a comma"},
		{"<a@b", "<a@b\": a < is not closed"},
		{"<", "<\": its local part is empty"},
		{"<>", "<>\": nothing stands between < and >"},
		{"Ann <>", "Ann <>\": nothing stands between < and >"},
		{"<a b>", "<a b>\": two words have no comma or dot between them"},
		{"<a@b, c@d>",
		 "<a@b, c@d>\": something else than one address stands between < and >"},
		{"a@b>", "a@b>\": it has a > without a <"},
		{"a > b <c@d>", "a > b <c@d>\": it has a > without a <"},
		{"a<b<c@d>>",
		 "a<b<c@d>>\": something else than one address stands between < and >"},
		{"\"a@b", "\"a@b\": a quoted string is not closed"},
		{"a (b", "a (b\": a comment is not closed"},
		{"a b)", "a b)\": it has a ) without a ("},
		{"a@[1.2", "a@[1.2\": a [ is not closed"},
		{"a@1]", "a@1]\": it has a ] without a ["},
		{"a@[]", "a@[]\": its address literal is empty"},
		{"a@[1\\.2]",
		 "a@[1\\.2]\": its address literal holds a character that none has"},
		{"a@[\303\274]",
		 "a@[\303\274]\": its address literal holds a character that none has"},
		{"a@b/c", "a@b/c\": its domain holds a character that no domain has"},
		{"a@b\\.c", "a@b\\.c\": its domain holds a character that no domain has"},
		{"a@\"b\"", "a@\"b\"\": its domain is empty"},
		{"a@b:25", "a@b:25\": it has a colon outside quotes"},
		{"a@b\r\n RCPT TO:<x@y>",
		 "a@b\\r\\n RCPT TO:<x@y>\": it has a colon outside quotes"},
		{"a@b\nRCPT", "a@b\\nRCPT\": it holds a line break"},
		{"a@b\r", "a@b\": it holds a line break"},
		{"a@b\r\n", "a@b\": it holds a line break"},
		{"\"a\nb\"@c", "\"a\\nb\"@c\": it holds a line break"},
		{"\"a\n b\"@c", "\"a\\n b\"@c\": it holds a line break"},
		{"\"a\\\nb\"@c", "\"a\\\\nb\"@c\": it holds a line break"},
		{"\"a\\\r\nb\"@c", "\"a\\\\r\\nb\"@c\": it holds a line break"},
		{"\"a\tb\"@c", "\"a\\tb\"@c\": it holds a control character"},
		{"\"a\\\1b\"@c", "\"a\\\\x01b\"@c\": it holds a control character"},
		{"a\1@c", "a\\x01@c\": it holds a control character"},
		{"a\177@c", "a\\x7F@c\": it holds a control character"},
		{"a\302\205@c", "a\\xC2\\x85@c\": it holds a control character"},
		{"a@c\302\205", "a@c\\xC2\\x85\": it holds a control character"},
		{"a\374@c", "a\\xFC@c\": it is not well-formed UTF-8"},
		{"a@\355\240\200", "a@\\xED\\xA0\\x80\": it is not well-formed UTF-8"},
		{"a\\", "a\\\": it ends in a backslash"},
		{"\"a\\", "\"a\\\": it ends in a backslash"},
		{"<@a,b@c>", "<@a,b@c>\": its source route is malformed"},
		{"<@a", "<@a\": its source route is malformed"},
		{"<@a:>", "<@a:>\": its local part is empty"},
		{"g: h: a@b;;", "h: a@b;;\": a group stands inside a group"},
		{"/etc/passwd", "/etc/passwd\": it is a file, not an address"},
		{"|id", "|id\": it is a command, not an address"},
		{"\"|id >x\"", "\"|id >x\"\": it is a command, not an address"},
		{"Ann <|id>", "Ann <|id>\": it is a command, not an address"},
		{"\":include:/x\"",
		 "\":include:/x\"\": it is a file to include, not an address"},
		{"-oQ/tmp", "-oQ/tmp\": it looks like an option, not like an address"},
	};
	char want[512];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(want, sizeof(want), "! address \"%s", rows[i].want);
		CHECK_STR(parse(rows[i].text), want);
	}
	CHECK_STR(parse_span((struct span){"a\0b@c", 5}),
		  "! address \"a\\x00b@c\": it holds a NUL");
	CHECK_STR(parse_span((struct span){"\"a\\\0\"@c", 7}),
		  "! address \"\"a\\\\x00\"@c\": it holds a NUL");
	CHECK_STR(parse_span((struct span){"(\0)a@c", 6}),
		  "! address \"(\\x00)a@c\": it holds a NUL");
}

/* An address of so many bytes before and behind the @, labels of at most 50. */
static char *sized(size_t local, size_t domain)
{
	char *text = malloc(local + domain + 2);

	memset(text, 'a', local);
	text[local] = '@';
	for (size_t i = 0; i < domain; i++)
		text[local + 1 + i] = i % 50 == 49 && i + 1 < domain ? '.' : 'b';
	text[local + 1 + domain] = '\0';
	return text;
}

static void keeps_the_limits_of_a_path(void)
{
	static const struct {
		size_t local, domain;
		const char *problem;
	} rows[] = {
		{64, 189, NULL},
		{65, 188, NULL},
		{252, 1, NULL},
		{253, 10, "its local part is longer than 252 bytes"},
		{500, 10, "its local part is longer than 252 bytes"},
		{1, 252, NULL},
		{1, 253, "it is longer than 254 bytes"},
		{64, 190, "it is longer than 254 bytes"},
		{1, 256, "its domain is longer than 255 bytes"},
		{1, 5000, "its domain is longer than 255 bytes"},
	};
	char label[260] = "a@";

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = sized(rows[i].local, rows[i].domain);

		if (rows[i].problem)
			CHECK(strstr(parse(text), rows[i].problem));
		else
			CHECK_STR(parse(text), text);
		free(text);
	}
	memset(label + 2, 'x', 64);
	CHECK(strstr(parse(label), "a label of its domain is longer than 63 bytes"));
	label[65] = '\0';
	CHECK_STR(parse(label), label);
	/* the quotes count */
	memset(label, 'x', sizeof(label));
	memcpy(label, "\"a ", 3);
	memcpy(label + 251, "\"@b", 4);
	CHECK_STR(parse(label), label);
	memcpy(label + 252, "\"@b", 4);
	label[251] = 'x';
	CHECK(strstr(parse(label), "its local part is longer than 252 bytes"));
}

static const char *parse_one(const char *text)
{
	static char out[ERROR_TEXT_MAX + 2];
	struct address a = {0};
	struct error error = {0};

	if (address_parse(&a, span_of(text), &error))
		snprintf(out, sizeof(out), "! %s", error.text);
	else
		snprintf(out, sizeof(out), "%s%s%s", a.text, a.name ? " = " : "",
			 a.name ? a.name : "");
	address_clear(&a);
	return out;
}

/* An address that is canonical already is taken as it stands; a blank before it has it read
 * token by token. Both must agree on what an address is. */
static void plain_addresses_are_read_like_others(void)
{
	static const char *const heads[] = {"",         "a",    "a.b",   ".a",  "a.",
					    "a..b",     "-a",   "/a",    "a b", "a@b",
					    "\xc3\xa4", "a\\b", "\"a\"", "x;",  "a(c)"};
	static const char *const tails[] = {"",     "@",     "@b",   "@b.c",      "@b.",
					    "@.b",  "@b..c", "@-b",  "@b_c",      "@b+c",
					    "@[b]", "@b@c",  "@b c", "@\xc3\xa4", "@b,c@d"};
	char text[1000], spaced[1001], got[1000];

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		for (size_t j = 0; j < sizeof(tails) / sizeof(tails[0]); j++) {
			snprintf(text, sizeof(text), "%s%s", heads[i], tails[j]);
			snprintf(spaced, sizeof(spaced), " %s", text);
			snprintf(got, sizeof(got), "%s", parse(text));
			CHECK_STR(got, parse(spaced));
		}
	for (size_t local = 62; local < 67; local++)
		for (size_t label = 61; label < 66; label++) {
			memset(text, 'x', sizeof(text));
			text[20] = '.';
			text[local] = '@';
			text[local + 1 + label] = '.';
			text[local + 2 + 2 * label] = '.';
			text[local + 3 + 3 * label] = '\0';
			snprintf(spaced, sizeof(spaced), " %s", text);
			snprintf(got, sizeof(got), "%s", parse(text));
			CHECK_STR(got, parse(spaced));
		}
}

static void takes_one_mailbox_or_the_null_path(void)
{
	CHECK_STR(parse_one(""), "");
	CHECK_STR(parse_one("  "), "");
	CHECK_STR(parse_one("<>"), "");
	CHECK_STR(parse_one(" < > "), "");
	CHECK_STR(parse_one("a@b"), "a@b");
	CHECK_STR(parse_one("Ann <a@b>"), "a@b = Ann");
	CHECK_STR(parse_one("root"), "root");
	CHECK_STR(parse_one("a@b, c@d"),
		  "! address \"a@b, c@d\": it names 2 addresses where one is wanted");
	CHECK_STR(parse_one(","), "! address \",\": it names 0 addresses where one is wanted");
	CHECK_STR(parse_one("x:;"),
		  "! address \"x:;\": it names 0 addresses where one is wanted");
	CHECK_STR(parse_one("me@x>\nRSET"),
		  "! address \"me@x>\\nRSET\": it holds a line break");
	CHECK_STR(parse_one("me@x\nRSET"), "! address \"me@x\\nRSET\": it holds a line break");
}

static void tells_local_part_and_domain(void)
{
	struct address a = {0};
	struct error error;

	CHECK_INT(address_parse(&a, span_of("\"a@b c\"@d.e"), &error), 0);
	CHECK_INT(a.local_len, 7);
	CHECK_STR(address_domain(&a), "d.e");
	CHECK(!text_is_8bit(span_of(a.text)));
	address_clear(&a);
	CHECK_INT(address_parse(&a, span_of("r\303\266\303\266t"), &error), 0);
	CHECK(address_domain(&a) == NULL);
	CHECK(text_is_8bit(span_of(a.text)));
	address_clear(&a);
	CHECK_INT(address_parse(&a, span_of("<>"), &error), 0);
	CHECK(address_domain(&a) == NULL);
	address_clear(&a);
}

static void an_error_leaves_the_list_as_it_was(void)
{
	struct address_list list = {0};
	struct error error;

	CHECK_INT(address_list_parse(&list, span_of("a@b, c@d"), &error), 0);
	CHECK_INT(address_list_parse(&list, span_of("e@f, g@h, i@@j"), &error), -1);
	CHECK_STR(show_list(&list), "a@b | c@d");
	CHECK_INT(address_list_parse(&list, span_of("e@f"), &error), 0);
	CHECK_STR(show_list(&list), "a@b | c@d | e@f");
	address_list_clear(&list);
}

static void bare_names_get_a_domain(void)
{
	struct address_list list = {0};
	struct error error;
	char domain[256];

	CHECK_INT(address_list_parse(&list, span_of("root, a@b, \"x y\""), &error), 0);
	CHECK_INT(address_list_qualify(&list, "bad domain", &error), -1);
	CHECK_STR(error.text, "domain \"bad domain\": text follows the domain");
	CHECK_INT(address_list_qualify(&list, "", &error), -1);
	CHECK_INT(address_list_qualify(&list, "x>\r\nRSET", &error), -1);
	memset(domain, 'd', sizeof(domain));
	for (size_t i = 50; i < sizeof(domain); i += 50)
		domain[i] = '.';
	domain[251] = '\0';
	CHECK_INT(address_list_qualify(&list, domain, &error), -1);
	CHECK(strstr(error.text, "it is longer than 254 bytes"));
	CHECK_STR(show_list(&list), "root | a@b | \"x y\"");
	CHECK_INT(address_list_qualify(&list, "example.org", &error), 0);
	CHECK_STR(show_list(&list), "root@example.org | a@b | \"x y\"@example.org");
	CHECK_STR(address_domain(&list.items[2]), "example.org");
	CHECK_INT(address_list_qualify(&list, "[IPv6:::1]", &error), 0);
	address_list_clear(&list);
}

static void duplicates_go_once(void)
{
	struct address_list list = {0};
	struct error error;

	CHECK_INT(address_list_unique(&list), 0);
	CHECK_INT(address_list_parse(&list,
				     span_of("A@b, a@b, A@B, \"A\"@b, c, C, c, x@y.Z, x@Y.z"),
				     &error),
		  0);
	CHECK_INT(address_list_unique(&list), 0);
	CHECK_STR(show_list(&list), "A@b | a@b | c | C | x@y.Z");
	CHECK_INT(address_list_add(&list, &list.items[0]), 0);
	CHECK_INT(list.count, 6);
	address_list_clear(&list);
}

/* Input grows tenfold; the time may not grow a hundredfold. */
static void takes_many_and_deep(void)
{
	struct address_list list = {0};
	struct error error;
	struct buf b;
	clock_t start = clock();

	buf_init(&b, 64 * 1024 * 1024);
	for (int i = 0; i < 200000; i++)
		buf_printf(&b, "User %d <user%d@example.org>,\n ", i % 100000, i % 100000);
	CHECK_INT(address_list_parse(&list, buf_span(&b), &error), 0);
	CHECK_INT(list.count, 200000);
	CHECK_INT(address_list_unique(&list), 0);
	CHECK_INT(list.count, 100000);
	CHECK_STR(list.items[99999].text, "user99999@example.org");
	address_list_clear(&list);
	buf_reset(&b);
	for (int i = 0; i < 1000000; i++)
		buf_add_char(&b, '(');
	CHECK_INT(address_list_parse(&list, buf_span(&b), &error), -1);
	for (int i = 0; i < 1000000; i++)
		buf_add_char(&b, ')');
	buf_add_string(&b, "a@b");
	CHECK_INT(address_list_parse(&list, buf_span(&b), &error), 0);
	CHECK_STR(show_list(&list), "a@b");
	address_list_clear(&list);
	buf_reset(&b);
	for (int i = 0; i < 300000; i++)
		buf_add_string(&b, i % 2 ? ", <" : ".\"a\" (");
	CHECK_INT(address_list_parse(&list, buf_span(&b), &error), -1);
	buf_clear(&b);
	CHECK((clock() - start) / CLOCKS_PER_SEC < 10);
}

/* The address of a login name, or the error. */
static const char *from_local(const char *name)
{
	static char out[ERROR_TEXT_MAX + 2];
	struct address a = {0};
	struct error error = {0};

	if (address_from_local(&a, span_of(name), &error))
		snprintf(out, sizeof(out), "! %s", error.text);
	else if (a.local_len == strlen(a.text) && !a.name)
		snprintf(out, sizeof(out), "%s", a.text);
	address_clear(&a);
	return out;
}

static void a_login_name_stays_what_it_is(void)
{
	char name[ADDRESS_LOCAL_MAX + 2];

	CHECK_STR(from_local("ann"), "ann");
	CHECK_STR(from_local("EXAMPLE\\ann"), "\"EXAMPLE\\\\ann\"");
	CHECK_STR(from_local("ann other"), "\"ann other\"");
	CHECK_STR(from_local("a(b)\"c\" <d@e>,"), "\"a(b)\\\"c\\\" <d@e>,\"");
	CHECK_STR(from_local(".a"), "\".a\"");
	CHECK_STR(from_local("machine$"), "machine$");
	CHECK_STR(from_local("j\303\274rgen"), "j\303\274rgen");
	CHECK_STR(from_local(""), "! local name \"\": it is empty");
	CHECK_STR(from_local("a\nb"), "! local name \"a\\nb\": it holds a control character");
	CHECK(strstr(from_local("a\377"), "it is not well-formed UTF-8") != NULL);
	memset(name, 'a', sizeof(name));
	name[ADDRESS_LOCAL_MAX] = '\0';
	CHECK_STR(from_local(name), name);
	name[ADDRESS_LOCAL_MAX] = 'a';
	name[ADDRESS_LOCAL_MAX + 1] = '\0';
	CHECK(strstr(from_local(name), "longer than 252 bytes") != NULL);
}

static void a_backslash_is_remembered(void)
{
	static const struct {
		const char *text;
		bool verbatim;
	} rows[] = {{"\\root", true},      {"<\\root>", true}, {"Root <\\root>", true},
		    {"root", false},       {"ro\\ot", false},  {"\\root@x.example", false},
		    {"\"\\root\"", false}, {"root.\\x", false}};
	struct address_list list = {0}, copy = {0};
	struct error error;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(address_list_parse(&list, span_of(rows[i].text), &error), 0);
		CHECK_INT(list.items[0].verbatim, rows[i].verbatim);
		CHECK_INT(address_list_add(&copy, &list.items[0]), 0);
		CHECK_INT(copy.items[i].verbatim, rows[i].verbatim);
		address_list_clear(&list);
	}
	address_list_clear(&copy);
}

static void what_a_local_part_means(void)
{
	static const char *const rows[][2] = {{"root", "root"},
					      {"a.b@c", "a.b"},
					      {"\"a b\"@c", "a b"},
					      {"\"a\\\"\\\\b\"", "a\"\\b"}};
	struct address address = {0};
	struct error error;
	struct buf value;

	buf_init(&value, 64);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(address_parse(&address, span_of(rows[i][0]), &error), 0);
		buf_reset(&value);
		address_local_value(&address, &value);
		CHECK_STR(value.data, rows[i][1]);
		address_clear(&address);
	}
	buf_clear(&value);
}

int main(void)
{
	TEST_RUN(reads_every_form);
	TEST_RUN(refuses_and_says_why);
	TEST_RUN(keeps_the_limits_of_a_path);
	TEST_RUN(plain_addresses_are_read_like_others);
	TEST_RUN(takes_one_mailbox_or_the_null_path);
	TEST_RUN(tells_local_part_and_domain);
	TEST_RUN(an_error_leaves_the_list_as_it_was);
	TEST_RUN(bare_names_get_a_domain);
	TEST_RUN(duplicates_go_once);
	TEST_RUN(takes_many_and_deep);
	TEST_RUN(a_login_name_stays_what_it_is);
	TEST_RUN(a_backslash_is_remembered);
	TEST_RUN(what_a_local_part_means);
	return test_done();
}
