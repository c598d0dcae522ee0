/* Passwords that are put away are found again, and nobody else reads them. */
#include "conf/keep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/keys.h"
#include "conf/secret.h"
#include "test.h"

static char directory[] = "/tmp/pennypost-keep.XXXXXX";
static struct account a;
static struct error e;

static const char *below(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static const char *got(const char *key, const char *value)
{
	static struct buf out;
	struct secret_sources sources = {0};

	buf_wipe(&out);
	buf_init_secret(&out, SECRET_MAX);
	if (keys_set_value(&a, key, value, &e) || secret_get(&a, &sources, &out, &e))
		return e.text;
	return out.data;
}

static void a_file_is_closed_and_new(void)
{
	const char *path = below("one");
	struct stat st;

	CHECK_INT(keep_in_file(path, span_of("hunter2 x"), &e), 0);
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	CHECK_STR(got("password_file", path), "hunter2 x");
	CHECK_INT(keep_in_file(path, span_of("other"), &e), -1);
	CHECK_INT(e.number, EEXIST);
	CHECK_STR(got("password_file", path), "hunter2 x");
	unlink(path);
	CHECK_INT(keep_in_file(below("no/where"), span_of("x"), &e), -1);
}

static void a_link_is_not_followed(void)
{
	char target[128];

	snprintf(target, sizeof(target), "%s", below("target"));
	CHECK_INT(symlink(target, below("link")), 0);
	CHECK_INT(keep_in_file(below("link"), span_of("x"), &e), -1);
	CHECK_INT(access(target, F_OK), -1);
	unlink(below("link"));
}

/* What is said to secret-tool: its words, and the password on standard input alone. */
static void the_desktop_is_told(void)
{
	FILE *f = fopen(below("secret-tool"), "w");
	char path[256];

	CHECK(f != NULL);
	fprintf(f, "#!/bin/sh\necho \"$*\" >%s/words\ncat >%s/said\n", directory, directory);
	fclose(f);
	chmod(below("secret-tool"), 0755);
	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", directory);
	CHECK(!keep_has_tool("/nonexistent:/usr/local/nowhere"));
	CHECK(!keep_has_tool(""));
	CHECK(keep_has_tool(path));
	setenv("PATH", path, 1);
	CHECK_INT(keep_on_desktop(&a, span_of("hunter2 x"), &e), 0);
	CHECK_STR(
		got("passwordeval",
		    "cd ${PATH%%:*}; test \"$(cat words)\" = 'store --label=pennypost service "
		    "smtp host mail.example.org user joe' && cat said"),
		"hunter2 x");
	unlink(below("words"));
	unlink(below("said"));
	unlink(below("secret-tool"));
	setenv("PATH", "/nonexistent", 1);
	CHECK_INT(keep_on_desktop(&a, span_of("hunter2 x"), &e), -1);
	CHECK(!strstr(e.text, "hunter2"));
}

int main(void)
{
	if (!mkdtemp(directory))
		return 1;
	keys_set_value(&a, "relay", "submission://joe@mail.example.org", &e);
	TEST_RUN(a_file_is_closed_and_new);
	TEST_RUN(a_link_is_not_followed);
	TEST_RUN(the_desktop_is_told);
	account_clear(&a);
	rmdir(directory);
	return test_done();
}
