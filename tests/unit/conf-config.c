/* The grammar, the sections, and which account is meant. */
#include "conf/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static struct config c;
static struct error e;
static char directory[] = "/tmp/pennypost-conf.XXXXXX";

static int parse(const char *text)
{
	config_clear(&c);
	e = (struct error){0};
	return config_parse(&c, "conf", span_of(text), &e);
}

/* Writes a file of the test directory and returns its path (in a static array). */
static const char *put(const char *name, mode_t mode, const char *text)
{
	static char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	unlink(path);
	f = fopen(path, "w");
	if (f) {
		fputs(text, f);
		fclose(f);
	}
	chmod(path, mode);
	return path;
}

static int load(const char *path, enum config_trust trust)
{
	config_clear(&c);
	e = (struct error){0};
	return config_load(&c, path, trust, &e);
}

static void lines_are_keys_and_values(void)
{
	const struct account *a;

	CHECK_INT(parse("# comment\n\n \t account\tone  # first\r\n"
			"host mail.example.org#x \n"
			"host mail.example.org # the relay\n"
			"tls # on\n"
			"from_full_name \"a \\\"b\\\" \\\\ \\c #d \" # e\n"
			"user joe  smith\n"
			"password  \"a\"b\\\" # c\"\n"
			"passwordeval\n"
			"logfile \"\""),
		  -1);
	CHECK(strncmp(e.text, "conf:4: host: \"mail.example.org#x\" is not", 40) == 0);
	CHECK_INT(parse("# comment\n\n \t account\tone  # first\r\n"
			"host mail.example.org # the relay\n"
			"tls # on\n"
			"from_full_name \"a \\\"b\\\" \\\\ \\c #d \" # e\n"
			"user joe  smith\n"
			"password  \"a\"b\\\" # c\"\n"
			"passwordeval\n"
			"logfile \"\""),
		  0);
	CHECK_INT(c.count, 1);
	a = config_default(&c);
	CHECK_STR(a->name, "one");
	CHECK_STR(a->origin, "conf:3");
	CHECK_STR(a->relay.host, "mail.example.org");
	CHECK_INT(a->tls, SETTING_ON);
	CHECK_STR(a->from_full_name, "a \"b\" \\ \\c #d ");
	CHECK_STR(a->user, "joe  smith");
	CHECK_STR(a->password.data, "a\"b\\\" # c");
	CHECK(!a->logfile);
}

static void commands_are_the_rest_of_the_line(void)
{
	CHECK_INT(parse("account x\npasswordeval \"/a b/c\" d # e \n"), 0);
	CHECK_STR(c.accounts[0].passwordeval, "\"/a b/c\" d # e");
	CHECK_INT(parse("passwordeval \"gpg -q -d ~/x\"\n"), 0);
	CHECK_STR(c.accounts[0].passwordeval, "gpg -q -d ~/x");
	CHECK_INT(parse("password \"hunter2\" # mine\n"), -1);
	CHECK(!strstr(e.text, "hunter2"));
	CHECK_INT(parse("password #1\n"), 0);
	CHECK_STR(c.accounts[0].password.data, "#1");
}

