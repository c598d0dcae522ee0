/* A section added: what was there stays, and nothing is there but what is meant. */
#include "conf/section.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/keys.h"
#include "test.h"

static char directory[] = "/tmp/pennypost-section.XXXXXX";
static struct account a;
static struct error e;

static const char *below(const char *name)
{
	static char path[4][128];
	static int n;

	n = (n + 1) % 4;
	snprintf(path[n], sizeof(path[n]), "%s/%s", directory, name);
	return path[n];
}

static void put(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(below(name), "w");

	CHECK(f && fputs(text, f) >= 0);
	fclose(f);
	chmod(below(name), mode);
}

static const char *text_of(const char *name)
{
	static struct buf text;

	buf_clear(&text);
	buf_init(&text, 65536);
	return file_load(below(name), &text, &e) ? "none" : text.data;
}

static int mode_of(const char *name)
{
	struct stat st;

	return stat(below(name), &st) ? -1 : (int)(st.st_mode & 07777);
}

static int add_text(const char *name, const char *text, bool secret)
{
	const struct section s = {
		.path = below(name),
		.trust = CONFIG_USER,
		.account = &a,
		.heading = span_of("# new\n"),
		.text = span_of(text),
		.secret = secret,
	};

	return section_add(&s, &e);
}

#define SECTION "account new\nrelay submissions://mail.example.org\nuser joe\n"

static int add(const char *name)
{
	return add_text(name, SECTION, false);
}

/* Whether nothing passing is left, once what is known is gone. */
static void nothing_else_is_there(void)
{
	static const char *const known[] = {"x/y/config", "x/y",  "x",    "secret",   "old",
					    "open",       "link", "real", "dangling", "bad"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		CHECK_INT(remove(below(known[i])), 0);
	CHECK_INT(rmdir(directory), 0);
}

static void a_new_file_and_its_directories(void)
{
	CHECK_INT(add("x/y/config"), 0);
	CHECK_STR(text_of("x/y/config"), "# new\n\n" SECTION);
	CHECK_INT(mode_of("x/y/config"), 0644);
	CHECK_INT(mode_of("x/y"), 0700);
	CHECK_INT(add_text("secret", SECTION, true), 0);
	CHECK_INT(mode_of("secret"), 0600);
}

static void what_was_there_stays(void)
{
	put("old", "# mine\naccount b\nhost b.example\n# no end", 0640);
	CHECK_INT(add("old"), 0);
	CHECK_STR(text_of("old"), "# mine\naccount b\nhost b.example\n# no end\n\n" SECTION);
	CHECK_INT(mode_of("old"), 0640);
	put("open", "", 0644);
	CHECK_INT(add_text("open", SECTION, true), 0);
	CHECK_INT(mode_of("open"), 0600);
}

static void a_link_stays_one(void)
{
	struct stat st;

	put("real", "# real\n", 0600);
	CHECK_INT(symlink(below("real"), below("link")), 0);
	CHECK_INT(add("link"), 0);
	CHECK_INT(lstat(below("link"), &st), 0);
	CHECK(S_ISLNK(st.st_mode));
	CHECK_STR(text_of("real"), "# real\n\n" SECTION);
	CHECK_INT(symlink(below("nowhere"), below("dangling")), 0);
	CHECK_INT(add("dangling"), -1);
	CHECK_INT(mode_of("nowhere"), -1);
}

static void refused(const char *text, const char *why)
{
	put("bad", text, 0600);
	CHECK_INT(add("bad"), -1);
	if (!strstr(e.text, why))
		test_fail(__FILE__, __LINE__, e.text);
	CHECK_STR(text_of("bad"), text);
}

static void what_it_does_not_come_to_is_refused(void)
{
	refused("nonsense\n", "nonsense");
	refused("defaults\ntls_certcheck off\n", "defaults");
	refused("defaults\ntls off\n", "tls off");
	refused("defaults\npasswordeval echo x\n", "defaults");
	refused("account new\nhost other.example\n", "new");
}

int main(void)
{
	if (!mkdtemp(directory))
		return 1;
	keys_set_value(&a, "relay", "submissions://mail.example.org", &e);
	keys_set_value(&a, "user", "joe", &e);
	a.name = strdup("new");
	TEST_RUN(a_new_file_and_its_directories);
	TEST_RUN(what_was_there_stays);
	TEST_RUN(a_link_stays_one);
	TEST_RUN(what_it_does_not_come_to_is_refused);
	TEST_RUN(nothing_else_is_there);
	account_clear(&a);
	return test_done();
}
