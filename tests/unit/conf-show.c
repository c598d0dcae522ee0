/* Accounts as lines, and lines as accounts again. */
#include "conf/show.h"

#include <stdlib.h>
#include <string.h>

#include "conf/keys.h"
#include "conf/word.h"
#include "test.h"

static struct config c, again;
static struct buf shown, twice;
static struct error e;

static void show_all(const struct config *from, struct buf *out)
{
	buf_clear(out);
	buf_init(out, 1024 * 1024);
	for (size_t i = 0; i < from->count; i++)
		show_account(from, &from->accounts[i], out);
}

static void show(const char *text)
{
	config_clear(&c);
	CHECK_INT(config_parse(&c, "conf", span_of(text), &e), 0);
	show_all(&c, &shown);
}

static bool has(const char *line)
{
	return strstr(shown.data, line);
}

/* Without what stands behind "#" at a column, and without comments. */
static void strip(struct buf *b)
{
	struct buf kept;
	char *line = b->data;

	buf_init(&kept, 1024 * 1024);
	while (*line) {
		size_t len = strcspn(line, "\n");
		char *comment = memmem(line, len, "# conf:", 7);

		if (*line != '#')
			buf_printf(&kept, "%.*s\n",
				   (int)(comment ? (size_t)(comment - line) : len), line);
		line += len + (line[len] == '\n');
	}
	buf_clear(b);
	*b = kept;
}

static void what_is_shown_reads_as_the_same(void)
{
	show("defaults\nport 26\naccount a\nhost x.example\nfrom a@b, *@c\nauth scram-sha-1\n"
	     "from_full_name \" A #\\\"b\\\\ \"\nuser \"# u\"\npasswordeval \"echo \" # \"\n"
	     "timeout off\nrate 3/h\nqueue_lifetime 1d2h\nsyslog off\nflight careful\n"
	     "protocol lmtp\nduplicates never\ndelivery queue\nset_from_header off\n"
	     "dsn_notify never\nlogfile_time_format %H\ntls if-offered\n"
	     "account b\nrelay lmtp://a%2Fb@[::1]:99\nsyslog LOG_LOCAL3\n"
	     "account c\nrelay unix:/a b\nrate off\ntls off\n"
	     "account d\nrelay smtp://a submissions://b@c:9 pipe:x 'y z'\naddress_family ipv6\n"
	     "proxy http://a%40b@[::1]:3\nsource_ip 127.0.0.1,::1\nattempt_timeout 9\n"
	     "account e\nrelay pipe:ssh -W %h:%p \"g h\"\nhost z\nport 465\nproxy_host p\n"
	     "account f\nrelay srv://a@b\nproxy_port 9\nproxy_host p\n");
	config_clear(&again);
	CHECK_INT(config_parse(&again, "conf", buf_span(&shown), &e), 0);
	CHECK_INT(again.count, 6);
	CHECK_INT(again.warnings.count, 0);
	show_all(&again, &twice);
	strip(&shown);
	strip(&twice);
	CHECK_STR(twice.data, shown.data);
	CHECK(has("rate                  3/h "));
	CHECK(has("relay                 lmtp://a%2Fb@[::1]:99 "));
	CHECK(has("relay                 smtp://a submissions://b@c:9 pipe:x 'y z' "));
	CHECK(has("proxy                 http://a%40b@[::1]:3 "));
	CHECK(has("relay                 pipe:ssh -W %h:%p \"g h\" "));
	CHECK(has("proxy                 socks5://p:9 "));
	CHECK(has("address_family        ipv6 "));
	CHECK(has("passwordeval          echo \" #\n") ||
	      has("passwordeval          \"echo \" # \"\n"));
}

static void origins_and_defaults_stand_behind(void)
{
	show("account a\n\nhost x\nuser u\n");
	CHECK(has("account               a                                 # conf:1\n"));
	CHECK(has("host                  x                                 # conf:3\n"));
	CHECK(has("# port                587                               # default\n"));
	CHECK(has("# tls                 on                                # default\n"));
	CHECK(!has("password "));
}

static void a_secret_is_not_shown(void)
{
	show("host x\nuser u\npassword hunter2\n");
	CHECK(has("# password is set (conf:3)\n"));
	CHECK(!has("hunter2"));
}

static void what_a_terminal_obeys_is_a_comment(void)
{
	show("host x\nuser a\xE2\x80\xAE"
	     "b\n");
	CHECK(has("\n# user cannot be shown: a\\xE2\\x80\\xAEb (conf:2)\n"));
}

static void a_section_begins_whatever_its_name(void)
{
	show("account a\xFF\nhost x\n");
	CHECK(has("account               a\\xFF "));
	show("account \"#a\"\nhost x\n");
	CHECK(has("account               \"#a\" "));
}

static void every_word_is_shown_by_itself_or_by_another(void)
{
	static const char *const silent[] = {"proxy_host", "proxy_port"};
	struct keys_look key;

	for (size_t n = 0; keys_look(n, &key); n++) {
		bool known = key.kind != KEYS_KIND_NONE || keys_advice(key.name, "on") ||
			     keys_advice(key.name, "off");

		for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
			known = known || strcmp(key.name, silent[i]) == 0;
		CHECK_STR(known ? "" : key.name, "");
	}
}

static void values_are_quoted_where_they_need_it(void)
{
	static const struct {
		const char *key, *value, *written;
	} cases[] = {
		{"user", "joe smith", "joe smith"},
		{"user", "#joe", "\"#joe\""},
		{"user", "joe #2", "\"joe #2\""},
		{"user", "joe#2", "joe#2"},
		{"user", " joe", "\" joe\""},
		{"user", "\"joe\\", "\"\\\"joe\\\\\""},
		{"user", "jo\\e", "jo\\e"},
		{"passwordeval", "a # \"b\"", "a # \"b\""},
		{"passwordeval", "\"b\"", "\"\"b\"\""},
		{"password", "\"b", "\"\"b\""},
		{"password", "b ", "\"b \""},
	};
	struct buf out;

	buf_init(&out, 100);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&out);
		CHECK(word_write(&out, cases[i].key, span_of(cases[i].value)));
		CHECK_STR(out.data, cases[i].written);
	}
	buf_reset(&out);
	CHECK(!word_write(&out, "user", span_of("")));
	CHECK(!word_write(&out, "user", span_of("a\nb")));
	CHECK_INT(out.len, 0);
	word_remark(&out, "a\nb");
	CHECK_STR(out.data, "# a\\nb\n");
	buf_clear(&out);
}

int main(void)
{
	buf_init(&shown, 1);
	buf_init(&twice, 1);
	TEST_RUN(what_is_shown_reads_as_the_same);
	TEST_RUN(origins_and_defaults_stand_behind);
	TEST_RUN(a_secret_is_not_shown);
	TEST_RUN(what_a_terminal_obeys_is_a_comment);
	TEST_RUN(a_section_begins_whatever_its_name);
	TEST_RUN(every_word_is_shown_by_itself_or_by_another);
	TEST_RUN(values_are_quoted_where_they_need_it);
	buf_clear(&shown);
	buf_clear(&twice);
	config_clear(&c);
	config_clear(&again);
	return test_done();
}