static void bad_lines_are_named(void)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"account a\nfrom \"x", "conf:2: from: the closing quote is missing"},
		{"account a\nuser \"x\"y",
		 "conf:2: user: the closing quote must end the value"},
		{"account a\nuser \"x\" y",
		 "conf:2: user: only one value can stand behind a key: quote all of it"},
		{"account\n", "conf:1: account wants one name, without blanks"},
		{"account a b\n", "conf:1: account wants one name, without blanks"},
		{"account a:\n",
		 "conf:1: account wants names behind the colon, separated by commas"},
		{"account a : b\n", "conf:1: no account b was defined before this line"},
		{"account a\naccount a\n",
		 "conf:2: the account a was defined at conf:1 already"},
		{"defaults x\n", "conf:1: defaults takes no argument"},
		{"\n\nnonsense 1\n", "conf:3: unknown key \"nonsense\""},
		{"include /etc/passwd\n", "conf:1: include works only in a file"},
		{"eval touch /tmp/x\n", "conf:1: eval works only in a file"},
		{"account a\nrelay submissions://x\ntls off\naccount b\n",
		 "conf:1: account a: tls off contradicts the relay submissions://, which is "
		 "TLS from the first byte: write submission:// or smtp://, or drop the word"},
		{"user a\33b\n", "conf:1: the line holds a control character (0x1B)"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_INT(parse(cases[i].text), -1);
		CHECK_STR(e.text, cases[i].error);
		CHECK_INT(e.stage, STAGE_CONFIG);
		CHECK_INT(c.count, 0);
	}
	CHECK_INT(config_parse(&c, "conf", (struct span){"user a\0b", 8}, &e), -1);
	CHECK_STR(e.text, "conf:1: the line holds a control character (0x00)");
}

static void long_lines_end_at_64_kib(void)
{
	struct buf b;

	buf_init(&b, 200000);
	buf_add_string(&b, "passwordeval ");
	while (b.len < CONFIG_LINE_MAX)
		buf_add_char(&b, 'x');
	CHECK_INT(config_parse(&c, "conf", buf_span(&b), &e), 0);
	buf_add_char(&b, 'x');
	CHECK_INT(config_parse(&c, "conf", buf_span(&b), &e), -1);
	CHECK_STR(e.text, "conf:1: the line is longer than 65536 bytes");
	buf_clear(&b);
}

/* As msmtp has it: what a base says beats the defaults, what a base got from the defaults does
 * not beat another base. */
static void accounts_inherit_what_was_said(void)
{
	const struct account *a;

	CHECK_INT(parse("defaults\nport 587\ntls on\n"
			"account a\nhost a.example\ntls off\npassword one\nfrom a@a.example\n"
			"account b\nhost b.example\nport 2525\n"
			"defaults\ntimeout 5\nport 26\n"
			"account c : a, b\npasswordeval two\n"
			"account default : c\n"),
		  0);
	CHECK_INT(c.count, 4);
	a = config_find(&c, "a");
	CHECK_INT(a->relay.port, 587);
	CHECK_INT(a->timeout, 0);
	a = config_find(&c, "b");
	CHECK_INT(a->tls, SETTING_ON);
	a = config_default(&c);
	CHECK_STR(a->name, "default");
	CHECK_STR(a->relay.host, "b.example");
	CHECK_INT(a->relay.port, 2525);
	CHECK_INT(a->tls, SETTING_OFF);
	CHECK_INT(a->timeout, 5);
	CHECK_STR(a->from.items[0], "a@a.example");
	CHECK_STR(a->passwordeval, "two");
	CHECK_INT(a->password.len, 0);
	CHECK(!config_find(&c, "d"));
}

static void keys_before_any_section_are_the_default(void)
{
	CHECK_INT(parse("relay smtp://mail.example.org\naccount b\n"), 0);
	CHECK_INT(c.count, 2);
	CHECK_STR(config_default(&c)->name, "default");
	CHECK_STR(c.accounts[0].origin, "conf:1");
	CHECK_INT(parse(""), 0);
	CHECK(!config_default(&c));
	CHECK_INT(parse("defaults\n"), 0);
	CHECK_INT(c.count, 0);
}

static void the_sender_chooses_the_account(void)
{
	CHECK_INT(parse("account a\nfrom joe@Example.org\n"
			"account b\nfrom *@example.net, Ann@*\n"
			"account c\nfrom ?[!x-z]\\*@example.com\n"
			"account d\nfrom [@]x.example\n"
			"account e\nfrom *a*b*c@*.d\n"),
		  0);
	CHECK_STR(config_match(&c, "joe@example.ORG")->name, "a");
	CHECK(!config_match(&c, "Joe@example.org"));
	CHECK_STR(config_match(&c, "@example.net")->name, "b");
	CHECK_STR(config_match(&c, "x@EXAMPLE.NET")->name, "b");
	CHECK_STR(config_match(&c, "Ann@anywhere")->name, "b");
	CHECK(!config_match(&c, "Ann"));
	CHECK_STR(config_match(&c, "ab*@example.com")->name, "c");
	CHECK(!config_match(&c, "ax*@example.com"));
	CHECK(!config_match(&c, "abc@example.com"));
	CHECK_STR(config_match(&c, "@x.example")->name, "d");
	CHECK_STR(config_match(&c, "1a2b3bc@x.d.D")->name, "e");
	CHECK(!config_match(&c, ""));
}

static void who_can_write_a_file_is_asked(void)
{
	CHECK_INT(load("/nonexistent/x", CONFIG_USER), -1);
	CHECK_INT(e.number, ENOENT);
	CHECK_INT(load("/dev/null/x", CONFIG_USER), -1);
	CHECK_INT(e.number, ENOENT);
	CHECK_INT(load("/dev/null", CONFIG_USER), -1);
	CHECK(e.number != ENOENT);
	CHECK_INT(load(put("a", 0644, "account a\nuser x\n"), CONFIG_USER), 0);
	CHECK_INT(c.warnings.count, 0);
	CHECK_INT(load(put("a", 0664, "account a\nuser x\n"), CONFIG_USER), -1);
	CHECK(strstr(e.text, "chmod go-w "));
	CHECK_INT(load(put("a", 0646, "account a\nuser x\n"), CONFIG_SYSTEM), -1);
	CHECK(strstr(e.text, "everybody"));
	CHECK_INT(load(put("a", 0600, "account a\npassword x\n"), CONFIG_USER), 0);
	CHECK_INT(load(put("a", 0640, "account a\npassword x\n"), CONFIG_USER), -1);
	CHECK(strstr(e.text, "chmod 600 "));
	CHECK_INT(c.count, 0);
	CHECK_INT(load(put("a", 0640, "account a\npassword x\n"), CONFIG_SYSTEM), 0);
	CHECK_INT(c.warnings.count, 0);
	CHECK_INT(load(put("a", 0644, "account a\npassword x\n"), CONFIG_SYSTEM), 0);
	CHECK_INT(c.warnings.count, 1);
}

static void others_files_are_refused(void)
{
	if (geteuid() != 0)
		return;
	CHECK_INT(chown(put("other", 0600, "user x\n"), 12345, 0), 0);
	CHECK_INT(load(put("b", 0600, "include other\n"), CONFIG_USER), -1);
	CHECK(strstr(e.text, "is owned by user 12345"));
	CHECK_INT(c.count, 0);
}

static void files_include_files(void)
{
	char deep[16] = "";
	char text[64];

	put("secret", 0600, "password hunter2\n");
	CHECK_INT(load(put("a", 0644, "account a\ninclude secret\nuser joe\n"), CONFIG_USER),
		  0);
	CHECK_STR(c.accounts[0].password.data, "hunter2");
	CHECK_STR(c.accounts[0].user, "joe");
	put("secret", 0644, "password hunter2\n");
	CHECK_INT(load(put("a", 0644, "account a\ninclude secret\n"), CONFIG_USER), -1);
	CHECK(strstr(e.text, "/a:2: "));
	CHECK(strstr(e.text, "/secret holds a password"));
	CHECK_INT(load(put("a", 0644, "include missing\n"), CONFIG_USER), -1);
	CHECK(strstr(e.text, "/a:1: cannot open "));
	CHECK_INT(e.number, 0);
	CHECK_INT(load(put("a", 0644, "include ./a\n"), CONFIG_USER), -1);
	CHECK(strstr(e.text, "/a:1: the file includes itself"));
	for (int i = 0; i < 10; i++) {
		snprintf(deep, sizeof(deep), "deep%d", i);
		snprintf(text, sizeof(text), "\ninclude deep%d\n", i + 1);
		put(deep, 0644, i == 8 ? "user x\n" : text);
	}
	CHECK_INT(load(put("a", 0644, "include deep1\n"), CONFIG_USER), 0);
	CHECK_INT(load(put("a", 0644, "include deep0\n"), CONFIG_USER), -1);
	CHECK(strstr(e.text, "/deep7:2: files include each other more than 8 deep"));
	put("deep8", 0644, "user \"x\n");
	CHECK_INT(load(put("a", 0644, "include deep8\n"), CONFIG_USER), -1);
	CHECK(strstr(e.text, "/a:1: ") && strstr(e.text, "/deep8:1: user: the closing"));
}

/* Files that include each other twice over would take for ever. */
static void what_is_included_is_bounded(void)
{
	struct buf b;

	buf_init(&b, CONFIG_FILE_MAX);
	while (b.len < CONFIG_FILE_MAX / 3)
		buf_add_string(&b, "# a line that says nothing at all\n");
	put("large", 0644, b.data);
	CHECK_INT(load(put("a", 0644, "include large\ninclude large\n"), CONFIG_USER), 0);
	CHECK_INT(load(put("a", 0644, "include large\ninclude large\n\ninclude large\n"),
		       CONFIG_USER),
		  -1);
	CHECK(strstr(e.text, "/a:4: the file and what it includes are larger than 4 MiB"));
	put("large", 0644, "");
	buf_reset(&b);
	for (int i = 0; i <= CONFIG_ACCOUNTS_MAX; i++)
		buf_printf(&b, "account a%d\n", i);
	CHECK_INT(parse(b.data), -1);
	CHECK_STR(e.text, "conf: there are more than 4096 accounts");
	buf_clear(&b);
}

static void eval_makes_a_line(void)
{
	CHECK_INT(load(put("a", 0600, "eval printf 'user %s\\nhost x' joe\nfrom a@b\n"),
		       CONFIG_USER),
		  0);
	CHECK_STR(c.accounts[0].user, "joe");
	CHECK(!c.accounts[0].relay.host);
	CHECK_INT(load(put("a", 0644, "eval echo password x\n"), CONFIG_USER), 0);
	CHECK_INT(load(put("a", 0600, "eval echo eval echo user joe\n"), CONFIG_USER), -1);
	CHECK_INT(load(put("a", 0600, "\neval exit 3\n"), CONFIG_USER), -1);
	CHECK(strstr(e.text, "/a:2: eval: "));
	CHECK_INT(load(put("a", 0600, "eval\n"), CONFIG_USER), -1);
}

static void values_may_name_the_machine(void)
{
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	config_clear(&c);
	c.home = "/home/joe";
	CHECK_INT(config_parse(&c, "conf",
			       span_of("logfile ~/x\naliases ~\nuser ~/x\n"
				       "tls_trust_file ~joe/x\n"),
			       &e),
		  0);
	CHECK_STR(c.accounts[0].logfile, "/home/joe/x");
	CHECK_STR(c.accounts[0].aliases, "/home/joe");
	CHECK_STR(c.accounts[0].user, "~/x");
	CHECK_STR(c.accounts[0].tls_trust_file, "~joe/x");
	config_clear(&c);
	c.home = "/home/joe";
	CHECK_INT(config_parse(&c, "conf",
			       span_of("relay maildir:~/mail\naccount b\nrelay mbox:~/x y\n"
				       "account c\nrelay unix:/~/x\n"),
			       &e),
		  0);
	CHECK_STR(c.accounts[0].relay.path, "/home/joe/mail");
	CHECK_STR(c.accounts[1].relay.path, "/home/joe/x y");
	CHECK_STR(c.accounts[2].relay.path, "/~/x");
	CHECK_INT(parse("relay maildir:~joe/x\n"), -1);
	CHECK_INT(parse("from a%b@%H\n"), 0);
	CHECK_STR(strchr(c.accounts[0].from.items[0], '@') + 1, host);
	CHECK_INT(parse("from a@%C\n"), 0);
	CHECK(strncmp(strchr(c.accounts[0].from.items[0], '@') + 1, host, strcspn(host, ".")) ==
	      0);
}

static void obsolete_words_warn_once_and_keep_their_meaning(void)
{
	CHECK_INT(parse("account a\nauto_from on\nmaildomain x.example\nfrom b@c\n"
			"account b\nauto_from\ntls_nocertcheck\nconnect_timeout 5\n"
			"account c : a\nmaildomain y.example\nremove_bcc_headers\n"),
		  0);
	CHECK_INT(c.warnings.count, 4);
	CHECK_STR(c.warnings.items[0], "conf:2: auto_from is obsolete: write \"from "
				       "%U@example.org\", with your own domain");
	CHECK_INT(c.accounts[0].from.count, 1);
	CHECK_STR(strchr(c.accounts[0].from.items[0], '@'), "@x.example");
	CHECK(!strchr(c.accounts[1].from.items[0], '@'));
	CHECK_INT(c.accounts[1].tls_certcheck, SETTING_OFF);
	CHECK_INT(c.accounts[1].timeout, 5);
	CHECK_STR(strchr(c.accounts[2].from.items[0], '@'), "@y.example");
	CHECK_INT(parse("keepbcc on\nremove_bcc_headers off\nauto_from off\n"), 0);
	CHECK_INT(c.warnings.count, 2);
	CHECK_INT(c.accounts[0].from.count, 0);
}

static void values_know_their_lines(void)
{
	struct account_word w;

	CHECK_INT(parse("defaults\nport 25\naccount a\nhost x\n\nuser u\naccount b : a\n"
			"user v\n"),
		  0);
	CHECK_INT(c.files.count, 1);
	w = account_word(&c.accounts[1], offsetof(struct account, relay.port));
	CHECK_INT(w.file, 1);
	CHECK_INT(w.line, 2);
	CHECK(!w.own);
	w = account_word(&c.accounts[1], offsetof(struct account, relay));
	CHECK_INT(w.line, 4);
	w = account_word(&c.accounts[1], offsetof(struct account, user));
	CHECK_INT(w.line, 8);
	w = account_word(&c.accounts[1], offsetof(struct account, aliases));
	CHECK_INT(w.line, 0);
}

static void the_first_file_wins(void)
{
	CHECK_INT(parse("account a\nuser first\n"), 0);
	CHECK_INT(config_parse(&c, "system", span_of("account a\nuser second\n"), &e), 0);
	CHECK_INT(config_parse(&c, "bad", span_of("account z\naccount z\n"), &e), -1);
	CHECK_INT(c.count, 2);
	CHECK_STR(config_find(&c, "a")->user, "first");
}

static void clean(void)
{
	DIR *d = opendir(directory);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
	rmdir(directory);
}

int main(void)
{
	if (!mkdtemp(directory))
		return 1;
	TEST_RUN(lines_are_keys_and_values);
	TEST_RUN(commands_are_the_rest_of_the_line);
	TEST_RUN(bad_lines_are_named);
	TEST_RUN(long_lines_end_at_64_kib);
	TEST_RUN(accounts_inherit_what_was_said);
	TEST_RUN(keys_before_any_section_are_the_default);
	TEST_RUN(the_sender_chooses_the_account);
	TEST_RUN(who_can_write_a_file_is_asked);
	TEST_RUN(others_files_are_refused);
	TEST_RUN(files_include_files);
	TEST_RUN(what_is_included_is_bounded);
	TEST_RUN(eval_makes_a_line);
	TEST_RUN(values_may_name_the_machine);
	TEST_RUN(obsolete_words_warn_once_and_keep_their_meaning);
	TEST_RUN(values_know_their_lines);
	TEST_RUN(the_first_file_wins);
	config_clear(&c);
	clean();
	return test_done();
}
